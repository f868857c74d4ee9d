import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from subs_assets.archive import reset, reset_state, snapshot, store
from subs_assets.archive.databases import open_for_wiping
from subs_assets.archive.errors import CommitUnknown, ResetRefused, UnreadableDatabase
from subs_assets.archive.places import LocalPlace
from subs_assets.archive.prune import archives_in_use
from subs_assets.database.control_tables import audit_log
from subs_assets.database.engine import writing
from subs_assets_tests.unit.archive.conftest import (
    Place,
    PostgresSchemas,
    SqliteFiles,
    put_text_into_an_integer_column,
)


def test_a_confirmed_reset_empties_every_table_but_the_revision_and_everything_comes_back(
    place: SqliteFiles | PostgresSchemas,
) -> None:
    before = place.content()
    request_id = place.archived()
    (waiting,) = reset.pending(place.control)
    assert (waiting.request_id, waiting.state, waiting.requested_by, waiting.reason) == (
        request_id,
        "archived",
        "ana",
        "start afresh",
    )
    outcome = place.confirm(request_id)
    rows = {"companies": 2, "listings": 2, "somebodys_notes": 1}
    if isinstance(place, SqliteFiles):
        rows["sqlite_sequence"] = 1
    assert (outcome.state, dict(outcome.rows)) == ("wiped", rows)
    after = place.content()
    assert after["schema"] == before["schema"]
    assert after["alembic_version"] == before["alembic_version"]
    assert [after[table] for table in outcome.rows] == [[] for _ in rows]
    assert reset.pending(place.control) == []
    assert place.restored_aside() == before
    assert place.audit() == [
        ("ana", "reset requested"),
        ("ana", "reset archived"),
        ("ben", "reset confirmed"),
        ("ben", "reset wiped"),
    ]


def test_nobody_is_not_somebody(place: SqliteFiles | PostgresSchemas) -> None:
    with pytest.raises(ValueError, match="requested_by is empty"):
        reset.request(place.control, " ")
    with pytest.raises(ValueError, match="confirmed_by is empty"):
        reset.confirm(place.control, "0" * 12, "", place.databases["warehouse"], LocalPlace(place.archives))
    assert reset.requests(place.control) == [] and place.audit() == []


def test_the_control_state_is_archived_and_not_compared(place: SqliteFiles | PostgresSchemas) -> None:
    request_id = place.archived()
    (archive,) = store.list_archives(place.archives)
    (archived,) = store.read_rows(place.archives / archive.name, "reset_requests", "control")
    assert (archived["request_id"], archived["state"]) == (request_id, "requested")


CHANGES = [
    (["UPDATE listings SET price = 1.25 WHERE id = 1"], "table listings has as many rows"),
    (["UPDATE alembic_version SET version_num = '0004'"], "table alembic_version"),
    (["INSERT INTO somebodys_notes VALUES ('late')"], "table somebodys_notes has 2 rows, 1 were archived"),
    (["DELETE FROM somebodys_notes"], "table somebodys_notes has 0 rows"),
    (["CREATE TABLE later (a int)"], "table later is in the database and not in the archive"),
    (["DROP TABLE somebodys_notes"], "table somebodys_notes is in the archive and not in the database"),
    (["ALTER TABLE listings RENAME COLUMN price TO cost"], "table listings is defined otherwise"),
    (["CREATE INDEX later ON listings (price)"], "index later is defined otherwise"),
    (["DROP VIEW cheap"], "view cheap is defined otherwise"),
]


def refuses_after(place: SqliteFiles | PostgresSchemas, statements: list[str], word: str) -> None:
    request_id = place.archived_without_drill()
    place.execute(*statements)
    before = place.content()
    outcome = place.confirm(request_id)
    assert outcome.state == "refused"
    assert word in outcome.sentence
    assert place.content() == before
    assert place.audit()[-1] == ("ben", "reset refused")
    again = place.confirm(request_id)
    assert again.state == "refused"
    assert "was refused already: " in again.sentence


@pytest.mark.archive_case(64, 65)
@pytest.mark.parametrize(("statements", "word"), CHANGES)
def test_a_warehouse_that_changed_since_is_not_wiped(
    place: SqliteFiles | PostgresSchemas, statements: list[str], word: str
) -> None:
    refuses_after(place, statements, word)


@pytest.mark.archive_case(66)
@pytest.mark.parametrize(
    ("statements", "word"),
    [
        (["UPDATE sqlite_sequence SET seq = 9"], "table sqlite_sequence"),
        (["INSERT INTO listings (price) VALUES (1)", "DELETE FROM listings WHERE id = 3"], "table sqlite_sequence"),
    ],
)
def test_a_sequence_that_was_advanced_is_a_change(sqlite_place: SqliteFiles, statements: list[str], word: str) -> None:
    refuses_after(sqlite_place, statements, word)


@pytest.mark.archive_case(66)
@pytest.mark.parametrize(
    ("statements", "word"),
    [
        (["SELECT nextval('counter')"], 'sequence "public"."counter" stands at 2, 1 was archived'),
        (["SELECT setval('counter', 1, false)"], 'sequence "public"."counter" stands at 1'),
        (["INSERT INTO listings (price) VALUES (1)", "DELETE FROM listings WHERE id = 3"], "listings_id_seq"),
        (["ALTER SEQUENCE counter MAXVALUE 99"], "sequence counter is defined otherwise"),
        (["ALTER TABLE companies DISABLE TRIGGER ALL"], "has what no archive holds"),
        (["CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'"], "function later() is defined otherwise"),
        (["CREATE SCHEMA later", "CREATE TABLE later.t (a int)"], 'somebody else\'s: "later"."t"; give the warehouse'),
        (["ALTER TABLE listings ENABLE ROW LEVEL SECURITY"], "row security enable listings is defined otherwise"),
        (["CREATE PUBLICATION p FOR ALL TABLES"], "publication p"),
        (["SELECT lo_create(0)"], "1 large objects"),
    ],
)
def test_a_change_beyond_the_rows_is_found_on_postgresql(
    postgres_place: PostgresSchemas, statements: list[str], word: str
) -> None:
    refuses_after(postgres_place, statements, word)


def test_views_made_in_another_order_are_a_difference(sqlite_place: SqliteFiles) -> None:
    sqlite_place.execute("CREATE VIEW dear AS SELECT 1")
    request_id = sqlite_place.archived()
    sqlite_place.execute("DROP VIEW cheap", "CREATE VIEW cheap AS SELECT * FROM listings WHERE price < 2")
    assert "in another order" in sqlite_place.confirm(request_id).sentence


def test_nobody_writes_between_the_comparison_and_the_wipe(sqlite_place: SqliteFiles) -> None:
    entry = store.read_manifest(snapshot.create(sqlite_place.databases, sqlite_place.archives)).databases["warehouse"]
    with (
        open_for_wiping(sqlite_place.databases["warehouse"], entry),
        closing(sqlite3.connect(sqlite_place.warehouse, isolation_level=None, timeout=0.1)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("INSERT INTO somebodys_notes VALUES ('between')")


def test_statistics_of_the_query_planner_are_no_difference(place: SqliteFiles | PostgresSchemas) -> None:
    request_id = place.archived_without_drill()
    place.execute("ANALYZE")
    assert place.confirm(request_id).state == "wiped"


@pytest.mark.archive_case(67)
def test_a_request_is_good_for_one_wipe(place: SqliteFiles | PostgresSchemas) -> None:
    request_id = place.archived_without_drill()
    assert place.confirm(request_id).state == "wiped"
    place.execute("INSERT INTO companies VALUES ('iga')")
    before = place.content()
    again = place.confirm(request_id)
    assert (again.state, "was wiped already: " in again.sentence) == ("refused", True)
    assert place.content() == before


@pytest.mark.archive_case(67)
def test_an_expired_request_cannot_be_confirmed_or_archived(place: SqliteFiles | PostgresSchemas) -> None:
    late = datetime.now(UTC) + reset_state.EXPIRES_AFTER + timedelta(minutes=1)
    archived, waiting = place.archived_without_drill(), reset.request(place.control, "ana")
    before = place.content()
    outcome = place.confirm(archived, late)
    assert outcome.state == "expired"
    assert place.content() == before
    assert place.confirm(archived).state == "refused"
    with pytest.raises(ResetRefused, match="more than 24 hours"):
        reset.archive_request(place.control, waiting, place.databases, LocalPlace(place.archives), late)
    another = reset.request(place.control, "ana")
    assert reset.pending(place.control, late) == []
    found = reset_state.find(place.control, another)
    assert found is not None
    assert found.state == "expired"


@pytest.mark.archive_case(67)
def test_a_request_from_the_future_is_refused(place: SqliteFiles | PostgresSchemas) -> None:
    outcome = place.confirm(place.archived_without_drill(), datetime.now(UTC) - timedelta(hours=1))
    assert (outcome.state, "the clock was set back" in outcome.sentence) == ("refused", True)


@pytest.mark.archive_case(67)
def test_a_forged_or_unarchived_request_is_refused(place: SqliteFiles | PostgresSchemas) -> None:
    before = place.content()
    assert "there is no reset request" in place.confirm("0123456789ab").sentence
    assert "is requested, not archived" in place.confirm(reset.request(place.control, "ana")).sentence
    assert place.content() == before
    assert place.audit()[0] == ("ben", "reset confirmation turned down")


def damage(place: Place, archive: Path) -> None:
    file = next((archive / "data").iterdir())
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def put_another_in_its_place(place: Place, archive: Path) -> None:
    other = snapshot.create({"warehouse": place.databases["warehouse"]}, archive.parents[1] / "elsewhere")
    archive.rename(archive.parent / "moved")
    other.rename(archive)


def move_away(place: Place, archive: Path) -> None:
    archive.rename(archive.parent / "away")


@pytest.mark.archive_case(64)
@pytest.mark.parametrize(
    ("change", "word"),
    [
        (damage, "cannot be relied on"),
        (put_another_in_its_place, "the manifest is that of the archive"),
        (move_away, "is missing"),
    ],
)
def test_an_archive_that_is_no_longer_good_wipes_nothing(
    place: SqliteFiles | PostgresSchemas, change: Callable[[Place, Path], None], word: str
) -> None:
    request_id = place.archived_without_drill()
    change(place, place.archives / store.list_archives(place.archives)[0].name)
    before = place.content()
    outcome = place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == ("refused", True), outcome
    assert place.content() == before


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("CREATE TABLE t (rowid, oid, _rowid_)", "not complete"),
        ("CREATE VIRTUAL TABLE elsewhere USING unknown_module", None),
    ],
)
def test_an_incomplete_archive_refuses_the_request(sqlite_place: SqliteFiles, statement: str, word: str | None) -> None:
    if word is None:
        with closing(sqlite3.connect(sqlite_place.warehouse, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(
                "INSERT INTO sqlite_master VALUES ('table', 'elsewhere', 'elsewhere', 0, ?)", (statement,)
            )
    else:
        sqlite_place.execute(statement)
    request_id = reset.request(sqlite_place.control, "ana")
    with pytest.raises(ResetRefused, match=word or "not complete"):
        reset.archive_request(
            sqlite_place.control, request_id, sqlite_place.databases, LocalPlace(sqlite_place.archives)
        )
    found = reset_state.find(sqlite_place.control, request_id)
    assert found is not None
    assert found.state == "refused"


def test_an_archive_that_cannot_be_restored_refuses_the_request(sqlite_place: SqliteFiles) -> None:
    put_text_into_an_integer_column(sqlite_place.warehouse)
    request_id = reset.request(sqlite_place.control, "ana")
    with pytest.raises(ResetRefused, match="table bent has as many rows as were archived, 1, but not the same"):
        reset.archive_request(
            sqlite_place.control, request_id, sqlite_place.databases, LocalPlace(sqlite_place.archives)
        )
    assert reset.pending(sqlite_place.control) == []


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        (
            "CREATE TRIGGER log AFTER DELETE ON somebodys_notes BEGIN INSERT INTO companies VALUES ('late'); END",
            "after the wipe",
        ),
        ("CREATE TRIGGER guard BEFORE DELETE ON listings BEGIN SELECT RAISE(ABORT, 'never'); END", "never"),
        ("CREATE TRIGGER trick AFTER DELETE ON listings BEGIN DELETE FROM alembic_version; END", "alembic_version"),
        ("CREATE VIRTUAL TABLE words USING fts5 (t)", "virtual tables"),
    ],
)
def test_a_wipe_that_does_not_end_in_an_empty_database_is_rolled_back(
    sqlite_place: SqliteFiles, statement: str, word: str
) -> None:
    sqlite_place.execute(statement)
    request_id = sqlite_place.archived()
    before = sqlite_place.content()
    outcome = sqlite_place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == ("refused", True), outcome
    assert sqlite_place.content() == before


def test_a_warehouse_in_use_is_not_wiped(sqlite_place: SqliteFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subs_assets.archive.sqlite.wipe.BUSY_SECONDS", 0.1)
    request_id = sqlite_place.archived()
    with closing(sqlite3.connect(sqlite_place.warehouse, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO somebodys_notes VALUES ('half way')")
        outcome = sqlite_place.confirm(request_id)
        other.execute("COMMIT")
    assert (outcome.state, "locked" in outcome.sentence) == ("refused", True)


@pytest.mark.archive_case(69)
def test_a_confirmation_that_was_cut_off_is_not_taken_up_again(place: SqliteFiles | PostgresSchemas) -> None:
    request_id = place.archived_without_drill()
    waiting = reset_state.find(place.control, request_id)
    assert waiting is not None
    reset_state.claim(place.control, waiting, "a process that was killed")
    before = place.content()
    late = datetime.now(UTC) + reset_state.EXPIRES_AFTER + timedelta(minutes=1)
    for outcome in (place.confirm(request_id), place.confirm(request_id, late)):
        assert (outcome.state, "was confirmed before" in outcome.sentence) == ("refused", True)
    assert place.content() == before
    assert reset.pending(place.control) == []
    (cut_off,) = reset.requests(place.control, late)
    assert (cut_off.state, cut_off.confirmed_by, cut_off.outcome) == ("archived", "a process that was killed", None)


def test_the_audit_log_says_which_archive(place: SqliteFiles | PostgresSchemas) -> None:
    place.archived()
    with place.control.connect() as connection:
        line = connection.execute(select(audit_log.c.detail).where(audit_log.c.what == "reset archived")).scalar_one()
    (archive,) = store.list_archives(place.archives)
    assert json.loads(line)["archive"] == archive.name


@pytest.mark.parametrize(
    ("problem", "state", "word"),
    [
        (CommitUnknown("nobody can tell"), "refused", "nobody can tell"),
        (UnreadableDatabase("it is locked"), "refused", "the warehouse is as it was: it is locked"),
        (None, "wiped", "6 rows of 1 tables were wiped"),
    ],
)
def test_how_it_ended_is_said_even_where_it_cannot_be_noted(
    place: SqliteFiles | PostgresSchemas,
    monkeypatch: pytest.MonkeyPatch,
    problem: Exception | None,
    state: str,
    word: str,
) -> None:
    def lose_the_control_state(*_: object) -> dict[str, int]:
        with writing(place.control) as connection:
            connection.exec_driver_sql("DROP TABLE reset_requests")
        if problem is not None:
            raise problem
        return {"listings": 6}

    request_id = place.archived_without_drill()
    monkeypatch.setattr(reset, "_compare_and_wipe", lose_the_control_state)
    outcome = place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == (state, True), outcome
    assert "could not be noted in the control state" in outcome.sentence


def test_the_archive_of_what_was_wiped_is_in_use_for_good(place: SqliteFiles | PostgresSchemas) -> None:
    waiting = place.archived_without_drill()
    (archive,) = archives_in_use(place.control)
    assert place.confirm(waiting).state == "wiped"
    assert archives_in_use(place.control) == {archive}
    reset.request(place.control, "ana")
    assert archives_in_use(place.control) == {archive}
