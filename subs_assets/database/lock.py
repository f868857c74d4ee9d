"""The run lock: one process at a time writes to a warehouse, until it dies; what it writes is no matter here."""

import json
import os
import platform
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from filelock import FileLock, Timeout

LOCK_FILE = "run.lock"
NOTE_FILE = "run.lock.json"

SECONDS_BETWEEN_LOOKS = 1.0
"""How often a waiting process looks who holds the lock now; the lock itself is tried twenty times a second."""


class RunLocked(RuntimeError):
    """Another process writes to this warehouse; the message names it and says what to do."""


@contextmanager
def run_lock(
    folder: Path, holder: str, wait_seconds: float = 0, on_wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the run lock of the warehouse in ``folder``, or raise RunLocked.

    ``holder`` says in words who asks (``subs run``, ``dagster run 1f3a``). ``wait_seconds`` is how long to wait for
    another holder; while waiting, ``on_wait`` gets a sentence that names it, at first and whenever it changes.

    The operating system frees the lock when its holder dies, however it dies; the note beside it only serves the
    message.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_FILE)
    _acquire(lock, folder, wait_seconds, on_wait)
    try:
        _write_note(folder, holder)
        yield
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


def _acquire(lock: FileLock, folder: Path, wait_seconds: float, on_wait: Callable[[str], None] | None) -> None:
    deadline = monotonic() + wait_seconds
    named = None
    with suppress(Timeout):
        lock.acquire(blocking=False)
        return
    while (remaining := deadline - monotonic()) > 0:
        holder = current_holder(folder)
        if on_wait is not None and holder != named:
            on_wait(f"waiting for {holder}, which writes to {folder}")
        named = holder
        with suppress(Timeout):
            lock.acquire(timeout=min(remaining, SECONDS_BETWEEN_LOOKS))
            return
    waited = f" It was waited for {wait_seconds:g} seconds." if wait_seconds else ""
    raise RunLocked(
        f"{current_holder(folder)} writes to {folder}, and only one may.{waited} Nothing was written. Wait for it and "
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
