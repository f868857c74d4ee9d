import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Engine, Text, inspect, make_url, text

from subs_assets.database.check import check, notes, prepare
from subs_assets.database.drift import VIEWS
from subs_assets.database.engine import open_engine, writing
from subs_assets.database.frames import insert, primary_key
from subs_assets.database.migrate import DatabaseNotReady, alembic_config, heads, revisions, upgrade
from subs_assets.database.tables import metadata, substitutions
from subs_assets.settings import sqlite_url
from subs_assets_tests import plain_sql
from subs_assets_tests.plain_sql import schema
from subs_assets_tests.unit.database.conftest import on_sqlite

ALL = [revision.revision for revision in revisions().walk_revisions()][::-1]
"""The revisions of the program, oldest first."""

CATEGORIES = "SELECT * FROM categories ORDER BY company_slug, path"


def backend(url: str) -> str:
    return make_url(url).get_backend_name()


def run_sql(url: str, *statements: str) -> None:
    plain_sql.execute(url, *statements)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    return plain_sql.select(url, query)


NOTE_A_NEW_CATEGORY = {
    "sqlite": ("CREATE TRIGGER note AFTER INSERT ON categories BEGIN INSERT INTO noted VALUES (new.{column}); END",),
    # PostgreSQL keeps a function's body as text, and does not rename in it.
    "postgresql": (
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO noted VALUES (new.name); RETURN NULL; END $$",
        "CREATE TRIGGER note AFTER INSERT ON categories FOR EACH ROW WHEN (new.{column} = 'new') "
        "EXECUTE FUNCTION note()",
    ),
}


def fill_categories(url: str, count: int = 1000, column: str = "store_product_id") -> list[tuple[object, ...]]:
    """Rows at revision 0001, and a view, a trigger, an index and a foreign key that somebody added on the column that
    is renamed; ``column`` is its name, another one at later revisions."""
    given = [(f'["Käse {n}"]', f"Käse {n}", f"id {n}" if n % 3 else None) for n in range(count)]
    frame = pd.DataFrame(given, columns=["path", "name", column])
    frame = frame.assign(company_slug="aldi", depth=1, parents="[]", own_listings=1, listings=1, is_leaf=True)
    engine = open_engine(url)
    with writing(engine) as connection:
        frame.to_sql("categories", connection, if_exists="append", index=False)
    engine.dispose()
    run_sql(
        url,
        f"CREATE UNIQUE INDEX ix_by_id ON categories ({column})",
        f"CREATE VIEW by_id AS SELECT {column} AS id, name FROM categories",
        f"CREATE TABLE pins (id TEXT REFERENCES categories ({column}))",
        f"INSERT INTO pins SELECT {column} FROM categories WHERE {column} IS NOT NULL",
        "CREATE TABLE noted (id TEXT)",
        *(statement.format(column=column) for statement in NOTE_A_NEW_CATEGORY[backend(url)]),
    )
    return rows(url, CATEGORIES)


def test_the_migrations_make_exactly_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            found = inspector.get_pk_constraint(table.name)
            assert (found["constrained_columns"], found["name"]) == (primary_key(table), table.primary_key.name)
            columns = [column["name"] for column in inspector.get_columns(table.name)]
            assert sorted(columns) == sorted(column.name for column in table.columns)
        assert inspector.get_view_names() == list(VIEWS)


def test_there_is_one_head_and_no_gap() -> None:
    assert [f"{number:04}" for number in range(1, len(ALL) + 1)] == ALL
    assert heads() == (ALL[-1],)


def test_upgrade_says_what_ran(url: str) -> None:
    assert upgrade(url, "0002") == ["0001", "0002"]
    assert upgrade(url) == ALL[2:]
    assert upgrade(url) == []
    assert check(url) == []


def test_a_column_that_was_renamed_by_hand_before_the_upgrade_is_left_as_it_is(url: str) -> None:
    upgrade(url, "0001")
    before = fill_categories(url)
    run_sql(url, "ALTER TABLE categories RENAME COLUMN store_product_id TO category_id")
    upgrade(url)
    assert check(url) == []
    assert rows(url, CATEGORIES) == before


def test_both_names_at_once_are_for_a_person_to_sort_out(url: str) -> None:
    upgrade(url, "0001")
    before = fill_categories(url)
    run_sql(url, "ALTER TABLE categories ADD COLUMN category_id TEXT")
    with pytest.raises(DatabaseNotReady, match="stays as it was: categories has both store_product_id and category_id"):
        upgrade(url)
    found = rows(url, CATEGORIES)
    assert [row[:-1] for row in found] == before


def test_a_migration_that_fails_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(url, "0002")
    before = fill_categories(url, 10, "category_id")
    schema_before = schema(url)
    seen = []

    def fail_at_the_view(statement: str) -> None:
        # 0003 creates tables before 0004 comes to this.
        if "CREATE VIEW" in statement:
            names = inspect(op.get_bind()).get_table_names()
            seen.append("category_equivalences" in names)
            op.create_table("categories", Column("x", Text))
        op.get_bind().execute(text(statement))

    monkeypatch.setattr(op, "execute", fail_at_the_view)
    with pytest.raises(DatabaseNotReady, match=r"stays as it was: .*categories.* already exists"):
        upgrade(url)
    assert seen == [True], "the failure came after work was done"
    assert schema(url) == schema_before
    assert rows(url, "SELECT * FROM alembic_version") == [("0002",)]
    assert rows(url, CATEGORIES) == before


@on_sqlite
@pytest.mark.parametrize("make", ["nothing", "an empty file"])
def test_a_missing_or_empty_file_is_migrated_at_once(url: str, make: str) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    if make == "an empty file":
        file.touch()
    assert [sentence.rsplit(": ")[-1] for sentence in check(url)] == ["run `subs db upgrade`"]
    assert file.exists() == (make != "nothing"), "looking makes no file"
    assert make == "an empty file" or notes(url) == []
    prepare(url)
    assert check(url) == []


@pytest.mark.parametrize("with_alembic_version", [False, True])
def test_an_empty_database_is_migrated_at_once(url: str, with_alembic_version: bool) -> None:
    if with_alembic_version:
        run_sql(url, "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
    assert [sentence.rsplit(": ")[-1] for sentence in check(url)] == ["run `subs db upgrade`"]
    prepare(url)
    assert check(url) == []


def test_two_upgrades_at_once(url: str) -> None:
    at_once = threading.Barrier(2)

    def upgrade_it(_: int) -> list[str]:
        at_once.wait()
        return upgrade(url)

    with ThreadPoolExecutor(2) as threads:
        ran = list(threads.map(upgrade_it, range(2)))
    assert sorted(ran) == [[], ALL], "one does it all, the other waits and finds nothing to do"
    assert check(url) == []


def test_a_database_of_a_newer_program_is_not_upgraded(engine: Engine, url: str) -> None:
    run_sql(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNotReady, match="a newer one migrated it, so update the program"):
        upgrade(url)


def test_a_folder_with_any_name_will_do(tmp_path: Path) -> None:
    prepare(sqlite_url(tmp_path / "100% größer %(here)s" / "subs.db"))


def test_the_symmetric_view_pairs_both_directions(engine: Engine, rows_of: Callable[..., pd.DataFrame]) -> None:
    def row(product_id: str, substitute_id: str, company_slug: str, level: int, score: float) -> dict[str, object]:
        pair = {"product_id": product_id, "substitute_id": substitute_id, "company_slug": company_slug}
        return {**pair, "level": level, "score": score}

    frame = rows_of(
        substitutions,
        row("a", "b", "coles", 3, 0.6),
        row("a", "b", "iga", 2, 0.5),
        row("b", "a", "aldi", 4, 0.9),
        row("a", "c", "coles", 1, 0.9),  # one direction only
        row("d", "d", "coles", 1, 1.0),  # itself
    )
    with writing(engine) as connection:
        insert(connection, substitutions, frame)
        found = connection.execute(text("SELECT * FROM substitutions_symmetric")).mappings().all()
    expected = {"product_a": "a", "product_b": "b", "level_a_to_b": 2, "level_b_to_a": 4}
    assert [dict(row) for row in found] == [{**expected, "score_a_to_b": 0.6, "score_b_to_a": 0.9}]


def test_alembic_called_directly_finds_the_database_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    monkeypatch.setenv("SUBS_HOME", str(tmp_path))
    monkeypatch.delenv("SUBS_DATABASE_URL", raising=False)
    command.upgrade(alembic_config(), "head")
    assert check(sqlite_url(tmp_path / "subs.db")) == []
    with pytest.raises(SystemExit, match="no --sql mode"):
        command.upgrade(alembic_config(), "head", sql=True)
    open_engine(sqlite_url(tmp_path / "subs.db")).dispose()
