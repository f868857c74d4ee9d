"""Nothing that runs by itself, or again, wipes the warehouse: no selection of assets, no schedule, sensor, backfill or
retry, on the real definitions and a real home.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    DagsterInstance,
    DagsterRun,
    Definitions,
    JobDefinition,
    ReexecutionOptions,
    RunRequest,
    build_sensor_context,
    execute_job,
    reconstructable,
)
from sqlalchemy import Engine

from subs_assets.archive import reset
from subs_assets.archive.places import open_place
from subs_assets.automation.jobs import STARTED_BY_ITSELF, unattended
from subs_assets.database import audit_lines, control
from subs_assets.database.lock import run_lock
from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import (
    publish_again,
    reason_of,
    rows_in,
    run_graph,
    settings_of,
    small_definitions,
    value_of,
)


@pytest.fixture
def control_state(settings: Settings) -> Iterator[Engine]:
    engine = control.open_control(settings.control_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def definitions(published_folder: Path) -> Definitions:
    definitions: Definitions = small_definitions(settings_of(published_folder))
    return definitions


def archived(settings: Settings, control_state: Engine) -> str:
    request_id = reset.request(control_state, "ann")
    reset.archive_request(
        control_state, request_id, settings.databases, open_place(settings.archives, settings.scratch)
    )
    return request_id


def typed(request_id: str, confirmed_by: str = "ann") -> dict[str, Any]:
    config = {"request_id": request_id, "confirmed_by": confirmed_by}
    return {"ops": {"confirm_and_wipe": {"config": config}}}


def test_only_one_job_wipes_and_nothing_launches_it(definitions: Definitions) -> None:
    repository = definitions.get_repository_def()
    with_wipe = [
        job for job in repository.get_all_jobs() if "confirm_and_wipe" in {node.name for node in job.graph.node_defs}
    ]
    assert [job.name for job in with_wipe] == ["reset_confirm"]
    (job,) = with_wipe
    assert job.partitions_def is None  # what has no partitions has no backfills
    assert not job.asset_layer.executable_asset_keys
    assert job.run_config is None  # launched without an id it fails
    launched = {one.job_name for one in repository.schedule_defs}
    launched |= {name for sensor in repository.sensor_defs for name in [target.job_name for target in sensor.targets]}
    assert launched == {"archive_tables", "prune_archives", "nightly", "reset_archive"}
    graph = definitions.resolve_asset_graph()
    assert all(graph.get(key).automation_condition is None for key in graph.get_all_asset_keys())


def test_the_sensor_asks_for_an_archive_and_for_nothing_else(settings: Settings, control_state: Engine) -> None:
    archived(settings, control_state)
    waiting = reset.request(control_state, "ben")
    sensor = small_definitions(settings).get_repository_def().get_sensor_def("reset_requests")
    with DagsterInstance.ephemeral() as instance, build_sensor_context(instance=instance) as context:
        requests = sensor.evaluate_tick(context).run_requests or []
    assert [set(request.run_config["ops"]) for request in requests] == [{"archive_for_reset"}]
    assert [request.tags["subs/reset_request"] for request in requests] == [waiting]


@pytest.mark.parametrize(
    ("request_id", "confirmed_by"), [("", "ann"), ("  ", "ann"), ("{archived}", ""), ("{archived}", "\t")]
)
def test_a_confirmation_without_id_or_person_is_refused(
    settings: Settings, control_state: Engine, request_id: str, confirmed_by: str
) -> None:
    before = rows_in(settings.database_url)
    waiting = reset.request(control_state, "ann")
    result = run_graph(settings, "reset_confirm", typed(request_id.format(archived=waiting), confirmed_by))
    assert not result.success and "type it into the configuration" in reason_of(result)
    assert rows_in(settings.database_url) == before
    assert [line["what"] for line in audit_lines.read_audit(control_state).to_dict("records")] == ["reset requested"]


def test_a_confirmation_without_configuration_does_not_start(settings: Settings) -> None:
    with pytest.raises(Exception, match='Missing required config entr(y|ies).* "?ops"?'):
        run_graph(settings, "reset_confirm")


def reset_confirm_of_the_environment() -> JobDefinition:
    """Dagster makes it anew to execute a run again."""
    job: JobDefinition = small_definitions(Settings.from_environment()).resolve_job_def("reset_confirm")
    return job


def launch(instance: DagsterInstance, run_config: Mapping[str, Any], again: str | None = None) -> Any:
    """A run of reset_confirm, or the run of that id once more, as a retry of Dagster's daemon is one."""
    options = None if again is None else ReexecutionOptions(parent_run_id=again)
    job = reconstructable(reset_confirm_of_the_environment)
    return execute_job(job, instance, run_config=run_config, reexecution_options=options, raise_on_error=False)


@pytest.mark.archive_case(67)
def test_a_run_that_is_executed_again_wipes_nothing(
    settings: Settings, control_state: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither after a failure, when its request still waits, nor after it has wiped and new data was published."""
    monkeypatch.setenv("SUBS_HOME", str(settings.home))
    monkeypatch.setenv("SUBS_CATALOGUES", str(settings.catalogues[0]))
    request_id = archived(settings, control_state)
    config, before = typed(request_id), rows_in(settings.database_url)

    def state() -> object:
        return value_of(settings.control_url, "SELECT state FROM reset_requests")

    with DagsterInstance.ephemeral() as instance:
        with run_lock(settings.home, settings.database_url, "run 1f3a"), launch(instance, config) as failed:
            assert not failed.success
        with launch(instance, config, failed.run_id) as retried:
            assert not retried.success and f"it repeats the run {failed.run_id}" in reason_of(retried)
        assert (state(), rows_in(settings.database_url)) == ("archived", before)
        with launch(instance, config) as typed_anew:
            assert typed_anew.success, reason_of(typed_anew)
        assert state() == "wiped" and not rows_in(settings.database_url)["listings"]
        publish_again(settings.home.parent, settings.database_url)
        published = rows_in(settings.database_url)
        with launch(instance, config, typed_anew.run_id) as again:
            assert not again.success and "this run wipes nothing" in reason_of(again)
        with launch(instance, config) as same_id:
            assert not same_id.success and "was wiped already: " in reason_of(same_id)
        assert rows_in(settings.database_url) == published and published["listings"]


@pytest.mark.parametrize("tag", STARTED_BY_ITSELF)
def test_a_run_that_nobody_launched_is_told(tag: str) -> None:
    assert unattended(DagsterRun("reset_confirm")) is None
    assert unattended(DagsterRun("reset_confirm", tags={"user": "ann"})) is None
    assert unattended(DagsterRun("reset_confirm", tags={tag: "x"})) == f"{tag} x started it"
    assert "repeats the run 1f3a" in str(
        unattended(DagsterRun("reset_confirm", parent_run_id="1f3a", root_run_id="1f3a"))
    )


def test_a_run_of_a_schedule_wipes_nothing(settings: Settings, control_state: Engine) -> None:
    """As of one that somebody adds to the definitions, with an id in its configuration."""
    before = rows_in(settings.database_url)
    request_id = archived(settings, control_state)
    job = small_definitions(settings).resolve_job_def("reset_confirm")
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            run_config=RunRequest(run_config=typed(request_id)).run_config,
            tags={"dagster/schedule_name": "monday"},
            raise_on_error=False,
        )
    assert not result.success and "dagster/schedule_name monday started it" in reason_of(result)
    assert rows_in(settings.database_url) == before
    assert reset.pending(control_state)[0].state == "archived"
