"""Upgrades, confirmations, a nightly run and a writer that come at the same time, each a process of its own; each
function says how they ended and raises AssertionError where something was lost or done twice.
"""

import multiprocessing
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event
from typing import Any

from subs_assets.archive.errors import ArchiveError
from subs_assets.database.lock import run_lock
from subs_assets_tests.unit.archive.scenes_of_changes import (
    Confirm,
    Upgrade,
    archive_for,
    confirm,
    expect_archives,
    request_in,
    upgrades_of,
)
from subs_assets_tests.unit.archive.warehouses import WAREHOUSE, Warehouse

DONE = "done"
START_SECONDS = 60.0

_processes = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")


def two_confirmations(scene: Confirm) -> str:
    """Of one request."""
    scene.prepare()
    ended = _at_once(scene.work, scene.work)
    assert sorted(said == DONE for said in ended) == [False, True], ended
    return _left(scene)


def two_upgrades(scene: Upgrade) -> str:
    scene.prepare()
    ended = _at_once(scene.work, scene.work)
    assert DONE in ended, ended
    assert all(said == DONE or "RunLocked" in said for said in ended), ended
    assert list(upgrades_of(scene.warehouse).values()) == ["done"], "it was done twice"
    return _left(scene)


def an_upgrade_and_a_confirmation(scene: Upgrade) -> str:
    """Whichever comes first, the other finds another warehouse than it expects, or the lock taken."""
    warehouse = scene.warehouse
    scene.prepare()
    request_id = request_in(warehouse)
    archive_for(warehouse, request_id)
    upgraded, confirmed = _at_once(scene.work, partial(confirm, warehouse, request_id))
    warehouse.wait_until_alone()
    found = warehouse.content()
    for archive in upgrades_of(warehouse):
        expect_archives(warehouse, archive, scene.before)
    expect_archives(warehouse, None, scene.before)
    if confirmed == DONE:
        assert found not in (scene.before, scene.after), "it is said to be wiped"
        left = "wiped first, the upgrade had nothing to lose" if upgraded == DONE else "wiped, the upgrade was refused"
    else:
        assert (upgraded, found) == (DONE, scene.after), (upgraded, confirmed)
        left = "upgraded, the wipe was refused"
    warehouse.clear()
    return left


def an_upgrade_during_a_run(scene: Upgrade) -> str:
    """That holds the run lock."""
    scene.prepare()
    begun, over = _processes.Event(), _processes.Event()
    run = _processes.Process(target=_hold_the_run_lock, args=(scene.warehouse, begun, over), daemon=True)
    run.start()
    assert begun.wait(START_SECONDS)
    (ended,) = _at_once(scene.work)
    over.set()
    run.join()
    assert "RunLocked" in ended and "subs run" in ended, ended
    left = scene.left()
    assert not upgrades_of(scene.warehouse), "an archive was made"
    scene.again()
    return left


def an_upgrade_beside_a_writer(scene: Upgrade) -> str:
    """That knows of no lock, writes all the time, and keeps the number of rows: none of what it wrote is lost."""
    warehouse = scene.warehouse
    scene.prepare()
    near, far = _processes.Pipe()
    over = _processes.Event()
    writer = _processes.Process(target=_write_all_the_time, args=(warehouse, far, over), daemon=True)
    writer.start()
    assert near.poll(START_SECONDS) and near.recv() == "begun"
    (ended,) = _at_once(scene.work)
    over.set()
    times = near.recv()
    writer.join()
    assert "table measured has as many rows as were archived, 2, but not the same" in ended, ended
    warehouse.execute(f"UPDATE measured SET x = x - {times} WHERE id = 2")
    assert warehouse.content() == scene.before, "something that was written is lost"
    assert list(upgrades_of(warehouse).values()) == ["refused"]
    warehouse.clear()
    return "refused by the table's name, all that was written is there"


def _left(scene: Confirm | Upgrade) -> str:
    left = scene.left()
    scene.again()
    return left


def _at_once(*works: Callable[[], Any]) -> list[str]:
    """How each ended, started at one moment: DONE, or its error."""
    start = _processes.Barrier(len(works))
    pipes = [_processes.Pipe(duplex=False) for _ in works]
    children = [
        _processes.Process(target=_end, args=(work, start, far), daemon=True)
        for work, (_, far) in zip(works, pipes, strict=True)
    ]
    for child in children:
        child.start()
    ended = [near.recv() for near, _ in pipes]
    for child in children:
        child.join()
    return ended


def _end(work: Callable[[], Any], start: Barrier, parent: Connection) -> None:
    start.wait(START_SECONDS)
    try:
        work()
    except ArchiveError as problem:
        parent.send(f"{type(problem).__name__}: {problem}")
    except Exception as problem:
        parent.send(f"no ArchiveError: {problem!r}")
    else:
        parent.send(DONE)


def _hold_the_run_lock(warehouse: Warehouse, begun: Event, over: Event) -> None:
    with run_lock(warehouse.home, warehouse.databases()[WAREHOUSE], "subs run"):
        begun.set()
        over.wait(START_SECONDS)


def _write_all_the_time(warehouse: Warehouse, parent: Connection, over: Event) -> None:
    """Tells how often it wrote."""
    times = 0
    while not over.is_set():
        warehouse.execute("UPDATE measured SET x = x + 1 WHERE id = 2")
        times += 1
        if times == 1:
            parent.send("begun")
        time.sleep(0.01)
    parent.send(times)
