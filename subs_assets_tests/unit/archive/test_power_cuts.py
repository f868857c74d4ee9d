"""Case 51: whatever a power cut leaves between a rename and an fsync is whole, or is not there."""

import os
import random
import shutil
from pathlib import Path

import pytest

from subs_assets.archive import restore, snapshot, verify
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.oracle import content
from subs_assets_tests.unit.archive.power_cuts import ALL_KEPT, ALL_LOST, Disk
from subs_assets_tests.unit.archive.scenes import listed_in

pytestmark = [
    pytest.mark.archive_case(51),
    pytest.mark.skipif(os.name == "nt", reason="a folder cannot be forced to the disk there; docs/archive.md says so"),
]
CHANCES = (ALL_LOST, ALL_KEPT, *[0.5] * 8, *[0.9] * 4)


def test_a_created_archive_is_whole_or_not_there_whatever_a_power_cut_loses(shop: Path, tmp_path: Path) -> None:
    root, chance = tmp_path / "disk", random.Random(1)
    root.mkdir()
    first = snapshot.create({"warehouse": url_of(shop)}, root / "archives")
    disk, seen = Disk(root), set()

    def cut_the_power() -> None:
        for number, kept in enumerate(CHANCES):
            state = tmp_path / f"state{number}"
            disk.write_state(state, kept, chance)
            listed = listed_in(state / "archives")
            assert listed[-1].name == first.name
            assert all(verify.verify(path).ok for path in listed)
            seen.add((kept, len(listed)))
            shutil.rmtree(state)

    disk.follow(lambda: snapshot.create({"warehouse": url_of(shop)}, root / "archives"), cut_the_power)
    assert {(ALL_LOST, 1), (ALL_LOST, 2)} <= seen  # at the end it is there for certain


def test_the_first_archive_is_there_with_its_folders_when_it_is_made(shop: Path, tmp_path: Path) -> None:
    root, made = tmp_path / "disk", []
    root.mkdir()
    disk = Disk(root)
    disk.follow(
        lambda: made.append(snapshot.create({"warehouse": url_of(shop)}, root / "new" / "archives")), lambda: None
    )
    disk.write_state(tmp_path / "state", ALL_LOST, random.Random(1))
    assert verify.verify(tmp_path / "state" / "new" / "archives" / made[0].name).ok


@pytest.mark.parametrize("is_there", [False, True])
def test_a_restored_database_is_whole_or_not_there_whatever_a_power_cut_loses(
    shop: Path, tmp_path: Path, is_there: bool
) -> None:
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")
    root, chance, expected = tmp_path / "disk", random.Random(1), content(shop)
    target = root / "folder" / "new.db"
    root.mkdir()
    if is_there:  # and empty
        target.parent.mkdir()
        target.touch()
    disk, seen = Disk(root), set()

    def cut_the_power() -> None:
        for number, kept in enumerate(CHANCES):
            state = tmp_path / f"state{number}"
            disk.write_state(state, kept, chance)
            found = state / "folder" / "new.db"
            is_whole = found.exists() and found.stat().st_size > 0
            assert not is_whole or content(found) == expected
            seen.add((kept, is_whole))
            shutil.rmtree(state)

    disk.follow(lambda: restore.restore(archive, {"warehouse": url_of(target)}), cut_the_power)
    assert {(ALL_LOST, False), (ALL_LOST, True)} <= seen
