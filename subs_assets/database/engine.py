"""How a database is opened, so that a transaction is one; what is in it: ``tables.py`` and ``control_tables.py``."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from time import monotonic, sleep
from typing import Any, Literal

from sqlalchemy import URL, ColumnElement, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from subs_assets.disk import is_full, sentence

BUSY_TIMEOUT_MILLISECONDS = 10_000
"""How long a writer waits for another one: a publication of a million pairs takes a few seconds."""

READERS_MILLISECONDS = 1_000
"""A page or a call has been answered by then; whoever reads an archive out is not waited for."""

JOURNAL_SIZE_LIMIT_BYTES = 64 * 2**20
"""A publication is one transaction, so the write-ahead log grows to its size; afterwards it is cut back to this."""

WRITERS_TURN = 0x73756277
"""First half of the advisory lock that one writer at a time holds on PostgreSQL ("subw"); the second is the schema."""

UNREADABLE_URL = (
    "the database URL cannot be read; it looks like sqlite:///folder/subs.db or postgresql+psycopg://user@host/name; "
    "in a password, @ is written %40, : %3A and / %2F"
)

POSTGRESQL_DEFAULTS = {
    "client_encoding": "utf8",
    "fallback_application_name": "subs_assets",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""What libpq is told where the URL does not say otherwise. A server that is gone is noticed within a minute."""


class DatabaseNotReady(RuntimeError):
    """The database cannot be worked with as it is; the message says why, and what mends it."""


class UnusableUrl(ValueError):
    """A database's URL leads to no database that we work with; the message never holds a password."""


def parse_url(url: str | URL) -> URL:
    """A database's URL in its parts. Raises UnusableUrl where it is none; the message never holds a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # `from None`: the original error may quote the URL, and with it the password.
        raise UnusableUrl(UNREADABLE_URL) from None
    if "@" in (parsed.host or ""):  # the rest of a password; messages name the host
        raise UnusableUrl(UNREADABLE_URL)
    return parsed


def open_engine(url: str | URL) -> Engine:
    """Open a database; the folder of an SQLite file is made. All that one transaction reads is of one moment.

    Raises UnusableUrl when the URL is none, or its driver is not installed or not ours; the message never holds a
    password.
    """
    parsed = parse_url(url)
    try:
        if parsed.get_backend_name() == "postgresql":
            return _open_postgresql(parsed)
        if parsed.get_backend_name() == "sqlite" and (file := sqlite_file(parsed)) is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError):
        raise UnusableUrl(UNREADABLE_URL) from None
    except ImportError:
        # psycopg without a libpq raises it too, and not only where the package is missing.
        raise UnusableUrl(
            f'the driver of {describe(url)} is not installed; for PostgreSQL: pip install "subs_assets[postgresql]"'
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite_connection)
        event.listen(engine, "begin", begin_sqlite_transaction)
    return engine


def _open_postgresql(url: URL) -> Engine:
    if url.get_driver_name() != "psycopg":
        raise UnusableUrl(f"{describe(url)} is worked with through psycopg 3: write postgresql+psycopg://...")
    defaults = {name: value for name, value in POSTGRESQL_DEFAULTS.items() if name not in url.query}
    # REPEATABLE READ: with PostgreSQL's own default every statement of a transaction would see another night.
    # Pre-ping: a run computes for minutes between two reads, and a server or a firewall may end idle connections.
    engine = create_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True, connect_args=defaults)
    event.listen(engine, "connect", _prepare_postgresql_connection)
    return engine


def open_answering(url: str | URL, settings: str = "SUBS_DATABASE_URL or SUBS_HOME") -> Engine:
    """Open a database that answers. Raises DatabaseNotReady where it does not, with the settings that name it, and what
    ``open_engine`` raises."""
    engine = open_engine(url)
    try:
        with engine.connect():
            return engine
    except DBAPIError as error:
        engine.dispose()
        if is_full(error):  # SQLite wants a file beside the database, even to read
            raise DatabaseNotReady(sentence(place_of(url))) from None
        raise DatabaseNotReady(
            f"{describe(url)} cannot be opened ({reason_of(error)}): see that {settings} is right"
        ) from None


@contextmanager
def answering(url: str | URL, settings: str = "SUBS_DATABASE_URL or SUBS_HOME") -> Iterator[Engine]:
    """``open_answering``, and closed again."""
    engine = open_answering(url, settings)
    try:
        yield engine
    finally:
        engine.dispose()


def reason_of(error: DBAPIError) -> str:
    """What the database says, in one line."""
    return " ".join(str(error.orig).split())


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that will write: committed at the end, rolled back by an exception. Writers of one database (on
    PostgreSQL: of one schema) wait for each other.

    SQLite takes the write lock at once (BEGIN IMMEDIATE). A transaction that reads first and writes later would fail at
    once, without waiting, when another writer came between. PostgreSQL would let both write, or undo one of them.
    """
    with engine.connect() as connection, writing_on(connection):
        yield connection


@contextmanager
def writing_on(connection: Connection) -> Iterator[None]:
    """``writing``, on a connection that is open already and in no transaction."""
    if connection.dialect.name == "postgresql":
        # Not REPEATABLE READ: its snapshot would be from before the wait.
        connection.execution_options(isolation_level="READ COMMITTED")
    else:
        connection.execution_options(subs_begin="BEGIN IMMEDIATE")
    with connection.begin():
        if connection.dialect.name == "postgresql":
            _wait_for_writers_turn(connection)
        yield


def _wait_for_writers_turn(connection: Connection) -> None:
    connection.execute(select(func.set_config("lock_timeout", f"{BUSY_TIMEOUT_MILLISECONDS}ms", True)))
    connection.execute(select(func.pg_advisory_xact_lock(WRITERS_TURN, hash_of_schema())))


def empty_write_ahead_log(engine: Engine) -> None:
    """Move what the log of an SQLite file holds into the file: waits READERS_MILLISECONDS for readers that are at work,
    and holds up no reader. Does nothing on PostgreSQL.

    A commit does it too, but not past a reader that is at work at that moment: a log of a gigabyte then lay there until
    the next night, and each reader that found no other one read through all of it first, for half a second.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        with suppress(sqlite3.Error):  # what was committed stands; the next writer tries again
            connection.cursor().execute(f"PRAGMA busy_timeout = {READERS_MILLISECONDS}")
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.cursor().execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        connection.close()


def hash_of_schema() -> ColumnElement[int]:
    """SQL for the second half of an advisory lock: PostgreSQL knows them by database, and ours are a schema's."""
    # A schema that is yet to be made has no name, and a lock on NULL would be none.
    return func.hashtext(func.coalesce(func.current_schema(), ""))


def sqlite_file(url: str | URL) -> Path | None:
    """The file of an SQLite URL; None for another dialect, a database in memory, or an SQLite ``file:`` URI."""
    parsed = make_url(url)
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


def sqlite_address(file: PurePath, mode: Literal["ro", "rw"]) -> str:
    """The ``file:`` URI by which SQLite opens an existing file, of its whole path. On a Windows share the server's name
    is a part of the path: SQLite refuses a URI with an authority."""
    address = file.as_uri().removeprefix("file://")
    return f"file://{address if address.startswith('/') else f'//{address}'}?mode={mode}"


def place_of(url: str | URL) -> Path | str:
    """Whose disk a database lies on: the folder of its file, else the database for a message."""
    file = sqlite_file(url)
    return describe(url) if file is None else file.parent


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
        _use_write_ahead_log(cursor)
        cursor.execute(f"PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT_BYTES}")
        cursor.execute("PRAGMA foreign_keys = ON")
        # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power fails. There are a handful of
        # commits a night, and one of them may be a person's decision; the extra fsync costs milliseconds.
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()


def _use_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """So that readers go on with the old state while a publication writes."""
    deadline = monotonic() + BUSY_TIMEOUT_MILLISECONDS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # Two that open a new file at once: for this one lock SQLite refuses to wait, whatever its timeout.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)


def begin_sqlite_transaction(connection: Connection) -> None:
    """Say BEGIN, which sqlite3 leaves out: reads would otherwise see several moments."""
    connection.exec_driver_sql(connection.get_execution_options().get("subs_begin", "BEGIN"))


def _prepare_postgresql_connection(connection: Any, record: object) -> None:
    # A server, database or role may say otherwise: times are UTC, and a number is written with all its digits.
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'; SET extra_float_digits = 1")
    connection.commit()
