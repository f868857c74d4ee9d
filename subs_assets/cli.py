"""``subs``: the command line; each group of commands is a module of ``commands``."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from subs_assets.commands import (
    archive,
    ask,
    audit,
    database,
    doctor,
    equivalences,
    evaluate,
    reset,
    review,
    run,
    runs,
    serve,
    train,
)
from subs_assets.commands.output import fail
from subs_assets.settings import Settings

INSUFFICIENT_PRIVILEGE = "42501"
"""PostgreSQL's number for it."""

app = typer.Typer(
    name="subs",
    help="The grocery substitution graph: what to buy instead, in the same company or in another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for group in (run, ask, equivalences, review, serve, evaluate, archive, reset, audit, runs, database, train, doctor):
    group.register(app)


@app.callback()
def settings_can_be_read(context: typer.Context) -> None:
    """Before every command but the one that says which setting is wrong."""
    if context.invoked_subcommand == "doctor":
        return
    try:
        Settings.from_environment()
    except ValueError as problem:
        fail(str(problem))


def main() -> None:
    """Entry point; text leaves as UTF-8 whatever the console's code page is."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except Exception as problem:
        sys.exit(f"error: {_sentence_of(problem)}")


def _sentence_of(problem: Exception) -> str:
    """What a database says that is none of ours, is not ready, went away, or refuses this role; whatever else is raised
    again, for it is our mistake."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from subs_assets.database.engine import DatabaseNotReady, UnusableUrl, reason_of
    from subs_assets.disk import fullest, is_full, sentence

    if isinstance(problem, DatabaseNotReady | UnusableUrl):
        return str(problem)
    if isinstance(problem, OperationalError) and isinstance(problem.orig, sqlite3.Error) and is_full(problem):
        return sentence(fullest(_written_to()))
    if isinstance(problem, OperationalError):
        return f"{reason_of(problem)}; what was begun is undone, or done: `subs audit` and `subs db check` tell"
    if isinstance(problem, ProgrammingError) and getattr(problem.orig, "sqlstate", None) == INSUFFICIENT_PRIVILEGE:
        return f"{reason_of(problem)}: let the owner grant it, or take a role that may (docs/deploy.md)"
    raise problem


def _written_to() -> Iterator[Path]:
    """Where a database in a file may have wanted to grow, Dagster's own among them."""
    from subs_assets.database.engine import sqlite_file

    settings = Settings.from_environment()
    yield Path(os.environ.get("DAGSTER_HOME") or settings.dagster_home)
    yield from (file.parent for file in map(sqlite_file, settings.databases.values()) if file is not None)


if __name__ == "__main__":
    main()
