import sqlite3
import sys
import threading
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from subs_assets.database.engine import describe, open_answering, open_engine, sqlite_address, writing
from subs_assets.settings import sqlite_url
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.database.conftest import on_postgresql, on_sqlite


def scalar(connection: Connection, statement: str) -> object:
    return connection.execute(text(statement)).scalar_one()


@on_sqlite
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
def test_every_connection_to_sqlite_is_set_up(url: str, pragma: str, expected: object) -> None:
    with open_engine(url).connect() as one, open_engine(url).connect() as other:
        assert scalar(one, f"PRAGMA {pragma}") == expected
        assert scalar(other, f"PRAGMA {pragma}") == expected


@on_postgresql
@pytest.mark.parametrize(
    "setting, expected",
    [
        ("TimeZone", "UTC"),
        ("client_encoding", "UTF8"),
        ("extra_float_digits", "1"),
        ("transaction_isolation", "repeatable read"),
        ("application_name", "subs_assets"),
    ],
)
def test_every_connection_to_postgresql_is_set_up(
    url: str, postgres_server: PostgresServer, setting: str, expected: str
) -> None:
    for other in ("extra_float_digits = 0", "client_encoding = latin1"):
        postgres_server.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET {other}")
    with open_engine(url).connect() as connection:
        assert scalar(connection, f"SHOW {setting}") == expected


@on_postgresql
def test_the_url_says_otherwise(url: str) -> None:
    with open_engine(f"{url}?application_name=me&connect_timeout=3").connect() as connection:
        assert scalar(connection, "SHOW application_name") == "me"


@on_postgresql
def test_a_connection_that_the_server_ended_while_it_was_idle_is_made_anew(
    url: str, postgres_server: PostgresServer
) -> None:
    engine = open_engine(url)
    with engine.connect() as connection:
        pid = scalar(connection, "SELECT pg_backend_pid()")
    postgres_server.execute(f"SELECT pg_terminate_backend({pid}, 10000)")
    with engine.connect() as connection:
        assert scalar(connection, "SELECT pg_backend_pid()") != pid
        assert scalar(connection, "SHOW TimeZone") == "UTC"
    engine.dispose()


def test_a_driver_that_is_missing_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ValueError, match=r"postgresql://host/name .* pip install \"subs_assets\[postgresql\]\""):
        open_engine("postgresql+psycopg://host/name")


def test_another_driver_is_refused() -> None:
    with pytest.raises(ValueError, match=r"psycopg 3: write postgresql\+psycopg://"):
        open_engine("postgresql+psycopg2://me:s3cret@host/name")


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "größer 100%" / "subs.db"
    with writing(open_engine(sqlite_url(file))) as connection:
        connection.execute(text("CREATE TABLE t (x int)"))
    assert file.exists()


def test_ddl_is_rolled_back_with_its_transaction(url: str) -> None:
    engine = open_engine(url)

    def create_and_fail() -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (x int)"))
            connection.execute(text("INSERT INTO t VALUES (1)"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        create_and_fail()
    assert inspect(engine).get_table_names() == []


def test_two_reads_of_one_transaction_see_one_state(url: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x int)"))
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
        connection.execute(text("CREATE TABLE t (x int)"))
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
    "url_with_password",
    [
        "postgresql+psycopg//someone:s3cret@host/name",
        "nodialect://someone:s3cret@host/name",
        "postgresql+nodriver://someone:s3cret@host/name",
        "postgresql://someone:s3cret@host:notaport/name",
        "postgresql+psycopg://someone:p@s3cret@host/name",
        "postgresql+psycopg://someone:p@s3c:s3cret@host/name",
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


def test_a_new_file_in_which_somebody_else_begins_to_write_is_waited_for(tmp_path: Path) -> None:
    """SQLite itself does not wait here: the first of two that open a new file at once made the other one fail."""
    file = tmp_path / "subs.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    commit = threading.Timer(0.3, other.execute, ["COMMIT"])
    commit.start()
    opened = open_answering(sqlite_url(file))
    with opened.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    opened.dispose()
    commit.join()
    other.close()


@pytest.mark.parametrize(
    ("file", "address"),
    [
        (PurePosixPath("/srv/a #1.db"), "file:///srv/a%20%231.db?mode=ro"),
        (PureWindowsPath("C:/home/subs.db"), "file:///C:/home/subs.db?mode=ro"),
        (PureWindowsPath("//nas/home/subs.db"), "file:////nas/home/subs.db?mode=ro"),
    ],
)
def test_sqlite_is_given_a_path_without_an_authority(file: PurePath, address: str) -> None:
    assert sqlite_address(file, "ro") == address
