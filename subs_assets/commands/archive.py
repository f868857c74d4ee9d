"""``subs archive``: make, look at, prove, compare, restore and prune archives."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subs_assets.archive.retention import Retention
from subs_assets.commands.import_django import import_django
from subs_assets.commands.output import age, errors, fail, print_json, print_table, say, told_by_table
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.archive.manifest import Manifest
    from subs_assets.archive.places import ArchivePlace
    from subs_assets.archive.store import ArchiveSummary

archive = typer.Typer(
    no_args_is_help=True,
    help="JSON snapshots of every table that a database has: make, verify, prove, compare, restore and prune them.",
)
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
ArchivePath = Annotated[str, typer.Argument(help="The archive's folder or URL, as `subs archive list` shows it.")]
DatabaseName = Annotated[
    str | None, typer.Option(help="Which database of the archive, where it holds several; by default warehouse.")
]
WAREHOUSE = "warehouse"
ANOTHER = "database"
"""What a database is called in an archive that is not ours."""


OtherDatabase = Annotated[
    str | None,
    typer.Option(help="Another database, ours or not, as an SQLAlchemy URL; by default warehouse and control."),
]
InPlace = Annotated[str | None, typer.Option("--in", help="Another folder or URL of archives than SUBS_ARCHIVES.")]


def typed_text(argument: str) -> str:
    """What was typed, a path as well, as text: a C locale's Python takes no UTF-8 and hands out lone surrogates."""
    return os.fsencode(argument).decode("utf-8", "replace")


@archive.command()
def create(
    database: OtherDatabase = None,
    to: Annotated[str | None, typer.Option(help="Another folder or URL than SUBS_ARCHIVES.")] = None,
    note: Annotated[str | None, typer.Option(help="Kept in the manifest.", parser=typed_text)] = None,
) -> None:
    """Archive every table that the database has, and print the archive's folder.

    Ends with 0 only where everything in the database could be represented.
    """
    from subs_assets.archive.errors import ArchiveError

    settings = Settings.from_environment()
    databases = _databases(settings, database)
    if database is None:
        from subs_assets.database.control import open_control  # knows our models; another database has none

        open_control(settings.control_url).dispose()
    try:
        place = _place(settings, to, "--to")
        with told_by_table("archiving") as progress:
            name = place.create(databases, note=note, progress=progress)
        manifest = place.manifest(name)
    except ArchiveError as problem:
        fail(str(problem))
    say(typed_text(place.location(name)))
    if not manifest.complete:
        fail(f"the archive is not complete: {'; '.join(manifest.not_represented)}")


@archive.command("list")
def list_(in_place: InPlace = None, as_json: AsJson = False) -> None:
    """The archives, newest first."""
    from subs_assets.archive.durable import byte_count
    from subs_assets.archive.errors import ArchiveError

    try:
        place = _place(Settings.from_environment(), in_place, "--in")
        summaries = place.summaries()
    except ArchiveError as problem:
        fail(str(problem))
    rows = [
        {
            "path": place.location(summary.name), "created": summary.created, "tables": summary.tables,
            "rows": summary.rows, "bytes": summary.bytes, "complete": summary.complete, "problem": summary.problem,
        }
        for summary in summaries
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    columns = ["archive", "age", "tables", "rows", "size", "complete"]
    if any(summary.problem for summary in summaries):
        columns.append("problem")
    shown = [
        {**row, "archive": summary.name, "age": _age_of(summary), "size": byte_count(summary.bytes)}
        for row, summary in zip(rows, summaries, strict=True)
    ]
    print_table(shown, f"In {place.location()}", columns, unbroken=("archive",))


@archive.command()
def show(
    path: ArchivePath,
    table: Annotated[
        str | None, typer.Argument(help="Print this table's rows, one JSON object a line.", parser=typed_text)
    ] = None,
    database: DatabaseName = None,
    as_json: AsJson = False,
) -> None:
    """An archive's tables with their counts, or one table's rows as they are archived."""
    from subs_assets.archive.data_file import read_lines
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.manifest import data_path
    from subs_assets.archive.store import find_table

    try:
        place, name = _place_of(path)
        manifest = place.manifest(name)
        if table is not None:
            entry = find_table(manifest, _database_of(manifest, database), table)
            with place.fetched(name, entry) as folder:
                for line in read_lines(data_path(folder, entry), entry.facts):
                    typer.echo(line.decode("utf-8"))
            return
    except ArchiveError as problem:
        fail(str(problem))
    rows = [
        {
            "database": entry.database,
            "table": entry.name,
            "rows": entry.rows,
            "bytes": entry.compressed_bytes,
            "file": entry.file,
        }
        for entry in manifest.tables
    ]
    if as_json:
        print_json(rows)
        return
    print_table(rows, f"{name}, made {manifest.created}")
    for sentence in manifest.not_represented:
        say(f"not represented: {sentence}")


@archive.command()
def verify(path: ArchivePath, as_json: AsJson = False) -> None:
    """Read an archive back, all of it: hashes, sizes, counts, manifest, chain.

    The chain: whether the archive that it was made after, if it is there, still is what it was then.
    """
    from dataclasses import asdict

    from subs_assets.archive.chain import broken_link
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.verify import verify as verify_archive

    try:
        place, name = _place_of(path)
        with place.fetched(name) as folder, told_by_table("reading back") as progress:
            verification = verify_archive(folder, progress)
        broken = broken_link(place, name) if verification.ok else None
    except ArchiveError as problem:
        fail(str(problem))
    if as_json:
        print_json({**asdict(verification), "chain": broken})
    elif verification.ok:
        complete = "" if verification.complete else ", not complete: `subs archive show` says what is not represented"
        say(f"{path} is whole: {verification.tables} tables, {verification.rows:,} rows{complete}")
    if problems := [*verification.problems, *([broken] if broken else [])]:
        fail("; ".join(problems))


@archive.command()
def restore(
    path: ArchivePath,
    into: Annotated[str, typer.Option(help="SQLAlchemy URL of an empty database; an SQLite file may be missing.")],
    database: DatabaseName = None,
) -> None:
    """Restore a database into an empty one, and say which migration comes next."""
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.restore import restore as restore_archive
    from subs_assets.archive.store import read_manifest

    try:
        with _fetched(path) as folder, told_by_table("restoring") as progress:
            name = _database_of(read_manifest(folder), database)
            restored = restore_archive(folder, {name: into}, progress)
    except ArchiveError as problem:
        fail(str(problem))
    for sentence in (*restored.broken, *restored.not_represented):
        say(f"note: {sentence}", errors)
    say(f"restored {restored.tables} tables, {restored.rows:,} rows")
    if name == WAREHOUSE:
        next_step = _next_migration(restored.databases[name].alembic_heads)
        say(next_step)


@archive.command()
def drill(
    path: ArchivePath,
    beside: Annotated[
        str | None,
        typer.Option(help="PostgreSQL: a database on the server that the scratch databases shall be made on."),
    ] = None,
) -> None:
    """Prove that an archive can be restored, by doing it aside.

    It is restored into scratch databases, every table is compared, and they are removed again. Of an archive of
    warehouse and control state in SUBS_ARCHIVES the outcome is kept, and the nightly archive counts it.
    """
    from subs_assets.archive.databases import sources_of
    from subs_assets.archive.drill import drill as drill_archive
    from subs_assets.archive.drills import drill_and_record
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.store import sources
    from subs_assets.database.control import open_control

    settings = Settings.from_environment()
    try:
        place, name = _place_of(path)
        manifest = place.manifest(name)
        is_in_our_place = place.location() == _place(settings, None, "SUBS_ARCHIVES").location()
        is_ours = is_in_our_place and sources(manifest) == sources_of(settings.databases)
        urls = dict.fromkeys(manifest.databases, beside) if beside else settings.databases
        with place.fetched(name) as folder, told_by_table("restoring") as progress:
            drilled = (
                drill_and_record(open_control(settings.control_url), folder, urls, progress)
                if is_ours
                else drill_archive(folder, urls, progress=progress)
            )
    except ArchiveError as problem:
        fail(str(problem))
    if not drilled.ok:
        fail(f"{path} cannot be relied on: {'; '.join(drilled.problems)}")
    say(f"{path} can be restored: {drilled.tables} tables, {drilled.rows:,} rows came back equal")


@archive.command()
def diff(
    before: ArchivePath,
    after: ArchivePath,
    table: Annotated[
        str | None,
        typer.Argument(
            help="Print this table's differing rows, as JSON behind - (before) or + (after).", parser=typed_text
        ),
    ] = None,
    database: DatabaseName = None,
    as_json: AsJson = False,
) -> None:
    """What became different between two archives: schema, and rows by key."""
    import json
    from dataclasses import asdict

    from subs_assets.archive.difference import difference, differing_rows
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.store import read_manifest

    try:
        with _fetched(before) as older, _fetched(after) as newer:
            if table is not None:
                name = _database_of(read_manifest(older), database)
                for sign, row in differing_rows(older, newer, name, table):
                    typer.echo(f"{sign}{json.dumps(row, ensure_ascii=False)}")
                return
            found = difference(older, newer)
    except ArchiveError as problem:
        fail(str(problem))
    if as_json:
        print_json(asdict(found))
        return
    for sentence in found.schema:
        say(sentence)
    rows = [
        {
            "table": f"{one.database}.{one.table}", "before": one.rows_before, "after": one.rows_after,
            "added": one.added, "removed": one.removed, "changed": one.changed,
            "columns gone": ", ".join(one.columns_removed), "columns new": ", ".join(one.columns_added),
        }
        for one in found.tables
    ]  # fmt: skip
    print_table(rows, "Tables that differ")


@archive.command()
def prune(
    daily: Annotated[int, typer.Option(min=0, help="Of so many days the newest archive stays.")] = Retention().daily,
    weekly: Annotated[int, typer.Option(min=0, help="Of so many weeks.")] = Retention().weekly,
    monthly: Annotated[int, typer.Option(min=0, help="Of so many months.")] = Retention().monthly,
    database: OtherDatabase = None,
    in_place: InPlace = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove archives that newer, verified ones stand for.

    The two newest that can be read back always stay, and so do damaged ones, for a person to look at, and those of
    other databases.
    """
    from subs_assets.archive.databases import sources_of
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.prune import archives_in_use, judgements_of
    from subs_assets.archive.prune import prune as prune_archives
    from subs_assets.database.control import open_control

    settings = Settings.from_environment()
    try:
        place = _place(settings, in_place, "--in")
        sources = sources_of(_databases(settings, database))
        needed = archives_in_use(open_control(settings.control_url))
        work = judgements_of if dry_run else prune_archives
        judged = work(place, sources, Retention(daily, weekly, monthly), needed)
    except ArchiveError as problem:
        fail(str(problem))
    gone = "would go" if dry_run else "removed"
    rows = [
        {"archive": one.archive.name, "verdict": "stays" if one.stays else gone, "reason": one.reason} for one in judged
    ]
    print_table(rows, f"In {place.location()}", unbroken=("archive",))


def _databases(settings: Settings, url: str | None) -> dict[str, str]:
    """What is archived: the database of that URL, or ours."""
    if url == "":  # a variable in a script that was never set: ours is not meant
        fail("--database is empty; write an SQLAlchemy URL, or leave it out")
    return settings.databases if url is None else {ANOTHER: url}


def _place(settings: Settings, text: str | None, option: str) -> "ArchivePlace":
    """The place of archives that is meant: that one, or ours. Raises ArchiveError."""
    from subs_assets.archive.places import open_place

    if text == "":
        fail(f"{option} is empty; write a folder or a URL, or leave it out")
    return open_place(text or settings.archives, settings.scratch)


def _age_of(summary: "ArchiveSummary") -> str | None:
    return None if summary.problem else age(datetime.fromisoformat(summary.created))


def _place_of(path: str) -> "tuple[ArchivePlace, str]":
    """The place and the name of an archive. Raises ArchiveError."""
    from subs_assets.archive.places import open_archive

    return open_archive(path, Settings.from_environment().scratch)


@contextmanager
def _fetched(path: str) -> Iterator[Path]:
    """An archive, wherever it lies, as a folder. Raises ArchiveError."""
    place, name = _place_of(path)
    with place.fetched(name) as folder:
        yield folder


def _database_of(manifest: "Manifest", name: str | None) -> str:
    """The database that is meant: the one that is named, else ours, else the only one."""
    if name is not None:
        return name
    return (
        WAREHOUSE if WAREHOUSE in manifest.databases or len(manifest.databases) != 1 else next(iter(manifest.databases))
    )


def _next_migration(heads: tuple[str, ...]) -> str:
    from subs_assets.database.migrate import lacking

    at = ", ".join(heads) or "none"
    missing = lacking(heads)
    if missing is None:
        return f"Alembic revision: {at}, which this program does not know: a newer one made it, so update the program"
    if not missing:
        return f"Alembic revision: {at}, the newest"
    return f"Alembic revision: {at}; next: {'; '.join(missing)}: set SUBS_DATABASE_URL to it and run `subs db upgrade`"


def register(app: typer.Typer) -> None:
    archive.command("import-django")(import_django)
    app.add_typer(archive, name="archive")
