"""Compares a locked SQLite database with an archive and empties it, in one transaction; who may ask for that is
decided elsewhere.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from subs_assets.archive.comparison import EMPTY, differences
from subs_assets.archive.errors import ArchiveError, CommitUnknown, ResetRefused, UnreadableDatabase
from subs_assets.archive.manifest import DatabaseEntry, TableDigest
from subs_assets.archive.sqlite.schema import quote
from subs_assets.archive.sqlite.source import BUSY_SECONDS, SqliteSource
from subs_assets.database.engine import sqlite_address

KEPT_TABLE = "alembic_version"  # an emptied database is a migrated one


class SqliteWipe:
    """A database under an exclusive lock. What ``wipe`` deletes is gone only with ``commit``."""

    def __init__(self, connection: sqlite3.Connection, label: str) -> None:
        self._connection = connection
        self._source = SqliteSource(connection, label)
        self._label = label
        self._digests = self._source.digests()

    def differences(self, entry: DatabaseEntry, archived: dict[str, TableDigest]) -> list[str]:
        """What tells the live database from the archived one, a sentence each; empty where they are equal.

        Compared are the DDL, every table's rows, and with them the sequences, which are rows of ``sqlite_sequence``.
        """
        schema = self._source.schema
        sentences = [
            f"{statement.kind} {statement.name} is defined otherwise, or only on one side"
            for statement in sorted(
                {*schema.ddl} ^ {*entry.ddl}, key=lambda statement: (statement.kind, statement.name)
            )
        ]
        if not sentences and schema.ddl != entry.ddl:
            sentences.append("the tables, indexes, views or triggers were made in another order")
        return sentences + differences(archived, self._digests)

    def wipe(self) -> dict[str, int]:
        """Delete all rows of all tables but ``alembic_version``; table -> rows deleted.

        Raises:
            ResetRefused: the database has virtual tables, or a table is not empty afterwards (a trigger filled it).
        """
        if virtual := [statement.name for statement in self._source.schema.ddl if statement.kind == "virtual table"]:
            raise ResetRefused(f"virtual tables cannot be emptied safely: {', '.join(virtual)}; drop them first")
        for table in self._digests:
            if table != KEPT_TABLE:
                self._connection.execute(f"DELETE FROM {quote(table)}")
        if left := differences(self._emptied(), self._source.digests()):
            raise ResetRefused(f"after the wipe (a trigger may have written): {'; '.join(left)}")
        return {table: found.rows for table, found in self._digests.items() if table != KEPT_TABLE}

    def commit(self) -> None:
        """Commit; where that ends with an error, the tables tell whether it was done.

        Raises:
            sqlite3.Error: nothing was committed.
            CommitUnknown: nobody can tell.
        """
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as problem:
            if self._connection.in_transaction:  # it is rolled back when the block ends
                raise
            # All is committed where the journal was removed, and only its folder could not be synced.
            try:
                found = self._source.digests()
            except ArchiveError:
                found = {}
            if found == self._digests:
                raise
            if found != self._emptied():
                raise CommitUnknown(
                    f"{self._label}: the commit failed ({problem}), and whether it was done cannot be found out; look "
                    "into the database"
                ) from problem

    def _emptied(self) -> dict[str, TableDigest]:
        return {table: found if table == KEPT_TABLE else EMPTY for table, found in self._digests.items()}


@contextmanager
def open_for_wiping(path: Path) -> Iterator[SqliteWipe]:
    """Keep every writer out until the block ends; without ``commit`` the database is as it was.

    Raises:
        UnreadableDatabase: there is no such database, or somebody else holds its lock for too long.
    """
    if not path.is_file():
        raise UnreadableDatabase(f"{path}: there is no such database file")
    try:
        connection = sqlite3.connect(
            sqlite_address(path.resolve(), "rw"), uri=True, isolation_level=None, timeout=BUSY_SECONDS
        )
    except sqlite3.Error as problem:
        raise UnreadableDatabase(f"{path}: cannot be opened: {problem}") from problem
    with closing(connection):
        try:
            # Off, or deleting a parent would delete or change its children in tables that were dealt with already.
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as problem:
            raise UnreadableDatabase(
                f"{path}: cannot be locked for itself: {problem}; end what uses it and try again"
            ) from problem
        try:
            yield SqliteWipe(connection, path.name)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
