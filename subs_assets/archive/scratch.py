"""Folders for what is only passing through: gone afterwards, and those of killed processes when the next one is made;
what is put into them is not known here.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from subs_assets.archive.durable import OWNER_ONLY_FILE, make_folder, remove_folder

DOOR = ".door.lock"
IN_USE = ".in-use.lock"


@contextmanager
def passing_folder(parent: Path) -> Iterator[Path]:
    """A new folder below ``parent``, for its owner only, until the block ends; those of killed processes go with it."""
    make_folder(parent)
    # Nobody may look at a folder between its making and its locking.
    with FileLock(parent / DOOR, mode=OWNER_ONLY_FILE):
        for left in parent.iterdir():
            if left.is_dir() and _is_left(left):
                remove_folder(left)
        folder = parent / secrets.token_hex(8)
        make_folder(folder)
        in_use = FileLock(folder / IN_USE, mode=OWNER_ONLY_FILE)
        in_use.acquire()
    try:
        yield folder
    finally:
        in_use.release()  # Windows removes no file that is open
        remove_folder(folder)


def _is_left(folder: Path) -> bool:
    lock = FileLock(folder / IN_USE, mode=OWNER_ONLY_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True
