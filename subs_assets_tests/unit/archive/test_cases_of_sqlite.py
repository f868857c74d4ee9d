"""Values and structures of SQLite that a copy loses easily, each by itself, archived and restored; the nasty database
of test_restore.py has them together.
"""

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from subs_assets.archive import restore, snapshot, store
from subs_assets.archive.errors import UnreadableDatabase
from subs_assets_tests.unit.archive.conftest import MakeDatabase, url_of
from subs_assets_tests.unit.archive.oracle import content

case = pytest.mark.archive_case


def come_back(source: Path) -> Path:
    """Archive and restore a database, and compare every cell; the archive."""
    archive = snapshot.create({"warehouse": url_of(source)}, source.parent / "archives")
    manifest = store.read_manifest(archive)
    assert manifest.not_represented == ()
    target = source.with_name("restored.db")
    restore.restore(archive, {"warehouse": url_of(target)})
    assert content(target) == content(source)
    return archive


@pytest.mark.parametrize(
    ("kind", "values", "held"),
    [
        pytest.param("REAL", [math.nan], [None], marks=case(13), id="NaN, which SQLite itself keeps as NULL"),
        pytest.param("REAL", [math.inf, -math.inf], None, marks=case(13), id="infinities"),
        pytest.param("", [0.0, -0.0, 5e-324, -5e-324, 2.225e-308], None, marks=case(14), id="-0.0 and subnormals"),
        pytest.param("INTEGER", [2**53, 2**53 + 1, 2**63 - 1, -(2**63)], None, marks=case(15), id="large integers"),
        pytest.param("REAL", [2.0**53, 1e18, 2.0**63], None, marks=case(15), id="reals as large"),
        pytest.param("TEXT", ["\0", "a\0b", "\0\0", "x\0"], None, marks=case(16), id="NUL in text"),
        pytest.param("TEXT", ["", None, "null", "NULL", "\0"], None, marks=case(18), id="empty, NULL and JSON's null"),
        pytest.param("JSON", ["null", '""', None, "", "{}"], None, marks=case(18), id="JSON's null in a JSON column"),
        pytest.param(
            "INTEGER", ["nine", "9x", b"9", b"", ""], None, marks=case(19), id="text and blobs among integers"
        ),
        pytest.param("INTEGER", ["9", 9.0, "1e3", 9.5], [9, 9, 1000, 9.5], marks=case(19), id="what SQLite converts"),
        pytest.param(
            "DATETIME",
            ["soon", "2026-02-30", 0, 12.5, b"\x00", "0000-00-00 24:00"],
            None,
            marks=case(20, 22),
            id="no dates",
        ),
        pytest.param("JSON", ["{", '{"a": NaN}', "\ufeff{}", b"{}", 7], None, marks=case(20), id="no JSON"),
        pytest.param("JSON", ['{"a": 1, "a": 2,  "b": 1.10}'], None, marks=case(26), id="a key twice"),
        pytest.param(
            "DECIMAL(10, 2)", ["1.50", "x"], [1.5, "x"], marks=case(21), id="a scale that SQLite does not keep"
        ),
        pytest.param("TEXT", ["1.50", "1.500", "NaN"], None, marks=case(21), id="a scale that is text"),
        pytest.param(
            "TEXT", ["\u2028", "\u2029", "\ufeff", "\r\n", "\n", "\r"], None, marks=case(28), id="odd line ends"
        ),
    ],
)
def test_values(
    make_database: MakeDatabase, kind: str, values: Sequence[object], held: Sequence[object] | None
) -> None:
    source = make_database(f"CREATE TABLE t (v {kind})", {"INSERT INTO t VALUES (?)": [(value,) for value in values]})
    archive = come_back(source)
    found = [row["v"] for row in store.read_rows(archive, "t")]
    assert list(map(repr, found)) == list(map(repr, values if held is None else held))


@case(17)
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_text_that_is_none(make_database: MakeDatabase, encoding: str) -> None:
    undecodable = ("ff", "41ff00", "eda080", "00d8", "d800", "00dc00d8", "c080", "")
    rows = "".join(f"INSERT INTO t VALUES (CAST(x'{raw}' AS TEXT));" for raw in undecodable)
    come_back(make_database(f"PRAGMA encoding = '{encoding}'; CREATE TABLE t (v TEXT); {rows}"))


@case(29)
def test_hostile_names(make_database: MakeDatabase) -> None:
    names = [
        'q"1"', "it's", "a`b", "[a]", "a/b\\c", "../../etc/passwd", "C:\\x", "select", "table", "NUL", "CON", "a;b--",
        "/*", " ", "%s", "{}", "?1", "\n", "\u2028", "😀", "é", "É", "x" * 300, "manifest.json", "$rowid", "rowid",
    ]  # fmt: skip
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    tables = "".join(f"CREATE TABLE {one} ({one} TEXT UNIQUE, other); " for one in quoted)
    columns = f"CREATE TABLE wide ({', '.join(quoted)});"
    rows = "".join(f"INSERT INTO {one} VALUES ('{number}', 1);" for number, one in enumerate(quoted))
    archive = come_back(make_database(f"{tables}{columns}{rows} INSERT INTO wide ({quoted[0]}) VALUES (1)"))
    files = [path.name for path in (archive / "data").iterdir()]
    assert len(files) == len(names) + 1
    assert all(name.isascii() and not {*name} & {*"\\/:*?\"<>|'% "} for name in files)
    assert [list(row.values()) for row in store.read_rows(archive, "../../etc/passwd")] == [[1, "5", 1]]


@case(30, 31)
def test_cycles_of_foreign_keys_and_rows_that_break_them(make_database: MakeDatabase) -> None:
    source = make_database(
        "CREATE TABLE hens (id INTEGER PRIMARY KEY, egg REFERENCES eggs (id) DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TABLE eggs (id INTEGER PRIMARY KEY, hen REFERENCES hens ON DELETE CASCADE, twin REFERENCES eggs,"
        " CHECK (twin <> id));"
        "INSERT INTO hens VALUES (1, 1), (2, 99); INSERT INTO eggs VALUES (1, 1, 2), (2, 77, NULL);"
        "PRAGMA ignore_check_constraints = ON; INSERT INTO eggs VALUES (3, 1, 3)"
    )
    archive = come_back(source)
    broken = store.read_manifest(archive).databases["warehouse"].foreign_key_violations
    assert [(one.table, one.parent, one.rows) for one in broken] == [("eggs", "hens", 1), ("hens", "eggs", 1)]


@case(32)
def test_rows_without_a_key_come_back_as_often_as_they_were(make_database: MakeDatabase) -> None:
    source = make_database(
        "CREATE TABLE t (a, b)", {"INSERT INTO t VALUES (?, ?)": [(1, "x")] * 3 + [(None, None)] * 2}
    )
    rows = [(row["a"], row["b"]) for row in store.read_rows(come_back(source), "t")]
    assert rows == [(1, "x")] * 3 + [(None, None)] * 2


@case(33)
@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (9, 'x'), (-3, 'y'), (9223372036854775807, 'z')",
        "CREATE TABLE t (a COLLATE NOCASE, b, PRIMARY KEY (b DESC, a)) WITHOUT ROWID; INSERT INTO t VALUES ('B', 1)",
        "CREATE TABLE t (a INT, b ANY, c BLOB) STRICT; INSERT INTO t VALUES (1, '1', x'31'), (2, 1.0, NULL)",
        "CREATE VIRTUAL TABLE t USING fts5 (a); INSERT INTO t VALUES ('a b'), ('c'); DELETE FROM t WHERE a = 'c'",
        "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, a); INSERT INTO t VALUES (3, 'c'), (NULL, 'd')",
    ],
    ids=["rowids", "WITHOUT ROWID", "STRICT", "FTS5", "a key that is no rowid"],
)
def test_kinds_of_tables(make_database: MakeDatabase, script: str) -> None:
    come_back(make_database(script))


@case(34)
def test_generated_columns_and_sequences_go_on_as_they_would_have(make_database: MakeDatabase) -> None:
    source = make_database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, twice AS (a * 2), kept AS (a || '!') STORED UNIQUE);"
        "INSERT INTO t (a) VALUES (1), (2), (3); DELETE FROM t WHERE id = 3"
    )
    come_back(source)
    for path in (source, source.with_name("restored.db")):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("INSERT INTO t (a) VALUES (7)")
            assert connection.execute("SELECT * FROM t WHERE a = 7").fetchall() == [(4, 7, 14, "7!")]


@case(35)
def test_empty_tables(make_database: MakeDatabase) -> None:
    archive = come_back(
        make_database("CREATE TABLE t (a); CREATE TABLE u (a PRIMARY KEY) WITHOUT ROWID; CREATE TABLE v (a AS (1), b)")
    )
    assert [table.rows for table in store.read_manifest(archive).tables] == [0, 0, 0]


@case(37)
def test_a_table_that_cannot_be_read_is_an_error_and_not_left_out(make_database: MakeDatabase, tmp_path: Path) -> None:
    """SQLite has no rights on tables; one whose pages are damaged is what cannot be read."""
    source = make_database(
        "CREATE TABLE fine (a); INSERT INTO fine VALUES (1); CREATE TABLE damaged (a)",
        {"INSERT INTO damaged VALUES (?)": [("x" * 500,) for _ in range(100)]},
    )
    with closing(sqlite3.connect(source)) as connection:
        (page,) = connection.execute(
            "SELECT max(pageno) FROM dbstat WHERE name = 'damaged' AND pagetype = 'leaf'"
        ).fetchone()
    with source.open("r+b") as handle:
        handle.seek((page - 1) * 4096)
        handle.write(b"\xff" * 4096)
    with pytest.raises(UnreadableDatabase, match="table damaged cannot be read: database disk image is malformed"):
        snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    assert store.list_archives(tmp_path / "archives") == []
