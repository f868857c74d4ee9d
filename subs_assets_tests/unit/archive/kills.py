"""Kills real processes while they archive, restore, wipe and migrate: at each point where they write something for
good, and at any time between; what then must be there is left to the scenes.
"""

import multiprocessing
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import psycopg

from subs_assets.archive.errors import ArchiveError
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.scenes import Scene
from subs_assets_tests.unit.archive.tally import Tally

CHANGES = frozenset({"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.truncate"})
FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Not INSERT: a restore into SQLite would stop at each row.
STATEMENTS = frozenset(
    {"BEGIN", "LOCK", "CREATE", "ALTER", "DROP", "UPDATE", "DELETE", "TRUNCATE", "REFRESH", "COMMIT", "ROLLBACK"}
)
UNEXPECTED = "no ArchiveError: "
SIGKILL = 9  # os.kill ends a process on Windows too

# A child that is forked is at work at once; where there is no fork it starts anew.
_processes = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")


def kill_everywhere(scene: Scene, tally: Tally, points: int, times: int, seed: int = 1, last: int = 0) -> int:
    """Kill the scene's work at ``points`` of its write points, at all of them if there are not more, spread evenly, at
    each of its ``last`` ones, and ``times`` times in between; how often that was.
    """
    scene.prepare()
    count, seconds = watched(scene)
    scene.again()
    chance = random.Random(seed)
    points = min(points, count)
    spread = {1 + number * (count - 1) // max(points - 1, 1) for number in range(points)}
    moments: list[int | float] = sorted(spread | {*range(max(1, count - last + 1), count + 1)})
    moments += [chance.uniform(0, seconds) for _ in range(times)]
    for moment in moments:
        scene.prepare()
        kill(scene, moment)
        tally.note(f"{scene.name}: SIGKILL", scene.left())
        scene.again()
    return len(moments)


def kill_during(scene: Scene, tally: Tally, before_the_end: int, seconds: float, times: int) -> None:
    """Kill the scene's work ``times`` times within so many seconds after that of its write points, by its number from
    the end, while it goes on.
    """
    scene.prepare()
    count, _ = watched(scene)
    scene.again()
    for number in range(times):
        scene.prepare()
        near, child = _start(scene, count - before_the_end, goes_on=True)
        name = _said(near)
        time.sleep(seconds * number / times)
        child.kill()
        child.join()
        tally.note(f"{scene.name}: SIGKILL during {name}", scene.left())
        scene.again()


def watched(scene: Scene) -> tuple[int, float]:
    """(number of write points, seconds) of the scene's work, done in a child to its end."""
    near, child = _start(scene, 0)
    began = time.monotonic()
    count = _said(near)
    seconds = time.monotonic() - began
    child.join()
    return int(count), seconds


def kill(scene: Scene, moment: int | float | str) -> None:
    """Kill the scene's work at its write point of that number, at the first of that name (a statement's first word),
    or after so many seconds.
    """
    near, child = _start(scene, 0 if isinstance(moment, float) else moment)
    if isinstance(moment, float):
        time.sleep(moment)
    else:
        said = _said(near)
        assert isinstance(moment, int) or said == moment, f"it never came to {moment}: {said}"
    child.kill()
    child.join()


def cut_off(scene: Scene, server: PostgresServer, seconds: float, statement: str | None) -> str:
    """End the scene's server process after so many seconds, by a statement about ``pid`` or by SIGKILL (None), which
    makes PostgreSQL start anew; how the work ended.
    """
    near, child = _start(scene, 0)
    time.sleep(seconds)
    query = "pid FROM pg_stat_activity WHERE application_name = 'subs_assets archive' LIMIT 1"
    if statement is None:
        for (pid,) in server.execute(f"SELECT {query}"):
            os.kill(pid, SIGKILL)
    else:
        server.execute(f"SELECT {statement} FROM (SELECT {query}) one")
    said = _said(near)
    child.join()
    return "done" if said.isdigit() else said


def _start(scene: Scene, stop_at: int | str, goes_on: bool = False) -> tuple[Any, Any]:
    near, far = _processes.Pipe()
    child = _processes.Process(target=_child, args=(scene, stop_at, goes_on, far), daemon=True)
    child.start()
    far.close()
    assert near.recv() == "begun"
    return near, child


def _said(child: Any) -> str:
    said = str(child.recv())
    assert not said.startswith(UNEXPECTED), said
    return said


def _child(scene: Scene, stop_at: int | str, goes_on: bool, parent: Connection) -> None:
    """Tells its parent: "begun"; then at which point it is, where it stands unless it ``goes_on``; or how it ended: how
    many points there were, or its error.
    """
    reached = 0

    def point(name: str) -> None:
        nonlocal reached
        reached += 1
        if stop_at in (reached, name):
            parent.send(name)
            time.sleep(0 if goes_on else 600)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & FOR_WRITING):
            point(event)

    def watch_statement(statement: object) -> None:
        if (word := (str(statement).split(maxsplit=1) or [""])[0].upper()) in STATEMENTS:
            point(word)

    def followed_by_a_point(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            result = function(*arguments, **keywords)
            point(function.__name__)
            return result

        return call

    def execute(cursor: Any, statement: Any, *arguments: Any, **keywords: Any) -> Any:
        result = psycopg_execute(cursor, statement, *arguments, **keywords)
        watch_statement(statement)
        return result

    def connect(*arguments: Any, **keywords: Any) -> sqlite3.Connection:
        connection = sqlite_connect(*arguments, **keywords)
        if arguments[0] != ":memory:":
            connection.set_trace_callback(watch_statement)
        return connection

    psycopg_execute, sqlite_connect = psycopg.Cursor.execute, sqlite3.connect
    os.fsync = followed_by_a_point(os.fsync)
    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
    psycopg.Cursor.execute = execute  # type: ignore[method-assign]
    psycopg.Connection.commit = followed_by_a_point(psycopg.Connection.commit)  # type: ignore[method-assign]
    psycopg.Copy.write = followed_by_a_point(psycopg.Copy.write)  # type: ignore[method-assign]
    parent.send("begun")
    sys.addaudithook(watch)
    try:
        scene.work()
        point("the end")
    except ArchiveError as problem:
        parent.send(f"{type(problem).__name__}: {problem}")
    except Exception as problem:
        parent.send(f"{UNEXPECTED}{problem!r}")
    else:
        parent.send(reached)
