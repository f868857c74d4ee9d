"""Shares that were counted, with the interval that the number of cases allows; what is counted is decided elsewhere."""

from dataclasses import dataclass

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
