"""When archives were proven to be restorable, kept in the control state; the proof itself is ``drill.py``'s."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import URL, Engine

from subs_assets.archive.drill import Drill, drill
from subs_assets.archive.protocols import Progress
from subs_assets.database import drills

DRILL_EVERY = timedelta(days=7)
GRACE = timedelta(hours=12)
"""A nightly archive is not made at the same second each time."""


@dataclass(frozen=True)
class PastDrill:
    """One line of the history; ``problems`` is None where the archive came back equal."""

    archive: str
    drilled_at: datetime
    tables: int
    rows: int
    seconds: float
    problems: str | None

    @property
    def sentence(self) -> str:
        outcome = f"failed: {self.problems}" if self.problems else f"{self.tables} tables, {self.rows:,} rows came back"
        return f"{self.drilled_at:%Y-%m-%d %H:%M} UTC, {self.archive}: {outcome} in {self.seconds:.1f} s"


def drill_and_record(
    engine: Engine, path: Path, beside: Mapping[str, str | URL], progress: Progress | None = None
) -> Drill:
    """``drill``, and keep in the control state how it went. Raises what ``drill`` raises."""
    started = time.monotonic()
    drilled = drill(path, beside, progress=progress)
    drills.record_drill(
        engine,
        path.name,
        passed=drilled.ok,
        tables=drilled.tables,
        rows=drilled.rows,
        seconds=time.monotonic() - started,
        problems="; ".join(drilled.problems) or None,
    )
    return drilled


def last_drill(engine: Engine) -> PastDrill | None:
    """The newest of all; None where there was none yet."""
    for row in drills.read_drills(engine, last=1).itertuples(index=False):
        return PastDrill(
            archive=row.archive,
            drilled_at=datetime.fromisoformat(row.drilled_at),
            tables=int(row.tables),
            rows=int(row.rows),
            seconds=float(row.seconds),
            problems=None if row.passed else str(row.problems),
        )
    return None


def is_due(last: PastDrill | None, now: datetime | None = None) -> bool:
    """Whether an archive should be drilled: none was for a week, or the last one failed."""
    if last is None or last.problems is not None:
        return True
    age = (now or datetime.now(UTC)) - last.drilled_at
    # One in the future tells that the clock was set back, and nothing of the last week.
    return not -GRACE <= age <= DRILL_EVERY - GRACE
