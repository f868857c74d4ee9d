"""The runs of the last nights, a row each: how it ended, how long it took, what it published and which checks it did
not pass. ``database/runs.py`` reads them."""

import json

import pandas as pd

from subs_assets.database.runs import CUT_OFF, FAILED, NIGHTLY, RUNNING, SUCCEEDED, Recorded

PUBLISHED, BLOCKED = "published", "blocked"
OUTCOMES = (PUBLISHED, "published, then failed", SUCCEEDED, BLOCKED, FAILED, "canceled", CUT_OFF, RUNNING)
"""How a run is said to have ended; "blocked": a blocking check kept it from being published."""

NIGHT_COLUMNS = [
    "run_id", "job", "launched_by", "repeats", "started_at", "ended_at", "published_at", "seconds", "outcome", "rows",
    "failed", "warned", "said",
]  # fmt: skip


def nights_of(recorded: Recorded, timezone: str = "UTC") -> pd.DataFrame:
    """NIGHT_COLUMNS of every run, newest first, its times in ``timezone``: of a night that begins at half past three in
    Sydney UTC would say the day before. ``failed`` and ``warned`` are tuples of ``asset check_name``, ``rows``
    what was published together, ``seconds`` from the start to the end. Of runs of before they were recorded only what
    they published is known, and ``seconds`` until then."""
    found = recorded.checks[~recorded.checks["passed"].astype(bool)]
    names = found["asset"] + " " + found["check_name"]
    is_error = found["severity"] == "ERROR"
    blocked = set(found.loc[is_error & found["blocking"].astype(bool), "run_id"])
    failed, warned = (names[mask].groupby(found["run_id"]).agg(tuple) for mask in (is_error, ~is_error))
    both = recorded.runs.merge(recorded.published, on="run_id", how="outer", suffixes=("", "_until_published"))
    published_at, ended_at = (_times(both[name], timezone) for name in ("published_at", "ended_at"))
    before = published_at - pd.to_timedelta(both["seconds"], unit="s")
    started_at = _times(both["started_at"], timezone).fillna(before).fillna(published_at)
    nights = pd.DataFrame(
        {
            **{name: both[name] for name in ("run_id", "job", "launched_by", "repeats")},
            "started_at": started_at,
            "ended_at": ended_at,
            "published_at": published_at,
            "seconds": (ended_at - started_at).dt.total_seconds().where(both["state"].notna(), both["seconds"]),
            "outcome": [
                _outcome(state, published, run_id in blocked)
                for state, published, run_id in zip(
                    both["state"].fillna(SUCCEEDED), published_at.notna(), both["run_id"], strict=True
                )
            ],
            "rows": pd.array([_rows(counts) for counts in both["counts"]], dtype="Int64"),
            "failed": [failed.get(run_id, ()) for run_id in both["run_id"]],
            "warned": [warned.get(run_id, ()) for run_id in both["run_id"]],
            "said": both["said"],
        },
        columns=NIGHT_COLUMNS,
    )
    return nights.sort_values(["started_at", "run_id"], ascending=[False, True], ignore_index=True)


def whole(nights: pd.DataFrame) -> pd.DataFrame:
    """Of ``nights_of`` what a person calls a night: runs of the whole graph, and others that published; not archives,
    their pruning, resets, nor what somebody tried by hand."""
    return nights[(nights["job"] == NIGHTLY) | nights["published_at"].notna()]


def _times(written: pd.Series, timezone: str) -> pd.Series:
    return pd.to_datetime(written, utc=True).dt.tz_convert(timezone)


def _rows(counts: object) -> int | None:
    return sum(json.loads(counts).values()) if isinstance(counts, str) else None


def _outcome(state: str, is_published: bool, is_blocked: bool) -> str:
    if is_published and state in (SUCCEEDED, RUNNING):
        return PUBLISHED if state == SUCCEEDED else RUNNING
    if is_published:
        return "published, then failed"
    return BLOCKED if is_blocked and state == FAILED else state
