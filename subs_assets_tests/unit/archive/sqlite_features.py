"""Which features of SQLite a file really has, so that a campaign can say what it has met; nothing is judged here."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from subs_assets_tests.unit.archive.generated_sqlite import folded, quote

FEATURES = (
    "encoding UTF-8", "encoding UTF-16le", "encoding UTF-16be", "WAL", "auto_vacuum", "page size other than 4096",
    "user_version or application_id", "free pages", "hidden rowid", "INTEGER PRIMARY KEY", "WITHOUT ROWID", "STRICT",
    "AUTOINCREMENT", "sequence changed by hand", "virtual generated column", "stored generated column",
    "column hides rowid", "no key", "duplicate rows", "empty table", "column added after rows",
    "more rows than one batch", "partial index", "expression index", "descending index", "index with a collation",
    "view", "broken view", "trigger", "foreign key to itself", "cycle of foreign keys", "broken foreign key",
    "foreign key that leads to no key", "broken check", "ON CONFLICT clause", "FTS5", "FTS3 or FTS4", "R*Tree",
    "statistics of ANALYZE", "hostile name", "names equal but for case beyond ASCII", "NULL",
    "integer of 2^53 and more", "2^63-1", "-2^63", "-0.0", "subnormal", "infinity", "empty text", "NUL in text",
    "U+2028, BOM or CRLF", "text that is not the encoding's", "empty blob", "blob", "text or blob in an integer column",
    "nonsense in a DATETIME or JSON column", "cell larger than a page",
)  # fmt: skip
"""What ``features`` tells apart, in the order in which it is shown."""


def features(path: Path) -> set[str]:
    """Those of ``FEATURES`` that are in a file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        found = {name for name, is_there in _of_the_file(connection) if is_there}
        found |= {name for name, is_there in _of_the_schema(connection) if is_there}
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0").fetchall()
        parents: dict[str, set[str]] = {}
        for (table,) in tables:
            found |= {name for name, is_there in _of_a_table(connection, table) if is_there}
            keys = connection.execute('SELECT "table" FROM pragma_foreign_key_list(?)', (table,))
            parents[folded(table)] = {folded(parent) for (parent,) in keys}
        if any(one != two and one in parents.get(two, ()) for one, theirs in parents.items() for two in theirs):
            found.add("cycle of foreign keys")
        return found


def _of_the_file(connection: sqlite3.Connection) -> Iterator[tuple[str, bool]]:
    names = ("encoding", "journal_mode", "auto_vacuum", "page_size", "user_version", "application_id", "freelist_count")
    setting = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}
    yield f"encoding {setting['encoding']}", True
    yield "WAL", setting["journal_mode"] == "wal"
    yield "auto_vacuum", setting["auto_vacuum"] > 0
    yield "page size other than 4096", setting["page_size"] != 4096
    yield "user_version or application_id", bool(setting["user_version"] or setting["application_id"])
    yield "free pages", setting["freelist_count"] > 0
    try:
        yield "broken foreign key", bool(connection.execute("PRAGMA foreign_key_check").fetchall())
    except sqlite3.OperationalError:
        yield "foreign key that leads to no key", True
    checked = connection.execute("PRAGMA integrity_check").fetchall()
    yield "broken check", any("CHECK constraint failed" in line for (line,) in checked)


def _of_the_schema(connection: sqlite3.Connection) -> Iterator[tuple[str, bool]]:
    objects = connection.execute("SELECT type, name, rootpage, coalesce(sql, '') FROM sqlite_master").fetchall()
    names = [name for _, name, _, _ in objects]
    yield "hostile name", any(not folded(name).replace("_", "").isalnum() or not name.isascii() for name in names)
    yield "names equal but for case beyond ASCII", len({*map(str.lower, names)}) < len({*names})
    for kind, name, rootpage, sql in objects:
        if kind == "view":
            yield "view", True
            try:
                connection.execute(f"SELECT * FROM {quote(name)} LIMIT 0")
            except sqlite3.Error:
                yield "broken view", True
        yield "trigger", kind == "trigger"
        if kind == "table" and not rootpage:
            yield "FTS5", "fts5" in sql
            yield "FTS3 or FTS4", "fts3" in sql or "FTS4" in sql
            yield "R*Tree", "rtree" in sql
        if kind == "index" and sql:
            keys = connection.execute(
                'SELECT cid, "desc", coll FROM pragma_index_xinfo(?) WHERE key', (name,)
            ).fetchall()
            yield "expression index", any(cid == -2 for cid, _, _ in keys)
            yield "descending index", any(descending for _, descending, _ in keys)
            yield "index with a collation", any(collation != "BINARY" for _, _, collation in keys)
            yield "partial index", "where" in sql.lower()
        yield "ON CONFLICT clause", kind == "table" and "ON CONFLICT" in sql
        yield "AUTOINCREMENT", kind == "table" and "AUTOINCREMENT" in sql


def _of_a_table(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, bool]]:
    yield "statistics of ANALYZE", table.startswith("sqlite_stat")
    if table == "sqlite_sequence":
        odd = "typeof(seq) <> 'integer' OR seq = 2305843009213693952"
        yield "sequence changed by hand", bool(connection.execute(f"SELECT 1 FROM {table} WHERE {odd}").fetchone())
        return
    if table.startswith("sqlite_stat"):
        return
    listed = "SELECT wr, strict, type FROM pragma_table_list WHERE name = ? AND schema = 'main'"
    without_rowid, is_strict, kind = connection.execute(listed, (table,)).fetchone()
    if kind == "shadow":
        return
    columns = connection.execute("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ? AND type = 'table'", (table,)).fetchone()
    has_index = connection.execute("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'", (table,)).fetchone()
    keys = [name for name, _, place, _ in columns if place]
    yield "WITHOUT ROWID", bool(without_rowid)
    yield "STRICT", bool(is_strict)
    yield "INTEGER PRIMARY KEY", bool(keys) and not has_index
    yield "hidden rowid", not without_rowid and (not keys or bool(has_index))
    yield "no key", not keys
    yield "column hides rowid", any(folded(name) in ("rowid", "oid") for name, _, _, _ in columns)
    yield "virtual generated column", any(hidden == 2 for _, _, _, hidden in columns)
    yield "stored generated column", any(hidden == 3 for _, _, _, hidden in columns)
    yield "column added after rows", "DEFAULT 42" in sql
    parents = connection.execute('SELECT "table" FROM pragma_foreign_key_list(?)', (table,)).fetchall()
    yield "foreign key to itself", any(folded(parent) == folded(table) for (parent,) in parents)
    plain = [(quote(name), declared) for name, declared, _, hidden in columns if not hidden]
    rows = connection.execute(
        f"SELECT {', '.join(name for name, _ in plain)} FROM {quote(table)} NOT INDEXED"
    ).fetchall()
    yield "empty table", not rows
    yield "more rows than one batch", len(rows) > 1000
    yield "duplicate rows", len({repr(row) for row in rows}) < len(rows)
    for row in rows[:50]:
        for value, (_, declared) in zip(row, plain, strict=True):
            yield from _of_a_cell(value, declared.upper())


def _of_a_cell(value: object, declared: str) -> Iterator[tuple[str, bool]]:
    if value is None:
        yield "NULL", True
    elif isinstance(value, int):
        yield "integer of 2^53 and more", abs(value) >= 2**53
        yield "2^63-1", value == 2**63 - 1
        yield "-2^63", value == -(2**63)
    elif isinstance(value, float):
        yield "-0.0", repr(value) == "-0.0"
        yield "subnormal", 0 < abs(value) < 2.2250738585072014e-308
        yield "infinity", math.isinf(value)
    elif isinstance(value, str):
        yield "empty text", not value
        yield "NUL in text", "\0" in value
        yield "U+2028, BOM or CRLF", any(one in value for one in ("\u2028", "\ufeff", "\r\n"))
        yield "text that is not the encoding's", any("\udc80" <= one <= "\udcff" or one == "\ufffd" for one in value)
        yield "nonsense in a DATETIME or JSON column", declared in ("DATETIME", "JSON")
        yield "cell larger than a page", len(value) > 65536
    else:
        yield "empty blob", not value
        yield "blob", True
        yield "nonsense in a DATETIME or JSON column", declared in ("DATETIME", "JSON")
    if "INT" in declared:
        yield "text or blob in an integer column", isinstance(value, str | bytes)
