"""Files and folders that only their owner can read and that survive a power cut; what is written into them is not
known here.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from subs_assets.archive.errors import NotEnoughSpace

OWNER_ONLY_FILE = 0o600
OWNER_ONLY_FOLDER = 0o700


def make_folder(path: Path) -> None:
    """Make the folder and its missing parents, all of them on the disk when this returns; the folder itself, if it is
    new, is for its owner only.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=OWNER_ONLY_FOLDER, exist_ok=True)
    for folder in reversed(missing):
        sync_folder(folder.parent)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file for its owner only, on the disk when the block ends.

    Raises:
        FileExistsError: there is something of that name.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), OWNER_ONLY_FILE)
    with os.fdopen(descriptor, "wb") as handle:
        yield handle
        handle.flush()
        os.fsync(handle.fileno())


def sync_file(path: Path) -> None:
    """Have the content of a file that somebody else wrote on the disk."""
    # Windows flushes only a handle that may write.
    with path.open("r+b") as handle:
        os.fsync(handle.fileno())


def sync_folder(path: Path) -> None:
    """Have the names in a folder on the disk, where its file system can be told to. Windows has no such call, and NTFS
    journals names by itself.
    """
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.EBADF):  # as some network file systems answer for a folder
            raise
    finally:
        os.close(descriptor)


def is_link(path: Path) -> bool:
    """Whether the name leads elsewhere: a symbolic link, or on Windows a junction. Other reparse points are files whose
    content Windows keeps elsewhere (deduplicated, in the cloud).
    """
    status = path.lstat()
    leading_elsewhere = {getattr(stat, f"IO_REPARSE_TAG_{kind}", None) for kind in ("SYMLINK", "MOUNT_POINT")}
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in leading_elsewhere


def move_without_overwriting(source: Path, target: Path) -> None:
    """Give a file its final name in one step; that is on the disk with the next ``sync_folder``.

    Raises:
        FileExistsError: somebody else made ``target`` meanwhile; both files are as they were.
    """
    if os.name == "nt":
        source.rename(target)  # refuses an existing target on Windows
    else:
        try:
            os.link(source, target)
        except (NotImplementedError, OSError) as problem:
            if isinstance(problem, FileExistsError) or target.exists():
                raise FileExistsError(f"{target} exists") from problem
            source.rename(target)  # a file system without hard links
        else:
            remove_file(source)


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raise NotEnoughSpace unless ``needed`` bytes are free where ``folder`` is; ``what`` may need them."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NotEnoughSpace(
            f"{what} may need {byte_count(needed)}, and {byte_count(free)} are free in {folder}; "
            "make room there, or choose a folder on another disk"
        )


def remove_file(path: Path) -> None:
    """Remove a file that may be missing, as far as that goes: it is rubbish, and another try comes."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def byte_count(number: int) -> str:
    """As a person reads it: 1536 is "1.5 KiB"."""
    size = float(number)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"


def remove_folder(path: Path) -> None:
    """Remove a folder with what is in it, as far as that goes: it is rubbish, and another try comes."""
    shutil.rmtree(path, ignore_errors=True)
