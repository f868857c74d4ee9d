"""What runs keep of themselves."""

import pandas as pd
import pytest
from sqlalchemy import Engine, select

from subs_assets.database.control_tables import night_measures, run_checks, run_figures, run_steps, runs
from subs_assets.database.engine import writing
from subs_assets.database.nights import MEASURED_COLUMNS, record_night
from subs_assets.database.runs import (
    CHECK_COLUMNS,
    FIGURE_COLUMNS,
    STEP_COLUMNS,
    BegunRun,
    EndedRun,
    begin_run,
    end_run,
    prune_runs,
    read_recorded,
    read_run,
    record_published,
    run_named,
)
from subs_assets_tests.unit.database.conftest import on_sqlite


def begun(run_id: str, day: int, job: str = "nightly", hour: int = 3) -> BegunRun:
    return BegunRun(run_id, job, "subs run", None, f"2026-11-{day:02d}T{hour:02d}:30:00.000000+00:00")


def ended(state: str = "succeeded", said: str | None = None) -> EndedRun:
    return EndedRun(
        state,
        said,
        pd.DataFrame([("b", 0, "succeeded", 1.5), ("a", 1, "not ended", None)], columns=STEP_COLUMNS),
        pd.DataFrame(
            [("catalogue/aldi", "delivered", True, "ERROR", False, None)],
            columns=CHECK_COLUMNS,
        ),
        pd.DataFrame([("listings", "Rows read", 7.0)], columns=FIGURE_COLUMNS),
    )


def states(control: Engine) -> dict[str, str]:
    with control.connect() as connection:
        return {row.run_id: row.state for row in connection.execute(select(runs.c.run_id, runs.c.state))}


def test_a_run_is_kept_from_its_beginning_to_its_end(control: Engine) -> None:
    assert begin_run(control, begun("one", 1)) == []
    assert states(control) == {"one": "running"}
    end_run(control, begun("one", 1), ended("failed", "no listings"))
    record_published(control, "one", {"listings": 3})
    record_published(control, "of old", {"listings": 2}, published_at="2026-10-01T03:30:00.000000+00:00")
    record_night(control, "one", pd.DataFrame([("rate", "aldi", "coles", 0.5, 9)], columns=MEASURED_COLUMNS))
    found = read_recorded(control, 5)
    (row,) = found.runs.to_dict("records")
    assert row.pop("ended_at") > row["started_at"]
    assert row["repeats"] != row.pop("repeats"), "missing"
    assert row == {
        "run_id": "one", "job": "nightly", "launched_by": "subs run", "started_at": "2026-11-01T03:30:00.000000+00:00",
        "state": "failed", "said": "no listings",
    }  # fmt: skip
    assert found.published["run_id"].tolist() == ["one", "of old"]
    assert found.steps["step"].tolist() == ["b", "a"], "in the order in which they ended"
    assert found.steps["seconds"].isna().tolist() == [False, True]
    assert found.checks["passed"].tolist() == [True] and found.figures["value"].tolist() == [7.0]
    assert found.rates["value"].tolist() == [0.5]
    assert read_run(control, "of old").published["counts"].tolist() == ['{"listings": 2}']
    assert run_named(control, "o") == ["of old", "one"] and run_named(control, "%") == []


def test_whoever_holds_the_lock_knows_that_others_were_killed(control: Engine) -> None:
    begin_run(control, begun("killed", 1))
    end_run(control, begun("ended", 2), ended())
    assert begin_run(control, begun("next", 3)) == ["killed"]
    assert states(control) == {"killed": "cut off", "ended": "succeeded", "next": "running"}
    assert begin_run(control, begun("next", 3)) == [], "a run is not cut off by itself: each of its processes begins it"
    end_run(control, begun("killed", 1), ended())
    assert states(control)["killed"] == "succeeded", "it lives after all, and knows best"


@on_sqlite
def test_what_older_runs_did_is_forgotten_and_that_they_were_is_not(control: Engine) -> None:
    for day in range(1, 6):
        end_run(control, begun(f"run {day}", day), ended())
        record_night(control, f"run {day}", pd.DataFrame([("rate", "a", "b", 0.5, 9)], columns=MEASURED_COLUMNS))
    with writing(control) as connection:
        prune_runs(connection, kept=2)
        for table in (run_steps, run_checks, run_figures, night_measures):
            assert sorted(set(connection.scalars(select(table.c.run_id)))) == ["run 4", "run 5"], table.name
    assert len(states(control)) == 5


def test_nights_are_counted_and_the_other_runs_of_their_time_go_with_them(control: Engine) -> None:
    for day in range(1, 4):
        end_run(control, begun(f"archive {day}", day, "archive_tables", 2), ended())
        end_run(control, begun(f"night {day}", day, "__ASSET_JOB" if day == 2 else "nightly"), ended())
        end_run(control, begun(f"prune {day}", day, "prune_archives", 5), ended())
    record_published(control, "night 2", {"listings": 3})
    recent = ["archive 3", "night 2", "night 3", "prune 2", "prune 3"]
    found = read_recorded(control, 2)
    assert sorted(found.runs["run_id"]) == sorted(set(found.checks["run_id"])) == recent
    assert len(read_recorded(control, 4).runs) == 9
    with writing(control) as connection:
        prune_runs(connection, kept=2)
        assert sorted(set(connection.scalars(select(run_checks.c.run_id)))) == recent


@pytest.mark.parametrize("kept", [5, 400])
@on_sqlite
def test_nothing_is_forgotten_before(control: Engine, kept: int) -> None:
    for day in range(1, 6):
        end_run(control, begun(f"run {day}", day), ended())
    with writing(control) as connection:
        prune_runs(connection, kept)
        assert len(connection.execute(select(run_checks)).all()) == 5
