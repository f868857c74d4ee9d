"""Fills an empty PostgreSQL database from an archive, in one transaction that is committed only when all is right."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg
from sqlalchemy import URL

from subs_assets.archive.errors import ArchiveError, ArchiveLocked, CommitUnknown, RestoreRefused, UnreadableDatabase
from subs_assets.archive.manifest import DatabaseEntry, SchemaObject, Scope, TableDigest, TableEntry
from subs_assets.archive.postgres.catalogue import EARLY, WITH_ROWS, Catalogue, quote
from subs_assets.archive.postgres.connection import (
    VALUE_SETTINGS,
    Connection,
    commit,
    connect,
    explained,
    label,
    pin,
    run_one,
)
from subs_assets.archive.postgres.rows import copy_blocks
from subs_assets.archive.postgres.schema import PostgresSchema, read_schema, sequence_values
from subs_assets.archive.postgres.source import PostgresSource
from subs_assets.archive.postgres.tables import PostgresTable, read_relations, tables_of, without_toast

FIRST_WORDS = frozenset({"CREATE", "ALTER", "COMMENT", "REFRESH"})
NOTHING_CHANGED = "; nothing was changed"
STANDARD_SCHEMA = "public"  # of every new database


class PostgresTarget:
    """A database being filled: ``create_tables``, ``load`` each table, ``finish``, compare ``digests``, ``publish``."""

    def __init__(self, connection: Connection, url: str | URL, entry: DatabaseEntry, scope: Scope) -> None:
        self._connection = connection
        self._url = url
        self._entry = entry
        self._scope = scope
        self._expected = list(entry.ddl)
        self._tables: dict[str, PostgresTable] = {}
        self._there: set[str] = set()  # schemas and extensions that a new database has
        self.broken: list[str] = []

    def create_tables(self, tables: Sequence[TableEntry]) -> None:
        """Make the tables and what they need, without keys, indexes and triggers.

        Raises:
            RestoreRefused: the database is not empty, or cannot be made like the archived one.
        """
        with self._explained("it cannot be prepared"):
            self._prepare(read_schema(self._connection, self._scope))
        self._execute_all(self._entry.ddl[: self._rows_come_here])
        with self._explained("its tables cannot be restored"):
            catalogue = Catalogue(self._connection, self._scope)
            self._tables = {table.name: table for table in tables_of(catalogue, read_relations(catalogue))}

    def load(self, table: TableEntry, lines: Iterable[bytes]) -> None:
        """Copy a table's rows into it."""
        made = self._tables.get(table.name)
        if made is None:
            raise RestoreRefused(f"{label(self._url)}: the archive's DDL makes no table {table.name}{NOTHING_CHANGED}")
        with self._explained(f"table {table.name} cannot be restored"):
            if not table.row_keys:
                rows = sum(1 for _ in lines)
                query = f"INSERT INTO {made.qualified_name} SELECT FROM pg_catalog.generate_series(1, {rows})"
                run_one(self._connection, query)
                return
            columns = ", ".join(quote(key) for key in table.row_keys)
            query = f"COPY {made.qualified_name} ({columns}) FROM STDIN WITH (FREEZE)"
            with self._connection.cursor() as cursor, cursor.copy(query) as copy:
                for block in copy_blocks(lines, table.row_keys):
                    copy.write(block)

    def finish(self, sequences: Iterable[tuple[TableEntry, Iterable[bytes]]]) -> None:
        """Make keys, indexes, views and whatever else follows the rows, set the sequences, and compare all DDL.

        Raises:
            RestoreRefused: the database differs from what was archived.
        """
        self._execute_all(self._entry.ddl[self._rows_come_here :])
        with self._explained("its sequences cannot be restored"):
            for one in self._entry.sequences:
                self._connection.execute(
                    "SELECT pg_catalog.setval(%(name)s::pg_catalog.regclass, %(value)s, %(called)s)", one
                )
        with self._explained("it cannot be compared"):
            self._compare(read_schema(self._connection, self._scope))

    def digests(self) -> dict[str, TableDigest]:
        """table -> (rows, SHA-256) of what was loaded, read anew."""
        try:
            return PostgresSource(self._connection, self._url, self._scope).digests()
        except UnreadableDatabase as problem:
            raise RestoreRefused(f"{problem}{NOTHING_CHANGED}") from None

    def publish(self) -> None:
        """Commit everything.

        Raises:
            RestoreRefused: nothing was committed.
            CommitUnknown: the connection was lost, and nobody can tell.
        """
        try:
            commit(self._connection, self._url)
        except CommitUnknown:
            raise
        except ArchiveError as problem:
            raise RestoreRefused(f"{problem}; nothing was restored into it") from None

    @property
    def _rows_come_here(self) -> int:
        """How many statements come before the rows."""
        kinds = [statement.kind for statement in self._entry.ddl]
        count = max((number for number, kind in enumerate(kinds, start=1) if kind in WITH_ROWS), default=0)
        while count < len(kinds) and kinds[count] in EARLY:
            count += 1
        return count

    def _prepare(self, found: PostgresSchema) -> None:
        """Refuse a database that is not empty; what a new database has beyond the archive is taken away."""
        strangers = [
            f"{one.kind} {one.name}" for one in found.ddl if one.kind not in ("schema", "extension", "comment")
        ]
        strangers += [
            f"{one.kind} {one.name}" for one in found.ddl if one.kind == "extension" and one not in self._entry.ddl
        ]
        strangers += found.not_represented
        archived = {one.name for one in self._entry.ddl if one.kind == "schema"}
        strangers += [f"schema {name}" for name in found.schemas if name not in archived | {STANDARD_SCHEMA}]
        if strangers:
            shown = ", ".join(strangers[:5]) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
            raise RestoreRefused(
                f"{label(self._url)} is not empty: it has {shown}. An archive is restored into an empty database only: "
                f"make a new one (CREATE DATABASE name TEMPLATE template0){NOTHING_CHANGED}"
            )
        encoding = self._entry.settings.get("server_encoding")
        (own,) = self._connection.execute("SELECT pg_catalog.current_setting('server_encoding')").fetchone() or ("",)
        if own != encoding:
            raise RestoreRefused(
                f"{label(self._url)} has the encoding {own}, the archived one had {encoding}: make a database with "
                f"ENCODING '{encoding}' TEMPLATE template0{NOTHING_CHANGED}"
            )
        self._there = {f"{one.kind} {one.name}" for one in found.ddl}
        if STANDARD_SCHEMA in found.schemas and STANDARD_SCHEMA not in archived:
            run_one(self._connection, f"DROP SCHEMA {STANDARD_SCHEMA}")
        self._refuse_missing_extensions()

    def _refuse_missing_extensions(self) -> None:
        rows = self._connection.execute("SELECT name FROM pg_catalog.pg_available_extensions").fetchall()
        available = {name for (name,) in rows}
        for one in self._entry.ddl:
            if one.kind == "extension" and one.name not in available:
                raise RestoreRefused(
                    f"{label(self._url)}: the archive needs the extension {one.name}, which this server does not have; "
                    f"install it there first{NOTHING_CHANGED}"
                )

    def _execute_all(self, statements: Iterable[SchemaObject]) -> None:
        for statement in statements:
            with self._explained(f"its {statement.kind} {statement.name} cannot be restored"):
                if statement.kind in ("foreign key", "check"):
                    self._add_constraint(statement)
                else:
                    self._execute(statement)

    def _execute(self, statement: SchemaObject) -> None:
        if statement.sql.split(maxsplit=1)[0].upper() not in FIRST_WORDS:
            raise RestoreRefused(
                f"{label(self._url)}: the manifest's statement for {statement.kind} {statement.name} is no DDL"
            )
        if statement.kind in ("schema", "extension") and f"{statement.kind} {statement.name}" in self._there:
            return
        run_one(self._connection, statement.sql)

    def _add_constraint(self, statement: SchemaObject) -> None:
        """Add a constraint; where archived rows break it, as NOT VALID, for they are restored as they were."""
        self._connection.execute("SAVEPOINT before_constraint")
        try:
            self._execute(statement)
        except (psycopg.errors.ForeignKeyViolation, psycopg.errors.CheckViolation) as problem:
            self._connection.execute("ROLLBACK TO SAVEPOINT before_constraint")
            unchecked = statement.model_copy(update={"sql": f"{statement.sql} NOT VALID"})
            self._execute(unchecked)
            self._expected[self._expected.index(statement)] = unchecked
            self.broken.append(
                f"{statement.kind} {statement.name} of table {statement.table} is broken by rows that were archived so "
                f"({problem.diag.message_detail or problem.diag.message_primary}); it is NOT VALID now"
            )
        self._connection.execute("RELEASE SAVEPOINT before_constraint")

    def _compare(self, found: PostgresSchema) -> None:
        # Another major version may write the same view with other words; then only what there is can be compared.
        is_same_version = self._entry.server_version.split(".")[0] == str(self._connection.info.server_version // 10000)
        restored, expected = (
            {one if is_same_version else one.model_copy(update={"sql": ""}) for one in ddl}
            for ddl in (found.ddl, self._expected)
        )
        # A table that lost its long columns still has settings of its TOAST table, and a new one gets no such table.
        for one in expected - restored:
            without = one.model_copy(update={"sql": without_toast(one.sql)})
            if without in restored:
                expected = expected - {one} | {without}
        if different := restored ^ expected:
            shown = ", ".join(sorted({f"{one.kind} {one.name}" for one in different}))
            raise RestoreRefused(
                f"{label(self._url)}: the restored schema differs from the archived one: {shown}{NOTHING_CHANGED}"
            )
        if sequence_values(self._connection, found) != self._entry.sequences:
            raise RestoreRefused(
                f"{label(self._url)}: the restored sequences differ from the archived{NOTHING_CHANGED}"
            )

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        with explained(RestoreRefused, self._url, what, NOTHING_CHANGED):
            yield


@contextmanager
def open_target(url: str | URL, entry: DatabaseEntry) -> Iterator[PostgresTarget]:
    """A target for ``url``, a database that exists and is empty; whatever was not published is gone when the block
    ends, or with the process or its connection.

    Raises:
        RestoreRefused: it cannot be connected to.
        ArchiveLocked: another restore into this place is at work.
    """
    scope = entry.scope or Scope(only=None, left_out=())
    settings = {name: str(entry.settings.get(name, value)) for name, value in VALUE_SETTINGS.items()}
    try:
        connection = connect(url, settings)
    except ArchiveError as problem:
        raise RestoreRefused(f"{problem}{NOTHING_CHANGED}") from None
    with closing(connection):
        with explained(RestoreRefused, url, "cannot be locked", NOTHING_CHANGED):
            connection.execute("BEGIN")
            pin(connection, settings)
            (locked,) = connection.execute(
                "SELECT pg_catalog.pg_try_advisory_xact_lock(%s)", (_lock_number(scope),)
            ).fetchone() or (False,)
        if not locked:
            raise ArchiveLocked(f"another restore into {label(url)} is at work; nothing was changed")
        yield PostgresTarget(connection, url, entry, scope)


def _lock_number(scope: Scope) -> int:
    """A number for an advisory lock: restores of the same schemas meet, one of the whole and one of a schema do not."""
    name = f"subs_assets restore {scope.only or ''}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
