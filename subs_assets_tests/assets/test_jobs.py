"""The archive and the two steps of a reset as Dagster jobs, end to end on a real home."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import ExecuteInProcessResult
from sqlalchemy import Engine, update

from subs_assets.archive import reset
from subs_assets.archive.places import open_place
from subs_assets.archive.restore import restore
from subs_assets.archive.store import list_archives
from subs_assets.database import control, control_tables, drills
from subs_assets.database.engine import sqlite_file
from subs_assets.database.lock import run_lock
from subs_assets.database.tables import metadata
from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.object_store import ObjectStore
from subs_assets_tests.shops_and_runs import checks_of, reason_of, rows_in, run_graph, value_of
from subs_assets_tests.unit.archive.conftest import put_text_into_an_integer_column


@pytest.fixture
def control_state(settings: Settings) -> Iterator[Engine]:
    engine = control.open_control(settings.control_url)
    yield engine
    engine.dispose()


def archive_for(settings: Settings, request_id: str) -> ExecuteInProcessResult:
    config = {"ops": {"archive_for_reset": {"config": {"request_id": request_id}}}}
    return run_graph(settings, "reset_archive", config)


def confirm(settings: Settings, request_id: str) -> ExecuteInProcessResult:
    config = {"ops": {"confirm_and_wipe": {"config": {"request_id": request_id, "confirmed_by": "ann"}}}}
    return run_graph(settings, "reset_confirm", config)


def state_of(settings: Settings, request_id: str) -> str:
    return str(value_of(settings.control_url, f"SELECT state FROM reset_requests WHERE request_id = '{request_id}'"))


def test_the_archive_holds_both_databases_and_restores_to_the_same_rows(settings: Settings) -> None:
    result = run_graph(settings, "archive_tables")
    assert result.success
    passed, says = checks_of(result)["archive:verified"]
    assert passed and "rows read back" in says
    (summary,) = list_archives(Path(settings.archives))
    assert summary.complete
    copies = {name: sqlite_url(settings.home / "restored" / f"{name}.db") for name in ("warehouse", "control")}
    restore(Path(settings.archives) / summary.name, copies)
    assert rows_in(copies["warehouse"]) == rows_in(settings.database_url)
    found, live = rows_in(copies["control"]), rows_in(settings.control_url)
    of_itself = [name for name in live if live[name] != found[name]]
    assert of_itself == ["archive_drills", "run_checks", "run_figures", "run_steps", "runs"]
    for name in of_itself:
        assert set(live[name]) > set(found[name]), "the archive adds what it did, and changes nothing"
    (ended,) = set(live["runs"]) - set(found["runs"])
    assert (ended[0], ended[1], ended[6]) == (result.run_id, "archive_tables", "succeeded")
    bytes_of = {name: value for run, _, name, value in live["run_figures"] if run == result.run_id}
    assert bytes_of["Compressed bytes"] == summary.bytes and bytes_of["Seconds"] >= 0
    assert {name for run, _, name, *_ in live["run_checks"] if run == result.run_id} == {"verified", "restorable"}


def test_the_nightly_archive_is_drilled_once_a_week(settings: Settings, control_state: Engine) -> None:
    def drilled() -> int:
        return len(drills.read_drills(control_state))

    first = run_graph(settings, "archive_tables")
    passed, says = checks_of(first)["archive:restorable"]
    assert passed and "came back" in says and drilled() == 1
    passed, again = checks_of(run_graph(settings, "archive_tables"))["archive:restorable"]
    assert passed and again == says and drilled() == 1
    a_week_ago = datetime.now(UTC) - timedelta(days=7)
    with control_state.begin() as connection:
        connection.execute(update(control_tables.archive_drills).values(drilled_at=a_week_ago.isoformat()))
    passed, says = checks_of(run_graph(settings, "archive_tables"))["archive:restorable"]
    assert passed and says != again and drilled() == 2


def test_a_drill_that_fails_is_an_error_and_is_tried_again(settings: Settings, control_state: Engine) -> None:
    put_text_into_an_integer_column(settings.home / "subs.db")
    for night in (1, 2):
        result = run_graph(settings, "archive_tables")
        assert result.success
        assert checks_of(result)["archive:verified"][0]
        passed, says = checks_of(result)["archive:restorable"]
        assert not passed and "bent" in says and len(drills.read_drills(control_state)) == night


def test_archives_that_newer_ones_stand_for_are_removed(settings: Settings, control_state: Engine) -> None:
    for _ in range(2):
        assert run_graph(settings, "archive_tables").success
    request_id = reset.request(control_state, "ann")
    assert archive_for(settings, request_id).success
    for _ in range(3):
        assert run_graph(settings, "archive_tables").success
    place = open_place(settings.archives, settings.scratch)
    before = [one.number for one in place.summaries()]
    result = run_graph(settings, "prune_archives", {"ops": {"prune_superseded": {"config": {"daily": 1}}}})
    assert result.success, reason_of(result)
    assert before == [6, 5, 4, 3, 2, 1]
    assert [one.number for one in place.summaries()] == [6, 5, 3]  # two that were read back, and the one of the reset


def test_an_archive_is_made_while_a_run_holds_the_lock(settings: Settings) -> None:
    with run_lock(settings.home, settings.database_url, "a run"):
        assert run_graph(settings, "archive_tables").success


def test_a_reset_wipes_what_its_archive_holds(settings: Settings, control_state: Engine) -> None:
    before = rows_in(settings.database_url)
    request_id = reset.request(control_state, "ann")
    assert archive_for(settings, request_id).success
    assert state_of(settings, request_id) == "archived"
    assert rows_in(settings.database_url) == before
    result = confirm(settings, request_id)
    assert result.success, reason_of(result)
    assert state_of(settings, request_id) == "wiped"
    after = rows_in(settings.database_url)
    assert after.pop("alembic_version") == before["alembic_version"]
    assert set(after) >= set(metadata.tables) and not any(after.values())
    (archive,) = list_archives(Path(settings.archives))
    copy = sqlite_url(settings.home / "restored.db")
    restore(Path(settings.archives) / archive.name, {"warehouse": copy})
    assert rows_in(copy) == before


def test_archive_prune_and_reset_in_an_object_store(
    settings: Settings, control_state: Engine, object_store: ObjectStore
) -> None:
    settings = replace(settings, archives=object_store.url)
    place = open_place(settings.archives, settings.scratch)
    for _ in range(2):
        result = run_graph(settings, "archive_tables")
        assert (
            result.success and checks_of(result)["archive:verified"][0] and checks_of(result)["archive:restorable"][0]
        )
    assert [(one.number, one.complete) for one in place.summaries()] == [(2, True), (1, True)]
    request_id = reset.request(control_state, "ann")
    assert archive_for(settings, request_id).success
    none = {"ops": {"prune_superseded": {"config": {"daily": 0, "weekly": 0, "monthly": 0}}}}
    assert run_graph(settings, "prune_archives", none).success
    assert [one.number for one in place.summaries()] == [3, 2]
    result = confirm(settings, request_id)
    assert result.success, reason_of(result)
    assert state_of(settings, request_id) == "wiped"
    assert not (settings.home / "archives").exists()


def test_a_reset_is_refused_after_a_change(settings: Settings, control_state: Engine) -> None:
    request_id = reset.request(control_state, "ann")
    assert archive_for(settings, request_id).success
    with sqlite3.connect(sqlite_file(settings.database_url) or "") as connection:
        connection.execute("UPDATE listings SET price = price + 0.01 WHERE sku = 'c001'")
    connection.close()
    before = rows_in(settings.database_url)
    result = confirm(settings, request_id)
    assert not result.success and "listings" in reason_of(result)
    assert rows_in(settings.database_url) == before
    assert state_of(settings, request_id) == "refused"


@pytest.mark.parametrize("step", ["archive", "confirm"])
def test_an_unknown_request_is_refused(settings: Settings, control_state: Engine, step: str) -> None:
    before = rows_in(settings.database_url)
    known = reset.request(control_state, "ann")
    if step == "confirm":
        assert archive_for(settings, known).success
    result = (archive_for if step == "archive" else confirm)(settings, "0" * 12)
    assert not result.success and "0" * 12 in reason_of(result)
    assert rows_in(settings.database_url) == before
    assert state_of(settings, known) == ("requested" if step == "archive" else "archived")


def test_a_reset_without_its_archive_is_refused(settings: Settings, control_state: Engine) -> None:
    before = rows_in(settings.database_url)
    request_id = reset.request(control_state, "ann")
    result = confirm(settings, request_id)
    assert not result.success and "not archived" in reason_of(result)
    assert rows_in(settings.database_url) == before


def test_a_reset_does_not_wipe_under_a_run(settings: Settings, control_state: Engine) -> None:
    before = rows_in(settings.database_url)
    request_id = reset.request(control_state, "ann")
    assert archive_for(settings, request_id).success
    with run_lock(settings.home, settings.database_url, "run 1f3a"):
        result = confirm(settings, request_id)
    assert not result.success and "run 1f3a" in reason_of(result)
    assert rows_in(settings.database_url) == before
    assert state_of(settings, request_id) == "archived"  # it can be confirmed when the run has ended
