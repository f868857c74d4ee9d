"""Processes are killed while they wipe and migrate, or come at the same time; `faults_of_changes.py` does the same
hundreds of times.
"""

import pytest

from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive import faults_of_changes, kills
from subs_assets_tests.unit.archive.faults_of_changes import ResetStage, UpgradeStage
from subs_assets_tests.unit.archive.scenes_of_changes import (
    ARCHIVED,
    AS_BEFORE,
    NO_ARCHIVE,
    UNTOUCHED,
    UNUSED,
    UPGRADED,
    WIPED,
    expect_refusal,
    upgrades_of,
)
from subs_assets_tests.unit.archive.tally import Tally

ROWS = 100


@pytest.fixture(scope="module")
def sqlite_stage(tmp_path_factory: pytest.TempPathFactory) -> ResetStage:
    return faults_of_changes.sqlite_stage(tmp_path_factory.mktemp("kills"), ROWS)


@pytest.fixture(scope="module")
def postgres_stage(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> ResetStage:
    return faults_of_changes.postgres_stage(tmp_path_factory.mktemp("kills"), postgres_server, ROWS)


@pytest.fixture(scope="module")
def sqlite_upgrade_stage(tmp_path_factory: pytest.TempPathFactory) -> UpgradeStage:
    return faults_of_changes.sqlite_upgrade_stage(tmp_path_factory.mktemp("kills"), ROWS)


@pytest.fixture(scope="module")
def postgres_upgrade_stage(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> UpgradeStage:
    return faults_of_changes.postgres_upgrade_stage(tmp_path_factory.mktemp("kills"), postgres_server, ROWS)


@pytest.mark.archive_case(69)
def test_a_confirmation_that_is_killed_wiped_nothing_or_all_beside_an_equal_archive(sqlite_stage: ResetStage) -> None:
    tally = Tally()
    kills.kill_everywhere(sqlite_stage.confirm, tally, points=7, times=0)
    assert tally.left == {UNUSED, AS_BEFORE, WIPED}


@pytest.mark.archive_case(69)
def test_a_confirmation_that_is_killed_on_postgresql_wiped_nothing_or_all(postgres_stage: ResetStage) -> None:
    scene = postgres_stage.confirm
    for statement, left in (("TRUNCATE", AS_BEFORE), ("COMMIT", WIPED)):
        scene.prepare()
        kills.kill(scene, statement)
        assert scene.left() == left
        expect_refusal(scene.warehouse, scene.request_id)
        scene.warehouse.clear()


def test_an_archive_for_a_reset_that_is_killed_is_made_by_the_next(sqlite_stage: ResetStage) -> None:
    tally = Tally()
    kills.kill_everywhere(sqlite_stage.archive, tally, points=3, times=0)
    assert tally.left == {NO_ARCHIVE, ARCHIVED}


@pytest.mark.archive_case(60)
def test_an_upgrade_that_is_killed_leaves_the_database_as_it_was_or_upgraded(
    sqlite_upgrade_stage: UpgradeStage,
) -> None:
    tally = Tally()
    kills.kill_everywhere(sqlite_upgrade_stage.upgrade, tally, points=2, times=0, last=5)
    assert tally.left == {UNTOUCHED, UPGRADED}


@pytest.mark.archive_case(60)
def test_a_rehearsal_that_is_killed_changes_nothing_and_is_swept(sqlite_upgrade_stage: UpgradeStage) -> None:
    tally = Tally()
    kills.kill_everywhere(sqlite_upgrade_stage.rehearsal, tally, points=0, times=2)
    assert tally.left == {UNTOUCHED}


def test_an_upgrade_of_which_nobody_can_tell_is_not_called_undone(
    postgres_server: PostgresServer, postgres_upgrade_stage: UpgradeStage
) -> None:
    scene = postgres_upgrade_stage.upgrade
    left = faults_of_changes.lose_the_answer(scene, postgres_server, stays_dead=True)
    assert left == f"{UPGRADED}, CommitUnknown"
    assert list(upgrades_of(scene.warehouse).values()) == ["unknown"]
    scene.warehouse.clear()


@pytest.mark.archive_case(68)
def test_what_comes_at_once_is_done_once_or_refused(
    sqlite_stage: ResetStage, sqlite_upgrade_stage: UpgradeStage
) -> None:
    faults_of_changes.come_at_once(sqlite_stage, sqlite_upgrade_stage, Tally())
