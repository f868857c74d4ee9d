"""Whether an archive is, byte for byte, what its manifest says; databases are not looked at here."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from subs_assets.archive.data_file import check_file
from subs_assets.archive.durable import is_link
from subs_assets.archive.errors import BadArchive
from subs_assets.archive.manifest import DATA_FOLDER, MANIFEST, MANIFEST_HASH, Manifest, data_path
from subs_assets.archive.protocols import Progress
from subs_assets.archive.store import FOLDER_NAME, read_manifest
from subs_assets.archive.values import TEXT_FORMS


@dataclass(frozen=True)
class Verification:
    """What was found. ``ok`` is about the archive's bytes; ``complete`` is what its manifest says of its source."""

    ok: bool
    problems: tuple[str, ...]
    tables: int
    rows: int
    complete: bool


def verify(path: Path, progress: Progress | None = None) -> Verification:
    """Read an archive back, all of it, in bounded memory; never raises for a bad one.

    Checked are the manifest's hash, that the folder holds its files and nothing else, no links, and each file's size,
    hash before and after decompression, and number of rows.
    """
    try:
        manifest = read_manifest(path)
        problems = [
            *_inconsistencies(manifest, path),
            *_strangers(path, manifest),
            *_bad_files(path, manifest, progress),
        ]
    except BadArchive as problem:
        return Verification(False, (str(problem),), 0, 0, False)
    except OSError as problem:
        return Verification(False, (f"{path}: cannot be read: {problem.strerror or problem}",), 0, 0, False)
    rows = sum(table.rows for table in manifest.tables)
    return Verification(not problems, tuple(problems), len(manifest.tables), rows, manifest.complete)


def unfit(path: Path, database: str) -> tuple[str, ...]:
    """Why an archive may not stand for a database of that name, a sentence each; empty where it may."""
    verification = verify(path)
    if not verification.ok:
        return verification.problems
    manifest = read_manifest(path)
    if not manifest.complete:
        return tuple(f"it is not complete: {sentence}" for sentence in manifest.not_represented)
    if database not in manifest.databases:
        return (f"it holds no database {database}",)
    return ()


def _inconsistencies(manifest: Manifest, path: Path) -> Iterator[str]:
    """What a manifest cannot mean, whoever wrote it."""
    if (named := FOLDER_NAME.fullmatch(path.name)) and named[2] != manifest.id:
        yield f"the manifest is that of the archive {manifest.id}, the folder is named after {named[2]}"
    if manifest.complete == bool(manifest.not_represented):
        yield "the manifest contradicts itself about being complete"
    for name, database in manifest.databases.items():
        if database.settings.get("encoding") not in TEXT_FORMS:
            yield f"database {name}: the encoding {database.settings.get('encoding')!r} is not known"
    for (database_name, table), count in Counter((table.database, table.name) for table in manifest.tables).items():
        if count > 1:
            yield f"table {table} of {database_name} is in the manifest {count} times"
        if database_name not in manifest.databases:
            yield f"table {table} belongs to a database {database_name}, which the manifest does not describe"
    for file, count in Counter(table.file for table in manifest.tables).items():
        if count > 1:
            yield f"{file} is in the manifest {count} times"


def _strangers(path: Path, manifest: Manifest) -> Iterator[str]:
    """Files that the manifest does not know, and links."""
    expected = {path / MANIFEST, path / MANIFEST_HASH, path / DATA_FOLDER}
    for found in sorted(path.iterdir()):
        if found not in expected:
            yield f"{found.name} does not belong to the archive"
    data = path / DATA_FOLDER
    if not data.is_dir() or is_link(data):
        yield f"{DATA_FOLDER} is no folder of the archive's own"
        return
    files = {table.file for table in manifest.tables}
    for found in sorted(data.iterdir()):
        if f"{DATA_FOLDER}/{found.name}" not in files:
            yield f"{DATA_FOLDER}/{found.name} does not belong to the archive"


def _bad_files(path: Path, manifest: Manifest, progress: Progress | None) -> Iterator[str]:
    for table in manifest.tables:
        rows_done = None if progress is None else partial(progress, table.database, table.name)
        try:
            problem = check_file(data_path(path, table), table.facts, rows_done)
        except BadArchive as refused:
            problem = str(refused)
        if rows_done is not None:
            rows_done(table.rows)
        if problem is not None:
            yield f"table {table.name} of {table.database}: {problem}"
