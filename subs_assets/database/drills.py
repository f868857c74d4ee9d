"""How drills of archives went, kept in the control state; the drill itself is ``archive/drill.py``."""

import pandas as pd
from sqlalchemy import Engine, insert, select

from subs_assets.database import frames
from subs_assets.database.audit_lines import now
from subs_assets.database.control_tables import archive_drills
from subs_assets.database.engine import writing


def record_drill(
    engine: Engine,
    archive: str,
    *,
    passed: bool,
    tables: int,
    rows: int,
    seconds: float,
    problems: str | None = None,
    drilled_at: str | None = None,
) -> None:
    """Keep how the drill of an archive (its folder's name) went; ``drilled_at``: ISO 8601 in UTC, now by default."""
    row = {
        "archive": archive,
        "drilled_at": drilled_at or now(),
        "passed": passed,
        "tables": tables,
        "rows": rows,
        "seconds": seconds,
        "problems": problems,
    }
    with writing(engine) as connection:
        connection.execute(insert(archive_drills).values(row))


def read_drills(engine: Engine, last: int = 10) -> pd.DataFrame:
    """The last drills, newest first, in the form of the table ``archive_drills``."""
    order = (archive_drills.c.drilled_at.desc(), archive_drills.c.archive)
    with engine.connect() as connection:
        return frames.fetch(connection, select(archive_drills).order_by(*order).limit(last))
