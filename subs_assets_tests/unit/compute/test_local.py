"""Tasks in threads: in order, few at once, nothing begun after an error or once nobody takes results."""

import threading
from contextlib import closing

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from subs_assets.compute import local
from subs_assets.compute.local import LOCAL, Threads, threads


def plus(shared: int, task: int) -> int:
    return shared + task


@pytest.mark.parametrize("count", [None, 1, 2, 5])
def test_results_come_in_the_order_of_the_tasks(count: int | None) -> None:
    tasks = list(range(100))
    assert list(Threads(count).map(plus, 1000, tasks)) == [1000 + task for task in tasks]
    assert list(Threads(count).map(plus, 1000, [])) == []


def test_the_threads_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)
    assert len(list(Threads(2).map(lambda shared, _: shared.wait(), both, [0, 1]))) == 2


def test_few_results_wait_to_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "AHEAD", 3)
    begun: list[int] = []
    for taken, result in enumerate(Threads(2).map(noted, begun, range(50))):
        assert result == taken
        assert len(begun) <= taken + 2 * 3
    assert sorted(begun) == list(range(50))


def noted(begun: list[int], task: int) -> int:
    begun.append(task)
    return task


def test_nothing_is_begun_once_nobody_takes_results() -> None:
    begun: list[int] = []
    with closing(Threads(2).map(noted, begun, range(1000))) as results:
        next(results)
    assert len(begun) <= 2 * local.AHEAD
    assert not any(thread.name.startswith("compute") for thread in threading.enumerate())


def test_an_error_is_raised_where_its_result_would_be_and_ends_the_rest() -> None:
    begun: list[int] = []
    results = Threads(2).map(failing, begun, range(1000))
    assert [next(results) for _ in range(5)] == list(range(5))
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(begun) <= 5 + 2 * local.AHEAD


def failing(begun: list[int], task: int) -> int:
    begun.append(task)
    return task if task < 5 else task // 0


def test_blas_has_one_thread_a_task_and_its_own_again_afterwards() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))  # loads BLAS
    before = blas_threads()
    assert set(Threads(2).map(lambda *_: max(blas_threads()), None, range(4))) == {1}
    assert blas_threads() == before


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_local_obeys_what_the_environment_says_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    together = threading.Barrier(3, timeout=30)
    assert len(list(LOCAL.map(lambda shared, _: shared.wait(), together, range(3)))) == 3


@pytest.mark.parametrize("wanted, expected", [({"OMP_NUM_THREADS": "3"}, 3), ({"OMP_NUM_THREADS": "1"}, 1)])
def test_threads_asked_for(wanted: dict[str, str], expected: int) -> None:
    assert threads(wanted) == expected


@pytest.mark.parametrize("nothing", [{}, {"OMP_NUM_THREADS": ""}, {"OMP_NUM_THREADS": "0"}, {"OMP_NUM_THREADS": "4,2"}])
def test_threads_of_the_machine(nothing: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(7)), raising=False)
    assert threads(nothing) == 7
    monkeypatch.delattr("os.sched_getaffinity")  # as on Windows and macOS
    monkeypatch.setattr("os.cpu_count", lambda: 9)
    assert threads(nothing) == 9
