import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

import subs_assets
from subs_assets.database import advisory_lock
from subs_assets.database.advisory_lock import RunLockLost
from subs_assets.database.control import open_control
from subs_assets.database.engine import DatabaseNotReady, describe
from subs_assets.database.lock import NOTE_FILE, RunLocked, current_holder, run_lock
from subs_assets.settings import Settings
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.database.conftest import on_postgresql

HOLD = """
import sys
from pathlib import Path
from subs_assets.database.lock import run_lock

with run_lock(Path(sys.argv[1]), sys.argv[2], holder="subs run"):
    print("held", flush=True)
    sys.stdin.readline()
"""

NO_MATTER = "sqlite://"
"""A database that has no lock of its own."""


@contextmanager
def held_by_another_process(folder: Path, database_url: str = NO_MATTER) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(subs_assets.__file__).parents[1])},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"held"
        try:
            yield child
        finally:
            child.kill()


def test_the_holder_is_named_and_what_to_do(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as child:
        with pytest.raises(RunLocked) as caught, run_lock(tmp_path, NO_MATTER, "me"):
            pytest.fail("two hold the lock")
        assert f"subs run (process {child.pid} on " in str(caught.value)
        assert "Nothing was written. Wait for it and try again, or end that process" in str(caught.value)


def test_the_death_of_the_holder_frees_the_lock(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as child:
        child.kill()
        child.wait()
        assert (tmp_path / NOTE_FILE).exists(), "it had no chance to tidy up"
        with run_lock(tmp_path, NO_MATTER, "me"):
            assert f"me (process {os.getpid()} on " in current_holder(tmp_path)


def test_waiting_ends_with_the_holder(tmp_path: Path) -> None:
    heard: list[str] = []
    with held_by_another_process(tmp_path) as child:

        def end_it(sentence: str) -> None:
            heard.append(sentence)
            child.kill()

        with run_lock(tmp_path, NO_MATTER, "me", wait_seconds=30, on_wait=end_it):
            pass
        assert len(heard) == 1
        assert heard[0].startswith(f"waiting for subs run (process {child.pid} on ")


def test_waiting_ends_in_time(tmp_path: Path) -> None:
    with run_lock(tmp_path, NO_MATTER, "first"):
        start = time.monotonic()
        with (
            pytest.raises(RunLocked, match=r"first \(process .* waited for 0.3 seconds"),
            run_lock(tmp_path, NO_MATTER, "me", 0.3),
        ):
            pytest.fail("two hold the lock")
        assert 0.3 <= time.monotonic() - start < 5


def test_one_at_a_time_among_threads(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with run_lock(tmp_path, NO_MATTER, "thread", wait_seconds=30):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_it_is_freed_by_an_exception_and_leaves_no_note(tmp_path: Path) -> None:
    def fail() -> None:
        with run_lock(tmp_path / "new home", NO_MATTER, "first"):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert not (tmp_path / "new home" / NOTE_FILE).exists()
    with run_lock(tmp_path / "new home", NO_MATTER, "second"):
        pass


@pytest.mark.parametrize("note", ["", "{", "[]", "null", '{"pid": 1}', "\udcff"])
def test_a_note_that_cannot_be_read_does_no_harm(tmp_path: Path, note: str) -> None:
    with run_lock(tmp_path, NO_MATTER, "first"):
        (tmp_path / NOTE_FILE).write_bytes(note.encode("utf-8", "surrogateescape"))
        with pytest.raises(RunLocked, match=r"^another process writes to"), run_lock(tmp_path, NO_MATTER, "me"):
            pytest.fail("two hold the lock")


@on_postgresql
def test_two_homes_of_one_database_exclude_each_other(url: str, tmp_path: Path) -> None:
    """As two machines do."""
    with held_by_another_process(tmp_path / "there", url) as child:
        with pytest.raises(RunLocked) as caught, run_lock(tmp_path / "here", url, "me"):
            pytest.fail("two hold the lock")
        assert str(caught.value).startswith(f"subs run, process {child.pid} on ")
        assert "(user subs, from 127.0.0.1, connected since 20" in str(caught.value)
        assert f" writes to {describe(url)}, and only one may. Nothing was written." in str(caught.value)
        with run_lock(tmp_path / "here", NO_MATTER, "me"):
            pass  # the home's own lock was given back
        heard: list[str] = []

        def end_it(sentence: str) -> None:
            heard.append(sentence)
            child.kill()

        with run_lock(tmp_path / "here", url, "me", wait_seconds=30, on_wait=end_it) as lock:
            assert lock is not None
            assert current_holder(tmp_path / "here").startswith("me (process ")
            assert advisory_lock.current_holder(lock).startswith(f"me, process {os.getpid()} on ")
        assert len(heard) == 1
        assert heard[0].startswith(f"waiting for subs run, process {child.pid} on ")


@on_postgresql
def test_a_database_is_locked_by_the_schema(url: str, tmp_path: Path) -> None:
    other = Settings.from_environment({"SUBS_DATABASE_URL": url}).control_url
    open_control(other).dispose()
    with run_lock(tmp_path / "one", url, "one"), run_lock(tmp_path / "two", other, "two"):
        pass


@on_postgresql
def test_a_server_that_ends_idle_sessions_leaves_the_holders(
    url: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    postgres_server.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET idle_session_timeout = '100ms'")
    with run_lock(tmp_path, url, "me") as lock:
        time.sleep(0.5)
        assert lock is not None
        # A machine whose power went is noticed by nothing else.
        assert lock.scalar(text("SHOW tcp_keepalives_idle")) == "30"
        lock.commit()
        with advisory_lock.writing_while_held(lock):
            pass


@on_postgresql
def test_who_has_lost_the_lock_writes_nothing(url: str, tmp_path: Path, postgres_server: PostgresServer) -> None:
    with run_lock(tmp_path, url, "me") as lock:
        assert lock is not None
        with advisory_lock.writing_while_held(lock) as connection:
            connection.execute(text("CREATE TABLE t (x int)"))
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
        postgres_server.execute(f"SELECT pg_terminate_backend({pid}, 10000)")
        # The second time SQLAlchemy has connected again, to a session that never took the lock.
        for reason in ("terminating connection", "does not hold it"):
            with pytest.raises(RunLockLost, match=f"the run lock was lost .*{reason}"):
                write_seven(lock)
    assert postgres_server.execute("SELECT x FROM t", url.rpartition("/")[2]) == []


@on_postgresql
def test_a_lock_that_is_lost_while_writing(url: str, tmp_path: Path, postgres_server: PostgresServer) -> None:
    with run_lock(tmp_path, url, "me") as lock:
        assert lock is not None
        transaction = advisory_lock.writing_while_held(lock)
        connection = transaction.__enter__()
        connection.execute(text("CREATE TABLE t (x int)"))
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        postgres_server.execute(f"SELECT pg_terminate_backend({pid}, 10000)")
        with pytest.raises(RunLockLost):
            transaction.__exit__(None, None, None)
    assert postgres_server.execute("SELECT 1 FROM pg_class WHERE relname = 't'", url.rpartition("/")[2]) == []


@on_postgresql
def test_an_error_of_another_kind_stays_itself(url: str, tmp_path: Path) -> None:
    with run_lock(tmp_path, url, "me") as lock:
        assert lock is not None
        with pytest.raises(DBAPIError, match="division by zero"), advisory_lock.writing_while_held(lock) as connection:
            connection.execute(text("SELECT 1 / 0"))
        with advisory_lock.writing_while_held(lock):
            pass  # and the lock is held on


def test_a_server_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://me:s3cret@127.0.0.1:1/name"
    with pytest.raises(DatabaseNotReady, match="postgresql://127.0.0.1:1/name cannot be opened") as caught:
        run_lock(tmp_path, nowhere, "me").__enter__()
    assert "s3cret" not in str(caught.value)
    with run_lock(tmp_path, NO_MATTER, "me"):
        pass


def write_seven(lock: Connection) -> None:
    with advisory_lock.writing_while_held(lock) as connection:
        connection.execute(text("INSERT INTO t VALUES (7)"))
