"""What can go wrong with an archive; every message says what was found, where, and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

REMEDIES = {
    errno.ENOSPC: "make room there, and try again",
    errno.EDQUOT: "make room there, and try again",
    errno.EROFS: "choose a place that can be written to",
    errno.EACCES: "get the right to it, or choose another place",
    errno.EPERM: "get the right to it, or choose another place",
    errno.EIO: "do not trust that disk, choose another",
}


class ArchiveError(Exception):
    """The base of all: an archive could not be made, read, restored or trusted."""


class UnsupportedDatabase(ArchiveError):
    """The URL is of a kind of database that cannot be archived."""


class UnreadableDatabase(ArchiveError):
    """The database, or one of its tables, cannot be read whole."""


class BadArchive(ArchiveError):
    """What lies in the archive's folder is not what its manifest says, or is no archive at all."""


class NotEnoughSpace(ArchiveError):
    """The disk would be full before the work is done; nothing was written."""


class RestoreRefused(ArchiveError):
    """Nothing was restored, and the target is as it was."""


class ArchiveLocked(ArchiveError):
    """Somebody else is at work in the same place."""


class ResetRefused(ArchiveError):
    """A step of a reset was asked for that its state does not allow; nothing was changed."""


class UpgradeRefused(ArchiveError):
    """An upgrade would lose something, or cannot be shown not to; the database is as it was."""


class CommitUnknown(ArchiveError):
    """The answer to a commit was lost, and whether it was done cannot be found out."""


@contextmanager
def in_a_sentence(error: type[ArchiveError], what: str) -> Iterator[None]:
    """Turn an error of the operating system (a full disk, a missing right) into ``error``, in a sentence that begins
    with ``what`` and ends with the remedy, where one is known.
    """
    try:
        yield
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        remedy = f"; {REMEDIES[problem.errno]}" if problem.errno in REMEDIES else ""
        raise error(f"{what}: {where}{problem.strerror or problem}{remedy}") from problem


class BadDump(ArchiveError):
    """Files of a Django dump cannot be imported; ``problems`` has all of them, a sentence each."""

    def __init__(self, sentence: str, problems: list[str]) -> None:
        super().__init__(sentence)
        self.problems = problems
