"""How right substitutions are on labelled pairs: precision of what is shown, precision and rate of first choices by
threshold, calibration. Pure functions over frames; what is judged, and by whom, is decided elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.equivalence.coverage import PAIR
from subs_assets.evaluation.intervals import Estimate, weighted_share

FEWEST_CASES = 40
"""Labelled pairs, or hidden twins, below which a figure is not measured."""

NOT_MEASURED = "not measured"

BINS = 10

SHOWN = "shown"
"""How the names of the strata of what was shown begin."""


@dataclass(frozen=True)
class Point:
    """One threshold of a precision-rate curve: the share of products that get a first choice from it on, and how many
    of these choices are acceptable."""

    threshold: float
    rate: float
    precision: Estimate


@dataclass(frozen=True)
class Bin:
    """Labelled pairs of about one score: the mean of what was promised, and the share that was accepted."""

    promised: float
    accepted: float
    cases: int


@dataclass(frozen=True)
class Precision:
    """Of what is shown: overall, by (company, target company), by level."""

    overall: Estimate
    by_pair: dict[tuple[str, str], Estimate]
    by_level: dict[int, Estimate]


def measured(estimate: Estimate) -> Estimate | None:
    """None where it rests on fewer than ``FEWEST_CASES``."""
    return estimate if estimate.cases >= FEWEST_CASES else None


def precision_of_shown(labels: pd.DataFrame) -> Precision:
    """``labels``: pairs drawn from what was shown, with ``is_accepted``, ``weight``, ``level``, companies, and
    ``is_shown``: whether each still is."""
    shown = labels[labels["is_shown"]]
    return Precision(
        _share(shown),
        {pair: _share(part) for pair, part in shown.groupby(PAIR, sort=True)},
        {int(level): _share(part) for level, part in shown.groupby("level", sort=True)},
    )


def _share(labels: pd.DataFrame) -> Estimate:
    return weighted_share(labels["is_accepted"], np.ones(len(labels), bool), labels["weight"])


def curve(choices: pd.DataFrame, products: int, labels: pd.DataFrame) -> list[Point]:
    """Precision and rate at every threshold that separates labelled first choices, the highest first; those with fewer
    than ``FEWEST_CASES`` labelled choices are left out.

    ``choices``: ``PAIR`` and ``score`` of the first choice of every product that has one, of ``products`` in all;
    ``labels``: those that are labelled, with ``is_accepted``. Each of these stands for as many choices as there are
    between its two companies for one that is labelled.
    """
    scores = np.sort(choices["score"].to_numpy(np.float64))
    ordered = _weighted(labels, choices).sort_values("score", ascending=False)
    points = []
    for count in range(FEWEST_CASES, len(ordered) + 1):
        threshold = float(ordered["score"].iloc[count - 1])
        if count < len(ordered) and ordered["score"].iloc[count] == threshold:
            continue
        rate = (len(scores) - np.searchsorted(scores, threshold)) / products
        points.append(Point(threshold, float(rate), _share(ordered.iloc[:count])))
    return points


def _weighted(labels: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    # Not by the products of the stratum: only those with a choice could be drawn, and what few companies offer each
    # other would weigh like what many do.
    made = choices.groupby(PAIR).size().reindex(pd.MultiIndex.from_frame(labels[PAIR]))
    labelled = labels.groupby(PAIR)["score"].transform("size")
    return labels.assign(weight=made.to_numpy(np.float64) / labelled.to_numpy(np.float64))


def rate_at(points: Sequence[Point], precision: float) -> float | None:
    """The highest rate at which the curve still has this precision; None where it nowhere has."""
    rates = [point.rate for point in points if (point.precision.value or 0.0) >= precision]
    return max(rates, default=None)


def reliability(score: NDArray[np.float64], accepted: NDArray[np.bool_]) -> list[Bin]:
    """``BINS`` bins of equal width over [0, 1]; empty ones are left out."""
    place = np.minimum((score * BINS).astype(np.intp), BINS - 1)
    return [
        Bin(float(score[place == bin_].mean()), float(accepted[place == bin_].mean()), int((place == bin_).sum()))
        for bin_ in range(BINS)
        if (place == bin_).any()
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float | None:
    """Mean distance of promise and outcome over the bins, by their cases (Naeini, Cooper, Hauskrecht 2015); None with
    fewer than ``FEWEST_CASES``.

    It is of the labelled pairs as they were drawn: no bin counts by how many pairs of the catalogues its strata stand
    for, so that scores of which more were drawn weigh more than they are frequent."""
    cases = sum(one.cases for one in bins)
    if cases < FEWEST_CASES:
        return None
    return sum(abs(one.promised - one.accepted) * one.cases for one in bins) / cases
