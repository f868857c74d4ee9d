"""Rank, cap, price and reasons of the substitutions of small shops."""

import json

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.substitution import rows as rows_module
from subs_assets.substitution.build import build_substitutions
from subs_assets_tests.small_shops import MODEL, equivalences, inputs_of, item, path, shops, spelled

G500, G1000, GTIN = (500.0, "g"), (1000.0, "g"), "09300601001231"


def substitutions(items: list[dict], mappings: pd.DataFrame | None = None) -> pd.DataFrame:
    shop = shops(items)
    found = build_substitutions(inputs_of(shop, mappings), spelled(shop.products["core_name"]), MODEL).substitutions
    return frames.conform(found, tables.substitutions)


def between(rows: pd.DataFrame, product: str, substitute: str) -> pd.Series:
    return rows[(rows["product_id"] == product) & (rows["substitute_id"] == substitute)].iloc[0]


MANY = [
    item(company, f"{n:02}", "swiss muesli", brand=f"brand {n:02}", size=G500)
    for company in ("aldi", "iga")
    for n in range(14)
]


def test_ranks_are_whole_and_capped_per_product_and_company() -> None:
    rows = substitutions(MANY)
    for _, group in rows.groupby(["product_id", "company_slug"]):
        assert sorted(group["rank"]) == list(range(1, len(group) + 1))
        assert len(group) == rows_module.CAP == 10
        best_first = group.sort_values("rank")
        assert best_first["score"].is_monotonic_decreasing
    assert rows.groupby("product_id")["company_slug"].nunique().eq(2).all()
    assert (rows["product_id"] != rows["substitute_id"]).all()


def test_equal_scores_rank_by_level_then_by_id() -> None:
    rows = substitutions(
        [
            item("aldi", "1", "swiss muesli", brand="a", size=G500),
            item("coles", "3", "swiss muesli", brand="c", size=G1000),
            item("coles", "4", "swiss muesli", brand="d", size=G500),
            item("coles", "5", "swiss muesli", brand="e", size=G500),
        ]
    )
    ranked = rows[rows["product_id"] == "aldi:1"].sort_values("rank")
    assert ranked["substitute_id"].tolist() == ["coles:4", "coles:5", "coles:3"]
    assert ranked["level"].tolist() == [3, 3, 4]


def test_a_substitute_is_priced_at_its_cheapest_listing_there() -> None:
    rows = substitutions(
        [
            item("aldi", "1", "swiss muesli", brand="a", size=G500, price=4.0),
            item("coles", "1", "swiss muesli", brand="b", size=G1000, price=6.0, gtin=GTIN),
            item("coles", "2", "swiss muesli", brand="b", size=G1000, price=5.0, gtin=GTIN),
            item("iga", "1", "swiss muesli", brand="b", size=G1000, price=1.0, gtin=GTIN),
        ]
    )
    there = rows[(rows["product_id"] == "aldi:1")].set_index("company_slug")
    assert there["sku"].to_dict() == {"coles": "2", "iga": "1"}
    assert there["unit_price_ratio"].to_dict() == {"coles": 5 / 8, "iga": 1 / 8}
    assert set(there["pack_ratio"]) == {0.5}
    back = between(rows, GTIN, "aldi:1")
    assert (back["unit_price_ratio"], back["pack_ratio"]) == (8.0, 2.0)  # against its cheapest listing anywhere


@pytest.mark.parametrize(
    "changed",
    [{"currency": "EUR"}, {"price": None, "unit_price": None, "currency": None}, {"size": None, "unit_price": 2.0}],
    ids=["another currency", "no price", "no size"],
)
def test_unit_prices_are_held_against_each_other_only_where_they_can_be(changed: dict) -> None:
    rows = substitutions(
        [
            item("aldi", "1", "swiss muesli", brand="a", size=G500, price=4.0),
            item("coles", "1", "swiss muesli", **{"brand": "b", "size": G500, "price": 4.0, **changed}),
        ]
    )
    assert len(rows) == 2
    assert rows["unit_price_ratio"].isna().all()
    assert rows["pack_ratio"].isna().all() == ("size" in changed)


def test_each_row_says_why() -> None:
    rows = substitutions(
        [
            item("aldi", "1", "organic swiss muesli", "Cereal > Muesli", brand="a", size=G500, claims={"organic"}),
            item("aldi", "2", "organic swiss muesli", "Cereal > Muesli", brand="a", size=(600.0, "g")),
            item("coles", "1", "organic swiss muesli", "Muesli", brand="b", size=G500),
            item("iga", "1", "organic swiss muesli", brand="c"),
        ],
        equivalences(
            ("aldi", "Cereal", "coles", "Muesli", "broad"), ("aldi", "Cereal > Muesli", "coles", "Muesli", "narrow")
        ),
    )
    reasons = {
        key: json.loads(between(rows, *key)["reasons"])
        for key in [("aldi:1", f"{c}") for c in ("aldi:2", "coles:1", "iga:1")]
    }
    for told in reasons.values():
        assert told.pop().startswith("score: name +")
    lost = "1 preference(s) of the product not stated by the substitute"
    assert reasons["aldi:1", "aldi:2"] == [
        "level 1: same brand, same product, other size",
        "level 2: same brand, similar product, similar size",
        "level 5: both in Cereal > Muesli",
        lost,
    ]
    assert reasons["aldi:1", "coles:1"] == [
        "level 3: other brand, similar product, similar size",
        "level 5: Cereal > Muesli ~ Muesli (narrow)",
        lost,
    ]
    assert reasons["aldi:1", "iga:1"] == [
        "level 4: other brand, similar product, other or unknown size",
        "no category speaks for it",
        lost,
    ]
    mapped = between(rows, "aldi:1", "coles:1")
    assert (mapped["path"], mapped["target_path"], mapped["relation"]) == (
        path("Cereal > Muesli"),
        path("Muesli"),
        "narrow",
    )
    unmapped = between(rows, "aldi:1", "iga:1")
    assert unmapped[["path", "target_path", "relation"]].isna().all()
    assert between(rows, "coles:1", "aldi:1")["relation"] is not mapped["relation"]
