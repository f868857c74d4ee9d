"""A real process is killed at each point where it has just written something for good."""

import subprocess
import sys
from pathlib import Path

import pytest

from subs_assets.archive import restore, snapshot, store, verify
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.oracle import assert_sound, content

CHILD = """
import os, sys, time
from pathlib import Path
from subs_assets.archive import restore, snapshot
work, source, place, stop_at = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
reached = 0
def stop_here(event, arguments):
    global reached
    if event in ("os.rename", "os.link", "os.remove", "os.rmdir") or event == "fsync":
        reached += 1
        if reached == stop_at:
            print("stopped at", event, flush=True)
            time.sleep(60)
real_fsync = os.fsync
def fsync(descriptor):
    real_fsync(descriptor)
    stop_here("fsync", ())
os.fsync = fsync
sys.addaudithook(stop_here)
def after_table(database, table, rows):
    stop_here("fsync", ())
if work == "create":
    snapshot.create({"warehouse": source}, place, progress=after_table)
else:
    restore.restore(Path(source), {"warehouse": "sqlite:///" + place.as_posix()}, progress=after_table)
print("done", flush=True)
"""


def kill_at(point: int, work: str, source: str, place: Path) -> bool:
    """Run the work in a child and kill it at the given point; whether it came that far."""
    command = [sys.executable, "-c", CHILD, work, source, str(place), str(point)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        child.kill()
    assert said, "the child failed"
    return said.startswith("stopped")


@pytest.mark.parametrize("point", [1, 4, 5, 7, 9, 11, 12, 13])
def test_a_creation_that_is_killed_leaves_no_archive_or_a_whole_one(shop: Path, tmp_path: Path, point: int) -> None:
    destination = tmp_path / "archives"
    assert kill_at(point, "create", url_of(shop), destination)
    listed = store.list_archives(destination)
    # New folders (1-3), each file and each table (4-7), manifest and hash (8, 9), folders (10, 11), the rename (12),
    # its folder (13).
    assert len(listed) == (1 if point == 13 else 0)
    assert all(verify.verify(destination / summary.name).ok for summary in listed)
    archive = snapshot.create({"warehouse": url_of(shop)}, destination)
    assert verify.verify(archive).ok
    assert not list(destination.glob(".unfinished-*"))


@pytest.mark.parametrize("point", [1, 6, 7, 8, 9, 10, 11, 12])
def test_a_restore_that_is_killed_leaves_no_database_or_a_whole_one(shop: Path, tmp_path: Path, point: int) -> None:
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    target = tmp_path / "new" / "restored.db"
    assert kill_at(point, "restore", str(archive), target)
    # The points are: the folder (1), an empty file (6), each table (7, 8), the whole file (9), its final name (10, 11),
    # its folder (12).
    assert target.exists() is (point > 10)
    if target.exists():
        assert content(target) == content(shop)
        assert_sound(target)
        target.unlink()
    restore.restore(archive, {"warehouse": url_of(target)})
    assert content(target) == content(shop)
    assert sorted(path.name for path in target.parent.iterdir()) == [".restored.db.restoring.lock", "restored.db"]
