"""What runs keep of themselves in the control state, and how it is read; what it says over the nights is worked out in
``history/``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    Engine,
    ScalarSelect,
    Select,
    SelectBase,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from subs_assets.database import frames
from subs_assets.database.audit_lines import now
from subs_assets.database.control_tables import (
    night_measures,
    run_checks,
    run_figures,
    run_history,
    run_steps,
    runs,
)
from subs_assets.database.engine import writing

RUNNING, SUCCEEDED, FAILED, CANCELED, CUT_OFF = "running", "succeeded", "failed", "canceled", "cut off"
"""A run's states. "Cut off": its process was killed, or its machine stopped, before it could say how it ended."""

NIGHTLY = "nightly"
"""The job of a night; of another job a run is a night's where it published."""

KEPT_NIGHTS = 400
"""Steps, checks and figures are kept of so many nights, the last, and of all runs since the first of them: thirteen
months of one run a night, so that a night can be laid beside the same one a year ago. What is older is in the archives;
that a run was, and what it published, stays."""

STEP_COLUMNS = ["step", "place", "state", "seconds"]
CHECK_COLUMNS = ["asset", "check_name", "passed", "severity", "blocking", "said"]
FIGURE_COLUMNS = ["asset", "figure", "value"]

RunIds = Sequence[str] | SelectBase
"""The ids of runs, or SQL for them."""


@dataclass(frozen=True)
class BegunRun:
    """A run as it begins; ``started_at``: ISO 8601 in UTC."""

    run_id: str
    job: str
    launched_by: str | None
    repeats: str | None
    started_at: str


@dataclass(frozen=True)
class EndedRun:
    """How a run ended, and what it did: frames of STEP_COLUMNS, CHECK_COLUMNS and FIGURE_COLUMNS."""

    state: str
    said: str | None
    steps: pd.DataFrame
    checks: pd.DataFrame
    figures: pd.DataFrame


@dataclass(frozen=True)
class Recorded:
    """Runs, newest first, in the form of ``runs``; those that published, in the form of ``run_history``; and
    of both what they did and measured, in the form of ``run_steps``, ``run_checks``, ``run_figures`` and (the rates
    alone) ``night_measures``."""

    runs: pd.DataFrame
    published: pd.DataFrame
    steps: pd.DataFrame
    checks: pd.DataFrame
    figures: pd.DataFrame
    rates: pd.DataFrame

    def with_details(self, run_id: str, run: "EndedRun") -> "Recorded":
        """The same, with what a run has done so far that goes on: it is written down when it ends."""
        added = {
            name: pd.concat([old[old["run_id"] != run_id], new.assign(run_id=run_id)[old.columns]], ignore_index=True)
            for name, old, new in (
                ("steps", self.steps, run.steps),
                ("checks", self.checks, run.checks),
                ("figures", self.figures, run.figures),
            )
            if len(new)
        }
        return replace(self, **added)


def begin_run(engine: Engine, run: BegunRun) -> list[str]:
    """Keep that a run goes on, for whoever holds the run lock: runs that are said to go on beside it do not, and are
    cut off. Returns their ids."""
    others = (runs.c.state == RUNNING) & (runs.c.run_id != run.run_id)
    said = f"its process was killed, or its machine stopped; run {run.run_id} found that when it began"
    with writing(engine) as connection:
        found = list(connection.scalars(select(runs.c.run_id).where(others).order_by(runs.c.started_at)))
        connection.execute(update(runs).where(others).values(state=CUT_OFF, said=said))
        _put(connection, run, RUNNING)
    return found


def end_run(engine: Engine, run: BegunRun, ended: EndedRun) -> None:
    """Keep how a run ended, whether or not it could say that it began, in place of what was kept of it."""
    details = ((run_steps, ended.steps), (run_checks, ended.checks), (run_figures, ended.figures))
    with writing(engine) as connection:
        _put(connection, run, ended.state, ended.said, now())
        for table, frame in details:
            connection.execute(delete(table).where(table.c.run_id == run.run_id))
            rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
            if rows:
                connection.execute(insert(table), [{**row, "run_id": run.run_id} for row in rows])
        prune_runs(connection)


def _put(
    connection: Connection, run: BegunRun, state: str, said: str | None = None, ended_at: str | None = None
) -> None:
    connection.execute(delete(runs).where(runs.c.run_id == run.run_id))
    connection.execute(
        insert(runs).values(
            run_id=run.run_id, job=run.job, launched_by=run.launched_by, repeats=run.repeats,
            started_at=run.started_at, ended_at=ended_at, state=state, said=said,
        )
    )  # fmt: skip


def prune_runs(connection: Connection, kept: int = KEPT_NIGHTS) -> None:
    """Forget what runs from before the last ``kept`` nights did, and what all but the last ``kept`` published nights
    measured."""
    forgotten = select(runs.c.run_id).where(runs.c.started_at < _start_of_night(kept))
    for table in (run_steps, run_checks, run_figures):
        connection.execute(delete(table).where(table.c.run_id.in_(forgotten)))
    nights = select(night_measures.c.published_at).distinct().order_by(night_measures.c.published_at.desc())
    oldest = connection.scalar(nights.limit(1).offset(kept - 1))
    if oldest is not None:
        connection.execute(delete(night_measures).where(night_measures.c.published_at < oldest))


def _start_of_night(number: int) -> ScalarSelect[str]:
    """SQL for when a night started, of which the last is 1; NULL where there were not so many."""
    is_night = or_(runs.c.job == NIGHTLY, runs.c.run_id.in_(select(run_history.c.run_id)))
    started = select(runs.c.started_at).where(is_night).order_by(runs.c.started_at.desc())
    return started.limit(1).offset(number - 1).correlate(None).scalar_subquery()


def record_published(
    engine: Engine,
    run_id: str,
    counts: Mapping[str, int],
    seconds: float | None = None,
    published_at: str | None = None,
) -> None:
    """Keep what a run published: rows per table; a run that is recorded again replaces its record.

    ``published_at``: ISO 8601 in UTC, now by default. ``seconds``: how long the run took until then.
    """
    row = {
        "run_id": run_id,
        "published_at": published_at or now(),
        "seconds": seconds,
        "counts": json.dumps(dict(counts), sort_keys=True),
    }
    with writing(engine) as connection:
        connection.execute(delete(run_history).where(run_history.c.run_id == run_id))
        connection.execute(insert(run_history).values(row))


def read_published(engine: Engine, last: int = 10) -> pd.DataFrame:
    """The last runs that published, newest first, in the form of ``run_history``; ``counts`` is a JSON object."""
    with engine.connect() as connection:
        return frames.fetch(connection, _last_published(last))


def _last_published(last: int) -> Select[Any]:
    return select(run_history).order_by(run_history.c.published_at.desc(), run_history.c.run_id).limit(last)


def first_published(engine: Engine) -> str | None:
    """When the first run of all published, ISO 8601 in UTC; None where none did."""
    with engine.connect() as connection:
        return connection.scalar(select(func.min(run_history.c.published_at)))


def read_recorded(engine: Engine, nights: int) -> Recorded:
    """The runs of the last ``nights`` nights and all runs since the first of them, with what they did; of published
    runs of before they were recorded what is known."""
    is_recent = runs.c.started_at >= func.coalesce(_start_of_night(nights), "")
    with engine.connect() as connection:
        newest = select(runs).where(is_recent).order_by(runs.c.started_at.desc(), runs.c.run_id)
        found, published = (frames.fetch(connection, query) for query in (newest, _last_published(nights)))
    # Not the ids themselves: SQLite takes no more than 32,766 values.
    recent, last = (
        select(query.subquery().c.run_id) for query in (select(runs).where(is_recent), _last_published(nights))
    )
    return _with_details(engine, found, published, recent.union(last))


def read_run(engine: Engine, run_id: str) -> Recorded:
    """One run."""
    run, published = (_of_runs(engine, table, [run_id]) for table in (runs, run_history))
    return _with_details(engine, run, published, [run_id])


def _with_details(engine: Engine, found: pd.DataFrame, published: pd.DataFrame, ids: RunIds) -> Recorded:
    steps, checks, figures, measures = (
        _of_runs(engine, table, ids) for table in (run_steps, run_checks, run_figures, night_measures)
    )
    return Recorded(
        found,
        published,
        steps.sort_values(["run_id", "place"], kind="stable", ignore_index=True),
        checks,
        figures,
        measures[measures["measure"] == "rate"].reset_index(drop=True),
    )


def run_named(engine: Engine, start: str) -> list[str]:
    """The ids of the runs that begin with ``start``, recorded or only published."""
    with engine.connect() as connection:
        ids = union(select(runs.c.run_id), select(run_history.c.run_id)).subquery()
        named = ids.c.run_id.startswith(start, autoescape=True)
        return list(connection.scalars(select(ids.c.run_id).where(named).order_by(ids.c.run_id)))


def _of_runs(engine: Engine, table: Table, ids: RunIds) -> pd.DataFrame:
    with engine.connect() as connection:
        found = frames.fetch(connection, select(table).where(table.c.run_id.in_(ids)))
    return found.sort_values(frames.primary_key(table), kind="stable", ignore_index=True)
