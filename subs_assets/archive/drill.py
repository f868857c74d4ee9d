"""Proves that an archive can be restored, by restoring it aside and comparing; the real databases are not touched."""

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL

from subs_assets.archive.comparison import differences
from subs_assets.archive.databases import open_scratch
from subs_assets.archive.digest import digests
from subs_assets.archive.durable import OWNER_ONLY_FILE, make_folder, remove_folder
from subs_assets.archive.errors import ArchiveError, ArchiveLocked, in_a_sentence
from subs_assets.archive.protocols import Progress
from subs_assets.archive.restore import restore
from subs_assets.archive.store import read_manifest

LOCK_FILE = ".drill.lock"
SCRATCH = ".drill-"


@dataclass(frozen=True)
class Drill:
    """What came of it; ``tables`` and ``rows`` are those that were restored."""

    ok: bool
    problems: tuple[str, ...]
    tables: int
    rows: int


def drill(
    path: Path,
    beside: Mapping[str, str | URL] | None = None,
    wait_seconds: float = 60,
    progress: Progress | None = None,
) -> Drill:
    """Restore all databases of an archive into scratch ones, compare every digest, and remove them again.

    Scratch files of SQLite lie beside the archive. Scratch databases of PostgreSQL are made on the server of the
    archived one, whose URL ``beside`` (name -> URL) has; the role must be allowed to make databases.

    Raises:
        ArchiveLocked: another drill in the same place went on for longer than ``wait_seconds``.
    """
    lock = FileLock(path.parent / LOCK_FILE, mode=OWNER_ONLY_FILE)
    scratch = path.parent / f"{SCRATCH}{secrets.token_hex(4)}"
    try:
        with in_a_sentence(ArchiveError, f"{path} cannot be restored beside itself"):
            read_manifest(path)  # where there is no archive, nothing is made
            _acquire(lock, path.parent, wait_seconds)
            for left in path.parent.glob(f"{SCRATCH}*/"):  # of drills that were killed
                remove_folder(left)
            make_folder(scratch)
            return _restore_and_compare(path, scratch, beside or {}, progress)
    except ArchiveLocked:
        raise
    except ArchiveError as problem:
        return Drill(False, (str(problem),), 0, 0)
    finally:
        remove_folder(scratch)
        lock.release()


def _acquire(lock: FileLock, folder: Path, wait_seconds: float) -> None:
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as problem:
        raise ArchiveLocked(
            f"another drill in {folder} was not done after {wait_seconds:g} seconds; try again later"
        ) from problem


def _restore_and_compare(
    path: Path, scratch: Path, beside: Mapping[str, str | URL], progress: Progress | None
) -> Drill:
    manifest = read_manifest(path)
    with ExitStack() as stack:
        # A database's name is whatever somebody called it, so it is no file name.
        into = {
            name: stack.enter_context(open_scratch(scratch / f"{number}.db", entry, beside.get(name)))
            for number, (name, entry) in enumerate(manifest.databases.items(), start=1)
        }
        restored = restore(path, into, progress)
        problems = tuple(
            f"{name}: {sentence}"
            for name, url in into.items()
            for sentence in differences(manifest.digests(name), digests(url, manifest.databases[name].scope))
        )
    return Drill(not problems, problems, restored.tables, restored.rows)
