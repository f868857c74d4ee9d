"""What runs keep of themselves in the control state."""

import json
from collections.abc import Mapping

import pandas as pd
from sqlalchemy import Engine, delete, insert, select

from subs_assets.database import frames
from subs_assets.database.audit_lines import now
from subs_assets.database.control_tables import run_history
from subs_assets.database.engine import writing


def record_run(
    engine: Engine,
    run_id: str,
    counts: Mapping[str, int],
    seconds: float | None = None,
    published_at: str | None = None,
) -> None:
    """Keep what a run published: rows per table; a run that is recorded again replaces its record.

    ``published_at``: ISO 8601 in UTC, now by default. ``seconds``: how long the run took.
    """
    row = {
        "run_id": run_id,
        "published_at": published_at or now(),
        "seconds": seconds,
        "counts": json.dumps(dict(counts), sort_keys=True),
    }
    with writing(engine) as connection:
        connection.execute(delete(run_history).where(run_history.c.run_id == run_id))
        connection.execute(insert(run_history).values(row))


def read_runs(engine: Engine, last: int = 10) -> pd.DataFrame:
    """The last runs, newest first, in the form of the table ``run_history``; ``counts`` is a JSON object."""
    order = (run_history.c.published_at.desc(), run_history.c.run_id)
    with engine.connect() as connection:
        return frames.fetch(connection, select(run_history).order_by(*order).limit(last))
