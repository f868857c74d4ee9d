"""How old the newest archive may be before it is told, and before it is an error; other people's archives are none."""

from datetime import UTC, datetime, timedelta

import pytest

from subs_assets.archive.drills import PastDrill
from subs_assets.archive.recency import archive_is_recent
from subs_assets.archive.store import ArchiveSummary
from subs_assets.finding import Gravity

NOW = datetime(2026, 3, 20, 4, tzinfo=UTC)
OURS, ANOTHERS = ("control x", "warehouse x"), ("control y", "warehouse y")


def made(hours: float, complete: bool = True, sources: tuple[str, ...] = OURS, problem: str | None = None):  # type: ignore[no-untyped-def]
    created = (NOW - timedelta(hours=hours)).isoformat()
    return ArchiveSummary(f"made {hours} hours ago", "id", created, 1, 1, 1, 1, complete, sources, problem)


@pytest.mark.parametrize(
    ("archives", "gravity", "said"),
    [
        ([made(3.5)], Gravity.NOTE, "the newest of 1 complete archives in file:/a is 4 hours old"),
        ([made(27.5), made(51)], Gravity.WARNING, "the newest complete archive in file:/a is 28 hours old: run"),
        ([made(26.1)], Gravity.WARNING, "26 hours old"),
        ([made(73)], Gravity.ERROR, "3 days old"),
        ([made(3, complete=False), made(30)], Gravity.WARNING, "30 hours old"),
        ([made(3, sources=ANOTHERS), made(30)], Gravity.WARNING, "30 hours old"),
        ([made(3, problem="it is damaged"), made(30)], Gravity.WARNING, "30 hours old"),
    ],
)
def test_age(archives: list[ArchiveSummary], gravity: Gravity, said: str) -> None:
    verdict = archive_is_recent(archives, OURS, NOW - timedelta(days=90), None, "file:/a", NOW)
    assert verdict.gravity is gravity and said in verdict.sentence


@pytest.mark.parametrize(
    ("hours", "gravity"), [(None, Gravity.NOTE), (1, Gravity.NOTE), (27, Gravity.WARNING), (80, Gravity.ERROR)]
)
def test_without_an_archive_the_first_publication_tells(hours: float | None, gravity: Gravity) -> None:
    first = None if hours is None else NOW - timedelta(hours=hours)
    verdict = archive_is_recent([made(1, sources=ANOTHERS)], OURS, first, None, "file:/a", NOW)
    assert verdict.gravity is gravity
    assert verdict.figures == {"Hours since the newest archive": hours or 0, "Archives": 0}


def test_a_drill_that_failed_is_an_error() -> None:
    drill = PastDrill("20260318T003000Z-1", NOW - timedelta(days=2), 20, 100, 1.0, "listings differs")
    verdict = archive_is_recent([made(1)], OURS, None, drill, "file:/a", NOW)
    assert verdict.gravity is Gravity.ERROR and "listings differs" in verdict.sentence
