"""The sensor that sees reset requests: the decision as a pure function, and on a real control database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, build_sensor_context
from sqlalchemy import Engine

from subs_assets.archive import reset
from subs_assets.archive.places import open_place
from subs_assets.archive.reset import ResetRequest
from subs_assets.automation.sensors import archive_runs, reset_requests_sensor
from subs_assets.database import control
from subs_assets.settings import Settings, sqlite_url

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def request(request_id: str, state: str = "requested", at: datetime = NOON) -> ResetRequest:
    return ResetRequest(request_id, state, "ann", at, None, None, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "requests, launched",
    [
        ([], []),
        ([request("a1")], ["a1"]),
        ([request("a1"), request("b2", "archived"), request("c3", "wiped"), request("d4")], ["a1", "d4"]),
        ([request("a1", state) for state in ("archived", "wiped", "refused", "expired")], []),
    ],
)
def test_archive_runs(requests: list[ResetRequest], launched: list[str]) -> None:
    runs = archive_runs(requests)
    assert [run.tags["subs/reset_request"] for run in runs] == launched
    assert [run.run_config["ops"]["archive_for_reset"]["config"]["request_id"] for run in runs] == launched


def test_a_run_key_is_one_requests_own() -> None:
    """A key is remembered for ever: the same one means "launched already"."""
    again = archive_runs([request("a1")])[0].run_key
    assert archive_runs([request("a1")])[0].run_key == again
    assert archive_runs([request("a2")])[0].run_key != again
    assert archive_runs([request("a1", at=NOON + timedelta(microseconds=1))])[0].run_key != again


@pytest.fixture
def control_state(tmp_path: Path) -> Iterator[Engine]:
    engine = control.open_control(sqlite_url(tmp_path / "control.db"))
    yield engine
    engine.dispose()


def test_the_sensor_on_a_real_control_database(control_state: Engine, tmp_path: Path) -> None:
    sensor = reset_requests_sensor(sqlite_url(tmp_path / "control.db"))

    def tick() -> tuple[list[str | None], str | None]:
        with DagsterInstance.ephemeral() as instance, build_sensor_context(instance=instance) as context:
            data = sensor.evaluate_tick(context)
        return [run.run_key for run in data.run_requests or []], data.skip_message

    assert tick() == ([], "no reset request waits for its archive")
    first = reset.request(control_state, "ann")
    (key,), message = tick()
    assert key is not None and key.startswith(first) and message is None
    assert tick() == ([key], None)  # until it is archived; Dagster drops a key that it has seen
    second = reset.request(control_state, "ben")
    assert [key.split()[0] for key in tick()[0] if key] == [first, second]


def test_the_sensor_makes_the_control_state_where_there_is_none(tmp_path: Path) -> None:
    with DagsterInstance.ephemeral() as instance, build_sensor_context(instance=instance) as context:
        data = reset_requests_sensor(sqlite_url(tmp_path / "new" / "control.db")).evaluate_tick(context)
    assert data.run_requests == [] and data.skip_message


def test_an_archived_request_is_not_launched_again(settings: Settings) -> None:
    engine = control.open_control(settings.control_url)
    request_id = reset.request(engine, "ann")
    databases = {"warehouse": settings.database_url, "control": settings.control_url}
    reset.archive_request(engine, request_id, databases, open_place(settings.archives, settings.scratch))
    assert archive_runs(reset.pending(engine)) == []
    engine.dispose()
