"""How a database is opened, so that a transaction is one; what is in it stands in ``tables.py`` and ``control.py``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Text

BUSY_TIMEOUT_MILLISECONDS = 10_000
"""How long SQLite waits for another writer: a publication of a million pairs holds the write lock for a few seconds."""

JOURNAL_SIZE_LIMIT_BYTES = 64 * 2**20
"""A publication is one transaction, so the write-ahead log grows to its size; afterwards it is cut back to this."""


class fold(GenericFunction):  # noqa: N801 (a SQL function is spelt like one)
    """``fold(text)``: text for comparison without case. SQLite's own ``lower`` knows only ASCII and misses "MÜSLI"."""

    type = Text()
    inherit_cache = True


@compiles(fold)
def _fold_elsewhere(element: fold, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(fold, "sqlite")
def _fold_on_sqlite(element: fold, compiler: Any, **options: Any) -> str:
    return f"subs_fold({compiler.process(element.clauses, **options)})"


def open_engine(url: str | URL) -> Engine:
    """Open a database; the folder of an SQLite file is made.

    Raises ValueError when the URL is none, or its driver is not installed; the message never holds a password.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and (file := sqlite_file(parsed)) is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError):
        # `from None`: the original error may quote the URL, and with it the password.
        raise ValueError(
            "the database URL cannot be read; it looks like sqlite:///folder/subs.db or postgresql+psycopg://user@host/name"
        ) from None
    except ModuleNotFoundError as error:
        raise ValueError(f"{describe(url)} needs the Python package {error.name!r}, which is not installed") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite_connection)
        event.listen(engine, "begin", _begin_sqlite_transaction)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that will write: committed at the end, rolled back by an exception.

    SQLite takes the write lock at once (BEGIN IMMEDIATE). A transaction that reads first and writes later would fail at
    once, without waiting, when another writer came between.
    """
    with engine.connect().execution_options(subs_begin="BEGIN IMMEDIATE") as connection, connection.begin():
        yield connection


def sqlite_file(url: str | URL) -> Path | None:
    """The file of an SQLite URL; None for another dialect, a database in memory, or an SQLite ``file:`` URI."""
    parsed = make_url(url)
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


def describe(url: str | URL) -> str:
    """The database for a message: an SQLite file's path, else dialect, host and name; never a password or option."""
    parsed = make_url(url)
    file = sqlite_file(parsed)
    if file is not None:
        return str(file)
    place = f"{parsed.host or ''}{f':{parsed.port}' if parsed.port else ''}"
    return f"{parsed.get_backend_name()}://{place}/{parsed.database or ''}"


def _prepare_sqlite_connection(connection: Any, record: object) -> None:
    # Python's sqlite3 opens transactions on its own, and only before INSERT, UPDATE and DELETE: DDL and reads would
    # stand outside (a reader saw a torn snapshot in 35 of 50 runs). None switches that off, and the "begin" listener
    # says BEGIN.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")  # first: the next line may have to wait
        cursor.execute("PRAGMA journal_mode = WAL")  # readers go on with the old state while a publication writes
        cursor.execute(f"PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT_BYTES}")
        cursor.execute("PRAGMA foreign_keys = ON")
        # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power fails. There are a handful of
        # commits a night, and one of them may be a person's decision; the extra fsync costs milliseconds.
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()
    connection.create_function("subs_fold", 1, _fold, deterministic=True)


def _begin_sqlite_transaction(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("subs_begin", "BEGIN"))


def _fold(text: object) -> object:
    return text.casefold() if isinstance(text, str) else text
