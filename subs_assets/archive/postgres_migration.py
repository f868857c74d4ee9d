"""A PostgreSQL database that nobody else can use, to be compared with an archive and migrated in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from psycopg.rows import namedtuple_row
from sqlalchemy import URL
from sqlalchemy import Connection as SqlConnection

from subs_assets.archive.errors import UnreadableDatabase
from subs_assets.archive.manifest import DatabaseEntry, Scope, TableDigest
from subs_assets.archive.postgres_connection import Connection, commit, explained, pin
from subs_assets.archive.postgres_source import PostgresSource
from subs_assets.archive.postgres_wipe import PostgresWipe, lock_alone
from subs_assets.database.engine import open_answering

OF_COLUMNS = frozenset({"column", "comment"})
"""Kinds of statement that go with a column, and are called by its name."""


class PostgresMigration:
    """What is executed on ``connection`` is there for good only with ``commit``."""

    def __init__(self, connection: SqlConnection, url: str | URL, scope: Scope) -> None:
        self.connection = connection
        self._raw = driver_connection(connection)
        self._url = url
        self._scope = scope

    def differences(self, entry: DatabaseEntry, archived: dict[str, TableDigest]) -> list[str]:
        """What tells the database from the archived one, a sentence each; empty where they are equal."""
        with self._under_full_names():
            return PostgresWipe(self._raw, self._url, self._scope).differences(entry, archived)

    @contextmanager
    def reading(self) -> Iterator[PostgresSource]:
        """The database as its transaction sees it now."""
        with self._under_full_names():
            yield PostgresSource(self._raw, self._url, self._scope)

    def objects(self) -> set[tuple[str, str, str]]:
        """(kind, name, table) of all that is no table."""
        with self.reading() as source:
            return {
                (one.kind, one.name, one.table)
                for one in source.schema.ddl
                if one.kind != "table" and one.kind not in OF_COLUMNS
            }

    def sequences(self) -> dict[str, object]:
        """sequence -> (value, whether it was given out)."""
        with self.reading() as source:
            return dict(source.sequences())

    def broken_keys(self) -> dict[tuple[str, str], int]:
        """None: PostgreSQL admits none."""
        return {}

    def commit(self) -> None:
        """Raises ArchiveError, CommitUnknown as ``postgres_connection.commit``."""
        commit(self._raw, self._url)

    @contextmanager
    def _under_full_names(self) -> Iterator[None]:
        """The archive says every name with its schema; a revision relies on the path that the URL stands for."""
        self._raw.execute("SET LOCAL search_path = ''")
        yield
        self._raw.execute("SET LOCAL search_path TO DEFAULT")


@contextmanager
def open_for_migrating(url: str | URL, entry: DatabaseEntry) -> Iterator[PostgresMigration]:
    """Keep everybody out of the tables that ``entry`` covers until the block ends; without ``commit`` the database is
    as it was.

    Raises:
        UnreadableDatabase: somebody else holds a lock for too long.
        DatabaseNotReady: it does not answer.
    """
    scope = entry.scope or Scope(only=None, left_out=())
    engine = open_answering(url)
    try:
        with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
            raw = driver_connection(connection)
            raw.row_factory = namedtuple_row  # as the archive's own connections have it; they are tuples too
            transaction = connection.begin()
            try:
                with explained(UnreadableDatabase, url, "cannot be prepared"):
                    pin(raw)
                lock_alone(raw, url, scope)
                migration = PostgresMigration(connection, url, scope)
                raw.execute("RESET search_path")
                yield migration
            finally:
                if raw.closed or raw.broken:
                    connection.invalidate()
                else:
                    transaction.rollback()
    finally:
        engine.dispose()


def driver_connection(connection: SqlConnection) -> Connection:
    return cast(Connection, connection.connection.driver_connection)
