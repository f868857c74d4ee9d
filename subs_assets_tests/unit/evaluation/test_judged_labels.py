"""From labels to judged pairs: by the listings' keys, at the company that the label names; and what other methods would
offer first."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from subs_assets.evaluation.judged_labels import judged_labels, labels_of_products
from subs_assets.evaluation.substitution_evaluation import is_among, method_curves, shown_and_first
from subs_assets.evaluation.substitution_labels import LABEL_KEYS
from subs_assets.evaluation.substitution_methods import CHOICE_COLUMNS, METHODS, OURS, first_choices
from subs_assets.evaluation.substitution_pool import draw
from subs_assets.evaluation.substitution_scores import FEWEST_CASES
from subs_assets.substitution.build import judged_in_parts, night_judge
from subs_assets_tests.small_shops import MODEL, equivalences, inputs_of, item, shops, spelled

GTIN = "09300601001231"
TASTES = ("swiss", "toasted", "honey", "cinnamon", "almond", "maple")
SHOP = shops(
    [
        *(item("aldi", taste, f"crunchy muesli {taste}", "Cereal", brand="a", price=4.0) for taste in TASTES),
        *(item("coles", taste, f"crunchy muesli {taste} mix", "Muesli", brand="c", price=5.0) for taste in TASTES),
        *(item("iga", taste, f"crunchy muesli {taste} mix", "Food", brand="i", price=6.0) for taste in TASTES),
        item("coles", "shared", "rolled oats", "Muesli", gtin=GTIN),
        item("iga", "shared", "rolled oats", "Food", gtin=GTIN),
    ]
)
INPUTS = inputs_of(
    SHOP,
    equivalences(("aldi", "Cereal", "coles", "Muesli", "exact"), ("coles", "Muesli", "aldi", "Cereal", "exact")),
)
FEATURES = spelled(SHOP.products["core_name"])
JUDGE = night_judge(INPUTS, MODEL)
NUMBER = {product: place for place, product in enumerate(SHOP.products["product_id"])}


def label(*key: str) -> pd.DataFrame:
    return pd.DataFrame([key], columns=LABEL_KEYS).assign(
        verdict="accept", words="crunchy muesli, oats", target_words="crunchy muesli rolled"
    )


def test_a_label_is_judged_at_its_own_company_in_the_order_of_the_labels() -> None:
    keys = [
        ("aldi", "swiss", "iga", "shared"),
        ("aldi", "swiss", "coles", "shared"),
        ("aldi", "honey", "coles", "honey"),
        ("coles", "honey", "aldi", "honey"),
    ]
    judged = judged_labels(pd.concat([label(*key) for key in keys], ignore_index=True), INPUTS, FEATURES, JUDGE)
    assert list(judged[LABEL_KEYS].itertuples(index=False, name=None)) == keys
    companies = np.array(JUDGE.offers.companies, object)
    assert companies[judged["company"]].tolist() == ["iga", "coles", "coles", "aldi"]
    assert judged["right"].tolist() == [NUMBER[GTIN], NUMBER[GTIN], NUMBER["coles:honey"], NUMBER["aldi:honey"]]
    one = JUDGE.judge(FEATURES.pairs(np.array([NUMBER["aldi:honey"]]), np.array([NUMBER["coles:honey"]])))
    assert judged.loc[2, "score"] == one["score"].item()


@pytest.mark.parametrize(
    "key",
    [
        ("aldi", "gone", "coles", "honey"),
        ("aldi", "honey", "coles", "gone"),
        ("woolworths", "honey", "coles", "honey"),
        ("coles", "shared", "iga", "shared"),
    ],
)
def test_what_is_not_sold_or_one_product_by_now_is_no_labelled_pair(key: tuple[str, ...]) -> None:
    assert judged_labels(label(*key), INPUTS, FEATURES, JUDGE).empty


@pytest.mark.parametrize("words", [{"words": "lime each"}, {"target_words": "lime cordial"}])
def test_what_another_shop_sells_under_the_same_sku_is_no_labelled_pair(words: dict[str, str]) -> None:
    labelled = label("aldi", "honey", "coles", "honey")
    assert len(labels_of_products(labelled, INPUTS.listings, INPUTS.product_listings)) == 1
    assert labels_of_products(labelled.assign(**words), INPUTS.listings, INPUTS.product_listings).empty


def test_shown_is_what_the_tables_hold_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [("aldi", "honey", "coles", taste) for taste in ("honey", "swiss", "maple")]
    judge = night_judge(INPUTS, replace(MODEL, shown_from=0.1))
    judged = judged_labels(pd.concat([label(*key) for key in keys], ignore_index=True), INPUTS, FEATURES, judge)
    assert judged["accepted"].all() and (judged["level"] > 0).all()

    def shown() -> list[bool]:
        return is_among(judged, shown_and_first(INPUTS, FEATURES, judge)[0]).tolist()

    assert shown() == [True, True, True]
    monkeypatch.setattr("subs_assets.substitution.rows.CAP", 1)
    assert shown() == [True, False, False]


def test_candidates_in_pieces_are_shown_offered_first_and_drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[pd.DataFrame]:
        drawn = draw(INPUTS, FEATURES, JUDGE, np.random.default_rng(0), set())
        return [*shown_and_first(INPUTS, FEATURES, JUDGE), drawn]

    at_once = found()
    monkeypatch.setattr("subs_assets.substitution.build.PAIRS_AT_ONCE", 40)
    assert len(list(judged_in_parts(INPUTS, FEATURES, JUDGE))) > 2
    for whole, in_pieces in zip(at_once, found(), strict=True):
        pd.testing.assert_frame_equal(whole, in_pieces)


def test_a_shared_product_counts_for_each_company_that_sells_it() -> None:
    """All that iga has is sold first by coles; each shop's two products have a choice at aldi, which has one."""
    other = "09300601001248"
    shop = shops(
        [
            item("aldi", "1", "swiss muesli"),
            *(item(company, "1", "swiss muesli clusters", gtin=GTIN) for company in ("coles", "iga")),
            *(item(company, "2", "swiss muesli flakes", gtin=other) for company in ("coles", "iga")),
        ]
    )
    judge = night_judge(inputs_of(shop), MODEL)
    company = {slug: place for place, slug in enumerate(judge.offers.companies)}
    number = {product: place for place, product in enumerate(shop.products["product_id"])}
    choices = pd.DataFrame(
        [(number[gtin], company["aldi"], number["aldi:1"], 0.9) for gtin in (GTIN, other)], columns=CHOICE_COLUMNS
    )
    labelled = choices.iloc[[0]].assign(company_slug="iga", is_accepted=True, stratum=f"first choice, {OURS}")
    labelled = pd.concat([labelled.drop(columns="score")] * FEWEST_CASES)
    found = method_curves({OURS: choices}, labelled, judge)[OURS]
    assert [point.rate for point in found.across] == [4 / (5 * 2)]
    assert {pair: [point.rate for point in points] for pair, points in found.by_pair.items()} == {
        ("iga", "aldi"): [1.0]
    }


def test_every_method_offers_its_nearest_and_never_the_product_itself() -> None:
    _, ours = shown_and_first(INPUTS, FEATURES, JUDGE)
    choices = first_choices(INPUTS, FEATURES, JUDGE, ours)
    assert set(choices) == set(METHODS)
    for found in choices.values():
        assert not found.duplicated(["left", "company"]).any()
        assert (found["left"] != found["right"]).all()
    company = {slug: place for place, slug in enumerate(JUDGE.offers.companies)}

    def offered(method: str, product: str, at: str) -> list[int]:
        found = choices[method]
        return found.loc[(found["left"] == NUMBER[product]) & (found["company"] == company[at]), "right"].tolist()

    for method in (OURS, "linked categories", "tf-idf", "nearest", "rough trial"):
        assert offered(method, "aldi:honey", "coles") == [NUMBER["coles:honey"]]
    assert offered("one category", "aldi:honey", "coles") == offered("linked categories", "aldi:honey", "iga") == []
    assert len(offered("one category", "aldi:honey", "aldi")) == 1


def test_what_is_drawn_says_how_many_it_stands_for_and_leaves_labelled_products_alone() -> None:
    taken = {NUMBER["aldi:honey"], NUMBER["coles:swiss"]}
    drawn = draw(INPUTS, FEATURES, JUDGE, np.random.default_rng(0), taken)
    assert not (set(drawn["left"]) | set(drawn["right"])) & taken
    first = drawn[drawn["stratum"] == f"first choice, {OURS}"]
    products = SHOP.products["product_id"].str.split(":").str[0].value_counts()
    of_aldi = first[(first["company_slug"] == "aldi") & (first["target_company_slug"] == "coles")]
    assert len(of_aldi) == len(TASTES) - 1 - 1  # one is taken, and the first choice of another is
    assert (of_aldi["pooled"] == products["aldi"]).all()
    shown = drawn[drawn["stratum"].str.startswith("shown")]
    assert not shown.empty and (shown["pooled"] >= 1).all()
