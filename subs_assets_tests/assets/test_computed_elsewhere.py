"""The whole graph with a Dask scheduler: the same rows, and a failure before anything is read when it is away."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from subs_assets import dask_compute
from subs_assets.settings import Settings
from subs_assets_tests.dask_cluster import running_cluster
from subs_assets_tests.shops_and_runs import reason_of, rows_in, run_graph, settings_of


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


def test_without_its_scheduler_a_run_fails_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_compute, "ANSWER", 1.0)
    result = run_graph(replace(settings, scheduler="127.0.0.1:9"))
    assert not result.success
    assert "no Dask scheduler answers at 127.0.0.1:9" in reason_of(result)
    assert not [event for event in result.all_events if event.is_step_success]
