import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from subs_assets.archive import digest, drill, restore, snapshot, store
from subs_assets.archive.errors import ArchiveLocked, RestoreRefused
from subs_assets_tests.unit.archive.conftest import MakeDatabase, put_text_into_an_integer_column, url_of
from subs_assets_tests.unit.archive.oracle import content

NASTY_SCHEMA = """
PRAGMA user_version = 7; PRAGMA application_id = -5;
CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT, other REFERENCES parents (id));
CREATE TABLE "q ""1""/é[" (a TEXT PRIMARY KEY, b REAL, "c;d" INTEGER CHECK (b > 0), e BLOB, any_type,
    doubled GENERATED ALWAYS AS (b * 2) VIRTUAL, kept GENERATED ALWAYS AS ("c;d") STORED,
    FOREIGN KEY ("c;d") REFERENCES parents (id));
CREATE TABLE stored_by_key (a TEXT COLLATE NOCASE, b INT, PRIMARY KEY (b DESC, a)) WITHOUT ROWID;
CREATE TABLE strict (a INT, b ANY) STRICT;
CREATE TABLE hides_a_name (rowid, "$RowID");
CREATE TABLE hides_two_names (rowid, oid TEXT);
CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, x);
CREATE TABLE empty (x);
CREATE TABLE dates (at DATETIME, raw JSON);
CREATE VIRTUAL TABLE words USING fts5 (t); INSERT INTO words VALUES ('hello world'), ('bye');
CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1); INSERT INTO boxes VALUES (1, 2.0, 3.0);
CREATE UNIQUE INDEX partial ON "q ""1""/é[" (e) WHERE b > 1;
CREATE INDEX computed ON strict (a + 1);
CREATE VIEW broken AS SELECT nope FROM missing;
CREATE VIEW all_parents AS SELECT * FROM parents;
CREATE TRIGGER noisy AFTER INSERT ON parents BEGIN INSERT INTO strict VALUES (1, 2); END;
CREATE TRIGGER instead INSTEAD OF INSERT ON all_parents BEGIN INSERT INTO parents (other) VALUES (new.other); END;
INSERT INTO hides_a_name VALUES (4, 5), (4, 5); INSERT INTO hides_two_names (_rowid_, oid) VALUES (9, 'x'), (-3, 'x');
INSERT INTO descending VALUES (3, 'c'), (1, 'a'), (NULL, 'none');
INSERT INTO all_parents (other) VALUES (NULL), (1), (77); DELETE FROM parents WHERE id = 2;
INSERT INTO stored_by_key VALUES ('A', 1), ('b', 1), ('c', 9);
INSERT INTO dates VALUES ('not a date', '{"a": 1, "a": NaN'), (x'00', 12);
ANALYZE;
"""
NASTY_ROWS = [
    ("nul\0😀\u2028\ufeff\r\n", 0.1, 2**60, b"\0\xff", -0.0),
    ("", float("inf"), "text in a number", "", 1.0),
    ("two\nlines", 5e-324, None, None, float("-inf")),
    ("null", 1.7976931348623157e308, -(2**63), b"", 2**63 - 1),
    ("{}", 1e16, 9007199254740993, "x" * 300_000, 9007199254740992.0),
]


@pytest.mark.archive_case(10, 13, 14, 15, 16, 17, 18, 19, 20, 26, 28, 29, 30, 31, 32, 33, 34, 35)
@pytest.mark.parametrize(
    ("encoding", "journal_mode"), [("UTF-8", "wal"), ("UTF-8", "delete"), ("UTF-16le", "wal"), ("UTF-16be", "delete")]
)
def test_a_nasty_database_comes_back_cell_by_cell(
    make_database: MakeDatabase, tmp_path: Path, encoding: str, journal_mode: str
) -> None:
    script = f"PRAGMA encoding = '{encoding}'; PRAGMA page_size = 8192; PRAGMA journal_mode = {journal_mode};"
    source = make_database(script + NASTY_SCHEMA)
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        rows = [(f"{place}{row[0]}", *row[1:]) for place, row in enumerate(NASTY_ROWS)]
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.executemany('INSERT INTO "q ""1""/é[" (a, b, "c;d", e, any_type) VALUES (?, ?, ?, ?, ?)', rows)
        connection.execute('INSERT INTO "q ""1""/é[" (a, b) VALUES (?, -3.5)', ("breaks the check",))
        connection.execute("INSERT INTO dates VALUES (CAST(x'ff41ed' AS TEXT), CAST(x'eda08000d80041' AS TEXT))")
        connection.execute("INSERT INTO strict VALUES (-1, CAST(x'00d84100' AS TEXT)), (-2, CAST(x'd8000041' AS TEXT))")
        connection.execute("UPDATE sqlite_sequence SET seq = ?", (2**61,))
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    manifest = store.read_manifest(archive)
    assert manifest.complete
    assert manifest.databases["warehouse"].foreign_key_violations
    target = tmp_path / "folder" / "restored.db"
    restored = restore.restore(archive, {"warehouse": url_of(target)})
    assert (restored.tables, restored.rows) == (len(manifest.tables), sum(table.rows for table in manifest.tables))
    assert content(target) == content(source)
    assert digest.digests(url_of(target)) == manifest.digests("warehouse")
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT t FROM words WHERE words MATCH 'hello'").fetchall() == [("hello world",)]
        assert connection.execute("SELECT id FROM boxes WHERE x0 > 1").fetchall() == [(1,)]
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        connection.execute("INSERT INTO all_parents (other) VALUES (NULL)")
        assert connection.execute("SELECT max(id) FROM parents").fetchone() == (2**61 + 1,)
        problems = connection.execute("PRAGMA integrity_check").fetchall()
    with closing(sqlite3.connect(source)) as connection:
        expected = connection.execute("PRAGMA integrity_check").fetchall()  # the row that breaks its check
    assert problems == expected


@pytest.mark.archive_case(17)
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_text_that_sqlite_changes_on_its_way_to_utf_16_comes_back(
    make_database: MakeDatabase, tmp_path: Path, encoding: str
) -> None:
    source = make_database(f"PRAGMA encoding = '{encoding}'; CREATE TABLE t (a TEXT, b)")
    codec = "utf-8" if encoding == "UTF-8" else encoding
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        for text in ("\ufffe", "a\uffffb", "\ufeff", "\ufffd", "\U0001ffff"):
            raw = text.encode(codec)
            connection.execute(f"INSERT INTO t VALUES (CAST(x'{raw.hex()}' AS TEXT), ?)", (text,))
        assert connection.execute("SELECT count(*) FROM t WHERE a = b").fetchone() == (5 if codec == "utf-8" else 3,)
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    restore.restore(archive, {"warehouse": url_of(tmp_path / "restored.db")})
    assert content(tmp_path / "restored.db") == content(source)


@pytest.mark.archive_case(31)
def test_keys_that_sqlite_cannot_check_are_no_difference_whichever_it_names_first(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    source = make_database(
        "CREATE TABLE parents (a);"
        "CREATE TABLE shops (a REFERENCES parents (a)); CREATE TABLE two (a REFERENCES parents (a));"
        "INSERT INTO two VALUES (1); CREATE VIRTUAL TABLE words USING fts4 (a)"
    )
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    assert store.read_manifest(archive).databases["warehouse"].foreign_key_problem is not None
    restore.restore(archive, {"warehouse": url_of(tmp_path / "restored.db")})
    assert content(tmp_path / "restored.db") == content(source)


@pytest.mark.archive_case(17, 33)
def test_rows_that_are_known_by_their_order_only_do_not_overtake_each_other(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Text that is none goes into SQLite by another statement than its neighbours."""
    source = make_database(
        "CREATE TABLE t (rowid, oid, _rowid_);"
        "INSERT INTO t VALUES (1, 'a', 0), (2, CAST(x'ff' AS TEXT), 0), (3, 'c', 0)"
    )
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    restore.restore(archive, {"warehouse": url_of(tmp_path / "restored.db")})
    with closing(sqlite3.connect(tmp_path / "restored.db")) as connection:
        assert [row for (row,) in connection.execute("SELECT rowid FROM t NOT INDEXED")] == [1, 2, 3]


def test_the_incident_is_restored_whole(make_database: MakeDatabase, tmp_path: Path) -> None:
    source = make_database(
        "CREATE TABLE categories (company_slug TEXT, path TEXT, store_product_id TEXT);"
        "CREATE TABLE alembic_version (version_num)",
        {
            "INSERT INTO categories VALUES (?, ?, ?)": [("aldi", f'["Shelf {i}"]', str(i)) for i in range(2500)],
            "INSERT INTO alembic_version VALUES (?)": [("0001",)],
        },
    )
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    restored = restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    assert content(tmp_path / "new.db") == content(source)
    assert restored.databases["warehouse"] == restore.RestoredDatabase(2, 2501, ("0001",))


def test_only_the_named_databases_are_restored(shop: Path, make_database: MakeDatabase, tmp_path: Path) -> None:
    control = make_database(
        "CREATE TABLE decisions (verdict)", {"INSERT INTO decisions VALUES (?)": [("accept",)]}, "control.db"
    )
    archive = snapshot.create({"warehouse": url_of(shop), "control": url_of(control)}, tmp_path / "archives")
    restored = restore.restore(archive, {"control": url_of(tmp_path / "new.db")})
    assert (list(restored.databases), restored.rows) == (["control"], 1)
    assert content(tmp_path / "new.db") == content(control)
    with pytest.raises(RestoreRefused, match="holds warehouse, control"):
        restore.restore(archive, {"other": url_of(tmp_path / "more.db")})


@pytest.fixture
def archive(shop: Path, tmp_path: Path) -> Path:
    return snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")


@pytest.mark.archive_case(53)
@pytest.mark.parametrize(
    "script", ["CREATE TABLE t (a)", "CREATE VIEW v AS SELECT 1", "PRAGMA journal_mode = wal; CREATE TABLE t (a)"]
)
def test_a_database_that_is_not_empty_is_refused_and_untouched(
    archive: Path, make_database: MakeDatabase, script: str
) -> None:
    target = make_database(script, name="target.db")
    before = content(target)
    with pytest.raises(RestoreRefused, match="not empty"):
        restore.restore(archive, {"warehouse": url_of(target)})
    assert content(target) == before


@pytest.mark.archive_case(53)
@pytest.mark.parametrize("script", ["", "PRAGMA journal_mode = wal", "CREATE TABLE t (a); DROP TABLE t"])
def test_an_empty_database_is_filled(archive: Path, shop: Path, make_database: MakeDatabase, script: str) -> None:
    target = make_database(script, name="target.db")
    restore.restore(archive, {"warehouse": url_of(target)})
    assert content(target) == content(shop)


@pytest.mark.archive_case(55)
@pytest.mark.parametrize("side", ["-wal", "-journal", "-shm"])
def test_a_stale_side_file_is_not_read_into_the_restored_database(archive: Path, tmp_path: Path, side: str) -> None:
    (tmp_path / f"target.db{side}").write_bytes(b"old")
    with pytest.raises(RestoreRefused, match=f"target.db{side} of an earlier database"):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "target.db")})


@pytest.mark.archive_case(53)
def test_what_is_no_database_is_refused(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "target.db").write_text("my notes" * 1000, encoding="utf-8")
    with pytest.raises(RestoreRefused, match="not a database"):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "target.db")})
    with pytest.raises(RestoreRefused, match="is no file"):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "archives")})


@pytest.mark.archive_case(41, 53)
def test_a_target_in_use_is_refused(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subs_assets.archive.sqlite.target.BUSY_SECONDS", 0.1)
    target = tmp_path / "target.db"
    with closing(sqlite3.connect(target, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE begun (a)")
        with pytest.raises(RestoreRefused, match="locked|in use"):
            restore.restore(archive, {"warehouse": url_of(target)})
        other.execute("COMMIT")
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("begun",)]


@pytest.mark.archive_case(41)
def test_two_restores_into_one_place_do_not_meet(archive: Path, tmp_path: Path) -> None:
    with FileLock(tmp_path / ".target.db.restoring.lock"), pytest.raises(ArchiveLocked):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "target.db")})


@pytest.mark.archive_case(54)
def test_a_failed_restore_leaves_nothing(make_database: MakeDatabase, tmp_path: Path) -> None:
    source = make_database("CREATE TABLE t (a)", {"INSERT INTO t VALUES (?)": [("x",)] * 10})
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.create_collation("swiss", lambda one, two: (one > two) - (one < two))
        connection.execute("CREATE INDEX i ON t (a COLLATE swiss)")
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    with pytest.raises(RestoreRefused, match="swiss"):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "folder" / "target.db")})
    assert [path for path in (tmp_path / "folder").iterdir() if not path.name.endswith(".lock")] == []
    assert not drill.drill(archive).ok


@pytest.mark.archive_case(19)
def test_a_value_that_sqlite_would_change_on_its_way_back_is_not_restored(shop: Path, tmp_path: Path) -> None:
    put_text_into_an_integer_column(shop)
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    assert list(store.read_rows(archive, "bent")) == [{"$rowid": 1, "a": "12"}]
    with pytest.raises(RestoreRefused, match="table bent has as many rows as were archived, 1, but not the same"):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    assert not (tmp_path / "new.db").exists()


def test_a_drill_restores_everything_and_leaves_nothing(archive: Path) -> None:
    (archive.parent / ".drill-killed").mkdir()
    assert drill.drill(archive) == drill.Drill(True, (), 2, 300)
    assert [path for path in archive.parent.iterdir() if not path.name.endswith(".lock")] == [archive]


def test_digests_of_an_open_transaction_see_its_changes(shop: Path) -> None:
    before = digest.digests(url_of(shop))
    with closing(sqlite3.connect(shop, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert digest.digests(connection) == before
        connection.execute("UPDATE products SET name = 'x' WHERE id = 5")
        changed = digest.digests(connection)
        assert digest.digests(url_of(shop)) == before
        assert connection.in_transaction
        assert connection.text_factory is str
    assert changed["companies"] == before["companies"]
    assert changed["products"].rows == before["products"].rows
    assert changed["products"].sha256 != before["products"].sha256


@pytest.mark.archive_case(54)
def test_a_second_name_of_a_restored_database_is_taken_away(archive: Path, tmp_path: Path) -> None:
    """A restore that is killed between giving the file its name and taking away the old one leaves both."""
    target = tmp_path / "new.db"
    restore.restore(archive, {"warehouse": url_of(target)})
    left = tmp_path / ".new.db.restoring"
    left.hardlink_to(target)
    before = content(target)
    with pytest.raises(RestoreRefused, match="not empty"):
        restore.restore(archive, {"warehouse": url_of(target)})
    assert not left.exists() and content(target) == before
