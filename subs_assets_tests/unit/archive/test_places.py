import errno
import subprocess
import sys
from pathlib import Path

import pytest

from subs_assets.archive import snapshot, verify
from subs_assets.archive.errors import ArchiveError, ArchiveLocked
from subs_assets.archive.places import LocalPlace, open_archive, open_place
from subs_assets_tests.unit.archive.conftest import url_of


def test_a_folder_is_a_place(shop: Path, tmp_path: Path) -> None:
    place = open_place(str(tmp_path / "archives"), tmp_path / "scratch")
    assert isinstance(place, LocalPlace)
    assert place.summaries() == []
    first, second = (place.create({"warehouse": url_of(shop)}, note=note) for note in ("one", "two"))
    assert [(summary.name, summary.number) for summary in place.summaries()] == [(second, 2), (first, 1)]
    assert place.manifest(second).note == "two"
    with place.fetched(second) as folder:
        assert verify.verify(folder).ok
    assert (place.location(), place.location(first)) == (str(tmp_path / "archives"), str(tmp_path / "archives" / first))
    assert open_archive(place.location(first), tmp_path / "scratch") == (place, first)
    assert not (tmp_path / "scratch").exists()


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="cannot be listed"):
        LocalPlace(tmp_path / "file").summaries()


def test_a_removed_archive_is_gone_and_the_others_are_as_they_were(shop: Path, tmp_path: Path) -> None:
    place = LocalPlace(tmp_path / "archives")
    names = [place.create({"warehouse": url_of(shop)}) for _ in range(3)]
    place.remove(names[1])
    assert [summary.name for summary in place.summaries()] == [names[2], names[0]]
    assert {path.name for path in place.folder.iterdir()} == {snapshot.LOCK_FILE, names[0], names[2]}
    for missing in (names[1], snapshot.LOCK_FILE, "..", "elsewhere"):
        with pytest.raises(ArchiveError, match="not removed"):
            place.remove(missing)
    assert {path.name for path in place.folder.iterdir()} == {snapshot.LOCK_FILE, names[0], names[2]}


@pytest.mark.archive_case(44, 51)
def test_a_removal_that_may_not_last_is_named_as_such(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = LocalPlace(tmp_path / "archives")
    name = place.create({"warehouse": url_of(shop)})

    def failing(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "sync_folder", failing)
        with pytest.raises(ArchiveError, match="is removed, but a power cut may bring it back: Input.*choose another"):
            place.remove(name)
    assert place.summaries() == []
    # What a power cut would bring back is whole.
    assert verify.verify(place.folder / f".removed-{name}").ok
    place.create({"warehouse": url_of(shop)})
    assert not list(place.folder.glob(".removed-*"))


def test_a_removal_that_was_killed_is_finished_by_the_next_creation(shop: Path, tmp_path: Path) -> None:
    place = LocalPlace(tmp_path / "archives")
    name = place.create({"warehouse": url_of(shop)})
    program = (
        "import os, sys; from pathlib import Path; from subs_assets.archive import snapshot\n"
        "snapshot.remove_folder = lambda path: os._exit(9)\n"
        "snapshot.remove(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(place.folder / name)], check=False)
    assert done.returncode == 9
    assert place.summaries() == []
    assert [path.name for path in place.folder.glob(".removed-*")] == [f".removed-{name}"]
    place.create({"warehouse": url_of(shop)})
    assert not list(place.folder.glob(".removed-*"))


def test_a_local_place_is_for_one_at_a_time(shop: Path, tmp_path: Path) -> None:
    place = LocalPlace(tmp_path / "archives")
    with place.exclusive(0), pytest.raises(ArchiveLocked, match="another process makes or removes archives"):
        place.create({"warehouse": url_of(shop)}, wait_seconds=0)
    assert place.create({"warehouse": url_of(shop)}, wait_seconds=0)
