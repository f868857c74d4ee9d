"""The wheel as a stranger gets it: built by pip, installed into a new environment, used from a folder that was empty.

The new environment sees the packages of this one through a .pth file, so that nothing is downloaded.
"""

import json
import os
import shutil
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from packaging.requirements import Requirement

from subs_assets.settings import Settings
from subs_assets_tests.e2e.conftest import LIMIT_SECONDS, REPOSITORY, SAMPLE, FirstRun, wait_until
from subs_assets_tests.shops_and_runs import rows_in

LEFT_OVER = (
    "build/lib/subs_assets/database/migrations/versions/revision_9999_of_another_branch.py",
    "subs_assets/__pycache__/gone.cpython-311.pyc",
    "subs_assets/database/migrations/versions/__pycache__/gone.cpython-311.pyc",
)
"""What a checkout collects, and a wheel must not hold."""

LOADED = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename
    ... on PythonError { message } } } } } }"""


def finish(command: list[str | Path], folder: Path, environment: dict[str, str] | None = None) -> str:
    """Run a program that must end well; what it printed."""
    process = subprocess.run(
        command, cwd=folder, env=environment, text=True, encoding="utf-8", errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout[-4000:]
    return process.stdout


def pip(*arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]


def build_wheel(source: Path, folder: Path) -> Path:
    """Built as ``pip install`` does, but with the setuptools that is here."""
    finish(pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, source), source.parent)
    (wheel,) = folder.glob("*.whl")
    return wheel


def project_files(folder: str = ".") -> list[str]:
    """The files that git keeps under a folder of the repository."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no git checkout, so nothing says which files are the project's: git clone it")
    listed = finish(["git", "-c", "core.quotepath=off", "ls-files", folder], REPOSITORY)
    return [name for name in listed.splitlines() if (REPOSITORY / name).exists()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files, with what a checkout collects beside them."""
    folder = tmp_path_factory.mktemp("source") / "checkout"
    for name in (*project_files(), *LEFT_OVER):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name in LEFT_OVER:
            (folder / name).touch()
        else:
            shutil.copyfile(REPOSITORY / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(checkout, tmp_path_factory.mktemp("wheel"))


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    expected = project_files("subs_assets")
    assert {"subs_assets/dagster.yaml", "subs_assets/substitution/departments.csv"} <= set(expected)
    assert sorted(name for name in content(wheel) if ".dist-info/" not in name) == sorted(expected)


def test_a_source_distribution_makes_the_same_wheel(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    program = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    finish([sys.executable, "-c", program], checkout)
    (sdist,) = tmp_path.glob("*.tar.gz")
    assert content(build_wheel(sdist, tmp_path)) == content(wheel)


def test_what_the_wheel_says_of_itself(wheel: Path) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = content(wheel)
    (folder,) = {name.partition("/")[0] for name in files if ".dist-info/" in name}
    said = message_from_bytes(files[f"{folder}/METADATA"])
    assert (said["Name"], said["Version"]) == (project["name"], project["version"])
    assert said["Requires-Python"].split(",") == sorted(project["requires-python"].split(","))
    assert (said["License-Expression"], said["Description-Content-Type"]) == ("MIT", "text/markdown")
    assert f"{folder}/licenses/LICENSE" in files
    assert "Private :: Do Not Upload" in said.get_all("Classifier", [])
    needed = [Requirement(text) for text in said.get_all("Requires-Dist", [])]
    assert {one for one in needed if one.marker is None} == set(map(Requirement, project["dependencies"]))
    assert set(said.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])
    programs = files[f"{folder}/entry_points.txt"].decode()
    assert programs.splitlines() == ["[console_scripts]", "subs = subs_assets.cli:main"]


@dataclass(frozen=True)
class Stranger:
    """A folder outside the checkout, and the programs of an environment in which the wheel is installed."""

    programs: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        ours = ("SUBS_", "DAGSTER_", "PYTHONPATH")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {**kept, "DAGSTER_DISABLE_TELEMETRY": "yes", "COLUMNS": "200"}

    @property
    def python(self) -> Path:
        return self.programs / ("python.exe" if os.name == "nt" else "python")

    @property
    def settings(self) -> Settings:
        return Settings.from_environment({"SUBS_HOME": str(self.folder / "data" / "warehouse")})

    @property
    def with_the_sample(self) -> dict[str, str]:
        home = str(self.settings.dagster_home)
        return {**self.environment, "SUBS_CATALOGUES": str(SAMPLE), "DAGSTER_HOME": home}

    def subs(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.programs / "subs", *arguments], cwd=self.folder, env=environment or self.environment,
            capture_output=True, text=True, encoding="utf-8", timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip

    def dagster(self, *arguments: str) -> str:
        return finish([self.python, "-m", "dagster", *arguments], self.folder, self.with_the_sample)


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs of the new environment are."""
    folder = tmp_path_factory.mktemp("new") / "environment"
    venv.EnvBuilder(symlinks=os.name != "nt").create(folder)
    places = sysconfig.get_paths("venv", {"base": str(folder), "platbase": str(folder)})
    programs = Path(places["scripts"])
    python = programs / ("python.exe" if os.name == "nt" else "python")
    finish(pip("--python", python, "install", "--no-deps", "--no-index", wheel), folder.parent)
    # After the installation: pip would find this environment's own subs_assets, and remove that one.
    (Path(places["purelib"]) / "packages.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return programs


@pytest.fixture
def stranger(programs: Path, tmp_path: Path) -> Stranger:
    folder = tmp_path / "any folder"
    folder.mkdir()
    return Stranger(programs, folder)


def test_the_installed_package_is_the_wheel(stranger: Stranger) -> None:
    place = finish(
        [stranger.python, "-c", "print(__import__('subs_assets').__file__)"], stranger.folder, stranger.environment
    )
    assert Path(place.strip()).is_relative_to(stranger.programs.parent)


def test_in_an_empty_folder_it_says_what_is_missing(stranger: Stranger) -> None:
    assert "substitutes" in stranger.subs("--help").stdout
    for arguments, said in {("run",): "SUBS_CATALOGUES", ("rates",): "subs run", ("db", "check"): "subs db"}.items():
        done = stranger.subs(*arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ") and said in done.stderr and str(stranger.folder) in done.stderr
    assert list(stranger.folder.iterdir()) == []


def test_it_runs_and_dagster_finds_it_by_its_name(stranger: Stranger, first_run: FirstRun) -> None:
    settings = stranger.settings
    shutil.copytree(first_run.installation.settings.vectors, settings.vectors)  # the model has a test of its own
    done = stranger.subs("run", environment={**stranger.environment, "SUBS_CATALOGUES": str(SAMPLE)})
    assert done.returncode == 0, done.stderr
    published = rows_in(settings.database_url)
    assert published == rows_in(first_run.installation.settings.database_url)
    assert "run_monitoring" in (settings.dagster_home / "dagster.yaml").read_text(encoding="utf-8")
    assert "Validation successful" in stranger.dagster("definitions", "validate", "-m", "subs_assets")
    stranger.dagster("asset", "materialize", "-m", "subs_assets", "--select", "archive")  # which drills
    assert rows_in(settings.database_url) == published
    assert Path(settings.archives).is_dir()


@pytest.fixture
def web_ui(stranger: Stranger) -> Iterator[str]:
    """The address of the web UI, which is asked to end after the test, and does."""
    stranger.settings.dagster_home.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = stranger.folder / "log.txt"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [stranger.python, "-m", "subs_assets.webserver", "dev", "-m", "subs_assets", "-h", "127.0.0.1", "-p", port],
            cwd=stranger.folder, env=stranger.with_the_sample, text=True, stdout=stream, stderr=stream,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP if os.name == "nt" else 0,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return urlopen(f"{address}/server_info", timeout=5).status == 200
        except OSError:
            return False

    try:
        wait_until(answers, "the web UI answered", process)
        yield address
        process.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGTERM)
        process.wait(timeout=LIMIT_SECONDS)
        assert not answers()
    finally:
        process.kill()
        print(log.read_text(encoding="utf-8", errors="replace"))


def test_the_web_ui_starts_in_any_folder_and_stops(web_ui: str) -> None:
    request = Request(f"{web_ui}/graphql", json.dumps({"query": LOADED}).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=LIMIT_SECONDS) as answer:
        (location,) = json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
    assert location == {"name": "subs_assets", "locationOrLoadError": {"__typename": "RepositoryLocation"}}
