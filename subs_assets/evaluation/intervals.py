"""Shares that were counted, with the interval that the number of cases allows; what is counted is decided elsewhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from subs_assets.equivalence.relations import wilson_lower


def wilson_interval(successes: float, cases: float) -> tuple[float, float]:
    """Wilson's score interval (Wilson 1927) of 95 % for a share; (0, 1) without any case.

    Both may be fractional: weighted or otherwise effective cases.

    >>> tuple(round(end, 3) for end in wilson_interval(9, 10)), wilson_interval(0, 0)
    ((0.596, 0.982), (0.0, 1.0))
    """
    if cases <= 0:
        return 0.0, 1.0
    share = successes / cases
    return float(wilson_lower(share, cases)), 1 - float(wilson_lower(1 - share, cases))


@dataclass(frozen=True)
class Share:
    """``successes`` out of ``cases``; both may be fractional."""

    successes: float
    cases: float

    @property
    def rate(self) -> float | None:
        """None without any case."""
        return self.successes / self.cases if self.cases else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.successes, self.cases)

    def __str__(self) -> str:
        if self.rate is None:
            return "no case"
        low, high = self.interval
        return f"{self.rate:.1%} of {self.cases:g} ({low:.1%} to {high:.1%})"


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval and the number of labelled pairs that it rests on; None without any."""

    value: float | None
    low: float
    high: float
    cases: int


def weighted_share(hits: ArrayLike, among: ArrayLike, weight: ArrayLike) -> Estimate:
    """The weighted share of ``hits`` in ``among``; three arrays of one length."""
    hit, case, of = np.asarray(hits, bool), np.asarray(among, bool), np.asarray(weight, np.float64)
    total = float(of[case].sum())
    if not total:
        return Estimate(None, 0.0, 1.0, 0)
    share = float(of[case & hit].sum()) / total
    effective = total**2 / float((of[case] ** 2).sum())
    return Estimate(share, *Share(share * effective, effective).interval, int(case.sum()))
