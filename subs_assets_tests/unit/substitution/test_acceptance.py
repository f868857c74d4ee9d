"""The probability is the stated logistic function, its shares add up, and a fit finds what made the labels."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.model.trained import shipped_model
from subs_assets.substitution.features import FEATURES, SPEAK_FOR, told_shares
from subs_assets.substitution.training import GIVEN, threshold_for, train_acceptance
from subs_assets_tests.small_shops import MODEL

PAIRS = pd.DataFrame(
    {
        "cosine": [0.9, 0.5],
        "lexical": [0.8, 0.4],
        "same_category": [1.0, 0.0],
        "matching_category": [0.0, 0.0],
        "wider_category": [0.0, 0.0],
        "related_category": [0.0, 0.0],
        "contradicting_category": [0.0, 1.0],
        "preferences_lost": [0.0, 2.0],
        "size_doublings": [0.0, 3.0],
        "not used": [1.0, 1.0],
    }
)


def test_the_probability_is_the_logistic_function_of_the_coefficients() -> None:
    logit = 5 * 0.9 + 5 * 0.8 + 0.5 - 7
    assert MODEL.probability(PAIRS)[0] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)
    assert MODEL.probability(PAIRS.iloc[:0]).shape == (0,)


def test_shares_add_up_to_the_distance_from_a_typical_pair() -> None:
    shares = MODEL.shares(PAIRS)
    logit = np.log(MODEL.probability(PAIRS) / (1 - MODEL.probability(PAIRS)))
    typical = MODEL.intercept + sum(MODEL.coefficients[name] * MODEL.typical[name] for name in MODEL.coefficients)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(logit - typical, abs=0.02)


def test_shares_are_told_by_topic_the_largest_first_and_small_ones_not_at_all() -> None:
    shares = pd.DataFrame(
        {
            "cosine": [0.4, 0.0],
            "lexical": [0.2, 0.0],
            "same_category": [1.2, 0.0],
            "size_doublings": [-0.3, 0.05],
            "same_kind": [0.05, -0.09],
        }
    )
    assert told_shares(shares) == ["category +1.2, name +0.6, size -0.3", "as of a typical pair"]
    assert told_shares(shares.iloc[:0]) == []


def labelled(count: int = 1200) -> tuple[pd.DataFrame, np.ndarray]:
    """Labels that the cosine and the size make, and a price that points against its meaning."""
    random = np.random.default_rng(0)
    features = pd.DataFrame(
        {
            "cosine": random.uniform(0, 1, count),
            "size_doublings": random.uniform(0, 3, count),
            "price_doublings": random.uniform(0, 2, count),
            "same_brand": np.zeros(count),
            **{name: np.zeros(count) for name in GIVEN},
        }
    ).astype(np.float32)
    logit = 8 * features["cosine"] - 1.5 * features["size_doublings"] + 0.7 * features["price_doublings"] - 2
    return features, random.uniform(size=count) < 1 / (1 + np.exp(-logit))


def test_a_fit_finds_what_made_the_labels_and_leaves_out_what_points_against_its_meaning() -> None:
    features, accepted = labelled()
    model = train_acceptance(features, accepted, np.ones(len(features)), 0.9)
    assert set(model.coefficients) == {"cosine", "size_doublings", *GIVEN}
    assert {name: model.coefficients[name] for name in GIVEN} == GIVEN
    assert model.coefficients["cosine"] == pytest.approx(8, abs=1.5)
    assert model.coefficients["size_doublings"] == pytest.approx(-1.5, abs=0.4)
    shown = model.probability(features) >= model.shown_from
    assert accepted[shown].mean() == pytest.approx(0.9, abs=0.03)
    assert model == train_acceptance(features, accepted, np.ones(len(features)), 0.9)


def test_the_threshold_is_the_lowest_that_keeps_the_promise_at_every_higher_one() -> None:
    probability = np.repeat([0.95, 0.85, 0.75, 0.65], 10)
    accepted = np.array([True] * 10 + [False] * 2 + [True] * 8 + [True] * 20)
    ones = np.ones(40)
    assert threshold_for(probability, accepted, ones, 0.9) == 0.01
    assert threshold_for(probability, accepted, ones, 0.95) == 0.86
    light = np.where(accepted, 1.0, 0.001)
    assert threshold_for(probability, accepted, light, 0.95) == 0.01
    with pytest.raises(ValueError, match="no threshold"):
        threshold_for(probability, ~accepted, ones, 0.9)


def test_the_shipped_model_says_only_what_it_can_explain() -> None:
    model = shipped_model().acceptance
    assert set(model.coefficients) == set(model.typical) <= set(FEATURES)
    assert all((value > 0) == (name in SPEAK_FOR) for name, value in model.coefficients.items())
    assert 0.5 < model.shown_from < 1
