"""How long nobody can write while a reset is confirmed or an upgrade done, seen from inside, and by a writer and a
reader beside it.

``python -m benchmarks.exclusive_lock [--rows 1000000]`` needs a PostgreSQL server to start. The rows, of ten columns,
lie in one table, then in three, beside the tables of the first revision. Each happens to a copy of its own, in a
process of its own: a reset three times, of which the median is shown; an upgrade once, for its archive and its
rehearsal take minutes. The writer takes the lock that an INSERT takes, and the reader reads one row, each a hundred
times a second; shown is the longest that one of them waited.
"""

import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.archive import COLUMNS, RUNS, made_up
from benchmarks.machine import options_of
from benchmarks.rows import Row, Size
from subs_assets.archive import snapshot
from subs_assets.database import migrate
from subs_assets_tests.postgres_server import PostgresServer, running_server

ROWS = {Size.TINY: 1_000, Size.USUAL: 1_000_000, Size.FULL: 1_000_000}
SHOWN = ("locked", "compare", "wipe", "commit", "a writer waited", "a reader waited")
RESET = """
import json, sys, time
from pathlib import Path
from subs_assets.archive.postgres import wipe as postgres_wipe
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
steps = dict(zip(("compare", "wipe", "commit"), (after - before for before, after in zip(times, times[1:]))))
print(json.dumps({"locked": times[-1] - times[0], **steps}))
"""
UPGRADE = """
import json, sys
from pathlib import Path
from subs_assets.archive.places import LocalPlace
from subs_assets.archive.upgrade import upgrade
from subs_assets.database.control import open_control
home, url = Path(sys.argv[1]), sys.argv[2]
control = f"sqlite:///{home.as_posix()}/control.db"
done = upgrade(open_control(control), "ana", {"warehouse": url, "control": control}, LocalPlace(home / "archives"))
assert done.archive
print(json.dumps({"locked": done.seconds_locked}))
"""

Seconds = dict[str, float]


@dataclass(frozen=True)
class Copy:
    """A database, and what a writer and a reader beside do to it."""

    url: str
    write: Callable[[], object]
    read: Callable[[], object]


@dataclass(frozen=True)
class Locked:
    """One kind of work on one database; ``seconds`` has what was measured of ``SHOWN``."""

    work: str
    database: str
    tables: int
    seconds: Seconds


def rows(size: Size) -> list[Row]:
    count = ROWS[size]
    return [
        Row(
            f"nobody can write: {one.work}, {one.tables} tables, {one.database}", count, one.seconds["locked"],
            beside="a writer waited", other=one.seconds["a writer waited"],
        )
        for one in measure(count, (3,))
    ]  # fmt: skip


def main() -> None:
    options = options_of(__doc__, rows=ROWS[Size.FULL])
    table = Table(title="Seconds", title_justify="left")
    for heading in ("work", "database", "tables", *SHOWN):
        table.add_column(heading, justify="left" if heading in ("work", "database") else "right")
    for one in measure(options.rows, (1, 3)):
        shown = (f"{one.seconds[name]:.2f}" if name in one.seconds else "" for name in SHOWN)
        table.add_row(one.work, one.database, str(one.tables), *shown)
    Console().print(table)


def measure(rows: int, numbers_of_tables: Sequence[int]) -> Iterator[Locked]:
    # As a server is by default: the tests' own waits for no disk.
    with running_server(settings=()) as server:
        for tables in numbers_of_tables:
            with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
                source = filled_sqlite(Path(folder), rows, tables)
                copies = partial(sqlite_copy, source)
                yield from on_copies("SQLite", tables, Path(folder), url_of(source), copies)
            with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
                database = filled_postgresql(server, rows, tables)
                copies = partial(postgresql_copy, server, database)
                yield from on_copies("PostgreSQL", tables, Path(folder), server.url(database), copies)


def on_copies(
    database: str, tables: int, folder: Path, source: str, copies: Callable[[], AbstractContextManager[Copy]]
) -> Iterator[Locked]:
    """Resets, and an upgrade."""
    archive = snapshot.create({"warehouse": source}, folder / "archives")
    runs = {
        "reset": [observed(copies, RESET, archive) for _ in range(RUNS)],
        "upgrade": [observed(copies, UPGRADE, folder)],
    }
    for work, found in runs.items():
        seconds = {name: statistics.median(run[name] for run in found) for name in found[0]}
        yield Locked(work, database, tables, seconds)


def filled_sqlite(folder: Path, rows: int, tables: int) -> Path:
    path = folder / "source.db"
    migrate.upgrade(url_of(path), "0001")
    with closing(sqlite3.connect(path)) as connection:
        for table, part in parts(rows, tables):
            connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * 10)})", part)
        connection.commit()
    return path


def filled_postgresql(server: PostgresServer, rows: int, tables: int) -> str:
    database = server.new_database()
    migrate.upgrade(server.url(database), "0001")
    with psycopg.connect(plain(server, database)) as connection:
        for table, part in parts(rows, tables):
            connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as stream:
                for row in part:
                    stream.write_row(row)
    return database


@contextmanager
def sqlite_copy(source: Path) -> Iterator[Copy]:
    path = source.with_name("copy.db")
    shutil.copy(source, path)
    with closing(waiting_connection(path)) as one, closing(waiting_connection(path)) as other:

        def write() -> None:
            one.execute("BEGIN IMMEDIATE")
            one.execute("ROLLBACK")

        yield Copy(url_of(path), write, lambda: other.execute("SELECT * FROM t1 LIMIT 1").fetchall())
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()


@contextmanager
def postgresql_copy(server: PostgresServer, source: str) -> Iterator[Copy]:
    name = server.new_database(template=source)
    with (
        psycopg.connect(plain(server, name), autocommit=True) as one,
        psycopg.connect(plain(server, name), autocommit=True) as other,
    ):

        def write() -> None:
            with one.transaction():
                one.execute("LOCK TABLE t1 IN ROW EXCLUSIVE MODE")

        yield Copy(server.url(name), write, lambda: other.execute("SELECT * FROM t1 LIMIT 1").fetchall())
    server.drop_database(name)


def observed(copies: Callable[[], AbstractContextManager[Copy]], program: str, place: Path) -> Seconds:
    """What the program says of its seconds, and the longest that a writer and a reader beside it waited."""
    with copies() as copy, waiting(copy.write) as writer, waiting(copy.read) as reader:
        command = [sys.executable, "-c", program, str(place), copy.url]
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return {**json.loads(ended.stdout), "a writer waited": max(writer), "a reader waited": max(reader)}


@contextmanager
def waiting(act: Callable[[], object]) -> Iterator[Sequence[float]]:
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
    try:
        yield took
    finally:
        done.set()
        thread.join()


def parts(rows: int, tables: int) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    """Names of tables, and the rows of each."""
    for number in range(1, tables + 1):
        yield f"t{number}", made_up(rows // tables)


def waiting_connection(path: Path) -> sqlite3.Connection:
    """For a thread of its own; waits for others' locks."""
    return sqlite3.connect(path, timeout=600, isolation_level=None, check_same_thread=False)


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


def plain(server: PostgresServer, database: str) -> str:
    return server.url(database).replace("+psycopg", "")


if __name__ == "__main__":
    main()
