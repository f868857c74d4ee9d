"""Where pure functions are run on many tasks, and how many threads that takes; what they compute is theirs."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

AHEAD = 8
"""Tasks a thread that may be begun before the oldest result is taken: their results are all that memory holds."""


class Compute(Protocol):
    """Where pure functions are run on many tasks."""

    def map(
        self, function: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]
    ) -> Iterator[Result]:
        """``function(shared, task)`` of each task, in the order of the tasks.

        They are begun in that order too: put the largest first, and none is left over for one worker at the end. Few
        results are in memory at once. ``function`` belongs to a module and depends on nothing but its two arguments;
        what it raises is raised here, and no further task is begun.
        """
        ...


@dataclass(frozen=True)
class Threads:
    """Threads of this process; BLAS uses one for each, since two that share the cores are slower than one.

    So does everything else in this process from the first result that is taken to the last: BLAS knows one number for
    all threads. ``count``: how many; None: as many as ``threads`` says.
    """

    count: int | None = None

    def map(
        self, function: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]
    ) -> Iterator[Result]:
        from threadpoolctl import threadpool_limits

        count = self.count or threads()
        running: deque[Future[Result]] = deque()
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(count, "compute") as pool:
            try:
                for task in tasks:
                    if len(running) == count * AHEAD:
                        yield running.popleft().result()
                    running.append(pool.submit(function, shared, task))
                while running:
                    yield running.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)


LOCAL = Threads()
"""This process, with all the cores that it may use."""


def threads(environment: Mapping[str, str] = os.environ) -> int:
    """``OMP_NUM_THREADS`` where it is a number, because torch and BLAS obey it too; else the cores that this process
    may use."""
    wanted = environment.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
