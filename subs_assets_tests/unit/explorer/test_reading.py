"""A reader's connection can change nothing, whatever it is told."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from subs_assets.database import reading
from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.unit.explorer.conftest import on_both


@on_both
@pytest.mark.parametrize(
    "statement", ["DELETE FROM listings", "CREATE TABLE own (number INTEGER)", "DROP TABLE products"]
)
def test_a_reader_cannot_write(home: Settings, statement: str) -> None:
    engine = reading.open_read_only(home.database_url)
    with engine.connect() as connection, pytest.raises(DBAPIError, match=r"readonly|read-only"):
        connection.execute(text(statement))
    engine.dispose()


def test_no_file_is_made(empty_home: Settings) -> None:
    with pytest.raises(FileNotFoundError, match="there is no database"):
        reading.open_read_only(empty_home.database_url)
    assert not empty_home.home.exists()


def test_a_file_in_the_place_of_another_is_seen(home: Settings, empty_home: Settings) -> None:
    empty_home.home.mkdir()
    file = empty_home.home / "an odd #name% ?.db"
    source = home.home / "subs.db"
    file.write_bytes(source.read_bytes())
    engine = reading.open_read_only(sqlite_url(file))
    with engine.connect() as connection:
        assert reading.is_current(connection) and reading.published_mark(connection)
    other = file.with_name("other")
    other.write_bytes(b"")
    other.replace(file)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="no such table"):
        reading.is_current(connection)
