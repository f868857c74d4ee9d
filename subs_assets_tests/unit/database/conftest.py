"""Databases and rows for these tests; a database is always a real SQLite file."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Boolean, Engine, Float, Integer, Table

from subs_assets.database.engine import open_engine
from subs_assets.database.frames import conform
from subs_assets.database.migrate import upgrade
from subs_assets.settings import sqlite_url


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "subs.db")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated database, made once and copied by each test that wants one."""
    file = tmp_path_factory.mktemp("migrated") / "subs.db"
    upgrade(sqlite_url(file))
    return file


@pytest.fixture
def engine(url: str, tmp_path: Path, migrated_file: Path) -> Iterator[Engine]:
    shutil.copy(migrated_file, tmp_path / "subs.db")
    opened = open_engine(url)
    yield opened
    opened.dispose()


@pytest.fixture
def rows_of() -> Callable[..., pd.DataFrame]:
    """``rows_of(table, {...}, {...})``: a conformed frame of rows that say only what matters; the rest is filled in."""

    def fill(table: Table, *rows: dict[str, Any]) -> pd.DataFrame:
        def value(column: Any, row: dict[str, Any]) -> Any:
            if column.name in row or column.nullable:
                return row.get(column.name)
            if isinstance(column.type, Boolean):
                return False
            if isinstance(column.type, (Integer, Float)):
                return 0
            return "[]" if column.name in {"claims", "repairs", "parents", "reasons"} else "x"

        return conform(pd.DataFrame([{c.name: value(c, row) for c in table.columns} for row in rows]), table)

    return fill
