"""Reads PostgreSQL: one consistent snapshot of a database, and its tables' rows as lines; nothing is written, and no
model is asked.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager

import psycopg
from sqlalchemy import URL

from subs_assets.archive.data_file import hash_lines
from subs_assets.archive.errors import ArchiveError, UnreadableDatabase
from subs_assets.archive.manifest import DatabaseEntry, Scope, TableDigest
from subs_assets.archive.postgres.connection import (
    VALUE_SETTINGS,
    Connection,
    connect,
    database_identity,
    explained,
    label,
    lock,
    pin,
    scope_of,
)
from subs_assets.archive.postgres.rows import json_lines
from subs_assets.archive.postgres.schema import PostgresSchema, read_schema, sequence_values, table_names
from subs_assets.archive.postgres.tables import PostgresTable

TRIES = 5  # to find the tables after locking them as they were before


class PostgresSource:
    """The tables of one PostgreSQL database as one transaction of ``connection`` sees them."""

    def __init__(self, connection: Connection, url: str | URL, scope: Scope) -> None:
        self._connection = connection
        self._url = url
        self._scope = scope
        with self._readable("its schema"):
            self.schema: PostgresSchema = read_schema(connection, scope)

    @property
    def tables(self) -> tuple[PostgresTable, ...]:
        return self.schema.tables

    @property
    def not_represented(self) -> tuple[str, ...]:
        return self.schema.not_represented

    @property
    def size(self) -> int:
        names = [table.qualified_name for table in self.tables]
        query = """
            SELECT coalesce(sum(pg_catalog.pg_table_size(name::pg_catalog.regclass)), 0)::pg_catalog.int8
            FROM pg_catalog.unnest(%s::pg_catalog.text[]) name
        """
        with self._readable("the size of its tables"):
            (size,) = self._connection.execute(query, (names,)).fetchone() or (0,)
        return int(size)

    def lines(self, table: PostgresTable, keys: Mapping[str, str] | None = None) -> Generator[bytes]:
        """The table's rows in their order, each as its line of JSON with a line feed; ``keys`` as in ``Source``.

        Raises:
            UnreadableDatabase: PostgreSQL cannot read one of them, or does not let this role.
        """
        keys = {key: key for key in table.row_keys} if keys is None else keys
        columns = ", ".join('"' + column.replace('"', '""') + '"' for column in keys)
        query = f"SELECT {columns} FROM ONLY {table.qualified_name} AS this"
        query += f" ORDER BY {table.order}" if table.order else ""
        with (
            self._readable(f"table {table.name}"),
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT") as rows,
        ):
            yield from json_lines(rows, tuple(keys.values()))

    def digests(self) -> dict[str, TableDigest]:
        """table -> (rows, SHA-256 of its lines)."""
        return {table.name: TableDigest(*hash_lines(self.lines(table))) for table in self.tables}

    def describe(self) -> DatabaseEntry:
        """What the manifest says of the database.

        Raises:
            UnreadableDatabase: the schema was changed while the rows were read.
        """
        self._compare_schema()
        with self._readable("its schema"):
            (settings,) = self._connection.execute(_DATABASE).fetchall()
            (snapshot,) = self._connection.execute(_SNAPSHOT).fetchall()
            return DatabaseEntry(
                dialect="postgresql",
                server_version=self._connection.info.parameter_status("server_version") or "",
                url=label(self._url),
                alembic_heads=self._alembic_heads(),
                ddl=self.schema.ddl,
                sequences=sequence_values(self._connection, self.schema),
                # "encoding" is that of the files, as for every database.
                settings={"encoding": "UTF-8", **settings._asdict(), **VALUE_SETTINGS},
                snapshot=snapshot._asdict(),
                foreign_key_violations=(),
                foreign_key_problem=None,
                scope=self._scope,
                schemas=self.schema.schemas,
            )

    def sequences(self) -> dict[str, tuple[object, object]]:
        """sequence -> (value, whether it was given out)."""
        with self._readable("its sequences"):
            return {
                str(one["name"]): (one["value"], one["called"])
                for one in sequence_values(self._connection, self.schema)
            }

    def _compare_schema(self) -> None:
        # The transaction sees the catalogue's rows as of its snapshot, but functions that write DDL see the newest, and
        # neither views nor functions are locked.
        with closing(connect(self._url)) as other, self._readable("its schema"):
            now = read_schema(other, self._scope)
        changed = {f"{one.kind} {one.name}" for one in {*now.ddl} ^ {*self.schema.ddl}}
        changed |= {*now.problems} ^ {*self.schema.problems}
        if changed:
            shown = ", ".join(sorted(changed))
            raise UnreadableDatabase(
                f"{label(self._url)}: its schema was changed while it was read ({shown}); try again"
            )

    def _alembic_heads(self) -> tuple[str, ...]:
        for table in self.tables:
            if table.name == "alembic_version" and "version_num" in table.row_keys:
                query = f"SELECT version_num::pg_catalog.text FROM ONLY {table.qualified_name}"
                rows = self._connection.execute(query).fetchall()
                return tuple(sorted(version for (version,) in rows if version is not None))
        return ()

    @contextmanager
    def _readable(self, what: str) -> Iterator[None]:
        with explained(UnreadableDatabase, self._url, f"{what} cannot be read"):
            yield


@contextmanager
def open_snapshot(url: str | URL, scope: Scope) -> Iterator[PostgresSource]:
    """One consistent state of the database, however much others write meanwhile.

    Raises:
        UnreadableDatabase: it cannot be connected to, a table stays locked or may not be read, there is no such schema.
    """
    with closing(_connect(url)) as connection:
        _begin(connection, url, scope)
        source = PostgresSource(connection, url, scope)
        if scope.only is not None and not source.schema.schemas:
            raise UnreadableDatabase(f"{label(url)}: there is no schema {scope.only}")
        yield source


def scopes(urls: dict[str, str | URL]) -> dict[str, Scope]:
    """What each URL of one archive covers: a URL of a whole database leaves out the schemas that others of the same
    database name, so that each row is archived once.

    Raises:
        UnreadableDatabase: a database cannot be connected to.
        UnsupportedDatabase: a URL names several schemas.
    """
    found = {name: scope_of(url) for name, url in urls.items()}
    if all(scope.only is None for scope in found.values()) or len(found) < 2:
        return found
    identities = {}
    for name, url in urls.items():
        with closing(_connect(url)) as connection, explained(UnreadableDatabase, url, "cannot be read"):
            identities[name] = database_identity(connection)
    return {
        name: scope
        if scope.only is not None
        else Scope(
            only=None,
            left_out=tuple(
                sorted(
                    {
                        other.only
                        for other_name, other in found.items()
                        if other.only is not None and identities[other_name] == identities[name]
                    }
                )
            ),
        )
        for name, scope in found.items()
    }


def _connect(url: str | URL) -> Connection:
    try:
        return connect(url)
    except ArchiveError as problem:
        if type(problem) is ArchiveError:
            raise UnreadableDatabase(str(problem)) from None
        raise


def _begin(connection: Connection, url: str | URL, scope: Scope) -> None:
    """Lock all tables, then take the snapshot: TRUNCATE, which is not MVCC-safe, waits for the locks, and the first
    read after them is what the transaction goes on seeing.
    """
    for _ in range(TRIES):
        with explained(UnreadableDatabase, url, "cannot be read"):
            before = table_names(connection, scope)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            lock(connection, url, list(before.values()), "ACCESS SHARE", UnreadableDatabase)
        except UnreadableDatabase as problem:
            if not isinstance(problem.__context__, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
                raise
            with explained(UnreadableDatabase, url, "cannot be read"):
                connection.execute("ROLLBACK")
            continue  # one of them was dropped meanwhile
        with explained(UnreadableDatabase, url, "cannot be read"):
            pin(connection)
            if table_names(connection, scope) == before:
                return
            connection.execute("ROLLBACK")
    raise UnreadableDatabase(f"{label(url)}: its tables are being made and dropped without end; try again later")


_DATABASE = """
    SELECT pg_catalog.pg_encoding_to_char(encoding) AS server_encoding, datcollate AS lc_collate, datctype AS lc_ctype
    FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
"""

_SNAPSHOT = """
    SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text AS snapshot, pg_catalog.now()::pg_catalog.text AS begun
"""
