"""Compares a locked PostgreSQL database with an archive and empties it, in one transaction; who may ask for that is
decided elsewhere.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import URL

from subs_assets.archive.comparison import EMPTY, differences
from subs_assets.archive.errors import ArchiveError, ResetRefused, UnreadableDatabase
from subs_assets.archive.manifest import DatabaseEntry, SchemaObject, Scope, TableDigest
from subs_assets.archive.postgres.catalogue import Catalogue, members, qualified
from subs_assets.archive.postgres.connection import (
    Connection,
    commit,
    connect,
    explained,
    label,
    lock,
    locking,
    pin,
    run_one,
)
from subs_assets.archive.postgres.objects import REFRESH
from subs_assets.archive.postgres.schema import table_names
from subs_assets.archive.postgres.source import PostgresSource
from subs_assets.archive.postgres.tables import BY_BYTES
from subs_assets.settings import CONTROL_SCHEMA

KEPT_TABLE = "alembic_version"  # an emptied database is a migrated one


class PostgresWipe:
    """A database under exclusive locks. What ``wipe`` deletes is gone only with ``commit``."""

    def __init__(self, connection: Connection, url: str | URL, scope: Scope) -> None:
        self._connection = connection
        self._url = url
        self._source = PostgresSource(connection, url, scope)
        self._lock_sequences()
        self._digests = self._source.digests()

    def differences(self, entry: DatabaseEntry, archived: dict[str, TableDigest]) -> list[str]:
        """What tells the live database from the archived one, a sentence each; empty where they are equal.

        Compared are the DDL, every table's rows, and where the sequences stand.
        """
        schema = self._source.schema
        sentences = [
            f"{statement.kind} {statement.name} is defined otherwise, or only on one side"
            for statement in sorted({*schema.ddl} ^ {*entry.ddl}, key=lambda one: (one.kind, one.name, one.sql))
        ]
        sentences += [f"it has what no archive holds: {sentence}" for sentence in schema.not_represented]
        found = self._source.sequences()
        expected = {str(one["name"]): (one["value"], one["called"]) for one in entry.sequences}
        sentences += [
            f"sequence {name} stands at {found[name][0]}, {expected[name][0]} was archived"
            for name in sorted({*found} & {*expected})
            if found[name] != expected[name]
        ]
        return list(dict.fromkeys(sentences)) + differences(archived, self._digests)

    def wipe(self) -> dict[str, int]:
        """Delete all rows of all tables but ``alembic_version``, let the sequences start again, and fill the
        materialised views anew; table -> rows deleted.

        Raises:
            ResetRefused: a table is not empty afterwards (a trigger filled it), or cannot be emptied; a materialised
                view has rows that no archive brings back.
        """
        self._refuse_stale_views()
        wiped = [table for table in self._source.tables if table.name != KEPT_TABLE]
        with explained(ResetRefused, self._url, "it cannot be emptied"):
            if wiped:
                # All at once, so that foreign keys between them do not matter; one from elsewhere refuses.
                run_one(self._connection, f"TRUNCATE {', '.join(f'ONLY {table.qualified_name}' for table in wiped)}")
            for sequence in self._source.schema.sequences:
                run_one(self._connection, f"ALTER SEQUENCE {sequence} RESTART")
            self._refresh()
        before = self._digests
        expected = {table: found if table == KEPT_TABLE else EMPTY for table, found in before.items()}
        if left := differences(expected, self._source.digests()):
            raise ResetRefused(f"after the wipe (a trigger may have written): {'; '.join(left)}")
        return {table: found.rows for table, found in before.items() if table != KEPT_TABLE}

    def commit(self) -> None:
        commit(self._connection, self._url)

    def _refuse_stale_views(self) -> None:
        """An archive holds a materialised view's query, so rows that it gave another time would be lost."""
        with explained(ResetRefused, self._url, "its materialised views cannot be compared with their queries"):
            before = self._view_digests()
            self._refresh()
            after = self._view_digests()
        if stale := [view for view in before if before[view] != after[view]]:
            raise ResetRefused(
                f"{label(self._url)}: the rows of the materialised view {', '.join(stale)} are not what its query "
                "gives: they are in no archive; refresh it, or drop it"
            )

    def _refresh(self) -> None:
        for statement in self._refreshes():
            run_one(self._connection, statement.sql)

    def _view_digests(self) -> dict[str, str]:
        """materialised view that is filled -> SHA-256 of its rows, whatever their order."""
        digests = {}
        for statement in self._refreshes():
            row_text = "(this.*)::pg_catalog.text"
            query = (
                f"SELECT {row_text} FROM {statement.sql.removeprefix(REFRESH)} AS this ORDER BY {row_text}{BY_BYTES}"
            )
            digest = hashlib.sha256()
            with self._connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as rows:
                for row in rows:
                    digest.update(row)
            digests[statement.name] = digest.hexdigest()
        return digests

    def _refreshes(self) -> list[SchemaObject]:
        return [statement for statement in self._source.schema.ddl if statement.kind == "refresh"]

    def _lock_sequences(self) -> None:
        """Keep nextval out, which waits for the lock that ALTER SEQUENCE takes; no sequence is changed by this."""
        sequences = self._source.schema.sequences
        with locking(self._connection, self._url, sequences, "SHARE ROW EXCLUSIVE", UnreadableDatabase, "sequences"):
            for sequence in sequences:
                run_one(self._connection, f"ALTER SEQUENCE {sequence} AS {self._type_of(sequence)}")

    def _type_of(self, sequence: str) -> str:
        (type_name,) = self._connection.execute(
            "SELECT pg_catalog.format_type(seqtypid, NULL) FROM pg_catalog.pg_sequence "
            "WHERE seqrelid = %s::pg_catalog.regclass",
            (sequence,),
        ).fetchone() or ("bigint",)
        return str(type_name)


@contextmanager
def open_for_wiping(url: str | URL, entry: DatabaseEntry) -> Iterator[PostgresWipe]:
    """Keep everybody out of the tables that ``entry`` covers until the block ends; without ``commit`` the database is
    as it was.

    Raises:
        UnreadableDatabase: it cannot be connected to, or somebody else holds a lock for too long.
        ResetRefused: the archive covers the control state together with the warehouse, or other schemas than the
            warehouse's.
    """
    scope = entry.scope or Scope(only=None, left_out=())
    if CONTROL_SCHEMA in entry.schemas:
        raise ResetRefused(
            f"{label(url)}: the archive holds the control state (schema {CONTROL_SCHEMA}) as a part of the warehouse; "
            "archive both under their own names, so that the control state is not wiped"
        )
    # Whatever the archive says, and however new that schema is.
    scope = (
        scope if scope.only is not None else scope.model_copy(update={"left_out": (*scope.left_out, CONTROL_SCHEMA)})
    )
    try:
        connection = connect(url)
    except ArchiveError as problem:
        raise UnreadableDatabase(str(problem)) from None
    with closing(connection):
        with explained(UnreadableDatabase, url, "cannot be read"):
            connection.execute("BEGIN")
            own_schema = _current_schema(connection)
            pin(connection)
            if scope.only is None and (others := _outside(Catalogue(connection, scope), own_schema)):
                shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
                raise ResetRefused(
                    f"{label(url)}: its URL stands for all schemas, but works in {own_schema or 'none'}, and a reset "
                    f"would empty what may be somebody else's: {shown}; give the warehouse a database of its "
                    "own, or name its schema in the URL (?options=-csearch_path%3Dname), and request the reset again"
                )
        lock_alone(connection, url, scope)
        yield PostgresWipe(connection, url, scope)


def lock_alone(connection: Connection, url: str | URL, scope: Scope) -> None:
    """Keep everybody out of the tables of ``scope`` until the connection's transaction, in READ COMMITTED and with its
    settings pinned, ends.

    Raises:
        UnreadableDatabase: somebody else holds a lock for too long, or makes and drops tables meanwhile.
    """
    with explained(UnreadableDatabase, url, "cannot be read"):
        before = table_names(connection, scope)
    lock(connection, url, list(before.values()), "ACCESS EXCLUSIVE", UnreadableDatabase)
    with explained(UnreadableDatabase, url, "cannot be read"):
        if table_names(connection, scope) != before:
            raise UnreadableDatabase(f"{label(url)}: tables were made or dropped meanwhile; try again")


def _current_schema(connection: Connection) -> str | None:
    """Where whoever connects with this URL makes and finds tables; to be pinned again afterwards."""
    connection.execute("SET LOCAL search_path TO DEFAULT")
    (schema,) = connection.execute("SELECT pg_catalog.current_schema()").fetchone() or (None,)
    return schema


def _outside(catalogue: Catalogue, own_schema: str | None) -> list[str]:
    """What a wipe of all of the scope would change in other schemas than that, by name."""
    return [qualified(row.nspname, row.relname) for row in catalogue.rows(_WIPED) if row.nspname != own_schema]


_WIPED: Any = f"""
    SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'S') AND c.relnamespace = ANY (%(schemas)s)
        AND c.oid NOT IN ({members("pg_class")})
    ORDER BY c.relkind = 'S', n.nspname COLLATE "C", c.relname COLLATE "C"
"""
