"""On which days and in which order the schedules tick, as Dagster reckons it, where the clock changes."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from dagster import ScheduleDefinition
from dagster._core.definitions.freshness import CronFreshnessPolicy
from dagster._utils.schedules import schedule_execution_time_iterator

from subs_assets.automation.schedules import default_schedules
from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import small_definitions

YEARS = range(2026, 2031)
IN_ORDER = ["archive_schedule", "prune_schedule", "nightly_schedule"]


def days_of_a_year(year: int) -> Iterator[date]:
    return takewhile(lambda day: day.year == year, (date(year, 1, 1) + timedelta(days=days) for days in range(366)))


def ticks(schedule: ScheduleDefinition, year: int) -> list[datetime]:
    """Of one civil year of the schedule's own time zone."""
    zone = schedule.execution_timezone
    assert zone is not None
    begin, end = (datetime(one, 1, 1, tzinfo=ZoneInfo(zone)) for one in (year, year + 1))
    times = schedule_execution_time_iterator(begin.timestamp(), str(schedule.cron_schedule), zone)
    return list(takewhile(lambda time: time < end, times))


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(
    "zone",
    # Half an hour at Lord Howe; at midnight in Havana, so that 00:30 is missing; at 03:00 in Athens, so that 03:30 is.
    [
        "Australia/Sydney",
        "Europe/Vienna",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Havana",
        "Europe/Athens",
        "UTC",
    ],
)
def test_every_civil_day_has_each_tick_once_and_in_order(zone: str, year: int) -> None:
    night = {schedule.name: ticks(schedule, year) for schedule in default_schedules(zone)}
    for name, times in night.items():
        # By the instant, since a time that the clock skips is written as it would have been.
        days = Counter(time.astimezone(UTC).astimezone(ZoneInfo(zone)).date() for time in times)
        assert days == Counter(days_of_a_year(year)), f"{name} in {zone}"
    for times in zip(*(night[name] for name in IN_ORDER), strict=True):
        assert len({time.date() for time in times}) == 1
        assert all(after - before >= timedelta(minutes=30) for before, after in pairwise(instants(times)))


def instants(times: tuple[datetime, ...]) -> list[datetime]:
    return [time.astimezone(UTC) for time in times]


@pytest.mark.parametrize(
    "zone, day, times",
    [
        ("Australia/Sydney", date(2026, 10, 4), ["00:30", "03:00", "03:30"]),  # 02:00 -> 03:00
        ("Australia/Sydney", date(2027, 4, 4), ["00:30", "02:00", "03:30"]),  # 03:00 -> 02:00
        ("Europe/Vienna", date(2027, 3, 28), ["00:30", "03:00", "03:30"]),
        ("America/New_York", date(2026, 11, 1), ["00:30", "02:00", "03:30"]),  # 02:00 -> 01:00
        ("Australia/Lord_Howe", date(2026, 10, 4), ["00:30", "02:30", "03:30"]),  # 02:00 -> 02:30
        ("Europe/Athens", date(2027, 3, 28), ["00:30", "02:00", "04:00"]),  # 03:00 -> 04:00
    ],
)
def test_a_time_that_the_clock_skips_becomes_the_next_one(zone: str, day: date, times: list[str]) -> None:
    night = [
        f"{time:%H:%M}"
        for schedule in default_schedules(zone)
        for time in ticks(schedule, day.year)
        if time.date() == day
    ]
    assert night == times


@pytest.mark.parametrize("switch", ["on", "off"])
def test_what_is_late_in_the_morning_is_overdue_where_it_is_made_by_itself(settings: Settings, switch: str) -> None:
    environment = {
        "SUBS_CATALOGUES": str(settings.catalogues[0]), "SUBS_AUTOMATION": switch, "SUBS_TIMEZONE": "Europe/Athens",
    }  # fmt: skip
    graph = small_definitions(Settings.from_environment(environment)).resolve_asset_graph()
    policies = {key.to_user_string(): graph.get(key).freshness_policy for key in graph.get_all_asset_keys()}
    deadlines = {name: policy for name, policy in policies.items() if policy is not None}
    assert set(deadlines) == ({"publication", "archive"} if switch == "on" else set())
    made_by = {"publication": "nightly_schedule", "archive": "archive_schedule"}
    schedules = {schedule.name: schedule for schedule in default_schedules("Europe/Athens")}
    for name, policy in deadlines.items():
        assert isinstance(policy, CronFreshnessPolicy) and policy.timezone == "Europe/Athens"
        begins = ticks(schedules[made_by[name]], 2027)
        due = ticks(
            ScheduleDefinition(job_name="x", cron_schedule=policy.deadline_cron, execution_timezone=policy.timezone),
            2027,
        )
        for begin, end in zip(begins, due, strict=True):
            begin, end = instants((begin, end))
            assert end - policy.lower_bound_delta <= begin <= end - timedelta(hours=2)
