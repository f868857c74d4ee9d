import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, literal, select, text
from sqlalchemy.exc import OperationalError

from subs_assets.database.engine import describe, fold, open_engine, writing
from subs_assets.settings import sqlite_url


def scalar(connection: Connection, statement: str) -> object:
    return connection.execute(text(statement)).scalar_one()


@pytest.mark.parametrize(
    "pragma, expected",
    [
        ("journal_mode", "wal"),
        ("foreign_keys", 1),
        ("busy_timeout", 10_000),
        ("synchronous", 2),
        ("journal_size_limit", 64 * 2**20),
    ],
)
def test_every_connection_is_set_up(url: str, pragma: str, expected: object) -> None:
    with open_engine(url).connect() as one, open_engine(url).connect() as other:
        assert scalar(one, f"PRAGMA {pragma}") == expected
        assert scalar(other, f"PRAGMA {pragma}") == expected


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "größer 100%" / "subs.db"
    with writing(open_engine(sqlite_url(file))) as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    assert file.exists()


def test_ddl_is_rolled_back_with_its_transaction(url: str) -> None:
    engine = open_engine(url)

    def create_and_fail() -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (x)"))
            connection.execute(text("INSERT INTO t VALUES (1)"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        create_and_fail()
    with engine.connect() as connection:
        assert scalar(connection, "SELECT count(*) FROM sqlite_master") == 0


def test_two_reads_of_one_transaction_see_one_state(url: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    with engine.connect() as reader:
        before = scalar(reader, "SELECT count(*) FROM t")
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))
        assert scalar(reader, "SELECT count(*) FROM t") == before == 0
    with engine.connect() as reader:
        assert scalar(reader, "SELECT count(*) FROM t") == 1


def test_writers_that_read_first_wait_for_each_other(url: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        connection.execute(text("INSERT INTO t VALUES (0)"))

    def increment() -> None:
        for _ in range(20):
            with writing(engine) as connection:
                found = scalar(connection, "SELECT x FROM t")
                connection.execute(text("UPDATE t SET x = :x"), {"x": found + 1})  # type: ignore[operator]

    threads = [threading.Thread(target=increment) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert scalar(connection, "SELECT x FROM t") == 60


@pytest.mark.parametrize(
    "sign, expected", [("MÜSLI", "müsli"), ("Straße", "strasse"), ("ΣΊΣΥΦΟΣ", "σίσυφοσ"), (None, None), (7, 7)]
)
def test_fold_is_pythons_casefold(url: str, sign: object, expected: object) -> None:
    with open_engine(url).connect() as connection:
        assert connection.execute(select(fold(literal(sign)))).scalar_one() == expected


@pytest.mark.parametrize(
    "url_with_password",
    [
        "postgresql+psycopg//someone:s3cret@host/name",
        "nodialect://someone:s3cret@host/name",
        "postgresql+nodriver://someone:s3cret@host/name",
        "postgresql://someone:s3cret@host:notaport/name",
    ],
)
def test_a_password_is_never_in_an_error(url_with_password: str) -> None:
    with pytest.raises(ValueError) as caught:
        open_engine(url_with_password)
    shown: BaseException | None = caught.value
    while shown is not None:
        assert "s3cret" not in str(shown)
        shown = None if shown.__suppress_context__ else shown.__context__


@pytest.mark.parametrize(
    "some_url, expected",
    [
        ("sqlite:////var/subs.db", str(Path("/var/subs.db"))),
        ("postgresql+psycopg://someone:s3cret@host:5432/name?password=s3cret", "postgresql://host:5432/name"),
        ("sqlite://", "sqlite:///"),
    ],
)
def test_describe(some_url: str, expected: str) -> None:
    assert describe(some_url) == expected


def test_a_file_that_is_no_database_is_an_error_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "subs.db").write_bytes(b"PK\x03\x04 no database at all, but long enough to be one" * 100)
    with (
        pytest.raises(Exception, match="file is not a database") as caught,
        open_engine(sqlite_url(tmp_path / "subs.db")).connect(),
    ):
        pass
    assert type(caught.value).__module__.startswith("sqlalchemy")
    assert not isinstance(caught.value, OperationalError)
