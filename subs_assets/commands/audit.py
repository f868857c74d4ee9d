"""``subs audit``: who did what, from the audit log of the control state."""

import json
from typing import Annotated, Any

import typer

from subs_assets.commands.output import print_json, print_table, records
from subs_assets.settings import Settings

SECONDS = len("2026-11-26T04:50:00")


def audit(
    last: Annotated[int, typer.Option(min=1, help="So many lines.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Who decided, let pass, asked for a reset, archived for it, confirmed it, and how it ended; the newest first."""
    from subs_assets.database.audit_lines import read_audit
    from subs_assets.database.control import open_control

    rows = records(read_audit(open_control(Settings.from_environment().control_url), last))
    if as_json:
        print_json(rows)
        return
    told = [{**row, "at": row["at"][:SECONDS], "detail": _in_words(row["detail"])} for row in rows]
    print_table(told, "Audit log, in UTC", ("at", "who", "what", "detail"), unbroken=("at",))


def _in_words(detail: str | None) -> str | None:
    """``key: value, ...`` without what is null; a detail that is no JSON object as it is."""
    try:
        values = json.loads(detail or "")
    except ValueError:
        return detail
    return _said(values) if isinstance(values, dict) else detail


def _said(values: dict[str, Any]) -> str:
    said = {name: value for name, value in values.items() if value is not None}
    return ", ".join(
        f"{name} ({_said(value)})" if isinstance(value, dict) else f"{name}: {value}" for name, value in said.items()
    )


def register(app: typer.Typer) -> None:
    app.command()(audit)
