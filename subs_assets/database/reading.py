"""How a reader opens a database that others write to: it can change nothing, and all that it reads is of one moment."""

import hashlib
import json
import sqlite3
from functools import cache
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, Text, column, create_engine, event, select, table

from subs_assets.database import migrate
from subs_assets.database.engine import (
    BUSY_TIMEOUT_MILLISECONDS,
    begin_sqlite_transaction,
    describe,
    open_engine,
    parse_url,
    sqlite_address,
    sqlite_file,
)
from subs_assets.database.guard import VERSION_TABLE
from subs_assets.database.tables import listings, published_tables

UNMARKED = ""
"""What is published, of a database that a program before ``published_tables`` has filled."""


def open_read_only(url: str | URL) -> Engine:
    """Open a database for reading alone: the database itself refuses to write. No file is made.

    Raises FileNotFoundError for an SQLite file that is not there, and what ``open_engine`` raises.
    """
    if (file := sqlite_file(parse_url(url))) is None:
        engine = open_engine(url)
        event.listen(engine, "connect", _let_postgresql_refuse)
        return engine
    if not file.exists():
        raise FileNotFoundError(f"there is no database {describe(url)}")
    address = sqlite_address(file.absolute(), "ro")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)

    # No pool: a file that is put in this one's place, as a restored archive is, would never be seen, and on Windows
    # could not be put there. Opening one takes a fifth of a millisecond.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "connect", _prepare_sqlite_reader)
    event.listen(engine, "begin", begin_sqlite_transaction)
    return engine


def is_current(connection: Connection) -> bool:
    """Whether the database's revision is this program's. Raises DBAPIError where it cannot be read."""
    found = connection.scalars(select(column("version_num", Text)).select_from(table(VERSION_TABLE)))
    return set(found) == _newest()


def published_mark(connection: Connection) -> str | None:
    """What is published, in a few letters: the same where the content of all tables is; None where nothing is, and
    UNMARKED where nobody noted it."""
    noted = connection.execute(select(published_tables).order_by(published_tables.c.table_name)).all()
    if noted:
        return hashlib.sha256(json.dumps([list(row) for row in noted]).encode()).hexdigest()[:16]
    return None if connection.execute(select(listings.c.sku).limit(1)).first() is None else UNMARKED


@cache
def _newest() -> set[str]:
    return set(migrate.heads())


def _prepare_sqlite_reader(connection: Any, record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")


def _let_postgresql_refuse(connection: Any, record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    connection.commit()
