"""Real Dask schedulers and workers for tests: processes of this machine, as their commands start them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

ROOT = Path(__file__).resolve().parents[1]

START = 60
"""Seconds that a program has to say that it has started; it takes about one."""


@dataclass(frozen=True)
class Program:
    """A process and the lines that it says; None is the last."""

    process: "subprocess.Popen[str]"
    said: "Queue[str | None]"

    def wait_for(self, sign: str) -> "re.Match[str]":
        lines = []
        while (line := self.said.get(timeout=START)) is not None:
            lines.append(line)
            if found := re.search(sign, line):
                return found
        raise AssertionError("".join(["it ended before it had started:\n", *lines]))


LOOPBACK = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
"""Whoever reaches a scheduler, a worker or their dashboards, reaches this machine."""


class Cluster:
    """A scheduler, and the workers that were started for it: each has one thread, and nobody starts it again."""

    def __init__(self, ending: ExitStack, variables: Mapping[str, str] | None = None) -> None:
        self._ending = ending
        self.workers: list[subprocess.Popen[str]] = []
        here = (*LOOPBACK, "--port", "0")
        started = self._start("scheduler", *here, variables=variables)
        self.scheduler = started.process
        self.address = started.wait_for(r"Scheduler at:\s+tcp://(\S+)")[1]

    def add_workers(self, count: int, variables: Mapping[str, str] | None = None) -> None:
        alone = (*LOOPBACK, "--no-nanny", "--nthreads", "1", "--memory-limit", "0")
        started = [self._start("worker", self.address, *alone, variables=variables) for _ in range(count)]
        for worker in started:
            worker.wait_for(r"Registered to:\s+tcp://")
            self.workers.append(worker.process)

    def _start(self, *command: str, variables: Mapping[str, str] | None = None) -> Program:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **(variables or {})}
        # -P: what PYTHONPATH names is imported, and not what the working folder holds.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dask", *command], stderr=subprocess.PIPE, text=True, encoding="utf-8",
            env=environment,
        )  # fmt: skip
        self._ending.enter_context(process)
        self._ending.callback(process.kill)
        said: Queue[str | None] = Queue()
        Thread(target=_read, args=(process, said), daemon=True).start()
        return Program(process, said)


def _read(process: "subprocess.Popen[str]", said: "Queue[str | None]") -> None:
    """To the end, so that the process never waits for somebody to read what it says."""
    assert process.stderr is not None
    for line in process.stderr:
        said.put(line)
    said.put(None)


@contextmanager
def running_cluster(workers: int, variables: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """``variables``: of the scheduler's environment."""
    pytest.importorskip("distributed", reason='Dask is missing: pip install -c constraints.txt -e ".[dev]"')
    with ExitStack() as ending:
        cluster = Cluster(ending, variables)
        cluster.add_workers(workers)
        yield cluster
