"""What keeps a run from writing to a database, in words, and that the words are true: who follows them gets on."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from subs_assets.database.check import check, notes, prepare, problems
from subs_assets.database.engine import DatabaseNotReady, describe
from subs_assets.database.migrate import heads, upgrade
from subs_assets_tests.plain_sql import execute, schema, select
from subs_assets_tests.unit.database.conftest import on_postgresql, on_sqlite
from subs_assets_tests.unit.database.made_up_revisions import MadeUpRevisions


@on_sqlite
def test_a_file_that_is_no_database(url: str) -> None:
    Path(url.removeprefix("sqlite:///")).write_bytes(b"no database at all" * 1000)
    assert ["cannot be opened (file is not a database)" in sentence for sentence in check(url)] == [True]
    with pytest.raises(DatabaseNotReady, match="see that SUBS_DATABASE_URL or SUBS_HOME is right"):
        prepare(url)


@on_sqlite
def test_a_file_whose_pages_are_damaged(engine: Engine, url: str) -> None:
    [(page, size)] = select(
        url, "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = 'alembic_version'"
    )
    with Path(url.removeprefix("sqlite:///")).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    [problem] = problems(url)
    assert "cannot be read (database disk image is malformed): mend that, or go back to an archive" in problem.sentence
    assert problem.needs_archive and notes(url) == []


@on_postgresql
def test_a_database_that_is_not_there(url: str) -> None:
    nowhere = f"{url}_not"
    [sentence] = check(nowhere)
    assert f"{describe(nowhere)} cannot be opened (" in sentence and "does not exist" in sentence
    assert "\n" not in sentence
    with pytest.raises(DatabaseNotReady, match="see that SUBS_DATABASE_URL or SUBS_HOME is right"):
        prepare(nowhere)


NAMES_OF_0001 = (
    "catalogue_files", "categories", "category_inventory", "identity_conflicts", "listing_categories", "listings",
    "listing_shelves", "product_claims", "product_listings", "products", "set_aside_rows", "substitution_outcomes",
    "substitution_rates", "substitutions",
)  # fmt: skip
RENAME = "ALTER TABLE categories RENAME COLUMN store_product_id TO category_id"
MAKE_0005 = (
    "CREATE TABLE category_absences (company_slug TEXT, path TEXT)",
    "INSERT INTO category_absences VALUES ('aldi', '[]')",
)


def follow(url: str, said: list[str]) -> None:
    """Do what the sentences say, as a person would, until there is nothing left to say."""
    for _ in range(4):
        statements = [sql for sentence in said for sql in re.findall(r"`([A-Z].*?)`", sentence)]
        if statements:
            execute(url, *(one for statement in statements for one in statement.split("; ")))
        else:
            [sentence] = said
            assert sentence.count("run `subs db upgrade`") == 1
            upgrade(url)
        if not (said := check(url)):
            return
    raise AssertionError(said)


CASES = {
    "an empty table of a later revision": (
        "0004",
        ("CREATE TABLE category_absences (company_slug TEXT)",),
        "the table category_absences is there already, which revision 0005 makes, and holds no row: "
        "run the SQL `DROP TABLE category_absences`",
    ),
    "one with rows": (
        "0004",
        MAKE_0005,
        "the table category_absences is there already, which revision 0005 makes, and holds 1 rows: "
        "keep a copy (`subs archive create`), then run the SQL `DROP TABLE category_absences`",
    ),
    "all of a later revision": (
        "0005",
        ("UPDATE alembic_version SET version_num = '0004'",),
        " says revision 0004, and what 0005 would make is there already "
        "(the table category_absences, the table category_equivalence_changes): "
        "run the SQL `UPDATE alembic_version SET version_num = '0005'`, then run `subs db upgrade`",
    ),
    "nothing of two revisions": (
        "0005",
        ("UPDATE alembic_version SET version_num = '0007'",),
        " says revision 0007, and what 0006, 0007 made is not there (the table evaluation, the table product_kinds): "
        "run the SQL `UPDATE alembic_version SET version_num = '0005'`, then run `subs db upgrade`",
    ),
    "nothing at all": (
        "0001",
        (*(f"DROP TABLE {name}" for name in NAMES_OF_0001),),
        " says revision 0001, and what 0001 made is not there (the table catalogue_files, the table categories, the "
        "table category_inventory, the table identity_conflicts, the table listing_categories and 9 more): "
        "run the SQL `DELETE FROM alembic_version`, then run `subs db upgrade`",
    ),
    "a column renamed by hand, and a table of a later revision": (
        "0001",
        (RENAME, "CREATE TABLE evaluation (x TEXT)"),
        "the column store_product_id of categories is called category_id already: "
        "run the SQL `ALTER TABLE categories RENAME COLUMN category_id TO store_product_id`",
    ),
    "a view and an index are missing": (
        "0005",
        ("DROP VIEW substitutions_symmetric", "DROP INDEX ix_products_gtin"),
        "the view substitutions_symmetric, which revision 0004 made, is missing: run the SQL `CREATE VIEW",
    ),
    "two heads, the newer one true": (
        "0005",
        ("INSERT INTO alembic_version VALUES ('0003')",),
        " says 2 revisions at once, 0003, 0005, though 0005 comes after the others; it has what 0005 leaves: "
        "run the SQL `DELETE FROM alembic_version WHERE version_num <> '0005'`, then run `subs db upgrade`",
    ),
    "two heads, the older one true": (
        "0005",
        ("INSERT INTO alembic_version VALUES ('0007')",),
        "though 0007 comes after the others; it has what 0005 leaves: "
        "run the SQL `DELETE FROM alembic_version WHERE version_num <> '0005'`, then run `subs db upgrade`",
    ),
    "two heads, neither true": (
        "0005",
        ("UPDATE alembic_version SET version_num = '0003'", "INSERT INTO alembic_version VALUES ('0007')"),
        "it has what 0005 leaves: "
        "run the SQL `DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('0005')`, then run",
    ),
    "no revision": (
        "0003",
        ("DELETE FROM alembic_version",),
        " says no revision (alembic_version is empty), and has exactly what revision 0003 leaves: "
        "run the SQL `INSERT INTO alembic_version VALUES ('0003')`, then run `subs db upgrade`",
    ),
    "no table of revisions": (
        "0007",
        ("DROP TABLE alembic_version",),
        " says no revision (it has no alembic_version), and has exactly what revision 0007 leaves: "
        "run the SQL `CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,",
    ),
    "a copy that batch mode left": (
        "0007",
        ("CREATE TABLE _alembic_tmp_listings AS SELECT * FROM listings",),
        "the table _alembic_tmp_listings was left by a migration in Alembic's batch mode that was cut off; the table "
        "listings is still there with 0 rows, of which this holds a copy of 0: keep a copy (`subs archive create`), "
        "then run the SQL `DROP TABLE _alembic_tmp_listings`",
    ),
    "a copy that is all there is": (
        "0007",
        (
            "INSERT INTO product_claims VALUES ('1', '[]', NULL, NULL)",
            "ALTER TABLE product_claims RENAME TO _alembic_tmp_product_claims",
        ),
        "and the table product_claims is gone: this is the one place where its 1 rows are. Do not drop it: "
        "run the SQL `ALTER TABLE _alembic_tmp_product_claims RENAME TO product_claims`, then `subs db check`",
    ),
}
"""What is found -> the revision to begin with, what is done to it, what is said."""

ON_POSTGRESQL = (
    "one with rows", "a column renamed by hand, and a table of a later revision", "a view and an index are missing",
    "two heads, neither true", "no table of revisions", "a copy that is all there is",
)  # fmt: skip
"""Those whose words or statements have to do with the kind of database."""


@pytest.mark.parametrize(
    ("url", "case"),
    [*(("sqlite", case) for case in CASES), *(("postgresql", case) for case in ON_POSTGRESQL)],
    indirect=["url"],
)
def test_what_is_half_way_is_said_and_the_way_on(url: str, case: str) -> None:
    start, statements, sentence = CASES[case]
    upgrade(url, start)
    execute(url, *statements)
    said = check(url)
    assert [sentence in one for one in said].count(True) == 1, said
    follow(url, said)
    if case == "a copy that is all there is":
        assert select(url, "SELECT product_id FROM product_claims") == [("1",)]


@on_sqlite
def test_a_run_is_refused_half_way_and_looking_changes_nothing(url: str) -> None:
    upgrade(url, "0004")
    execute(url, *MAKE_0005)
    before = schema(url)
    with pytest.raises(DatabaseNotReady, match="category_absences is there already"):
        prepare(url)
    assert schema(url) == before


@pytest.fixture
def revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUpRevisions:
    return MadeUpRevisions(tmp_path / "versions", monkeypatch)


ADD_A_COLUMN = 'op.add_column("listings", sa.Column("stock", sa.Integer))'


@on_sqlite
def test_two_heads_of_the_program_are_a_developers_to_join(
    engine: Engine, url: str, revisions: MadeUpRevisions
) -> None:
    newest = heads()[0]
    for _ in range(2):
        revisions.add(ADD_A_COLUMN, before=newest)
    [sentence] = check(url)
    assert "the revisions of this program end in 2 heads, m001, m002, so none is the newest" in sentence


@on_sqlite
def test_a_column_of_a_later_revision(engine: Engine, url: str, revisions: MadeUpRevisions) -> None:
    revisions.add(f'{ADD_A_COLUMN}\nop.create_index("ix_stock", "listings", ["stock"])')
    execute(url, "ALTER TABLE listings ADD COLUMN stock INTEGER")
    assert [one.partition(": ")[2] for one in check(url) if "stock of listings is there already" in one] == [
        "keep a copy (`subs archive create`), then run the SQL `ALTER TABLE listings DROP COLUMN stock`"
    ]


@on_sqlite
def test_values_that_a_revision_rewrites_cannot_be_seen(engine: Engine, url: str, revisions: MadeUpRevisions) -> None:
    revisions.add(ADD_A_COLUMN, 'REWRITES = ("listings.price",)')
    execute(url, "ALTER TABLE listings ADD COLUMN stock INTEGER")
    [problem] = problems(url)
    assert "what m001 would make is there already (the column stock of listings), but nobody can see whether the " in (
        problem.sentence
    )
    assert problem.needs_archive


@pytest.mark.parametrize(
    ("statement", "needs_archive"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", False),
        ("DROP TABLE category_facets", True),
        ("ALTER TABLE listings DROP COLUMN url", True),
        ("DROP TABLE evaluation", True),
        ("ALTER TABLE listings RENAME COLUMN brand TO make", False),
        ("DROP INDEX ix_products_gtin", False),
        ("DROP VIEW substitutions_symmetric", False),
    ],
)
@on_sqlite
def test_an_archive_is_the_way_back_where_values_are_gone(
    engine: Engine, url: str, statement: str, needs_archive: bool
) -> None:
    execute(url, statement)
    [problem] = problems(url)
    assert problem.needs_archive is needs_archive
    assert problem.archive_would_do is ("9999" in statement)


@on_sqlite
def test_what_the_upgrade_mends_is_a_list_and_the_rest_has_its_own_remedy(url: str) -> None:
    upgrade(url, "0005")
    execute(url, "ALTER TABLE listings ADD COLUMN my_note TEXT")
    behind, extra = check(url)
    said, *mends = behind.partition(" is at ")[2].splitlines()
    assert said == f"revision 0005; this program needs {heads()[0]}: run `subs db upgrade`, which mends:"
    assert {"  the table evaluation is missing", "  the table product_kinds is missing"} <= set(mends)
    assert "unexpected column my_note" in extra and "upgrade" not in extra


@on_sqlite
def test_tables_that_are_none_of_ours(url: str) -> None:
    execute(url, "CREATE TABLE wordpress (x TEXT)")
    [sentence] = check(url)
    assert "has tables, and none of them is ours (it has no alembic_version): see that SUBS_DATABASE_URL" in sentence
    upgrade(url)
    assert check(url) == []
