"""The folders of SUBS_HOME: whether they can be written to, whether a run has room, and who holds the run lock."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from subs_assets.doctor.finding import Finding, error, ok
from subs_assets.settings import Settings

FIRST_RUN_BYTES = 2**30
"""What a first run writes: the exported model (91 MB), vectors, staging and a database; more for large catalogues."""


def look(settings: Settings) -> Iterator[Finding]:
    """Whether a run can write where it must, and has room."""
    parts = [settings.home, *(folder for folder in _parts(settings) if folder.exists())]
    refused = {folder: reason for folder in parts if (reason := why_not_writable(folder))}
    for folder, reason in refused.items():
        yield error(f"nothing can be written to {folder} ({reason})", "let the account that runs subs write there")
    if not settings.home.exists() and not refused:
        yield ok(f"{settings.home} does not exist yet: the first run makes it")
    elif not refused:
        yield ok(f"{settings.home} and the {len(parts) - 1} folders in it that a run writes to can be written to")
    yield room_finding(_needed(settings), free_bytes(settings.home), settings.home)


def look_at_lock(settings: Settings) -> Iterator[Finding]:
    """Who writes, as far as notes and the server tell: the lock itself is not tried, which would take it."""
    from subs_assets.database.lock import NOTE_FILE, current_holder

    noted = (settings.home / NOTE_FILE).exists()
    holder = current_holder(settings.home) if noted else None
    if holder is None:
        yield ok("no run writes to this home")
    else:
        yield ok(f"{holder} writes to this home, or was killed: then its lock ended with it")
    if settings.database_kind == "postgresql":
        yield from _look_at_advisory_lock(settings.database_url)


def _look_at_advisory_lock(url: str) -> Iterator[Finding]:
    from subs_assets.database import advisory_lock
    from subs_assets.database.engine import answering, describe

    with answering(url) as engine, engine.connect() as connection:
        holder = advisory_lock.holder(connection)
    yield ok(f"{holder} writes to {describe(url)}" if holder else f"nobody writes to {describe(url)}")


def room_finding(needed: int, free: int, where: Path) -> Finding:
    """Whether a run has room; all in bytes."""
    from subs_assets.archive.durable import byte_count

    if free < needed:
        return error(
            f"{byte_count(free)} are free in {where}, and a run may need {byte_count(needed)}",
            "make room there, or set SUBS_HOME to a folder on another disk",
        )
    return ok(f"there is room for a run: {byte_count(free)} are free, and it may need {byte_count(needed)}")


def why_not_writable(folder: Path) -> str | None:
    """Tried with a file that has no name, or is gone when it is closed: what rights say is not what a read-only disk,
    a full one or Windows does. Of a folder that is yet to be made, it is tried where that would be."""
    try:
        with tempfile.TemporaryFile(dir=nearest_folder(folder)) as probe:
            probe.write(b"subs doctor")
    except OSError as problem:
        return problem.strerror or str(problem)
    return None


def free_bytes(folder: Path) -> int:
    """Of the folder's disk, also where the folder is not there yet."""
    return shutil.disk_usage(nearest_folder(folder)).free


def nearest_folder(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _parts(settings: Settings) -> tuple[Path, ...]:
    return (
        settings.staging, settings.matrices, settings.vectors, settings.home / "known_texts",
        settings.exports, settings.reports, settings.scratch, settings.dagster_home,
    )  # fmt: skip


def _needed(settings: Settings) -> int:
    """What stands in the home of the last run stands there twice before the next one is published, and SQLite's
    write-ahead log grows to the size of a publication."""
    from subs_assets.database.engine import sqlite_file

    database = sqlite_file(settings.database_url)
    last = sum(map(_size, (settings.staging, settings.matrices, settings.reports, settings.exports)))
    of_database = database.stat().st_size if database is not None and database.exists() else 0
    return 2 * last + of_database if last else FIRST_RUN_BYTES


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
