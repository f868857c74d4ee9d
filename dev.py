#!/usr/bin/env python3
"""Sets the project up and starts it, with Python's standard library alone; what it then does lives in subs_assets/.

    python3 dev.py run     the whole graph, on the sample catalogues or on others (--catalogues)
    python3 dev.py test    format, lint, types, tests; what follows `test` goes to pytest
    python3 dev.py web     Dagster's web UI with schedules and sensors
    python3 dev.py bench   what takes how long, beside what it could be; what follows says what to measure (--help)

On Windows say `py dev.py ...`. The first call makes .venv here; later calls find it ready.
"""

from __future__ import annotations  # so that a Python too old for the project can still read this file and say so

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST, NEWEST = (3, 11), (3, 14)  # as in pyproject.toml, which says why
UNFINISHED = "unfinished"
REAL_DATA_SETS = ("au", "at")
TEST_VARIABLES = ("SUBS_REAL_CATALOGUES", "SUBS_TEST_")
TEST_PROCESSES = 2  # as many cores as most machines for CI have


class Problem(Exception):
    """Something that the person at the keyboard has to mend; its text is the sentence that says how."""


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    say(f"{title} ...")
    start = time.monotonic()
    yield
    say(f"{title}: {time.monotonic() - start:.1f} s")


# --- set-up -----------------------------------------------------------------------------------------------------------


def python_problem(version: tuple[int, int], has_ensurepip: bool) -> str | None:
    """What is wrong with this Python, and what to do about it; None when it will do."""
    found = "Python {}.{}".format(*version)
    if not OLDEST <= version <= NEWEST:
        wanted = "{}.{} to {}.{}".format(*OLDEST, *NEWEST)
        return f"this is {found} ({sys.executable}), and subs_assets needs {wanted}: start dev.py with one of these"
    if not has_ensurepip:
        package = "python{}.{}-venv".format(*version)
        return (
            f"{found} came without what makes virtual environments (the module ensurepip); "
            f"on Debian and Ubuntu: sudo apt install {package}"
        )
    return None


def interpreter(environment: Path, os_name: str = os.name) -> Path:
    return environment / "Scripts" / "python.exe" if os_name == "nt" else environment / "bin" / "python"


def set_up_stamp(root: Path, version: tuple[int, int]) -> str:
    """A hash of all that a set-up depends on; the folder too, since an editable install points at it."""
    digest = hashlib.sha256(f"{root}\n{version}\n".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def pinned(package: str, constraints: str) -> str:
    """The line ``package==version`` of the constraints; KeyError where there is none."""
    for line in constraints.splitlines():
        if line.partition("==")[0] == package:
            return line.strip()
    raise KeyError(package)


def must_start_afresh(environment: Path, recorded: str, version: tuple[int, int]) -> bool:
    """Whether an environment cannot be built upon: cut off half-way, without its interpreter, or of another Python."""
    configuration = environment / "pyvenv.cfg"
    if recorded == UNFINISHED or not interpreter(environment).exists() or not configuration.exists():
        return True
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", configuration.read_text(encoding="utf-8"), re.MULTILINE)
    return found is None or (int(found[1]), int(found[2])) != version


def set_up(root: Path, torch_index: str | None) -> Path:
    """Make or bring up to date ``.venv`` where that is needed, and return its interpreter."""
    version = (sys.version_info[0], sys.version_info[1])
    environment = root / ".venv"
    stamp_file = environment / "set-up.txt"
    stamp = set_up_stamp(root, version)
    recorded = stamp_file.read_text(encoding="utf-8") if stamp_file.exists() else ""
    python = interpreter(environment)
    if recorded == stamp and python.exists():
        if torch_index:
            say("--torch-index is for the set-up, which is done already; delete .venv to choose another torch")
        return python

    problem = python_problem(version, importlib.util.find_spec("ensurepip") is not None)
    if problem:
        raise Problem(problem)
    torch = pinned("torch", (root / "constraints.txt").read_text(encoding="utf-8"))
    if must_start_afresh(environment, recorded, version):
        say("setting up .venv: once, a few minutes and some gigabytes of disk")
        with step("[1/3] making .venv"):
            if environment.exists():
                shutil.rmtree(environment)
            environment.mkdir()
            stamp_file.write_text(UNFINISHED, encoding="utf-8")
            # Not sys.executable itself: that may be the interpreter of the very .venv that was just removed.
            base = getattr(sys, "_base_executable", None) or sys.executable
            run_logged([base, "-m", "venv", str(environment)], environment / "set-up.log")
    else:
        say("[1/3] bringing the .venv that is here up to date")
        stamp_file.write_text(UNFINISHED, encoding="utf-8")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    with step(f"[2/3] installing {torch}"):
        # First and alone: left to the resolver, or mixed with a second index, torch arrives with gigabytes of CUDA.
        index = ["--index-url", torch_index] if torch_index else []
        run_logged([*pip, "--no-deps", *index, torch], environment / "set-up.log")
    with step("[3/3] installing the rest"):
        run_logged([*pip, "-e", ".[dev]", "-c", "constraints.txt"], environment / "set-up.log")
    stamp_file.write_text(stamp, encoding="utf-8")
    return python


def run_logged(command: Sequence[str], log: Path) -> None:
    """Run a step of the set-up; its output goes to the log, its large downloads and last words on failure here too."""
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for raw in process.stdout or ():
            lines.append(raw.decode(errors="replace").rstrip())
            large = re.search(r"(?:Downloading|Using cached) (?:\S*/)?(\S+) \((\d\d+(?:\.\d+)? MB|.* GB)\)", lines[-1])
            if large:
                say(f"      {large[1]} ({large[2]})")
            elif lines[-1].startswith("Installing collected packages"):
                say(f"      unpacking {lines[-1].count(',') + 1} packages")
    with log.open("a", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))
    if process.returncode != 0:
        last = "\n".join(lines[-15:])
        raise Problem(f"the set-up failed; the end of {log}:\n\n{last}\n\nmend that and call dev.py again")


# --- where the data is ------------------------------------------------------------------------------------------------


def real_catalogues(given: Mapping[str, str], root: Path) -> Path | None:
    """The folder that holds ``au`` and ``at``: the one named, else ``shared/catalogues`` beside the checkout."""
    if given.get("SUBS_REAL_CATALOGUES"):
        return Path(given["SUBS_REAL_CATALOGUES"]).absolute()
    beside = root.parent / "shared" / "catalogues"
    return beside if beside.is_dir() else None


def home_name(folders: str, root: Path) -> str:
    """The folder under ``data/`` for what these catalogues give: one home per data set, they must never meet."""
    paths = [Path(folder).resolve() for folder in folders.split(os.pathsep) if folder]
    if not paths:
        raise Problem(f"SUBS_CATALOGUES is {folders!r}: it names no folder")
    if paths == [(root / "data" / "catalogues").resolve()]:
        return "warehouse"
    for name in REAL_DATA_SETS:
        if paths == [(root / "subs_assets_tests" / "catalogues" / name).resolve()]:
            return f"warehouse-{name}"
    # Two folders may share a name, so a few digits of their full paths keep their homes apart.
    return f"warehouse-{paths[0].name}-{hashlib.sha256(repr(paths).encode()).hexdigest()[:6]}"


def variables_for_graph(catalogues: str | None, given: Mapping[str, str], root: Path) -> dict[str, str]:
    """The environment for a run or the web UI: what the user has set stays; only ``--catalogues`` outranks it."""
    variables = common_variables(given, root)
    if catalogues in REAL_DATA_SETS:
        real = variables.get("SUBS_REAL_CATALOGUES")
        if real is None or not (Path(real) / catalogues).is_dir():
            raise Problem(
                f"the real catalogues {catalogues!r} are no part of this repository, and not at "
                f"{real or root.parent / 'shared' / 'catalogues'}: set SUBS_REAL_CATALOGUES to their folder"
            )
        variables["SUBS_CATALOGUES"] = str(root / "subs_assets_tests" / "catalogues" / catalogues)
    elif catalogues not in (None, "sample"):
        variables["SUBS_CATALOGUES"] = str(Path(catalogues).absolute())
    elif catalogues == "sample" or not variables.get("SUBS_CATALOGUES"):
        variables["SUBS_CATALOGUES"] = str(root / "data" / "catalogues")
    for folder in variables["SUBS_CATALOGUES"].split(os.pathsep):
        if folder and not Path(folder).is_dir():
            raise Problem(f"there is no folder of catalogues at {folder} (--catalogues: sample, au, at, or a folder)")
    default = root / "data" / home_name(variables["SUBS_CATALOGUES"], root)
    home = Path(variables.get("SUBS_HOME") or default).absolute()
    variables["SUBS_HOME"] = str(home)
    variables["DAGSTER_HOME"] = variables.get("DAGSTER_HOME") or str(home / "dagster")
    return variables


def variables_for_tests(given: Mapping[str, str], root: Path) -> dict[str, str]:
    """The environment for the tests: without the user's own places, since tests write, and some of them wipe."""
    # The processes of the tests share the cores: threads within each would only be in the others' way.
    return {"OMP_NUM_THREADS": "1", **variables_for_benchmarks(given, root)}


def variables_for_benchmarks(given: Mapping[str, str], root: Path) -> dict[str, str]:
    """The environment for the benchmarks, which write too: without the user's own places, with all cores."""
    return {
        name: value
        for name, value in common_variables(given, root).items()
        if name != "DAGSTER_HOME" and (not name.startswith("SUBS_") or name.startswith(TEST_VARIABLES))
    }


def common_variables(given: Mapping[str, str], root: Path) -> dict[str, str]:
    """UTF-8 everywhere, no telemetry, and the real catalogues where they are at hand."""
    variables = {"PYTHONUTF8": "1", "DAGSTER_DISABLE_TELEMETRY": "yes", **given}
    real = real_catalogues(given, root)
    return variables | {"SUBS_REAL_CATALOGUES": str(real)} if real else variables


def prepare_dagster_home(variables: Mapping[str, str], root: Path) -> None:
    """Make DAGSTER_HOME, as `subs run` does: a new one gets the project's settings, another is left alone."""
    folder = Path(variables["DAGSTER_HOME"])
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        shutil.copyfile(root / "subs_assets" / "dagster.yaml", folder / "dagster.yaml")


# --- commands ---------------------------------------------------------------------------------------------------------


def run(python: Path, catalogues: str | None) -> int:
    variables = variables_for_graph(catalogues, os.environ, ROOT)
    say(f"catalogues: {variables['SUBS_CATALOGUES']}\nhome:       {variables['SUBS_HOME']}")
    return call([str(python), "-m", "subs_assets.cli", "run"], variables)


def test(python: Path, pytest_arguments: Sequence[str]) -> int:
    variables = variables_for_tests(os.environ, ROOT)
    processes = ["-n", str(TEST_PROCESSES)]
    checks = (["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy", *processes])
    for number, arguments in enumerate(checks, start=1):
        with step(f"[{number}/4] {' '.join(arguments)}"):
            code = call([str(python), "-m", *arguments], variables, folder=ROOT)
        if code != 0:
            say(f"[{number}/4] failed; the steps after it were not run")
            return code
    tests = ["pytest", *processes, *pytest_arguments]
    say(f"[4/4] {' '.join(tests)} ...")  # last, so that its summary closes the output
    return call([str(python), "-m", *tests], variables, folder=ROOT)


def bench(python: Path, arguments: Sequence[str]) -> int:
    return call([str(python), "-m", "benchmarks", *arguments], variables_for_benchmarks(os.environ, ROOT), folder=ROOT)


def web(python: Path, catalogues: str | None, port: int) -> int:
    variables = variables_for_graph(catalogues, os.environ, ROOT)
    prepare_dagster_home(variables, ROOT)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Problem(f"port {port} is in use already: stop what listens there, or choose another with --port")
    say(f"catalogues: {variables['SUBS_CATALOGUES']}\nhome:       {variables['SUBS_HOME']}")
    say(f"Dagster starts at http://127.0.0.1:{port} (schedules and sensors: under Automation); Ctrl-C ends it")
    workspace = str(ROOT / "workspace.yaml")
    command = [str(python), "-m", "subs_assets.webserver", "dev", "-w", workspace, "-h", "127.0.0.1", "-p", str(port)]
    return call(command, variables)


def call(command: Sequence[str], variables: Mapping[str, str], folder: Path | None = None) -> int:
    """Run a program to its end and return its exit code; Ctrl-C reaches it too, and it is given the time to close."""
    # A shell starts background programs with Ctrl-C ignored, that is inherited, and Dagster treats SIGTERM as it treats
    # Ctrl-C: without this line only kill -9 would end a `dev.py web &`.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, env=dict(variables), cwd=folder) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                code = process.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:
                say("stopping ...")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    torch = argparse.ArgumentParser(add_help=False)
    torch.add_argument(
        "--torch-index", metavar="URL", help="package index for torch alone, such as PyTorch's CPU index"
    )
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--catalogues", metavar="NAME", help="sample (default), au, at, or a folder of catalogues")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", parents=[torch, data], help="materialise the whole graph", allow_abbrev=False)
    commands.add_parser("test", parents=[torch], help="format, lint, types, tests", allow_abbrev=False)
    served = commands.add_parser("web", parents=[torch, data], help="start Dagster's web UI", allow_abbrev=False)
    served.add_argument("--port", type=int, default=3000)
    measured = "what takes how long; --help for what can be asked"
    commands.add_parser("bench", parents=[torch], help=measured, add_help=False, allow_abbrev=False)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command not in ("test", "bench"):
        parser.error(f"unknown: {' '.join(rest)}")
    try:
        python = set_up(ROOT, options.torch_index)
        if options.command == "run":
            return run(python, options.catalogues)
        if options.command == "test":
            return test(python, rest)
        if options.command == "bench":
            return bench(python, rest)
        return web(python, options.catalogues, options.port)
    except (Problem, OSError) as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dev.py: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
