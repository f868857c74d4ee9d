"""What a failing disk, and others who died at their work, do to an archive or a restore; the numbers are those of the
cases that the archive must stand."""

import errno
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner

from subs_assets.archive import drill, restore, snapshot, store, verify
from subs_assets.archive.errors import ArchiveError, RestoreRefused
from subs_assets.archive.postgres.connection import connect
from subs_assets.cli import app
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive import faults, full_disk
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.lossy_proxy import CutProxy
from subs_assets_tests.unit.archive.oracle import assert_sound, content
from subs_assets_tests.unit.archive.scenes import listed_in, through
from subs_assets_tests.unit.archive.tally import Tally


@contextmanager
def failing(name: str, at: int) -> Iterator[list[int]]:
    """Let the ``at``-th call of a function of ``os`` end in an I/O error; the list is empty until then."""
    calls = count(1)
    failed: list[int] = []
    real = getattr(os, name)

    def call(*arguments: object, **keywords: object) -> object:
        if next(calls) == at:
            failed.append(at)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*arguments, **keywords)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, name, call)
        yield failed


def outcome(work: Callable[[], object]) -> ArchiveError | None:
    """How it ended; whatever else than an ArchiveError it raises fails the test."""
    try:
        work()
    except ArchiveError as problem:
        return problem
    return None


@pytest.mark.archive_case(43, 44)
@pytest.mark.parametrize("function", ["fsync", "open", "mkdir", "rename"])
def test_a_creation_on_a_failing_disk_ends_in_a_sentence_and_leaves_nothing_or_a_whole_archive(
    shop: Path, tmp_path: Path, function: str
) -> None:
    for point in count(1):
        destination = tmp_path / f"archives{point}"
        with failing(function, point) as failed:
            problem = outcome(lambda: snapshot.create({"warehouse": url_of(shop)}, destination))  # noqa: B023
        listed = store.list_archives(destination)
        assert all(verify.verify(destination / summary.name).ok for summary in listed)
        if not failed:
            break
        # Of a folder that is there already it does not matter that it could not be made.
        assert os.strerror(errno.EIO) in str(problem) or (problem is None and function == "mkdir")
        assert bool(listed) is (problem is None or "is made and whole" in str(problem))
        assert verify.verify(snapshot.create({"warehouse": url_of(shop)}, destination)).ok
        assert not list(destination.glob(".unfinished-*"))
    assert point > 1 and problem is None


@pytest.mark.archive_case(43, 44, 54)
@pytest.mark.parametrize("function", ["fsync", "open", "mkdir", "link", "unlink", "rename", "replace"])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_restore_on_a_failing_disk_ends_in_a_sentence_and_leaves_nothing_or_a_whole_database(
    shop: Path, tmp_path: Path, function: str, is_there: bool
) -> None:
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    expected = content(shop)
    for point in count(1):
        target = tmp_path / f"new{point}" / "restored.db"
        if is_there:  # and empty
            target.parent.mkdir()
            target.touch()
        with failing(function, point) as failed:
            problem = outcome(lambda: restore.restore(archive, {"warehouse": url_of(target)}))  # noqa: B023
        if isinstance(problem, RestoreRefused):
            assert os.strerror(errno.EIO) in str(problem)
            assert target.is_file() is is_there
            assert not is_there or target.stat().st_size == 0
        else:
            assert problem is None or "is restored and whole" in str(problem)
            assert content(target) == expected
            assert_sound(target)
            target.unlink()
        restore.restore(archive, {"warehouse": url_of(target)})
        assert content(target) == expected
        assert not list(target.parent.glob(".*.restoring"))
        if not failed:
            break
    assert problem is None


@pytest.mark.archive_case(43, 44)
@pytest.mark.parametrize("function", ["fsync", "open", "mkdir", "link"])
def test_a_drill_on_a_failing_disk_says_so(shop: Path, tmp_path: Path, function: str) -> None:
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    problems = []
    for point in count(1):
        with failing(function, point) as failed:
            found = drill.drill(archive)
        if not failed:
            break
        problems += found.problems
        assert found.ok or os.strerror(errno.EIO) in found.problems[0]
    # Where no link can be made the file is renamed, as on a file system without links.
    assert bool(problems) is (function != "link")
    assert found.ok
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith(".drill-")] == []


def test_a_drill_of_nothing_makes_nothing(tmp_path: Path) -> None:
    assert "is missing" in drill.drill(tmp_path / "nowhere" / "archive").problems[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.archive_case(44)
def test_a_file_system_that_cannot_sync_folders_is_good_enough(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    assert content(tmp_path / "new.db") == content(shop)


@pytest.mark.archive_case(50)
def test_a_connection_that_falls_silent_is_noticed(postgres_url: str) -> None:
    with closing(connect(postgres_url)) as connection:
        asked = connection.info.get_parameters()
    assert int(asked["keepalives_idle"]) + int(asked["keepalives_interval"]) * int(asked["keepalives_count"]) <= 90
    with closing(connect(f"{postgres_url}?keepalives_idle=7")) as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "7"


DEAD_WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # so that half the transaction is in the file already
connection.execute("BEGIN")
connection.execute("UPDATE products SET name = 'half done' || hex(zeroblob(500))")
print("writing", flush=True)
time.sleep(60)
"""


@pytest.mark.archive_case(38)
@pytest.mark.parametrize("journal_mode", ["wal", "delete", "truncate", "persist"])
def test_what_a_killed_writer_left_half_way_is_not_archived(shop: Path, tmp_path: Path, journal_mode: str) -> None:
    with closing(sqlite3.connect(shop)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    expected = content(shop)
    with subprocess.Popen([sys.executable, "-c", DEAD_WRITER, str(shop)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.kill()
    assert b"half done" in b"".join(path.read_bytes() for path in shop.parent.glob("source.db*"))
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    found = content(tmp_path / "new.db")
    assert {**found, "journal_mode": None} == {**expected, "journal_mode": None}


@pytest.mark.archive_case(43, 54)
@pytest.mark.skipif(os.name == "nt", reason="nothing limits the size of a disk or of files there")
@pytest.mark.parametrize("is_real", [True, False])
def test_a_disk_that_fills_half_way_leaves_nothing_or_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_real: bool
) -> None:
    """A small file system where one can be mounted, else a limit on the size of files; both where both can be had."""
    if not is_real:
        monkeypatch.setattr(full_disk, "may_mount", lambda: False)
    tally = Tally()
    faults.fill_disks(faults.SqliteStage(tmp_path, rows=2000), tally, 6)
    assert {"nothing, RestoreRefused", "the whole archive, done", "the whole database, done"} < tally.left


@pytest.mark.archive_case(50, 54)
def test_a_connection_that_is_cut_anywhere_leaves_nothing_or_a_whole_one(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    tally = Tally()
    stage = faults.PostgresStage(tmp_path, postgres_server, rows=300)
    faults.cut_connections(stage, tally, 4)
    postgres_server.drop_database(stage.database)
    assert {left.split(", ")[0] for left in tally.left} == {"nothing", "the whole archive", "the whole database"}


@pytest.mark.archive_case(43)
@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "--database", "{source}", "--to", "{file}/archives"],
        ["create", "--database", "{source}", "--to", "{file}"],
        ["restore", "{archive}", "--into", "sqlite:///{file}/new.db"],
        ["restore", "{file}/archive", "--into", "sqlite:///{file}.db"],
        ["drill", "{file}/archive"],
        ["verify", "{file}/archive"],
    ],
)
def test_a_command_that_cannot_write_or_read_says_so(shop: Path, tmp_path: Path, arguments: list[str]) -> None:
    archive = snapshot.create({"database": url_of(shop)}, tmp_path / "archives")
    (tmp_path / "file").write_bytes(b"")
    places = {"source": url_of(shop), "archive": str(archive), "file": (tmp_path / "file").as_posix()}
    ended = CliRunner().invoke(app, ["archive", *(one.format(**places) for one in arguments)])
    assert (ended.exit_code, type(ended.exception)) == (1, SystemExit)
    assert "error:" in ended.stderr


@pytest.mark.archive_case(50)
def test_a_command_whose_connection_is_cut_says_so_and_nothing_else(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    stage = faults.PostgresStage(tmp_path, postgres_server, rows=20_000)
    target = postgres_server.new_database()
    with CutProxy(postgres_server.port, after=400_000, stays_dead=True) as proxy:  # in the middle of the rows
        into = through(postgres_server.url(target), proxy.port)
        command = [*faults.COMMAND, "restore", str(stage.archive), "--into", into]
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    for name in (target, stage.database):
        postgres_server.drop_database(name)
    assert ended.returncode == 1
    assert "table listings cannot be restored" in ended.stderr and "nothing was changed" in ended.stderr
    assert "psycopg" not in ended.stderr and "Traceback" not in ended.stderr


REMEDY = re.compile(r"(Read-only file system|Permission denied); .*choose .* place")


@pytest.fixture
def read_only_archives(shop: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with an archive to which not even root can write, or nobody else than root."""
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    folder = tmp_path / "disk"
    if full_disk.may_mount():
        with full_disk.small_disk(folder, 2**20):
            shutil.copytree(archive, folder / archive.name)
            full_disk.make_read_only(folder)
            yield folder
    else:
        shutil.copytree(archive, folder / archive.name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.mark.archive_case(43)
@pytest.mark.skipif(os.name == "nt", reason="a folder's own rights are not kept there")
def test_archives_that_are_only_to_be_read_are_read_and_the_rest_is_a_sentence(
    shop: Path, tmp_path: Path, read_only_archives: Path
) -> None:
    (archive,) = listed_in(read_only_archives)
    assert verify.verify(archive).ok
    restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    assert content(tmp_path / "new.db") == content(shop)
    assert REMEDY.search(drill.drill(archive).problems[0])
    for work in (
        lambda: snapshot.create({"warehouse": url_of(shop)}, read_only_archives),
        lambda: snapshot.create({"warehouse": url_of(shop)}, read_only_archives / "new"),
        lambda: snapshot.remove(archive),
        lambda: restore.restore(archive, {"warehouse": url_of(read_only_archives / "new.db")}),
    ):
        assert REMEDY.search(str(outcome(work)))
    assert listed_in(read_only_archives) == [archive]


BOMB = """
import resource, sys
from pathlib import Path
from subs_assets.archive.verify import verify
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
print(verify(Path(sys.argv[1])).problems)
"""


@pytest.mark.archive_case(48)
@pytest.mark.skipif(os.name == "nt", reason="nothing limits a process's memory there")
@pytest.mark.parametrize("window", [23, 27])
def test_a_decompression_bomb_is_refused_in_little_memory(shop: Path, tmp_path: Path, window: int) -> None:
    """2 GiB of line feeds in 64 KiB, which the manifest calls right in every point but what it unpacks to."""
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=window)
    bomb = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    content = b"".join(bomb.compress(b"\n" * 2**24) for _ in range(128)) + bomb.flush()
    (archive / "data" / "00001-companies.jsonl.zst").write_bytes(content)
    manifest = json.loads((archive / "manifest.json").read_text(encoding="utf-8"))
    manifest["tables"][0] |= {"compressed_bytes": len(content), "compressed_sha256": sha256(content).hexdigest()}
    raw = json.dumps(manifest).encode()
    (archive / "manifest.json").write_bytes(raw)
    (archive / "manifest.json.sha256").write_bytes(f"{sha256(raw).hexdigest()}  manifest.json\n".encode())
    ended = subprocess.run(
        [sys.executable, "-c", BOMB, str(archive), str(2**29)], capture_output=True, encoding="utf-8", check=True
    )
    assert "table companies of warehouse: 00001-companies.jsonl.zst" in ended.stdout
    assert "holds more than" in ended.stdout or "is damaged" in ended.stdout
