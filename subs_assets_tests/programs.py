"""Finds the programs that tests need beside Python; where CI is set, Debian's package manager brings them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock


def program(name: str, package: str, folders: Sequence[str] = ()) -> Path:
    """The program of that name on PATH or in one of the folders (patterns; the last in order wins).

    Where it is missing: Debian's ``package`` is installed if CI is set, else the test is skipped and says so.
    """
    if found := _find(name, folders):
        return found
    if os.environ.get("CI") and shutil.which("apt-get"):
        # apt-get fails where another one is at work, and two processes of the same tests may want one.
        with FileLock(Path(tempfile.gettempdir()) / "subs-assets-tests-apt-get.lock"):
            if not _find(name, folders):
                _install(package)
        if found := _find(name, folders):
            return found
    pytest.skip(f"the program {name} is missing: install it (Debian: apt install {package})")


def _install(package: str) -> None:
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        subprocess.run(
            ["apt-get", "--quiet", *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.DEVNULL,
            check=True,
        )


def _find(name: str, folders: Sequence[str]) -> Path | None:
    found = sorted(path for folder in folders for path in Path("/").glob(f"{folder.lstrip('/')}/{name}"))
    if found:
        return found[-1]
    on_path = shutil.which(name)
    return Path(on_path) if on_path else None
