"""What a check found: sentences with their gravity, and figures; what is looked at, and what Dagster makes of it, is
decided elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

REPORT_IT = "this is a fault of the program, and no run mends it: report it"
"""What to do about tables that contradict each other."""


class Gravity(IntEnum):
    """What a finding asks for, the gravest last; a note asks for nothing, an error of a blocking check keeps the night
    from being published."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """A sentence about one thing: what was found, where, and what to do."""

    gravity: Gravity
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """Of one check: ``findings``, none where all is well; ``otherwise`` is said where there is none. ``figures`` by
    what a person calls them are drawn over the nights."""

    otherwise: str
    findings: Sequence[Finding] = ()
    figures: Mapping[str, int | float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.gravity is Gravity.NOTE

    @property
    def gravity(self) -> Gravity:
        return max((finding.gravity for finding in self.findings), default=Gravity.NOTE)

    @property
    def sentence(self) -> str:
        """What was found, the gravest first."""
        gravest_first = sorted(self.findings, key=lambda finding: -finding.gravity)
        return first_of([finding.sentence for finding in gravest_first] or [self.otherwise])


def faultless(otherwise: str, faults: Mapping[str, int], remedy: str) -> Verdict:
    """An error that counts every fault of which there is one; ``faults``: what is wrong -> how many."""
    found = ", ".join(f"{count:,} {what}" for what, count in faults.items() if count)
    figures = {what.capitalize(): count for what, count in faults.items()}
    return Verdict(otherwise, [Finding(Gravity.ERROR, f"{found}: {remedy}")] if found else [], figures)


def first_of(sentences: Iterable[str], count: int = 10) -> str:
    """The first sentences in one, and how many more there are."""
    said = list(sentences)
    more = f"; and {len(said) - count} more" if len(said) > count else ""
    return "; ".join(said[:count]) + more
