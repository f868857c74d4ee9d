"""What the acceptance model sees of a pair, feature by feature."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.substitution import category_relation
from subs_assets.substitution.features import FEATURES, MOST_DOUBLINGS, pair_features
from subs_assets.substitution.offers import Offers
from subs_assets_tests.small_shops import attributes_of

PAIR = {
    "cosine": 0.8,
    "lexical": 0.6,
    "ratio": 1.0,
    "unit_price_ratio": 1.0,
    "relation": category_relation.NO_RELATION,
    "bound": 0.0,
    "bits": 0,
    "lowered": 0,
}


def features(
    product: dict, substitute: dict, departments: tuple = (None, None), sold_at: tuple = ((0,), (0,)), **pair: object
) -> dict[str, float]:
    attributes = attributes_of(product, substitute)
    sold = [(place, company) for place, companies in enumerate(sold_at) for company in companies]
    unknown = np.full(2, np.nan)
    offers = Offers(("a", "b"), pd.DataFrame(sold, columns=["product", "company"]), unknown, np.full(2, -1, np.int32))
    claims = pd.DataFrame({"department": departments})
    judged = pd.DataFrame([{"left": 0, "right": 1, **PAIR, **pair}])
    found = pair_features(attributes, claims, offers).of(judged)
    assert list(found.columns) == list(FEATURES)
    assert found.dtypes.eq(np.float32).all() and not found.isna().any(axis=None)
    return found.iloc[0].to_dict()


@pytest.mark.parametrize(
    ("product", "substitute", "kept", "shared"),
    [
        ("swiss muesli", "swiss muesli", 1, 1),
        ("swiss muesli", "toasted swiss muesli honey", 1, 0.5),
        ("apples", "apple", 1, 1),
        ("oats", "beans", 0, 0),
        ("123", "123", 0, 0),
        ("", "oats", 0, 0),
    ],
)
def test_words(product: str, substitute: str, kept: float, shared: float) -> None:
    found = features({"name": product}, {"name": substitute})
    assert (found["words_kept"], found["words_shared"]) == (kept, shared)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ({"ratio": 4.0}, {"size_doublings": 2, "size_unknown": 0}),
        ({"ratio": 0.25}, {"size_doublings": 2}),
        ({"ratio": 1e6}, {"size_doublings": MOST_DOUBLINGS}),
        ({"ratio": np.nan}, {"size_doublings": 0, "size_unknown": 1}),
        ({"unit_price_ratio": 0.5}, {"price_doublings": 1, "price_unknown": 0}),
        ({"unit_price_ratio": 0.0}, {"price_doublings": MOST_DOUBLINGS}),
        ({"unit_price_ratio": np.nan}, {"price_doublings": 0, "price_unknown": 1}),
        ({"relation": category_relation.SAME, "bound": 1.0}, {"same_category": 1, "mapping_bound": 1}),
        ({"relation": category_relation.CLOSE, "bound": 0.4}, {"matching_category": 1, "mapping_bound": 0.4}),
        ({"relation": category_relation.NARROW}, {"wider_category": 1, "same_category": 0}),
        ({"relation": category_relation.RELATED}, {"related_category": 1}),
        ({"relation": category_relation.CONTRADICTS}, {"contradicting_category": 1}),
        ({"bits": 0b1}, {"same_product": 1, "similar_name": 0}),
        ({"bits": 0b1000}, {"same_product": 0, "similar_name": 1}),
        ({"lowered": 2}, {"preferences_lost": 2}),
    ],
)
def test_of_the_pair(pair: dict, expected: dict[str, float]) -> None:
    found = features({"name": "oats"}, {"name": "oats"}, **pair)
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("brands", "sold_at", "expected"),
    [
        (("a", "a"), ((0,), (0,)), (1, 0)),
        ((None, None), ((0,), (1,)), (0, 0)),
        (("a", "b"), ((0,), (1,)), (0, 0)),
        (("a", "b"), ((0, 1), (1,)), (0, 1)),
        (("a", "b"), ((0, 1), (0, 1)), (0, 0)),
    ],
)
def test_brands(brands: tuple, sold_at: tuple, expected: tuple[float, float]) -> None:
    found = features({"brand": brands[0]}, {"brand": brands[1]}, sold_at=sold_at)
    assert (found["same_brand"], found["other_brand_kind"]) == expected


@pytest.mark.parametrize(
    ("departments", "differ"), [(("pantry", "frozen"), 1), (("pantry", "pantry"), 0), (("pantry", None), 0)]
)
def test_departments(departments: tuple, differ: float) -> None:
    assert features({}, {}, departments)["other_department"] == differ
