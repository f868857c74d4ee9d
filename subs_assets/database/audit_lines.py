"""The audit log of the control state: who did what, and when."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Engine, insert, select

from subs_assets.database import frames
from subs_assets.database.control_tables import audit_log
from subs_assets.database.engine import writing


def write_audit(engine: Engine, who: str, what: str, detail: Mapping[str, Any] | str | None = None) -> None:
    """Add a line to the audit log; a mapping is kept as JSON."""
    with writing(engine) as connection:
        connection.execute(insert(audit_log).values(audit_row(who, what, detail)))


def read_audit(engine: Engine, last: int = 100) -> pd.DataFrame:
    """The last lines of the audit log, newest first, in the form of the table ``audit_log``."""
    with engine.connect() as connection:
        return frames.fetch(connection, select(audit_log).order_by(audit_log.c.entry.desc()).limit(last))


def audit_row(who: str, what: str, detail: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """A line of the audit log, for whoever writes it in a transaction of their own."""
    text = json.dumps(detail, ensure_ascii=False) if isinstance(detail, Mapping) else detail
    return {"at": now(), "who": who, "what": what, "detail": text}


def now() -> str:
    """ISO 8601 in UTC, with microseconds always, so that times sort as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
