from datetime import UTC, datetime, timedelta

import pytest

from subs_assets.archive.drills import PastDrill, is_due

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "problems", "expected"),
    [
        (timedelta(days=1), None, False),
        (timedelta(days=6), None, False),
        (timedelta(days=7) - timedelta(minutes=61), None, True),  # the clock changed, or tonight's was faster
        (timedelta(days=30), None, True),
        (timedelta(days=1), "table x has 2 rows", True),
        (timedelta(hours=-1), None, False),
        (timedelta(days=-3), None, True),  # the clock was set back
    ],
)
def test_an_archive_is_drilled_a_week_after_the_last_good_drill(
    ago: timedelta, problems: str | None, expected: bool
) -> None:
    assert is_due(PastDrill("a", NOW - ago, 3, 10, 1.0, problems), NOW) is expected


def test_the_first_archive_is_drilled() -> None:
    assert is_due(None)
