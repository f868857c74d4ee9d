"""Progress of long steps: what, how far, how fast, how long still; as log lines every ten seconds, and to a bar where
somebody shows one."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

EVERY_SECONDS = 10.0

Advance = Callable[[str, int, int | None], None]
"""What is counted, how many are done, of how many (None: nobody knows)."""

_advance: Advance | None = None


@contextmanager
def told_to(advance: Advance) -> Iterator[None]:
    """Until the block ends, every step of this process tells ``advance`` too, as often as it can; its lines are for
    the event log then, at level DEBUG, and not for whoever sees the bar."""
    global _advance
    _advance = advance
    try:
        yield
    finally:
        _advance = None


def _log_line(log: Any, line: str) -> None:
    log.log(logging.INFO if _advance is None else logging.DEBUG, line)


def log_progress(log: Any, what: str, clock: Callable[[], float] = monotonic) -> Callable[[int, int], None]:
    """A callback (done, total) that writes "12,000 of 107,217 names encoded, 560/s, 2 min 50 s left" to a Dagster log.

    At most every ten seconds, and a step of an hour more seldom: whenever it took a tenth longer. The rate counts from
    the first call, so that what was loaded before is not in it.
    """
    first: tuple[float, int] | None = None
    due = 0.0

    def report(done: int, total: int) -> None:
        nonlocal first, due
        if _advance is not None:
            _advance(what, done, total)
        now = clock()
        if first is None:
            first, due = (now, done), now + EVERY_SECONDS
        if now < due:
            return
        started, done_then = first
        due = now + max(EVERY_SECONDS, (now - started) / 10)
        rate = max((done - done_then) / (now - started), 1e-9)
        left = in_words((total - done) / rate)
        _log_line(log, f"{done:,} of {total:,} {what}, {rate:,.{0 if rate >= 10 else 1}f}/s, {left} left")

    return report


def in_words(seconds: float) -> str:
    """A duration as one would say it: "8 s", "2 min 50 s", "3 h 20 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def log_tables(log: Any, verb: str) -> Callable[[str, str, int], None]:
    """A callback (database, table, rows so far) that writes to a Dagster log where a table takes longer than that."""
    last = monotonic()

    def report(database: str, table: str, rows: int) -> None:
        nonlocal last
        if _advance is not None:
            _advance(f"rows {verb}, {database}.{table}", rows, None)
        now = monotonic()
        if now - last >= EVERY_SECONDS:
            last = now
            _log_line(log, f"{verb}: {database}.{table}, {rows:,} rows so far")

    return report
