"""What a run leaves of itself in the control state, read off Dagster's event log: who launched it, how it ended, its
steps, checks and figures. How that is kept is in ``database/runs.py``."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, InitResourceContext

from subs_assets.database import control, runs
from subs_assets.database.runs import BegunRun, EndedRun
from subs_assets.reason import innermost, reason_of
from subs_assets.redaction import without_secrets

LAUNCHED_BY = "subs/launched_by"
"""The tag by which a program of ours says that it launched a run."""

CHECK_BLOCKS = "DagsterAssetCheckFailedError"
"""What Dagster raises after a blocking check that did not pass, to keep what comes after it from running."""

INTERRUPTED = "it was interrupted"

STEP_STATES = {"SUCCESS": "succeeded", "FAILURE": "failed", "SKIPPED": "skipped"}


@contextmanager
def recorded(context: InitResourceContext, control_url: str) -> Iterator[None]:
    """Keep that the run of ``context`` goes on, and at the end how it went; to be entered with the run lock held.

    A control state that does not answer is warned of, and hides no error of the run's own.
    """
    begun = begun_run(context)
    if begun is None:
        yield
        return
    with _warned(context, "that this run began"), control.opened(control_url) as engine:
        for run_id in runs.begin_run(engine, begun):
            _warn(context, f"run {run_id} was cut off: its process was killed, or its machine stopped")
    error: BaseException | None = None
    try:
        yield
    except BaseException as problem:
        error = problem
        raise
    finally:
        record_end(context, control_url, error)


@contextmanager
def recorded_if_refused(context: InitResourceContext, control_url: str) -> Iterator[None]:
    """Keep that a run failed before ``recorded``: while it waited for the run lock, say."""
    try:
        yield
    except Exception as error:
        record_end(context, control_url, error)
        raise


def record_end(context: InitResourceContext, control_url: str, error: BaseException | None = None) -> None:
    """Keep how the run of ``context`` went, of which only the end of Dagster's own work is to come. ``error``: what
    kept it from its first step."""
    begun, instance = begun_run(context), context.instance
    if begun is None or instance is None:
        return
    with _warned(context, "how this run ended"), control.opened(control_url) as engine:
        runs.end_run(engine, begun, ended_run(instance, begun.run_id, error))


@contextmanager
def _warned(context: InitResourceContext, what: str) -> Iterator[None]:
    """What was published stays published, and what failed says why, whether or not it can be written down here."""
    try:
        yield
    except Exception as error:
        _warn(context, f"the control state does not say {what}: {error}")


def _warn(context: InitResourceContext, sentence: str) -> None:
    if context.log:
        context.log.warning(sentence)


def begun_run(context: InitResourceContext) -> BegunRun | None:
    """None outside of a run."""
    run = context.run
    if run is None or context.instance is None or not context.instance.has_run(run.run_id):
        return None
    started = context.instance.get_run_stats(run.run_id).start_time
    at = datetime.fromtimestamp(started, UTC) if started else datetime.now(UTC)
    return BegunRun(
        run.run_id, run.job_name, launched_by(run.tags), run.parent_run_id, at.isoformat(timespec="microseconds")
    )


def launched_by(tags: Mapping[str, str]) -> str | None:
    """As far as a run's tags tell; None where they do not."""
    for tag, words in (
        ("dagster/schedule_name", "schedule {}"),
        ("dagster/sensor_name", "sensor {}"),
        ("dagster/auto_retry_run_id", "Dagster's retry"),
        (LAUNCHED_BY, "{}"),
        ("dagster/from_ui", "web UI"),
    ):
        if tag in tags:
            return words.format(tags[tag])
    return None


def ended_run(instance: DagsterInstance, run_id: str, error: BaseException | None = None) -> EndedRun:
    """How a run went whose steps are over, before Dagster says so."""
    run = instance.get_run_by_id(run_id)
    steps = steps_of(instance, run_id)
    state, said = _outcome(instance, run, steps, error) if run else (runs.FAILED, str(error))
    return EndedRun(
        state, without_secrets(said) if said else None, steps, checks_of(instance, run_id), figures_of(instance, run_id)
    )


def _outcome(
    instance: DagsterInstance, run: DagsterRun, steps: pd.DataFrame, error: BaseException | None
) -> tuple[str, str | None]:
    if run.status in (DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED):
        return runs.CANCELED, "somebody ended it"
    if error is not None:
        return runs.FAILED, str(error)
    causes = _causes(instance, run.run_id)
    planned = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id or "").step_keys_to_execute
    ended = set(steps.loc[steps["state"] != "not ended", "step"])
    if causes:
        # A check that blocks says so itself.
        others = [f"{where}{_sentence(cause)}" for where, cause in causes if CHECK_BLOCKS not in cause.message]
        return runs.FAILED, "; ".join(others) or None
    return (runs.SUCCEEDED, None) if ended >= set(planned) else (runs.FAILED, INTERRUPTED)


def _causes(instance: DagsterInstance, run_id: str) -> list[tuple[str, Any]]:
    """The innermost error of every step and resource that failed, and before it the step."""
    found = []
    for event in _events(instance, run_id, DagsterEventType.STEP_FAILURE, DagsterEventType.RESOURCE_INIT_FAILURE):
        found.append((f"{event.step_key}: " if event.step_key else "", innermost(event.event_specific_data.error)))
    return found


def _sentence(cause: Any) -> str:
    is_interrupt = cause.message.strip().endswith(("KeyboardInterrupt", "DagsterExecutionInterruptedError"))
    return INTERRUPTED if is_interrupt else reason_of(cause)


def steps_of(instance: DagsterInstance, run_id: str) -> pd.DataFrame:
    """``runs.STEP_COLUMNS``, in the order in which they ended."""
    found = sorted(instance.get_run_step_stats(run_id), key=lambda step: step.end_time or math.inf)
    rows = [
        (
            step.step_key,
            place,
            STEP_STATES.get(step.status.value if step.status else "", "not ended"),
            step.end_time - step.start_time if step.start_time and step.end_time else None,
        )
        for place, step in enumerate(found)
    ]
    return pd.DataFrame(rows, columns=runs.STEP_COLUMNS)


def checks_of(instance: DagsterInstance, run_id: str) -> pd.DataFrame:
    """``runs.CHECK_COLUMNS``, in the order in which they were evaluated; of one that was evaluated again, the last."""
    found = [
        event.asset_check_evaluation_data
        for event in _events(instance, run_id, DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    rows = [
        (
            check.asset_key.to_user_string(),
            check.check_name,
            check.passed,
            check.severity.value,
            bool(check.blocking),
            without_secrets(check.description) if check.description else None,
        )
        for check in found
    ]
    frame = pd.DataFrame(rows, columns=runs.CHECK_COLUMNS)
    return frame.drop_duplicates(["asset", "check_name"], keep="last", ignore_index=True)


def figures_of(instance: DagsterInstance, run_id: str) -> pd.DataFrame:
    """``runs.FIGURE_COLUMNS``: the numeric metadata of every asset, which the UI plots by the same names."""
    rows = [
        (event.asset_key.to_user_string(), name, float(entry.value))
        for event in _events(instance, run_id, DagsterEventType.ASSET_MATERIALIZATION)
        for name, entry in event.step_materialization_data.materialization.metadata.items()
        if isinstance(entry.value, int | float) and not isinstance(entry.value, bool) and math.isfinite(entry.value)
    ]
    frame = pd.DataFrame(rows, columns=runs.FIGURE_COLUMNS)
    return frame.drop_duplicates(["asset", "figure"], keep="last", ignore_index=True)


def _events(instance: DagsterInstance, run_id: str, *types: DagsterEventType) -> Sequence[Any]:
    return [entry.get_dagster_event() for entry in instance.all_logs(run_id, of_type=set(types))]
