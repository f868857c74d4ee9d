"""Upgrades that may lose something, on real databases with rows: what survives, what is refused, what is left."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import Engine, select

from subs_assets.archive import store, upgrade, upgrade_state
from subs_assets.archive.errors import ArchiveError, UpgradeRefused
from subs_assets.archive.places import LocalPlace
from subs_assets.archive.prune import archives_in_use
from subs_assets.archive.restore import restore
from subs_assets.archive.verify import verify
from subs_assets.database import migrate
from subs_assets.database.check import check
from subs_assets.database.control import open_control
from subs_assets.database.control_tables import audit_log, schema_upgrades
from subs_assets.database.engine import DatabaseNotReady, open_engine
from subs_assets.database.guard import NeedsArchive
from subs_assets.database.lock import run_lock
from subs_assets.database.revise import meant, revision_source
from subs_assets.settings import sqlite_url
from subs_assets_tests import plain_sql
from subs_assets_tests.unit.database.conftest import on_postgresql, on_sqlite
from subs_assets_tests.unit.database.made_up_revisions import MadeUpRevisions
from subs_assets_tests.unit.database.test_migrate import (
    ALL,
    CATEGORIES,
    backend,
    fill_categories,
    rows,
    run_sql,
    schema,
)
from subs_assets_tests.unit.database.test_revise import models

MEASURED = "SELECT * FROM measured ORDER BY id"


@dataclass(frozen=True)
class Installation:
    """A warehouse with its control state and its archives."""

    url: str
    control: Engine
    place: LocalPlace
    databases: dict[str, str]

    def upgrade(self, tell: Callable[[str], None] = lambda sentence: None) -> upgrade.Upgraded:
        return upgrade.upgrade(self.control, "ana", self.databases, self.place, tell)

    def content(self) -> list[object]:
        """All that an upgrade could change."""
        tables = sorted(plain_sql.table_names(self.url))
        found: list[object] = [schema(self.url), tables]
        return found + [sorted(rows(self.url, f'SELECT * FROM "{table}"'), key=repr) for table in tables]


@pytest.fixture
def installation(url: str, tmp_path: Path) -> Installation:
    control = sqlite_url(tmp_path / "home" / "control.db")
    place = LocalPlace(tmp_path / "home" / "archives")
    return Installation(url, open_control(control), place, {"warehouse": url, "control": control})


@pytest.fixture
def filled(installation: Installation) -> Installation:
    """At the newest revision, with rows, an index, a view, a trigger and a foreign key."""
    migrate.upgrade(installation.url)
    fill_categories(installation.url, 20, "category_id")
    run_sql(
        installation.url,
        "CREATE TABLE measured (id INTEGER PRIMARY KEY, x DOUBLE PRECISION, word TEXT)",
        "INSERT INTO measured VALUES (1, 0.1, 'Käse'), (2, 2.0, 'Kuchen')",
    )
    return installation


@pytest.fixture
def revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUpRevisions:
    return MadeUpRevisions(tmp_path / "versions", monkeypatch)


@pytest.mark.archive_case(58)
def test_the_incident_from_the_model_that_was_renamed_first_to_a_whole_database(installation: Installation) -> None:
    url = installation.url
    migrate.upgrade(url, "0001")
    before = fill_categories(url)
    children = rows(url, "SELECT * FROM pins ORDER BY 1")
    assert any("category_id is expected" in sentence for sentence in check(url))
    with pytest.raises(NeedsArchive, match="store_product_id TO category_id` is not known to only add"):
        migrate.upgrade(url)
    assert rows(url, CATEGORIES) == before

    told: list[str] = []
    upgraded = installation.upgrade(told.append)

    assert upgraded.revisions == tuple(ALL[1:])
    assert [sentence.split()[0] for sentence in told] == ["`ALTER", "archived", "rehearsed"]
    assert check(url) == []
    assert rows(url, CATEGORIES) == before
    assert rows(url, "SELECT * FROM pins ORDER BY 1") == children
    assert rows(url, "SELECT category_id FROM categories WHERE name = 'Käse 1'") == [("id 1",)]
    assert rows(url, "SELECT id FROM by_id WHERE name = 'Käse 1'") == [("id 1",)]
    with pytest.raises(Exception, match=r"(?i)unique"):
        run_sql(url, "UPDATE categories SET category_id = 'id 1' WHERE name = 'Käse 2'")
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        run_sql(
            url, *(["PRAGMA foreign_keys = ON"] if backend(url) == "sqlite" else []), "INSERT INTO pins VALUES ('?')"
        )
    run_sql(
        url,
        "INSERT INTO categories SELECT 'iga', path, 'new', 1, 'new', '[]', 0, 0, is_leaf FROM categories LIMIT 1",
    )
    assert rows(url, "SELECT id FROM noted") == [("new",)]


@pytest.mark.archive_case(6, 7)
def test_the_archive_of_the_incident_holds_the_old_column_and_is_never_pruned(installation: Installation) -> None:
    migrate.upgrade(installation.url, "0001")
    fill_categories(installation.url, 20)
    upgraded = installation.upgrade()
    assert upgraded.archive is not None
    folder = Path(installation.place.location(upgraded.archive))
    assert verify(folder).ok
    assert next(store.read_rows(folder, "categories", "warehouse"))["store_product_id"] is None
    assert archives_in_use(installation.control) == {upgraded.archive}
    with installation.control.connect() as connection:
        (row,) = connection.execute(select(schema_upgrades)).all()
        lines = connection.execute(select(audit_log.c.who, audit_log.c.what, audit_log.c.detail)).all()
    assert (row.archive, row.state, row.asked_by) == (upgraded.archive, "done", "ana")
    assert (row.from_revisions, row.to_revisions) == ("0001", ALL[-1])
    assert [(line.who, line.what) for line in lines] == [("ana", "upgrade begun"), ("ana", "upgrade done")]
    assert json.loads(lines[0].detail)["archive"] == upgraded.archive


@pytest.mark.archive_case(56)
def test_an_older_archive_is_restored_as_it_was_and_then_upgraded_with_all_its_rows(
    installation: Installation, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = installation.url
    migrate.upgrade(url, "0001")
    before = fill_categories(url)
    upgraded = installation.upgrade()
    archive = Path(installation.place.location(upgraded.archive or ""))
    copy = url_of_another_database(url, tmp_path, request)
    assert restore(archive, {"warehouse": copy}).databases["warehouse"].alembic_heads == ("0001",)
    assert rows(copy, CATEGORIES) == before
    again = upgrade.upgrade(
        installation.control, "ben", {**installation.databases, "warehouse": copy}, installation.place
    )
    assert again.revisions == upgraded.revisions
    assert rows(copy, CATEGORIES) == rows(url, CATEGORIES)
    assert schema(copy) == schema(url)


def url_of_another_database(url: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """Of the same kind, empty."""
    if backend(url) == "sqlite":
        return sqlite_url(folder / "copy.db")
    server = request.getfixturevalue("postgres_server")
    name = server.new_database()
    request.addfinalizer(lambda: server.drop_database(name))
    return str(server.url(name))


def test_what_only_adds_is_done_at_once(filled: Installation, revisions: MadeUpRevisions) -> None:
    before = filled.content()
    revisions.add(
        'op.add_column("measured", sa.Column("note", sa.Text))\n'
        'op.create_index("ix_note", "measured", ["note"])\n'
        'op.execute("CREATE VIEW notes AS SELECT note FROM measured")\n'
        'op.create_table("added", sa.Column("x", sa.Text))'
    )
    made = len(filled.place.summaries())
    assert filled.upgrade().archive is None
    assert len(filled.place.summaries()) == made
    assert filled.content() != before
    assert [row[:3] for row in rows(filled.url, MEASURED)] == [(1, 0.1, "Käse"), (2, 2.0, "Kuchen")]


def test_a_database_without_a_row_passes_at_once(installation: Installation, revisions: MadeUpRevisions) -> None:
    revisions.add('op.drop_column("listings", "url")\nop.execute("DROP TABLE category_facets")')
    assert installation.upgrade().archive is None
    assert "category_facets" not in plain_sql.table_names(installation.url)
    assert installation.place.summaries() == []


@pytest.fixture
def dropped_afterwards(url: str, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Called with a schema's name, for the next test finds an empty database."""
    return lambda schema: request.addfinalizer(lambda: run_sql(url, f"DROP SCHEMA {schema} CASCADE"))


LOSING = {
    "a column": ('op.drop_column("measured", "word")', "", "the column measured.word is gone"),
    "a table": ('op.drop_table("measured")', "", "the table measured is gone (2 rows)"),
    "rows": ('op.execute("DELETE FROM measured WHERE id = 1")', "", "measured has 1 rows, 2 were archived"),
    "values": (
        """op.execute("UPDATE measured SET word = upper(word)")""",
        "",
        "measured has as many rows as were archived, 2, but not the same: word differs",
    ),
    "digits": (
        'op.execute("UPDATE measured SET x = 0.1000001 WHERE id = 1")', "", "not the same: x differs",
    ),
    "an index": ('op.drop_index("ix_by_id")', "", "the index ix_by_id on categories is gone"),
    "a view": ('op.execute("DROP VIEW by_id")', "", "the view by_id"),
    "a renamed column": (
        'op.alter_column("measured", "word", new_column_name="text")', "", "the column measured.word is gone",
    ),
    "more than is declared": (
        'op.drop_column("measured", "word")\nop.drop_column("measured", "x")',
        'DROPS = ("measured.word",)',
        "the column measured.x is gone",
    ),
    "a column made anew": (
        'op.drop_column("measured", "word")\nop.add_column("measured", sa.Column("word", sa.Text))',
        "",
        "not the same: word differs",
    ),
    "two columns' values": (
        """op.execute("UPDATE measured SET word = upper(word), x = x + 1")""", "", "not the same: x, word differ",
    ),
    "a column that only changes, it says": (
        'op.drop_column("measured", "word")', 'REWRITES = ("measured.word",)', "the column measured.word is gone",
    ),
}  # fmt: skip


@on_sqlite
@pytest.mark.archive_case(61, 62)
@pytest.mark.parametrize("what", LOSING)
def test_what_no_revision_declares_is_not_lost(filled: Installation, revisions: MadeUpRevisions, what: str) -> None:
    body, declared, sentence = LOSING[what]
    if what == "an index":
        run_sql(filled.url, "DROP TABLE pins")  # its foreign key needs that index
    revisions.add(body, declared)
    before = filled.content()
    with pytest.raises(UpgradeRefused) as refused:
        filled.upgrade()
    assert sentence in str(refused.value)
    assert "stays as it was. Mend the revision" in str(refused.value)
    assert filled.content() == before
    with filled.control.connect() as connection:
        states = connection.scalars(select(schema_upgrades.c.state).order_by(schema_upgrades.c.started_at)).all()
    assert states == ["refused"]


@on_postgresql
@pytest.mark.archive_case(61, 62)
def test_all_that_would_be_lost_is_named_at_once(filled: Installation, revisions: MadeUpRevisions) -> None:
    run_sql(
        filled.url,
        *(f"CREATE TABLE copy_{number} AS SELECT * FROM measured" for number in range(4)),
        "CREATE INDEX ix_word ON copy_0 (word)",
        "CREATE SEQUENCE counter",
        "SELECT setval('counter', 9)",
    )
    revisions.add(
        'op.drop_table("copy_1")\n'
        'op.drop_column("copy_2", "x")\n'
        'op.execute("DELETE FROM copy_3 WHERE id = 1")\n'
        'op.execute("UPDATE measured SET word = upper(word)")\n'
        'op.drop_index("ix_word")\n'
        'op.execute("DROP VIEW by_id")\n'
        'op.execute("DROP TRIGGER note ON categories")\n'
        'op.drop_constraint("pins_id_fkey", "pins")\n'
        'op.execute("ALTER SEQUENCE counter RESTART")'
    )
    before = filled.content()
    with pytest.raises(UpgradeRefused) as refused:
        filled.upgrade()
    for sentence in (
        "the table copy_1 is gone (2 rows)",
        "the column copy_2.x is gone",
        "copy_3 has 1 rows, 2 were archived",
        "measured has as many rows as were archived, 2, but not the same: word differs",
        "the index ix_word on copy_0 is gone",
        "the view by_id is gone",
        "the trigger note on categories is gone",
        "the foreign key of pins (id) to categories.category_id is gone",
        'the sequence "public"."counter" stands at',
    ):
        assert sentence in str(refused.value)
    assert filled.content() == before


def refusal(installation: Installation) -> list[str]:
    """The sentences with which an upgrade is refused."""
    with pytest.raises(UpgradeRefused) as refused:
        installation.upgrade()
    said = str(refused.value).partition("no revision declares: ")[2]
    return sorted(said.partition(". The database stays")[0].split("; "))


REWRITTEN_ON_POSTGRESQL = {
    "the unique constraint told_word_key on told is not defined as it was": (
        "ALTER TABLE told DROP CONSTRAINT told_word_key, ADD CONSTRAINT told_word_key UNIQUE (id)"
    ),
    "the unique constraint of told (word) is gone": "",
    "the index ix_word on measured is not defined as it was": (
        "DROP INDEX ix_word; CREATE INDEX ix_word ON measured (word)"
    ),
    "the index ix_x on measured is not defined as it was": "DROP INDEX ix_x; CREATE INDEX ix_x ON measured (word)",
    "the view by_id is not defined as it was": (
        "CREATE OR REPLACE VIEW by_id AS SELECT name AS id, name FROM categories"
    ),
    "the trigger note on categories is not defined as it was": "ALTER TABLE categories DISABLE TRIGGER note",
    "the function note() is not defined as it was": (
        "CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL;END'"
    ),
    "the check told_x_check on told is not defined as it was": (
        "ALTER TABLE told DROP CONSTRAINT told_x_check, ADD CONSTRAINT told_x_check CHECK (true)"
    ),
    "the foreign key told_id_fkey on told is not defined as it was": (
        "ALTER TABLE told DROP CONSTRAINT told_id_fkey, "
        "ADD CONSTRAINT told_id_fkey FOREIGN KEY (id) REFERENCES measured (id)"
    ),
    "told.x has lost its NOT NULL": "ALTER TABLE told ALTER x DROP NOT NULL",
    "the DEFAULT of told.x is 8, it was 7": "ALTER TABLE told ALTER x SET DEFAULT 8",
    """told.number has lost its DEFAULT nextval('public.told_number_seq'::regclass)""": (
        "ALTER TABLE told ALTER number DROP DEFAULT"
    ),
    'the sequence "public"."told_number_seq" is gone': "DROP SEQUENCE told_number_seq",
    "told.own has lost its IDENTITY GENERATED ALWAYS": "ALTER TABLE told ALTER own DROP IDENTITY",
    'the sequence "public"."told_own_seq" is gone': "",
    'told.word has lost its COLLATE pg_catalog."C"': (
        """ALTER TABLE told ALTER word TYPE text COLLATE "default" """
    ),
    "the comment table column public.told.x is gone": "COMMENT ON COLUMN told.x IS NULL",
    "the column told.twice is gone": "ALTER TABLE told DROP twice",
    "the table notes.kept is gone (1 rows)": "DROP TABLE notes.kept",
}  # fmt: skip


@on_postgresql
@pytest.mark.archive_case(61, 62)
def test_what_kept_its_name_says_on_postgresql_what_it_said(filled: Installation, revisions: MadeUpRevisions) -> None:
    run_sql(
        filled.url,
        "CREATE TABLE notes (id INTEGER)",
        "CREATE SCHEMA notes",
        "CREATE TABLE notes.kept AS SELECT 1 AS id",
        "CREATE UNIQUE INDEX ix_word ON measured (word)",
        "CREATE INDEX ix_x ON measured (x)",
        """CREATE TABLE told (
            id INTEGER REFERENCES measured ON DELETE CASCADE, x INTEGER NOT NULL DEFAULT 7 CHECK (x > 0),
            number SERIAL, own INTEGER GENERATED ALWAYS AS IDENTITY, word TEXT COLLATE "C" UNIQUE,
            twice INTEGER GENERATED ALWAYS AS (x * 2) STORED, "wide.word" TEXT DEFAULT 'x'
        )""",
        "COMMENT ON COLUMN told.x IS 'how many'",
        "COMMENT ON COLUMN told.word IS 'it is'",
        "INSERT INTO told (id, word) VALUES (1, 'a')",
    )
    statements = [sql for sqls in REWRITTEN_ON_POSTGRESQL.values() for sql in sqls.split("; ") if sql]
    body = "\n".join(f"op.execute({sql!r})" for sql in [*statements, "DROP TABLE public.notes"])
    revisions.add(body, 'DROPS = ("notes",)')
    before = filled.content()
    assert refusal(filled) == sorted(REWRITTEN_ON_POSTGRESQL)
    assert filled.content() == before


@on_sqlite
@pytest.mark.archive_case(61, 62)
def test_what_kept_its_name_says_on_sqlite_what_it_said(filled: Installation, revisions: MadeUpRevisions) -> None:
    told = (
        "CREATE TABLE told (id INTEGER PRIMARY KEY AUTOINCREMENT, x INTEGER NOT NULL DEFAULT 7 CHECK (x > 0), "
        "word TEXT COLLATE NOCASE REFERENCES measured (word) ON DELETE CASCADE, "
        "twice INTEGER GENERATED ALWAYS AS (x * 2), thrice INTEGER AS (x * 3))"
    )
    said_less = (
        "CREATE TABLE told (id INTEGER PRIMARY KEY, x INTEGER DEFAULT 8 CHECK (true), "
        "word TEXT REFERENCES measured (word), thrice INTEGER AS (x * 4))"
    )
    run_sql(filled.url, "CREATE UNIQUE INDEX ix_word ON measured (word)", "CREATE INDEX ix_x ON measured (x)", told)
    statements = [
        "DROP INDEX ix_word",
        "CREATE INDEX ix_word ON measured (word)",
        "DROP INDEX ix_x",
        "CREATE INDEX ix_x ON measured (word)",
        "DROP VIEW by_id",
        "CREATE VIEW by_id AS SELECT name AS id, name FROM categories",
        "DROP TRIGGER note",
        "CREATE TRIGGER note AFTER INSERT ON categories BEGIN SELECT 1; END",
        "DROP TABLE told",
        said_less,
    ]
    revisions.add("\n".join(f"op.execute({sql!r})" for sql in statements))
    assert refusal(filled) == sorted(
        [
            "the index ix_word on measured is not defined as it was",
            "the index ix_x on measured is not defined as it was",
            "the view by_id is not defined as it was",
            "the trigger note on categories is not defined as it was",
            "the CHECK (x > 0) of told is gone",
            "the foreign key of told (word) to measured.word ON DELETE CASCADE is gone",
            "told.id has lost its AUTOINCREMENT",
            "told.x has lost its NOT NULL",
            "the DEFAULT of told.x is 8, it was 7",
            "told.word has lost its COLLATE nocase",
            "the GENERATED ALWAYS AS of told.thrice is ( x * 4 ), it was ( x * 3 )",
            "the column told.twice is gone",
        ]
    )


OF_A_PART = {
    "sqlite": ("CREATE TRIGGER note_word AFTER UPDATE OF word ON part BEGIN INSERT INTO noted VALUES (new.word); END",),
    "postgresql": (
        "CREATE TRIGGER note_word AFTER UPDATE OF word ON part FOR EACH ROW WHEN (new.word = 'x') "
        "EXECUTE FUNCTION note()",
        "CREATE VIEW second AS SELECT word AS w FROM plain",  # SQLite renames no column under it
        "CREATE SEQUENCE counter OWNED BY part.word",
        "COMMENT ON COLUMN part.word IS 'the word'",
        "ALTER TABLE part ENABLE ROW LEVEL SECURITY",
    ),
}


def test_what_is_renamed_says_what_it_said_under_the_new_names(
    filled: Installation, revisions: MadeUpRevisions
) -> None:
    url = filled.url
    run_sql(
        url,
        "CREATE TABLE \"part\" (word TEXT UNIQUE DEFAULT 'word' CHECK (word <> ''), \"wide.word\" TEXT)",
        "INSERT INTO part VALUES ('a', 'b')",
        'CREATE TABLE whole (word TEXT REFERENCES "part" (word) ON DELETE CASCADE)',
        "CREATE INDEX ix_part ON part (word) WHERE word > 'a'",
        "CREATE VIEW plain AS SELECT word FROM part",
        "CREATE VIEW joined AS SELECT part.word, whole.word AS other FROM part JOIN whole ON whole.word = part.word",
        *OF_A_PART[backend(url)],
    )
    revisions.add(
        'op.alter_column("part", "word", new_column_name="text")\n'
        'op.alter_column("part", "wide.word", new_column_name="wide.text")\n'
        'op.rename_table("part", "portion")',
        'RENAMES = {"part": "portion", "part.word": "portion.text", "part.wide.word": "portion.wide.text"}',
    )
    assert filled.upgrade().archive is not None
    assert rows(url, "SELECT * FROM plain") == rows(url, "SELECT text FROM portion") == [("a",)]


def test_what_is_defined_anew_on_purpose_is_declared(filled: Installation, revisions: MadeUpRevisions) -> None:
    of_its_own = backend(filled.url) == "postgresql"
    run_sql(
        filled.url,
        "CREATE INDEX ix_x ON measured (x)",
        *(["CREATE TABLE numbered (id SERIAL, own INTEGER GENERATED ALWAYS AS IDENTITY)"] if of_its_own else []),
    )
    revisions.add(
        'op.drop_index("ix_x")\nop.create_index("ix_x", "measured", ["word"])\n'
        'op.execute("DROP VIEW by_id")\nop.execute("CREATE VIEW by_id AS SELECT name AS id FROM categories")\n'
        + ('op.drop_column("numbered", "own")\nop.drop_column("numbered", "id")' if of_its_own else ""),
        'REWRITES = ("ix_x", "by_id")\nDROPS = ("numbered.id", "numbered.own")',
    )
    assert filled.upgrade().archive is not None


DECLARED = {
    "a column": ('op.drop_column("measured", "word")', 'DROPS = ("measured.word",)', [(1, 0.1), (2, 2.0)]),
    "a rename": (
        'op.alter_column("measured", "word", new_column_name="text")',
        'RENAMES = {"measured.word": "measured.text"}',
        [(1, 0.1, "Käse"), (2, 2.0, "Kuchen")],
    ),
    "values": (
        """op.execute("UPDATE measured SET word = 'x'")""",
        'REWRITES = ("measured.word",)',
        [(1, 0.1, "x"), (2, 2.0, "x")],
    ),
    "rows": ('op.execute("DELETE FROM measured WHERE id = 1")', 'REWRITES = ("measured",)', [(2, 2.0, "Kuchen")]),
}


@on_sqlite
@pytest.mark.parametrize("what", DECLARED)
def test_what_a_revision_declares_is_done(filled: Installation, revisions: MadeUpRevisions, what: str) -> None:
    body, declared, expected = DECLARED[what]
    revisions.add(body, declared)
    upgraded = filled.upgrade()
    assert upgraded.archive is not None and upgraded.rehearsal is not None and upgraded.seconds_locked > 0
    assert not upgraded.rehearsal.only_adds
    assert rows(filled.url, MEASURED) == expected


def test_a_renamed_table_keeps_its_rows(filled: Installation, revisions: MadeUpRevisions) -> None:
    revisions.add('op.rename_table("categories", "sections")', 'RENAMES = {"categories": "sections"}')
    before = rows(filled.url, CATEGORIES)
    filled.upgrade()
    assert rows(filled.url, CATEGORIES.replace("FROM categories", "FROM sections")) == before


@on_sqlite
@pytest.mark.archive_case(59)
def test_batch_mode_empties_no_child_and_may_not_lose_a_trigger(
    filled: Installation, revisions: MadeUpRevisions
) -> None:
    revisions.add(
        'with op.batch_alter_table("categories") as batch:\n    batch.alter_column("name", new_column_name="title")',
        'RENAMES = {"categories.name": "categories.title"}',
    )
    before = filled.content()
    with pytest.raises((UpgradeRefused, DatabaseNotReady), match="by_id|trigger note on categories is gone"):
        filled.upgrade()
    assert filled.content() == before
    run_sql(filled.url, "DROP VIEW by_id", "DROP TRIGGER note")
    children = rows(filled.url, "SELECT * FROM pins ORDER BY 1")
    filled.upgrade()
    assert rows(filled.url, "SELECT * FROM pins ORDER BY 1") == children != []
    assert "title" in str(rows(filled.url, "SELECT sql FROM sqlite_master WHERE name = 'categories'"))


@on_sqlite
def test_no_row_is_left_whose_foreign_key_leads_nowhere(filled: Installation, revisions: MadeUpRevisions) -> None:
    revisions.add("op.execute(\"DELETE FROM categories WHERE category_id = 'id 1'\")", 'REWRITES = ("categories",)')
    with pytest.raises(UpgradeRefused, match="1 rows of pins lead to no row of categories"):
        filled.upgrade()


def test_a_table_that_was_dropped_on_purpose_may_be_made_anew(filled: Installation, revisions: MadeUpRevisions) -> None:
    revisions.add(
        'op.drop_table("measured")\nop.create_table("measured", sa.Column("id", sa.Integer))', 'DROPS = ("measured",)'
    )
    filled.upgrade()
    assert rows(filled.url, MEASURED) == []


def test_a_revision_as_it_is_written_from_the_tables_goes_through(
    filled: Installation, revisions: MadeUpRevisions, migrated_file: Path
) -> None:
    scratch = open_engine(sqlite_url(migrated_file))
    target = models({"categories.category_id": "own_id"}, without=["listings.url"])
    annotated = meant(["categories.category_id=categories.own_id"], ["listings.url"])
    source = revision_source(scratch, target, "Made up.", annotated, "m001", migrate.heads()[0])
    scratch.dispose()
    assert source is not None
    revisions.write("m001", source)
    before = rows(filled.url, CATEGORIES)
    upgraded = filled.upgrade()
    assert upgraded.archive is not None
    assert rows(filled.url, CATEGORIES) == before
    assert rows(filled.url, "SELECT id FROM by_id WHERE name = 'Käse 1'") == [("id 1",)]
    assert plain_sql.column_names(filled.url, "categories")[-1] != "category_id"


@on_sqlite
def test_where_autoincrement_stands_is_not_lost(filled: Installation, revisions: MadeUpRevisions) -> None:
    run_sql(
        filled.url,
        "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)",
        "INSERT INTO counted (x) VALUES ('a'), ('b')",
        "DELETE FROM counted WHERE x = 'b'",
    )
    revisions.add('with op.batch_alter_table("counted", recreate="always") as batch:\n    pass')
    with pytest.raises(UpgradeRefused, match="AUTOINCREMENT of counted stands at nothing, it stood at 2"):
        filled.upgrade()


@on_postgresql
@pytest.mark.archive_case(61)
def test_a_narrowed_type_may_not_cost_a_digit(filled: Installation, revisions: MadeUpRevisions) -> None:
    run_sql(filled.url, "UPDATE measured SET x = 0.123456789 WHERE id = 1")
    revisions.add('op.execute("ALTER TABLE measured ALTER COLUMN x TYPE real")')
    with pytest.raises(UpgradeRefused, match="not the same: x differs"):
        filled.upgrade()
    run_sql(filled.url, "UPDATE measured SET x = 0.5 WHERE id = 1")
    filled.upgrade()
    assert rows(filled.url, "SELECT x FROM measured ORDER BY id") == [(0.5,), (2.0,)]


ENDS = ['op.execute("COMMIT")', "op.get_bind().commit()", 'op.get_bind().exec_driver_sql(" rollback")']


@pytest.mark.archive_case(60, 62)
@pytest.mark.parametrize("body", ENDS)
def test_no_revision_ends_the_transaction(filled: Installation, revisions: MadeUpRevisions, body: str) -> None:
    revisions.add(f'op.create_table("half", sa.Column("x", sa.Text))\n{body}\nop.drop_table("measured")')
    before = filled.content()
    with pytest.raises(DatabaseNotReady, match=r"(?i)a revision says `(commit|rollback)`"):
        filled.upgrade()
    assert filled.content() == before


@on_postgresql
@pytest.mark.archive_case(62)
def test_a_commit_among_several_statements_is_found_out_on_the_copy(
    filled: Installation, revisions: MadeUpRevisions
) -> None:
    revisions.add("""op.execute("SELECT 1; COMMIT; DROP TABLE public.measured")""", 'DROPS = ("measured",)')
    before = filled.content()
    with pytest.raises((ArchiveError, DatabaseNotReady), match="all revisions of an upgrade are one transaction"):
        filled.upgrade()
    assert filled.content() == before


@pytest.mark.archive_case(62)
@pytest.mark.parametrize(
    "body",
    [
        'op.execute("CREATE VIEW nothing AS SELECT 1; DROP TABLE measured")',
        'op.execute(sa.text("DELETE" + " FROM measured"))',
        'op.get_bind().exec_driver_sql("-- CREATE VIEW x AS\\nDROP TABLE measured")',
        'op.get_bind().execute(sa.DDL("DROP TABLE measured"))',
        'op.get_bind().execute(sa.delete(sa.table("measured")))',
        'op.execute("WITH gone AS (SELECT 1) DELETE FROM measured")',
        'op.execute("CREATE OR REPLACE VIEW by_id AS SELECT 1 AS id")',
        'op.drop_table("measured")',
    ],
)
def test_alembic_called_directly_executes_only_what_adds(
    filled: Installation, revisions: MadeUpRevisions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    revisions.add(f'op.create_table("half", sa.Column("x", sa.Text))\n{body}')
    monkeypatch.setenv("SUBS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBS_DATABASE_URL", filled.url)
    before = filled.content()
    with pytest.raises(CommandError, match="is not known to only add.*`subs db upgrade` makes it"):
        command.upgrade(migrate.alembic_config(), "head")
    assert filled.content() == before


HIDDEN = {
    "a function in a SELECT": "op.execute(sa.select(sa.func.wipe()))",
    "a sequence set back": "op.execute(sa.select(sa.func.setval('counter', 1)))",
    "text in a SELECT": "op.execute(sa.select(sa.text('wipe()')))",
    "a DELETE in a SELECT": (
        "gone = sa.delete(sa.table('measured')).returning(sa.column('id')).cte('d')\nop.execute(sa.select(gone))"
    ),
    "a default of two statements": (
        "op.add_column('measured', sa.Column('z', sa.Text, server_default=sa.text(\"'x'; DELETE FROM measured\")))"
    ),
    "a default that a function works out": (
        "op.add_column('measured', sa.Column('z', sa.Text, server_default=sa.text('wipe()')))"
    ),
    "a check that a function works out": "op.create_check_constraint('wiped', 'measured', 'wipe() IS NULL')",
    "a table that stands before another": (
        "op.create_table('measured', sa.Column('x', sa.Text), prefixes=['TEMPORARY'])"
    ),
}


@on_postgresql
@pytest.mark.archive_case(62)
@pytest.mark.parametrize("what", HIDDEN)
def test_what_hides_in_a_construct_is_not_taken_for_additive(
    filled: Installation, revisions: MadeUpRevisions, what: str
) -> None:
    run_sql(
        filled.url,
        "CREATE SEQUENCE counter",
        "CREATE FUNCTION wipe() RETURNS text LANGUAGE sql AS 'DELETE FROM measured; SELECT NULL::text'",
    )
    revisions.add(HIDDEN[what])
    with pytest.raises(NeedsArchive):
        migrate.upgrade(filled.url)
    assert len(rows(filled.url, MEASURED)) == 2


@on_sqlite
@pytest.mark.archive_case(62)
@pytest.mark.parametrize(
    "body",
    [
        'op.get_bind().exec_driver_sql("PRAGMA user_version(7)")',
        'op.get_bind().exec_driver_sql("PRAGMA writable_schema = ON")',
        'op.get_bind().exec_driver_sql("/* x */ DROP TABLE measured")',
    ],
)
def test_a_pragma_that_sets_is_no_reading(filled: Installation, revisions: MadeUpRevisions, body: str) -> None:
    revisions.add(body)
    with pytest.raises(NeedsArchive):
        migrate.upgrade(filled.url)


@pytest.mark.parametrize("body", ['op.execute("DELETE FROM measured")', 'op.drop_column("measured", "x")'])
def test_a_refusal_that_the_revision_catches_is_a_refusal(
    filled: Installation, revisions: MadeUpRevisions, body: str
) -> None:
    revisions.add(f'try:\n    {body}\nexcept Exception:\n    pass\nop.create_table("half", sa.Column("x", sa.Text))')
    with pytest.raises(NeedsArchive):
        migrate.upgrade(filled.url)
    assert "half" not in plain_sql.table_names(filled.url)


@on_postgresql
def test_no_revision_touches_the_control_state(url: str, revisions: MadeUpRevisions) -> None:
    migrate.upgrade(url)
    run_sql(url, "CREATE SCHEMA subs_control", "CREATE TABLE subs_control.decisions AS SELECT 1 AS one")
    revisions.add('op.execute("DELETE FROM subs_control.decisions")')
    with pytest.raises(DatabaseNotReady, match="the control state is none of the warehouse"):
        migrate.upgrade(url)
    assert rows(url, "SELECT * FROM subs_control.decisions") == [(1,)]


@on_postgresql
def test_rows_of_another_schema_are_rows(
    url: str, revisions: MadeUpRevisions, dropped_afterwards: Callable[[str], None]
) -> None:
    migrate.upgrade(url)
    dropped_afterwards("other")
    run_sql(url, "CREATE SCHEMA other", 'CREATE TABLE other."a%b" AS SELECT 1 AS one')
    revisions.add("""op.execute('DELETE FROM other."a%b"')""")
    with pytest.raises(NeedsArchive):
        migrate.upgrade(url)


@on_postgresql
def test_a_new_database_is_made_at_once_beside_the_rows_of_others(
    url: str, dropped_afterwards: Callable[[str], None]
) -> None:
    dropped_afterwards("other")
    run_sql(url, "CREATE SCHEMA other", "CREATE TABLE other.theirs AS SELECT 1 AS one")
    migrate.upgrade(url)
    assert check(url) == []


@on_sqlite
@pytest.mark.parametrize("moment", ["archived", "rehearsed"])
def test_without_its_archive_nothing_is_upgraded(filled: Installation, revisions: MadeUpRevisions, moment: str) -> None:
    revisions.add('op.drop_table("measured")', 'DROPS = ("measured",)')
    before = filled.content()

    def lose_the_archive(sentence: str) -> None:
        if sentence.startswith(moment):
            for archive in Path(filled.place.location()).glob("2*"):
                shutil.rmtree(archive)

    with pytest.raises(ArchiveError):
        filled.upgrade(lose_the_archive)
    assert filled.content() == before


@on_sqlite
@pytest.mark.parametrize("declared", ['DROPS = ("measured")', "RENAMES = 1"])
def test_a_declaration_of_another_form_is_a_sentence(
    filled: Installation, revisions: MadeUpRevisions, declared: str
) -> None:
    revisions.add('op.drop_table("measured")', declared)
    with pytest.raises(DatabaseNotReady, match=r"m001\.py: (DROPS|RENAMES) is"):
        filled.upgrade()
    with filled.control.connect() as connection:
        assert connection.scalars(select(schema_upgrades.c.state)).all() == ["refused"]


@on_sqlite
def test_one_that_was_cut_off_is_not_called_running_for_ever(filled: Installation, revisions: MadeUpRevisions) -> None:
    upgrade_state.begin(filled.control, "20261126T000000Z-00000000", "ana", ("0001",), ("0002",))
    revisions.add('op.drop_table("measured")', 'DROPS = ("measured",)')
    filled.upgrade()
    with filled.control.connect() as connection:
        states = connection.scalars(select(schema_upgrades.c.state).order_by(schema_upgrades.c.started_at)).all()
    assert states == ["unknown", "done"]


@on_sqlite
def test_a_person_who_ends_it_is_noted_too(filled: Installation, revisions: MadeUpRevisions) -> None:
    revisions.add('op.drop_table("measured")', 'DROPS = ("measured",)')

    def end(sentence: str) -> None:
        if sentence.startswith("rehearsed"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled.upgrade(end)
    with filled.control.connect() as connection:
        assert connection.scalars(select(schema_upgrades.c.state)).all() == ["unknown"]


@on_postgresql
def test_a_schema_that_only_the_database_names_has_to_stand_in_the_url(
    installation: Installation, dropped_afterwards: Callable[[str], None]
) -> None:
    url = installation.url
    dropped_afterwards("app")
    run_sql(url, "CREATE SCHEMA app", f"ALTER DATABASE {url.rpartition('/')[2]} SET search_path = app")
    migrate.upgrade(url, "0001")
    fill_categories(url, 5)
    with pytest.raises(UpgradeRefused, match=r"works in the schema app.*csearch_path%3Dapp"):
        installation.upgrade()


def test_alembic_called_directly_says_how_a_revision_failed(
    filled: Installation, revisions: MadeUpRevisions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revisions.add('op.create_table("measured", sa.Column("x", sa.Text))')
    monkeypatch.setenv("SUBS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBS_DATABASE_URL", filled.url)
    with pytest.raises(CommandError, match="could not be upgraded and stays as it was: .*measured.* already exists"):
        command.upgrade(migrate.alembic_config(), "head")


def test_alembic_called_directly_waits_for_its_turn(
    filled: Installation, revisions: MadeUpRevisions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revisions.add('op.create_table("added", sa.Column("x", sa.Text))')
    monkeypatch.setenv("SUBS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBS_DATABASE_URL", filled.url)
    with run_lock(tmp_path / "home", filled.url, "run 1f3a"), pytest.raises(CommandError, match="run 1f3a"):
        command.upgrade(migrate.alembic_config(), "head")
    command.upgrade(migrate.alembic_config(), "head")
    assert "added" in plain_sql.table_names(filled.url)


def test_a_late_writer_is_noticed_though_the_number_of_rows_is_the_same(
    filled: Installation, revisions: MadeUpRevisions
) -> None:
    revisions.add('op.drop_column("measured", "word")', 'DROPS = ("measured.word",)')

    def write_late(sentence: str) -> None:
        if sentence.startswith("rehearsed"):
            run_sql(filled.url, "UPDATE measured SET word = 'late' WHERE id = 1")

    with pytest.raises(UpgradeRefused, match="table measured has as many rows as were archived, 2, but not the same"):
        filled.upgrade(write_late)
    assert rows(filled.url, MEASURED) == [(1, 0.1, "late"), (2, 2.0, "Kuchen")]


def test_a_plan_changes_nothing_and_leaves_nothing(
    filled: Installation, revisions: MadeUpRevisions, tmp_path: Path
) -> None:
    revisions.add(
        'op.create_table("added", sa.Column("x", sa.Text))\nop.drop_column("measured", "word")',
        'DROPS = ("measured.word",)',
    )
    before = filled.content()
    planned = upgrade.plan(filled.url, tmp_path / "scratch")
    assert [(one.sql.split()[0], one.is_additive) for one in planned.statements] == [("CREATE", True), ("ALTER", False)]
    assert planned.losses == () and not planned.only_adds
    measured = {one.table: one for one in planned.tables}["measured"]
    assert (measured.after, measured.rows, measured.rows_after) == ("measured", 2, 2)
    assert filled.content() == before
    assert [path for path in (tmp_path / "scratch").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("body", ['raise ValueError("not today in nowhere")', 'op.drop_column("nowhere", "x")'])
def test_a_revision_that_fails_on_the_copy_never_reaches_the_database(
    filled: Installation, revisions: MadeUpRevisions, body: str
) -> None:
    revisions.add(f'op.drop_column("measured", "word")\n{body}', 'DROPS = ("measured.word",)')
    before = filled.content()
    with pytest.raises(
        DatabaseNotReady,
        match=r"\(in the rehearsal, on a copy\) could not be upgraded and stays as it was: .*nowhere",
    ):
        filled.upgrade()
    assert filled.content() == before
