"""The Python that runs this: its version, its environment, its text encoding, and how many cores it may use."""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import metadata

from subs_assets.doctor.finding import Finding, error, ok, warning

PROGRAM = "subs_assets"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def look() -> Iterator[Finding]:
    """Python itself, and what it may use of the machine."""
    from subs_assets.compute.local import threads

    yield version_finding(platform.python_version(), metadata(PROGRAM)["Requires-Python"])
    yield environment_finding(sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ, sys.executable)
    yield width_finding(sys.maxsize)
    yield encoding_finding(sys.getfilesystemencoding())
    yield threads_finding(os.cpu_count() or 1, threads(), {name: os.environ.get(name, "") for name in THREAD_VARIABLES})


def version_finding(version: str, wanted: str) -> Finding:
    """Whether a Python of this version will do; ``wanted`` as in pyproject.toml."""
    from packaging.specifiers import SpecifierSet

    if SpecifierSet(wanted).contains(version, prereleases=True):
        return ok(f"Python {version}, on {platform.system()} {platform.machine()}")
    return error(
        f"this is Python {version}, and subs_assets needs {wanted}",
        "make the environment anew with another Python (docs/set-up.md#which-python)",
    )


def environment_finding(is_of_its_own: bool, executable: str) -> Finding:
    """Whether other programs' packages may change under this one."""
    if is_of_its_own:
        return ok(f"an environment of its own ({executable})")
    return warning(
        f"{executable} is the system's own Python: other programs' packages may change under this one",
        "make a virtual environment: `python -m venv .venv`, or `python dev.py run` (docs/set-up.md)",
    )


def width_finding(largest: int) -> Finding:
    """Of ``sys.maxsize``: some packages have no 32 bit build."""
    if largest > 2**32:
        return ok("64 bit")
    return error("this Python is a 32 bit program, which torch and onnxruntime do not have", "install a 64 bit Python")


def encoding_finding(file_names: str) -> Finding:
    """Whether names of files may hold any letter."""
    if file_names.replace("-", "").lower() == "utf8":
        return ok("file names are UTF-8")
    return warning(
        f"names of files are {file_names} to this Python, so one with an accent may not be found",
        "set PYTHONUTF8 to 1",
    )


def threads_finding(cores: int, used: int, variables: dict[str, str]) -> Finding:
    """Whether all cores are used; ``variables``: those that limit threads, empty where not set."""
    if used >= cores:
        return ok(f"{used} threads on {cores} cores")
    limits = [f"{name} is {value}" for name, value in variables.items() if value]
    if limits:
        return warning(
            f"{used} threads on {cores} cores, for {' and '.join(limits)}: a night takes longer", "unset that"
        )
    return ok(f"{used} threads; the machine has {cores} cores, of which this process may not use all")
