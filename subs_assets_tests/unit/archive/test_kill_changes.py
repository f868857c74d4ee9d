"""Processes are killed while they wipe and migrate; `faults_of_changes.py` does the same hundreds of times."""

import pytest

from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive import faults_of_changes, kills
from subs_assets_tests.unit.archive.faults_of_changes import ResetStage
from subs_assets_tests.unit.archive.scenes_of_changes import (
    ARCHIVED,
    AS_BEFORE,
    NO_ARCHIVE,
    UNUSED,
    WIPED,
    expect_refusal,
)
from subs_assets_tests.unit.archive.tally import Tally

ROWS = 100


@pytest.fixture(scope="module")
def sqlite_stage(tmp_path_factory: pytest.TempPathFactory) -> ResetStage:
    return faults_of_changes.sqlite_stage(tmp_path_factory.mktemp("kills"), ROWS)


@pytest.fixture(scope="module")
def postgres_stage(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> ResetStage:
    return faults_of_changes.postgres_stage(tmp_path_factory.mktemp("kills"), postgres_server, ROWS)


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
