"""An SQLite database that nobody else can write to, to be compared with an archive and migrated in one transaction."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import DBAPIError

from subs_assets.archive.errors import ArchiveError, CommitUnknown, UnreadableDatabase
from subs_assets.archive.manifest import DatabaseEntry, TableDigest
from subs_assets.archive.protocols import ColumnFacts, Object, SequenceState
from subs_assets.archive.same_sql import parts_of_table
from subs_assets.archive.sqlite.schema import quote, read_foreign_key_violations
from subs_assets.archive.sqlite.source import SqliteSource
from subs_assets.archive.sqlite.wipe import SqliteWipe
from subs_assets.database.engine import describe, open_answering, reason_of


class SqliteMigration:
    """What is executed on ``connection`` is there for good only with ``commit``."""

    def __init__(self, connection: Connection, label: str) -> None:
        self.connection = connection
        self._label = label

    def differences(self, entry: DatabaseEntry, archived: dict[str, TableDigest]) -> list[str]:
        """What tells the database from the archived one, a sentence each; empty where they are equal."""
        with self._as_it_is() as raw:
            return SqliteWipe(raw, self._label).differences(entry, archived)

    @contextmanager
    def reading(self) -> Iterator[SqliteSource]:
        """The database as its transaction sees it now."""
        with self._as_it_is() as raw:
            yield SqliteSource(raw, self._label)

    def objects(self) -> dict[Object, frozenset[str]]:
        """All that is no table, and its statement; a view that cannot be read is none."""
        with self._as_it_is() as raw:
            ddl = SqliteSource(raw, self._label).schema.ddl
            return {
                (one.kind, one.name, one.table): frozenset({one.sql})
                for one in ddl
                if one.kind != "table" and (one.kind != "view" or _is_readable(raw, one.name))
            }

    def columns(self) -> dict[tuple[str, str], ColumnFacts]:
        """(table, column) -> what is said of it."""
        with self._as_it_is() as raw:
            ddl = SqliteSource(raw, self._label).schema.ddl
        said = {one.name: parts_of_table(one.sql) for one in ddl if one.kind == "table"}
        return {
            (table, column["name"]): _facts(column, said.get(table, {}).get(column["name"].lower(), ()))
            for (_, table), columns in inspect(self.connection).get_multi_columns().items()
            for column in columns
        }

    def sequences(self) -> dict[str, SequenceState]:
        """None: they are rows of ``sqlite_sequence``."""
        return {}

    def broken_keys(self) -> dict[tuple[str, str], int]:
        """(table, parent) -> rows whose foreign key leads nowhere: foreign keys are off meanwhile."""
        found: Counter[tuple[str, str]] = Counter()
        for one in read_foreign_key_violations(driver_connection(self.connection))[0]:
            found[one.table, one.parent] += one.rows
        return dict(found)

    def commit(self) -> None:
        """Raises ArchiveError where nothing was committed, CommitUnknown where nobody can tell."""
        try:
            self.connection.exec_driver_sql("COMMIT")
        except DBAPIError as problem:
            if driver_connection(self.connection).in_transaction:  # it is rolled back when the block ends
                raise ArchiveError(
                    f"{self._label}: the upgrade could not be committed and is undone: {reason_of(problem)}"
                ) from problem
            # All is committed where the journal was removed, and only its folder could not be synced.
            raise CommitUnknown(
                f"{self._label}: the commit failed ({reason_of(problem)}), and it was done, or nothing was: "
                "`subs db check` tells which"
            ) from problem

    @contextmanager
    def _as_it_is(self) -> Iterator[sqlite3.Connection]:
        """The driver's connection, reading text as the archive does."""
        raw = driver_connection(self.connection)
        text = raw.text_factory
        try:
            yield raw
        finally:
            raw.text_factory = text


@contextmanager
def open_for_migrating(url: str | URL) -> Iterator[SqliteMigration]:
    """Keep every writer out until the block ends; without ``commit`` the database is as it was.

    Raises:
        UnreadableDatabase: somebody else holds its lock for too long.
        DatabaseNotReady: it does not answer.
    """
    engine = open_answering(url)
    try:
        with engine.connect() as connection:
            # Off, or dropping a table would first delete its rows, and with them those of its children. Within a
            # transaction this is not heard.
            driver_connection(connection).execute("PRAGMA foreign_keys = OFF")
            try:
                transaction = connection.execution_options(subs_begin="BEGIN EXCLUSIVE").begin()
            except DBAPIError as problem:
                raise UnreadableDatabase(
                    f"{describe(url)}: cannot be locked for itself: {reason_of(problem)}; end what uses it and try "
                    "again"
                ) from problem
            try:
                yield SqliteMigration(connection, describe(url))
            finally:
                transaction.rollback()
    finally:
        engine.dispose()


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """sqlite3's own connection beneath SQLAlchemy's."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _facts(column: ReflectedColumn, said: tuple[str, ...]) -> ColumnFacts:
    facts = {
        fact: said[said.index(word) + 1]
        for fact, word in (("COLLATE", "collate"), ("GENERATED ALWAYS AS", "as"))
        if word in said[:-1]
    }
    if "autoincrement" in said:
        facts["AUTOINCREMENT"] = ""
    if not column["nullable"]:
        facts["NOT NULL"] = ""
    if column["default"] is not None:
        facts["DEFAULT"] = column["default"]
    return facts


def _is_readable(raw: sqlite3.Connection, view: str) -> bool:
    try:
        raw.execute(f"SELECT * FROM {quote(view)} LIMIT 0")
    except sqlite3.Error:
        return False
    return True
