"""Progress of long steps as log lines: what, how far, how fast, how long still; once every few seconds."""

from collections.abc import Callable
from time import monotonic
from typing import Any

EVERY_SECONDS = 5.0


def log_progress(log: Any, what: str) -> Callable[[int, int], None]:
    """A callback (done, total) that writes to a Dagster log, not more often than every few seconds."""
    started = last = monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        now = monotonic()
        if now - last < EVERY_SECONDS:
            return
        last = now
        rate = done / max(now - started, 1e-9)
        log.info(f"{what}: {done:,} of {total:,}, {rate:,.0f}/s, {(total - done) / max(rate, 1e-9):,.0f} s left")

    return report


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
