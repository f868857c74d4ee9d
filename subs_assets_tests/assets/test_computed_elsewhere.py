"""The whole graph with a Dask scheduler: the same rows, and a failure before anything is read when it is away."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from subs_assets.compute import dask as dask_compute
from subs_assets.compute.dask import Dask
from subs_assets.compute.local import LOCAL
from subs_assets.settings import Settings
from subs_assets_tests.dask_cluster import running_cluster
from subs_assets_tests.shops_and_runs import rows_in, run_graph, settings_of


def test_workers_publish_what_this_process_does(published_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(published_folder / "catalogues", tmp_path / "catalogues")
    settings = settings_of(tmp_path)
    with running_cluster(2) as cluster:
        result = run_graph(replace(settings, scheduler=cluster.address))
    assert result.success
    expected = rows_in(settings_of(published_folder).database_url)
    found = rows_in(settings.database_url)
    assert {name for name in expected if found[name] != expected[name]} == set()
    assert len(expected["substitutions"]) > 0


PROGRESS = {"loggers": {"progress": {}}}
"""As `subs run` logs."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_compute, "ANSWER", 1.0)
    monkeypatch.setattr(dask_compute, "PATIENCE", 1.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "has_dask, sentence, remedy",
    [
        (True, "no Dask scheduler answers at 127.0.0.1:9", "start one there with `dask scheduler`"),
        (False, "SUBS_COMPUTE is dask://127.0.0.1:9, and Dask is not installed", 'pip install "subs_assets[dask]"'),
    ],
)
def test_without_its_scheduler_a_run_fails_at_once(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    has_dask: bool,
    sentence: str,
    remedy: str,
) -> None:
    if not has_dask:
        monkeypatch.setitem(sys.modules, "distributed", None)
    result = run_graph(replace(settings, scheduler="127.0.0.1:9"), run_config=PROGRESS)
    assert not result.success
    assert not [event for event in result.all_events if event.is_step_success]
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("run failed: ")]
    assert sentence in line and remedy in line


@pytest.mark.usefixtures("impatient")
def test_a_run_that_loses_its_scheduler_says_so(
    published_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(published_folder / "catalogues", tmp_path / "catalogues")
    with running_cluster(1) as cluster:
        submitted = dask_compute._taken

        def lost(*arguments: Any) -> Any:
            cluster.scheduler.kill()
            return submitted(*arguments)

        monkeypatch.setattr(dask_compute, "_taken", lost)
        result = run_graph(replace(settings_of(tmp_path), scheduler=cluster.address), run_config=PROGRESS)
    assert not result.success
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "FAILED: " in line]
    assert f"the Dask scheduler at {cluster.address} was lost in the middle" in line and "start it again" in line


def test_a_run_asks_the_workers_once_before_it_begins(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Dask] = []
    monkeypatch.setattr(Dask, "check", lambda dask: asked.append(dask))
    monkeypatch.setattr(Dask, "map", lambda _, *work: LOCAL.map(*work))
    assert run_graph(replace(settings, scheduler="nowhere:1")).success
    assert run_graph(replace(settings, scheduler="nowhere:1")).success
    assert asked == [Dask("nowhere:1", settings.shared)] * 2
