"""Wilson's interval: published values, edges, fractional cases, and that it is the one that mappings are judged by."""

import pytest

from subs_assets.equivalence.relations import wilson_lower
from subs_assets.evaluation.intervals import Share, wilson_interval


@pytest.mark.parametrize(
    ("successes", "cases", "low", "high"),
    [
        (9, 10, 0.596, 0.982),
        (0, 10, 0.0, 0.278),
        (10, 10, 0.722, 1.0),
        (81, 263, 0.255, 0.366),  # Newcombe 1998, table I, score method
        (15, 148, 0.062, 0.161),  # the same
        (0, 0, 0.0, 1.0),
        (1.5, 2.5, 0.153, 0.925),
    ],
)
def test_known_intervals(successes: float, cases: float, low: float, high: float) -> None:
    found_low, found_high = wilson_interval(successes, cases)
    assert found_low == pytest.approx(low, abs=6e-4) and found_high == pytest.approx(high, abs=6e-4)


def test_its_lower_end_is_what_mappings_are_judged_by() -> None:
    assert wilson_interval(3, 7.5)[0] == pytest.approx(wilson_lower(3 / 7.5, 7.5))


def test_a_share_says_how_many_cases_it_has() -> None:
    assert str(Share(9, 10)) == "90.0% of 10 (59.6% to 98.2%)"
    assert Share(0, 0).rate is None and str(Share(0, 0)) == "no case"
