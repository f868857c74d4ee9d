"""What others do to an SQLite database, to the archives or to the clock while an archive is made; for PostgreSQL see
test_postgres_snapshot.py.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from subs_assets.archive import restore, snapshot, store, verify
from subs_assets.archive.chain import verify_chain
from subs_assets.archive.errors import UnreadableDatabase
from subs_assets.archive.places import LocalPlace
from subs_assets_tests.unit.archive.conftest import POSTGRES_SHOP, MakeDatabase, PostgresPlace, url_of
from subs_assets_tests.unit.archive.oracle import content

HEADS = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);"
CHANGES = [
    pytest.param("DELETE FROM products", marks=pytest.mark.archive_case(39)),
    pytest.param("DROP TABLE products", marks=pytest.mark.archive_case(11, 39)),
    pytest.param("ALTER TABLE products RENAME COLUMN name TO title", marks=pytest.mark.archive_case(11)),
    pytest.param("CREATE TABLE later AS SELECT * FROM products", marks=pytest.mark.archive_case(11)),
    pytest.param("DROP TABLE companies; CREATE TABLE companies (other)", marks=pytest.mark.archive_case(11)),
]


def change_after_the_first_table(path: Path, script: str) -> tuple[Callable[[str, str, int], None], list[str]]:
    """(what to hand in as progress, what SQLite refused of it)"""
    refused: list[str] = []

    def change(database: str, table: str, rows: int) -> None:
        if table == "companies":
            with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
                try:
                    other.executescript(script)
                except sqlite3.OperationalError as problem:
                    refused.append(str(problem))

    return change, refused


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
@pytest.mark.parametrize("script", CHANGES)
def test_what_others_change_meanwhile_is_not_in_the_archive(
    shop: Path, tmp_path: Path, journal_mode: str, script: str
) -> None:
    with closing(sqlite3.connect(shop)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    before = content(shop)
    change, refused = change_after_the_first_table(shop, script)
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives", progress=change)
    assert bool(refused) is (journal_mode == "delete")  # there a writer waits
    assert (content(shop) != before) is (journal_mode == "wal")
    restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    assert content(tmp_path / "new.db") == before


@pytest.mark.archive_case(41)
def test_a_database_that_stays_locked_is_a_sentence(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subs_assets.archive.sqlite.source.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(shop, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(
            UnreadableDatabase, match="database is locked; wait for whoever writes to it, and try again"
        ):
            snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    assert verify.verify(snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")).ok


CREATE = "import sys, pathlib; from subs_assets.archive import snapshot; "
CREATE += "snapshot.create({'warehouse': sys.argv[1]}, pathlib.Path(sys.argv[2]))"


def make_three_at_once(url: str, destination: Path) -> None:
    made = [subprocess.Popen([sys.executable, "-c", CREATE, url, str(destination)]) for _ in range(3)]
    assert [process.wait() for process in made] == [0, 0, 0]
    listed = store.list_archives(destination)
    assert [summary.number for summary in listed] == [3, 2, 1]
    assert verify_chain(LocalPlace(destination)) == []
    manifests = [store.read_manifest(destination / summary.name) for summary in listed]
    assert all(manifest.digests("warehouse") == manifests[0].digests("warehouse") for manifest in manifests)
    assert all(verify.verify(destination / summary.name).ok for summary in listed)


@pytest.mark.archive_case(40)
def test_processes_that_archive_at_once_wait_for_each_other(shop: Path, tmp_path: Path) -> None:
    make_three_at_once(url_of(shop), tmp_path / "archives")


@pytest.mark.archive_case(40)
def test_processes_that_archive_postgresql_at_once_wait_for_each_other(
    new_postgres: Callable[..., PostgresPlace], tmp_path: Path
) -> None:
    make_three_at_once(new_postgres(*POSTGRES_SHOP).url, tmp_path / "archives")


@pytest.mark.archive_case(52)
def test_a_clock_that_is_set_back_changes_no_order(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SetBack(datetime):
        hours = 0

        @classmethod
        def now(cls, tz: object = None) -> "SetBack":
            cls.hours += 5
            return cls(2026, 3, 1, tzinfo=UTC) - timedelta(hours=cls.hours)

    monkeypatch.setattr(snapshot, "datetime", SetBack)
    made = [snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives").name for _ in range(3)]
    assert made == sorted(made, reverse=True)  # by the clock the first is the newest
    assert [summary.name for summary in store.list_archives(tmp_path / "archives")] == made[::-1]
    previous = [store.read_manifest(tmp_path / "archives" / name).previous for name in made]
    assert [one and one.folder for one in previous] == [None, *made[:2]]
    assert verify_chain(LocalPlace(tmp_path / "archives")) == []


@pytest.mark.archive_case(12)
@pytest.mark.parametrize(
    ("script", "heads"),
    [
        ("", ()),
        (HEADS, ()),
        (HEADS + "INSERT INTO alembic_version VALUES ('0003')", ("0003",)),
        (HEADS + "INSERT INTO alembic_version VALUES ('0003'), ('0002b')", ("0002b", "0003")),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_or_two_alembic_heads_are_kept_and_told(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, script: str, heads: tuple[str, ...]
) -> None:
    if kind == "sqlite":
        make_database: MakeDatabase = request.getfixturevalue("make_database")
        source, target = url_of(make_database(f"CREATE TABLE t (a int); {script}")), url_of(tmp_path / "new.db")
    else:
        new_postgres = request.getfixturevalue("new_postgres")
        source, target = new_postgres(f"CREATE TABLE t (a int); {script}").url, new_postgres().url
    archive = snapshot.create({"warehouse": source}, tmp_path / "archives")
    assert store.read_manifest(archive).databases["warehouse"].alembic_heads == heads
    restored = restore.restore(archive, {"warehouse": target})
    assert restored.databases["warehouse"].alembic_heads == heads
    assert store.read_manifest(snapshot.create({"w": target}, tmp_path / "new")).databases["w"].alembic_heads == heads
