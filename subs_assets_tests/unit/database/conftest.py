"""Databases and rows for these tests: each test that asks for one runs on a real SQLite file and on a real PostgreSQL
server, unless it is marked with ``on_sqlite`` or ``on_postgresql``."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Boolean, Engine, Float, Integer, Table

from subs_assets.database.control import open_control
from subs_assets.database.engine import open_engine, writing
from subs_assets.database.frames import conform, insert
from subs_assets.database.migrate import upgrade
from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.postgres_server import PostgresServer

on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of this test's own; a migrated one for a test that also asks for ``engine``."""
    migrated = "engine" in request.fixturenames
    if request.param == "sqlite":
        if migrated:
            shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "subs.db")
        yield sqlite_url(tmp_path / "subs.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name: str = request.getfixturevalue("database_in_turn")
    server.empty_database(name)
    if migrated:
        server.execute(request.getfixturevalue("migrated_script"), name)
    yield server.url(name)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated database, made once and copied by each test that wants one."""
    file = tmp_path_factory.mktemp("migrated") / "subs.db"
    upgrade(sqlite_url(file))
    return file


@pytest.fixture(scope="session")
def migrated_script(postgres_server: PostgresServer) -> str:
    """The SQL that makes an empty database on PostgreSQL a migrated one: several times as fast as the revisions, or as
    a copy of a migrated one."""
    name = postgres_server.new_database()
    upgrade(postgres_server.url(name))
    address = postgres_server.url(name).replace("+psycopg", "")
    dumped = subprocess.run(
        [postgres_server.programs / "pg_dump", "--no-owner", "--inserts", "--dbname", address],
        stdout=subprocess.PIPE, encoding="utf-8", check=True,
    ).stdout  # fmt: skip
    postgres_server.drop_database(name)
    return "".join(line for line in dumped.splitlines(keepends=True) if not line.startswith("\\"))  # psql's own


@pytest.fixture(scope="session")
def database_in_turn(postgres_server: PostgresServer) -> str:
    """The database on PostgreSQL that one of these tests after the other has to itself."""
    return postgres_server.new_database()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_engine(url)
    yield opened
    opened.dispose()


@pytest.fixture
def control_url(url: str, tmp_path: Path) -> str:
    environment = {"SUBS_HOME": str(tmp_path / "home"), "SUBS_DATABASE_URL": url}
    return Settings.from_environment(environment).control_url


@pytest.fixture
def control(control_url: str) -> Iterator[Engine]:
    engine = open_control(control_url)
    yield engine
    engine.dispose()


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


@pytest.fixture
def fill(engine: Engine, rows_of: Callable[..., pd.DataFrame]) -> Callable[..., None]:
    """``fill(table, {...}, {...})`` inserts rows, as ``rows_of`` makes them."""

    def fill(table: Table, *rows: dict[str, object]) -> None:
        with writing(engine) as connection:
            insert(connection, table, rows_of(table, *rows))

    return fill
