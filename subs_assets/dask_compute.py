"""Pure functions on the workers of a Dask scheduler, with the results that the threads of this process would give; what
they compute is theirs."""

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

from subs_assets.compute import Result, Shared, Task
from subs_assets.shared_object import is_visible, laid_out, opened

if TYPE_CHECKING:
    from distributed import Client, Future

logger = logging.getLogger(__name__)

ANSWER = 10.0
"""Seconds that a scheduler has to answer."""

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
        """Raise ComputeUnavailable where ``map`` would, within ``ANSWER`` and ``PATIENCE`` seconds."""
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
        except (OSError, TimeoutError, ValueError) as error:
            raise ComputeUnavailable(
                f"no Dask scheduler answers at {self.address} ({error}): start one there with `dask scheduler`, or set "
                "SUBS_COMPUTE to local"
            ) from None
        with client:  # which ends with what was submitted: a scheduler forgets the tasks of a client that leaves
            yield client

    @contextmanager
    def _laid_out(self, client: "Client", shared: Any) -> Iterator[str]:
        """Where the workers find ``shared``; all that are there now were asked whether they do."""
        _wait_for_worker(client, self.address)
        with laid_out(shared, self.shared) as place:
            workers = client.run(inspected, place, on_error="return")
            for worker, found in sorted(workers.items()):
                if problem := unfit(worker, found, own_versions(), place):
                    raise ComputeUnavailable(problem)
            yield place


def _connected(address: str) -> "Client":
    """Raises OSError, TimeoutError or ValueError."""
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


def _wait_for_worker(client: "Client", address: str) -> None:
    deadline = None
    while not _threads(client, address):
        if deadline is None:
            logger.warning("The Dask scheduler at %s has no worker; waiting %.0f s for one.", address, PATIENCE)
            deadline = time.monotonic() + PATIENCE
        if time.monotonic() > deadline:
            raise ComputeUnavailable(_no_worker(address))
        time.sleep(0.2)


def _threads(client: "Client", address: str) -> int:
    """Of all workers that are there now."""
    try:
        return sum(client.sync(client.scheduler.ncores, callback_timeout=ANSWER).values())
    except (OSError, TimeoutError) as error:
        raise _lost(address, error) from None


def _no_worker(address: str) -> str:
    return (
        f"the Dask scheduler at {address} has had no worker for {PATIENCE:.0f} s: start some with "
        f"`dask worker {address} --memory-limit 0`, in the environment that this run has"
    )


@cache
def own_versions() -> dict[str, str]:
    """What has to be the same in two processes for them to give the same results."""
    package = Path(__file__).parent
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
        return (
            f"the Dask worker {worker} cannot run subs_assets ({type(found).__name__}: {found}): start it in an "
            "environment that has what this run has"
        )
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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _results(
    client: "Client", address: str, function: Callable[[Any, Any], Result], place: str, tasks: Sequence[Any]
) -> Iterator[Result]:
    name = f"{function.__name__}-{uuid.uuid4().hex[:8]}"  # of this call: results of another are never taken for its own
    running: deque[Future] = deque()
    begun, size = 0, 1
    submitted, room, until = 0, 0, 0
    while begun < len(tasks) or running:
        if begun < len(tasks) and submitted >= until:  # workers come and go
            room = AHEAD * max(1, _threads(client, address))
            until = submitted + room
        while begun < len(tasks) and len(running) < room:
            bundle = tasks[begun : begun + size]
            key = f"{name}-{begun}"
            running.append(client.submit(run_bundle, function, place, own_versions(), bundle, key=key, pure=False))
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

    Raises ComputeUnavailable on a worker that joined after the others were asked, and is of other versions.
    """
    problem = unfit("that joined last", (own_versions(), True), versions, place)
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

            # For as long as this process lives, since it does nothing else: as the threads of ``compute.Threads``.
            threadpool_limits(1, "blas")
            _open.clear()
            _open[place] = opened(place)
        return _open[place]


def _taken(client: "Client", address: str, future: "Future") -> Any:
    """The result, or what the task raised; while it takes long, somebody has to be there who works on it."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    had_worker = True
    while True:
        try:
            return future.result(timeout=PATIENCE)
        except TimeoutError:
            if future.status == "error":  # of the task's own
                raise
        except FutureCancelledError as error:
            raise _lost(address, error) from None
        except KilledWorker as error:
            raise ComputeUnavailable(
                f"{error.allowed_failures + 1} Dask workers died over the same tasks, the last was "
                f"{error.last_worker.address}: its log says why. If that is memory: mapped files count as a worker's "
                "own, so start it with --memory-limit 0"
            ) from None
        has_worker = _threads(client, address) > 0
        if not has_worker and not had_worker:
            raise ComputeUnavailable(_no_worker(address))
        had_worker = has_worker


def _lost(address: str, error: Exception) -> ComputeUnavailable:
    return ComputeUnavailable(
        f"the Dask scheduler at {address} was lost in the middle ({error}): start it again, and then the run; what was "
        "encoded is kept"
    )
