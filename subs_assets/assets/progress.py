"""Progress of long steps as log lines: what, how far, how fast, how long still; once every few seconds."""

from collections.abc import Callable
from time import monotonic
from typing import Any

EVERY_SECONDS = 5.0


def log_progress(log: Any, what: str, clock: Callable[[], float] = monotonic) -> Callable[[int, int], None]:
    """A callback (done, total) that writes "12,000 of 107,217 names encoded, 560/s, 2 min 50 s left" to a Dagster log.

    At most every few seconds, and a step of an hour more seldom: whenever it took a tenth longer. The rate counts from
    the first call, so that what was loaded before is not in it.
    """
    first: tuple[float, int] | None = None
    due = 0.0

    def report(done: int, total: int) -> None:
        nonlocal first, due
        now = clock()
        if first is None:
            first, due = (now, done), now + EVERY_SECONDS
        if now < due:
            return
        started, done_then = first
        due = now + max(EVERY_SECONDS, (now - started) / 10)
        rate = max((done - done_then) / (now - started), 1e-9)
        left = in_words((total - done) / rate)
        log.info(f"{done:,} of {total:,} {what}, {rate:,.{0 if rate >= 10 else 1}f}/s, {left} left")

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
        now = monotonic()
        if now - last >= EVERY_SECONDS:
            last = now
            log.info(f"{verb}: {database}.{table}, {rows:,} rows so far")

    return report
