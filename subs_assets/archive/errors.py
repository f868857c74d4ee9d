"""What can go wrong with an archive; every message says what was found, where, and what to do."""


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


class CommitUnknown(ArchiveError):
    """The answer to a commit was lost, and whether it was done cannot be found out."""
