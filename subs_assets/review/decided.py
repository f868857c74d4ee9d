"""What decisions of all kinds have in common: how a file of them is told from one that makes no sense, and how a
decision is said."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from subs_assets.database.kept_decisions import VERDICTS, WITHDRAW


@dataclass(frozen=True)
class Review:
    """What a file decides. ``decided``: DECIDED_COLUMNS; its index is the row of the file, as a spreadsheet counts them
    (the header is 1). ``undecided``: how many rows have no verdict."""

    decided: pd.DataFrame
    undecided: int


def said(decision: Any) -> str:
    """ "accepted by ann on 2025-01-02", of a row of the table ``decisions``."""
    return f"{decision.verdict}ed by {decision.decided_by} on {decision.decided_at[:10]}"


def said_with_reason(decision: Any) -> str:
    """ "accepted by ann on 2025-01-02: seen in the shop"."""
    has_reason = isinstance(decision.reason, str) and decision.reason
    return f"{said(decision)}: {decision.reason}" if has_reason else said(decision)


def unknown_verdict(verdict: str) -> list[str]:
    """What is wrong with the word, if anything."""
    known = (*VERDICTS, WITHDRAW)
    return [] if verdict.casefold() in known else [f'verdict "{verdict}" is not one of {", ".join(known)}']


def unfit_reason(reason: str) -> list[str]:
    """What is wrong with the reason, if anything."""
    return ["the reason has a NUL character, which no database keeps"] if "\0" in reason else []


def unknown_company(column: str, company: str, known: Collection[str]) -> str:
    """The sentence for a company that is not published."""
    return f'{column}: there is no company "{company}", only {", ".join(sorted(known))}'
