"""A Dagster logger for a person at a terminal: a line a step with its seconds and counts, warnings and errors; no
event log."""

import logging
import sys
from typing import Any

from dagster import DagsterEvent, InitLoggerContext, logger

SHOWN_LEVEL = logging.INFO


@logger(None, "A line a step for `subs run`; the event log in the UI has everything.")
def progress_log(context: InitLoggerContext) -> logging.Logger:
    log = logging.Logger("subs run")
    log.addHandler(ProgressHandler())
    return log


class ProgressHandler(logging.Handler):
    """Turns Dagster's events into short lines on standard error, which is left free of everything else."""

    def emit(self, record: logging.LogRecord) -> None:
        line = line_of(record)
        if line:
            print(line, file=sys.stderr, flush=True)


def line_of(record: logging.LogRecord) -> str | None:
    """What to print for one record, None for nothing."""
    meta: dict[str, Any] = getattr(record, "dagster_meta", {})
    event: DagsterEvent | None = meta.get("dagster_event")
    if event is None:
        message = str(meta.get("orig_message", record.getMessage()))
        # One failure is told once, not again for every step that waited for it.
        is_shown = record.levelno >= SHOWN_LEVEL and not message.startswith("Dependencies for step ")
        return f"    {_level(record)}{message}" if is_shown else None
    if event.is_step_success:
        return f"  {event.step_key:<40}{event.step_success_data.duration_ms / 1000:8.1f} s"
    if event.is_step_failure:
        return f"  {event.step_key:<40}  FAILED: {_cause(event.step_failure_data.error)}"
    if event.is_failure and event.event_type_value == "PIPELINE_FAILURE":
        # Where the run never came to a step (the database is behind, another run holds the lock), only this says why.
        error = event.job_failure_data.error
        return f"run failed: {event.message if error is None else _cause(error)}"
    if event.event_type_value == "ASSET_CHECK_EVALUATION":
        check = event.asset_check_evaluation_data
        if not check.passed:
            return f"    check {check.asset_key.to_user_string()}/{check.check_name} failed: {check.description}"
    return None


def _level(record: logging.LogRecord) -> str:
    return "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "


def _cause(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no reason given"
