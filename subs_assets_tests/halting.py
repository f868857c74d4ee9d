"""Processes that stand still where a test wants them, until they are told to go on or are killed; what they do is no
matter here.

A folder is between the two: the test says in it where, the process that it has come there, and the test that it may go
on. So it does not matter who starts the process.
"""

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

LIMIT_SECONDS = 300
"""Far more than any of it takes: only so that what hangs ends."""

_processes: Any = multiprocessing.get_context(
    # Every process of ours begins as a copy of one that has loaded what it needs. Windows cannot.
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)


def preload(*modules: str) -> None:
    """What the processes that are started later need not load themselves; heeded before the first of them."""
    if hasattr(_processes, "set_forkserver_preload"):
        _processes.set_forkserver_preload(list(modules))


@dataclass(frozen=True)
class Point:
    """``open``: before a file is opened whose path ends so; ``rename``: before a file gets a path that ends so;
    ``statement``: before SQL that begins so; ``commit``: before the commit of a transaction with such a statement."""

    kind: str
    what: str
    numbers: tuple[int, ...] = (1,)
    """At the how manieth of them, in their order."""


@dataclass(frozen=True)
class HaltFolder:
    """What the test and the process tell each other."""

    folder: Path

    def halt_at(self, point: Point | None) -> None:
        """Of the process that starts next; None: nowhere."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("halted", "go_on", "point.json"):
            (self.folder / name).unlink(missing_ok=True)
        if point is not None:
            (self.folder / "point.json").write_text(json.dumps(asdict(point)), encoding="utf-8")

    def halted(self) -> int | None:
        """The process that stands still."""
        try:
            return int((self.folder / "halted").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def go_on(self) -> None:
        """To the next point, or to the end."""
        (self.folder / "halted").unlink(missing_ok=True)
        (self.folder / "go_on").touch()

    def obey(self) -> None:
        """In the process itself: stand still at the point that is named now."""
        try:
            point = Point(**json.loads((self.folder / "point.json").read_text(encoding="utf-8")))
        except OSError:
            return
        _watch(point, self._stand_still)

    def _stand_still(self) -> None:
        unfinished = self.folder / "halted.unfinished"
        unfinished.write_text(str(os.getpid()), encoding="utf-8")
        unfinished.replace(self.folder / "halted")
        deadline = time.monotonic() + LIMIT_SECONDS
        while not (self.folder / "go_on").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        (self.folder / "go_on").unlink(missing_ok=True)


def _watch(point: Point, stand_still: Callable[[], None]) -> None:
    reached = 0
    in_transaction = False

    def come_to(kind: str, is_it: bool) -> None:
        nonlocal reached
        if kind == point.kind and is_it:
            reached += 1
            if reached in point.numbers:
                stand_still()

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "open":
            come_to("open", str(arguments[0]).endswith(point.what))
        elif name == "os.rename":
            come_to("rename", str(arguments[1]).endswith(point.what))

    def watch_statement(connection: object, cursor: object, statement: str, *more: object) -> None:
        nonlocal in_transaction
        is_it = statement.startswith(point.what)
        in_transaction = in_transaction or is_it
        come_to("statement", is_it)

    def watch_commit(connection: object) -> None:
        nonlocal in_transaction
        come_to("commit", in_transaction)
        in_transaction = False

    if point.kind in ("open", "rename"):
        sys.addaudithook(watch)
    else:
        event.listen(Engine, "before_cursor_execute", watch_statement)
        event.listen(Engine, "commit", watch_commit)


@dataclass
class HaltingProcess:
    """A process of our own that does ``work``, with this environment and no other variable of ours, and writes what it
    prints into ``<folder>/said.txt``."""

    work: Callable[..., None]
    arguments: tuple[Any, ...]
    environment: Mapping[str, str]
    halt: HaltFolder
    process: Any = field(init=False)

    def start(self, point: Point | None = None) -> "HaltingProcess":
        self.halt.halt_at(point)
        arguments = (self.work, self.arguments, dict(self.environment), self.halt)
        self.process = _processes.Process(target=_child, args=arguments, daemon=True)
        self.process.start()
        return self

    def wait_until_halted(self) -> None:
        wait_until(
            lambda: self.halt.halted() == self.process.pid or self.process.exitcode is not None, "it stood still"
        )
        assert self.process.exitcode is None, f"it ended before it came there: {self.said()}"

    def kill(self) -> None:
        self.process.kill()
        self.process.join(LIMIT_SECONDS)

    def end(self) -> int:
        """Let it go on to its end; its exit code."""
        self.halt.go_on()
        self.process.join(LIMIT_SECONDS)
        return int(self.process.exitcode)

    def said(self) -> str:
        return (self.halt.folder / "said.txt").read_text(encoding="utf-8")


def _child(
    work: Callable[..., None], arguments: tuple[Any, ...], environment: Mapping[str, str], halt: HaltFolder
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with (halt.folder / "said.txt").open("w", encoding="utf-8", buffering=1) as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        with redirect_stdout(said), redirect_stderr(said):
            halt.obey()
            work(*arguments)


def wait_until(is_so: Callable[[], object], what: str, seconds: float = LIMIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited too long until {what}"
        time.sleep(0.01)
