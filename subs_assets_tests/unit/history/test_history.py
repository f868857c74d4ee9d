"""What the records of runs say over the nights: outcomes, since when, and series."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from subs_assets.database.runs import Recorded
from subs_assets.history.nights import nights_of
from subs_assets.history.series import (
    OTHERS,
    checks_over_nights,
    counts_over_nights,
    listings_over_nights,
    rates_by_company,
    rates_over_nights,
    seconds_over_nights,
)
from subs_assets.history.since import failing_now


def at(day: int, minute: int = 0) -> str:
    return f"2026-11-{day:02d}T03:{minute:02d}:00.000000+00:00"


def recorded(
    runs: list[tuple], published: list[tuple] = (), steps=(), checks=(), figures=(), rates=()  # type: ignore[no-untyped-def]
) -> Recorded:  # fmt: skip
    return Recorded(
        pd.DataFrame(
            [(run_id, "nightly", None, None, at(day), end, state, None) for run_id, day, end, state in runs],
            columns=["run_id", "job", "launched_by", "repeats", "started_at", "ended_at", "state", "said"],
        ),
        pd.DataFrame(published, columns=["run_id", "published_at", "seconds", "counts"]),
        pd.DataFrame(steps, columns=["run_id", "step", "seconds"]),
        pd.DataFrame(checks, columns=["run_id", "asset", "check_name", "passed", "severity", "blocking", "said"]),
        pd.DataFrame(figures, columns=["run_id", "asset", "figure", "value"]),
        pd.DataFrame(rates, columns=["run_id", "company_slug", "target_company_slug", "value", "cases"]),
    )


COUNTS = json.dumps({"listings": 3, "products": 2})


@pytest.mark.parametrize(
    ("state", "is_published", "severity", "outcome"),
    [
        ("succeeded", True, "WARN", "published"),
        ("succeeded", False, "WARN", "succeeded"),
        ("failed", True, "WARN", "published, then failed"),
        ("cut off", True, "WARN", "published, then failed"),
        ("failed", False, "ERROR", "blocked"),
        ("failed", False, "WARN", "failed"),
        ("cut off", False, "WARN", "cut off"),
        ("canceled", False, "ERROR", "canceled"),
        ("running", True, "WARN", "running"),
    ],
)
def test_how_a_run_is_said_to_have_ended(state: str, is_published: bool, severity: str, outcome: str) -> None:
    published = [("one", at(1, 5), 300.0, COUNTS)] if is_published else []
    checks = [("one", "evaluation", "rates_hold", False, severity, True, "it fell")]
    (night,) = nights_of(recorded([("one", 1, at(1, 6), state)], published, checks=checks)).to_dict("records")
    assert night["outcome"] == outcome
    assert (night["seconds"] == 360 and (night["rows"] == 5) is is_published) or not is_published
    assert (night["failed"], night["warned"])[severity == "WARN"] == ("evaluation rates_hold",)
    assert (night["failed"], night["warned"])[severity != "WARN"] == ()


def test_a_run_of_before_they_were_recorded_has_what_it_published() -> None:
    found = recorded([("new", 2, None, "running")], [("old", at(1, 5), 300.0, COUNTS), ("older", at(1), None, "{}")])
    nights = nights_of(found)
    assert nights["run_id"].tolist() == ["new", "old", "older"]
    assert nights["outcome"].tolist() == ["running", "published", "published"]
    assert nights["started_at"].tolist()[1] == datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
    assert nights["seconds"].tolist()[1] == 300 and nights["rows"].tolist()[1] == 5
    assert nights_of(recorded([])).empty


ERROR, WARN = "ERROR", "WARN"


@pytest.mark.parametrize(
    ("verdicts", "since"),
    [  # of one night each; None: the night did not come to the check
        ([True, True], None),
        ([False], (1, 1)),
        ([True, False, False], (2, 2)),
        ([False, True, False, None, False], (3, 2)),
        ([False, True], None),
        ([False, False, None], (1, 2)),
    ],
)
def test_since_when_a_check_fails(verdicts: list[bool | None], since: tuple[int, int] | None) -> None:
    # Runs that failed, so that a night that did not come to the check does not mean that it is gone.
    runs = [(f"run {day}", day, at(day, 5), "failed") for day in range(1, len(verdicts) + 1)]
    checks = [
        (f"run {day}", "catalogue/aldi", "delivered", passed, ERROR, False, f"said on {day}")
        for day, passed in enumerate(verdicts, 1)
        if passed is not None
    ]
    found = recorded(runs, checks=checks)
    failing = failing_now(nights_of(found), found.checks)
    assert [(one.since.day, one.runs) for one in failing] == ([] if since is None else [since])
    if failing:
        assert failing[0].said == checks[-1][-1]


def test_the_sentences_name_check_and_day() -> None:
    runs = [(f"run {day}", day, at(day, 5), "succeeded") for day in (1, 2)]
    checks = [
        ("run 1", "catalogue/aldi", "delivered", False, ERROR, False, "empty"),
        ("run 1", "catalogue/gone", "delivered", False, ERROR, False, "empty"),
        ("run 2", "catalogue/aldi", "delivered", False, ERROR, False, "empty"),
        ("run 2", "substitution_rates", "rates_beat_chance", False, WARN, False, None),
    ]
    found = recorded(runs, [(run_id, ended_at, 300.0, COUNTS) for run_id, _, ended_at, _ in runs], checks=checks)
    assert [one.sentence for one in failing_now(nights_of(found), found.checks)] == [
        "catalogue/aldi delivered has failed since 2026-11-01, in 2 runs",
        "substitution_rates rates_beat_chance warned on 2026-11-02, for the first time",
    ], "a company that is gone fails no more"


def test_days_are_those_of_the_time_zone() -> None:
    # 03:30 in Sydney; summer time began on 4 October.
    found = recorded([], [("night", "2026-11-20T16:35:00.000000+00:00", 300.0, COUNTS)])
    found.runs.loc[0] = ["night", "nightly", None, None, "2026-11-20T16:30:00.000000+00:00", None, "running", None]
    checks = pd.DataFrame(
        [("night", "catalogue/aldi", "delivered", False, ERROR, False, "empty")], columns=found.checks.columns
    )
    nights = nights_of(found, "Australia/Sydney")
    assert [one.sentence for one in failing_now(nights, checks)] == [
        "catalogue/aldi delivered failed on 2026-11-21, for the first time"
    ]
    assert f"{nights['published_at'].iloc[0]:%Y-%m-%d %H:%M}" == "2026-11-21 03:35"
    assert nights["seconds"].isna().all()


@pytest.mark.parametrize(
    ("asks", "is_published", "repeats"),
    [(None, False, "night"), ("catalogue/aldi", True, "night"), ("catalogue/aldi", False, None), (None, True, None)],
    ids=["exports again", "all again", "one company alone", "publication alone"],
)
def test_a_run_of_a_part_or_again_makes_no_check_gone(
    asks: str | None, is_published: bool, repeats: str | None
) -> None:
    runs = [("night", 1, at(1, 5), "failed"), ("part", 2, at(2, 5), "succeeded")]
    checks = [("night", "catalogue/iga", "delivered", False, ERROR, False, "empty")]
    checks += [("part", asks, "delivered", True, ERROR, False, None)] if asks else []
    published = [(run, at(1, 5), 300.0, COUNTS) for run in ("night", "part") if run == "night" or is_published]
    found = recorded(runs, published, checks=checks)
    found.runs.loc[found.runs["run_id"] == "part", "repeats"] = repeats
    assert [one.asset for one in failing_now(nights_of(found), found.checks)] == ["catalogue/iga"]


def test_series() -> None:
    found = recorded(
        [("one", 1, at(1, 5), "succeeded"), ("two", 2, at(2, 5), "succeeded")],
        [("one", at(1, 5), 300.0, COUNTS), ("two", at(2, 5), 300.0, COUNTS)],
        steps=[("one", "a", 5.0), ("one", "b", 1.0), ("one", "c", 2.0), ("two", "a", 4.0), ("two", "b", None)],
        checks=[
            ("one", "listings", "has_listings", True, ERROR, True, "3"),
            ("two", "listings", "has_listings", False, ERROR, True, "0"),
            ("two", "substitution_rates", "rates_beat_chance", False, WARN, False, "no more"),
        ],
        figures=[
            ("one", "catalogue/aldi", "dagster/row_count", 7.0),
            ("one", "catalogue/aldi", "Rows set aside", 2.0),
            ("one", "catalogue/aldi", "Rows read", 9.0),
            ("two", "catalogue/aldi", "dagster/row_count", 6.0),
            ("two", "listings", "dagster/row_count", 6.0),
        ],
        rates=[
            ("one", "aldi", "aldi", 0.9, 7),
            ("one", "aldi", "coles", 0.2, 7),
            ("one", "aldi", "iga", 0.4, 7),
            ("two", "aldi", "iga", 0.5, 7),
        ],
    )
    nights = nights_of(found)

    def values(frame: pd.DataFrame) -> list[tuple]:
        assert frame["started_at"].is_monotonic_increasing
        rows = frame.drop(columns="started_at").itertuples(index=False, name=None)
        return [tuple(None if value != value else value for value in row) for row in rows]

    assert values(listings_over_nights(nights, found.figures)) == [("one", "aldi", 7, 2), ("two", "aldi", 6, None)]
    rates = rates_over_nights(nights, found.rates)
    assert values(rates)[1] == ("one", "aldi", "coles", 0.2, 7)
    assert values(rates_by_company(rates)) == [("one", "aldi", pytest.approx(0.3)), ("two", "aldi", 0.5)]
    assert values(counts_over_nights(nights, found.published))[0] == ("one", "listings", 3)
    assert values(seconds_over_nights(nights, found.steps, longest=1)) == [
        ("one", "a", 5), ("one", OTHERS, 3), ("two", "a", 4),
    ]  # fmt: skip
    assert values(checks_over_nights(nights, found.checks)) == [
        ("one", "listings", "has_listings", "passed", "3"),
        ("two", "listings", "has_listings", "failed", "0"),
        ("two", "substitution_rates", "rates_beat_chance", "warned", "no more"),
    ]


def test_series_of_a_home_without_records_are_empty() -> None:
    found = recorded([])
    nights = nights_of(found)
    for series in (
        listings_over_nights(nights, found.figures), rates_by_company(rates_over_nights(nights, found.rates)),
        counts_over_nights(nights, found.published), seconds_over_nights(nights, found.steps, 8),
        checks_over_nights(nights, found.checks),
    ):  # fmt: skip
        assert series.empty
    assert failing_now(nights, found.checks) == []
