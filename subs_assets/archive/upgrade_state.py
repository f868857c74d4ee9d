"""How upgrades that needed an archive went, in the control state; every change of it is one transaction with its line
in the audit log.
"""

from typing import Literal

from sqlalchemy import Engine, insert, select, update

from subs_assets.database.audit_lines import audit_row, now
from subs_assets.database.control_tables import audit_log, schema_upgrades
from subs_assets.database.engine import writing


def begin(control: Engine, archive: str, asked_by: str, found: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    """Note that a database at the revisions ``found`` is being brought to those ``wanted``, and by which archive it is
    covered. Whoever calls this holds the run lock, so one that is still "running" was cut off."""
    revisions = {"from_revisions": ", ".join(found), "to_revisions": ", ".join(wanted)}
    row = {"archive": archive, "state": "running", "asked_by": asked_by, "started_at": now(), **revisions}
    with writing(control) as connection:
        connection.execute(
            update(schema_upgrades)
            .where(schema_upgrades.c.state == "running")
            .values(state="unknown", finished_at=now(), outcome="it was cut off")
        )
        connection.execute(insert(schema_upgrades).values(row))
        detail = {"archive": archive, **revisions}
        connection.execute(insert(audit_log).values(audit_row(asked_by, "upgrade begun", detail)))


def finish(control: Engine, archive: str, state: Literal["done", "refused", "unknown"], outcome: str | None) -> None:
    """Note how it ended."""
    with writing(control) as connection:
        connection.execute(
            update(schema_upgrades)
            .where(schema_upgrades.c.archive == archive)
            .values(state=state, finished_at=now(), outcome=outcome)
        )
        asked_by = connection.scalar(select(schema_upgrades.c.asked_by).where(schema_upgrades.c.archive == archive))
        detail = {"archive": archive, "outcome": outcome}
        connection.execute(insert(audit_log).values(audit_row(str(asked_by), f"upgrade {state}", detail)))


def archives_in_use(control: Engine) -> set[str]:
    """The archives of upgrades that were done, may have been, or were cut off: what a revision dropped on purpose is
    nowhere else."""
    query = select(schema_upgrades.c.archive).where(schema_upgrades.c.state != "refused")
    with control.connect() as connection:
        return set(connection.scalars(query))
