"""One real run of the program on the shipped sample, with the packaged model, for all end-to-end tests; and copies of
its home.

Programs are started as a user starts them: this interpreter, the repository as the working folder, nothing else shared.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from subs_assets.embedding import exported_model
from subs_assets.settings import Settings
from subs_assets_tests.plain_sql import execute

if TYPE_CHECKING:
    from subs_assets_tests.e2e.drills import Drill

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "data" / "catalogues"
LIMIT_SECONDS = 300
"""Far more than any of these takes: only so that a test that hangs ends."""


@dataclass(frozen=True)
class Installation:
    """A home, its catalogues, and the programs started on them."""

    home: Path
    catalogues: Path
    database_url: str = ""
    """The home's own where none is given."""

    @property
    def places(self) -> dict[str, str]:
        return {
            "SUBS_HOME": str(self.home),
            "SUBS_CATALOGUES": str(self.catalogues),
            "SUBS_DATABASE_URL": self.database_url,
        }

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUBS_", "DAGSTER_"))}
        return {
            **kept,
            **self.places,
            "DAGSTER_HOME": str(self.settings.dagster_home),
            "COLUMNS": "200",
        }

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(self.places)

    def subs(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("subs_assets.cli", *arguments)

    def dagster(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("dagster", *arguments)

    def start_run(self) -> subprocess.Popen[str]:
        """``subs run`` that goes on beside the test."""
        return subprocess.Popen(
            [sys.executable, "-m", "subs_assets.cli", "run"],
            cwd=REPOSITORY, env=self.environment, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=REPOSITORY, env=self.environment, text=True, encoding="utf-8", errors="replace",
            capture_output=True, timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip


@dataclass(frozen=True)
class FirstRun:
    """What the run printed and left; not to be changed."""

    installation: Installation
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    installation = Installation(tmp_path_factory.mktemp("first") / "home", SAMPLE)
    done = installation.subs("run")
    return FirstRun(installation, done.returncode, done.stdout, done.stderr)


@pytest.fixture
def installation(first_run: FirstRun, tmp_path: Path) -> Installation:
    """A copy of that home, vectors included, and of the sample: the test's own."""
    return copy_of(first_run, tmp_path)


def copy_of(first_run: FirstRun, folder: Path) -> Installation:
    """What a fixture of a wider scope makes its own copy with."""
    assert first_run.returncode == 0, first_run.stderr
    copied = Installation(
        Path(shutil.copytree(first_run.installation.home, folder / "home", copy_function=copy_or_link)),
        Path(shutil.copytree(SAMPLE, folder / "catalogues")),
    )
    execute(copied.settings.control_url, "DELETE FROM data_set")  # the copy is for other catalogues
    return copied


@pytest.fixture(scope="session")
def published_shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``catalogues`` and ``home`` of the small shops after one run; not to be changed."""
    folder = tmp_path_factory.mktemp("drills")
    from subs_assets_tests.e2e.drills import publish_small_shops  # which imports this module

    publish_small_shops(folder)
    return folder


@pytest.fixture
def drill(published_shops: Path, tmp_path: Path) -> "Drill":
    """A copy of that, the test's own."""
    from subs_assets_tests.e2e.drills import Drill
    from subs_assets_tests.shops_and_runs import copy_of as copy_shops

    copy_shops(published_shops, tmp_path)
    return Drill(tmp_path)


def copy_or_link(source: str, target: str) -> None:
    """The exported model is 91 MB in every home, and nobody changes it."""
    if Path(source).name == exported_model.MODEL:
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


def wait_until(is_so: Callable[[], bool], what: str, process: subprocess.Popen[str]) -> None:
    """Wait for something that a process does; fails when it ends without."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        assert process.poll() is None, f"ended before {what}: {process.communicate()}"
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.02)
