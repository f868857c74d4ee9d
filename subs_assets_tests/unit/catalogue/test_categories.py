"""Trees and inventory from the places of hand-made listings."""

import json

import pandas as pd
import pytest

from subs_assets.catalogue.categories import build_categories, build_inventory
from subs_assets.database.tables import categories as categories_table
from subs_assets.database.tables import category_inventory as inventory_table

Place = tuple[str, str, list[str], list[str | None] | None]


def places(*rows: Place) -> pd.DataFrame:
    """listing_categories from (company, sku, names, ids); positions count up per listing."""
    seen: dict[tuple[str, str], int] = {}
    records = []
    for company, sku, names, ids in rows:
        position = seen[company, sku] = seen.get((company, sku), -1) + 1
        path = json.dumps(names, ensure_ascii=False, separators=(",", ":"))
        records.append((company, sku, position, path, None if ids is None else json.dumps(ids)))
    frame = pd.DataFrame(records, columns=["company_slug", "sku", "position", "path", "category_ids"])
    return frame.astype(
        {"company_slug": "str", "sku": "str", "position": "Int64", "path": "str", "category_ids": "str"}
    )


def products_of(listing_categories: pd.DataFrame, **same: str) -> pd.DataFrame:
    """product_listings in which every listing is its own product, but for ``sku=product_id``."""
    frame = listing_categories[["company_slug", "sku"]].drop_duplicates().reset_index(drop=True)
    return frame.assign(product_id=[same.get(sku, sku) for sku in frame["sku"]], matched_by="sku")


def node(frame: pd.DataFrame, path: str, company: str = "aldi") -> pd.Series:
    return frame[(frame["company_slug"] == company) & (frame["path"] == path)].squeeze()


SHOP = places(
    ("aldi", "1", ["Pantry", "Oils"], ["p", "o"]),
    ("aldi", "1", ["Pantry", "Sale"], ["p", "s"]),
    ("aldi", "2", ["Pantry", "Oils"], ["p", "o"]),
    ("aldi", "3", ["Pantry"], ["p"]),
    ("aldi", "4", ["Super Savers", "Oils"], ["x", "o"]),
    ("aldi", "5", [], None),
    ("iga", "1", ["Grocery", "pantry", "Öle & Essig"], None),
)


def test_columns_are_the_tables() -> None:
    categories = build_categories(SHOP)
    inventory = build_inventory(categories, SHOP, products_of(SHOP))
    assert list(categories) == [column.name for column in categories_table.columns]
    assert list(inventory) == [column.name for column in inventory_table.columns]
    assert {str(kind) for kind in categories.dtypes} == {"str", "Int64", "boolean"}
    assert categories.equals(categories.sort_values(["company_slug", "path"], ignore_index=True))
    assert inventory.equals(inventory.sort_values(["company_slug", "depth"], ignore_index=True))


@pytest.mark.parametrize(
    ("path", "own", "subtree", "leaf"),
    [
        ('["Pantry"]', 1, 3, False),  # listing 1 stands twice under it and counts once
        ('["Pantry","Oils"]', 2, 2, True),
        ('["Pantry","Sale"]', 1, 1, True),
        ('["Super Savers"]', 0, 1, False),  # an ancestor where nothing is shelved
    ],
)
def test_listings_count_once_a_node(path: str, own: int, subtree: int, leaf: bool) -> None:
    row = node(build_categories(SHOP), path)
    assert (row["own_listings"], row["listings"], row["is_leaf"]) == (own, subtree, leaf)


def test_every_ancestor_is_a_node_and_the_empty_path_is_none() -> None:
    categories = build_categories(SHOP)
    iga = categories[categories["company_slug"] == "iga"]
    assert list(zip(iga["path"], iga["name"], iga["depth"], strict=True)) == [
        ('["Grocery","pantry","Öle & Essig"]', "Öle & Essig", 3),
        ('["Grocery","pantry"]', "pantry", 2),
        ('["Grocery"]', "Grocery", 1),
    ]
    assert "[]" not in set(categories["path"])


@pytest.mark.parametrize(
    ("path", "category_id", "parents"),
    [
        ('["Pantry"]', "p", []),
        ('["Pantry","Sale"]', "s", [["Pantry"]]),
        ('["Pantry","Oils"]', "o", [["Pantry"], ["Super Savers"]]),
        ('["Super Savers","Oils"]', "o", [["Pantry"], ["Super Savers"]]),
    ],
)
def test_a_category_in_two_places_has_both_parents(path: str, category_id: str, parents: list[list[str]]) -> None:
    row = node(build_categories(SHOP), path)
    assert row["category_id"] == category_id
    assert json.loads(row["parents"]) == parents


def test_same_name_without_an_id_stays_two_categories() -> None:
    categories = build_categories(
        places(("aldi", "1", ["Pantry", "Oils"], None), ("aldi", "2", ["Sale", "Oils"], None))
    )
    assert json.loads(node(categories, '["Pantry","Oils"]')["parents"]) == [["Pantry"]]
    assert categories["category_id"].isna().all()


def test_equal_ids_of_two_companies_are_strangers() -> None:
    categories = build_categories(places(("aldi", "1", ["A", "B"], ["1", "2"]), ("iga", "1", ["C", "D"], ["1", "2"])))
    assert json.loads(node(categories, '["A","B"]')["parents"]) == [["A"]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("aldi", "1", ["A"], ["1", "2"])], None),  # not aligned with the path
        ([("aldi", "1", ["A"], [None])], None),
        ([("aldi", "1", ["A"], ["2"]), ("aldi", "2", ["A"], ["1"])], "1"),
        ([("aldi", "1", ["A"], ["2"]), ("aldi", "2", ["A"], ["1"]), ("aldi", "3", ["A"], ["2"])], "2"),
    ],
)
def test_category_id_where_listings_disagree(rows: list[Place], expected: str | None) -> None:
    own_id = node(build_categories(places(*rows)), '["A"]')["category_id"]
    assert own_id == expected if expected else pd.isna(own_id)


def test_no_node_is_its_own_parent() -> None:
    categories = build_categories(places(("aldi", "1", ["A", "B"], ["1", "1"])))
    assert json.loads(node(categories, '["A"]')["parents"]) == []
    assert json.loads(node(categories, '["A","B"]')["parents"]) == [["A"]]


def test_inventory() -> None:
    inventory = build_inventory(build_categories(SHOP), SHOP, products_of(SHOP, **{"1": "same", "2": "same"}))
    aldi = inventory[inventory["company_slug"] == "aldi"].set_index("depth")
    counts = ["categories", "leaves", "listings", "products", "empty_categories"]
    assert aldi.loc[0, counts].tolist() == [0, 0, 1, 1, 0]
    assert aldi.loc[1, counts].tolist() == [2, 0, 4, 3, 1]
    assert aldi.loc[2, counts].tolist() == [3, 3, 3, 2, 0]
    assert json.loads(aldi.loc[1, "shared_names"]) == ["Pantry"]
    assert json.loads(aldi.loc[2, "shared_names"]) == []  # twice in one company is not shared
    assert json.loads(aldi.loc[2, "samples"]) == [["Pantry", "Oils"], ["Pantry", "Sale"], ["Super Savers", "Oils"]]
    iga = inventory[inventory["company_slug"] == "iga"].set_index("depth")
    assert iga.index.tolist() == [0, 1, 2, 3]
    assert iga.loc[0, "listings"] == 0
    assert json.loads(iga.loc[2, "shared_names"]) == ["pantry"]


@pytest.mark.parametrize("rows", [[], [("aldi", "1", [], None)]])
def test_without_any_category(rows: list[Place]) -> None:
    frame = places(*rows)
    categories = build_categories(frame)
    assert len(categories) == 0
    inventory = build_inventory(categories, frame, products_of(frame))
    assert inventory["listings"].tolist() == [1] * len(rows)
