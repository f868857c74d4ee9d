"""The sensor that tells the webhook of runs that went wrong; what it says is composed in run_message.py.

Not Dagster's run failure sensor: that one moves on when what it called has failed, so a webhook that is down for a
minute would cost the message.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from dagster import (
    AssetCheckSeverity,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DefaultSensorStatus,
    EventLogRecord,
    RunStatusChangeRecordsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from subs_assets.automation.run_message import EndedRun, FailedCheck, message_of
from subs_assets.automation.webhook import WEBHOOK, is_webhook_set, post
from subs_assets.reason import reason_of

RunEnd = Literal[DagsterEventType.RUN_FAILURE, DagsterEventType.RUN_SUCCESS]
ENDS: tuple[RunEnd, ...] = (DagsterEventType.RUN_FAILURE, DagsterEventType.RUN_SUCCESS)
MOST_LOOKED_AT = 20
"""Ended runs in one tick."""


def failure_webhook_sensor(
    ui_url: str | None, default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED
) -> SensorDefinition:
    """``ui_url``: where people see the web UI, for the link to the run."""

    # One message a tick. Where it is not taken the tick fails, Dagster keeps the cursor as it was, and the next tick
    # tries again: a message is late or comes twice, and is never lost.
    @sensor(
        name="failure_webhook",
        minimum_interval_seconds=30,
        default_status=default_status,
        description=f"Tells the webhook of {WEBHOOK} of runs that failed or were published without a company.",
    )
    def failure_webhook(context: SensorEvaluationContext) -> SensorResult:
        instance, cursor = context.instance, context.cursor
        if not is_webhook_set():
            return SensorResult(skip_reason=f"{WEBHOOK} is not set: nobody is told", cursor=str(_newest(instance)))
        if cursor is None or not cursor.isdecimal():
            return SensorResult(skip_reason="runs that end from now on are told of", cursor=str(_newest(instance)))
        for record in ended_since(instance, int(cursor)):
            cursor = str(record.storage_id)
            run = instance.get_run_by_id(record.run_id)
            message = message_of(ended_run(instance, run), ui_url) if run and is_launched_by_dagster(run) else None
            if run and message:
                post(message)
                instance.report_engine_event(f"{WEBHOOK} was told how this run ended", run)
                return SensorResult(skip_reason=f"told of run {run.run_id}", cursor=cursor)
        return SensorResult(skip_reason="no run has gone wrong", cursor=cursor)

    return failure_webhook


def ended_since(instance: DagsterInstance, storage_id: int) -> Sequence[EventLogRecord]:
    """The next ends of runs, in their order."""
    records: list[EventLogRecord] = []
    for event_type in ENDS:
        after = RunStatusChangeRecordsFilter(event_type, after_storage_id=storage_id)
        records += instance.fetch_run_status_changes(after, MOST_LOOKED_AT, ascending=True).records
    return sorted(records, key=lambda record: record.storage_id)[:MOST_LOOKED_AT]


def _newest(instance: DagsterInstance) -> int:
    newest = (instance.fetch_run_status_changes(event_type, 1).records for event_type in ENDS)
    return max((record.storage_id for records in newest for record in records), default=0)


def is_launched_by_dagster(run: DagsterRun) -> bool:
    """Whoever has typed `subs run` sees how it ends."""
    return run.remote_job_origin is not None


def ended_run(instance: DagsterInstance, run: DagsterRun) -> EndedRun:
    """What the events of a run say of its end."""
    events = list(_events(instance, run.run_id))
    steps = {
        event.step_key: _reason(event)
        for event in events
        if event.event_type == DagsterEventType.STEP_FAILURE and event.step_key
    }
    checks = [event.asset_check_evaluation_data for event in events if _is_check(event)]
    failed = [check for check in checks if not check.passed and check.severity == AssetCheckSeverity.ERROR]
    return EndedRun(
        run.job_name,
        run.run_id,
        run.is_success,
        tuple(steps.items()),
        None if run.is_success or steps else _reason_of_run(events),
        tuple(
            FailedCheck(check.asset_key.to_user_string(), check.check_name, check.description or "it did not pass")
            for check in failed
        ),
    )


def _events(instance: DagsterInstance, run_id: str) -> Iterator[DagsterEvent]:
    telling = {
        DagsterEventType.STEP_FAILURE,
        DagsterEventType.RUN_FAILURE,
        DagsterEventType.ENGINE_EVENT,
        DagsterEventType.ASSET_CHECK_EVALUATION,
    }
    for record in instance.get_records_for_run(run_id, of_type=telling).records:
        if record.event_log_entry.dagster_event is not None:
            yield record.event_log_entry.dagster_event


def _is_check(event: DagsterEvent) -> bool:
    return event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION


def _reason_of_run(events: Sequence[DagsterEvent]) -> str:
    """Where no step has failed: an error within the run, or the last thing that Dagster says about it. Its process may
    have died, or found another graph than was launched."""
    ends = [event for event in events if not _is_check(event)]
    with_error = [event for event in ends if getattr(event.event_specific_data, "error", None)]
    return _reason((with_error or ends)[-1])


def _reason(event: DagsterEvent) -> str:
    error = getattr(event.event_specific_data, "error", None)
    return reason_of(error) if error is not None else event.message or "no reason is known"
