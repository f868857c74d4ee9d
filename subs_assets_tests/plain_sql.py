"""SQL by the plain driver of either kind of database, past all of our own code."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import make_url


@contextmanager
def connected(database_url: str) -> Iterator[Any]:
    """A connection of sqlite3 or psycopg; committed at the end, and closed."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        connection: Any = sqlite3.connect(url.database or "")
    else:
        import psycopg

        connection = psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def execute(database_url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    with connected(database_url) as connection:
        for statement in statements:
            connection.execute(statement)


def select(database_url: str, query: str) -> list[tuple[Any, ...]]:
    """A query's rows."""
    with connected(database_url) as connection:
        return connection.execute(query).fetchall()


def table_names(database_url: str) -> list[str]:
    """The tables that a database (on PostgreSQL: the schema that the URL names first) has, in order."""
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if database_url.startswith("sqlite")
        else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    return sorted(name for (name,) in select(database_url, catalogue))


def column_names(database_url: str, table: str) -> list[str]:
    """A table's columns in their order."""
    with connected(database_url) as connection:
        return [column[0] for column in connection.execute(f'SELECT * FROM "{table}" LIMIT 0').description]


def schema(url: str) -> list[tuple[Any, ...]]:
    """Everything that a database's catalogue says of its tables, indexes and views."""
    if url.startswith("sqlite"):
        return select(url, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    return select(
        url,
        "SELECT relkind, relname, attname, format_type(atttypid, atttypmod), attnotnull, attcollation "
        "FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid "
        "WHERE relnamespace = 'public'::regnamespace AND attnum > 0 ORDER BY relkind, relname, attnum",
    )
