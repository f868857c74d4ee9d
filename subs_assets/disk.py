"""A disk that is full, told by the folder that lies on it: what is said by whoever writes names neither."""

import errno
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

NO_ROOM_ON_DISK = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}

NO_ROOM_IN_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
"""The second where there is no room to open a database: it wants a file beside it."""

NO_ROOM_IN_POSTGRESQL = "53100"


class DiskFull(RuntimeError):
    """The message says which disk, and what to do."""


@contextmanager
def naming_full_disk(where: Path | str) -> Iterator[None]:
    """Raises DiskFull where what is written within has no room, or is more than a quota allows; ``where``: the folder
    that it is written below, or a server's database in words."""
    from sqlalchemy.exc import DBAPIError  # here: `subs doctor` starts where it is missing, and says so

    try:
        yield
    except (OSError, DBAPIError) as error:
        if not is_full(error):
            raise
        # `from None`: nothing that caused it says more, and the innermost error is what a terminal shows.
        raise DiskFull(sentence(where)) from None


def is_full(error: "OSError | DBAPIError") -> bool:
    """Whether an error of the system, or of a database, says that there is no room."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM_ON_DISK
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", None) in NO_ROOM_IN_SQLITE
    return getattr(error.orig, "sqlstate", None) == NO_ROOM_IN_POSTGRESQL


def fullest(folders: Iterable[Path]) -> Path:
    """The one whose disk has least room, where nobody said which it was."""
    return min((folder for folder in folders if folder.exists()), key=lambda folder: shutil.disk_usage(folder).free)


def sentence(where: Path | str) -> str:
    """Which disk, how much is left of it, and what to do."""
    left = ""
    if isinstance(where, Path):
        with suppress(OSError):
            left = f" ({shutil.disk_usage(where).free:,} bytes are left)"
    return f"the disk of {where} is full{left}: make room there, then start a new run, or go on from failure"
