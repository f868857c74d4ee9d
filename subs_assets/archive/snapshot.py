"""Makes an archive: every table that the databases have, from one consistent snapshot each; what the models say is
never asked.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL

from subs_assets.archive.data_file import check_file, write_lines
from subs_assets.archive.databases import open_sources, source_of
from subs_assets.archive.durable import OWNER_ONLY_FILE, make_folder, remove_folder, require_space, sync_folder
from subs_assets.archive.errors import ArchiveError, ArchiveLocked, BadArchive, in_a_sentence
from subs_assets.archive.manifest import (
    DATA_FOLDER,
    FORMAT_VERSION,
    Manifest,
    PreviousArchive,
    TableEntry,
    data_path,
    manifest_sha256,
    read_manifest,
    write_manifest,
)
from subs_assets.archive.protocols import Progress, Source
from subs_assets.archive.store import FOLDER_NAME, list_archives, previous_archive

LOCK_FILE = ".archive.lock"
UNFINISHED = ".unfinished-"
REMOVED = ".removed-"
NAME_LENGTH = 60  # of a file, beside its number: enough to recognise a table, short enough for every file system


def create(
    databases: Mapping[str, str | URL],
    destination: Path,
    note: str | None = None,
    producer: str | None = None,
    wait_seconds: float = 60,
    progress: Progress | None = None,
) -> Path:
    """Archive every table of every database into a new folder below ``destination``, and return that folder.

    ``databases``: name -> URL ("warehouse", "control"). ``producer`` is the program that the manifest names, this
    package by default. Another creation in the same place is waited for. The folder gets its name only when all of it
    is on the disk and was read back: whatever has such a name is a whole archive. Whether it is a *complete* one, its
    manifest says.

    Raises:
        UnsupportedDatabase, UnreadableDatabase, NotEnoughSpace: a database cannot be archived; nothing is left
            behind.
        ArchiveLocked: another creation in the same place went on for longer than ``wait_seconds``.
        ArchiveError: the disk is full, or fails; nothing is left behind, as far as such a disk lets it be removed.
    """
    with in_a_sentence(ArchiveError, f"no archive was made in {destination}"), alone_in(destination, wait_seconds):
        _sweep(destination)
        previous = previous_archive(list_archives(destination), lambda name: manifest_sha256(destination / name))
        return make(databases, destination, previous, note, producer, progress)


def make(
    databases: Mapping[str, str | URL],
    destination: Path,
    previous: PreviousArchive | None,
    note: str | None = None,
    producer: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """``create`` in a folder where nobody else makes archives, as the one after ``previous``."""
    created = datetime.now(UTC)
    identity = secrets.token_hex(4)
    folder = destination / f"{created:%Y%m%dT%H%M%SZ}-{identity}"
    unfinished = destination / f"{UNFINISHED}{folder.name}"
    try:
        make_folder(unfinished)
        make_folder(unfinished / DATA_FOLDER)
        # All snapshots first, then all rows: the databases are as of one moment, as nearly as two can be.
        with open_sources(databases) as sources:
            require_space(destination, sum(source.size for source in sources.values()), "the archive")
            tables = _write_tables(sources, unfinished, progress)
            not_represented = tuple(
                f"{name}: {sentence}" for name, source in sources.items() for sentence in source.not_represented
            )
            manifest = Manifest(
                format_version=FORMAT_VERSION,
                id=identity,
                number=previous.number + 1 if previous else 1,
                created=created.isoformat(timespec="microseconds"),
                note=note,
                producer=producer or _this_package(),
                previous=previous,
                complete=not not_represented,
                not_represented=not_represented,
                databases={
                    name: source.describe().model_copy(update={"source": source_of(databases[name])})
                    for name, source in sources.items()
                },
                tables=tables,
            )
        _read_back(unfinished, tables)
        write_manifest(unfinished, manifest)
        if read_manifest(unfinished) != manifest:
            raise ArchiveError(f"{folder.name}: the manifest reads otherwise than it was written")
        sync_folder(unfinished / DATA_FOLDER)
        sync_folder(unfinished)
        unfinished.rename(folder)
        with in_a_sentence(ArchiveError, f"{folder} is made and whole, but a power cut may take it away"):
            sync_folder(destination)
    finally:
        remove_folder(unfinished)
    return folder


def remove(folder: Path) -> None:
    """Remove an archive. It is none any more as soon as its name is gone; what a crash leaves of it is swept by the
    next creation.

    Raises:
        ArchiveError: it is there still, or it is gone and a power cut may bring it back, whole.
    """
    if not FOLDER_NAME.fullmatch(folder.name):
        raise ArchiveError(f"{folder} is not named like an archive, so it was not removed")
    removed = folder.with_name(f"{REMOVED}{folder.name}")
    with in_a_sentence(ArchiveError, f"{folder} was not removed"):
        folder.rename(removed)
    with in_a_sentence(ArchiveError, f"{folder} is removed, but a power cut may bring it back"):
        sync_folder(folder.parent)
    remove_folder(removed)


def _write_tables(sources: Mapping[str, Source], folder: Path, progress: Progress | None) -> tuple[TableEntry, ...]:
    entries: list[TableEntry] = []
    for database, source in sources.items():
        for table in source.tables:
            file = f"{DATA_FOLDER}/{len(entries) + 1:05d}-{_plain_name(table.name)}.jsonl.zst"
            rows_done = None if progress is None else partial(progress, database, table.name)
            # Closed, or what reads the rows outlives its connection where the disk is full.
            with closing(source.lines(table)) as lines:
                facts = write_lines(folder / file, lines, rows_done)
            entry = TableEntry(
                database=database,
                name=table.name,
                kind=table.kind,
                file=file,
                columns=table.columns,
                rowid_key=table.rowid_key,
                rows=facts.rows,
                raw_bytes=facts.raw_bytes,
                raw_sha256=facts.raw_sha256,
                compressed_bytes=facts.compressed_bytes,
                compressed_sha256=facts.compressed_sha256,
            )
            entries.append(entry)
            if rows_done is not None:
                rows_done(facts.rows)
    return tuple(entries)


def _read_back(folder: Path, tables: tuple[TableEntry, ...]) -> None:
    for table in tables:
        if problem := check_file(data_path(folder, table), table.facts):
            raise BadArchive(f"table {table.name} of {table.database} was written and reads otherwise: {problem}")


@contextmanager
def alone_in(destination: Path, wait_seconds: float, place: str | None = None) -> Iterator[None]:
    """Nobody else makes or removes archives in the folder, which is made, until the block ends; ``place`` is what it
    stands for, if not for itself. Raises ArchiveLocked when somebody else went on for longer than ``wait_seconds``.
    """
    make_folder(destination)
    lock = FileLock(destination / LOCK_FILE, mode=OWNER_ONLY_FILE)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as problem:
        raise ArchiveLocked(
            f"another process makes or removes archives in {place or destination} and was not done after "
            f"{wait_seconds:g} seconds; try again later"
        ) from problem
    try:
        yield
    finally:
        lock.release()


def _sweep(destination: Path) -> None:
    """Remove what creations and removals left that were killed. The lock says that none of them is alive."""
    for prefix in (UNFINISHED, REMOVED):
        for left in destination.glob(f"{prefix}*"):
            remove_folder(left)


def _plain_name(table: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", table)[:NAME_LENGTH]


def _this_package() -> str:
    try:
        return f"subs_assets {version('subs_assets')}"
    except PackageNotFoundError:
        return "subs_assets (not installed)"
