"""The sensors, and the one that sees a reset request and launches the archive which that request needs."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from dagster import DefaultSensorStatus, RunRequest, SensorDefinition, SensorEvaluationContext, SkipReason, sensor

from subs_assets.archive.reset_state import ResetRequest
from subs_assets.automation.catalogue_sensor import new_catalogues_sensor
from subs_assets.automation.failure_sensor import failure_webhook_sensor
from subs_assets.automation.jobs import reset_archive
from subs_assets.database import control
from subs_assets.settings import Settings


def default_sensors(settings: Settings, companies: Collection[str]) -> list[SensorDefinition]:
    """Off until somebody turns them on in the UI, or all on; ``companies``: those that are assets."""
    at_first = DefaultSensorStatus.RUNNING if settings.automation else DefaultSensorStatus.STOPPED
    return [
        new_catalogues_sensor(settings, companies, at_first),
        reset_requests_sensor(settings.control_url, at_first),
        failure_webhook_sensor(settings.ui_url, at_first),
    ]


def archive_runs(requests: Iterable[ResetRequest]) -> list[RunRequest]:
    """An archive run for every request that has none yet.

    A sensor's run_key is remembered for ever: it holds the request's id and its time, so that no two requests share
    one.
    """
    return [
        RunRequest(
            run_key=f"{request.request_id} {request.requested_at.isoformat()}",
            run_config={"ops": {"archive_for_reset": {"config": {"request_id": request.request_id}}}},
            tags={"subs/reset_request": request.request_id},
        )
        for request in requests
        if request.state == "requested"
    ]


def reset_requests_sensor(
    control_url: str, default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED
) -> SensorDefinition:
    """The sensor over the control state of this installation."""

    @sensor(
        name="reset_requests",
        job_name=reset_archive.name,  # by name: a job itself makes Dagster warn about a parameter of its own, `owners`
        minimum_interval_seconds=30,
        default_status=default_status,
        description="Archives everything as soon as a reset was requested (subs reset request).",
    )
    def reset_requests(context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        from subs_assets.archive import reset

        engine = control.open_control(control_url)
        try:
            runs: Sequence[RunRequest] = archive_runs(reset.pending(engine))
        finally:
            engine.dispose()
        if runs:
            yield from runs
        else:
            yield SkipReason("no reset request waits for its archive")

    return reset_requests
