"""What is drawn over the nights: grid, panels and bars; a night or 200, one company or 40, gaps and killed runs."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from subs_assets.history.series import OTHERS
from subs_assets.report.night_charts import checks_grid, listings_panels, rates_panels, seconds_bars, steps_in_order
from subs_assets.report.over_nights import RUNS, STEPS_NOT_KEPT, listed, over_nights
from subs_assets.report.page import render_report
from subs_assets_tests.made_up_nights import made_up_night, made_up_recorded

SLUGS = [f"shop_{number:02d}" for number in range(40)]


def named(count: int) -> dict[str, str]:
    return {slug: slug.upper() for slug in SLUGS[:count]}


def rows_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    (rows,) = spec["datasets"].values()
    return list(rows)


def test_the_grid_has_the_runs_and_what_did_not_always_pass() -> None:
    found = over_nights(made_up_recorded(SLUGS[:3], 30, failed=True), SLUGS[:3])
    assert found.rows[:2] == [RUNS, "catalogue/shop_00 delivered"], "what did not pass last comes first"
    assert set(found.rows[2:]) == {"evaluation rates_hold", "substitution_rates rates_beat_chance"}
    assert found.steady == 2, "the other two companies delivered every night"
    verdicts = found.grid.set_index(["row", "night"])["verdict"]
    assert verdicts[RUNS, "2026-11-25"] == "passed"
    assert set(verdicts[RUNS]) == {"passed", "failed", "cut off"}
    killed = verdicts[RUNS].index[verdicts[RUNS] == "cut off"]
    assert len(killed) and not set(killed) & set(verdicts["evaluation rates_hold"].index)
    assert [one.sentence for one in found.failing] == [
        "catalogue/shop_00 delivered has failed since 2026-11-24, in 2 runs"
    ]


def test_of_several_runs_of_a_night_the_gravest_is_drawn() -> None:
    recorded = made_up_recorded(SLUGS[:1], 2)
    blocked = recorded.runs.head(1).assign(run_id="blocked", state="failed", started_at="2026-11-25T02:00:00+00:00")
    checks = recorded.checks[recorded.checks["run_id"] == "run-2"].assign(run_id="blocked", passed=False)
    found = over_nights(
        replace(recorded, runs=pd.concat([recorded.runs, blocked]), checks=pd.concat([recorded.checks, checks])),
        SLUGS[:1],
    )
    verdicts = found.grid.set_index(["row", "night"])["verdict"]
    assert verdicts[RUNS, "2026-11-25"] == verdicts["evaluation rates_hold", "2026-11-25"] == "failed"
    assert found.failing == [], "the last run of that night passed"


def test_runs_of_other_jobs_are_no_nights_but_their_checks_are_seen() -> None:
    recorded = made_up_recorded(SLUGS[:1], 60)
    others = pd.concat(
        recorded.runs.assign(run_id=job + recorded.runs["run_id"], job=job, state="failed")
        for job in ("archive_tables", "prune_archives", "reset_confirm")
    )
    runs = pd.concat([recorded.runs, others]).sort_values("started_at", ascending=False, kind="stable")
    checks = recorded.checks.head(1).assign(
        run_id="archive_tablesrun-60", asset="archive", check_name="complete", passed=False, severity="ERROR"
    )
    alone = over_nights(recorded, SLUGS[:1])
    found = over_nights(
        replace(recorded, runs=runs, checks=pd.concat([recorded.checks, checks], ignore_index=True)), SLUGS[:1]
    )
    assert found.nights["run_id"].tolist() == alone.nights["run_id"].tolist()
    verdicts, before = (one.grid.set_index(["row", "night"])["verdict"] for one in (found, alone))
    assert verdicts[RUNS].equals(before[RUNS])
    assert verdicts["archive complete", "2026-11-25"] == "failed" and found.failing[0].asset == "archive"


def test_gaps_are_seen_and_labels_do_not_touch() -> None:
    found = over_nights(made_up_recorded(SLUGS[:1], 30), SLUGS[:1])
    x = checks_grid(found.grid, found.rows, "")["encoding"]["x"]
    assert len(x["scale"]["domain"]) == 30 > found.grid["night"].nunique()
    assert len(x["axis"]["values"]) == 8
    once = found.grid[found.grid["night"].isin(["2026-10-27", "2026-11-25"])].replace("2026-10-27", "2020-01-01")
    assert len(checks_grid(once, found.rows, "")["encoding"]["x"]["scale"]["domain"]) == 2


@pytest.mark.parametrize(("companies", "nights"), [(5, 178), (40, 100)])
def test_as_many_nights_are_drawn_as_a_page_can_hold(companies: int, nights: int) -> None:
    found = over_nights(made_up_recorded(SLUGS[:companies], 200), SLUGS[:companies])
    assert len(found.nights) == nights
    specs = (
        rates_panels(found.rates, named(companies), ""),
        listings_panels(found.listings, named(companies), ""),
        seconds_bars(found.seconds, steps_in_order(found.seconds, OTHERS), ""),
        checks_grid(found.grid, found.rows, ""),
    )
    assert sum(len(json.dumps(spec)) for spec in specs) < 1_500_000
    assert ("at" in rows_of(specs[0])[0]) is (companies == 5)
    assert {row["company"] for row in rows_of(specs[1])} == {
        f"\u2068{name}\u2069" for name in named(companies).values()
    }


def test_a_company_that_is_gone_is_not_drawn() -> None:
    found = over_nights(made_up_recorded(SLUGS[:3], 10), SLUGS[:2])
    assert set(found.rates["company_slug"]) == set(found.rates["target_company_slug"]) == set(SLUGS[:2])
    assert set(found.listings["company_slug"]) == set(SLUGS[:2])


def test_a_run_whose_steps_are_not_kept_has_its_seconds_and_two_of_a_minute_are_two_bars() -> None:
    recorded = made_up_recorded(SLUGS[:1], 3)
    published = recorded.published.assign(
        published_at=["2026-11-25T03:41:40+00:00", "2026-11-25T03:41:07+00:00", "2026-11-23T03:41:07+00:00"],
        seconds=5.0,
    )
    found = over_nights(
        replace(recorded, runs=recorded.runs.head(0), published=published, steps=recorded.steps.head(0)), SLUGS[:1]
    )
    steps = steps_in_order(found.seconds, OTHERS)
    assert steps == [STEPS_NOT_KEPT]
    assert len({row["run"] for row in rows_of(seconds_bars(found.seconds, steps, ""))}) == 3


def test_a_first_night_says_so_and_a_second_is_drawn() -> None:
    first, second = (render_report(made_up_night(2, goods=4, nights=nights)) for nights in (1, 2))
    assert "What is kept is of one night" in first and "checks-over-nights" not in first
    assert 'data-chart="checks-over-nights"' in second and 'data-chart="rates-over-nights"' in second
    assert "has failed since 2026-11-24, in 2 runs" in second


def test_nights_are_the_days_of_the_time_zone() -> None:
    found = over_nights(made_up_recorded(SLUGS[:1], 2, failed=True), SLUGS[:1], "America/Anchorage")
    assert sorted(set(found.grid["night"])) == ["2026-11-23", "2026-11-24"], "03:40 in UTC"
    assert "since 2026-11-23" in found.failing[0].sentence
    (line,) = {row["at_time"] for row in rows_of(listings_panels(found.listings.tail(1), named(1), ""))}
    assert line == "2026-11-24T18:40:00Z", "the axis is UTC's"
    assert "2026-11-24 18:40:00" in {row["run"] for row in rows_of(seconds_bars(found.seconds, ["substitutions"], ""))}


def test_the_table_names_what_did_not_pass() -> None:
    found = over_nights(made_up_recorded(SLUGS[:1], 2, failed=True), SLUGS[:1])
    assert [row["problems"] for row in listed(found.nights)] == [["catalogue/shop_00 delivered"]] * 2
