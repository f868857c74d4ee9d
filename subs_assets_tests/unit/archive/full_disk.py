"""Disks that are too small: a real file system of so many bytes where one may be mounted, else a limit on the size of
files; what is written there is not known here.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

PAGE = 4096


@cache
def may_mount() -> bool:
    """Whether a small file system can be had: on Linux, as root, where no container forbids it."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), PAGE):
                return True
        except subprocess.CalledProcessError:
            return False


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of ``size`` bytes (whole pages) in ``folder`` until the block ends, to be tried only after
    ``may_mount``.
    """
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def make_read_only(folder: Path) -> None:
    """Let nobody write to a small disk any more, not even root."""
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


def grow(folder: Path, size: int = 2**30) -> None:
    """Give a small disk all the room that is wanted, or so many bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process can grow beyond ``size`` bytes until the block ends; POSIX only."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def room_is_taken_meanwhile() -> mock._patch:  # type: ignore[type-arg]
    """Somebody else fills the disk after it was asked how much is free."""
    return mock.patch("shutil.disk_usage", return_value=SimpleNamespace(free=2**62))
