"""The sensor that tells the webhook of runs that went wrong: real runs in a Dagster home on disk, a real server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from dagster import (
    AssetSelection,
    DagsterInstance,
    JobDefinition,
    build_sensor_context,
    define_asset_job,
    in_process_executor,
    job,
    op,
)
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._utils.error import serializable_error_info_from_exc_info

from subs_assets.automation import webhook
from subs_assets.automation.failure_sensor import failure_webhook_sensor
from subs_assets.automation.webhook import WEBHOOK, WebhookFailed
from subs_assets.resources import default_resources
from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import LAUNCHED_BY_DAGSTER, small_definitions
from subs_assets_tests.webhook_server import SECRET, WebhookServer

NO_TELEMETRY = {"telemetry": {"enabled": False}}


@op
def fill_the_disk() -> None:
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        raise RuntimeError("the matrices cannot be written") from error


@job(executor_def=in_process_executor)
def breaks() -> None:
    fill_the_disk()


@op
def do_nothing() -> None:
    pass


@job(executor_def=in_process_executor)
def works() -> None:
    do_nothing()


def run(instance: DagsterInstance, definition: JobDefinition, origin: Any = LAUNCHED_BY_DAGSTER) -> str:
    launched = instance.create_run_for_job(definition, remote_job_origin=origin)
    execute_run(InMemoryJob(definition), launched, instance)
    return launched.run_id


class Ticks:
    """The sensor as Dagster's daemon evaluates it: a tick that fails leaves the cursor as it was."""

    def __init__(self, instance: DagsterInstance, ui_url: str | None = None) -> None:
        self.instance = instance
        self.sensor = failure_webhook_sensor(ui_url)
        self.cursor: str | None = None

    def tick(self) -> str | None:
        with build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            data = self.sensor.evaluate_tick(context)
        self.cursor = data.cursor
        return data.skip_message


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster")), NO_TELEMETRY) as instance:
        yield instance


@pytest.fixture
def ticks(instance: DagsterInstance, webhook_server: WebhookServer, monkeypatch: pytest.MonkeyPatch) -> Ticks:
    """From now on; the pauses between tries are left out."""
    monkeypatch.setenv(WEBHOOK, webhook_server.url)
    monkeypatch.setattr(webhook, "PAUSES", (0.0, 0.0))
    ticks = Ticks(instance, "https://subs.example")
    assert ticks.tick() == "runs that end from now on are told of"
    return ticks


def test_a_failed_run_is_told_once_with_its_innermost_reason(ticks: Ticks, webhook_server: WebhookServer) -> None:
    run_id = run(ticks.instance, breaks)
    assert ticks.tick() == f"told of run {run_id}"
    assert ticks.tick() == "no run has gone wrong"
    (message,) = webhook_server.received
    assert message["text"].splitlines() == [
        f"breaks failed (run {run_id})",
        "fill_the_disk: OSError: [Errno 28] No space left on device",
        f"https://subs.example/runs/{run_id}",
    ]
    assert (message["job"], message["run_id"], message["succeeded"]) == ("breaks", run_id, False)
    said = [entry.message for entry in ticks.instance.all_logs(run_id)]
    assert any(f"{WEBHOOK} was told how this run ended" in line for line in said)
    assert SECRET not in "".join(said)


def test_runs_that_failed_are_told_of_one_a_tick_and_in_order(ticks: Ticks, webhook_server: WebhookServer) -> None:
    failed = []
    for definition in (breaks, works, breaks):
        run_id = run(ticks.instance, definition)
        failed += [run_id] if definition is breaks else []
    assert [ticks.tick() for _ in range(3)] == [
        *(f"told of run {run_id}" for run_id in failed),
        "no run has gone wrong",
    ]
    assert [message["run_id"] for message in webhook_server.received] == failed


def test_nothing_is_lost_while_the_webhook_is_down(ticks: Ticks, webhook_server: WebhookServer) -> None:
    run_id = run(ticks.instance, breaks)
    webhook_server.answers = [500]
    for _ in range(2):
        with pytest.raises(WebhookFailed) as caught:
            ticks.tick()
        error = serializable_error_info_from_exc_info(caught._excinfo)  # as the UI shows a failed tick
        assert f"the webhook of {WEBHOOK} answers 500" in error.to_string() and SECRET not in error.to_string()
    webhook_server.answers = [200]
    assert ticks.tick() == f"told of run {run_id}"
    assert ticks.tick() == "no run has gone wrong"


def test_who_types_subs_run_is_not_told_what_they_see(ticks: Ticks, webhook_server: WebhookServer) -> None:
    run(ticks.instance, breaks, origin=None)
    assert ticks.tick() == "no run has gone wrong" and webhook_server.received == []


def test_what_ends_while_no_webhook_is_set_is_not_told_later(
    ticks: Ticks, webhook_server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WEBHOOK)
    run(ticks.instance, breaks)
    assert ticks.tick() == f"{WEBHOOK} is not set: nobody is told"
    monkeypatch.setenv(WEBHOOK, webhook_server.url)
    assert ticks.tick() == "no run has gone wrong" and webhook_server.received == []


def reading_corner(settings: Settings, **overrides: Any) -> JobDefinition:
    definitions = small_definitions(settings, **overrides)
    chosen = define_asset_job(
        "reading_corner", AssetSelection.assets(["catalogue", "corner"]), executor_def=in_process_executor
    )
    repository = definitions.get_repository_def()
    resources = repository.get_top_level_resources()
    return chosen.resolve(asset_graph=repository.asset_graph, resource_defs=resources)


def test_a_run_that_succeeds_without_a_company_is_told_of(
    ticks: Ticks, webhook_server: WebhookServer, settings: Settings
) -> None:
    run(ticks.instance, reading_corner(settings))
    assert ticks.tick() == "no run has gone wrong"
    (settings.catalogues[0] / "corner" / "today.jsonl").write_bytes(b"")
    run_id = run(ticks.instance, reading_corner(settings))
    assert ticks.tick() == f"told of run {run_id}"
    (message,) = webhook_server.received
    assert message["text"].startswith(
        f"reading_corner succeeded, but not everything is well (run {run_id})\ncorner did not"
    )
    ((company, problem),) = [told.values() for told in message["not_delivered"]]
    assert company == "corner" and "corner/today.jsonl: the file is empty" in problem


def test_a_run_that_fails_before_its_first_step_is_told_with_its_reason(
    ticks: Ticks, webhook_server: WebhookServer, settings: Settings
) -> None:
    no_catalogues = replace(settings, catalogues=(settings.home / "not mounted",))
    resources = {"warehouse": default_resources(no_catalogues)["warehouse"]}
    definition = reading_corner(settings, **resources)
    run(ticks.instance, definition)
    ticks.tick()
    (message,) = webhook_server.received
    assert message["failed_steps"] == [] and "there is no folder of catalogues at" in message["reason"]
