import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import zstandard
from filelock import FileLock

from subs_assets.archive import drill, restore, snapshot, store
from subs_assets.archive.chain import verify_chain
from subs_assets.archive.databases import source_of, sources_of
from subs_assets.archive.errors import (
    ArchiveError,
    ArchiveLocked,
    NotEnoughSpace,
    RestoreRefused,
    UnreadableDatabase,
    UnsupportedDatabase,
)
from subs_assets.archive.places import LocalPlace
from subs_assets_tests.unit.archive.conftest import MakeDatabase, url_of


@pytest.fixture
def nearly_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two pages of 4,096 bytes are free; a database of three cannot be archived, and none restored."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2 * 4096))


def test_the_rows_can_be_read_without_this_package(shop: Path, tmp_path: Path) -> None:
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives", note="first")
    manifest = json.loads((archive / "manifest.json").read_text(encoding="utf-8"))
    table = manifest["tables"][1]
    with zstandard.open(archive / table["file"], "rt", encoding="utf-8", newline="\n") as lines:
        rows = [json.loads(line) for line in lines]
    assert rows[7] == {"id": 7, "name": "Müsli 7", "price": 1.0}
    assert (table["name"], table["rows"], len(rows)) == ("products", 298, 298)
    assert manifest["note"] == "first"
    assert manifest["complete"] is True
    assert manifest["databases"]["warehouse"]["url"] == "sqlite:///source.db"
    assert str(tmp_path) not in json.dumps(manifest)
    assert archive.name.endswith(manifest["id"])


@pytest.mark.archive_case(6, 8)
def test_a_column_that_was_renamed_under_the_models_is_archived_whole(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """The incident: the database still has ``store_product_id`` while the models say ``category_id``."""
    source = make_database(
        "CREATE TABLE categories (company_slug TEXT, path TEXT, store_product_id TEXT,"
        " PRIMARY KEY (company_slug, path));"
        "CREATE TABLE somebodys_notes (note)",
        {
            "INSERT INTO categories VALUES (?, ?, ?)": [("aldi", '["Bread"]', "17"), ("aldi", '["Milk"]', None)],
            "INSERT INTO somebodys_notes VALUES (?)": [("no model knows me",)],
        },
    )
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    assert list(store.read_rows(archive, "categories")) == [
        {"$rowid": 1, "company_slug": "aldi", "path": '["Bread"]', "store_product_id": "17"},
        {"$rowid": 2, "company_slug": "aldi", "path": '["Milk"]', "store_product_id": None},
    ]
    assert [row["note"] for row in store.read_rows(archive, "somebodys_notes")] == ["no model knows me"]


@pytest.mark.archive_case(43)
@pytest.mark.usefixtures("nearly_full_disk")
def test_a_disk_without_room_is_told_before_anything_is_written(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughSpace, match=r"the archive may need \d\d\.0 KiB, and 8\.0 KiB are free in .*archives"):
        snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    assert [path.name for path in (tmp_path / "archives").iterdir()] == [".archive.lock"]


@pytest.mark.archive_case(43)
def test_a_restore_without_room_is_told_before_anything_is_written(
    shop: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    request.getfixturevalue("nearly_full_disk")
    with pytest.raises(NotEnoughSpace, match=r"the restored new\.db may need"):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "target" / "new.db")})
    assert [path.name for path in (tmp_path / "target").iterdir()] == [".new.db.restoring.lock"]
    assert "may need" in drill.drill(archive).problems[0]


@pytest.mark.archive_case(38)
@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_a_writer_at_work_does_not_tear_the_snapshot(
    make_database: MakeDatabase, tmp_path: Path, journal_mode: str
) -> None:
    filler = [(None, "x" * 200)] * 3000
    source = make_database(
        f"PRAGMA journal_mode = {journal_mode}; CREATE TABLE one (n); CREATE TABLE filler (id INTEGER PRIMARY KEY, t);"
        "CREATE TABLE two (n); INSERT INTO one VALUES (0); INSERT INTO two VALUES (0);",
        {"INSERT INTO filler VALUES (?, ?)": filler},
    )
    done = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with closing(sqlite3.connect(source, isolation_level=None, timeout=30)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            while not done.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE one SET n = n + 1")
                connection.execute("UPDATE two SET n = n + 1")
                connection.execute("COMMIT")
                written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        archives = [snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives") for _ in range(3)]
    finally:
        done.set()
        writer.join()
    assert written > 3
    for archive in archives:
        ((one,), (two,)) = ([row["n"] for row in store.read_rows(archive, table)] for table in ("one", "two"))
        assert one == two


@pytest.mark.archive_case(1, 3, 4, 5)
def test_no_process_is_started(shop: Path, tmp_path: Path) -> None:
    code = (
        "import sys, os, subprocess\n"
        "from pathlib import Path\n"
        "from subs_assets.archive import drill, snapshot\n"
        "def refuse(event, arguments):\n"
        "    if event in ('subprocess.Popen', 'os.system', 'os.exec', 'os.fork', 'os.posix_spawn', 'os.spawn'):\n"
        "        raise SystemExit('a process was started: ' + event)\n"
        "sys.addaudithook(refuse)\n"
        "assert drill.drill(snapshot.create({'warehouse': sys.argv[1]}, Path(sys.argv[2]))).ok\n"
    )
    # A platform whose own encoding is not UTF-8, and any use of that encoding an error.
    environment = {**os.environ, "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning:subs_assets", "-c", code]
    subprocess.run([*command, url_of(shop), str(tmp_path / "archives")], check=True, env=environment)
    (archive,) = store.list_archives(tmp_path / "archives")
    assert next(iter(store.read_rows(tmp_path / "archives" / archive.name, "products")))["name"] == "Müsli 0"


@pytest.mark.archive_case(46)
def test_archives_are_listed_newest_first_and_chained_by_number(shop: Path, tmp_path: Path) -> None:
    destination = tmp_path / "archives"
    made = [snapshot.create({"warehouse": url_of(shop)}, destination) for _ in range(3)]
    listed = store.list_archives(destination)
    assert [destination / summary.name for summary in listed] == made[::-1]
    assert [summary.number for summary in listed] == [3, 2, 1]
    assert (listed[0].tables, listed[0].rows, listed[0].complete, listed[0].problem) == (2, 300, True, None)
    assert verify_chain(LocalPlace(destination)) == []
    manifest = made[1] / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    (broken,) = verify_chain(LocalPlace(destination))[1:]
    assert made[1].name in broken
    assert store.list_archives(destination)[-1].problem is not None
    assert store.read_manifest(snapshot.create({"warehouse": url_of(shop)}, destination)).number == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps access rights otherwise")
def test_only_the_owner_can_read_an_archive(shop: Path, tmp_path: Path) -> None:
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    for path in (tmp_path / "archives", archive, *archive.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.archive_case(40, 41, 42)
def test_what_a_dead_creation_left_is_swept_and_a_live_one_is_not(shop: Path, tmp_path: Path) -> None:
    destination = tmp_path / "archives"
    left = destination / ".unfinished-20250101T000000Z-01234567" / "data"
    left.mkdir(parents=True)
    with FileLock(destination / snapshot.LOCK_FILE), pytest.raises(ArchiveLocked):
        snapshot.create({"warehouse": url_of(shop)}, destination, wait_seconds=0.1)
    assert left.exists()
    assert store.list_archives(destination) == []
    archive = snapshot.create({"warehouse": url_of(shop)}, destination)
    assert [path for path in destination.iterdir() if not path.name.endswith(".lock")] == [archive]


@pytest.mark.parametrize(
    ("url", "problem", "word"),
    [
        ("mysql+pymysql://me:secret@host/db", UnsupportedDatabase, "supported: sqlite, postgresql"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/db", UnreadableDatabase, "cannot be connected to"),
        ("secret nonsense", UnsupportedDatabase, "sqlite:///"),
        ("sqlite://", UnsupportedDatabase, "by its file"),
        ("sqlite:///{folder}/missing.db", UnreadableDatabase, "no such database file"),
        ("sqlite:///{folder}/text.db", UnreadableDatabase, "not a database"),
    ],
)
def test_what_cannot_be_archived_is_said_and_leaves_nothing(
    tmp_path: Path, url: str, problem: type[ArchiveError], word: str
) -> None:
    (tmp_path / "text.db").write_text("this is no database" * 100, encoding="utf-8")
    with pytest.raises(problem, match=word) as raised:
        snapshot.create({"warehouse": url.format(folder=tmp_path.as_posix())}, tmp_path / "archives")
    assert "secret" not in str(raised.value)
    assert [path for path in (tmp_path / "archives").iterdir() if not path.name.endswith(".lock")] == []
    assert not (tmp_path / "missing.db").exists()


def test_a_driver_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UnsupportedDatabase, match=r"pip install 'subs_assets\[postgresql\]'"):
        snapshot.create({"warehouse": "postgresql+psycopg://me:secret@host/db"}, tmp_path / "archives")


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("CREATE TABLE t (rowid, _rowid_, oid)", "names of the hidden rowid"),
        ("CREATE VIRTUAL TABLE t USING fts5 (x); CREATE TABLE u (a)", None),
        ('CREATE VIRTUAL TABLE "a using fts5" USING rtree (id, a, b)', None),
    ],
)
def test_what_cannot_be_represented_makes_an_archive_incomplete(
    make_database: MakeDatabase, tmp_path: Path, script: str, word: str | None
) -> None:
    manifest = store.read_manifest(snapshot.create({"warehouse": url_of(make_database(script))}, tmp_path / "archives"))
    assert manifest.complete is (word is None)
    assert [word in sentence for sentence in manifest.not_represented if word] == ([True] if word else [])


def test_an_unknown_module_and_a_foreign_collation_are_named(make_database: MakeDatabase, tmp_path: Path) -> None:
    source = make_database("CREATE TABLE t (a)")
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.create_collation("swiss", lambda one, two: (one > two) - (one < two))
        connection.execute("CREATE INDEX i ON t (a COLLATE swiss)")
        connection.execute("PRAGMA writable_schema = ON")
        statement = "CREATE VIRTUAL TABLE elsewhere USING remote_files('x')"
        connection.execute("INSERT INTO sqlite_master VALUES ('table', 'elsewhere', 'elsewhere', 0, ?)", (statement,))
    manifest = store.read_manifest(snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives"))
    assert manifest.complete is False
    assert ["swiss" in sentence or "remote_files" in sentence for sentence in manifest.not_represented] == [True, True]


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("CREATE TABLE t (a CHECK (a REGEXP 'x'))", "table t: .*no such function: REGEXP"),
        ("CREATE TABLE t (a, b AS (twice(a)))", "table t: .*no such function: twice"),
        ("CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE twice(a)", "index i: .*no such function: twice"),
        ("CREATE TABLE t (a COLLATE swiss UNIQUE); CREATE INDEX i ON t (a)", "table t: .*no such collation.*: swiss"),
        ("CREATE TABLE t (a); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT twice(1); END", None),
        ("CREATE TABLE t (a DEFAULT (twice(1))); CREATE VIEW v AS SELECT twice(a) FROM t", None),
    ],
)
def test_what_needs_an_applications_own_function_or_collation_is_named(
    tmp_path: Path, script: str, named: str | None
) -> None:
    """Once: only a restore would find out that it cannot make it."""
    source = tmp_path / "source.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.create_collation("swiss", lambda one, two: (one > two) - (one < two))
        connection.create_function("twice", 1, lambda value: value, deterministic=True)
        connection.create_function("REGEXP", 2, lambda *_: True, deterministic=True)
        connection.executescript(script)
        connection.execute("INSERT INTO t (a) VALUES ('x')")
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    manifest = store.read_manifest(archive)
    assert [row["a"] for row in store.read_rows(archive, "t")] == ["x"]
    assert manifest.complete is (named is None)
    assert len(manifest.not_represented) == (named is not None)
    assert all(re.search(str(named), sentence) for sentence in manifest.not_represented)
    if named is None:
        restore.restore(archive, {"warehouse": url_of(tmp_path / "restored.db")})
    else:
        with pytest.raises(RestoreRefused, match=named.split(": ", 1)[1].removeprefix(".*")):
            restore.restore(archive, {"warehouse": url_of(tmp_path / "restored.db")})


@pytest.mark.archive_case(32, 33)
def test_rows_without_a_readable_rowid_keep_their_order(make_database: MakeDatabase, tmp_path: Path) -> None:
    """An index that covers the table must not decide in which order, or which, rows are read."""
    source = make_database(
        "CREATE TABLE t (rowid, oid, _rowid_); CREATE INDEX i ON t (rowid, oid, _rowid_)",
        {"INSERT INTO t VALUES (?, ?, ?)": [(3, 0, 0), (1, 0, 0), (2, 0, 0)]},
    )
    archive = snapshot.create({"warehouse": url_of(source)}, tmp_path / "archives")
    assert [row["rowid"] for row in store.read_rows(archive, "t")] == [3, 1, 2]


def test_a_database_is_told_from_others_of_its_name(shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / shop.name
    other.parent.mkdir()
    shutil.copyfile(shop, other)
    archives = [snapshot.create({"warehouse": url_of(one)}, tmp_path / "archives") for one in (shop, other)]
    one, another = (store.sources(store.read_manifest(archive)) for archive in archives)
    assert one != another
    assert one == sources_of({"warehouse": f"sqlite:///{other.parent.as_posix()}/../{shop.name}"})
    assert str(tmp_path) not in (archives[0] / "manifest.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("url", "is_the_same"),
    [
        ("postgresql://ann:secret@db:5432/shop", True),
        ("postgresql+psycopg2://ben@db/shop", True),
        ("postgresql://ann@other/shop", False),
        ("postgresql://ann@db:5433/shop", False),
        ("postgresql://ann@db/shop2", False),
        ("postgresql://ann@db/shop?options=-csearch_path%3Dpart", False),
        ("postgresql://ann@db/shop?host=other", False),
        ("postgresql://ann@db/shop?application_name=other", True),
    ],
)
def test_a_database_of_postgresql_is_told_from_others_of_its_name(url: str, is_the_same: bool) -> None:
    assert (source_of(url) == source_of("postgresql://db/shop")) is is_the_same
