"""``subs archive``: create, list, show, verify, restore, drill, diff, prune."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subs_assets.commands.output import age, console, errors, fail, print_json, print_table, told_by_table
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.archive.manifest import Manifest
    from subs_assets.archive.places import ArchivePlace
    from subs_assets.archive.store import ArchiveSummary

archive = typer.Typer(
    no_args_is_help=True,
    help="JSON snapshots of every table that a database has: create, list, show, verify, restore, drill, diff, prune.",
)
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
ArchivePath = Annotated[str, typer.Argument(help="The archive's folder or URL, as `subs archive list` shows it.")]
DatabaseName = Annotated[
    str | None, typer.Option(help="Which database of the archive, where it holds several; by default warehouse.")
]
WAREHOUSE = "warehouse"
ANOTHER = "database"
"""What a database is called in an archive that is not ours."""


def typed_text(argument: str) -> str:
    """What was typed, a path as well, as text: a C locale's Python takes no UTF-8 and hands out lone surrogates."""
    return os.fsencode(argument).decode("utf-8", "replace")


@archive.command()
def create(
    database: Annotated[
        str | None,
        typer.Option(
            help="Another database, ours or not, as an SQLAlchemy URL; by default warehouse and control state."
        ),
    ] = None,
    to: Annotated[str | None, typer.Option(help="Another folder or URL than SUBS_ARCHIVES.")] = None,
    note: Annotated[str | None, typer.Option(help="Kept in the manifest.", parser=typed_text)] = None,
) -> None:
    """Archive every table that the database has, and print the archive's folder.

    Ends with 0 only where everything in the database could be represented.
    """
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place

    settings = Settings.from_environment()
    if database:
        databases = {ANOTHER: database}
    else:
        from subs_assets.database.control import open_control  # knows our models; another database has none

        databases = {WAREHOUSE: settings.database_url, "control": settings.control_url}
        open_control(settings.control_url).dispose()
    try:
        place = open_place(to or settings.archives, settings.scratch)
        with told_by_table("archiving") as progress:
            name = place.create(databases, note=note, progress=progress)
        manifest = place.manifest(name)
    except ArchiveError as problem:
        fail(str(problem))
    console.print(typed_text(place.location(name)), markup=False, highlight=False, soft_wrap=True)
    if not manifest.complete:
        fail(f"the archive is not complete: {'; '.join(manifest.not_represented)}")


@archive.command("list")
def list_(as_json: AsJson = False) -> None:
    """The archives, newest first."""
    from subs_assets.archive.durable import byte_count
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place

    settings = Settings.from_environment()
    try:
        place = open_place(settings.archives, settings.scratch)
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
    """An archive's tables with their counts, or one table's rows."""
    import base64
    import json

    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.store import find_table, read_rows

    def as_text(value: object) -> str:
        return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)

    try:
        place, name = _place_of(path)
        manifest = place.manifest(name)
        if table is not None:
            entry = find_table(manifest, _database_of(manifest, database), table)
            with place.fetched(name, entry) as folder:
                for row in read_rows(folder, table, entry.database):
                    typer.echo(json.dumps(row, ensure_ascii=False, default=as_text))
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
        console.print(f"not represented: {sentence}", markup=False, highlight=False, soft_wrap=True)


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
        console.print(
            f"{path} is whole: {verification.tables} tables, {verification.rows:,} rows{complete}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
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
        errors.print(f"note: {sentence}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"restored {restored.tables} tables, {restored.rows:,} rows", markup=False, highlight=False)
    if name == WAREHOUSE:
        next_step = _next_migration(restored.databases[name].alembic_heads)
        console.print(next_step, markup=False, highlight=False, soft_wrap=True)


@archive.command()
def drill(
    path: ArchivePath,
    beside: Annotated[
        str | None,
        typer.Option(help="PostgreSQL: a database on the server that the scratch databases shall be made on."),
    ] = None,
) -> None:
    """Prove that an archive can be restored, by doing it aside.

    It is restored into scratch databases, every table is compared, and they are removed again. Of an archive in
    SUBS_ARCHIVES the outcome is kept, and the nightly archive counts it.
    """
    from subs_assets.archive.drill import drill as drill_archive
    from subs_assets.archive.drills import drill_and_record
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place
    from subs_assets.archive.store import read_manifest
    from subs_assets.database.control import open_control

    settings = Settings.from_environment()
    try:
        place, _ = _place_of(path)
        is_ours = place.location() == open_place(settings.archives, settings.scratch).location()
        with _fetched(path) as folder, told_by_table("restoring") as progress:
            urls = {WAREHOUSE: settings.database_url, "control": settings.control_url}
            if beside:
                urls = dict.fromkeys(read_manifest(folder).databases, beside)
            drilled = (
                drill_and_record(open_control(settings.control_url), folder, urls, progress)
                if is_ours
                else drill_archive(folder, urls, progress=progress)
            )
    except ArchiveError as problem:
        fail(str(problem))
    if not drilled.ok:
        fail(f"{path} cannot be relied on: {'; '.join(drilled.problems)}")
    console.print(
        f"{path} can be restored: {drilled.tables} tables, {drilled.rows:,} rows came back equal",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@archive.command()
def diff(
    before: ArchivePath,
    after: ArchivePath,
    table: Annotated[
        str | None, typer.Argument(help="Print this table's differing rows, as JSON behind - (before) or + (after).")
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
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
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
    daily: Annotated[int, typer.Option(min=0, help="Of so many days the newest archive stays.")] = 7,
    weekly: Annotated[int, typer.Option(min=0, help="Of so many weeks.")] = 5,
    monthly: Annotated[int, typer.Option(min=0, help="Of so many months.")] = 12,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove archives that newer, verified ones stand for.

    The two newest that can be read back always stay, and so do damaged ones, for a person to look at.
    """
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place
    from subs_assets.archive.prune import Retention, judgements_of
    from subs_assets.archive.prune import prune as prune_archives
    from subs_assets.archive.reset import archives_in_use
    from subs_assets.database.control import open_control

    settings = Settings.from_environment()
    try:
        place = open_place(settings.archives, settings.scratch)
        needed = archives_in_use(open_control(settings.control_url))
        judged = (judgements_of if dry_run else prune_archives)(place, Retention(daily, weekly, monthly), needed)
    except ArchiveError as problem:
        fail(str(problem))
    gone = "would go" if dry_run else "removed"
    rows = [
        {"archive": one.archive.name, "verdict": "stays" if one.stays else gone, "reason": one.reason} for one in judged
    ]
    print_table(rows, f"In {place.location()}", unbroken=("archive",))


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


@archive.command("import-django")
def import_django(
    folder: Annotated[Path, typer.Argument(help="Where the files of Django's dumpdata lie.")],
    into: Annotated[str, typer.Option(help="SQLAlchemy URL of an empty database; an SQLite file may be missing.")],
) -> None:
    """Make tables of a Django app's dumpdata files in an empty database: all of them, or none."""
    from dataclasses import asdict

    from subs_assets.archive.django_import import import_dump
    from subs_assets.archive.errors import ArchiveError, BadDump

    try:
        with told_by_table("importing") as progress:
            imported = import_dump(folder, into, progress)
    except BadDump as problem:
        for sentence in problem.problems:
            errors.print(sentence, markup=False, highlight=False, soft_wrap=True)
        fail(str(problem))
    except ArchiveError as problem:
        fail(str(problem))
    for sentence in imported.notes:
        errors.print(f"note: {sentence}", markup=False, highlight=False, soft_wrap=True)
    print_table(
        [
            {"file": file, "model": model, "objects": objects}
            for file, models in imported.files.items()
            for model, objects in (models or {"": 0}).items()
        ],
        f"Read from {folder}",
    )
    print_table([asdict(table) for table in imported.tables], "Imported")
    objects = sum(sum(models.values()) for models in imported.files.values())
    rows = sum(table.rows for table in imported.tables)
    console.print(
        f"{objects:,} objects of {len(imported.files)} files are {rows:,} rows of {len(imported.tables)} tables",
        markup=False,
        highlight=False,
    )


def register(app: typer.Typer) -> None:
    app.add_typer(archive, name="archive")
