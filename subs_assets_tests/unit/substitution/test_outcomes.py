"""At which stage a product is lost; every product is counted once at every company."""

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.substitution.build import build_substitutions
from subs_assets.substitution.outcomes import STAGES
from subs_assets_tests.small_shops import MODEL, equivalences, inputs_of, item, shops, spelled

MAPPED = equivalences(("aldi", "Cereal", "coles", "Muesli", "exact"))
G500 = (500.0, "g")


def outcome(product: dict, *others: dict) -> pd.Series:
    """What becomes of Aldi's product at Coles."""
    shop = shops([product, *others])
    inputs = inputs_of(shop, MAPPED)
    outcomes = build_substitutions(inputs, spelled(shop.products["core_name"]), MODEL).outcomes
    rows = frames.conform(outcomes, tables.substitution_outcomes).set_index(
        ["company_slug", "target_company_slug", "product_id"]
    )
    return rows.loc[("aldi", "coles", shop.product_id("aldi", "1"))]


ELSEWHERE = item("coles", "9", "xylophone", "Muesli")


@pytest.mark.parametrize(
    ("product", "other", "stage", "nearest"),
    [
        pytest.param(
            item("aldi", "1", "swiss muesli", "Cereal", brand="a", size=G500),
            item("coles", "1", "swiss muesli", "Muesli", brand="b", size=G500),
            "found",
            "coles:1",
            id="level 3",
        ),
        pytest.param(item("aldi", "1", "swiss muesli"), ELSEWHERE, "uncategorised", None, id="no shelf, nothing alike"),
        pytest.param(
            item("aldi", "1", "swiss muesli", brand="a", size=G500),
            item("coles", "1", "swiss muesli", brand="b", size=G500),
            "found",
            "coles:1",
            id="no shelf, found by its name",
        ),
        pytest.param(item("aldi", "1", "swiss muesli", "Toys"), ELSEWHERE, "no mapping", None, id="shelf not mapped"),
        pytest.param(
            item("aldi", "1", "swiss muesli", "Cereal"), ELSEWHERE, "no candidate", None, id="nothing alike there"
        ),
        pytest.param(
            item("aldi", "1", "swiss muesli", "Cereal", claims={"vegan", "gluten_free"}),
            item("coles", "1", "swiss muesli", "Muesli", brand="b", claims={"vegan"}),
            "refused: claim",
            "coles:1",
            id="a claim",
        ),
        pytest.param(
            item("aldi", "1", "swiss wonder", "Cereal", brand="a", size=G500),
            item("coles", "1", "swiss wonder", "Muesli", brand="b", size=(500.0, "ml")),
            "refused: dimension",
            "coles:1",
            id="a dimension",
        ),
        pytest.param(
            item("aldi", "1", "swiss muesli", "Cereal", "Pantry"),
            item("coles", "1", "swiss muesli", "Muesli", "Pet > Dog", brand="b"),
            "refused: class",
            "coles:1",
            id="a class",
        ),
        pytest.param(
            item("aldi", "1", "swiss muesli", "Cereal"),
            item("coles", "1", "swiss muesli bar", "Muesli", brand="b"),
            "refused: form",
            "coles:1",
            id="a form",
        ),
        pytest.param(
            item("aldi", "1", "swiss muesli fruit", "Cereal"),
            item("coles", "1", "swiss muesli crunchy honey nut clusters", "Muesli"),
            "below score",
            "coles:1",
            id="not alike enough",
        ),
    ],
)
def test_where_a_product_is_lost(product: dict, other: dict, stage: str, nearest: str | None) -> None:
    # A listing in "Cereal" at Aldi and one in "Muesli" at Coles are always there, so that the mapping leads somewhere.
    row = outcome(product, other, item("aldi", "9", "violin", "Cereal"), item("coles", "8", "trombone", "Muesli"))
    assert row["stage"] == stage
    assert (row["nearest_id"] if isinstance(row["nearest_id"], str) else None) == nearest
    assert pd.isna(row["nearest_score"]) == (nearest is None)
    assert row["detail"] == "not stated: gluten_free" if stage == "refused: claim" else pd.isna(row["detail"])
    assert bool(row["levels_1_to_4"] | row["level_5"]) == (stage == "found")


def test_an_allowed_candidate_comes_before_a_refused_one_that_is_nearer() -> None:
    row = outcome(
        item("aldi", "1", "swiss muesli honey", "Cereal", claims={"vegan"}, brand="a"),
        item("coles", "1", "swiss muesli honey", "Muesli", brand="b"),
        item("coles", "2", "swiss muesli honeys", "Muesli", brand="c", claims={"vegan"}),
    )
    assert (row["stage"], row["nearest_id"]) == ("found", "coles:2")


@pytest.mark.parametrize(
    ("claims", "stage", "nearest"),
    [
        ({"gluten_free"}, "below score", "coles:2"),
        ({"gluten_free", "vegan"}, "refused: claim", "coles:1"),
    ],
    ids=["an allowed one comes before a refused one that would not be shown", "nothing is allowed"],
)
def test_what_no_gate_refuses_is_told_first_where_neither_would_be_shown(
    claims: set[str], stage: str, nearest: str
) -> None:
    row = outcome(
        item("aldi", "1", "swiss muesli fruit", "Cereal", claims=claims),
        item("coles", "1", "muesli nut clusters", "Muesli"),
        item("coles", "2", "muesli crunchy clusters", "Muesli", claims={"gluten_free"}),
    )
    assert (row["stage"], row["nearest_id"]) == (stage, nearest)


GTIN = "09300601001231"


def shop_of_many() -> list[dict]:
    things = ["swiss muesli", "swiss muesli honey", "toasted muesli", "baked beans", "oat milk", "xylophone"]
    shelves = {"aldi": ["Cereal", "Toys", ""], "coles": ["Muesli", "Other", ""], "iga": [""]}
    return [
        item(
            company,
            f"{thing}-{n}",
            thing,
            shelf,
            brand=f"{company}{n}",
            claims={"vegan"} if n % 2 else (),
            size=(500.0, "g" if n % 3 else "ml"),
        )
        for company, of in shelves.items()
        for n, shelf in enumerate(of)
        for thing in things
    ] + [item(company, "shared", "shared oats", "Cereal", gtin=GTIN) for company in ("aldi", "coles")]


def test_every_product_has_exactly_one_outcome_per_company_and_target() -> None:
    shop = shops(shop_of_many())
    outcomes = build_substitutions(inputs_of(shop, MAPPED), spelled(shop.products["core_name"]), MODEL).outcomes
    frames.conform(outcomes, tables.substitution_outcomes)  # refuses two rows of one key
    sold = shop.product_listings.groupby("company_slug")["product_id"].nunique()
    counts = outcomes.groupby(["company_slug", "target_company_slug"]).size()
    assert len(counts) == 9
    for (company, _), count in counts.items():
        assert count == sold[company]
    assert set(outcomes["stage"]) <= set(STAGES)
    assert len(set(outcomes["stage"])) >= 4
    found = outcomes["stage"] == "found"
    assert (found == (outcomes["levels_1_to_4"] | outcomes["level_5"]).astype(bool)).all()
    assert not (outcomes["level_5_own_tree"] & ~outcomes["level_5"]).any()


def test_level_5_across_companies_is_not_of_the_own_tree() -> None:
    """One brand, sizes unknown: none of the levels 1 to 4 can be claimed."""
    shop = shops(
        [
            item("aldi", "1", "swiss muesli", "Cereal", brand="a"),
            item("coles", "1", "swiss muesli", "Muesli", brand="a"),
            item("coles", "2", "muesli swiss", "Muesli", brand="a"),
        ]
    )
    rows = build_substitutions(inputs_of(shop, MAPPED), spelled(shop.products["core_name"]), MODEL).outcomes
    flags = rows.set_index(["product_id", "target_company_slug"])[["levels_1_to_4", "level_5", "level_5_own_tree"]]
    assert flags.loc[("aldi:1", "coles")].tolist() == [False, True, False]
    assert flags.loc[("coles:1", "coles")].tolist() == [False, True, True]
    assert flags.loc[("aldi:1", "aldi")].tolist() == [False, False, False]
