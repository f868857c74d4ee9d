"""``subs db``: plan, upgrade, check, and the next revision."""

from typing import TYPE_CHECKING, Annotated

import typer

from subs_assets.commands.output import console, errors, fail, print_table, say
from subs_assets.commands.way_back import way_back_of
from subs_assets.commands.whoever import whoever_is_logged_in
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.archive.upgrade import Rehearsal

LONGEST_STATEMENT = 110

database = typer.Typer(no_args_is_help=True, help="The database: bring it up to date, or say what is wrong with it.")


@database.command()
def upgrade() -> None:
    """Run the migrations that the database lacks, in one transaction.

    What may lose something comes after an archive, which is verified, restored aside and migrated there first.
    """
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place
    from subs_assets.archive.upgrade import upgrade as upgrade_database
    from subs_assets.database.control import open_control
    from subs_assets.database.lock import RunLocked, run_lock
    from subs_assets.database.migrate import DatabaseNotReady
    from subs_assets.database.search_index import index

    settings = Settings.from_environment()
    try:
        with run_lock(settings.home, settings.database_url, "subs db upgrade"):
            upgraded = upgrade_database(
                open_control(settings.control_url),
                whoever_is_logged_in() or "an account without a name",
                settings.databases,
                open_place(settings.archives, settings.scratch),
                tell=lambda sentence: say(sentence, errors),
            )
            indexed = index(settings.database_url)
    except (ArchiveError, DatabaseNotReady, RunLocked) as problem:
        fail(str(problem))
    if upgraded.archive is not None:
        say(f"nobody else could write for {upgraded.seconds_locked:.1f} s; {upgraded.archive} holds what was before")
    say(f"ran {', '.join(upgraded.revisions)}" if upgraded.revisions else _nothing_lacks())
    if indexed:
        say(f"{indexed:,} listings can be searched by their words")


@database.command()
def plan() -> None:
    """What `subs db upgrade` would do, tried on a copy that is made for it and removed again."""
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.upgrade import plan as plan_upgrade
    from subs_assets.database.engine import sqlite_file
    from subs_assets.database.migrate import DatabaseNotReady

    settings = Settings.from_environment()
    file = sqlite_file(settings.database_url)
    if file is not None and not file.exists():
        say(f"{file} does not exist yet: `subs db upgrade` makes it at once")
        return
    try:
        with errors.status("trying it on a copy"):
            rehearsal = plan_upgrade(settings.database_url, settings.scratch)
    except (ArchiveError, DatabaseNotReady) as problem:
        fail(str(problem))
    _print_plan(rehearsal)


def _print_plan(rehearsal: "Rehearsal") -> None:
    if not rehearsal.revisions:
        say(_nothing_lacks())
        return
    statements = [
        {"statement": _shortened(one.sql), "verdict": "only adds" if one.is_additive else "may lose"}
        for one in rehearsal.statements
    ]  # fmt: skip
    print_table(statements, f"Revisions {', '.join(rehearsal.revisions)}")
    changed = [
        {"table": one.table, "afterwards": one.after or "gone", "rows": one.rows, "rows afterwards": one.rows_after}
        for one in rehearsal.tables
        if one.after != one.table or one.rows != one.rows_after
    ]
    if changed:
        print_table(changed, "Tables that change")
    if rehearsal.losses:
        fail(f"`subs db upgrade` would refuse, for something would be lost: {'; '.join(rehearsal.losses)}")
    rows = sum(one.rows for one in rehearsal.tables)
    if rehearsal.only_adds or not rows:
        reason = "they only add" if rehearsal.only_adds else "there is no row yet"
        say(f"`subs db upgrade` runs them at once: {reason}")
        return
    say(
        f"`subs db upgrade` first archives {rows:,} rows, verifies them, restores them aside and rehearses there, as "
        f"was done now in {rehearsal.seconds:.1f} s: nothing is lost; then it locks the database, compares it with the "
        "archive, and runs them in one transaction"
    )


@database.command()
def check() -> None:
    """Whether a run may write to the database: revisions, what a migration left half-way, tables, columns, control
    state; each problem with what mends it, and the archive that leads back where nothing does."""
    from subs_assets.database.check import notes, problems
    from subs_assets.database.control_drift import control_problems

    settings = Settings.from_environment()
    found = {"warehouse": problems(settings.database_url), "control": control_problems(settings.control_url)}
    sentences = [problem.sentence for of_one in found.values() for problem in of_one]
    for note in notes(settings.database_url):
        errors.print(f"note: {note}", markup=False, soft_wrap=True)
    ways_back = [way_back_of(settings, name, of_one) for name, of_one in found.items()]
    if sentences:
        fail("\n".join([*sentences, *filter(None, ways_back)]))
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


def _nothing_lacks() -> str:
    from subs_assets.database.migrate import heads

    return f"no revision is lacking ({', '.join(heads())}); `subs db check` says whether the tables are right"


def _shortened(sql: str) -> str:
    return sql if len(sql) <= LONGEST_STATEMENT else f"{sql[: LONGEST_STATEMENT - 4]} ..."


def register(app: typer.Typer) -> None:
    app.add_typer(database, name="db")
