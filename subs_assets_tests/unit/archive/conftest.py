"""Real SQLite files for the tests of the archive."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

MakeDatabase = Callable[..., Path]


@pytest.fixture
def make_database(tmp_path: Path) -> MakeDatabase:
    """A new SQLite file from a script, and then rows: statement -> parameters of each."""

    def make(script: str, rows: dict[str, list[tuple[object, ...]]] | None = None, name: str = "source.db") -> Path:
        path = tmp_path / name
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # a test's input need not survive a power cut
            connection.executescript(script)
            connection.execute("BEGIN")
            for statement, parameters in (rows or {}).items():
                connection.executemany(statement, parameters)
            connection.execute("COMMIT")
        return path

    return make


@pytest.fixture
def shop(make_database: MakeDatabase) -> Path:
    """A small database with two tables, 300 rows."""
    return make_database(
        "CREATE TABLE companies (slug TEXT PRIMARY KEY);"
        "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL)",
        {
            "INSERT INTO companies VALUES (?)": [("aldi",), ("coles",)],
            "INSERT INTO products VALUES (?, ?, ?)": [(i, f"Müsli {i}", i / 7) for i in range(298)],
        },
    )


def put_text_into_an_integer_column(path: Path) -> None:
    """Add a table whose column was TEXT when its only value came, and became INTEGER by an edit of the schema."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE bent (a TEXT)")
        connection.execute("INSERT INTO bent VALUES ('12')")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE bent (a INTEGER)' WHERE name = 'bent'")


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"
