"""What published nights measured of themselves, and who lets one night pass that measures less; both in the control
state."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from subs_assets.database import frames
from subs_assets.database.audit_lines import audit_row, now
from subs_assets.database.control_tables import audit_log, night_measures, night_passes
from subs_assets.database.engine import writing

MEASURED_COLUMNS = ["measure", "company_slug", "target_company_slug", "value", "cases"]


@dataclass(frozen=True)
class NightPass:
    """A person's word that the next night is published though it measures less than those before."""

    asked_by: str
    asked_at: str
    reason: str


def record_night(engine: Engine, run_id: str, measured: pd.DataFrame) -> None:
    """Keep what a published run measured (``MEASURED_COLUMNS``, each with a value), in place of what it measured
    before; it uses up the pass that is open, if one is."""
    at = now()
    rows = measured[MEASURED_COLUMNS].astype(object).to_dict("records")
    with writing(engine) as connection:
        connection.execute(delete(night_measures).where(night_measures.c.run_id == run_id))
        if rows:
            connection.execute(insert(night_measures), [{**row, "run_id": run_id, "published_at": at} for row in rows])
        used = connection.execute(
            update(night_passes).where(night_passes.c.used_at.is_(None)).values(used_at=at, used_by_run=run_id)
        )
        if used.rowcount:
            connection.execute(insert(audit_log).values(audit_row("run", "night let pass", {"run_id": run_id})))


def earlier_nights(engine: Engine, last: int) -> pd.DataFrame:
    """What the last so many published runs measured, in the form of the table ``night_measures``.

    Nights before the last one that was let pass are over: what was let pass is what is held against from then on.
    """
    runs = select(night_measures.c.run_id, func.max(night_measures.c.published_at).label("published_at"))
    since = select(func.max(night_passes.c.used_at)).scalar_subquery()
    newest = (
        runs.where(night_measures.c.published_at >= func.coalesce(since, ""))
        .group_by(night_measures.c.run_id)
        .order_by(func.max(night_measures.c.published_at).desc(), night_measures.c.run_id)
        .limit(last)
        .subquery()
    )
    with engine.connect() as connection:
        return frames.fetch(
            connection, select(night_measures).where(night_measures.c.run_id.in_(select(newest.c.run_id)))
        )


def let_pass(engine: Engine, asked_by: str, reason: str) -> None:
    """Let the next published night pass, whatever its figures are held against; the audit log keeps it.

    Raises ValueError where nobody asks, no reason is given, or a pass is open already.
    """
    if not asked_by.strip() or not reason.strip():
        raise ValueError("say who lets the night pass, and why")
    row = {"asked_at": now(), "asked_by": asked_by.strip(), "reason": reason.strip()}
    with writing(engine) as connection:
        open_already = _open_pass(connection)
        if open_already is not None:
            raise ValueError(
                f"{open_already.asked_by} lets the next night pass already ({open_already.reason}); "
                "it is used up when that night is published"
            )
        connection.execute(insert(night_passes).values(row))
        connection.execute(
            insert(audit_log).values(audit_row(row["asked_by"], "next night may pass", {"reason": row["reason"]}))
        )


def take_back_pass(engine: Engine, who: str) -> bool:
    """Withdraw the open pass; False where there is none."""
    with writing(engine) as connection:
        is_open = _open_pass(connection) is not None
        if is_open:
            connection.execute(delete(night_passes).where(night_passes.c.used_at.is_(None)))
            connection.execute(insert(audit_log).values(audit_row(who, "next night may not pass", None)))
    return is_open


def open_pass(engine: Engine) -> NightPass | None:
    """The pass that the next published night will use up, if there is one."""
    with engine.connect() as connection:
        return _open_pass(connection)


def _open_pass(connection: Connection) -> NightPass | None:
    columns = (night_passes.c.asked_by, night_passes.c.asked_at, night_passes.c.reason)
    row = connection.execute(select(*columns).where(night_passes.c.used_at.is_(None))).first()
    return None if row is None else NightPass(*row)
