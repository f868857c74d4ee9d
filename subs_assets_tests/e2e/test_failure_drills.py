"""Runs that are killed at a named instant: afterwards what is published is the old night or the new one, whole, the run
lock is free, and the next run succeeds."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from subs_assets.database.lock import current_holder
from subs_assets_tests.e2e.drills import IN_THE_COMMIT, IN_THE_PUBLICATION, WHILE_IT_READS, WHILE_IT_STAGES, Drill
from subs_assets_tests.halting import LIMIT_SECONDS, Point, wait_until
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import copy_of, publish_again, rows_in
from subs_assets_tests.unit.archive import full_disk
from subs_assets_tests.unit.archive.kills import SIGKILL

BEFORE_IT_IS_NOTED = Point("statement", "INSERT INTO run_history")
"""Just after the commit."""


def test_a_run_that_is_killed_leaves_one_whole_night(drill: Drill) -> None:
    old = drill.state()
    drill.deliver(2)
    killed = []
    for point in (WHILE_IT_STAGES, IN_THE_COMMIT):
        drill.run.start(point).wait_until_halted()
        drill.run.kill()
        killed.append(current_holder(drill.installation.home))
        assert f"process {drill.run.process.pid} on " in killed[-1], "its note is still there, and binds nobody"
        assert drill.state() == old, point
        assert drill.lock_is_free(), point
    drill.run.start(BEFORE_IT_IS_NOTED).wait_until_halted()
    drill.run.kill()
    killed.append(current_holder(drill.installation.home))
    new = drill.state()
    assert new != old and drill.lock_is_free()
    assert drill.run.start().end() == 0, drill.run.said()
    assert drill.state() == new
    assert len(list(drill.installation.settings.staging.iterdir())) == 1
    told = json.loads(drill.installation.subs("runs", "--json").stdout)["runs"]
    assert [night["outcome"] for night in told] == ["published", *["cut off"] * 3, "published"]
    for night, note, after in zip(told[3:0:-1], killed, told[2::-1], strict=True):
        assert night["run_id"] in note and night["ended_at"] is None and after["run_id"] in night["said"]
    assert {night["launched_by"] for night in told} == {told[0]["launched_by"]} and told[0]["launched_by"]


def test_a_second_run_waits_for_the_first_and_both_end_well(drill: Drill) -> None:
    old = drill.state()
    first, second = drill.run.start(WHILE_IT_READS), drill.another_run("halt of the second")
    first.wait_until_halted()
    second.start()
    wait_until(lambda: (second.halt.folder / "said.txt").exists(), "it began")
    wait_until(lambda: "waiting for run " in second.said() or second.process.exitcode is not None, "it waited")
    assert f"(process {first.process.pid} on " in second.said(), second.said()
    assert (first.end(), second.end()) == (0, 0), (first.said(), second.said())
    assert "waiting for" not in first.said()
    assert drill.state() == old
    assert len(rows_in(drill.installation.settings.control_url, "run_history")["run_history"]) == 3


@pytest.fixture
def drill_on_postgresql(published_shops: Path, tmp_path: Path, postgres_url: str) -> Drill:
    copy_of(published_shops, tmp_path)
    publish_again(tmp_path, postgres_url)
    return Drill(tmp_path, postgres_url)


def kill_backend(server: PostgresServer) -> None:
    """The server's process for the connection that holds the run lock and publishes; all others then end too."""
    ((backend,),) = server.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'run %, process %'")
    os.kill(backend, SIGKILL)
    wait_until(lambda: answers(server), "the server answered again", LIMIT_SECONDS)


def answers(server: PostgresServer) -> bool:
    import psycopg

    try:
        server.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def test_a_server_that_dies_in_the_publication_fails_the_run_and_nothing_else(
    drill_on_postgresql: Drill, postgres_server: PostgresServer
) -> None:
    drill = drill_on_postgresql
    old = drill.state()
    drill.deliver(2)
    deaths: tuple[tuple[Point, Callable[[], None], str], ...] = (
        (IN_THE_PUBLICATION, lambda: kill_backend(postgres_server), "the run lock was lost (consuming input failed"),
        (IN_THE_COMMIT, postgres_server.crash, "whether it is published is not known. Start the run again"),
    )
    for point, die, sentence in deaths:
        drill.run.start(point).wait_until_halted()
        die()
        assert drill.run.end() == 1
        assert sentence in drill.run.said(), drill.run.said()
        assert drill.state() == old and drill.lock_is_free()
    assert drill.run.start().end() == 0, drill.run.said()
    assert drill.state() != old


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path, int], int]]:
    """Puts a folder on a disk of its own that has so many bytes left; the disk's size."""
    with ExitStack() as mounted:

        def mount(folder: Path, left: int) -> int:
            content = folder.with_name(f"{folder.name} before")
            folder.rename(content)
            files = [file for file in content.rglob("*") if file.is_file()]
            pages = sum(-(-file.stat().st_size // full_disk.PAGE) for file in files) + left // full_disk.PAGE
            size = max(1, pages) * full_disk.PAGE
            mounted.enter_context(full_disk.small_disk(folder, size))
            shutil.copytree(content, folder, dirs_exist_ok=True)
            return size

        yield mount


def test_a_full_disk_is_named_and_nothing_half_done_is_left(
    published_shops: Path, tmp_path: Path, small_disk: Callable[[Path, int], int]
) -> None:
    """Each of the run's disks in turn; the one before has room again."""
    if not full_disk.may_mount():
        pytest.skip(
            "needs the right to mount a small disk: root on Linux; the sentence itself is tried in unit/test_disk.py"
        )
    copy_of(published_shops, tmp_path)
    home, database = tmp_path / "home", tmp_path / "database"
    database.mkdir()
    shutil.copy(home / "subs.db", database)
    drill = Drill(tmp_path, f"sqlite:///{database}/subs.db")
    old = drill.state()
    drill.deliver(2)
    settings, some = drill.installation.settings, 20 * full_disk.PAGE

    def fails_for_want_of_room(folder: Path) -> bool:
        assert drill.run.start().end() == 1
        said = drill.run.said()
        return f"the disk of {folder}" in said and "bytes are left): make room there" in said

    for folder, left in ((settings.dagster_home, 0), (settings.staging, some)):
        small_disk(folder, left)
        assert fails_for_want_of_room(folder), drill.run.said()
        full_disk.grow(folder)
    size = small_disk(database, 0)  # it cannot even be opened
    assert fails_for_want_of_room(database), drill.run.said()
    full_disk.grow(database, size + some)
    assert fails_for_want_of_room(database), drill.run.said()
    assert drill.state() == old and drill.lock_is_free()
    full_disk.grow(database)
    small_disk(settings.exports, 0)
    assert fails_for_want_of_room(settings.exports), drill.run.said()
    new = drill.state()
    assert new != old
    full_disk.grow(settings.exports)
    assert drill.run.start().end() == 0, drill.run.said()
    assert drill.state() == new
    assert not list(home.rglob("*.unfinished"))
