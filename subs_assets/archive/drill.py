"""Proves that an archive can be restored, by restoring it aside and comparing; the real databases are not touched."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
from subs_assets.archive.restore import Restored, restore
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


@dataclass(frozen=True)
class Copies:
    """What an archive was restored into: name -> URL; ``problems`` says what differs from the archive."""

    urls: Mapping[str, str | URL]
    restored: Restored
    problems: tuple[str, ...]


def drill(
    path: Path,
    beside: Mapping[str, str | URL] | None = None,
    wait_seconds: float = 60,
    progress: Progress | None = None,
) -> Drill:
    """Restore all databases of an archive into scratch ones, compare every digest, and remove them again.

    Raises:
        ArchiveLocked: another drill in the same place went on for longer than ``wait_seconds``.
    """
    try:
        with restored_aside(path, beside, wait_seconds, progress) as copies:
            return Drill(not copies.problems, copies.problems, copies.restored.tables, copies.restored.rows)
    except ArchiveLocked:
        raise
    except ArchiveError as problem:
        return Drill(False, (str(problem),), 0, 0)


@contextmanager
def restored_aside(
    path: Path,
    beside: Mapping[str, str | URL] | None = None,
    wait_seconds: float = 60,
    progress: Progress | None = None,
) -> Iterator[Copies]:
    """All databases of an archive, restored into scratch ones and compared with it; they are gone when the block ends.

    Scratch files of SQLite lie beside the archive. Scratch databases of PostgreSQL are made on the server of the
    archived one, whose URL ``beside`` (name -> URL) has; the role must be allowed to make databases.

    Raises:
        ArchiveLocked: another drill in the same place went on for longer than ``wait_seconds``.
        ArchiveError: it cannot be restored.
    """
    lock = FileLock(path.parent / LOCK_FILE, mode=OWNER_ONLY_FILE)
    scratch = path.parent / f"{SCRATCH}{secrets.token_hex(4)}"
    try:
        with ExitStack() as stack:
            with in_a_sentence(ArchiveError, f"{path} cannot be restored beside itself"):
                manifest = read_manifest(path)  # where there is no archive, nothing is made
                _acquire(lock, path.parent, wait_seconds)
                for left in path.parent.glob(f"{SCRATCH}*/"):  # of drills that were killed
                    remove_folder(left)
                make_folder(scratch)
                # A database's name is whatever somebody called it, so it is no file name.
                urls = {
                    name: stack.enter_context(open_scratch(scratch / f"{number}.db", entry, (beside or {}).get(name)))
                    for number, (name, entry) in enumerate(manifest.databases.items(), start=1)
                }
                restored = restore(path, urls, progress)
                problems = tuple(
                    f"{name}: {sentence}"
                    for name, url in urls.items()
                    for sentence in differences(manifest.digests(name), digests(url, manifest.databases[name].scope))
                )
            yield Copies(urls, restored, problems)
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
