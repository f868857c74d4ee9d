"""What somebody may try, or what may befall a reset, so that a warehouse is wiped for which no equal archive stands: on
real files, real databases and in real processes.
"""

import multiprocessing
import sqlite3
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from subs_assets.archive import manifest, reset, reset_state, snapshot, store
from subs_assets.archive.drill import Drill
from subs_assets.archive.errors import ResetRefused
from subs_assets.archive.manifest import manifest_sha256
from subs_assets.archive.places import LocalPlace
from subs_assets.archive.postgres.wipe import PostgresWipe
from subs_assets.archive.sqlite import wipe as sqlite_wipe
from subs_assets.archive.sqlite.wipe import SqliteWipe
from subs_assets.database.control import open_control
from subs_assets_tests import plain_sql
from subs_assets_tests.shops_and_runs import rows_in
from subs_assets_tests.unit.archive.conftest import Place, PostgresSchemas, SqliteFiles

# A child that is forked is at work at once; where there is no fork it starts anew.
processes = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")


def archive_of(place: Place) -> Path:
    """The folder of the newest archive."""
    return place.archives / store.list_archives(place.archives)[0].name


def refused(place: SqliteFiles | PostgresSchemas, request_id: str, word: str) -> None:
    before = place.content()
    outcome = place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == ("refused", True), outcome
    assert place.content() == before


@pytest.mark.archive_case(67)
def test_what_only_looks_like_a_requests_id_is_none(place: SqliteFiles | PostgresSchemas) -> None:
    request_id = place.archived_without_drill()
    before = place.content()
    likenesses = [f" {request_id}", f"{request_id} ", f"{request_id}\n", "*", "%", "_" * 12, f"{request_id[:6]}%", ""]
    for likeness in [*likenesses, f"{request_id}' OR '1' = '1"]:
        assert "there is no reset request" in place.confirm(likeness).sentence
    plain_sql.execute(place.databases["control"], "UPDATE reset_requests SET request_id = 'abcdefabcdef'")
    assert "there is no reset request" in place.confirm("ABCDEFABCDEF").sentence
    assert place.content() == before
    (waiting,) = reset.pending(place.control)
    assert waiting.state == "archived"


@pytest.mark.archive_case(64, 67)
def test_a_request_that_was_written_into_the_control_state_by_hand_wipes_nothing(
    sqlite_place: SqliteFiles,
) -> None:
    """Its archive may be equal: nobody has proven that it can be restored."""
    folder = snapshot.create(sqlite_place.databases, sqlite_place.archives)
    request_id = reset.request(sqlite_place.control, "ana")
    forged = f"UPDATE reset_requests SET state = 'archived', archive = '{folder.name}'"
    plain_sql.execute(sqlite_place.databases["control"], forged)
    refused(sqlite_place, request_id, "is not the one that was made and proven for this request")


@pytest.mark.archive_case(64)
def test_an_archive_that_was_made_anew_under_the_same_name_wipes_nothing(sqlite_place: SqliteFiles) -> None:
    request_id = sqlite_place.archived_without_drill()
    folder = archive_of(sqlite_place)
    changed = store.read_manifest(folder).model_copy(update={"note": "another"})
    for name in (manifest.MANIFEST, manifest.MANIFEST_HASH):
        (folder / name).unlink()
    manifest.write_manifest(folder, changed)
    refused(sqlite_place, request_id, "is not the one that was made and proven for this request")


@pytest.mark.archive_case(64)
def test_an_archive_that_goes_while_the_warehouse_is_compared_wipes_nothing(
    place: SqliteFiles | PostgresSchemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = place.archived_without_drill()
    folder = archive_of(place)
    kind: type[Any] = SqliteWipe if isinstance(place, SqliteFiles) else PostgresWipe
    real = kind.wipe

    def wipe(self: Any) -> Mapping[str, int]:
        folder.rename(folder.with_name("elsewhere"))
        rows: Mapping[str, int] = real(self)
        return rows

    monkeypatch.setattr(kind, "wipe", wipe)
    refused(place, request_id, "was changed or removed meanwhile")


@pytest.mark.archive_case(64)
def test_the_archive_of_another_database_wipes_neither_however_equal(place: SqliteFiles | PostgresSchemas) -> None:
    """As when SUBS_DATABASE_URL was changed in between, and production has what was copied to a test system."""
    request_id = place.archived_without_drill()
    another, before = place.another(), place.content()
    rows = rows_in(another)
    outcome = reset.confirm(place.control, request_id, "ben", another, LocalPlace(place.archives))
    assert (outcome.state, "is of another database" in outcome.sentence) == ("refused", True), outcome
    assert rows_in(another) == rows and rows["listings"]
    assert place.content() == before


@pytest.mark.archive_case(64)
def test_an_archive_of_a_part_wipes_nothing(sqlite_place: SqliteFiles) -> None:
    request_id = sqlite_place.archived_without_drill({"control": sqlite_place.databases["control"]})
    refused(sqlite_place, request_id, "it holds no database warehouse")


@pytest.mark.archive_case(64)
def test_an_archive_that_is_not_complete_wipes_nothing(sqlite_place: SqliteFiles) -> None:
    sqlite_place.execute("CREATE TABLE t (rowid, oid, _rowid_)")
    refused(sqlite_place, sqlite_place.archived_without_drill(), "it is not complete: ")


@pytest.mark.archive_case(67)
def test_control_state_from_before_the_confirmation_wipes_only_what_the_archive_equals(
    place: SqliteFiles | PostgresSchemas,
) -> None:
    """Whoever restores it has the request back as it waited: used, and good for another confirmation."""

    def put_back() -> None:
        plain_sql.execute(
            place.databases["control"],
            "UPDATE reset_requests SET state = 'archived', confirmed_by = NULL, finished_at = NULL, outcome = NULL",
            "DELETE FROM audit_log WHERE what IN ('reset confirmed', 'reset wiped', 'reset refused')",
        )

    request_id = place.archived_without_drill()
    assert place.confirm(request_id).state == "wiped"
    put_back()
    refused(place, request_id, "table companies has 0 rows, 2 were archived")
    put_back()
    place.execute("INSERT INTO companies VALUES ('iga')")
    refused(place, request_id, "table companies has 1 rows, 2 were archived")


@pytest.mark.archive_case(67)
def test_a_failed_second_archive_does_not_undo_the_first(
    sqlite_place: SqliteFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor's run and a person by hand, at once: who comes too late changes nothing."""
    request_id = reset.request(sqlite_place.control, "ana")

    def drill_meanwhile(folder: Path, *_: object) -> Drill:
        (waiting,) = reset.pending(sqlite_place.control)
        reset_state.note_archive(sqlite_place.control, waiting, folder.name, manifest_sha256(folder))
        return Drill(False, ("it cannot be restored",), 0, 0)

    monkeypatch.setattr(reset, "drill", drill_meanwhile)
    with pytest.raises(ResetRefused, match=r"cannot be restored; .* no longer requested"):
        reset.archive_request(
            sqlite_place.control, request_id, sqlite_place.databases, LocalPlace(sqlite_place.archives)
        )
    (waiting,) = reset.pending(sqlite_place.control)
    assert waiting.state == "archived"
    assert sqlite_place.confirm(request_id).state == "wiped"


def confirm_when_all_are_ready(
    ready: Any, outcomes: Any, databases: Mapping[str, str], request_id: str, archives: Path
) -> None:
    control = open_control(databases["control"])
    ready.wait()
    outcome = reset.confirm(control, request_id, "ben", databases["warehouse"], LocalPlace(archives))
    outcomes.put((outcome.state, outcome.sentence))


@pytest.mark.archive_case(68)
def test_of_confirmations_at_once_one_wipes(place: SqliteFiles | PostgresSchemas) -> None:
    """Two requests, each confirmed by two processes, without the run lock that the command and the job hold."""
    requests = [place.archived_without_drill() for _ in range(2)]
    before = place.content()
    ready, outcomes = processes.Barrier(4), processes.Queue()
    children = [
        processes.Process(
            target=confirm_when_all_are_ready, args=(ready, outcomes, place.databases, request_id, place.archives)
        )
        for request_id in requests * 2
    ]
    for child in children:
        child.start()
    said = [outcomes.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    assert sorted(state for state, _ in said) == ["refused", "refused", "refused", "wiped"], said
    assert sum("no longer what was archived" in sentence for _, sentence in said) == 1, said
    assert sorted(request.state for request in reset.requests(place.control)) == ["refused", "wiped"]
    assert place.restored_aside() == before


def confirm_and_stop(before_commit: Any, databases: Mapping[str, str], request_id: str, archives: Path) -> None:
    def stop(_: object) -> None:
        before_commit.set()
        time.sleep(60)

    SqliteWipe.commit = PostgresWipe.commit = stop  # type: ignore[method-assign]
    reset.confirm(open_control(databases["control"]), request_id, "ben", databases["warehouse"], LocalPlace(archives))


class EndingInAnError(sqlite3.Connection):
    """Whose COMMIT, or ROLLBACK in its place, ends with an error, as where a disk fails."""

    ends_by = "COMMIT"
    is_readable = True

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if statement == "COMMIT":
            super().execute(self.ends_by)
            self.is_at_an_end = True
            raise sqlite3.OperationalError("disk I/O error")
        if getattr(self, "is_at_an_end", False) and not self.is_readable:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(statement, *parameters)


@pytest.mark.archive_case(69)
@pytest.mark.parametrize(
    ("ends_by", "is_readable", "state", "word"),
    [
        ("COMMIT", True, "wiped", "6 rows of 4 tables were wiped"),
        ("ROLLBACK", True, "refused", "the warehouse is as it was: OperationalError: disk I/O error"),
        ("COMMIT", False, "refused", "whether it was done cannot be found out"),
    ],
)
def test_a_commit_that_ends_with_an_error_is_looked_after(
    sqlite_place: SqliteFiles,
    monkeypatch: pytest.MonkeyPatch,
    ends_by: str,
    is_readable: bool,
    state: str,
    word: str,
) -> None:
    request_id = sqlite_place.archived_without_drill()
    before = sqlite_place.content()
    monkeypatch.setattr(EndingInAnError, "ends_by", ends_by)
    monkeypatch.setattr(EndingInAnError, "is_readable", is_readable)
    connect = partial(sqlite3.connect, factory=EndingInAnError)
    monkeypatch.setattr(sqlite_wipe, "sqlite3", SimpleNamespace(connect=connect, Error=sqlite3.Error))
    outcome = sqlite_place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == (state, True), outcome
    assert (sqlite_place.content() == before) is (ends_by == "ROLLBACK")
    assert ("as it was" in outcome.sentence) is (ends_by == "ROLLBACK")


@pytest.mark.archive_case(69)
def test_a_wipe_that_is_killed_is_rolled_back_and_not_taken_up_again(place: SqliteFiles | PostgresSchemas) -> None:
    request_id = place.archived_without_drill()
    before = place.content()
    wiped = processes.Event()
    child = processes.Process(target=confirm_and_stop, args=(wiped, place.databases, request_id, place.archives))
    child.start()
    assert wiped.wait(60)
    child.kill()
    child.join()
    if isinstance(place, PostgresSchemas):
        place.execute("SET lock_timeout = '20s'; LOCK TABLE listings")  # until the server has noticed
    assert place.content() == before
    refused(place, request_id, "was confirmed before")
