"""Pure functions on the workers of a Dask scheduler, with the results that the threads of this process would give; what
they compute is theirs."""

import asyncio
import hashlib
import logging
import platform
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from subs_assets.compute.local import Result, Shared, Task
from subs_assets.compute.shared_object import is_visible, laid_out, opened

if TYPE_CHECKING:
    from distributed import Client, Future

logger = logging.getLogger(__name__)

ANSWER = 10.0
"""Seconds that a scheduler has to answer, and a worker where another one does."""

PATIENCE = 60.0
"""Seconds without a worker, or without a result and a look at the workers. Also what the results of one bundle may take
to get here."""

BUNDLE = 1.0
"""Seconds of work that one Dask task is meant to hold. A task costs the scheduler about a millisecond, and many of ours
take no longer than that."""

AHEAD = 3
"""Bundles a thread that are submitted before the oldest is taken: so many a scheduler remembers, and no more."""

DECISIVE = ("numpy", "scipy", "onnxruntime", "tokenizers")
"""Packages whose version may decide a digit of a result."""

INSTALL = 'python -m pip install -c constraints.txt ".[dask]" in a checkout, else pip install "subs_assets[dask]"'


class ComputeUnavailable(RuntimeError):
    """The scheduler or its workers cannot be used; the message says which, and what to do.

    Raised without a cause, whose text is in the message: `subs run` shows the innermost one.
    """


@dataclass(frozen=True)
class Dask:
    """The workers of the scheduler at ``address`` (``host:port``).

    What all tasks share lies in ``shared``, a folder or a URL that all workers see under the same name. The tasks of a
    worker that dies are given to others; those that were on four workers when they died are not (Dask's
    ``scheduler.allowed-failures`` and one), and fail the run.
    """

    address: str
    shared: str

    def map(
        self, function: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]
    ) -> Iterator[Result]:
        """As ``Compute.map``. Raises ComputeUnavailable too."""
        if not tasks:
            return
        with self._client() as client, self._laid_out(client, shared) as place:
            yield from _results(client, self.address, function, place, tasks)

    def check(self) -> None:
        """Raise ComputeUnavailable where ``map`` would, within some times ``ANSWER`` and ``PATIENCE`` seconds."""
        with self._client() as client, self._laid_out(client, None):
            pass

    @contextmanager
    def _client(self) -> "Iterator[Client]":
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise ComputeUnavailable(
                f"SUBS_COMPUTE is dask://{self.address}, and Dask is not installed ({error}): {INSTALL}"
            ) from None
        try:
            client = _connected(self.address)
        except Exception as error:  # a scheduler of another version may answer with anything
            raise ComputeUnavailable(
                f"no Dask scheduler answers at {self.address} ({_told(error)}): start one there with `dask scheduler`, "
                "in the environment that this run has, or set SUBS_COMPUTE to local"
            ) from None
        with client:  # which ends with what was submitted: a scheduler forgets the tasks of a client that leaves
            yield client

    @contextmanager
    def _laid_out(self, client: "Client", shared: Any) -> Iterator[str]:
        """Where the workers find ``shared``; those that are there now were asked whether they do."""
        _require_fit_scheduler(client, self.address)
        with laid_out(shared, self.shared) as place:
            _require_fit_workers(client, self.address, place)
            yield place


def _connected(address: str) -> "Client":
    """Raises whatever Dask does, and TimeoutError."""
    from distributed import Client

    found: Queue[Client | Exception] = Queue()

    def connect() -> None:
        try:
            # Without a scheme, so that Dask's own settings decide between tcp and tls.
            found.put(Client(address, timeout=ANSWER, set_as_default=False, name="subs_assets"))
        except Exception as error:
            found.put(error)

    # Its own limit does not hold for somebody who takes the connection and says nothing, such as a paused machine.
    Thread(target=connect, name="connecting to Dask", daemon=True).start()
    try:
        client = found.get(timeout=2 * ANSWER)
    except Empty:
        raise TimeoutError(f"connected, but silent for {2 * ANSWER:.0f} s") from None
    if isinstance(client, Exception):
        raise client
    return client


def _require_fit_scheduler(client: "Client", address: str) -> None:
    """It reads what it passes on to the workers."""

    async def ask() -> None:
        await asyncio.wait_for(client.run_on_scheduler(own_versions), PATIENCE)

    try:
        client.sync(ask)
    except (OSError, TimeoutError) as error:
        raise _lost(address, error) from None
    except Exception as error:
        raise ComputeUnavailable(_cannot_run(f"scheduler at {address}", error)) from None


def _require_fit_workers(client: "Client", address: str, place: str) -> None:
    """Wait for a worker that answers; raise ComputeUnavailable where none comes, or one of those that do is unfit.

    Who says nothing is not waited for: he may be paused, and is asked again with his first bundle.
    """
    deadline = time.monotonic() + PATIENCE
    warned = False
    while True:
        workers = _workers(client, address)
        answers = _answers(client, address, list(workers), place)
        for worker, found in sorted(answers.items()):
            if problem := unfit(worker, found, own_versions(), place):
                raise ComputeUnavailable(problem)
        silent = ", ".join(sorted(workers.keys() - answers.keys()))
        if answers:
            if silent:
                logger.warning("Of the Dask workers at %s, these have not answered: %s.", address, silent)
            return
        if time.monotonic() > deadline:
            raise ComputeUnavailable(_all_silent(address, silent) if silent else _no_worker(address))
        if not warned:
            logger.warning(
                "The Dask scheduler at %s has no worker that answers; waiting up to %.0f s for one.", address, PATIENCE
            )
            warned = True
        time.sleep(0.2)


def _answers(
    client: "Client", address: str, workers: Sequence[str], place: str
) -> dict[str, tuple[dict[str, str], bool] | BaseException]:
    """What ``inspected`` gives on each worker, or raises there; without those that are silent or have gone."""
    from distributed.comm import CommClosedError

    async def ask(worker: str) -> dict[str, Any]:
        try:
            asked = client.run(inspected, place, workers=[worker], on_error="return")
            answer: dict[str, Any] = await asyncio.wait_for(asked, ANSWER)
        except (OSError, TimeoutError):  # of the scheduler too, which is told when the workers are asked for
            return {}
        return answer

    async def ask_all() -> list[dict[str, Any]]:
        return await asyncio.gather(*map(ask, workers))

    found = {worker: answer for one in client.sync(ask_all) for worker, answer in one.items()}
    there = _workers(client, address)
    return {
        worker: answer
        for worker, answer in found.items()
        if worker in there and not isinstance(answer, CommClosedError)
    }


def _workers(client: "Client", address: str) -> dict[str, int]:
    """The threads of each worker that is there now."""
    try:
        found: dict[str, int] = client.sync(client.scheduler.ncores, callback_timeout=ANSWER)
    except (OSError, TimeoutError, AttributeError) as error:  # the last: of a client that gave up
        raise _lost(address, error) from None
    return found


def _no_worker(address: str) -> str:
    return (
        f"the Dask scheduler at {address} has had no worker for {PATIENCE:.0f} s: start some with "
        f"`dask worker {address} --memory-limit 0`, in the environment that this run has"
    )


def _all_silent(address: str, workers: str) -> str:
    return (
        f"no worker of the Dask scheduler at {address} has answered for {PATIENCE:.0f} s ({workers}): look at their "
        "logs, and start them again"
    )


@cache
def own_versions() -> dict[str, str]:
    """What has to be the same in two processes for them to give the same results."""
    package = Path(__file__).parents[1]
    code = hashlib.blake2b(digest_size=8)
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            code.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    return {
        "subs_assets": f"{_version('subs_assets')} ({code.hexdigest()})",
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "system": platform.system(),
        **{package: _version(package) for package in DECISIVE},
    }


def inspected(place: str) -> tuple[dict[str, str], bool]:
    """The versions of the process that this runs in, and whether it sees what is laid out at ``place``."""
    return own_versions(), is_visible(place)


def unfit(
    worker: str, found: tuple[Mapping[str, str], bool] | BaseException, here: Mapping[str, str], place: str
) -> str | None:
    """Why a worker must not compute for a process with the versions ``here``, as a sentence; None where it may.

    ``found``: what ``inspected`` gave there, or raised.
    """
    if isinstance(found, BaseException):
        return _cannot_run(f"worker {worker}", found)
    versions, sees_shared = found
    others = [
        f"{name} {versions.get(name)} instead of {own}" for name, own in here.items() if versions.get(name) != own
    ]
    if others:
        return f"the Dask worker {worker} has {', '.join(others)}: install there what this run has, and start it again"
    if not sees_shared:
        return (
            f"the Dask worker {worker} does not see {place}: let SUBS_HOME lie on a file system that all machines have "
            "under one name, or name another such folder or a URL as in SUBS_COMPUTE=dask://host:port?shared=s3://bucket/folder"
        )
    return None


def _cannot_run(who: str, error: BaseException) -> str:
    return (
        f"the Dask {who} cannot run subs_assets ({_told(error)}): start it in an environment that has what this run has"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _results(
    client: "Client", address: str, function: Callable[[Any, Any], Result], place: str, tasks: Sequence[Any]
) -> Iterator[Result]:
    from distributed.client import ClosedClientError

    name = f"{function.__name__}-{uuid.uuid4().hex[:8]}"  # of this call: results of another are never taken for its own
    running: deque[Future] = deque()
    begun, size = 0, 1
    submitted, room, until = 0, 0, 0
    while begun < len(tasks) or running:
        if begun < len(tasks) and submitted >= until:  # workers come and go
            room = AHEAD * max(1, sum(_workers(client, address).values()))
            until = submitted + room
        while begun < len(tasks) and len(running) < room:
            bundle = tasks[begun : begun + size]
            key = f"{name}-{begun}"
            try:
                future = client.submit(run_bundle, function, place, own_versions(), bundle, key=key, pure=False)
            except ClosedClientError as error:
                raise _lost(address, error) from None
            running.append(future)
            begun += len(bundle)
            submitted += 1
        results, seconds = _taken(client, address, running[0])
        running.popleft()
        size = next_size(size, len(results), seconds)
        yield from results


def next_size(size: int, tasks: int, seconds: float) -> int:
    """How many tasks the next bundle gets after one of ``tasks`` took ``seconds``: about ``BUNDLE`` seconds of work,
    but at most twice as many as now, since a few tasks say little of the next."""
    return max(1, min(2 * size, int(BUNDLE * tasks / max(seconds, 1e-6))))


def run_bundle(
    function: Callable[[Any, Any], Result], place: str, versions: Mapping[str, str], tasks: Sequence[Any]
) -> tuple[list[Result], float]:
    """On a worker: ``function(shared, task)`` of each task, and the seconds that they took.

    Raises ComputeUnavailable on a worker that joined after the others were asked, and is unfit.
    """
    found = own_versions(), place in _open or is_visible(place)
    problem = unfit(f"on {platform.node()} that joined last", found, versions, place)
    if problem:
        raise ComputeUnavailable(problem)
    shared = _opened_once(place)
    start = time.perf_counter()
    results = [function(shared, task) for task in tasks]
    return results, time.perf_counter() - start


_opening = Lock()
_open: dict[str, Any] = {}
"""Of a worker's process: what is laid out at the place that was asked for last."""


def _opened_once(place: str) -> Any:
    with _opening:
        if place not in _open:
            from threadpoolctl import threadpool_limits

            # For as long as this process lives, since it does nothing else: as the threads of ``local.Threads``.
            threadpool_limits(1, "blas")
            _open.clear()
            _open[place] = opened(place)
        return _open[place]


def _taken(client: "Client", address: str, future: "Future") -> Any:
    """The result, or what the task raised; while it takes long, somebody has to be there who works on it."""
    from distributed import KilledWorker

    had_worker = True
    while True:
        try:
            return future.result(timeout=PATIENCE)
        except KilledWorker as error:
            raise ComputeUnavailable(
                f"{error.allowed_failures + 1} Dask workers died over the same tasks, the last was "
                f"{error.last_worker.address}: its log says why. If that is memory: mapped files count as a worker's "
                "own, so start it with --memory-limit 0"
            ) from None
        except ImportError as error:
            raise ComputeUnavailable(_cannot_run("worker that joined last", error)) from None
        except TimeoutError:
            if future.status == "error" and isinstance(future.exception(), TimeoutError):  # of the task's own
                raise
        except Exception as error:
            if future.status == "error":
                raise
            raise _lost(address, error) from None
        has_worker = bool(_workers(client, address))
        if not has_worker and not had_worker:
            raise ComputeUnavailable(_no_worker(address))
        had_worker = has_worker


def _lost(address: str, error: Exception) -> ComputeUnavailable:
    return ComputeUnavailable(
        f"the Dask scheduler at {address} was lost in the middle ({_told(error)}): start it again, and then the run; "
        "what was encoded is kept"
    )


def _told(error: BaseException) -> str:
    """On one line; some say nothing but what they are."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
