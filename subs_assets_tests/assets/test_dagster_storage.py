"""Dagster's own storage on PostgreSQL, as the example configures it: what one process notes, the next one finds."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dagster import DagsterEventType, DagsterInstance, job, op
from sqlalchemy import make_url

from subs_assets_tests import plain_sql

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "dagster-postgres.yaml.example"


@op
def say_hello() -> None:
    pass


@job
def greeting() -> None:
    say_hello()


@pytest.fixture
def open_instance(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], DagsterInstance]:
    """An instance as a process opens it in a DAGSTER_HOME that holds the example."""
    shutil.copy(EXAMPLE, tmp_path / "dagster.yaml")
    url = make_url(postgres_url)
    for name, value in {
        "HOST": url.host, "PORT": url.port, "USERNAME": url.username, "PASSWORD": "no matter", "DB": url.database,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"DAGSTER_PG_{name}", str(value))

    def open_it() -> DagsterInstance:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return DagsterInstance.from_config(str(tmp_path))

    return open_it


def test_runs_events_and_cursors_are_found_again(
    open_instance: Callable[[], DagsterInstance], postgres_url: str, tmp_path: Path
) -> None:
    with open_instance() as instance:
        run_id = greeting.execute_in_process(instance=instance).run_id
        instance.daemon_cursor_storage.set_cursor_values({"reset_requests": "seen until noon"})
    with open_instance() as instance:
        (run,) = instance.get_runs()
        assert (run.run_id, run.job_name, run.is_success) == (run_id, "greeting", True)
        events = [one.dagster_event.event_type for one in instance.all_logs(run_id) if one.dagster_event]
        assert events.count(DagsterEventType.STEP_SUCCESS) == 1
        assert instance.daemon_cursor_storage.get_cursor_values({"reset_requests"}) == {
            "reset_requests": "seen until noon"
        }
        assert instance.run_monitoring_enabled
    assert {"runs", "event_logs", "kvs", "instigators"} <= set(plain_sql.table_names(postgres_url))
    assert not list(tmp_path.rglob("*.db"))


def test_it_differs_from_the_usual_settings_in_its_storage_alone() -> None:
    settings = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert settings.pop("storage")
    assert settings == yaml.safe_load((REPOSITORY / "dagster.yaml.example").read_text(encoding="utf-8"))
