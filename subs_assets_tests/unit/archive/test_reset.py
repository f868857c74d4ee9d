import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from subs_assets.archive import reset, reset_state, restore, snapshot, store
from subs_assets.archive.databases import open_for_wiping
from subs_assets.archive.errors import ResetRefused
from subs_assets.database.control import audit_log, open_control
from subs_assets_tests.unit.archive.conftest import MakeDatabase, put_text_into_an_integer_column, url_of
from subs_assets_tests.unit.archive.oracle import content

SCRIPT = """
PRAGMA journal_mode = wal;
CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY); INSERT INTO alembic_version VALUES ('0003');
CREATE TABLE companies (slug TEXT PRIMARY KEY); INSERT INTO companies VALUES ('aldi'), ('coles');
CREATE TABLE listings (id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug REFERENCES companies (slug), price REAL);
INSERT INTO listings (slug, price) VALUES ('aldi', 1.5), ('coles', 2.5);
CREATE TABLE somebodys_notes (note); INSERT INTO somebodys_notes VALUES ('mine');
CREATE VIEW cheap AS SELECT * FROM listings WHERE price < 2;
"""


class Place:
    """A warehouse, its control state and its archives."""

    def __init__(self, warehouse: Path, control: Engine, control_path: Path, archives: Path) -> None:
        self.warehouse = warehouse
        self.control = control
        self.databases = {"warehouse": url_of(warehouse), "control": url_of(control_path)}
        self.archives = archives

    def archived(self) -> str:
        request_id = reset.request(self.control, "ana", "start afresh")
        reset.archive_request(self.control, request_id, self.databases, self.archives)
        return request_id

    def confirm(self, request_id: str, now: datetime | None = None) -> reset.Outcome:
        return reset.confirm(self.control, request_id, "ben", self.databases["warehouse"], self.archives, now)

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.warehouse, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def audit(self) -> list[tuple[str, str]]:
        with self.control.connect() as connection:
            return [(row.who, row.what) for row in connection.execute(select(audit_log).order_by(audit_log.c.entry))]


@pytest.fixture
def place(make_database: MakeDatabase, tmp_path: Path) -> Place:
    control_path = tmp_path / "control.db"
    return Place(
        make_database(SCRIPT, name="subs.db"), open_control(url_of(control_path)), control_path, tmp_path / "archives"
    )


def test_a_confirmed_reset_empties_every_table_but_the_revision_and_everything_comes_back(
    place: Place, tmp_path: Path
) -> None:
    before = content(place.warehouse)
    request_id = place.archived()
    (waiting,) = reset.pending(place.control)
    assert (waiting.request_id, waiting.state, waiting.requested_by, waiting.reason) == (
        request_id,
        "archived",
        "ana",
        "start afresh",
    )
    outcome = place.confirm(request_id)
    assert (outcome.state, dict(outcome.rows)) == (
        "wiped",
        {"companies": 2, "listings": 2, "sqlite_sequence": 1, "somebodys_notes": 1},
    )
    after = content(place.warehouse)
    assert after["schema"] == before["schema"]
    assert after["alembic_version"] == before["alembic_version"]
    assert [after[table] for table in outcome.rows] == [[], [], [], []]
    assert reset.pending(place.control) == []
    restore.restore(store.list_archives(place.archives)[0].path, {"warehouse": url_of(tmp_path / "back.db")})
    assert content(tmp_path / "back.db") == before
    assert place.audit() == [
        ("ana", "reset requested"),
        ("ana", "reset archived"),
        ("ben", "reset confirmed"),
        ("ben", "reset wiped"),
    ]


def test_the_control_state_is_archived_and_not_compared(place: Place) -> None:
    request_id = place.archived()
    (archive,) = store.list_archives(place.archives)
    (archived,) = store.read_rows(archive.path, "reset_requests", "control")
    assert (archived["request_id"], archived["state"]) == (request_id, "requested")


@pytest.mark.parametrize(
    ("statements", "word"),
    [
        (["UPDATE listings SET price = 1.25 WHERE id = 1"], "table listings has as many rows"),
        (["UPDATE alembic_version SET version_num = '0004'"], "table alembic_version"),
        (["INSERT INTO somebodys_notes VALUES ('late')"], "table somebodys_notes has 2 rows, 1 were archived"),
        (["DELETE FROM somebodys_notes"], "table somebodys_notes has 0 rows"),
        (["UPDATE sqlite_sequence SET seq = 9"], "table sqlite_sequence"),
        (["INSERT INTO listings (price) VALUES (1)", "DELETE FROM listings WHERE id = 3"], "table sqlite_sequence"),
        (["CREATE TABLE later (a)"], "table later is in the database and not in the archive"),
        (["DROP TABLE somebodys_notes"], "table somebodys_notes is in the archive and not in the database"),
        (["ALTER TABLE listings RENAME COLUMN price TO cost"], "table listings is defined otherwise"),
        (["CREATE INDEX later ON listings (price)"], "index later is defined otherwise"),
        (["DROP VIEW cheap"], "view cheap is defined otherwise"),
    ],
)
def test_a_warehouse_that_changed_since_is_not_wiped(place: Place, statements: list[str], word: str) -> None:
    request_id = place.archived()
    place.execute(*statements)
    before = content(place.warehouse)
    outcome = place.confirm(request_id)
    assert outcome.state == "refused"
    assert word in outcome.sentence
    assert content(place.warehouse) == before
    assert place.audit()[-1] == ("ben", "reset refused")
    again = place.confirm(request_id)
    assert again.state == "refused"
    assert "is refused, not archived" in again.sentence


def test_views_made_in_another_order_are_a_difference(place: Place) -> None:
    place.execute("CREATE VIEW dear AS SELECT 1")
    request_id = place.archived()
    place.execute("DROP VIEW cheap", "CREATE VIEW cheap AS SELECT * FROM listings WHERE price < 2")
    assert "in another order" in place.confirm(request_id).sentence


def test_nobody_writes_between_the_comparison_and_the_wipe(place: Place) -> None:
    entry = store.read_manifest(snapshot.create(place.databases, place.archives)).databases["warehouse"]
    with (
        open_for_wiping(place.databases["warehouse"], entry),
        closing(sqlite3.connect(place.warehouse, isolation_level=None, timeout=0.1)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("INSERT INTO somebodys_notes VALUES ('between')")


def test_statistics_of_the_query_planner_are_no_difference(place: Place) -> None:
    request_id = place.archived()
    place.execute("ANALYZE")
    assert place.confirm(request_id).state == "wiped"


def test_a_request_is_good_for_one_wipe(place: Place) -> None:
    request_id = place.archived()
    assert place.confirm(request_id).state == "wiped"
    restore.restore(
        store.list_archives(place.archives)[0].path, {"warehouse": url_of(place.warehouse.with_name("back.db"))}
    )
    place.warehouse.unlink()
    place.warehouse.with_name("back.db").rename(place.warehouse)
    before = content(place.warehouse)
    again = place.confirm(request_id)
    assert (again.state, "is wiped, not archived" in again.sentence) == ("refused", True)
    assert content(place.warehouse) == before


def test_an_expired_request_cannot_be_confirmed_or_archived(place: Place) -> None:
    late = datetime.now(UTC) + reset_state.EXPIRES_AFTER + timedelta(minutes=1)
    archived, waiting = place.archived(), reset.request(place.control, "ana")
    before = content(place.warehouse)
    outcome = place.confirm(archived, late)
    assert outcome.state == "expired"
    assert content(place.warehouse) == before
    assert place.confirm(archived).state == "refused"
    with pytest.raises(ResetRefused, match="more than 24 hours"):
        reset.archive_request(place.control, waiting, place.databases, place.archives, late)
    another = reset.request(place.control, "ana")
    assert reset.pending(place.control, late) == []
    found = reset_state.find(place.control, another)
    assert found is not None
    assert found.state == "expired"


def test_a_request_from_the_future_is_refused(place: Place) -> None:
    outcome = place.confirm(place.archived(), datetime.now(UTC) - timedelta(hours=1))
    assert (outcome.state, "the clock was set back" in outcome.sentence) == ("refused", True)


def test_a_forged_or_unarchived_request_is_refused(place: Place) -> None:
    before = content(place.warehouse)
    assert "there is no reset request" in place.confirm("0123456789ab").sentence
    assert "is requested, not archived" in place.confirm(reset.request(place.control, "ana")).sentence
    assert content(place.warehouse) == before
    assert place.audit()[0] == ("ben", "reset confirmation turned down")


def damage(archive: Path) -> None:
    file = next((archive / "data").iterdir())
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def put_another_in_its_place(archive: Path) -> None:
    databases = {"warehouse": url_of(archive.parents[1] / "subs.db")}
    other = snapshot.create(databases, archive.parents[1] / "elsewhere")
    archive.rename(archive.parent / "moved")
    other.rename(archive)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (damage, "cannot be relied on"),
        (put_another_in_its_place, "holds another archive"),
        (lambda archive: archive.rename(archive.parent / "away"), "is missing"),
    ],
)
def test_an_archive_that_is_no_longer_good_wipes_nothing(
    place: Place, change: Callable[[Path], None], word: str
) -> None:
    request_id = place.archived()
    change(store.list_archives(place.archives)[0].path)
    before = content(place.warehouse)
    outcome = place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == ("refused", True), outcome
    assert content(place.warehouse) == before


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("CREATE TABLE t (rowid, oid, _rowid_)", "not complete"),
        ("CREATE VIRTUAL TABLE elsewhere USING unknown_module", None),
    ],
)
def test_an_incomplete_archive_refuses_the_request(place: Place, statement: str, word: str | None) -> None:
    if word is None:
        with closing(sqlite3.connect(place.warehouse, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(
                "INSERT INTO sqlite_master VALUES ('table', 'elsewhere', 'elsewhere', 0, ?)", (statement,)
            )
    else:
        place.execute(statement)
    request_id = reset.request(place.control, "ana")
    with pytest.raises(ResetRefused, match=word or "not complete"):
        reset.archive_request(place.control, request_id, place.databases, place.archives)
    found = reset_state.find(place.control, request_id)
    assert found is not None
    assert found.state == "refused"


def test_an_archive_that_cannot_be_restored_refuses_the_request(place: Place) -> None:
    put_text_into_an_integer_column(place.warehouse)
    request_id = reset.request(place.control, "ana")
    with pytest.raises(ResetRefused, match="table bent has as many rows as were archived, 1, but not the same"):
        reset.archive_request(place.control, request_id, place.databases, place.archives)
    assert reset.pending(place.control) == []


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
def test_a_wipe_that_does_not_end_in_an_empty_database_is_rolled_back(place: Place, statement: str, word: str) -> None:
    place.execute(statement)
    request_id = place.archived()
    before = content(place.warehouse)
    outcome = place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == ("refused", True), outcome
    assert content(place.warehouse) == before


def test_a_warehouse_in_use_is_not_wiped(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subs_assets.archive.sqlite_wipe.BUSY_SECONDS", 0.1)
    request_id = place.archived()
    with closing(sqlite3.connect(place.warehouse, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO somebodys_notes VALUES ('half way')")
        outcome = place.confirm(request_id)
        other.execute("COMMIT")
    assert (outcome.state, "locked" in outcome.sentence) == ("refused", True)


def test_of_two_confirmations_at_once_one_wipes(place: Place) -> None:
    request_id = place.archived()
    outcomes: list[reset.Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(place.confirm(request_id))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.state for outcome in outcomes) == ["refused", "refused", "refused", "wiped"]
    found = reset_state.find(place.control, request_id)
    assert found is not None
    assert found.state == "wiped"


def test_a_confirmation_that_was_cut_off_is_not_taken_up_again(place: Place) -> None:
    request_id = place.archived()
    waiting = reset_state.find(place.control, request_id)
    assert waiting is not None
    reset_state.claim(place.control, waiting, "a process that was killed")
    before = content(place.warehouse)
    outcome = place.confirm(request_id)
    assert (outcome.state, "was confirmed before" in outcome.sentence) == ("refused", True)
    assert content(place.warehouse) == before


def test_the_audit_log_says_which_archive(place: Place) -> None:
    place.archived()
    with place.control.connect() as connection:
        line = connection.execute(select(audit_log.c.detail).where(audit_log.c.what == "reset archived")).scalar_one()
    (archive,) = store.list_archives(place.archives)
    assert json.loads(line)["archive"] == archive.path.name
