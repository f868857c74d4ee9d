"""Rows that were set aside, counted by company and kind of reason, with a few of each as they stand in the files."""

import re
from dataclasses import dataclass

import pandas as pd

EXAMPLES = 3
REASONS_OF_A_COMPANY = 12

VARIABLE = re.compile(r'"[^"]*"|(?:\S+\.\S+ )?line \d+|(?<![\w-])\d+(?:[.,]\d+)*')
"""What differs between two rows that were set aside for one reason: quoted values, places, numbers."""


@dataclass(frozen=True)
class Example:
    file: str
    line: int
    value: str | None
    reason: str


@dataclass(frozen=True)
class SetAsideReason:
    """``rows`` of one company with one kind of reason; ``field`` is what was wrong."""

    company_slug: str
    field: str
    reason: str
    rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class SetAside:
    """The most frequent reasons of each company, most rows first, and the rows of all reasons that are not shown."""

    reasons: tuple[SetAsideReason, ...]
    rows: int
    rows_left_out: int


def set_aside_by_reason(set_aside_rows: pd.DataFrame) -> SetAside:
    """Counts of rows; line 0, which stands for a file as a whole, is no row and is left out."""
    rows = set_aside_rows[set_aside_rows["line"] > 0]
    rows = rows.assign(kind=rows["reason"].map(kind_of_reason))
    found = []
    for (company, field, kind), alike in rows.groupby(["company_slug", "field", "kind"], sort=True):
        first = alike.sort_values(["file", "line"]).head(EXAMPLES)
        examples = tuple(
            Example(row.file, int(row.line), row.value if isinstance(row.value, str) else None, _alone(row.reason))
            for row in first.itertuples(index=False)
        )
        found.append(SetAsideReason(company, field, kind, len(alike), examples))
    found.sort(key=lambda reason: (reason.company_slug, -reason.rows, reason.field, reason.reason))
    shown: list[SetAsideReason] = []
    for reason in found:
        if sum(other.company_slug == reason.company_slug for other in shown) < REASONS_OF_A_COMPANY:
            shown.append(reason)
    return SetAside(tuple(shown), len(rows), len(rows) - sum(reason.rows for reason in shown))


def kind_of_reason(reason: str) -> str:
    """The reason without what is the row's own.

    >>> kind_of_reason("stands in a.csv line 12 already, with another price; row set aside")
    'stands in … already, with another price'
    """
    return VARIABLE.sub("…", _alone(reason))


def _alone(reason: str) -> str:
    return reason.removesuffix("; row set aside")
