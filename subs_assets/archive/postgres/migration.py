"""A PostgreSQL database that nobody else can use, to be compared with an archive and migrated in one transaction."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from psycopg.rows import namedtuple_row
from sqlalchemy import URL
from sqlalchemy import Connection as SqlConnection

from subs_assets.archive.errors import UnreadableDatabase
from subs_assets.archive.manifest import DatabaseEntry, Scope, TableDigest
from subs_assets.archive.postgres.catalogue import Catalogue, qualified
from subs_assets.archive.postgres.connection import Connection, commit, explained, pin
from subs_assets.archive.postgres.source import PostgresSource
from subs_assets.archive.postgres.tables import read_relations
from subs_assets.archive.postgres.wipe import PostgresWipe, lock_alone
from subs_assets.archive.protocols import ColumnFacts, Object, SequenceState
from subs_assets.database.engine import open_answering

OF_TABLES = frozenset({"table", "column"})
"""Kinds of statement that say what a table and its columns are."""


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

    def objects(self) -> dict[Object, frozenset[str]]:
        """All that is no table, and the statements that make it; whether it is switched off is part of a trigger."""
        found = defaultdict(set)
        with self.reading() as source:
            for one in source.schema.ddl:
                if one.kind not in OF_TABLES:
                    kind = "trigger" if one.kind == "trigger state" else one.kind
                    found[kind, one.name, one.table].add(one.sql)
        return {one: frozenset(statements) for one, statements in found.items()}

    def columns(self) -> dict[tuple[str, str], ColumnFacts]:
        """(table, column) -> what is said of it."""
        with self._under_full_names():
            catalogue = Catalogue(self._raw, self._scope)
            return {
                (catalogue.name(relation.row.nspname, relation.row.relname), column.attname): _facts(column)
                for relation in read_relations(catalogue)
                for column in relation.columns
            }

    def sequences(self) -> dict[str, SequenceState]:
        """Quoted name -> where it stands: a value, and whether that was given out."""
        with self.reading() as source:
            values = source.sequences()
            catalogue = Catalogue(self._raw, self._scope)
            return {
                name: SequenceState(
                    catalogue.name(row.nspname, row.relname),
                    values[name],
                    (catalogue.name(row.owner_schema, row.owner), row.owner_column) if row.owner else None,
                )
                for row in catalogue.rows(_OWNERS)
                if (name := qualified(row.nspname, row.relname)) in values
            }

    def broken_keys(self) -> dict[tuple[str, str], int]:
        """None: PostgreSQL admits none."""
        return {}

    def commit(self) -> None:
        """Raises ArchiveError, CommitUnknown as ``connection.commit``."""
        commit(self._raw, self._url)

    @contextmanager
    def _under_full_names(self) -> Iterator[None]:
        """The archive says every name with its schema; a revision relies on the path that the URL stands for."""
        with explained(UnreadableDatabase, self._url, "cannot be read"):
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


def _facts(column: Any) -> ColumnFacts:
    facts = {}
    if column.attnotnull:
        facts["NOT NULL"] = ""
    if column.attgenerated:
        facts["GENERATED ALWAYS AS"] = f"({column.expression})"
    elif column.expression is not None:
        facts["DEFAULT"] = _TRAILING_CAST.sub("", column.expression)
    if column.attidentity:
        facts["IDENTITY"] = "GENERATED ALWAYS" if column.attidentity == "a" else "GENERATED BY DEFAULT"
    if column.collation:
        facts["COLLATE"] = column.collation
    return facts


# PostgreSQL writes it behind a literal, and otherwise when the column has got another type.
_TRAILING_CAST = re.compile(r"""(?<=')::[\w\s."]+(\([\d, ]+\))?(\[\])*$""")

_OWNERS: Any = """
    SELECT n.nspname, c.relname, o.relname AS owner, ons.nspname AS owner_schema, a.attname AS owner_column
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_class o ON o.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_namespace ons ON ons.oid = o.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
    WHERE c.relkind = 'S' AND c.relnamespace = ANY (%(schemas)s)
"""


def driver_connection(connection: SqlConnection) -> Connection:
    """psycopg's own connection beneath SQLAlchemy's."""
    return cast(Connection, connection.connection.driver_connection)
