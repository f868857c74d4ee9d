"""What a figure depends on beside the program: versions, cores, load, and how fast matrices are multiplied here."""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = (
    "numpy", "scipy", "pandas", "onnxruntime", "torch", "sentence-transformers", "dagster", "sqlalchemy",
)  # fmt: skip
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_NUM_THREADS")
"""They change the rate of matrix products; those that are set are told."""

SIDE = 1_536
"""Of the square matrices of ``sgemm``; larger ones are no faster."""

QUIET = 0.9
"""Share of the cores' time that a matrix product gets on a machine which does nothing else."""


@dataclass(frozen=True)
class Sgemm:
    """Operations a second of numpy's float32 matrix product, and the share that it got of the cores it asked for."""

    rate: float
    share: float


def facts() -> dict[str, Any]:
    """Versions, cores and load."""
    from subs_assets.compute.local import threads

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{library: installed(library) for library in LIBRARIES},
        "sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
        "threads": threads(),
        "load": load(),
        **{name: os.environ[name] for name in VARIABLES if name in os.environ},
    }


def installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def load() -> float | None:
    """Processes that wanted a core in the last minute; None where the system does not say (Windows)."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def heading(found: Mapping[str, Any]) -> str:
    """The facts in a few lines."""
    return ", ".join(f"{name} {value}" for name, value in found.items() if value is not None)


def sgemm() -> Sgemm:
    """With as many threads as BLAS takes by itself; the median of five."""
    import numpy as np
    from threadpoolctl import threadpool_info

    left = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    left @ left
    threads = max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)
    rates, shares = [], []
    for _ in range(5):
        cpu, started = time.process_time(), time.perf_counter()
        left @ left
        seconds = time.perf_counter() - started
        rates.append(2 * SIDE**3 / seconds)
        shares.append((time.process_time() - cpu) / (seconds * threads))
    return Sgemm(statistics.median(rates), statistics.median(shares))


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def run_child(
    command: Sequence[str], output: Path | None = None, variables: Mapping[str, str] | None = None
) -> tuple[float, float | None]:
    """Run a program to its end, what it prints into a file: its seconds, and its peak memory in MiB where the system
    tells (not on Windows). ``variables`` replace the environment. Raises RuntimeError, with the program's last words.

    Linux counts as a child's memory what its parent had when it was started: measure before anything large is loaded.
    """
    with (output or Path(os.devnull)).open("wb") as stream, tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=stream, stderr=said, env=variables)
        memory = None
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            memory = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        else:
            child.wait()
        seconds = time.perf_counter() - started
        if child.returncode != 0:
            said.seek(0)
            last = said.read().decode(errors="replace").strip()[-1_000:]
            raise RuntimeError(f"{' '.join(command)[:200]} ended with {child.returncode}: {last}")
    return seconds, memory


def options_of(description: str | None, **integers: int) -> argparse.Namespace:
    """The options of a benchmark that is run alone: whole numbers, and ``--json FILE``; tells about the machine."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in integers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(heading(facts()))
    return options


def write_json(file: Path | None, results: Mapping[str, Any]) -> None:
    if file is not None:
        file.write_text(json.dumps({"machine": facts(), **results}, indent=1), encoding="utf-8")
