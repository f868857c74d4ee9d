"""``subs db``: upgrade, check, and the next revision."""

from typing import Annotated

import typer

from subs_assets.commands.output import console, errors, fail, say
from subs_assets.settings import Settings

database = typer.Typer(no_args_is_help=True, help="The database: bring it up to date, or say what is wrong with it.")


@database.command()
def upgrade() -> None:
    """Run the migrations that the database lacks, in one transaction."""
    from subs_assets.database.lock import RunLocked, run_lock
    from subs_assets.database.migrate import DatabaseNotReady
    from subs_assets.database.migrate import upgrade as upgrade_database

    settings = Settings.from_environment()
    try:
        with run_lock(settings.home, settings.database_url, "subs db upgrade"):
            ran = upgrade_database(settings.database_url)
    except (DatabaseNotReady, RunLocked) as problem:
        fail(str(problem))
    console.print(f"ran {', '.join(ran)}" if ran else "the database is up to date", markup=False)


@database.command()
def check() -> None:
    """Whether a run may write to the database: revisions, tables, columns; each problem with the command that mends
    it."""
    from subs_assets.database.check import check as check_database
    from subs_assets.database.check import notes

    settings = Settings.from_environment()
    problems = check_database(settings.database_url)
    for note in notes(settings.database_url):
        errors.print(f"note: {note}", markup=False, soft_wrap=True)
    if problems:
        fail("\n".join(problems))
    console.print("the database is up to date and as its tables should be", markup=False)


@database.command()
def revision(
    message: Annotated[str, typer.Argument(help="The module's first line: what the revision does.")],
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="table.old=table.new, or old_table=new_table: the same under a new name."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="WHAT", help="table.column, a table or an index that is meant to go.")
    ] = None,
) -> None:
    """Write the next revision from what tables.py says, for developers. No database is touched."""
    from subs_assets.database.revise import RevisionRefused, meant, write_revision

    try:
        file = write_revision(message, meant(rename or [], drop or []))
    except RevisionRefused as problem:
        fail(str(problem))
    say(
        f"wrote {file}: read it, then `python dev.py test`"
        if file
        else "nothing to do: the revisions make these tables"
    )


def register(app: typer.Typer) -> None:
    app.add_typer(database, name="db")
