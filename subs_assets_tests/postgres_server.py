"""A real PostgreSQL server for the tests, started as its own user in a folder of its own, and fresh databases on it."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from subs_assets_tests.programs import program

FOLDERS = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/Program Files/PostgreSQL/*/bin")
SERVER_USER = "postgres"
"""Debian's package makes it: PostgreSQL refuses to be started by root."""

SETTINGS = (
    # Nobody misses these databases after a power cut.
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=50",
    "timezone=Australia/Sydney",
)
START_SECONDS = 60


@dataclass(frozen=True)
class PostgresServer:
    """Where it listens; everybody may connect to it as ``subs``, who is its superuser."""

    port: int
    programs: Path
    """The folder of ``pg_dump`` and ``psql``."""
    crash: Callable[[], None] = lambda: None
    """Kills the server's first process, as a crash of the machine would, and starts it again."""

    def url(self, database: str = "postgres", driver: str = "psycopg") -> str:
        return f"postgresql+{driver}://subs@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """Make a database, empty or a copy of a template that nobody is connected to, and return its name."""
        name = f"subs_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever still is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def empty_database(self, name: str) -> None:
        """Take everything of ours out of a database, and everybody: some ten times faster than making one."""
        self.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )
        self.execute(f'ALTER DATABASE "{name}" RESET ALL')
        self.execute(
            "DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS subs_control CASCADE; CREATE SCHEMA public", name
        )

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement outside of any transaction, through the plain driver; its rows, if it has any."""
        import psycopg

        with psycopg.connect(self.url(database, "psycopg").replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this test session."""
    with running_server() as server:
        yield server


@contextmanager
def running_server(settings: Sequence[str] = SETTINGS) -> Iterator[PostgresServer]:
    """A server of its own, for programs that are no tests too."""
    server = program("postgres", "postgresql", FOLDERS)
    initdb = program("initdb", "postgresql", FOLDERS)
    # Not below pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="subs-postgres-"))
    user = SERVER_USER if os.name != "nt" and os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "server.log"
    # ICU, so that text sorts as people sort it and not by bytes: what relies on a database's collation is found out.
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-AU"]
    subprocess.run(
        [initdb, "--pgdata", data, "--username=subs", "--auth=trust", "--no-sync", *locale],
        cwd=folder, user=user, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    port = _free_port()
    options = [part for setting in settings for part in ("-c", setting)]
    sockets = [] if os.name == "nt" else ["-k", str(folder)]
    command: list[str | Path] = [server, "-D", data, "-h", "127.0.0.1", "-p", str(port), *sockets, *options]

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(command, cwd=folder, user=user, stdout=output, stderr=subprocess.STDOUT)

    process = start()

    def crash() -> None:
        nonlocal process
        process.kill()
        process.wait()
        deadline = time.monotonic() + START_SECONDS
        while True:
            process = start()
            try:
                _wait_for(started, process, log)
                return
            except AssertionError:  # the killed one's children still have its memory, for a moment
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    started = PostgresServer(port, server.parent, crash)
    try:
        _wait_for(started, process, log)
        yield started
    finally:
        # SIGINT is PostgreSQL's "fast" shutdown; on Windows there is only terminate(), and the data is rubbish anyway.
        process.terminate() if os.name == "nt" else process.send_signal(2)
        process.wait(timeout=START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database of this test's own."""
    name = postgres_server.new_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


def _wait_for(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.execute("SELECT 1")
            return
        except psycopg.OperationalError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
