"""How long nobody can write while a reset is confirmed, seen from inside and by a writer and a reader beside it.

``python benchmarks/exclusive_lock.py [--rows 1000000]`` needs a PostgreSQL server to start. The rows, of ten columns,
lie in one table, then in three. Each line is the median of three runs, each in a process of its own, on a copy of its
own. The writer takes the lock that an INSERT takes, and the reader reads one row, each a hundred times a second; shown
is the longest that one of them waited.
"""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from archive import COLUMNS, RUNS, made_up
from rich.console import Console
from rich.table import Table

from subs_assets.archive import snapshot
from subs_assets_tests.postgres_server import PostgresServer, running_server

STEPS = ("compare", "wipe", "commit")
INSIDE = """
import json, sys, time
from pathlib import Path
from subs_assets.archive import postgres_wipe
from subs_assets.archive.databases import open_for_wiping
from subs_assets.archive.store import read_manifest
archive, url = Path(sys.argv[1]), sys.argv[2]
manifest = read_manifest(archive)
entry, archived = manifest.databases["warehouse"], manifest.digests("warehouse")
times = [time.perf_counter()]
with open_for_wiping(url, entry) as warehouse:
    assert warehouse.differences(entry, archived) == []
    times.append(time.perf_counter())
    warehouse.wipe()
    times.append(time.perf_counter())
    warehouse.commit()
    times.append(time.perf_counter())
print(json.dumps([after - before for before, after in zip(times, times[1:])]))
"""

Seconds = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{rows:,} rows of ten columns; {os.cpu_count()} cores{load}; Python {platform.python_version()}")
    table = Table(title="Seconds", title_justify="left")
    for heading in ("database", "tables", *STEPS, "a writer waited", "a reader waited"):
        table.add_column(heading, justify="left" if heading == "database" else "right")
    # As a server is by default: the tests' own waits for no disk.
    with running_server(settings=()) as server:
        for count in (1, 3):
            with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
                add_row(table, f"SQLite {sqlite3.sqlite_version}", count, on_sqlite(Path(folder), rows, count))
            version = server.execute("SHOW server_version")[0][0].split()[0]
            with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
                add_row(table, f"PostgreSQL {version}", count, on_postgresql(server, Path(folder), rows, count))
    Console().print(table)


def on_sqlite(folder: Path, rows: int, tables: int) -> Seconds:
    source, copy = folder / "source.db", folder / "copy.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for table, part in parts(rows, tables):
            connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * 10)})", part)
        connection.commit()
    archive = snapshot.create({"warehouse": f"sqlite:///{source.as_posix()}"}, folder / "archives")

    def once() -> Seconds:
        for left in folder.glob("copy.db*"):
            left.unlink()
        shutil.copy(source, copy)
        with closing(waiting_connection(copy)) as one, closing(waiting_connection(copy)) as other:

            def write() -> None:
                one.execute("BEGIN IMMEDIATE")
                one.execute("ROLLBACK")

            def read() -> None:
                other.execute("SELECT * FROM t1 LIMIT 1").fetchall()

            return observed(archive, f"sqlite:///{copy.as_posix()}", write, read)

    return medians([once() for _ in range(RUNS)])


def on_postgresql(server: PostgresServer, folder: Path, rows: int, tables: int) -> Seconds:
    source = server.new_database()
    with psycopg.connect(plain(server, source)) as connection:
        for table, part in parts(rows, tables):
            connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as stream:
                for row in part:
                    stream.write_row(row)
    archive = snapshot.create({"warehouse": server.url(source)}, folder / "archives")

    def once() -> Seconds:
        copy = server.new_database(template=source)
        with (
            psycopg.connect(plain(server, copy), autocommit=True) as one,
            psycopg.connect(plain(server, copy), autocommit=True) as other,
        ):

            def write() -> None:
                with one.transaction():
                    one.execute("LOCK TABLE t1 IN ROW EXCLUSIVE MODE")

            def read() -> None:
                other.execute("SELECT * FROM t1 LIMIT 1").fetchall()

            found = observed(archive, server.url(copy), write, read)
        server.drop_database(copy)
        return found

    return medians([once() for _ in range(RUNS)])


def observed(archive: Path, url: str, write: Callable[[], object], read: Callable[[], object]) -> Seconds:
    """The seconds of each step of one wipe, and the longest that a writer and a reader beside it waited."""
    with waiting(write) as writer, waiting(read) as reader:
        command = [sys.executable, "-c", INSIDE, str(archive), url]
        ended = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    steps = dict(zip(STEPS, json.loads(ended.stdout), strict=True))
    return {**steps, "a writer waited": max(writer), "a reader waited": max(reader)}


@contextmanager
def waiting(act: Callable[[], object]) -> Iterator[list[float]]:
    """Act again and again until the block ends, and note how many seconds it took each time."""
    took: list[float] = []
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(0.01):
            before = time.perf_counter()
            act()
            took.append(time.perf_counter() - before)

    thread = threading.Thread(target=go_on)
    thread.start()
    yield took
    done.set()
    thread.join()


def parts(rows: int, tables: int) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    """Names of tables, and the rows of each."""
    for number in range(1, tables + 1):
        yield f"t{number}", made_up(rows // tables)


def waiting_connection(path: Path) -> sqlite3.Connection:
    """For a thread of its own; waits for others' locks."""
    return sqlite3.connect(path, timeout=600, isolation_level=None, check_same_thread=False)


def plain(server: PostgresServer, database: str) -> str:
    return server.url(database).replace("+psycopg", "")


def medians(runs: Sequence[Seconds]) -> Seconds:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def add_row(table: Table, database: str, tables: int, seconds: Seconds) -> None:
    table.add_row(database, str(tables), *(f"{value:.2f}" for value in seconds.values()))


if __name__ == "__main__":
    main()
