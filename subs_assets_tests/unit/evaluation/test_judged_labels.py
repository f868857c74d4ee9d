"""From labels to judged pairs: by the listings' keys, at the company that the label names; and what other methods would
offer first."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.evaluation.judged_labels import judged_labels
from subs_assets.evaluation.substitution_labels import KEYS
from subs_assets.evaluation.substitution_methods import METHODS, OURS, first_choices
from subs_assets.evaluation.substitution_pool import draw
from subs_assets.substitution.build import night_judge
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
    return pd.DataFrame([key], columns=KEYS).assign(verdict="accept")


def test_a_label_is_judged_at_its_own_company_in_the_order_of_the_labels() -> None:
    keys = [
        ("aldi", "swiss", "iga", "shared"),
        ("aldi", "swiss", "coles", "shared"),
        ("aldi", "honey", "coles", "honey"),
        ("coles", "honey", "aldi", "honey"),
    ]
    judged = judged_labels(pd.concat([label(*key) for key in keys], ignore_index=True), INPUTS, FEATURES, JUDGE)
    assert list(judged[KEYS].itertuples(index=False, name=None)) == keys
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


def test_every_method_offers_its_nearest_and_never_the_product_itself() -> None:
    choices = first_choices(INPUTS, FEATURES, JUDGE)
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
