"""The run lock: one process at a time writes to a warehouse, until it dies; what it writes is no matter here."""

import json
import os
import platform
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, make_url

from subs_assets.database import advisory_lock
from subs_assets.database.engine import describe

LOCK_FILE = "run.lock"
NOTE_FILE = "run.lock.json"

SECONDS_BETWEEN_LOOKS = 1.0
"""How often a waiting process looks who holds the lock now; a file's lock is tried twenty times in between."""


class RunLocked(RuntimeError):
    """Another process writes to this warehouse; the message names it and says what to do."""


@contextmanager
def run_lock(
    folder: Path,
    database_url: str | URL,
    holder: str,
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[Connection | None]:
    """Hold the run lock of the home in ``folder`` and, on PostgreSQL, of the database, or raise RunLocked.

    ``holder`` says in words who asks (``subs run``, ``dagster run 1f3a``). ``wait_seconds`` is how long to wait for
    another holder; while waiting, ``on_wait`` gets a sentence that names it, at first and whenever it changes.

    The operating system frees the file's lock when its holder dies, however it dies; the note beside it only serves the
    message. PostgreSQL frees its lock when the connection ends. Whoever holds the lock gets that connection (None on
    SQLite): what is published on it is published with the lock or not at all. Raises DatabaseNotReady where PostgreSQL
    does not answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_FILE)
    deadline = monotonic() + wait_seconds

    def try_file(seconds: float) -> bool:
        with suppress(Timeout):
            lock.acquire(timeout=seconds)
        return lock.is_locked

    _acquire(try_file, partial(current_holder, folder), str(folder), wait_seconds, on_wait)
    try:
        _write_note(folder, holder)
        if make_url(database_url).get_backend_name() != "postgresql":
            yield None
            return
        with advisory_lock.session(database_url, holder) as connection:
            _acquire(
                partial(advisory_lock.try_lock, connection),
                partial(advisory_lock.current_holder, connection),
                describe(database_url),
                max(0, deadline - monotonic()),
                on_wait,
            )
            yield connection
    finally:
        with suppress(OSError):
            (folder / NOTE_FILE).unlink()
        lock.release()


def current_holder(folder: Path) -> str:
    """Who holds the lock, as the note tells; it is there while the lock is held, or after its holder was killed."""
    try:
        note = json.loads((folder / NOTE_FILE).read_text(encoding="utf-8"))
        return f"{note['holder']} (process {note['pid']} on {note['host']}, since {note['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _acquire(
    try_lock: Callable[[float], bool],
    current: Callable[[], str],
    where: str,
    wait_seconds: float,
    on_wait: Callable[[str], None] | None,
) -> None:
    """``try_lock`` tries for so many seconds and says whether the lock is ours."""
    deadline = monotonic() + wait_seconds
    named = None
    if try_lock(0):
        return
    while (remaining := deadline - monotonic()) > 0:
        holder = current()
        if on_wait is not None and holder != named:
            on_wait(f"waiting for {holder}, which writes to {where}")
        named = holder
        if try_lock(min(remaining, SECONDS_BETWEEN_LOOKS)):
            return
    waited = f" It was waited for {round(wait_seconds, 1):g} seconds." if wait_seconds else ""
    raise RunLocked(
        f"{current()} writes to {where}, and only one may.{waited} Nothing was written. Wait for it and "
        f"try again, or end that process: its lock ends with it."
    )


def _write_note(folder: Path, holder: str) -> None:
    note = {
        "pid": os.getpid(),
        "host": platform.node(),
        "holder": holder,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    unfinished = folder / f"{NOTE_FILE}.{uuid.uuid4().hex}"
    unfinished.write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
    # On Windows the rename fails while a waiting process reads the old note. The note only serves messages: the run
    # goes on without.
    try:
        unfinished.replace(folder / NOTE_FILE)
    except PermissionError:
        unfinished.unlink(missing_ok=True)
