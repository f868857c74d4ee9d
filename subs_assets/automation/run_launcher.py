"""Dagster's launcher of runs, which also tells its daemon that a run's process has died; named in dagster.yaml."""

import json
import platform

import psutil
from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.events import DagsterEventType
from dagster._core.instance import DagsterInstance
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

HOST_TAG = "subs/host"
"""On which machine a run is that no code server has started."""

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

CLOCK_SECONDS = 60
"""By so much the clock may have been set since a process began; after that it is another one of the same number."""


class WatchingRunLauncher(DefaultRunLauncher):
    """Launches as Dagster does, and looks at each run's process when run monitoring asks.

    Dagster's own does not: the code server that started a run notices its end, but after a power cut, or where ``subs
    run`` was killed, the run would stand as "started" until its longest time is over, and hold its place in the queue.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        began = process_of(self._instance, run) if is_here(run) else None
        if began is None or is_alive(*began):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED,
            f"its process {began[0]} on {platform.node()} ended without a word: it was killed, by a person or for want "
            "of memory, or the machine went down. What is published is the night before or this one, whole; "
            "re-execute it from failure, or start a new run",
        )


def is_here(run: DagsterRun) -> bool:
    """Whether the run's process is known to be on this machine; a number of another machine's says nothing."""
    if GRPC_INFO_TAG in run.tags:
        server = json.loads(run.tags[GRPC_INFO_TAG])
        return "socket" in server or server.get("host") in (*LOCAL_HOSTS, platform.node())
    return run.tags.get(HOST_TAG) == platform.node()


def process_of(instance: DagsterInstance, run: DagsterRun) -> tuple[int, float] | None:
    """Number of the run's process, and a time (seconds since 1970) at which it was at work; None before it has said."""
    for entry in reversed(instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT)):
        said = entry.dagster_event.engine_event_data.metadata.get("pid") if entry.dagster_event else None
        if said is not None:
            return int(str(said.value)), entry.timestamp
    return None


def is_alive(number: int, at_work: float) -> bool:
    """Whether the process that had the number at that time still goes on."""
    try:
        process = psutil.Process(number)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= at_work + CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
