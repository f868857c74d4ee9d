"""What a look at something finds: its state, a sentence, and what to do; what is looked at is not known here."""

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error"]

PATIENCE_SECONDS = 60.0
"""How long one subject may take: a share or a store that is gone may not answer for many minutes."""

SECONDS_BETWEEN_LOOKS = 0.05
"""How often the waiting thread wakes: on Windows, Ctrl-C reaches it only then."""


@dataclass(frozen=True)
class Finding:
    """``remedy`` is the command to type or what to change; empty where there is nothing to do."""

    state: State
    found: str
    remedy: str = ""


Look = Callable[[], Iterable[Finding]]


def ok(found: str) -> Finding:
    """Nothing is to be done."""
    return Finding("ok", found)


def warning(found: str, remedy: str) -> Finding:
    """What goes on working, for now."""
    return Finding("warning", found, remedy)


def error(found: str, remedy: str) -> Finding:
    """What keeps the next night from being made, published or archived, or a person from relying on it."""
    return Finding("error", found, remedy)


def findings_of(look: Look, patience: float = PATIENCE_SECONDS) -> list[Finding]:
    """What ``look`` finds; a look that raises, or that does not come back, is a finding too."""
    outcome: queue.SimpleQueue[list[Finding]] = queue.SimpleQueue()

    def call() -> None:
        found: list[Finding] = []
        try:
            found.extend(look())
        except BaseException as problem:  # a broken package may raise anything, SystemExit too
            found.append(error(f"the look at it failed: {_said(problem)}", _remedy(problem)))
        outcome.put(found)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    deadline = time.monotonic() + patience
    while thread.is_alive() and time.monotonic() < deadline:
        thread.join(SECONDS_BETWEEN_LOOKS)
    try:
        return outcome.get_nowait()
    except queue.Empty:
        where = "see that the disk, share, database or store it lies on answers"
        return [error(f"no answer within {patience:g} seconds", where)]


def _said(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}"


def _remedy(problem: BaseException) -> str:
    if isinstance(problem, ImportError):
        return "install subs_assets again into this environment (docs/set-up.md)"
    return "mend what the message names, then ask again with `subs doctor`"
