"""dev.py without network: what it decides, and how it calls; a real set-up is what CI does before it gets here."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
HERE = (sys.version_info[0], sys.version_info[1])


def load_dev() -> ModuleType:
    specification = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


dev = load_dev()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout as far as dev.py looks."""
    root = tmp_path / "checkout"
    for folder in ("data/catalogues", "subs_assets_tests/catalogues/au", "subs_assets_tests/catalogues/at"):
        (root / folder).mkdir(parents=True)
    (root / "subs_assets").mkdir()
    for name in ("pyproject.toml", "constraints.txt", "subs_assets/dagster.yaml"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def real(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    (folder / "au").mkdir(parents=True)
    return folder


# --- Python and the virtual environment -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "has_ensurepip", "says"),
    [
        ((3, 11), True, None),
        ((3, 14), True, None),
        ((3, 9), True, "needs 3.11 to 3.14"),
        ((3, 15), True, "needs 3.11 to 3.14"),
        ((2, 7), False, "this is Python 2.7"),
        ((3, 12), False, "sudo apt install python3.12-venv"),
    ],
)
def test_python_problem(version: tuple[int, int], has_ensurepip: bool, says: str | None) -> None:
    problem = dev.python_problem(version, has_ensurepip)
    assert problem is None if says is None else says in problem


def test_the_pythons_are_those_that_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    beyond = (dev.NEWEST[0], dev.NEWEST[1] + 1)
    assert project["requires-python"] == ">={}.{},<{}.{}".format(*dev.OLDEST, *beyond)


@pytest.mark.parametrize(("os_name", "path"), [("nt", "Scripts/python.exe"), ("posix", "bin/python")])
def test_interpreter(os_name: str, path: str) -> None:
    assert dev.interpreter(Path(".venv"), os_name) == Path(".venv") / path


def test_the_stamp_follows_everything_that_a_set_up_depends_on(checkout: Path, tmp_path: Path) -> None:
    stamps = [dev.set_up_stamp(checkout, (3, 11)), dev.set_up_stamp(checkout, (3, 12))]
    for name in ("pyproject.toml", "constraints.txt"):
        with (checkout / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        stamps.append(dev.set_up_stamp(checkout, (3, 11)))
    moved = checkout.rename(tmp_path / "moved")
    stamps.append(dev.set_up_stamp(moved, (3, 11)))
    assert len(set(stamps)) == 5
    assert dev.set_up_stamp(moved, (3, 11)) == stamps[-1]


@pytest.mark.parametrize(
    ("configuration", "recorded", "afresh"),
    [
        ("version = 3.12.1\n", "a stamp", False),
        ("version_info = 3.12.1.final.0\n", "", False),  # made by virtualenv, not by dev.py: built upon
        ("version = 3.12.1\n", "unfinished", True),
        ("version = 3.11.9\n", "a stamp", True),
        ("version = 3.1.2\n", "a stamp", True),
        ("home = /usr/bin\n", "a stamp", True),
        (None, "a stamp", True),
    ],
)
def test_must_start_afresh(tmp_path: Path, configuration: str | None, recorded: str, afresh: bool) -> None:
    python = dev.interpreter(tmp_path)
    python.parent.mkdir()
    python.touch()
    if configuration is not None:
        (tmp_path / "pyvenv.cfg").write_text(configuration, encoding="utf-8")
    assert dev.must_start_afresh(tmp_path, recorded, (3, 12)) is afresh


def test_an_environment_without_its_interpreter_starts_afresh(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text("version = 3.12.1\n", encoding="utf-8")
    assert dev.must_start_afresh(tmp_path, "a stamp", (3, 12))


def test_what_is_set_up_is_not_set_up_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = dev.interpreter(checkout / ".venv")
    python.parent.mkdir(parents=True)
    python.touch()
    (checkout / ".venv" / "set-up.txt").write_text(dev.set_up_stamp(checkout, HERE), encoding="utf-8")
    monkeypatch.setattr(dev, "run_logged", lambda *_: pytest.fail("it installs again"))
    assert dev.set_up(checkout, None) == python


def test_an_interrupted_set_up_is_done_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def cut_off_at_the_second(command: list[str], _log: Path) -> None:
        commands.append(command)
        if len(commands) == 2:
            raise dev.Problem("cut off")

    monkeypatch.setattr(dev, "run_logged", cut_off_at_the_second)
    with pytest.raises(dev.Problem):
        dev.set_up(checkout, None)
    left_over = checkout / ".venv" / "left over"
    left_over.touch()
    commands.clear()
    monkeypatch.setattr(dev, "run_logged", lambda command, _log: commands.append(command))
    dev.set_up(checkout, "file:///some/index")
    assert not left_over.exists()
    make, torch, rest = commands
    assert make[1:] == ["-m", "venv", str(checkout / ".venv")]
    assert torch[-4:] == ["--no-deps", "--index-url", "file:///some/index", dev.pinned("torch", constraints_text())]
    assert rest[-4:] == ["-e", ".[dev]", "-c", "constraints.txt"]
    assert "--index-url" not in rest
    stamp = (checkout / ".venv" / "set-up.txt").read_text(encoding="utf-8")
    assert stamp == dev.set_up_stamp(checkout, HERE)


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("print('  Downloading torch-2-x.whl (190.1 MB)')", "torch-2-x.whl (190.1 MB)"),
        ("print('  Using cached scipy-1-x.whl (35 MB)')", "scipy-1-x.whl (35 MB)"),
        ("print('Installing collected packages: a, b, c')", "unpacking 3 packages"),
        ("print('  Downloading small-1-py3.whl (1.2 MB)')", ""),
    ],
)
def test_the_set_up_shows_what_takes_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], program: str, shown: str
) -> None:
    dev.run_logged([sys.executable, "-c", program], tmp_path / "log")
    assert capsys.readouterr().out.strip() == shown
    assert (tmp_path / "log").read_text(encoding="utf-8").strip()


def test_a_failed_step_ends_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(dev.Problem, match=r"No space left(?s:.)*call dev\.py again"):
        dev.run_logged([sys.executable, "-c", "import sys; sys.exit('No space left')"], tmp_path / "log")


# --- constraints ------------------------------------------------------------------------------------------------------


def constraints_text() -> str:
    return (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_pinned() -> None:
    assert dev.pinned("torch", "# torch==1\ntorchvision==3\ntorch==2.13.0\n") == "torch==2.13.0"
    with pytest.raises(KeyError):
        dev.pinned("torch", "torchvision==3\n")


def test_every_constraint_is_one_exact_public_version() -> None:
    lines = [line for line in constraints_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        name, _, version = line.partition("==")
        assert name and version.replace(".", "").replace("post", "").isdigit(), line
    names = [line.partition("==")[0].lower().replace("_", "-") for line in lines]
    assert len(names) == len(set(names))


def test_every_package_that_is_needed_is_pinned_as_installed() -> None:
    pins = dict(line.split("==") for line in constraints_text().splitlines() if "==" in line)
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    todo = [needed for needed in map(Requirement, wanted) if needed.name != project["name"]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement = todo.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = distribution(name)
        assert pins.get(name) == found.version.partition("+")[0], f"{name} {found.version}: see docs/set-up.md"
        for needed in map(Requirement, found.requires or []):
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                todo.append(needed)
    assert len(seen) > len(project["dependencies"])


# --- where the data is ------------------------------------------------------------------------------------------------


def test_the_sample_catalogues_are_the_default(checkout: Path) -> None:
    variables = dev.variables_for_graph(None, {"PATH": "kept"}, checkout)
    home = checkout / "data" / "warehouse"
    assert variables == {
        "PATH": "kept",
        "PYTHONUTF8": "1",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "SUBS_CATALOGUES": str(checkout / "data" / "catalogues"),
        "SUBS_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
    }


def test_real_catalogues_have_a_home_of_their_own(checkout: Path, real: Path) -> None:
    variables = dev.variables_for_graph("au", {"SUBS_REAL_CATALOGUES": str(real)}, checkout)
    assert variables["SUBS_CATALOGUES"] == str(checkout / "subs_assets_tests" / "catalogues" / "au")
    assert variables["SUBS_HOME"] == str(checkout / "data" / "warehouse-au")
    assert variables["SUBS_REAL_CATALOGUES"] == str(real)


def test_real_catalogues_are_found_beside_the_checkout(checkout: Path) -> None:
    beside = checkout.parent / "shared" / "catalogues"
    (beside / "at").mkdir(parents=True)
    assert dev.variables_for_graph("at", {}, checkout)["SUBS_REAL_CATALOGUES"] == str(beside)
    with pytest.raises(dev.Problem, match="'au' are no part of this repository.*set SUBS_REAL_CATALOGUES"):
        dev.variables_for_graph("au", {}, checkout)


def test_two_folders_of_one_name_have_two_homes(checkout: Path, tmp_path: Path) -> None:
    homes = set()
    for parent in ("here", "there"):
        folder = tmp_path / parent / "au"
        folder.mkdir(parents=True)
        homes.add(dev.variables_for_graph(str(folder), {}, checkout)["SUBS_HOME"])
    assert len(homes) == 2
    assert all(Path(home).name.startswith("warehouse-au-") for home in homes)


def test_an_unknown_name_is_said(checkout: Path) -> None:
    with pytest.raises(dev.Problem, match="no folder of catalogues at .*nowhere"):
        dev.variables_for_graph("nowhere", {}, checkout)


def test_what_the_user_has_set_wins_and_the_option_wins_over_that(checkout: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    given = {
        "SUBS_CATALOGUES": str(own),
        "SUBS_HOME": str(tmp_path / "home"),
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "SUBS_TIMEZONE": "Europe/Vienna",
        "PYTHONUTF8": "0",
    }
    assert dev.variables_for_graph(None, given, checkout) == {**given, "DAGSTER_DISABLE_TELEMETRY": "yes"}
    chosen = dev.variables_for_graph("sample", given, checkout)
    assert chosen["SUBS_CATALOGUES"] == str(checkout / "data" / "catalogues")
    assert chosen["SUBS_HOME"] == given["SUBS_HOME"]


def test_own_catalogues_stay_out_of_the_home_of_the_sample(checkout: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    variables = dev.variables_for_graph(None, {"SUBS_CATALOGUES": os.pathsep.join(map(str, folders))}, checkout)
    assert Path(variables["SUBS_HOME"]).name.startswith("warehouse-one-")


def test_tests_never_see_the_databases_of_the_user(checkout: Path, real: Path) -> None:
    given = {
        "SUBS_DATABASE_URL": "sqlite:///precious.db",
        "SUBS_HOME": "precious",
        "DAGSTER_HOME": "precious",
        "SUBS_REAL_CATALOGUES": str(real),
        "SUBS_TEST_SERVER": "made for tests",
        "CI": "true",
    }
    kept = {"SUBS_REAL_CATALOGUES": str(real), "SUBS_TEST_SERVER": "made for tests", "CI": "true"}
    common = {"PYTHONUTF8": "1", "DAGSTER_DISABLE_TELEMETRY": "yes", "OMP_NUM_THREADS": "1"}
    assert dev.variables_for_tests(given, checkout) == kept | common
    assert dev.variables_for_benchmarks(given, checkout).items() < (kept | common).items()


def test_a_new_dagster_home_gets_its_settings_and_another_is_left_alone(checkout: Path, tmp_path: Path) -> None:
    variables = dev.variables_for_graph(None, {}, checkout)
    settings = Path(variables["DAGSTER_HOME"]) / "dagster.yaml"
    dev.prepare_dagster_home(variables, checkout)
    assert settings.read_bytes() == (ROOT / "subs_assets" / "dagster.yaml").read_bytes()
    settings.write_text("# mine\n", encoding="utf-8")
    dev.prepare_dagster_home(variables, checkout)
    assert settings.read_text(encoding="utf-8") == "# mine\n"
    theirs = tmp_path / "theirs"
    (theirs / "history").mkdir(parents=True)
    dev.prepare_dagster_home({**variables, "DAGSTER_HOME": str(theirs)}, checkout)
    assert not (theirs / "dagster.yaml").exists()


def test_the_example_of_dagsters_settings_is_what_a_new_home_gets() -> None:
    example, shipped = ROOT / "dagster.yaml.example", ROOT / "subs_assets" / "dagster.yaml"
    assert example.read_text(encoding="utf-8") == shipped.read_text(encoding="utf-8")


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that dev.py would have started, without the interpreter."""
    commands: list[list[str]] = []
    monkeypatch.setattr(dev, "set_up", lambda *_: Path("python"))
    monkeypatch.setattr(dev, "call", lambda command, *_, **__: commands.append(command[2:]) or 0)
    return commands


def test_test_ends_with_pytest_in_two_processes_and_gives_it_the_rest(called: list[list[str]]) -> None:
    assert dev.main(["test", "-x", "-m", "not real_catalogues", "-k", "size", "some/folder"]) == 0
    assert [command[0] for command in called] == ["ruff", "ruff", "mypy", "pytest"]
    assert called[2][1:] == ["-n", "2"]
    assert called[-1][1:] == ["-n", "2", "-x", "-m", "not real_catalogues", "-k", "size", "some/folder"]


def test_what_follows_bench_is_for_the_benchmarks(called: list[list[str]]) -> None:
    assert dev.main(["bench", "encoding", "--full", "--help"]) == 0
    assert called == [["benchmarks", "encoding", "--full", "--help"]]


def test_test_stops_at_the_first_failure(called: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "call", lambda command, *_, **__: called.append(command[2:]) or len(called) + 5)
    assert dev.main(["test"]) == 6
    assert len(called) == 1


def test_run_refuses_what_it_does_not_know(called: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dev.main(["run", "--catalogue", "au"])
    assert "unknown: --catalogue au" in capsys.readouterr().err
    assert called == []


def test_a_problem_is_a_sentence_and_not_a_traceback(
    called: list[list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["run", "--catalogues", "no such folder"]) == 2
    assert capfd.readouterr().err.startswith("dev.py: there is no folder of catalogues at ")


def test_call_returns_the_exit_code_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # those of the test run itself stay as they are
    assert dev.call([sys.executable, "-c", "raise SystemExit(3)"], os.environ) == 3


if os.name == "posix":  # Windows has no SIGTERM to send, and its Ctrl-C cannot be sent to one group of programs

    @pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
    def test_a_program_is_given_the_time_to_close(tmp_path: Path, signal_name: str) -> None:
        """Ctrl-C and SIGTERM, also where Ctrl-C was ignored by the shell that started dev.py in the background."""
        (tmp_path / "program.py").write_text(
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # as Dagster does\n"
            "try:\n    print('ready', flush=True)\n    time.sleep(30)\n"
            "except KeyboardInterrupt:\n    time.sleep(0.3)\n    print('closed', flush=True)\n    sys.exit(7)\n",
            encoding="utf-8",
        )
        caller = (
            "import importlib.util, os, signal, sys\n"
            "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            f"specification = importlib.util.spec_from_file_location('dev', {str(ROOT / 'dev.py')!r})\n"
            "dev = importlib.util.module_from_spec(specification)\n"
            "specification.loader.exec_module(dev)\n"
            f"sys.exit(dev.call([sys.executable, {str(tmp_path / 'program.py')!r}], os.environ))\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", caller], stdout=subprocess.PIPE, encoding="utf-8", start_new_session=True
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        if signal_name == "SIGINT":
            os.killpg(process.pid, signal.SIGINT)  # a terminal's Ctrl-C reaches every program in its foreground
        else:
            process.terminate()
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 7
        assert "closed" in output
