"""A Dagster logger for a person at a terminal: a line a step with its rows and seconds, warnings and errors; no event
log."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster import DagsterEvent, InitLoggerContext, logger
from dagster._core.events import RunFailureReason

from subs_assets.reason import reason_of
from subs_assets.redaction import without_secrets

if TYPE_CHECKING:
    from subs_assets.automation.run_display import RunDisplay

SHOWN_LEVEL = logging.INFO
STYLES = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}
INTERRUPTED = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
UNCHANGED = ("Unchanged since run", "Files unchanged since run")
COUNTED = ("dagster/row_count", "Rows", "Products")
WIDTH = 62
"""Of a step and its rows together; with the seconds it fits a terminal."""

_display: "RunDisplay | None" = None


@logger(None, "A line a step for `subs run`; the event log in the UI has everything.")
def progress_log(context: InitLoggerContext) -> logging.Logger:
    """What writes the lines; made anew for each run."""
    log = logging.Logger("subs run")
    log.addHandler(ProgressHandler())
    return log


@contextmanager
def shown_on(display: "RunDisplay") -> Iterator[None]:
    """Until the block ends, runs in this process tell ``display``: Dagster makes loggers by itself, from a name."""
    global _display
    _display = display
    try:
        with display.shown():
            yield
    finally:
        _display = None


@dataclass(frozen=True)
class Line:
    """What is printed, and how grave it is."""

    text: str
    level: int = logging.INFO


class ProgressHandler(logging.Handler):
    """Turns Dagster's events into short lines: on the display, or on standard error where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.telling = Telling()

    def emit(self, record: logging.LogRecord) -> None:
        if _display is not None and (step := step_begun(record)):
            _display.begin(step)
        if (line := self.telling.line_of(record)) is None:
            return
        if _display is not None:
            _display.line(line.text, STYLES.get(line.level, ""))
        else:
            print(without_secrets(line.text), file=sys.stderr, flush=True)


def step_begun(record: logging.LogRecord) -> str | None:
    """The step of which the record says that it begins; None for any other record."""
    event = _event(record)
    return event.step_key if event is not None and event.event_type_value == "STEP_START" else None


class Telling:
    """What is said of a run, record after record: a step's line holds what came before it of the same step."""

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}
        self._checks: dict[str, tuple[str, bool]] = {}

    def line_of(self, record: logging.LogRecord) -> Line | None:
        """What to say of one record, None for nothing."""
        event = _event(record)
        if event is None:
            return _message_line(record)
        key = event.step_key or ""
        match event.event_type_value:
            case "ASSET_MATERIALIZATION":
                if said := rows_of(event):
                    self._rows[key] = said
            case "ASSET_CHECK_EVALUATION":
                check = event.asset_check_evaluation_data
                asset = check.asset_key.to_user_string()
                if key.endswith(f"{'__'.join(check.asset_key.path)}_{check.check_name}"):
                    self._checks[key] = (f"check {asset}/{check.check_name}", check.passed)
                if not check.passed:
                    level = logging.ERROR if check.severity.value == "ERROR" else logging.WARNING
                    return Line(f"    check {asset}/{check.check_name} failed: {check.description}", level)
            case "STEP_SUCCESS":
                seconds = event.step_success_data.duration_ms / 1000
                name, passed = self._checks.get(key, (key, True))
                rows = self._rows.get(key, "") if key not in self._checks else "passed" if passed else "failed"
                return Line(f"  {name} {rows:>{WIDTH - len(name)}}{seconds:8.1f} s")
            case "STEP_FAILURE":
                error = event.step_failure_data.error
                if _is_interruption(error):
                    return Line(f"  {key}  stopped", logging.WARNING)
                return Line(f"  {key}  FAILED: {reason_of(error)}", logging.ERROR)
            case "PIPELINE_FAILURE":
                # Where the run never came to a step (the database is behind, another run holds the lock), only this
                # says why.
                told_before = event.job_failure_data.failure_reason is RunFailureReason.STEP_FAILURE
                if told_before or is_interruption(event):
                    return None
                error = event.job_failure_data.error
                return Line(f"run failed: {event.message if error is None else reason_of(error)}", logging.ERROR)
        return None


def rows_of(event: DagsterEvent) -> str | None:
    """How many rows the table has that a step is called after, and of which run they are where they were taken
    unchanged; None of what else the step makes."""
    made = event.step_materialization_data.materialization
    if "__".join(made.asset_key.path) != event.step_key:
        return None
    counted = next((made.metadata[name].value for name in COUNTED if name in made.metadata), None)
    taken = next((made.metadata[name].value for name in UNCHANGED if name in made.metadata), None)
    said = [
        *([] if counted is None else [f"{counted:,} rows"]),
        *([] if taken is None else [f"of run {str(taken)[:8]}"]),
    ]
    return " ".join(said)


def is_interruption(event: DagsterEvent) -> bool:
    """Whether a failure of a run is Ctrl-C, or somebody's wish that the process end."""
    data = event.job_failure_data
    return data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION or _is_interruption(data.error)


def _is_interruption(error: Any) -> bool:
    while error is not None:
        if error.cls_name in INTERRUPTED:
            return True
        error = error.cause
    return False


def _event(record: logging.LogRecord) -> DagsterEvent | None:
    meta: dict[str, Any] = getattr(record, "dagster_meta", {})
    event: DagsterEvent | None = meta.get("dagster_event")
    return event


def _message_line(record: logging.LogRecord) -> Line | None:
    meta: dict[str, Any] = getattr(record, "dagster_meta", {})
    message = str(meta.get("orig_message", record.getMessage()))
    # One failure is told once, not again for every step that waited for it.
    if record.levelno < SHOWN_LEVEL or message.startswith("Dependencies for step "):
        return None
    level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
    return Line(f"    {level}{message}", record.levelno)
