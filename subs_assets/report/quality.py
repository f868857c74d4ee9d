"""How good the night's substitutions are, as the report says it; the figures are those of the table ``evaluation``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from subs_assets.evaluation.substitution_scores import NOT_MEASURED


@dataclass(frozen=True)
class Figure:
    """A share with its interval and its cases; ``value`` is None where it is not measured, and ``said`` says why."""

    value: float | None
    low: float | None
    high: float | None
    cases: int
    said: str | None

    def __str__(self) -> str:
        if self.value is None:
            return NOT_MEASURED
        interval = "" if self.low is None or self.high is None else f" ({self.low:.0%} to {self.high:.0%})"
        return f"{self.value:.1%}{interval}"


@dataclass(frozen=True)
class Trap:
    """A pair that nobody would accept, and that is shown."""

    company: str
    target: str
    said: str


@dataclass(frozen=True)
class Quality:
    """``levels``: name of the level -> (precision, precision without reservation); ``precision`` and ``prices`` by
    (company, target company), prices as the median ratio of unit prices and the share that is far off."""

    overall: Figure
    without_reservation: Figure
    ece: Figure
    levels: Mapping[str, tuple[Figure, Figure]]
    precision: Mapping[tuple[str, str], Figure]
    prices: Mapping[tuple[str, str], tuple[Figure, Figure]]
    known_traps: int
    traps: tuple[Trap, ...]


def quality_of(evaluation: pd.DataFrame) -> Quality | None:
    """None for a night that was not evaluated."""
    figures = {
        (row.measure, row.company_slug, row.target_company_slug, row.part): _figure(row)
        for row in evaluation.itertuples(index=False)
    }
    if not figures:
        return None
    levels = sorted(part for measure, *_, part in figures if measure == "precision" and part)
    ratios = [pair for measure, *pair, _ in figures if measure == "unit_price_ratio"]
    shown = evaluation[evaluation["measure"] == "trap_shown"]
    return Quality(
        figures["precision", "", "", ""],
        figures["precision_without_reservation", "", "", ""],
        figures["ece", "", "", ""],
        {
            level: (figures["precision", "", "", level], figures["precision_without_reservation", "", "", level])
            for level in levels
        },
        {
            (company, target): figure
            for (measure, company, target, part), figure in figures.items()
            if measure == "precision" and company and not part
        },
        {
            (company, target): (
                figures["unit_price_ratio", company, target, ""],
                figures["unit_price_far", company, target, ""],
            )
            for company, target in ratios
        },
        figures["traps_shown", "", "", ""].cases,
        tuple(
            Trap(str(row.company_slug), str(row.target_company_slug), str(row.said))
            for row in shown.itertuples(index=False)
        ),
    )


def _figure(row: Any) -> Figure:
    value, low, high = (None if pd.isna(number) else float(number) for number in (row.value, row.low, row.high))
    return Figure(value, low, high, int(row.cases), None if pd.isna(row.said) else str(row.said))
