"""Tasks on real worker processes: the results of this process, and what becomes of them when somebody dies."""

import re
import shutil
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from subs_assets.compute import dask as dask_compute
from subs_assets.compute.dask import ComputeUnavailable, Dask, next_size, own_versions, run_bundle, unfit
from subs_assets.compute.local import LOCAL
from subs_assets.compute.shared_object import FOLDER
from subs_assets.reason import reason_of
from subs_assets_tests import dask_tasks
from subs_assets_tests.dask_cluster import ROOT, Cluster, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three worker processes, for tests that leave them alive."""
    with running_cluster(3) as running:
        yield running


@pytest.fixture
def dask(cluster: Cluster, tmp_path: Path) -> Dask:
    return Dask(cluster.address, str(tmp_path))


@pytest.fixture
def one_task_a_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_compute, "BUNDLE", 0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_compute, "ANSWER", 2.0)
    monkeypatch.setattr(dask_compute, "PATIENCE", 1.0)


@contextmanager
def refused(sentence: str) -> Iterator[None]:
    """ComputeUnavailable with that sentence, which is what `subs run` shows: the innermost cause."""
    with pytest.raises(ComputeUnavailable) as caught:
        yield
    error = serializable_error_info_from_exc_info((caught.type, caught.value, caught.tb))
    assert re.match(f"subs_assets.*ComputeUnavailable: .*{sentence}", reason_of(error))


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_the_results_of_this_process_in_the_order_of_the_tasks(dask: Dask) -> None:
    matrix = np.random.default_rng(0).random((400, 1000))
    rows = list(range(399, -1, -1))
    assert list(dask.map(dask_tasks.row_sum, matrix, rows)) == list(LOCAL.map(dask_tasks.row_sum, matrix, rows))


def test_all_three_workers_have_their_share(dask: Dask, cluster: Cluster, tmp_path: Path) -> None:
    assert list(dask.map(dask_tasks.slowly, tmp_path, range(60))) == list(range(60))
    share = Counter(process for _, process in dask_tasks.marks(tmp_path))
    assert share.keys() == {worker.pid for worker in cluster.workers}
    assert share.total() == 60


def test_nothing_to_do_needs_nobody(tmp_path: Path) -> None:
    assert list(Dask(f"127.0.0.1:{closed_port()}", str(tmp_path)).map(dask_tasks.leave_mark, tmp_path, [])) == []


def test_what_is_shared_is_mapped_by_the_workers_and_gone_afterwards(dask: Dask, tmp_path: Path) -> None:
    assert list(dask.map(dask_tasks.kind_of, np.zeros(1_000_000), [0])) == ["memmap"]
    assert list((tmp_path / FOLDER).iterdir()) == []


@pytest.mark.usefixtures("one_task_a_bundle")
def test_a_killed_worker_costs_only_its_own_tasks(tmp_path: Path) -> None:
    with running_cluster(3) as cluster:
        found = list(Dask(cluster.address, str(tmp_path)).map(dask_tasks.kill_the_first_process, tmp_path, range(40)))
        killed = {worker.pid for worker in cluster.workers if worker.poll() is not None}
    assert found == list(range(40))
    marks = dask_tasks.marks(tmp_path)
    assert len(killed) == 1
    assert 5 in {task for task, process in marks if process in killed}
    by_others = Counter(task for task, process in marks if process not in killed)
    assert set(by_others.values()) == {1}


def test_a_task_that_raises_ends_it_with_what_it_raised(dask: Dask, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^the sixth task is not liked$"):
        list(dask.map(dask_tasks.refuse_the_sixth, tmp_path, range(10_000)))
    assert len(dask_tasks.marks(tmp_path)) < 100
    assert list(dask.map(dask_tasks.row_sum, np.ones((1, 3)), [0])) == [3.0]


@pytest.mark.usefixtures("one_task_a_bundle")
def test_no_more_than_a_few_tasks_are_submitted_ahead(dask: Dask, tmp_path: Path) -> None:
    results = dask.map(dask_tasks.slowly, tmp_path, range(10_000))
    assert next(results) == 0
    # Done after all that was submitted before.
    assert list(dask.map(dask_tasks.row_sum, np.ones((1, 3)), [0])) == [3.0]
    assert len(dask_tasks.marks(tmp_path)) <= 3 * dask_compute.AHEAD + 1
    results.close()


@pytest.mark.usefixtures("one_task_a_bundle")
def test_who_stops_taking_results_stops_the_tasks(dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_compute, "AHEAD", 1000)
    results = dask.map(dask_tasks.slowly, tmp_path, range(10_000))
    assert next(results) == 0
    results.close()
    assert list(dask.map(dask_tasks.row_sum, np.ones((1, 3)), [0])) == [3.0]
    assert len(dask_tasks.marks(tmp_path)) < 10_000


def test_a_scheduler_that_is_not_there(impatient: None, tmp_path: Path) -> None:
    address = f"127.0.0.1:{closed_port()}"
    with refused(f"no Dask scheduler answers at {address} .* `dask scheduler`"):
        Dask(address, str(tmp_path)).check()


def test_somebody_who_takes_the_connection_and_says_nothing(impatient: None, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ComputeUnavailable, match=f"no Dask scheduler answers at {address}"):
            Dask(address, str(tmp_path)).check()


def test_a_scheduler_without_a_worker(impatient: None, tmp_path: Path) -> None:
    with running_cluster(0) as cluster, pytest.raises(ComputeUnavailable, match=f"`dask worker {cluster.address} "):
        Dask(cluster.address, str(tmp_path)).check()


@pytest.mark.usefixtures("one_task_a_bundle")
def test_a_scheduler_that_dies_in_the_middle(impatient: None, tmp_path: Path) -> None:
    with running_cluster(1) as cluster:
        results = Dask(cluster.address, str(tmp_path)).map(dask_tasks.slowly, tmp_path, range(1000))
        assert next(results) == 0
        cluster.scheduler.kill()
        with refused(f"scheduler at {cluster.address} was lost in the middle .* start it again"):
            list(results)


def test_all_workers_die(impatient: None, tmp_path: Path) -> None:
    with running_cluster(2) as cluster, pytest.raises(ComputeUnavailable, match="has had no worker"):
        list(Dask(cluster.address, str(tmp_path)).map(dask_tasks.kill_every_process, tmp_path, range(10)))


def test_a_worker_that_is_stopped_is_not_waited_for(impatient: None, tmp_path: Path) -> None:
    with running_cluster(2, {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s"}) as cluster:
        psutil.Process(cluster.workers[0].pid).suspend()
        dask = Dask(cluster.address, str(tmp_path))
        dask.check()
        assert list(dask.map(dask_tasks.slowly, tmp_path, range(10))) == list(range(10))
        assert {process for _, process in dask_tasks.marks(tmp_path)} == {cluster.workers[1].pid}


def test_a_worker_that_is_killed_while_it_is_asked_is_none(tmp_path: Path) -> None:
    with running_cluster(2) as cluster:
        stopped = psutil.Process(cluster.workers[0].pid)
        stopped.suspend()
        killing = threading.Timer(1, stopped.kill)
        killing.start()
        Dask(cluster.address, str(tmp_path)).check()
        killing.join()


def test_workers_that_are_all_stopped(impatient: None, tmp_path: Path) -> None:
    with running_cluster(1) as cluster:
        psutil.Process(cluster.workers[0].pid).suspend()
        with refused(f"no worker of the Dask scheduler at {cluster.address} has answered for 1 s .*start them again"):
            Dask(cluster.address, str(tmp_path)).check()


def test_tasks_that_kill_their_workers_are_not_tried_for_ever(tmp_path: Path) -> None:
    with running_cluster(3, {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}) as cluster:
        with pytest.raises(ComputeUnavailable, match="2 Dask workers died over the same tasks.* --memory-limit 0"):
            list(Dask(cluster.address, str(tmp_path)).map(dask_tasks.kill_every_process, tmp_path, [1]))
        assert [worker.poll() is None for worker in cluster.workers].count(True) == 1


def test_a_worker_with_other_code_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "subs_assets", tmp_path / "other" / "subs_assets", ignore=shutil.ignore_patterns("*.pyc"))
    (tmp_path / "other" / "subs_assets" / "catalogue" / "gtin.py").write_text("", encoding="utf-8")
    with running_cluster(0) as cluster:
        cluster.add_workers(1, {"PYTHONPATH": str(tmp_path / "other")})
        with pytest.raises(
            ComputeUnavailable, match=r"has subs_assets \S+ \(\w+\) instead of \S+ \(\w+\): install there"
        ):
            Dask(cluster.address, str(tmp_path)).check()


def test_a_worker_that_joins_later_with_other_code_computes_nothing() -> None:
    with pytest.raises(ComputeUnavailable, match="has numpy .* instead of 1.0"):
        run_bundle(dask_tasks.leave_mark, "nowhere", {**own_versions(), "numpy": "1.0"}, [1])


def test_who_has_no_subs_assets_is_refused(impatient: None, tmp_path: Path) -> None:
    package = tmp_path / "bare" / "subs_assets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'subs_assets'\")", encoding="utf-8"
    )
    bare = {"PYTHONPATH": str(package.parent)}
    with running_cluster(0, bare) as cluster:
        cluster.add_workers(1)
        with refused(f"the Dask scheduler at {cluster.address} cannot run subs_assets .*: start it in an environment"):
            Dask(cluster.address, str(tmp_path)).check()
    with running_cluster(0) as cluster:
        cluster.add_workers(1, bare)
        with refused(r"the Dask worker \S+ cannot run subs_assets .*: start it in an environment"):
            Dask(cluster.address, str(tmp_path)).check()


def test_a_worker_that_joins_later_and_cannot_import_something(dask: Dask) -> None:
    with refused(r"worker that joined last cannot run subs_assets \(ModuleNotFoundError: .*: start it in"):
        list(dask.map(dask_tasks.import_what_is_missing, None, [0]))


def test_a_worker_that_joins_later_and_does_not_see_what_is_shared(tmp_path: Path) -> None:
    with refused(r"joined last does not see .*\?shared=s3"):
        run_bundle(dask_tasks.leave_mark, str(tmp_path / "compute" / "gone"), own_versions(), [1])


def test_workers_that_do_not_see_what_is_shared_are_refused(cluster: Cluster) -> None:
    with pytest.raises(ComputeUnavailable, match=r"does not see memory://shop/compute/.*\?shared=s3"):
        Dask(cluster.address, "memory://shop").check()


def test_which_worker_is_refused() -> None:
    here = {"subs_assets": "1", "numpy": "2"}
    assert unfit("w", (here, True), here, "/shared") is None
    assert unfit("w", ({"subs_assets": "1"}, True), here, "/shared") == (
        "the Dask worker w has numpy None instead of 2: install there what this run has, and start it again"
    )
    sentence = unfit("w", ModuleNotFoundError("No module named 'subs_assets'"), here, "/shared")
    assert sentence and sentence.startswith("the Dask worker w cannot run subs_assets (ModuleNotFoundError: No module")


def test_without_dask_the_command_that_brings_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ComputeUnavailable, match=r'dask://host:1, and Dask is not installed .* "subs_assets\[dask\]"'):
        Dask("host:1", str(tmp_path)).check()


@pytest.mark.parametrize(
    "size, tasks, seconds, expected",
    [
        (1, 1, 5.0, 1),  # a task that takes long stays alone
        (1, 1, 0.001, 2),
        (64, 64, 0.1, 128),
        (64, 64, 0.8, 80),
        (64, 3, 3.0, 1),
        (8, 8, 0.0, 16),
    ],
)
def test_a_bundle_is_a_second_of_work(size: int, tasks: int, seconds: float, expected: int) -> None:
    assert next_size(size, tasks, seconds) == expected
