"""Precision, curves and calibration, on labels counted by hand."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.evaluation.intervals import Estimate
from subs_assets.evaluation.substitution_scores import (
    FEWEST_CASES,
    curve,
    expected_calibration_error,
    measured,
    precision_of_shown,
    rate_at,
    reliability,
)

AB, BA = (dict(zip(("company_slug", "target_company_slug"), pair, strict=True)) for pair in (("a", "b"), ("b", "a")))


def test_precision_is_weighted_and_of_what_is_still_shown() -> None:
    labels = pd.DataFrame(
        {
            "company_slug": ["a", "a", "b", "b"],
            "target_company_slug": ["b", "b", "a", "a"],
            "level": [1, 5, 5, 5],
            "is_accepted": [True, False, True, False],
            "is_shown": [True, True, True, False],
            "weight": [3.0, 1.0, 1.0, 9.0],
        }
    )
    found = precision_of_shown(labels)
    assert found.overall.value == pytest.approx(4 / 5)
    assert found.overall.cases == 3
    assert {pair: share.value for pair, share in found.by_pair.items()} == {("a", "b"): 0.75, ("b", "a"): 1.0}
    assert {level: share.value for level, share in found.by_level.items()} == {1: 1.0, 5: 0.5}


@pytest.mark.parametrize(("cases", "is_measured"), [(FEWEST_CASES, True), (FEWEST_CASES - 1, False)])
def test_few_cases_are_no_measurement(cases: int, is_measured: bool) -> None:
    estimate = Estimate(0.9, 0.8, 1.0, cases)
    assert measured(estimate) == (estimate if is_measured else None)


def test_a_curve_trades_precision_for_rate() -> None:
    """The better half of 80 labelled choices is right, three of four of the others; 160 of 200 products have one."""
    labels = pd.DataFrame(
        {
            "score": np.linspace(1, 0.5, 80),
            "is_accepted": [True] * 40 + [True, True, True, False] * 10,
            **AB,
        }
    )
    choices = pd.DataFrame({"score": np.linspace(1, 0.5, 160), **AB})
    points = curve(choices, 200, labels)
    assert len(points) == 80 - FEWEST_CASES + 1
    assert points[0].precision.value == 1.0
    assert points[-1].precision.value == pytest.approx(70 / 80)
    assert points[-1].rate == pytest.approx(0.8)
    assert [point.rate for point in points] == sorted(point.rate for point in points)
    assert rate_at(points, 0.99) == pytest.approx(points[3].rate)
    assert rate_at(points, 0.87) == pytest.approx(0.8)
    assert rate_at(points[-1:], 0.95) is None
    assert curve(choices, 200, labels.iloc[: FEWEST_CASES - 1]) == []


def test_equal_scores_are_one_threshold() -> None:
    labels = pd.DataFrame({"score": [0.9] * 60, "is_accepted": True, **AB})
    assert [point.precision.cases for point in curve(labels, 100, labels)] == [60]


def test_a_labelled_choice_stands_for_the_choices_between_its_companies() -> None:
    """From a to b all 300 choices are as right as the 30 that are labelled, from b to a the only 20 are wrong."""
    right, wrong = (pd.DataFrame({"score": [0.9], "is_accepted": [is_right]}) for is_right in (True, False))
    labels = pd.concat([right.assign(**AB)] * 30 + [wrong.assign(**BA)] * 20)
    choices = pd.concat([right.assign(**AB)] * 300 + [wrong.assign(**BA)] * 20)
    (point,) = curve(choices, 400, labels)
    assert point.precision.value == pytest.approx(300 / 320)
    assert (point.rate, point.precision.cases) == (0.8, 50)


def test_calibration_is_the_distance_of_promise_and_outcome() -> None:
    score = np.array([0.95] * 10 + [0.25] * 30 + [1.0])
    accepted = np.array([True] * 8 + [False] * 2 + [True] * 15 + [False] * 15 + [True])
    bins = reliability(score, accepted)
    assert [one.cases for one in bins] == [30, 11]
    assert (bins[0].promised, bins[0].accepted) == (0.25, 0.5)
    expected = (30 * 0.25 + 11 * abs((9.5 + 1) / 11 - 9 / 11)) / 41
    assert expected_calibration_error(bins) == pytest.approx(expected)
    assert expected_calibration_error([]) is None
    assert expected_calibration_error(bins[:1]) is None, "of fewer than 40 pairs"
