"""Rows that were set aside, counted by company and kind of reason, with a few of each as they stand in the files."""

import re
from dataclasses import dataclass

import pandas as pd

EXAMPLES = 3
REASONS_OF_A_COMPANY = 12

VARIABLE = re.compile(r'"[^"]*"(?:[^";]*")*|(?:\S+\.\S+ )?line \d+|(?<![\w-])\d+(?:[.,]\d+)*')
"""What differs between two rows that were set aside for one reason: quoted values, places, numbers. A value may have
quotation marks of its own, and a sentence quotes one at most up to its next semicolon."""


@dataclass(frozen=True)
class Example:
    """One row that was set aside."""

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
    key = ["company_slug", "field", "kind"]
    counts = rows.groupby(key).size().rename("count").reset_index()
    order = ["company_slug", "count", "field", "kind"]
    most = (
        counts.sort_values(order, ascending=[True, False, True, True])
        .groupby("company_slug")
        .head(REASONS_OF_A_COMPANY)
    )
    alike = dict(iter(rows.merge(most[key], on=key).groupby(key)))
    shown = tuple(
        SetAsideReason(company, field, kind, int(count), _examples(alike[company, field, kind]))
        for company, field, kind, count in most.itertuples(index=False)
    )
    return SetAside(shown, len(rows), len(rows) - int(most["count"].sum()))


def _examples(alike: pd.DataFrame) -> tuple[Example, ...]:
    return tuple(
        Example(row.file, int(row.line), row.value if isinstance(row.value, str) else None, _alone(row.reason))
        for row in alike.sort_values(["file", "line"]).head(EXAMPLES).itertuples(index=False)
    )


def kind_of_reason(reason: str) -> str:
    """The reason without what is the row's own.

    >>> kind_of_reason("stands in a.csv line 12 already, with another price; row set aside")
    'stands in … already, with another price'
    """
    return VARIABLE.sub("…", _alone(reason))


def _alone(reason: str) -> str:
    return reason.removesuffix("; row set aside")
