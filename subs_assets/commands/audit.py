"""``subs audit``: who did what, from the audit log of the control state."""

from typing import Annotated

import typer

from subs_assets.commands.output import print_json, print_table, records
from subs_assets.settings import Settings


def audit(
    last: Annotated[int, typer.Option(min=1, help="So many lines.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Who decided, let pass, asked for a reset, archived for it, confirmed it, and how it ended; the newest first."""
    from subs_assets.database.control import open_control, read_audit

    rows = records(read_audit(open_control(Settings.from_environment().control_url), last))
    print_json(rows) if as_json else print_table(rows, "Audit log", ("at", "who", "what", "detail"))


def register(app: typer.Typer) -> None:
    app.command()(audit)
