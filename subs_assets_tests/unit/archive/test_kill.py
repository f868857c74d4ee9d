"""Real processes are killed while they write; `faults.py` does the same hundreds of times."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive import faults, kills
from subs_assets_tests.unit.archive.tally import Tally

ROWS = 300
SQLITE = ["create", "restore", "restore into an empty database", "drill", "remove"]
POSTGRES = ["create", "restore", "drill"]


@pytest.fixture
def postgres_stage(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[faults.PostgresStage]:
    stage = faults.PostgresStage(tmp_path, postgres_server, ROWS)
    yield stage
    postgres_server.drop_database(stage.database)


@pytest.mark.archive_case(42, 54)
@pytest.mark.parametrize("number", range(len(SQLITE)), ids=SQLITE)
def test_what_a_killed_process_leaves_is_nothing_or_whole(tmp_path: Path, number: int) -> None:
    scene, tally = faults.SqliteStage(tmp_path, ROWS).scenes()[number], Tally()
    assert scene.name.startswith(SQLITE[number])
    kills.kill_everywhere(scene, tally, points=8, times=2)
    assert len(tally.left_of(f"{scene.name}: SIGKILL")) > 1  # it was killed early and late


@pytest.mark.archive_case(42, 54)
@pytest.mark.parametrize("number", range(len(POSTGRES)), ids=POSTGRES)
def test_what_a_killed_client_leaves_in_postgresql_is_nothing_or_whole(
    postgres_stage: faults.PostgresStage, number: int
) -> None:
    scene, tally = postgres_stage.scenes()[number], Tally()
    assert scene.name.startswith(POSTGRES[number])
    kills.kill_everywhere(scene, tally, points=3, times=1)
    assert len(tally.left_of(f"{scene.name}: SIGKILL")) > 1


@pytest.mark.archive_case(42, 50, 54)
def test_a_server_that_dies_or_ends_the_work_leaves_nothing_or_a_whole_database(
    postgres_stage: faults.PostgresStage,
) -> None:
    tally = Tally()
    faults.cut_off_server_processes(postgres_stage, tally, 1)
    assert tally.times("SIGKILL of its server process") == tally.times("terminated") == 2
