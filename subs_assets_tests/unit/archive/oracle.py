"""Two SQLite files compared cell by cell through the plain driver, without any code of the archive."""

import sqlite3
from contextlib import closing
from pathlib import Path


def content(path: Path) -> dict[str, object]:
    """Everything that a file holds: its schema, and each table's cells with their storage class, rowids included."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        ).fetchall()
        found: dict[str, object] = {"schema": sorted(map(repr, schema))}
        for name in ("user_version", "application_id", "encoding", "page_size", "auto_vacuum", "journal_mode"):
            found[name] = connection.execute(f"PRAGMA {name}").fetchone()
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0").fetchall()
        for (raw_name,) in tables:
            found[raw_name.decode()] = cells(connection, raw_name.decode())
            found[f"broken foreign keys of {raw_name.decode()}"] = broken_foreign_keys(connection, raw_name.decode())
        return found


def broken_foreign_keys(connection: sqlite3.Connection, table: str) -> list[str]:
    """The rows that break a foreign key of the table; or what SQLite says where a key leads to no unique column."""
    quoted = '"' + table.replace('"', '""') + '"'
    try:
        return sorted(map(repr, connection.execute(f"PRAGMA foreign_key_check({quoted})")))
    except sqlite3.OperationalError as problem:
        return [str(problem)]


def cells(connection: sqlite3.Connection, table: str) -> list[str]:
    """The cells of one table, each row as text; ``repr`` tells 1 from 1.0 and 0.0 from -0.0."""
    quoted = '"' + table.replace('"', '""') + '"'
    columns = [row[1].decode() for row in connection.execute(f"PRAGMA table_xinfo({quoted})")]
    names = ['"' + column.replace('"', '""') + '"' for column in columns]
    expressions = [
        f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END" for name in names
    ]
    free = {"rowid", "_rowid_", "oid"} - {column.lower() for column in columns}
    try:
        rows = connection.execute(f"SELECT {', '.join([*sorted(free)[:1], *expressions])} FROM {quoted}").fetchall()
    except sqlite3.OperationalError:  # WITHOUT ROWID
        rows = connection.execute(f"SELECT {', '.join(expressions)} FROM {quoted}").fetchall()
    return sorted(map(repr, rows))


def assert_sound(path: Path) -> None:
    """SQLite itself finds nothing wrong with the file."""
    assert integrity(path) == [("ok",)]


def integrity(path: Path) -> list[tuple[str]]:
    """What SQLite itself finds wrong with the file, sorted: ``[("ok",)]``, or rows that break a check."""
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute("PRAGMA integrity_check(10000)"))
