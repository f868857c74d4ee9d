"""Which benchmarks there are, how each is run, and how what they measured is kept."""

import importlib
import json
import multiprocessing
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, Size

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Benchmark:
    """A module of this package; how many seconds it takes on two quiet cores, None where it is left out."""

    name: str
    usual: int | None
    full: int

    def seconds(self, size: Size) -> int | None:
        return {Size.TINY: 5, Size.USUAL: self.usual, Size.FULL: self.full}[size]


BENCHMARKS = (
    Benchmark("start_up", 25, 60),
    Benchmark("encoding", 40, 420),
    Benchmark("first_system", 110, 120),
    Benchmark("soft_evidence", 30, 120),
    Benchmark("level_five", 40, 60),
    Benchmark("whole_graph", 200, 900),
    Benchmark("nights", 120, 400),
    Benchmark("archive", 120, 120),
    Benchmark("publication", None, 60),
    Benchmark("lookups", 60, 300),
    Benchmark("serving", None, 420),
    Benchmark("scale", None, 180),
    Benchmark("exclusive_lock", None, 400),
    Benchmark("name_similarity", None, 60),
)


@dataclass(frozen=True)
class Outcome:
    """What a benchmark came to; ``rows`` are empty where ``problem`` says why."""

    name: str
    seconds: float
    rows: list[Row]
    problem: str | None = None


def in_a_process(name: str, size: Size) -> Outcome:
    """In a new process, so that no benchmark finds what another has loaded, and one that dies ends only itself."""
    started = time.monotonic()
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            return process.submit(measured, name, size).result()
    except Exception as error:
        return Outcome(name, time.monotonic() - started, [], f"{type(error).__name__}: {error}")


def measured(name: str, size: Size) -> Outcome:
    import pytest

    started = time.monotonic()
    try:
        rows = importlib.import_module(f"benchmarks.{name}").rows(size)
    except pytest.skip.Exception as reason:  # of the tests' helpers, where PostgreSQL is missing
        return Outcome(name, time.monotonic() - started, [], str(reason))
    return Outcome(name, time.monotonic() - started, rows)


def write(
    folder: Path, names: Sequence[str], size: Size, about: Mapping[str, Any], outcomes: Sequence[Outcome]
) -> Path:
    """``<date>-<commit>[-dirty][-full][-<names>].json``: of a run that is repeated, the last."""
    commit, is_dirty = _commit()
    parts = [f"{datetime.now(UTC):%Y-%m-%d}", commit, *(["dirty"] if is_dirty else [])]
    parts += [*([] if size is Size.USUAL else [size.value]), *names]
    found = {
        "commit": commit,
        "dirty": is_dirty,
        "size": size.value,
        "machine": about,
        "seconds": {outcome.name: round(outcome.seconds, 1) for outcome in outcomes},
        "problems": {outcome.name: outcome.problem for outcome in outcomes if outcome.problem},
        "rows": [asdict(row) | {"ratio": row.ratio, "met": row.met} for o in outcomes for row in o.rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{'-'.join(parts)}.json"
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return file


def _commit() -> tuple[str, bool]:
    """The short hash of what is checked out, and whether files differ from it; "unknown" outside of a repository."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(RESULTS.parent), *arguments]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD"), bool(git("status", "--porcelain", "--", ":/", ":!results"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", False
