"""What a failing disk, and others who died at their work, do to an archive or a restore; the numbers are those of the
cases that the archive must stand."""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from subs_assets.archive import drill, restore, snapshot, store, verify
from subs_assets.archive.errors import ArchiveError, RestoreRefused
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.oracle import assert_sound, content


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
