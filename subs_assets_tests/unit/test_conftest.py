"""The rules of the test suite itself: a skip is a failure where CI is set, and only there; what one process gets."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from subs_assets_tests.processes import TOGETHER, share_of

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SUITE = """
import pytest

def test_passes(): pass

def test_skips(): pytest.skip("no data here")

@pytest.mark.skip(reason="by mark")
def test_is_marked(): pass

@pytest.fixture
def data(): pytest.skip("the fixture found none")

def test_needs(data): pass

@pytest.mark.xfail
def test_is_known_to_fail(): assert False
"""
MODULE = 'import pytest; pytest.skip("the whole module", allow_module_level=True)'


def run_suite(folder: Path, ci: str | None, processes: int) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST"))}
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--continue-on-collection-errors", "-n", str(processes), str(folder)],
        cwd=folder,
        # The copied conftest.py makes fixtures of this repository's tests known.
        env=environment | {"PYTHONPATH": str(CONFTEST.parents[1])} | ({"CI": ci} if ci is not None else {}),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("ci", "processes", "counts"),
    [
        (None, 0, "1 passed, 4 skipped, 1 xfailed"),
        ("", 0, "1 passed, 4 skipped, 1 xfailed"),
        ("true", 0, "1 failed, 1 passed, 1 xfailed, 3 errors"),
        ("true", 1, "1 failed, 1 passed, 1 xfailed, 3 errors"),
    ],
)
def test_a_skip_is_a_failure_in_ci(tmp_path: Path, ci: str | None, processes: int, counts: str) -> None:
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "test_module.py").write_text(MODULE, encoding="utf-8")
    output = run_suite(tmp_path, ci, processes)
    assert re.search(rf"= {counts} in ", output), output
    if ci:
        assert all(reason in output for reason in ("no data here", "by mark", "the fixture found none", "whole module"))
        assert "SUBS_REAL_CATALOGUES" in output


def test_a_process_gets_some_folders_whole_and_else_files() -> None:
    repository = CONFTEST.parents[1]
    names = [path.relative_to(repository).as_posix() for path in CONFTEST.parent.rglob("test_*.py")]
    shares = {share_of(name) for name in names}
    assert set(TOGETHER) <= shares <= {*TOGETHER, *names}
