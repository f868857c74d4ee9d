from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.archive.prune import LEAST_VERIFIED, Judgement, Retention, judge
from subs_assets.archive.store import ArchiveSummary

pytestmark = pytest.mark.archive_case(57)
OURS = ("ours",)
START = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)  # a Thursday


def summary(
    number: int, created: datetime, source: str = "ours", complete: bool = True, problem: str | None = None
) -> ArchiveSummary:
    name = f"{created:%Y%m%dT%H%M%SZ}-{number:08x}"
    return ArchiveSummary(name, f"{number:08x}", created.isoformat(), number, 1, 1, 1, complete, (source,), problem)


def nights(count: int) -> list[ArchiveSummary]:
    """One a night, newest first."""
    return [summary(night + 1, START + timedelta(days=night)) for night in reversed(range(count))]


def good(_: ArchiveSummary) -> None:
    return None


def staying(judgements: Iterable[Judgement]) -> list[str]:
    return [one.archive.created[:10] for one in judgements if one.stays]


def test_days_weeks_and_months_stay() -> None:
    judged = judge(nights(100), OURS, Retention(daily=3, weekly=3, monthly=3), good)
    assert {one.archive.created[:10]: one.reason for one in judged if one.stays} == {
        "2026-04-10": "the newest of the day 2026-04-10",
        "2026-04-09": "the newest of the day 2026-04-09",
        "2026-04-08": "the newest of the day 2026-04-08",
        "2026-04-05": "the newest of the week 2026-W14",
        "2026-03-31": "the newest of the month 2026-03",
        "2026-03-29": "the newest of the week 2026-W13",
        "2026-02-28": "the newest of the month 2026-02",
    }


def test_of_several_a_day_the_newest_stays() -> None:
    archives = [summary(number, START + timedelta(hours=number)) for number in reversed(range(1, 9))]
    judged = judge(archives, OURS, Retention(daily=1, weekly=1, monthly=1), good)
    assert [one.archive.number for one in judged if one.stays] == [8, 7]  # two that were read back, always


def test_a_damaged_one_stands_for_nothing_and_stays_for_a_person() -> None:
    archives = nights(10)
    damaged = {archives[0].name, archives[2].name}
    judged = judge(archives, OURS, Retention(2, 1, 1), lambda one: "bytes differ" if one.name in damaged else None)
    assert {one.archive.name for one in judged if "damaged" in one.reason} >= {archives[0].name}
    good_ones = [one for one in judged if one.stays and one.archive.name not in damaged]
    assert good_ones[0].archive is archives[1] and len(good_ones) >= LEAST_VERIFIED


def test_one_whose_manifest_cannot_be_read_stays() -> None:
    unreadable = summary(-1, START, problem="manifest.json was changed")
    judged = judge([*nights(10), unreadable], OURS, Retention(1, 1, 1), good)
    assert judged[-1].stays and "manifest.json was changed" in judged[-1].reason


def test_nothing_goes_where_less_than_two_can_be_relied_on() -> None:
    archives = nights(30)
    only = archives[7].name
    judged = judge(archives, OURS, Retention(1, 1, 1), lambda one: None if one.name == only else "bytes differ")
    assert all(one.stays for one in judged)


def test_archives_of_another_database_do_not_stand_for_ours_and_are_left_alone() -> None:
    ours, theirs = nights(5), [summary(100 + night, START + timedelta(days=9 + night), "theirs") for night in range(3)]
    judged = judge([*theirs, *ours], OURS, Retention(1, 1, 1), good)
    assert [one.archive.number for one in judged if one.stays] == [100, 101, 102, 5, 4]


def test_an_incomplete_one_stands_for_its_day_only_where_there_is_no_better() -> None:
    archives = [
        summary(4, START + timedelta(hours=3), complete=False),
        summary(3, START + timedelta(hours=2)),
        summary(2, START + timedelta(hours=1), complete=False),
        summary(1, START - timedelta(days=1), complete=False),
    ]
    judged = judge(archives, OURS, Retention(daily=2, weekly=0, monthly=0), good)
    assert {one.archive.number: one.reason for one in judged if one.stays} == {
        4: "one of the two newest",
        3: "the newest of the day 2026-01-01",
        1: "the newest of the day 2025-12-31",
    }


def test_the_newest_complete_one_stays_however_many_incomplete_ones_are_newer() -> None:
    newer = [summary(20 - day, START + timedelta(days=10 - day), complete=False) for day in range(3)]
    judged = judge([*newer, *nights(5)], OURS, Retention(0, 0, 0), good)
    assert {one.archive.number: one.reason for one in judged if one.stays} == {
        20: "one of the two newest",
        19: "one of the two newest",
        5: "the newest complete one",
    }


def test_what_a_reset_waits_for_stays() -> None:
    archives = nights(30)
    judged = judge(archives, OURS, Retention(1, 1, 1), good, needed=[archives[20].name])
    assert judged[20].stays and not judged[19].stays


@pytest.mark.archive_case(52)
def test_the_newest_is_told_by_its_number_where_the_clock_was_set_back() -> None:
    archives = [summary(12, START - timedelta(days=400)), *nights(11)]
    assert judge(archives, OURS, Retention(1, 0, 0), good)[0].stays


def test_only_what_would_stay_is_read_back() -> None:
    read: list[str] = []
    judge(nights(365), OURS, Retention(7, 5, 12), lambda one: read.append(one.name))
    assert len(read) == len(set(read)) <= 7 + 5 + 12 + LEAST_VERIFIED


@given(
    st.lists(st.tuples(st.integers(0, 60 * 24), st.sampled_from("ab"), st.booleans(), st.booleans()), max_size=40),
    st.builds(Retention, *[st.integers(0, 4)] * 3),
)
def test_the_last_that_can_be_relied_on_never_goes(
    made: list[tuple[int, str, bool, bool]], retention: Retention
) -> None:
    archives = [
        summary(number, START + timedelta(hours=hours), source, complete)
        for number, (hours, source, complete, _) in enumerate(made)
    ]
    is_good = {one.name: made[one.number][3] for one in archives}
    judged = judge(archives, ("a",), retention, lambda one: None if is_good[one.name] else "damaged")
    assert [one.archive for one in judged] == archives
    assert all(one.stays for one in judged if one.archive.sources != ("a",))
    ours = [one for one in judged if one.archive.sources == ("a",)]
    good_ones = [one for one in ours if is_good[one.archive.name]]
    assert len([one for one in good_ones if one.stays]) >= min(LEAST_VERIFIED, len(good_ones))
    if good_ones:
        assert max(good_ones, key=lambda one: one.archive.number).stays
    if complete := [one for one in good_ones if one.archive.complete]:
        assert max(complete, key=lambda one: one.archive.number).stays
    if len(good_ones) < LEAST_VERIFIED:
        assert all(one.stays for one in ours)
