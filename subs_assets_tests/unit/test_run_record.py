"""What a run leaves of itself, seen on jobs of three steps: no graph is needed for how it is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    ConfigurableResource,
    DagsterInstance,
    Definitions,
    InitResourceContext,
    MaterializeResult,
    asset,
    asset_check,
)

from subs_assets.database import control
from subs_assets.database.runs import Recorded, read_recorded
from subs_assets.run_record import launched_by, recorded, recorded_if_refused
from subs_assets.settings import sqlite_url


class Place(ConfigurableResource):
    control_url: str
    refuses: bool = False

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator["Place"]:
        with recorded_if_refused(context, self.control_url):
            if self.refuses:
                raise RuntimeError("no catalogues here")
            with recorded(context, self.control_url):
                yield self


class Model(ConfigurableResource):
    is_missing: bool = False

    def setup_for_execution(self, context: InitResourceContext) -> None:
        if self.is_missing:
            raise RuntimeError("no model here")


def run(url: str, raises: BaseException | None = None, blocks: bool = False, **failing: bool) -> tuple[bool, list[str]]:
    """Whether a run succeeded, and what its steps and resources said that failed."""

    @asset
    def counted(place: Place, trained: Model) -> MaterializeResult:
        if raises:
            raise raises
        return MaterializeResult(metadata={"Rows read": 7, "Share": 0.5, "Complete": True, "Folder": "here"})

    @asset_check(asset=counted, blocking=True)
    def holds() -> AssetCheckResult:
        severity = AssetCheckSeverity.ERROR if blocks else AssetCheckSeverity.WARN
        return AssetCheckResult(passed=False, severity=severity, description="it fell")

    @asset(deps=[counted])
    def shown(place: Place) -> None: ...

    place = Place(control_url=url, refuses=failing.get("refuses", False))
    trained = Model(is_missing=failing.get("is_missing", False))  # Dagster sets them up by name: after the place
    definitions = Definitions([counted, shown], asset_checks=[holds], resources={"place": place, "trained": trained})
    job = definitions.resolve_implicit_global_asset_job_def()
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False, tags={"dagster/from_ui": "true"})
        errors = [getattr(event.event_specific_data, "error", None) for event in result.all_events if event.is_failure]
    return result.success, [str(error) for error in errors if error]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "control.db")


def kept(url: str) -> Recorded:
    with control.opened(url) as engine:
        return read_recorded(engine, 10)


def test_a_run_leaves_its_steps_checks_and_figures(url: str) -> None:
    assert run(url)[0]
    found = kept(url)
    (row,) = found.runs.to_dict("records")
    assert (row["state"], row["launched_by"], row["job"]) == ("succeeded", "web UI", "__ASSET_JOB")
    assert row["started_at"] < row["ended_at"]
    assert found.steps["step"].tolist() == ["counted", "counted_holds", "shown"]
    assert (found.steps["seconds"] >= 0).all() and set(found.steps["state"]) == {"succeeded"}
    assert found.checks.drop(columns="run_id").to_dict("records") == [
        {"asset": "counted", "check_name": "holds", "passed": False, "severity": "WARN", "blocking": True,
         "said": "it fell"}
    ]  # fmt: skip
    assert list(zip(found.figures["figure"], found.figures["value"], strict=True)) == [("Rows read", 7), ("Share", 0.5)]


@pytest.mark.parametrize(
    ("failing", "said", "steps"),
    [
        ({"raises": ValueError("3 is negative")}, "counted: ValueError: 3 is negative", ["counted"]),
        ({"raises": KeyboardInterrupt()}, "counted: it was interrupted", ["counted"]),
        ({"blocks": True}, None, ["counted", "counted_holds"]),
        ({"refuses": True}, "no catalogues here", []),
        ({"is_missing": True}, "RuntimeError: no model here", []),
    ],
)
def test_a_run_that_fails_says_why(url: str, failing: dict, said: str | None, steps: list[str]) -> None:
    assert not run(url, **failing)[0]
    found = kept(url)
    (row,) = found.runs.to_dict("records")
    assert (row["state"], row["said"] if isinstance(row["said"], str) else None) == ("failed", said)
    begun = found.steps[~found.steps["state"].isin(["skipped"])]
    assert begun["step"].tolist() == steps


def test_what_a_run_says_of_itself_holds_no_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "it fell")  # as the check says
    run(url, blocks=True)
    monkeypatch.setenv("PGPASSWORD", "negative")
    run(url, ValueError("3 is negative"))
    found = kept(url)
    assert found.checks["said"].tolist() == ["***"]
    assert "counted: ValueError: 3 is ***" in found.runs["said"].tolist()


def test_a_control_state_that_does_not_answer_fails_no_run_and_hides_no_error(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    assert run(url)[0]
    succeeded, errors = run(url, ValueError("3 is negative"))
    assert not succeeded and any("3 is negative" in error for error in errors)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({}, None),
        ({"dagster/schedule_name": "nightly_schedule", "dagster/from_ui": "true"}, "schedule nightly_schedule"),
        ({"dagster/sensor_name": "new_files"}, "sensor new_files"),
        ({"subs/launched_by": "subs run by ana"}, "subs run by ana"),
    ],
)
def test_who_launched_it(tags: dict[str, str], words: str | None) -> None:
    assert launched_by(tags) == words
