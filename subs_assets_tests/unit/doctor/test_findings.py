"""What the doctor makes of facts: each rule by a table of examples, and looks that fail or hang."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorTick, TickData, TickStatus
from dagster._utils.error import SerializableErrorInfo

import subs_assets
from subs_assets.archive.drills import PastDrill
from subs_assets.archive.store import ArchiveSummary
from subs_assets.doctor import archives, automation, folders, interpreter
from subs_assets.doctor.automation import Automatic, Heartbeat, PastRun
from subs_assets.doctor.finding import Finding, findings_of, ok
from subs_assets.redaction import SECRET_URLS, URLS, without_secrets

NOW = datetime.now(UTC)


def test_a_look_that_raises_tells_what_it_found_before_and_why() -> None:
    def look() -> Iterator[Finding]:
        yield ok("half of it")
        raise ZeroDivisionError("by\nzero")

    first, second = findings_of(look)
    assert first == ok("half of it")
    assert second.state == "error" and second.found == "the look at it failed: ZeroDivisionError: by zero"


def test_a_look_that_does_not_come_back_is_left() -> None:
    release = threading.Event()

    def look() -> Iterator[Finding]:
        release.wait()
        yield ok("too late")

    (one,) = findings_of(look, patience=0.1)
    release.set()
    assert (one.state, one.found) == ("error", "no answer within 0.1 seconds")


@pytest.mark.parametrize(
    "finding, state",
    [
        (interpreter.version_finding("3.11.7", ">=3.11,<3.15"), "ok"),
        (interpreter.version_finding("3.15.0rc1", ">=3.11,<3.15"), "error"),
        (interpreter.version_finding("3.10.1", ">=3.11,<3.15"), "error"),
        (interpreter.environment_finding(False, "python"), "warning"),
        (interpreter.width_finding(2**31 - 1), "error"),
        (interpreter.encoding_finding("cp1252"), "warning"),
        (interpreter.encoding_finding("utf-8"), "ok"),
        (interpreter.threads_finding(8, 1, {"OMP_NUM_THREADS": "1"}), "warning"),
        (interpreter.threads_finding(8, 4, {"OMP_NUM_THREADS": ""}), "ok"),
        (archives.room_finding(100, 199, Path("x")), "error"),
        (archives.room_finding(100, 200, Path("x")), "ok"),
        (folders.room_finding(1000, 999, Path("x")), "error"),
        (automation.time_zone_finding(NOW, "UTC", False, []), "ok"),
        (automation.time_zone_finding(NOW, "UTC", False, ["nightly_schedule"]), "warning"),
        (automation.time_zone_finding(NOW, "UTC", True, ["nightly_schedule"]), "ok"),
        (automation.published_finding(None, False, NOW), "warning"),
        (automation.published_finding(NOW - timedelta(hours=40), False, NOW), "ok"),
        (automation.published_finding(NOW - timedelta(hours=40), True, NOW), "error"),
    ],
)
def test_a_fact_alone(finding: Finding, state: str) -> None:
    assert finding.state == state
    assert bool(finding.remedy) is (state != "ok")


ARCHIVE = ArchiveSummary("20260101T000000Z-00000001", "00000001", NOW.isoformat(), 1, 3, 10, 99, True, ())


@pytest.mark.parametrize(
    "ours, states",
    [
        ([], ["warning"]),
        ([ARCHIVE], ["ok"]),
        ([replace(ARCHIVE, created=(NOW - timedelta(days=3)).isoformat())], ["warning"]),
        ([replace(ARCHIVE, complete=False)], ["error"]),
    ],
)
def test_the_newest_archive(ours: list[ArchiveSummary], states: list[str]) -> None:
    assert [one.state for one in archives.archive_findings(ours, ours, "place", NOW)] == states


@pytest.mark.parametrize(
    "days, problems, state", [(1, None, "ok"), (10, None, "warning"), (1, "table x differs", "error")]
)
def test_the_last_drill(days: int, problems: str | None, state: str) -> None:
    last = PastDrill("a", NOW - timedelta(days=days), 3, 10, 1.0, problems)
    assert archives.drill_finding(last, NOW).state == state
    assert archives.drill_finding(None, NOW).state == "warning"


@pytest.mark.parametrize(
    "beats, on, state, found",
    [
        ({}, [], "ok", "was never seen"),
        ({}, ["nightly_schedule"], "error", "nightly_schedule"),
        ({"SCHEDULER": Heartbeat(NOW)}, ["nightly_schedule"], "ok", "runs"),
        ({"SCHEDULER": Heartbeat(NOW - timedelta(hours=1))}, ["nightly_schedule"], "error", "minutes ago"),
        ({"SCHEDULER": Heartbeat(NOW, ("no module x",))}, [], "warning", "scheduler: no module x"),
    ],
)
def test_the_daemon(beats: dict[str, Heartbeat], on: list[str], state: str, found: str) -> None:
    (one,) = automation.daemon_findings(beats, on, NOW)
    assert one.state == state and found in one.found
    assert ("start the service" in one.remedy) is (state == "error"), "only where none runs"


@pytest.mark.parametrize(
    "status, said", [(TickStatus.FAILURE, "WebhookFailed: it answers 404"), (TickStatus.SKIPPED, None)]
)
def test_a_tick_that_failed_says_why(status: TickStatus, said: str | None) -> None:
    cause = SerializableErrorInfo("WebhookFailed: it answers 404\nin full: ...\n", [], "WebhookFailed")
    wrapped = SerializableErrorInfo("Error occurred during the execution\n", [], "SensorExecutionError", cause)
    error = wrapped if status is TickStatus.FAILURE else None
    tick = TickData("origin", "failure_webhook", InstigatorType.SENSOR, status, 0.0, error=error)
    assert automation.failure_of(InstigatorTick(1, tick)) == said


def test_of_each_job_the_last_run_that_ended_counts_and_what_hangs() -> None:
    runs = [
        PastRun("11111111", "nightly", "STARTED", NOW - timedelta(hours=7)),
        PastRun("22222222", "nightly", "FAILURE", NOW - timedelta(hours=8)),
        PastRun("33333333", "archive_tables", "SUCCESS", NOW - timedelta(hours=9)),
        PastRun("44444444", "archive_tables", "FAILURE", NOW - timedelta(hours=30)),
        PastRun("55555555", "nightly", "STARTED", NOW - timedelta(hours=1)),
    ]
    told = [(one.state, one.found.split(",")[1]) for one in automation.run_findings(runs, None, NOW)]
    assert told == [("warning", " run 11111111"), ("error", " run 22222222"), ("ok", " run 33333333")]


@pytest.mark.parametrize(
    "job, days, state, remedy",
    [
        ("nightly", 30, "error", "subs run"),
        ("archive_tables", 30, "error", "launch it again"),
        ("prune_archives", 30, "error", "launch it again"),
        ("reset_confirm", 1, "warning", "says why"),
        ("reset_confirm", 30, "ok", ""),
        ("a selection of assets", 30, "ok", ""),
    ],
)
def test_what_a_person_tried_once_is_no_error(job: str, days: int, state: str, remedy: str) -> None:
    failed = PastRun("11111111", job, "FAILURE", NOW - timedelta(days=days))
    (one,) = automation.run_findings([failed], NOW - timedelta(days=2), NOW)
    assert one.state == state and remedy in one.remedy
    assert ("launch it again" in one.remedy) is (remedy == "launch it again")


def test_schedules_say_when_they_come_next_in_their_own_time() -> None:
    tick = datetime(2026, 1, 1, 17, 30, tzinfo=UTC)
    given = [Automatic("a", True, tick), Automatic("b", False), Automatic("c", True, failure="no database")]
    first, second, third = automation.automatic_findings(given, ZoneInfo("Australia/Sydney"))
    assert first == ok("a is on, next at 2026-01-02 04:30 Australia/Sydney")
    assert second.state == "error" and "no database" in second.found
    assert third.found.startswith("off: b")


@pytest.mark.parametrize(
    "variable, value, text",
    [
        ("SUBS_DATABASE_URL", "postgresql+psycopg://me:pass%40word@host/name", "pass%40word pass@word"),
        ("SUBS_DATABASE_URL", "postgresql+psycopg://me:pa/ss@wo@host/name", "pa/ss@wo"),
        ("SUBS_CONTROL_URL", "postgresql+psycopg://host/name?user=me&password=pass+word", "pass+word pass word"),
        ("PGPASSWORD", "password", "password"),
        ("AWS_SECRET_ACCESS_KEY", "abc/def", "abc/def"),
        ("SUBS_FAILURE_WEBHOOK", " https://hooks.example/T0K3N", "https://hooks.example/T0K3N"),
    ],
)
def test_passwords_of_the_environment_are_not_told(variable: str, value: str, text: str) -> None:
    told = without_secrets(f"at host: {text}.", {variable: value, "PATH": "/bin"})
    assert set(told.removeprefix("at host: ").removesuffix(".").split()) == {"***"}


def test_text_without_a_secret_stays() -> None:
    assert without_secrets("as it is", {"SUBS_DATABASE_URL": "sqlite:///x/y.db", "MY_TOKEN": "is"}) == "as it is"


@pytest.mark.parametrize("name", [*URLS, *SECRET_URLS])
def test_what_may_hold_a_password_is_a_variable_of_ours(name: str) -> None:
    package = Path(subs_assets.__file__).parent
    others = (path for path in package.rglob("*.py") if path.name != "redaction.py")
    assert any(f'"{name}"' in path.read_text(encoding="utf-8") for path in others)
