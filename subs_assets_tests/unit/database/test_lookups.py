import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from subs_assets.database import lookups
from subs_assets.database.frames import read
from subs_assets.database.tables import (
    categories,
    category_absences,
    category_equivalences,
    category_evidence,
    category_facets,
    listing_categories,
    listing_shelves,
    listings,
    product_listings,
    products,
    substitution_outcomes,
    substitution_rates,
    substitutions,
)

LISTINGS = [
    ("aldi", "1001", "aldi:1001", "Just Organic Müsli", "Just Organic", None, 4.5),
    ("coles", "77", "09300601234567", "Coles Bircher MÜSLI 750g", "Coles", "09300601234567", 5.0),
    ("iga", "77", "iga:77", "Fruit 100% Bar", None, None, None),
    ("iga", "78", "09300601234567", "Bircher Muesli", "Coles_x", "09300601234567", 5.5),
    ("iga", "79", "iga:79", "1001 Nights Tea", "Aldi?", None, 2.0),
]


@pytest.fixture
def connection(engine: Engine, fill: Callable[..., None]) -> Iterator[Connection]:
    keys = ("company_slug", "sku", "product_id", "name", "brand", "gtin", "price")
    shelf = [dict(zip(keys, row, strict=True)) for row in LISTINGS]
    fill(listings, *({k: v for k, v in row.items() if k != "product_id"} for row in shelf))
    fill(product_listings, *({k: row[k] for k in ("company_slug", "sku", "product_id")} for row in shelf))
    fill(products, *({"product_id": row["product_id"], "name": row["name"]} for row in shelf if row["sku"] != "78"))
    pair = {"product_id": "aldi:1001", "level": 3, "reasons": '["other brand"]', "unit_price_ratio": 1.1}
    fill(
        substitutions,
        {**pair, "company_slug": "iga", "substitute_id": "iga:77", "sku": "77", "rank": 2, "score": 0.5},
        {**pair, "company_slug": "iga", "substitute_id": "09300601234567", "sku": "78", "rank": 1, "score": 0.8},
        {**pair, "company_slug": "coles", "substitute_id": "09300601234567", "sku": "77", "rank": 1, "score": 0.9},
        {**pair, "product_id": "iga:77", "company_slug": "aldi", "substitute_id": "aldi:1001", "sku": "1001"},
    )
    lost = [("found", 1), ("below score", 7), ("no candidate", 2), ("refused: claims", 2)]
    fill(
        substitution_outcomes,
        *(
            {
                "company_slug": "aldi",
                "target_company_slug": target,
                "product_id": "aldi:1001" if stage == "found" else f"{stage} {number}",
                "stage": stage,
                "nearest_id": "09300601234567" if stage != "no candidate" else None,
                "nearest_score": number / 10 if stage != "no candidate" else None,
            }
            for target in ("coles", "iga")
            for stage, count in lost
            for number in range(count)
            if target == "coles" or stage == "found"
        ),
    )
    fill(substitution_rates, {"company_slug": "aldi", "rate": 0.5})
    fill(categories, {"company_slug": "aldi", "path": '["A"]'}, {"company_slug": "iga", "path": '["A"]'})
    link = {"company_slug": "aldi", "path": '["A"]', "target_path": '["B"]'}
    fill(
        category_equivalences,
        {**link, "target_company_slug": "coles"},
        {**link, "target_company_slug": "iga"},
        {**link, "target_company_slug": "coles", "path": '["A","C"]'},
        {**link, "company_slug": "iga", "target_company_slug": "coles"},
    )
    with engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("most_keys", [10, 1])
def test_products_of_listings(connection: Connection, monkeypatch: pytest.MonkeyPatch, most_keys: int) -> None:
    monkeypatch.setattr("subs_assets.database.lookups.products.MOST_KEYS", most_keys)
    found = lookups.products_of_listings(connection, ["aldi", "iga"], ["77", "1001"])
    assert {("aldi", "1001", "aldi:1001"), ("iga", "77", "iga:77")} <= set(
        found[["company_slug", "sku", "product_id"]].itertuples(index=False, name=None)
    )
    assert len(found) == (2 if most_keys == 10 else len(LISTINGS))
    assert lookups.products_of_listings(connection, [], []).empty


def test_substitutes_come_with_their_listing_company_by_company_best_first(connection: Connection) -> None:
    found = lookups.substitutes_of(connection, "aldi:1001")
    assert found[["company_slug", "rank", "name", "price"]].fillna(-1).to_numpy().tolist() == [
        ["coles", 1, "Coles Bircher MÜSLI 750g", 5.0],
        ["iga", 1, "Bircher Muesli", 5.5],
        ["iga", 2, "Fruit 100% Bar", -1.0],
    ]
    assert " ".join(found.columns) == (
        "company_slug substitute_id sku name brand size_text total unit price currency unit_price level score rank "
        "pack_ratio unit_price_ratio reasons"
    )
    assert lookups.substitutes_of(connection, "nothing").empty


def test_the_cheapest_offer_of_a_product_at_a_company(connection: Connection) -> None:
    offers = lookups.cheapest_offers(connection, ["09300601234567", "aldi:1001"], ["iga", "coles"])
    assert set(offers) == {("09300601234567", "coles"), ("09300601234567", "iga")}
    assert all((row["product_id"], row["company_slug"]) == key for key, row in offers.items())
    at_iga = product_listings.c.company_slug == "iga", product_listings.c.sku == "77"
    connection.execute(product_listings.update().where(*at_iga).values(product_id="09300601234567"))
    for price, cheapest in ((None, "78"), (1.0, "77")):
        connection.execute(
            listings.update().where(listings.c.company_slug == "iga", listings.c.sku == "77").values(price=price)
        )
        offers = lookups.cheapest_offers(connection, ["09300601234567"], ["iga"])
        assert offers["09300601234567", "iga"]["sku"] == cheapest


def test_substitutes_are_those_asked_for(connection: Connection) -> None:
    connection.execute(
        substitutions.update().where(substitutions.c.substitute_id == "iga:77").values(level=2, unit_price_ratio=0.9)
    )

    def found(**wanted: Any) -> list[str]:
        rows = lookups.substitutes_of(connection, "aldi:1001", **wanted)
        return (rows["company_slug"] + " " + rows["rank"].astype(str)).tolist()

    assert found() == ["coles 1", "iga 1", "iga 2"]
    assert found(company_slug="iga") == ["iga 1", "iga 2"]
    assert found(company_slug="iga", at_most=1) == ["iga 1"]
    assert found(lowest_score=0.8) == ["coles 1", "iga 1"]
    assert found(weakest_level=2) == found(weakest_level=2, at_most=1) == ["iga 2"]
    assert found(only_cheaper=True) == ["iga 2"] and found(only_cheaper=True, lowest_score=0.8) == []


def test_losses_add_up_and_show_the_closest(connection: Connection) -> None:
    found = lookups.losses(connection, "aldi", "coles")
    assert found[["stage", "products"]].to_numpy().tolist() == [
        ["found", 1],
        ["below score", 7],
        ["no candidate", 2],
        ["refused: claims", 2],
    ]
    examples = [json.loads(examples) for examples in found["examples"]]
    assert [len(several) for several in examples] == [1, 5, 2, 2]
    assert [example["nearest_score"] for example in examples[1]] == [0.6, 0.5, 0.4, 0.3, 0.2]
    assert examples[0] == [
        {
            "product_id": "aldi:1001",
            "name": "Just Organic Müsli",
            "detail": None,
            "nearest_id": "09300601234567",
            "nearest_name": "Coles Bircher MÜSLI 750g",
            "nearest_score": 0.0,
        }
    ]
    assert examples[2][0]["nearest_score"] is None
    pages = [lookups.outcomes_page(connection, "aldi", "coles", "below score", 4, offset) for offset in (0, 4)]
    assert pages[0]["product_id"].tolist() == [example["product_id"] for example in examples[1][:4]]
    assert (len(pages[1]), pages[1]["product_id"].iloc[0]) == (3, examples[1][4]["product_id"])
    assert list(pages[0].columns) == list(examples[1][0])
    nothing = lookups.losses(connection, "coles", "aldi")
    assert nothing.empty
    assert list(nothing.columns) == list(found.columns)


@pytest.mark.parametrize(
    "filters, count",
    [
        ({}, 4),
        ({"company_slug": "aldi"}, 3),
        ({"target_company_slug": "coles"}, 3),
        ({"company_slug": "aldi", "target_company_slug": "coles"}, 2),
        ({"company_slug": "aldi", "target_company_slug": "coles", "path": '["A","C"]'}, 1),
    ],
)
def test_equivalences(connection: Connection, filters: dict[str, str], count: int) -> None:
    found = lookups.equivalences(connection, **filters)
    assert len(found) == count
    for name, value in filters.items():
        assert set(found[name]) == {value}


def test_absences_facets_and_evidence_are_those_asked_for(fill: Callable[..., None], connection: Connection) -> None:
    here = {"company_slug": "aldi", "path": '["A"]'}
    fill(category_absences, *({**here, "target_company_slug": target, "answer": "none"} for target in ("coles", "iga")))
    fill(category_facets, here, {**here, "path": '["B"]'}, {**here, "company_slug": "iga"})
    fill(category_evidence, *({**here, "target_company_slug": target, "rank": 1} for target in ("coles", "iga")))
    assert lookups.absences(connection, "aldi", "iga", '["A"]')["target_company_slug"].tolist() == ["iga"]
    assert len(lookups.absences(connection, "aldi")) == 2 and lookups.absences(connection, "iga").empty
    assert lookups.facets(connection, "aldi", '["A"]')[["company_slug", "path"]].to_numpy().tolist() == [
        ["aldi", '["A"]']
    ]
    assert len(lookups.facets(connection)) == 3
    assert lookups.evidence(connection, "aldi", "coles")["target_company_slug"].tolist() == ["coles"]
    assert len(lookups.evidence(connection, "aldi", "coles", path='["A"]')) == 1
    assert lookups.evidence(connection, "aldi", "coles", path='["A"]', target_path='["B"]').empty


def test_mapping_counts(fill: Callable[..., None], connection: Connection) -> None:
    """aldi has A (mapped to coles twice), A > C (mapped) and D, a facet; its 1001 stands on A and on A > C."""
    aldi = {"company_slug": "aldi", "target_company_slug": "coles"}
    fill(categories, *({"company_slug": "aldi", "path": path} for path in ('["A","C"]', '["D"]', '["E"]')))
    fill(
        category_equivalences,
        *(
            {**aldi, "path": path, "target_path": f'["{n}"]', "status": status}
            for n, (path, status) in enumerate(
                [('["A"]', "accepted"), ('["A"]', "accepted"), ('["A","C"]', "accepted"), ('["E"]', "proposed")]
            )
        ),
    )
    fill(category_absences, {**aldi, "path": '["E"]', "answer": "undecided"})
    fill(category_facets, {"company_slug": "aldi", "path": '["D"]'})
    fill(listing_shelves, *({"company_slug": "aldi", "sku": "1001", "path": path} for path in ('["A"]', '["A","C"]')))
    counts = lookups.mapping_counts(connection)
    pairs = list(zip(counts["company_slug"], counts["target_company_slug"], strict=True))
    assert pairs == [
        (one, other) for one in ("aldi", "coles", "iga") for other in ("aldi", "coles", "iga") if one != other
    ]
    assert counts.iloc[0, 2:].to_dict() == {
        "categories": 4, "mapped": 2, "above": 0, "parts": 0, "undecided": 1, "none": 0, "facets": 1, "listings": 1,
        "mapped_listings": 1,
    }  # fmt: skip
    assert lookups.mapping_counts(connection, "aldi", "coles").equals(counts.head(1))
    covered = lookups.coverage(connection, "aldi", "coles")
    columns = ["path", "facet", "accepted", "proposed", "answer"]
    assert covered[columns].fillna("-").to_numpy().tolist() == [
        ['["A","C"]', "-", 1, 0, "-"], ['["A"]', "-", 2, 0, "-"], ['["D"]', "x", 0, 0, "-"],
        ['["E"]', "-", 0, 1, "undecided"],
    ]  # fmt: skip
    assert lookups.coverage(connection, "iga", "aldi")[columns].fillna("-").to_numpy().tolist() == [
        ['["A"]', "-", 0, 0, "-"]
    ]
    assert lookups.coverage(connection, "nobody", "aldi").dtypes.equals(covered.dtypes)
    assert lookups.mapping_counts(connection, target_company_slug="coles")["company_slug"].tolist() == ["aldi", "iga"]


def test_rates_and_categories(connection: Connection) -> None:
    assert lookups.rates(connection)["rate"].tolist() == [0.5]
    assert len(lookups.categories(connection)) == 2
    assert lookups.categories(connection, "iga").equals(read(connection, categories, company_slug="iga"))


def test_a_branch_has_its_listings_and_no_other_ones(
    connection: Connection, fill: Callable[..., None], engine: Engine
) -> None:
    shelves = {"1001": ['["A"]', '["A","C"]'], "1002": ['["A","c"]'], "1003": ['["A B"]', "[]"], "1004": ['["a","C"]']}
    rows = [
        {"company_slug": "aldi", "sku": sku, "path": path, "position": position}
        for sku, paths in shelves.items()
        for position, path in enumerate(paths)
    ]
    for sku in ("1002", "1003", "1004"):
        fill(listings, {"company_slug": "aldi", "sku": sku, "name": sku})
        fill(product_listings, {"company_slug": "aldi", "sku": sku, "product_id": f"aldi:{sku}"})
    fill(listing_categories, *rows)
    fill(listing_shelves, *({"company_slug": "aldi", "sku": row["sku"], "path": row["path"]} for row in rows))

    def skus(path: str, limit: int = 9, offset: int = 0) -> list[str]:
        return list(lookups.listings_in(connection, "aldi", path, limit, offset)["sku"])

    assert (skus('["A"]'), skus('["A","C"]'), skus('["a"]')) == (["1001", "1002"], ["1001"], ["1004"])
    assert (skus('["A"]', 1), skus('["A"]', 1, 1)) == (["1001"], ["1002"])
    found = dict(lookups.shelves_with_listings(connection, "aldi"))
    assert {frozenset(paths): count for paths, count in found.items()} == {
        frozenset(paths): 1 for paths in shelves.values()
    }
    keys = [("aldi", "1001"), ("aldi", "1003"), ("aldi", "none")]
    assert lookups.paths_of_listings(connection, keys) == {key: shelves[key[1]] for key in keys[:2]}
    assert lookups.paths_of_listings(connection, []) == {}


def test_two_trees_and_the_mappings_between_them(connection: Connection, fill: Callable[..., None]) -> None:
    aldi = {"company_slug": "aldi", "target_company_slug": "dm", "path": '["A"]'}
    fill(
        category_equivalences,
        *(
            {**aldi, "target_path": f'["{number}"]', "status": status, "support": support}
            for number, (status, support) in enumerate(
                [("proposed", 9), ("accepted", 1), ("rejected", 5), ("accepted", 2)]
            )
        ),
    )
    fill(category_facets, {"company_slug": "iga", "path": '["A"]', "kind": "dietary"})
    assert lookups.companies_with_categories(connection) == {"aldi": 1, "iga": 1}
    assert list(lookups.mappings_between(connection, "aldi", "dm")["target_path"]) == ['["3"]', '["1"]', '["0"]']
    assert list(lookups.nodes(connection, "iga")["facet"]) == ["dietary"]
    assert lookups.nodes(connection, "aldi")["facet"].isna().all()
    assert lookups.category_row(connection, "aldi", '["Z"]') is None
    assert (lookups.category_row(connection, "aldi", '["A"]') or {})["path"] == '["A"]'
