"""Frames and shares as the Dagster UI shows them; what they say is decided where they are made."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from dagster import MetadataValue, TableMetadataValue, TableRecord

ROWS = 500
"""The UI shows a table whole; more rows belong into the exports. Twenty companies are 400 pairs."""

WARNINGS = "Warnings"


def warned(log: Any, sentences: Sequence[str]) -> dict[str, str]:
    """Say them in the log, and as metadata: on a night that takes what was made earlier they are said again."""
    for sentence in sentences:
        log.warning(sentence)
    return {WARNINGS: "\n\n".join(sentences)} if sentences else {}


def preview(frame: pd.DataFrame, rows: int = ROWS) -> TableMetadataValue:
    """The first rows of a frame as table metadata; values the UI cannot show as they are become text."""
    shown = frame.head(rows).astype(object)
    records = [
        TableRecord({str(name): _cell(value) for name, value in row.items()}) for row in shown.to_dict("records")
    ]
    return MetadataValue.table(records or [TableRecord({"note": "no rows"})])


def percent(shares: pd.Series) -> pd.Series:
    """Shares as a person reads them: 0.585 is "58.5%", an unknown one is empty."""
    return shares.map(lambda share: f"{share:.1%}", na_action="ignore")


def _cell(value: object) -> str | int | float | bool | None:
    if value is None or (isinstance(value, float) and value != value) or value is pd.NA:
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
