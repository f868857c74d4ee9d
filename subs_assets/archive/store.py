"""Which archives a folder holds, and what is in one; nothing is written here."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from subs_assets.archive import manifest as manifests
from subs_assets.archive.data_file import read_lines
from subs_assets.archive.errors import ArchiveError, BadArchive, in_a_sentence
from subs_assets.archive.manifest import Manifest, PreviousArchive, TableEntry
from subs_assets.archive.values import TEXT_FORMS, RowForm

FOLDER_NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{8})")
"""``<utc>-<id>``. What is being made, or was never finished, begins with a dot."""


@dataclass(frozen=True)
class ArchiveSummary:
    """One line of a list of archives. ``problem`` says why the manifest cannot be read; then only name, id and
    created are known.
    """

    name: str  # of its folder
    id: str
    created: str
    number: int
    tables: int
    rows: int
    bytes: int  # of its files, compressed
    complete: bool
    sources: tuple[str, ...]
    """Of what it is an archive: each database's name and ``DatabaseEntry.source``."""
    problem: str | None = None


def list_archives(destination: Path) -> list[ArchiveSummary]:
    """The archives in a folder, newest first; those that cannot be read come last, so that nobody takes them for good
    ones. Raises ArchiveError where the folder is there and cannot be read, as a share that is gone.
    """
    with in_a_sentence(ArchiveError, f"the archives in {destination} cannot be listed"):
        try:
            paths = [path for path in destination.iterdir() if FOLDER_NAME.fullmatch(path.name) and path.is_dir()]
        except FileNotFoundError:
            return []
    return newest_first(summary(path.name, partial(read_manifest, path)) for path in paths)


def newest_first(summaries: Iterable[ArchiveSummary]) -> list[ArchiveSummary]:
    """In the order of a list: by number, not by time, for a clock may be set back."""
    return sorted(summaries, key=lambda summary: (summary.number, summary.name), reverse=True)


def previous_archive(
    summaries: Iterable[ArchiveSummary], sha256_of: Callable[[str], str | None]
) -> PreviousArchive | None:
    """The newest of a list of archives that can be read, which the next one is made after; ``sha256_of`` gives the hash
    of an archive's manifest, None if it is gone meanwhile.
    """
    for one in summaries:
        if one.problem is None and (sha256 := sha256_of(one.name)) is not None:
            return PreviousArchive(folder=one.name, number=one.number, manifest_sha256=sha256)
    return None


def summary(name: str, read: Callable[[], Manifest]) -> ArchiveSummary:
    """The line of the archive called ``name``, whose manifest ``read`` gives."""
    created, identity = name.rsplit("-", 1)
    try:
        manifest = read()
    except BadArchive as problem:
        return ArchiveSummary(name, identity, created, -1, 0, 0, 0, False, (), str(problem))
    return ArchiveSummary(
        name=name,
        id=manifest.id,
        created=manifest.created,
        number=manifest.number,
        tables=len(manifest.tables),
        rows=sum(table.rows for table in manifest.tables),
        bytes=sum(table.compressed_bytes for table in manifest.tables),
        complete=manifest.complete,
        sources=sources(manifest),
    )


def sources(manifest: Manifest) -> tuple[str, ...]:
    """Of which databases an archive is, by their names and ``DatabaseEntry.source``."""
    return tuple(sorted(f"{name} {entry.source}" for name, entry in manifest.databases.items()))


def read_manifest(path: Path) -> Manifest:
    """What an archive says of itself. Raises BadArchive: it was changed, is of another format version, or is none."""
    return manifests.read_manifest(path)


def read_rows(path: Path, table: str, database: str = "warehouse") -> Iterator[dict[str, object]]:
    """The rows of one archived table, as column -> value; a hidden rowid stands under the manifest's ``rowid_key``
    ("$rowid").

    Values are None, int, float, str or bytes, as the database had them; text that is none in the database's encoding
    is an ``UndecodableText``. Rely on nothing before the last row came: only then is the file's hash known to be
    right.

    Raises:
        ArchiveError: there is no such table.
        BadArchive: the archive is damaged.
    """
    manifest = read_manifest(path)
    entry = find_table(manifest, database, table)
    form = row_form(manifest, entry)
    for line in read_lines(manifests.data_path(path, entry), entry.facts):
        yield dict(zip(form.keys, form.decode(line), strict=True))


def find_table(manifest: Manifest, database: str, table: str) -> TableEntry:
    """The entry of a table. Raises ArchiveError, naming the tables that there are."""
    for entry in manifest.tables_of(database):
        if entry.name == table:
            return entry
    if database not in manifest.databases:
        raise ArchiveError(f"this archive has no database {database!r}; it has {', '.join(manifest.databases)}")
    names = ", ".join(entry.name for entry in manifest.tables_of(database))
    raise ArchiveError(f"the archived database {database} has no table {table!r}; it has {names or 'none'}")


def row_form(manifest: Manifest, entry: TableEntry) -> RowForm:
    """How the rows of a table are written."""
    settings = manifest.databases[entry.database].settings
    return RowForm(entry.row_keys, TEXT_FORMS[str(settings["encoding"])])
