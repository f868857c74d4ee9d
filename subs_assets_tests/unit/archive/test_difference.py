import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.archive import snapshot
from subs_assets.archive.difference import Difference, TableDifference, _unmatched, difference, differing_rows
from subs_assets.archive.errors import ArchiveError
from subs_assets_tests.unit.archive.conftest import POSTGRES_SHOP, MakeDatabase, PostgresPlace, url_of

SCRIPT = """
CREATE TABLE listings (slug TEXT, sku TEXT, price REAL, PRIMARY KEY (slug, sku));
INSERT INTO listings VALUES ('aldi', '1', 1.5), ('aldi', '2', 2.5), ('coles', '1', 3.5);
CREATE TABLE notes (note TEXT);
INSERT INTO notes VALUES ('twice'), ('twice'), ('once');
CREATE TABLE untouched (id INTEGER PRIMARY KEY);
"""


def test_an_archive_differs_from_the_next_in_nothing_where_nothing_happened(shop: Path, tmp_path: Path) -> None:
    before, after = (snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives") for _ in range(2))
    assert difference(before, after) == Difference((), ())
    assert list(differing_rows(before, after, "warehouse", "products")) == []


@pytest.mark.parametrize(
    ("script", "table", "expected"),
    [
        ("INSERT INTO listings VALUES ('iga', '1', 1)", "listings", (1, 0, 0)),
        ("DELETE FROM listings WHERE sku = '1'", "listings", (0, 2, 0)),
        ("UPDATE listings SET price = 9", "listings", (0, 0, 3)),
        ("UPDATE listings SET sku = '3' WHERE sku = '2'", "listings", (1, 1, 0)),
        ("DELETE FROM notes WHERE rowid = 1", "notes", (0, 1, 0)),
        ("INSERT INTO notes VALUES ('twice'), ('once')", "notes", (2, 0, 0)),
        ("UPDATE notes SET note = 'thrice' WHERE rowid = 2", "notes", (1, 1, 0)),
    ],
)
def test_rows_are_counted_by_what_became_of_them(
    make_database: MakeDatabase, tmp_path: Path, script: str, table: str, expected: tuple[int, int, int]
) -> None:
    before, after = archived_twice(make_database(SCRIPT), script, tmp_path / "archives")
    found = difference(before, after)
    assert not found.schema
    (one,) = found.tables
    assert (one.table, (one.added, one.removed, one.changed)) == (table, expected)


def test_a_table_that_was_filled_anew_with_the_same_rows_is_the_same(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    script = "INSERT INTO listings VALUES ('x', 'x', 0); DELETE FROM listings WHERE slug IN ('aldi', 'x');"
    script += "INSERT INTO listings VALUES ('aldi', '2', 2.5), ('aldi', '1', 1.5)"
    before, after = archived_twice(make_database(SCRIPT), script, tmp_path / "archives")
    assert difference(before, after).is_empty


def test_a_renamed_column_is_no_change_of_rows(make_database: MakeDatabase, tmp_path: Path) -> None:
    before, after = archived_twice(
        make_database(SCRIPT), "ALTER TABLE listings RENAME COLUMN price TO shelf_price", tmp_path / "archives"
    )
    found = difference(before, after)
    assert found.schema == ("warehouse: table listings was altered",)
    assert found.tables == (TableDifference("warehouse", "listings", 3, 3, 0, 0, 0, ("shelf_price",), ("price",)),)


def test_tables_statements_and_revisions_that_came_or_went_are_named(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    source = make_database(
        SCRIPT + "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0001');"
    )
    before, after = archived_twice(
        source,
        "DROP TABLE notes; CREATE TABLE remarks (id INTEGER PRIMARY KEY); INSERT INTO remarks VALUES (1);"
        "CREATE INDEX by_price ON listings (price); UPDATE alembic_version SET version_num = '0002'",
        tmp_path / "archives",
    )
    found = difference(before, after)
    assert found.schema == (
        "warehouse: Alembic revision 0001 became 0002",
        "warehouse: table notes was dropped",
        "warehouse: table remarks was made",
        "warehouse: index by_price was made",
    )
    assert [(one.table, one.rows_before, one.rows_after, one.added, one.removed) for one in found.tables] == [
        ("notes", 3, None, 0, 3),
        ("alembic_version", 1, 1, 1, 1),
        ("remarks", None, 1, 1, 0),
    ]


def test_differing_rows_are_shown_as_they_are_archived(make_database: MakeDatabase, tmp_path: Path) -> None:
    before, after = archived_twice(
        make_database(SCRIPT),
        "UPDATE listings SET price = 9 WHERE sku = '2'; DELETE FROM notes WHERE rowid = 2",
        tmp_path / "archives",
    )
    assert list(differing_rows(before, after, "warehouse", "listings")) == [
        ("-", {"$rowid": 2, "slug": "aldi", "sku": "2", "price": 2.5}),
        ("+", {"$rowid": 2, "slug": "aldi", "sku": "2", "price": 9.0}),
    ]
    assert list(differing_rows(before, after, "warehouse", "notes")) == [("-", {"$rowid": 2, "note": "twice"})]
    with pytest.raises(ArchiveError, match="no table 'nope'"):
        list(differing_rows(before, after, "warehouse", "nope"))


def test_rows_of_postgresql_are_compared_too(new_postgres: Callable[..., PostgresPlace], tmp_path: Path) -> None:
    place = new_postgres(*POSTGRES_SHOP)
    before = snapshot.create({"warehouse": place.url}, tmp_path / "archives")
    place.execute("UPDATE products SET name = 'x' WHERE id <= 3; DELETE FROM products WHERE id = 5")
    after = snapshot.create({"warehouse": place.url}, tmp_path / "archives")
    (found,) = difference(before, after).tables
    assert (found.table, found.added, found.removed, found.changed) == ("products", 0, 1, 3)


@given(st.lists(st.integers(0, 4)), st.lists(st.integers(0, 4)))
def test_rows_are_matched_one_to_one(rows: list[int], others: list[int]) -> None:
    remaining = list(others)
    expected = []
    for place, row in enumerate(rows):
        if row in remaining:
            remaining.remove(row)
        else:
            expected.append(place)
    assert _unmatched(np.array(rows, np.uint64), np.array(others, np.uint64)).tolist() == expected


def archived_twice(source: Path, script: str, archives: Path) -> tuple[Path, Path]:
    """An archive of a database, and one after the script ran."""
    before = snapshot.create({"warehouse": url_of(source)}, archives)
    with closing(sqlite3.connect(source)) as connection:
        connection.executescript(script)
    return before, snapshot.create({"warehouse": url_of(source)}, archives)
