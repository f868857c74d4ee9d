"""The section "Over the nights": what of the records of runs is drawn, so that 40 companies and 200 nights stay
readable; the series themselves are worked out in ``history/``."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from subs_assets.database.runs import Recorded
from subs_assets.history.nights import BLOCKED, FAILED, PUBLISHED, RUNNING, SUCCEEDED, nights_of, whole
from subs_assets.history.series import (
    checks_over_nights,
    listings_over_nights,
    rates_by_company,
    rates_over_nights,
    seconds_over_nights,
)
from subs_assets.history.since import Failing, failing_now

MOST_NIGHTS, FEWEST_NIGHTS, POINTS = 200, 30, 4_000
"""Nights that are drawn, of a run each: MOST_NIGHTS where that is at most so many POINTS, a point a company and night,
each some 60 bytes of a page of 5 MB."""

PAIRS_UP_TO = 5
"""Up to so many companies each pair has its line; with more, a company has one: the mean over the others."""

CHECKS_DRAWN = 30
"""Rows of the grid, those that did not pass last first; a check that passed every night has none."""

STEPS_DRAWN = 8
NIGHTS_LISTED = 30
RUNS = "the run itself"
STEPS_NOT_KEPT = "steps not kept"

PASSED, WARNED, FAILED_CHECK, CUT = "passed", "warned", "failed", "cut off"
VERDICTS = (PASSED, WARNED, FAILED_CHECK, CUT)
"""Of a check or a run in one night, the gravest last: where a night had several runs, the gravest is drawn."""


@dataclass(frozen=True)
class OverNights:
    """``nights`` as ``history.nights.whole`` gives them, the newest first; of how many ``days`` they are; ``failing``:
    what does not pass now; ``grid``: ``night``, ``row``, ``verdict``, ``said``, and in which order its ``rows`` stand;
    ``steady``: how many checks passed every night; series of rates (by pair or, ``by_company``, their means), listings
    and seconds."""

    nights: pd.DataFrame
    days: int
    failing: list[Failing]
    grid: pd.DataFrame
    rows: list[str]
    steady: int
    by_company: bool
    rates: pd.DataFrame
    listings: pd.DataFrame
    seconds: pd.DataFrame


def over_nights(recorded: Recorded, companies: Collection[str], timezone: str = "UTC") -> OverNights:
    """``companies``: the slugs of tonight's; of others nothing is drawn. ``timezone``: whose days the nights are."""
    every = nights_of(recorded, timezone)
    drawn = whole(every).head(max(FEWEST_NIGHTS, min(MOST_NIGHTS, POINTS // max(1, len(companies)))))
    in_their_time = every[every["started_at"] >= drawn["started_at"].min()]
    grid, rows, steady = _grid(drawn, in_their_time, recorded.checks)
    rates = rates_over_nights(drawn, recorded.rates)
    rates = rates[rates["company_slug"].isin(companies) & rates["target_company_slug"].isin(companies)]
    listings = listings_over_nights(drawn, recorded.figures)
    by_company = len(companies) > PAIRS_UP_TO
    return OverNights(
        drawn,
        int(drawn["started_at"].dt.date.nunique()),
        failing_now(every, recorded.checks),
        grid,
        rows,
        steady,
        by_company,
        rates_by_company(rates) if by_company else rates[rates["company_slug"] != rates["target_company_slug"]],
        listings[listings["company_slug"].isin(companies)],
        _seconds(drawn, recorded.steps),
    )


def _grid(
    nights: pd.DataFrame, runs_of_any_job: pd.DataFrame, checks: pd.DataFrame
) -> tuple[pd.DataFrame, list[str], int]:
    """The verdict of each night on its whole runs, and of runs of any job on every check that did not always pass; the
    order of the rows; how many checks always passed."""
    found = checks_over_nights(runs_of_any_job, checks)
    found = found.assign(row=found["asset"] + " " + found["check_name"])
    runs = nights.assign(row=RUNS, verdict=nights.apply(_verdict_on_run, axis=1, result_type="reduce"))
    runs["said"] = runs["outcome"] + runs["said"].map(lambda said: f": {said}" if isinstance(said, str) else "")
    columns = ["started_at", "row", "verdict", "said"]
    both = pd.concat([runs[columns], found[columns]], ignore_index=True)
    both["gravity"] = both["verdict"].map({verdict: place for place, verdict in enumerate(VERDICTS)}).astype(int)
    both["night"] = both["started_at"].dt.strftime("%Y-%m-%d")
    both = both.sort_values(["gravity", "started_at"], kind="stable").drop_duplicates(["night", "row"], keep="last")
    bad = both[(both["gravity"] > 0) & (both["row"] != RUNS)].groupby("row")["night"].agg(["max", "size"])
    shown = list(bad.sort_values(["max", "size"], ascending=False, kind="stable").index[:CHECKS_DRAWN])
    rows = [RUNS, *shown]
    grid = both[both["row"].isin(rows)].sort_values(["night", "row"], ignore_index=True)
    return grid[["night", "row", "verdict", "said"]], rows, int(found["row"].nunique()) - len(bad)


def _verdict_on_run(night: pd.Series) -> str:
    if night["outcome"] in (PUBLISHED, SUCCEEDED, RUNNING):
        return PASSED
    return FAILED_CHECK if night["outcome"] in (BLOCKED, FAILED) else WARNED if night["rows"] is not pd.NA else CUT


def _seconds(nights: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """``history.series.seconds_over_nights``; of a night whose steps are not kept, its seconds alone."""
    series = seconds_over_nights(nights, steps, STEPS_DRAWN)
    without = nights[~nights["run_id"].isin(series["run_id"])].dropna(subset=["seconds"])
    alone = without[["started_at", "run_id", "seconds"]].assign(step=STEPS_NOT_KEPT)
    parts = [part for part in (series, alone) if len(part)]
    return pd.concat(parts).sort_values("started_at", kind="stable", ignore_index=True) if parts else series


def listed(nights: pd.DataFrame) -> list[dict[str, object]]:
    """The last nights as a table: what the charts draw, for people who do not see them."""
    return [
        {**night, "problems": list(chain(night["failed"], night["warned"]))}
        for night in nights.head(NIGHTS_LISTED).astype(object).where(nights.notna(), None).to_dict("records")
    ]
