"""Reads SQLite: one consistent snapshot of a file, and its tables' rows as lines; nothing is written, and no model is
asked.
"""

import sqlite3
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from pydantic import JsonValue
from sqlalchemy import URL

from subs_assets.archive.data_file import hash_lines
from subs_assets.archive.errors import UnreadableDatabase, UnsupportedDatabase
from subs_assets.archive.manifest import DatabaseEntry, TableDigest
from subs_assets.archive.sqlite.schema import (
    SqliteSchema,
    SqliteTable,
    quote,
    read_alembic_heads,
    read_foreign_key_violations,
    read_schema,
    read_settings,
    read_snapshot_identity,
    read_text_as_it_is,
    used_bytes,
)
from subs_assets.archive.values import UTF_8, RowForm, TextForm
from subs_assets.database.engine import sqlite_address, sqlite_file

BUSY_SECONDS = 30.0  # how long a lock of somebody else is waited for


class SqliteSource:
    """The tables of one SQLite database as one transaction of ``connection`` sees them."""

    def __init__(self, connection: sqlite3.Connection, label: str) -> None:
        """``label`` is how messages call the database."""
        self._connection = connection
        self._label = label
        read_text_as_it_is(connection)
        with self._readable("its schema"):
            self.schema: SqliteSchema = read_schema(connection)

    @property
    def tables(self) -> tuple[SqliteTable, ...]:
        return self.schema.tables

    @property
    def not_represented(self) -> tuple[str, ...]:
        return self.schema.not_represented

    @property
    def size(self) -> int:
        pages = read_snapshot_identity(self._connection)
        return used_bytes(pages, read_settings(self._connection))

    def lines(self, table: SqliteTable, keys: Mapping[str, str] | None = None) -> Generator[bytes]:
        """The table's rows in their order, each as its line of JSON with a line feed; ``keys`` as in ``Source``.

        Raises:
            UnreadableDatabase: SQLite cannot read one of them.
        """
        table = table if keys is None else table.of_columns(keys)
        form = RowForm(tuple((keys or {}).get(key, key) for key in table.row_keys), self.schema.text)
        with self._readable(f"table {table.name}"), closing(self._rows(table)) as rows:
            for row in rows:
                yield form.encode(row)

    def digests(self) -> dict[str, TableDigest]:
        """table -> (rows, SHA-256 of its lines). What ANALYZE noted is derived, no loss, and left out."""
        return {
            table.name: TableDigest(*hash_lines(self.lines(table)))
            for table in self.tables
            if table.kind != "statistics"
        }

    def describe(self) -> DatabaseEntry:
        """What the manifest says of the database."""
        with self._readable("its schema"):
            violations, problem = read_foreign_key_violations(self._connection)
            return DatabaseEntry(
                dialect="sqlite",
                server_version=sqlite3.sqlite_version,
                url=f"sqlite:///{self._label}",
                alembic_heads=read_alembic_heads(self._connection, self.schema),
                ddl=self.schema.ddl,
                sequences=tuple(self._sequences()),
                settings=read_settings(self._connection),
                snapshot=read_snapshot_identity(self._connection),
                foreign_key_violations=violations,
                foreign_key_problem=problem,
            )

    def _sequences(self) -> Iterator[dict[str, JsonValue]]:
        """For a person to read; the exact values are in the file of the table ``sqlite_sequence``."""
        for table in self.tables:
            if table.kind == "sequences":
                for name, value in self._connection.execute("SELECT name, seq FROM sqlite_sequence ORDER BY rowid"):
                    yield {"name": _shown(name), "value": _shown(value)}

    def _rows(self, table: SqliteTable) -> Generator[tuple[object, ...]]:
        # NOT INDEXED: an index that is out of step with its table must not decide which rows there are.
        source = f"FROM {quote(table.name)} NOT INDEXED" + (f" ORDER BY {table.order}" if table.order else "")
        expressions = table.row_expressions
        if self.schema.text == UTF_8:
            yield from self._connection.execute(f"SELECT {', '.join(expressions)} {source}")
            return
        # SQLite would hand out UTF-16 as UTF-8, and change what is no right UTF-16 on the way.
        values = [
            f"CASE typeof({value}) WHEN 'text' THEN CAST({value} AS BLOB) ELSE {value} END" for value in expressions
        ]
        types = [f"typeof({value})" for value in expressions]
        count = len(expressions)
        for row in self._connection.execute(f"SELECT {', '.join([*values, *types])} {source}"):
            yield tuple(
                _decoded(self.schema.text, value) if type_name == "text" else value
                for value, type_name in zip(row[:count], row[count:], strict=True)
            )

    @contextmanager
    def _readable(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            raise UnreadableDatabase(f"{self._label}: {what} cannot be read: {problem}") from problem


@contextmanager
def open_snapshot(path: Path) -> Iterator[SqliteSource]:
    """One consistent state of the file, however much others write meanwhile; what a killed writer left half-way in a
    rollback journal is rolled back first, as whoever opens the file next would.

    Raises:
        UnreadableDatabase: there is no such file, it is no SQLite database, or it stays locked.
    """
    if not path.is_file():
        raise UnreadableDatabase(f"{path}: there is no such database file")
    try:
        connection = _connect(path, "ro")
    except sqlite3.Error as problem:
        raise UnreadableDatabase(f"{path}: cannot be opened: {problem}") from problem
    with closing(connection):
        try:
            try:
                _begin(connection)
            except sqlite3.OperationalError as problem:
                if getattr(problem, "sqlite_errorcode", 0) != sqlite3.SQLITE_READONLY_ROLLBACK:
                    raise
                connection.execute("ROLLBACK")
                with closing(_connect(path, "rw")) as writer:
                    _begin(writer)
                _begin(connection)
        except sqlite3.Error as problem:
            is_locked = getattr(problem, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            remedy = "; wait for whoever writes to it, and try again" if is_locked else ""
            raise UnreadableDatabase(f"{path}: cannot be read: {problem}{remedy}") from problem
        yield SqliteSource(connection, path.name)


def _connect(path: Path, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    return sqlite3.connect(sqlite_address(path.resolve(), mode), uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def _begin(connection: sqlite3.Connection) -> None:
    # An explicit BEGIN, and a read at once: before its first read SQLite takes no snapshot, and without BEGIN every
    # statement takes one of its own (a torn snapshot in 35 of 50 runs, measured).
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def database_path(url: str | URL) -> Path:
    """The file of an SQLite URL.

    Raises:
        UnsupportedDatabase: the URL names no file (a database in memory, or a ``file:`` URI).
    """
    path = sqlite_file(url)
    if path is None:
        raise UnsupportedDatabase("an SQLite database is archived and restored by its file: sqlite:///folder/name.db")
    return path


def _decoded(text: TextForm, value: object) -> object:
    return text.to_text(value) if isinstance(value, bytes) else value


def _shown(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
