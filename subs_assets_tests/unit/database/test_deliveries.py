"""Since when a content is known: the same bytes again are none, however often they come."""

from datetime import UTC, datetime, timedelta

from subs_assets.database.control import open_control
from subs_assets.database.deliveries import newest_delivery, note_delivery

MONDAY = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_content_is_as_old_as_its_first_night(control_url: str) -> None:
    engine = open_control(control_url)
    assert newest_delivery(engine, "aldi") is None
    copied_every_night = [
        note_delivery(engine, "aldi", "a", MONDAY + night * DAY, MONDAY + night * DAY) for night in range(3)
    ]
    assert copied_every_night == [MONDAY] * 3
    assert note_delivery(engine, "aldi", "b", MONDAY - 400 * DAY, MONDAY + 3 * DAY) == MONDAY + 3 * DAY
    assert note_delivery(engine, "aldi", "a", MONDAY + 4 * DAY, MONDAY + 4 * DAY) == MONDAY, "it came back"
    assert newest_delivery(engine, "aldi") == MONDAY + 3 * DAY
    assert newest_delivery(engine, "coles") is None
    engine.dispose()


def test_what_is_there_on_the_first_night_is_as_old_as_its_files(control_url: str) -> None:
    engine = open_control(control_url)
    assert note_delivery(engine, "aldi", "a", MONDAY - 30 * DAY, MONDAY) == MONDAY - 30 * DAY
    assert note_delivery(engine, "coles", "a", MONDAY + DAY, MONDAY) == MONDAY, "by a clock that is ahead"
    engine.dispose()
