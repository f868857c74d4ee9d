"""When each content of a company's files was first seen; in the control state, so that no reset makes old files new."""

from datetime import UTC, datetime

from sqlalchemy import Engine, func, insert, select

from subs_assets.database.control_tables import deliveries
from subs_assets.database.engine import writing


def note_delivery(
    engine: Engine, company_slug: str, content: str, changed_at: datetime | None, now: datetime
) -> datetime:
    """When this content was first seen, which is now if it was never.

    Of the first content of all, nobody knows how long it has been there: then it is as old as its files
    (``changed_at``, if that is known). Later ones are as old as they are to us, whatever a copy or an archive wrote on
    their files.
    """
    own = deliveries.c.company_slug == company_slug
    with writing(engine) as connection:
        seen = connection.scalar(select(deliveries.c.first_seen_at).where(own, deliveries.c.content == content))
        if seen is not None:
            return datetime.fromisoformat(seen)
        is_first = connection.scalar(select(func.count()).where(own)) == 0
        since = min(now, changed_at or now) if is_first else now
        row = {"company_slug": company_slug, "content": content, "first_seen_at": _text(since)}
        connection.execute(insert(deliveries).values(row))
    return since


def newest_delivery(engine: Engine, company_slug: str) -> datetime | None:
    """When the newest content of a company was first seen; None where there was none yet."""
    newest = select(func.max(deliveries.c.first_seen_at)).where(deliveries.c.company_slug == company_slug)
    with engine.connect() as connection:
        seen = connection.scalar(newest)
    return None if seen is None else datetime.fromisoformat(seen)


def _text(time: datetime) -> str:
    """ISO 8601 in UTC, with microseconds always, so that times sort as text."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")
