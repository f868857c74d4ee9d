"""Whole small shops: the order of the input changes nothing, what is lost and found adds up, chance is chance, empty is
no error."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.substitution import build
from subs_assets.substitution.build import (
    SubstitutionInputs,
    Substitutions,
    build_substitutions,
    night_judge,
    with_shuffled_shelves,
)
from subs_assets.substitution.explain import explain_pair
from subs_assets.substitution.rates import build_rates
from subs_assets_tests.small_shops import MODEL, equivalences, inputs_of, item, no_features, shops, spelled

TASTES = ["swiss", "toasted", "honey", "cinnamon", "almond"]
MAPPED = equivalences(
    ("aldi", "Cereal", "coles", "Muesli", "exact"),
    ("coles", "Muesli", "aldi", "Cereal", "exact"),
    ("aldi", "Juice", "coles", "Cold", "exact"),
    ("coles", "Cold", "aldi", "Juice", "exact"),
)


def shelf(company: str, thing: str, *shelves: str, **given: object) -> list[dict]:
    return [item(company, f"{thing}-{taste}", f"{thing} {taste}", *shelves, brand=company, **given) for taste in TASTES]


ITEMS = [
    *shelf("aldi", "crunchy muesli", "Cereal", size=(500.0, "g")),
    *shelf("aldi", "fruit juice", "Juice", size=(1000.0, "ml")),
    *shelf("coles", "crunchy muesli clusters", "Muesli", size=(750.0, "g"), claims={"vegan"}),
    *shelf("coles", "fruit juice drink", "Cold"),
    *shelf("iga", "crunchy muesli", claims={"gluten_free"}),
]


def built(items: list[dict], mappings: pd.DataFrame = MAPPED) -> tuple[Substitutions, SubstitutionInputs]:
    shop = shops(items)
    inputs = inputs_of(shop, mappings)
    names = shop.products["core_name"]
    found = build_substitutions(inputs, spelled(names) if len(names) else no_features(), MODEL)
    frames.conform(found.substitutions, tables.substitutions)
    frames.conform(found.outcomes, tables.substitution_outcomes)
    return found, inputs


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_input_changes_nothing(seed: int) -> None:
    one, _ = built(ITEMS)
    other, _ = built(
        pd.Series(ITEMS).sample(frac=1, random_state=seed).tolist(), MAPPED.sample(frac=1, random_state=seed)
    )
    pd.testing.assert_frame_equal(one.substitutions, other.substitutions)
    pd.testing.assert_frame_equal(one.outcomes, other.outcomes)
    assert len(one.substitutions) > 40


def test_judging_in_pieces_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = built(ITEMS)
    for pairs_at_once in (1, 7, 40):
        monkeypatch.setattr(build, "PAIRS_AT_ONCE", pairs_at_once)
        pieces, _ = built(ITEMS)
        pd.testing.assert_frame_equal(pieces.substitutions, whole.substitutions)
        pd.testing.assert_frame_equal(pieces.outcomes, whole.outcomes)
        assert pieces.candidates == whole.candidates > 40


def test_every_found_outcome_has_a_row_and_every_row_an_outcome() -> None:
    found, inputs = built(ITEMS)
    sold = inputs.product_listings[["product_id", "company_slug"]].drop_duplicates()
    rows = found.substitutions[["product_id", "company_slug"]].drop_duplicates()
    rows = rows.rename(columns={"company_slug": "target"}).merge(sold, on="product_id")
    outcomes = found.outcomes[found.outcomes["stage"] == "found"]
    keys = ["company_slug", "target_company_slug", "product_id"]
    assert set(outcomes[keys].itertuples(index=False, name=None)) == set(
        rows[["company_slug", "target", "product_id"]].itertuples(index=False, name=None)
    )


def test_found_and_lost_are_all_products() -> None:
    found, inputs = built(ITEMS)
    rates = build_rates(found.outcomes, found.outcomes)
    sold = inputs.product_listings.groupby("company_slug")["product_id"].nunique()
    for row in rates[rates["setting"] == "linked"].itertuples():
        stages = found.outcomes[
            (found.outcomes["company_slug"] == row.company_slug)
            & (found.outcomes["target_company_slug"] == row.target_company_slug)
        ]["stage"].value_counts()
        assert stages.sum() == row.products == sold[row.company_slug]
        assert stages.get("found", 0) == row.with_any


def test_claims_are_kept_in_every_row() -> None:
    kinds = {"plain": (), "vegan": {"vegan"}, "both": {"vegan", "gluten_free"}}
    items = [
        item(company, kind, "crunchy muesli", brand=f"{company} {kind}", size=(500.0, "g"), claims=claims)
        for company in ("aldi", "coles")
        for kind, claims in kinds.items()
    ]
    found, inputs = built(items)
    claims = inputs.product_claims.set_index("product_id")["claims"]
    rows = found.substitutions
    for claim in ("vegan", "gluten_free"):
        states = claims.str.contains(claim)
        asked = rows[states[rows["product_id"]].to_numpy()]
        assert states[asked["substitute_id"]].all() and len(asked) > 0
        assert (~states[rows["product_id"]].to_numpy() & states[rows["substitute_id"]].to_numpy()).any()


def test_equivalences_raise_the_rate_of_level_5_and_nothing_else_does() -> None:
    linked, _ = built(ITEMS)
    alone, _ = built(ITEMS, equivalences())
    relation = linked.substitutions["relation"]
    assert (relation == "exact").any() and not alone.substitutions["relation"].isin(["exact"]).any()
    siloed = build_rates(linked.outcomes, linked.outcomes).query("setting == 'siloed'")
    unlinked = build_rates(alone.outcomes, alone.outcomes).query("setting == 'siloed'")
    pair = ["company_slug", "target_company_slug"]
    assert (siloed.set_index(pair)["rate_level_5"] <= unlinked.set_index(pair)["rate_level_5"] + 1e-9).all()


def test_the_null_deals_each_companys_shelves_anew_and_changes_nothing_else() -> None:
    _, inputs = built(ITEMS)
    null = with_shuffled_shelves(inputs)
    assert not null.blocks.equals(inputs.blocks)
    for company, blocks in inputs.blocks.groupby("company_slug"):
        dealt = null.blocks[null.blocks["company_slug"] == company]
        assert sorted(dealt["path"]) == sorted(blocks["path"])
        assert sorted(dealt["row"]) == sorted(blocks["row"])
    for name in ("listings", "products", "product_listings", "product_claims", "category_equivalences"):
        assert getattr(null, name) is getattr(inputs, name)
    pd.testing.assert_frame_equal(with_shuffled_shelves(inputs).blocks, null.blocks)
    assert not with_shuffled_shelves(inputs, seed=1).blocks.equals(null.blocks)


def test_null_rates_come_from_the_dealt_shelves() -> None:
    """Same brand and no sizes: level 5 alone can find these, and by chance it finds fewer."""
    items = [
        item(c, f"{n}", f"taste {n * 7919}", f"{c} {n}", brand="same") for c in ("aldi", "coles") for n in range(30)
    ]
    mappings = equivalences(*((("aldi", f"aldi {n}", "coles", f"coles {n}", "exact")) for n in range(30)))
    found, inputs = built(items, mappings)
    features = spelled(inputs.products["core_name"])
    null = build_substitutions(with_shuffled_shelves(inputs), features, MODEL)
    rates = build_rates(found.outcomes, null.outcomes).set_index(["company_slug", "target_company_slug", "setting"])
    there = rates["with_level_5"].loc["aldi", "coles"]
    assert (there["linked"], there["siloed"]) == (30, 0)
    assert there["null"] < 10


def test_a_product_of_two_shelves_stands_on_each_once_after_dealing() -> None:
    _, inputs = built([item("aldi", "1", "oats", "A", "B"), item("aldi", "2", "beans", "A")])
    for seed in range(10):
        blocks = with_shuffled_shelves(inputs, seed).blocks
        assert not blocks.duplicated().any() and set(blocks["path"]) == set(inputs.blocks["path"])


@pytest.mark.parametrize(
    ("items", "pairs", "rows"),
    [
        pytest.param([], 0, 0, id="nothing"),
        pytest.param([item("aldi", "1", "oats")], 1, 0, id="one listing without a category"),
        pytest.param([item("aldi", "1", "oats", "Cereal")], 1, 0, id="one listing"),
        pytest.param(shelf("aldi", "crunchy muesli", "Cereal", size=(500.0, "g")), 1, None, id="one company"),
        pytest.param(
            [*shelf("aldi", "crunchy muesli", "Cereal"), *shelf("coles", "crunchy muesli")],
            4,
            None,
            id="two companies of which one has no category",
        ),
        pytest.param([*shelf("aldi", "muesli"), *shelf("coles", "muesli")], 4, None, id="no category at all"),
        pytest.param(
            [item("aldi", "1", "oats", "Cereal"), item("coles", "1", "xylophone", "Muesli")], 4, 0, id="unlike"
        ),
    ],
)
def test_little_or_nothing(items: list[dict], pairs: int, rows: int | None) -> None:
    """``MAPPED`` names Coles throughout: a company with no listing left has no outcome and is nobody's target."""
    found, inputs = built(items)
    assert found.outcomes.groupby(["company_slug", "target_company_slug"]).ngroups == pairs
    assert rows is None or len(found.substitutions) == rows
    null = build_substitutions(with_shuffled_shelves(inputs), spelled(inputs.products["core_name"]), MODEL)
    assert len(null.outcomes) == len(found.outcomes)


def test_frames_of_different_runs_are_refused() -> None:
    _, inputs = built(ITEMS)
    with pytest.raises(ValueError, match="not aligned"):
        build_substitutions(
            SubstitutionInputs(**{**vars(inputs), "product_claims": inputs.product_claims.iloc[::-1]}),
            no_features(),
            MODEL,
        )


def test_an_explanation_agrees_with_the_rows() -> None:
    found, inputs = built(ITEMS)
    features = spelled(inputs.products["core_name"])
    rows = found.substitutions
    scores = dict(zip(zip(rows["product_id"], rows["substitute_id"], strict=True), rows["score"], strict=True))
    ids = inputs.products["product_id"].tolist()
    asked = np.random.default_rng(0).choice(len(ids), (60, 2))
    judge = night_judge(inputs, MODEL)
    for i, j in asked:
        if i != j:
            (told,) = explain_pair(inputs, features, judge, ids[i], ids[j])
            if (ids[i], ids[j]) in scores:
                assert told.is_substitute and told.score == pytest.approx(scores[ids[i], ids[j]], abs=1e-4)
            assert told.is_substitute == told.conclusion.startswith("It is a substitute")


@pytest.mark.parametrize(
    ("product", "substitute", "message"),
    [("aldi:none", "iga:none", "no product aldi:none"), (None, None, "identical product")],
)
def test_what_cannot_be_explained(product: str | None, substitute: str | None, message: str) -> None:
    _, inputs = built(ITEMS)
    known = inputs.products["product_id"].iloc[0]
    with pytest.raises(ValueError, match=message):
        explain_pair(
            inputs,
            spelled(inputs.products["core_name"]),
            night_judge(inputs, MODEL),
            product or known,
            substitute or known,
        )


def test_a_pair_without_a_level_is_no_substitution_however_alike() -> None:
    """One brand, no sizes, shelves that no mapping joins: none of the five levels says anything."""
    items = [item(company, "1", "swiss muesli", "Shelf", brand="same") for company in ("aldi", "coles")]
    found, _ = built(items, equivalences())
    assert len(found.substitutions) == 0
    assert set(found.outcomes["stage"]) == {"no candidate", "no mapping"}


def test_a_brand_of_4000_products_is_not_compared_all_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 16 million pairs of one brand levels 1 to 4 look at those whose names are alike: at so many of each product
    as ``MOST_ALIKE`` says, which is 200 in earnest."""
    monkeypatch.setattr("subs_assets.embedding.matrices.MOST_ALIKE", 10)
    scents = ["lavender", "rosemary", "eucalyptus", "grapefruit", "sandalwood", "honeysuckle", "bergamot", "jasmine"]
    things = ["hand soap", "shampoo", "body lotion", "bath salts", "shower gel", "candle", "room spray"]
    names = [" ".join([*mixed, thing]) for mixed in permutations(scents, 3) for thing in things]
    names += [f"{name} refill" for name in names]
    items = [item("aldi", name, name, brand="soapy", size=(500.0, "ml")) for name in names[:4_000]]
    found, inputs = built(items)
    assert found.candidates == len(inputs.alike_names) == 4_000 * 10
    assert set(found.substitutions["level"]) == {2}
