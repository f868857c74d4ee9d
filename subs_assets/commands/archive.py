"""``subs archive``: create, list, show, verify, restore."""

from pathlib import Path
from typing import Annotated

import typer

from subs_assets.commands.output import console, fail, print_json, print_table
from subs_assets.settings import Settings

archive = typer.Typer(no_args_is_help=True, help="JSON snapshots of every table: create, list, show, verify, restore.")
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
ArchivePath = Annotated[Path, typer.Argument(help="The archive's folder, as `subs archive list` shows it.")]


@archive.command()
def create(
    database: Annotated[
        str | None, typer.Option(help="Another database, as an SQLAlchemy URL; by default ours.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Another folder than SUBS_ARCHIVES.")] = None,
    note: Annotated[str | None, typer.Option(help="Kept in the manifest.")] = None,
) -> None:
    """Archive every table that the database has, and the control state; ends with 0 only for a complete one."""
    from subs_assets.archive import snapshot
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.store import read_manifest
    from subs_assets.database.control import open_control

    settings = Settings.from_environment()
    databases = (
        {"warehouse": database} if database else {"warehouse": settings.database_url, "control": settings.control_url}
    )
    if not database:
        open_control(settings.control_url).dispose()

    def progress(name: str, table: str, rows: int) -> None:
        console.print(f"  {name}.{table}: {rows:,} rows", markup=False, highlight=False)

    try:
        folder = snapshot.create(databases, to or settings.archives, note=note, progress=progress)
    except ArchiveError as problem:
        fail(str(problem))
    manifest = read_manifest(folder)
    console.print(f"{folder}", markup=False, highlight=False, soft_wrap=True)
    if not manifest.complete:
        fail(f"the archive is not complete: {'; '.join(manifest.not_represented)}")


@archive.command("list")
def list_(as_json: AsJson = False) -> None:
    """The archives, newest first."""
    from subs_assets.archive.store import list_archives

    settings = Settings.from_environment()
    rows = [
        {
            "path": str(summary.path), "created": summary.created, "tables": summary.tables, "rows": summary.rows,
            "bytes": summary.bytes, "complete": summary.complete, "problem": summary.problem,
        }
        for summary in list_archives(settings.archives)
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    columns = ["archive", "created", "tables", "rows", "bytes", "complete", "problem"]
    print_table([{**row, "archive": Path(str(row["path"])).name} for row in rows], f"In {settings.archives}", columns)


@archive.command()
def show(
    path: ArchivePath,
    table: Annotated[str | None, typer.Argument(help="Print this table's rows, one JSON object a line.")] = None,
    database: Annotated[str, typer.Option(help="warehouse or control")] = "warehouse",
    as_json: AsJson = False,
) -> None:
    """An archive's tables with their counts, or one table's rows."""
    import base64
    import json

    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.store import read_manifest, read_rows

    def as_text(value: object) -> str:
        return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)

    try:
        if table is not None:
            for row in read_rows(path, table, database):
                typer.echo(json.dumps(row, ensure_ascii=False, default=as_text))
            return
        manifest = read_manifest(path)
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
    print_json(rows) if as_json else print_table(rows, f"{path.name}, made {manifest.created}")


@archive.command()
def verify(path: ArchivePath, as_json: AsJson = False) -> None:
    """Read an archive back, all of it: hashes, sizes, counts, manifest."""
    from dataclasses import asdict

    from subs_assets.archive.verify import verify as verify_archive

    verification = verify_archive(path)
    if as_json:
        print_json(asdict(verification))
    elif verification.ok:
        console.print(
            f"{path} is whole: {verification.tables} tables, {verification.rows:,} rows", markup=False, soft_wrap=True
        )
    if not verification.ok:
        fail("; ".join(verification.problems))


@archive.command()
def restore(
    path: ArchivePath,
    into: Annotated[str, typer.Option(help="SQLAlchemy URL of an empty database; an SQLite file may be missing.")],
    database: Annotated[str, typer.Option(help="Which database of the archive: warehouse or control.")] = "warehouse",
) -> None:
    """Restore one database of an archive into an empty one."""
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.restore import restore as restore_archive

    try:
        restored = restore_archive(path, {database: into})
    except ArchiveError as problem:
        fail(str(problem))
    for sentence in restored.broken:
        console.print(f"note: {sentence}", markup=False, highlight=False, soft_wrap=True)
    heads = ", ".join(restored.databases[database].alembic_heads) or "none"
    console.print(f"restored {restored.tables} tables, {restored.rows:,} rows; Alembic revision: {heads}", markup=False)


def register(app: typer.Typer) -> None:
    app.add_typer(archive, name="archive")
