"""How a schema differs from the tables, in words, and that the SQL which they end with mends it."""

import pytest
from sqlalchemy import Engine

from subs_assets.database.check import check, notes, prepare
from subs_assets.database.engine import DatabaseNotReady
from subs_assets.database.migrate import heads
from subs_assets_tests.plain_sql import execute, schema
from subs_assets_tests.unit.database.conftest import on_postgresql, on_sqlite


@pytest.mark.parametrize(
    "statement, sentence",
    [
        (
            "DROP TABLE category_facets",
            "the table category_facets is missing: run the SQL `CREATE TABLE category_facets ( company_slug TEXT NOT",
        ),
        (
            "ALTER TABLE categories RENAME COLUMN category_id TO store_product_id",
            "categories has store_product_id where category_id is expected: "
            "run the SQL `ALTER TABLE categories RENAME COLUMN store_product_id TO category_id`",
        ),
        (
            'ALTER TABLE listings RENAME COLUMN brand TO "Marke"',
            "listings has Marke where brand is expected: "
            'run the SQL `ALTER TABLE listings RENAME COLUMN "Marke" TO brand`',
        ),
        (
            "ALTER TABLE listings DROP COLUMN url",
            "listings lacks the column url (TEXT): run the SQL `ALTER TABLE listings ADD COLUMN url TEXT`",
        ),
        (
            "ALTER TABLE listings DROP COLUMN claims",
            "listings lacks the column claims (TEXT): keep a copy (`subs archive create`), move the database away",
        ),
        (
            "ALTER TABLE listings ADD COLUMN my_note TEXT",
            "listings has an unexpected column my_note, whose values the next publication would lose: move them to a "
            "table of their own, then run the SQL `ALTER TABLE listings DROP COLUMN my_note`",
        ),
        (
            "DROP INDEX ix_products_gtin",
            "the index ix_products_gtin on products is missing: "
            "run the SQL `CREATE INDEX ix_products_gtin ON products (gtin)`",
        ),
        (
            "DROP VIEW substitutions_symmetric",
            "the view substitutions_symmetric is missing: run the SQL `CREATE VIEW substitutions_symmetric AS SELECT",
        ),
        (
            "UPDATE alembic_version SET version_num = '9999'",
            f" is at revision 9999, and the newest that this program knows is {heads()[0]}: a newer one migrated it",
        ),
    ],
)
def test_drift_is_said_in_words_and_stops_a_run(engine: Engine, url: str, statement: str, sentence: str) -> None:
    execute(url, statement)
    sentences = check(url)
    assert len(sentences) == 1
    assert sentence in sentences[0].replace(' COLLATE "C"', "")
    before = schema(url)
    with pytest.raises(DatabaseNotReady) as caught:
        prepare(url)
    assert str(caught.value) == sentences[0]
    assert schema(url) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE category_facets",
        "ALTER TABLE categories RENAME COLUMN category_id TO store_product_id",
        "ALTER TABLE listings DROP COLUMN url",
        "DROP INDEX ix_products_gtin",
        "DROP VIEW substitutions_symmetric",
        "ALTER TABLE listings ADD COLUMN my_note TEXT",
    ],
)
def test_the_sql_that_a_sentence_ends_with_mends(engine: Engine, url: str, statement: str) -> None:
    execute(url, statement)
    [sentence] = check(url)
    execute(url, sentence.rsplit("`")[-2])
    assert check(url) == []


def test_changed_types_keys_and_nullability_are_told_apart(engine: Engine, url: str) -> None:
    execute(
        url,
        "DROP TABLE product_claims",
        "CREATE TABLE product_claims (product_id TEXT NOT NULL, claims INTEGER, department TEXT NOT NULL, "
        "product_class TEXT NOT NULL, PRIMARY KEY (product_class, product_id))",
    )
    found = "\n".join(check(url))
    assert "product_claims.claims is INTEGER where TEXT is expected: keep a copy" in found.replace(' COLLATE "C"', "")
    assert "product_claims.claims may be NULL, and should not: keep a copy" in found
    assert "product_claims.department may not be NULL, and should: keep a copy" in found
    assert (
        "the primary key of product_claims is (product_class, product_id), expected (product_id): keep a copy" in found
    )


@on_sqlite
def test_a_key_of_sqlite_may_be_null_unless_it_is_said(engine: Engine, url: str) -> None:
    execute(
        url,
        "DROP TABLE product_claims",
        "CREATE TABLE product_claims (product_id TEXT PRIMARY KEY, claims TEXT NOT NULL, department TEXT, "
        "product_class TEXT)",
    )
    assert ["product_claims.product_id may be NULL, and should not: keep" in one for one in check(url)] == [True]


@on_postgresql
@pytest.mark.parametrize(
    "column, kind, expected",
    [
        ("name", "VARCHAR(200)", 'VARCHAR(200) where TEXT COLLATE "C"'),
        ("line", "INTEGER", "INTEGER where BIGINT"),
        ("price", "REAL", "REAL where FLOAT"),
        ("price", "NUMERIC(10, 2)", "NUMERIC(10, 2) where FLOAT"),
    ],
)
def test_types_that_would_lose_something_are_told_apart(
    engine: Engine, url: str, column: str, kind: str, expected: str
) -> None:
    execute(url, f"ALTER TABLE listings ALTER COLUMN {column} TYPE {kind}")
    assert [one.partition(" is expected")[0] for one in check(url)] == [f"listings.{column} is {expected}"]


def test_what_somebody_added_is_noted_and_stops_nothing(engine: Engine, url: str) -> None:
    execute(
        url,
        "CREATE TABLE my_notes (x TEXT)",
        "CREATE INDEX my_index ON listings (price)",
        "CREATE VIEW my_view AS SELECT 1",
    )
    assert check(url) == []
    prepare(url)
    assert notes(url) == [
        "the table my_notes is not one of ours; no run touches it, and the archive keeps it",
        "the index my_index on listings is not one of ours; it only slows publication down",
    ]


@on_postgresql
def test_a_view_that_cannot_be_read_is_a_problem_among_others(engine: Engine, url: str) -> None:
    execute(
        url,
        "DROP VIEW substitutions_symmetric",
        "CREATE VIEW substitutions_symmetric AS SELECT 1 / 0 AS product_a",
        "DROP INDEX ix_products_gtin",
    )
    missing, broken = check(url)
    assert "the index ix_products_gtin on products is missing" in missing
    assert "the view substitutions_symmetric cannot be read (division by zero)" in broken


@on_sqlite
def test_a_broken_view_is_a_problem(engine: Engine, url: str) -> None:
    execute(url, "DROP VIEW substitutions_symmetric")
    execute(url, "CREATE VIEW substitutions_symmetric AS SELECT 1 FROM nowhere")
    assert any("the view substitutions_symmetric cannot be read (no such table" in sentence for sentence in check(url))
