"""Archive, verify and restore beside what SQLite and PostgreSQL bring for it, in one run.

``python benchmarks/archive.py [--rows 1000000]`` makes a table of ten columns, and needs the programs ``sqlite3``,
``pg_dump``, ``pg_restore`` and a PostgreSQL server to start. Each line is the median of three runs, each in a process
of its own; start-up counts. Memory is that of our process; the server's own is not in it.
"""

import argparse
import os
import platform
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from subs_assets_tests.postgres_server import PostgresServer, running_server
from subs_assets_tests.programs import program

RUNS = 3
COLUMNS = (
    "id INTEGER PRIMARY KEY, sku TEXT NOT NULL, name TEXT NOT NULL, brand TEXT, price DOUBLE PRECISION, "
    "unit_price DOUBLE PRECISION, pack_count INTEGER, available INTEGER, seen_at TEXT, url TEXT"
)
WORDS = ("fresh", "organic", "sweet", "dark", "smooth", "oat", "barley", "almond", "apple", "mango", "cocoa", "mint")
BUDGET = {
    "sqlite": {"create": 12, "verify": 3, "restore": 15},
    "postgresql": {"create": 10, "verify": 3, "restore": 15},
}
"""Seconds for a million rows on two cores; and 128 MiB for each."""

OURS = """
import sys
from pathlib import Path
from subs_assets.archive import restore, snapshot, verify
work, archives, url = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
if work == "create":
    snapshot.create({"database": url}, archives)
else:
    (archive,) = (path for path in archives.iterdir() if not path.name.startswith("."))
    assert verify.verify(archive).ok if work == "verify" else restore.restore(archive, {"database": url}).rows
"""


@dataclass(frozen=True)
class Measured:
    """One kind of work: seconds, peak memory in MiB (of ours, where the system tells), and MiB that it left."""

    name: str
    seconds: float
    memory: float | None
    left: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{rows:,} rows of ten columns; {os.cpu_count()} cores{load}; Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        on_sqlite(Path(folder), rows)
    # As a server is by default: the tests' own waits for no disk.
    with running_server(settings=()) as server, tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        on_postgresql(server, Path(folder), rows)


def on_sqlite(folder: Path, rows: int) -> None:
    source, copy, dump, archives = folder / "source.db", folder / "copy.db", folder / "dump.sql", folder / "archives"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute(f"CREATE TABLE listings ({COLUMNS})")
        connection.executemany(f"INSERT INTO listings VALUES ({', '.join('?' * 10)})", made_up(rows))
        connection.commit()
    shell = str(program("sqlite3", "sqlite3"))
    copy_url = f"sqlite:///{copy.as_posix()}"

    def away() -> None:
        copy.unlink(missing_ok=True)

    measured = [
        measure(".backup", [shell, str(source), f".backup '{copy.as_posix()}'"], away, copy),
        measure(".dump", [shell, str(source), ".dump"], away, dump, output=dump),
        measure(".read", [shell, str(copy), f".read '{dump.as_posix()}'"], away, copy),
        *ours(archives, f"sqlite:///{source.as_posix()}", copy_url, away, copy),
    ]
    print_table(f"SQLite {sqlite3.sqlite_version}, a file of {size_of(source):.0f} MiB", measured, "sqlite", rows)


def on_postgresql(server: PostgresServer, folder: Path, rows: int) -> None:
    source, copy, dump, archives = server.new_database(), server.new_database(), folder / "dump", folder / "archives"
    with psycopg.connect(server.url(source).replace("+psycopg", "")) as connection:
        connection.execute(f"CREATE TABLE listings ({COLUMNS})")
        with connection.cursor().copy("COPY listings FROM STDIN") as stream:
            for row in made_up(rows):
                stream.write_row(row)
    version = server.execute("SHOW server_version")[0][0]
    (size,) = server.execute("SELECT pg_table_size('listings')", source)[0]

    def empty() -> None:
        server.empty_database(copy)

    where = ["--host=127.0.0.1", f"--port={server.port}", "--username=subs"]
    pg_dump, pg_restore = str(server.programs / "pg_dump"), str(server.programs / "pg_restore")
    measured = [
        measure("pg_dump -Fc", [pg_dump, *where, "-Fc", f"--file={dump}", source], empty, dump),
        # --clean: the empty database of this benchmark has the schema public already.
        measure("pg_restore", [pg_restore, *where, "--clean", "--if-exists", "-d", copy, str(dump)], empty, None),
        *ours(archives, server.url(source), server.url(copy), empty, None),
    ]
    print_table(f"PostgreSQL {version}, a table of {size / 2**20:.0f} MiB", measured, "postgresql", rows)


def ours(archives: Path, url: str, copy_url: str, before: Callable[[], None], copy: Path | None) -> list[Measured]:
    def away() -> None:
        shutil.rmtree(archives, ignore_errors=True)

    def command(work: str, url: str) -> list[str]:
        return [sys.executable, "-c", OURS, work, str(archives), url]

    return [
        measure("create", command("create", url), away, archives),
        measure("verify", command("verify", url), lambda: None, None),
        measure("restore", command("restore", copy_url), before, copy),
    ]


def measure(
    name: str, command: Sequence[str], before: Callable[[], None], left: Path | None, output: Path | None = None
) -> Measured:
    """Run a command several times, each after ``before``; ``output`` takes what it prints."""
    seconds, memory = [], []
    for _ in range(RUNS):
        before()
        with (output or Path(os.devnull)).open("wb") as stream:
            started = time.perf_counter()
            child = subprocess.Popen(command, stdout=stream)
            if hasattr(os, "wait4"):
                _, status, usage = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
                memory.append(usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
            else:
                child.wait()
            seconds.append(time.perf_counter() - started)
        assert child.returncode == 0, command
    # Linux counts what this process had when it started the child: a small program's own memory cannot be seen.
    peak = max(memory, default=None) if command[0] == sys.executable else None
    return Measured(name, statistics.median(seconds), peak, None if left is None else size_of(left))


def size_of(path: Path) -> float:
    """MiB of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 2**20


def made_up(rows: int) -> Iterator[tuple[object, ...]]:
    """The same rows each time, of the kinds of value that listings have."""
    chance = random.Random(0)
    for number in range(1, rows + 1):
        price = chance.randrange(50, 5000) / 100
        name = " ".join(chance.choices(WORDS, k=5))
        yield (
            number, f"{chance.randrange(10**9):09}", name, chance.choice(WORDS) if number % 5 else None, price,
            price / chance.randrange(1, 20), chance.randrange(1, 25), number % 2,
            f"2026-11-{number % 28 + 1:02}T03:30:{number % 60:02}+00:00", f"https://shop.example/p/{number}",
        )  # fmt: skip


def print_table(title: str, measured: Sequence[Measured], dialect: str, rows: int) -> None:
    table = Table(title=title, title_justify="left")
    reference = measured[0]
    for heading in ("work", "seconds", f"x {reference.name}", "memory MiB", "left MiB", "budget s"):
        table.add_column(heading, justify="left" if heading == "work" else "right")
    for one in measured:
        budget = BUDGET[dialect].get(one.name)
        table.add_row(
            one.name,
            f"{one.seconds:.2f}",
            f"{one.seconds / reference.seconds:.1f}",
            "" if one.memory is None else f"{one.memory:.0f}",
            "" if one.left is None else f"{one.left:.0f}",
            "" if budget is None or rows != 1_000_000 else str(budget),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
