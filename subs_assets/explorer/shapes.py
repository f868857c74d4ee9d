"""Rows of the tables as an API says them: the columns' own names, types and meanings; JSON text as what it holds."""

import json
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd
from pydantic import Field, create_model
from sqlalchemy import Boolean, Column, Float, Integer, Table

JSON_LISTS = frozenset({"path", "target_path", "through_path", "candidate_path", "claims", "reasons"})
"""Columns that hold a JSON array of texts."""
JSON_LISTS_OF_LISTS = frozenset({"parents"})


def row_shape(name: str, columns: Iterable[Column[Any]], **more: Any) -> Any:
    """A pydantic model with a field for each column; ``more``: further fields, as ``create_model`` takes them."""
    fields: dict[str, Any] = {column.name: (_kind(column), Field(description=column.doc)) for column in columns}
    return create_model(name, **(fields | more))


def columns_of(table: Table, *left_out: str) -> list[Column[Any]]:
    """The columns of a table but for those."""
    return [column for column in table.columns if column.name not in left_out]


def rows_of(frame: pd.DataFrame, columns: Collection[str] | None = None) -> list[dict[str, Any]]:
    """A frame's rows in the form of ``row_shape``: None where something is missing."""
    chosen = frame if columns is None else frame[list(columns)]
    return [row_of(row) for row in chosen.to_dict("records")]


def row_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as the API answers it: its columns by name."""
    return {str(name): _value(str(name), value) for name, value in row.items()}


def _kind(column: Column[Any]) -> Any:
    if column.name in JSON_LISTS:
        kind: Any = list[str]
    elif column.name in JSON_LISTS_OF_LISTS:
        kind = list[list[str]]
    elif isinstance(column.type, Boolean):
        kind = bool
    elif isinstance(column.type, Integer):
        kind = int
    else:
        kind = float if isinstance(column.type, Float) else str
    return kind | None if column.nullable else kind


def _value(name: str, value: Any) -> Any:
    if value is None or value is pd.NA:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str) and name in JSON_LISTS:
        return json.loads(value)
    if isinstance(value, str) and name in JSON_LISTS_OF_LISTS:
        return json.loads(value)
    return value
