"""Where archives lie: one face for a local folder and for a store that fsspec reaches; how an archive is made is known
elsewhere.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL

from subs_assets.archive import place_url, snapshot, store
from subs_assets.archive.errors import ArchiveError
from subs_assets.archive.manifest import Manifest, TableEntry, manifest_sha256
from subs_assets.archive.protocols import Progress
from subs_assets.archive.remote_place import open_remote
from subs_assets.archive.store import ArchiveSummary


class ArchivePlace(Protocol):
    """Where archives lie, each under the name of its folder. Every method raises ArchiveError where the place cannot
    be reached.
    """

    def create(
        self,
        databases: Mapping[str, str | URL],
        note: str | None = None,
        producer: str | None = None,
        wait_seconds: float = 60,
        progress: Progress | None = None,
    ) -> str:
        """Make an archive as ``snapshot.create`` does, raising what it raises; returns its name."""

    def summaries(self) -> list[ArchiveSummary]:
        """As ``store.list_archives``: newest first, unreadable ones last."""

    def manifest(self, name: str) -> Manifest:
        """What an archive says of itself. Raises BadArchive."""

    def manifest_sha256(self, name: str) -> str | None:
        """What stands for the whole archive; None where there is none of that name. Raises BadArchive."""

    def fetched(self, name: str, table: TableEntry | None = None) -> AbstractContextManager[Path]:
        """A local folder with the bytes of an archive as they are, good or not, until the block ends; not to be
        changed. Only the rows of ``table`` need be there, if one is given.
        """

    def remove(self, name: str) -> None:
        """Remove an archive; whatever happens on the way, it is listed as before or not at all. What is left of one
        that is not listed any more goes with a later creation. Raises ArchiveError: it may be there still.
        """

    def exclusive(self, wait_seconds: float) -> AbstractContextManager[None]:
        """Nobody else makes or removes archives here until the block ends, as far as the place can promise that.
        ``create`` does this by itself; within the block it would wait for itself. Raises ArchiveLocked.
        """

    def location(self, name: str | None = None) -> str:
        """How a person names the place, or an archive in it: a path or a URL, without any secret."""


@dataclass(frozen=True)
class LocalPlace:
    """A folder of this machine, or one that it sees as such. ``fetched`` is the archive itself, no copy."""

    folder: Path

    def create(
        self,
        databases: Mapping[str, str | URL],
        note: str | None = None,
        producer: str | None = None,
        wait_seconds: float = 60,
        progress: Progress | None = None,
    ) -> str:
        return snapshot.create(databases, self.folder, note, producer, wait_seconds, progress).name

    def summaries(self) -> list[ArchiveSummary]:
        return store.list_archives(self.folder)

    def manifest(self, name: str) -> Manifest:
        return store.read_manifest(self.folder / name)

    def manifest_sha256(self, name: str) -> str | None:
        return manifest_sha256(self.folder / name) if (self.folder / name).is_dir() else None

    @contextmanager
    def fetched(self, name: str, table: TableEntry | None = None) -> Iterator[Path]:
        yield self.folder / name

    def remove(self, name: str) -> None:
        snapshot.remove(self.folder / name)

    def exclusive(self, wait_seconds: float) -> AbstractContextManager[None]:
        return snapshot.alone_in(self.folder, wait_seconds)

    def location(self, name: str | None = None) -> str:
        return str(self.folder if name is None else self.folder / name)


def open_place(text: str, scratch: Path) -> ArchivePlace:
    """The place that a folder's path or a URL means; ``scratch`` is a folder for what is on its way to or from a place
    that is not local. Raises ArchiveError.
    """
    try:
        folder = place_url.local_folder(text)
    except ValueError as problem:
        raise ArchiveError(str(problem)) from None
    return open_remote(text.rstrip("/"), scratch) if folder is None else LocalPlace(folder)


def open_archive(text: str, scratch: Path) -> tuple[ArchivePlace, str]:
    """The place and the name of the archive that a folder's path or a URL means. Raises ArchiveError."""
    try:
        folder, name = place_url.parent_and_name(text)
    except ValueError as problem:
        raise ArchiveError(str(problem)) from None
    return open_place(folder, scratch), name
