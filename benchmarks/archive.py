"""Archive, verify and restore beside what SQLite and PostgreSQL bring for it, in one run.

``python -m benchmarks.archive [--rows 1000000] [--runs 3]`` makes a table of ten columns, and needs the programs
``sqlite3``, ``pg_dump``, ``pg_restore`` and a PostgreSQL server to start. Each line is the median of the runs, each in
a process of its own; start-up counts. Memory is that of our process; the server's own is not in it.
"""

import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.machine import options_of, run_child
from benchmarks.rows import Row, Size
from subs_assets_tests.postgres_server import PostgresServer, running_server
from subs_assets_tests.programs import program

RUNS = 3
ROWS = {Size.TINY: 1_000, Size.USUAL: 1_000_000, Size.FULL: 1_000_000}
COLUMNS = (
    "id INTEGER PRIMARY KEY, sku TEXT NOT NULL, name TEXT NOT NULL, brand TEXT, price DOUBLE PRECISION, "
    "unit_price DOUBLE PRECISION, pack_count INTEGER, available INTEGER, seen_at TEXT, url TEXT"
)
WORDS = ("fresh", "organic", "sweet", "dark", "smooth", "oat", "barley", "almond", "apple", "mango", "cocoa", "mint")
BUDGET = {
    "sqlite": {"create": 12, "verify": 3, "restore": 15},
    "postgresql": {"create": 10, "verify": 3, "restore": 15},
}
"""Seconds for a million rows on two cores."""
MEMORY_BUDGET = 128
BUDGET_FOR = 1_000_000
BESIDE = {
    "sqlite": {"create": ".dump", "restore": ".read"},
    "postgresql": {"create": "pg_dump -Fc", "restore": "pg_restore"},
}
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

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


def rows(size: Size) -> list[Row]:
    """One run of each, because a million rows take minutes; the others' programs stand beside ours."""
    count = ROWS[size]
    return [
        row for dialect, measured in measure(count, 1) for row in _rows(dialect, {m.name: m for m in measured}, count)
    ]


def _rows(dialect: str, measured: dict[str, Measured], count: int) -> Iterator[Row]:
    has_budget = count == BUDGET_FOR
    for work, seconds in BUDGET[dialect].items():
        beside = BESIDE[dialect].get(work, "")
        yield Row(
            f"archive on {TITLES[dialect]}: {work}", count, measured[work].seconds, beside=beside,
            other=measured[beside].seconds if beside else None, at_most=seconds if has_budget else None, bounds="ours",
        )  # fmt: skip
    peaks = [measured[work].memory for work in BUDGET[dialect]]
    if None not in peaks:
        peak = max(memory for memory in peaks if memory is not None)
        yield Row(
            f"archive on {TITLES[dialect]}: memory", count, peak, "MiB", at_most=MEMORY_BUDGET if has_budget else None,
            bounds="ours",
        )  # fmt: skip


def measure(rows: int, runs: int) -> Iterator[tuple[str, list[Measured]]]:
    """The dialect, and each kind of work on it."""
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        yield "sqlite", on_sqlite(Path(folder), rows, runs)
    # As a server is by default: the tests' own waits for no disk.
    with running_server(settings=()) as server, tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        yield "postgresql", on_postgresql(server, Path(folder), rows, runs)


def main() -> None:
    options = options_of(__doc__, rows=BUDGET_FOR, runs=RUNS)
    for dialect, measured in measure(options.rows, options.runs):
        print_table(dialect, measured, options.rows)


def on_sqlite(folder: Path, rows: int, runs: int) -> list[Measured]:
    source, copy, dump, archives = folder / "source.db", folder / "copy.db", folder / "dump.sql", folder / "archives"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute(f"CREATE TABLE listings ({COLUMNS})")
        connection.executemany(f"INSERT INTO listings VALUES ({', '.join('?' * 10)})", made_up(rows))
        connection.commit()
    shell = str(program("sqlite3", "sqlite3"))
    copy_url = f"sqlite:///{copy.as_posix()}"

    def away() -> None:
        copy.unlink(missing_ok=True)

    return [
        one(".backup", [shell, str(source), f".backup '{copy.as_posix()}'"], away, copy, runs),
        one(".dump", [shell, str(source), ".dump"], away, dump, runs, output=dump),
        one(".read", [shell, str(copy), f".read '{dump.as_posix()}'"], away, copy, runs),
        *ours(archives, f"sqlite:///{source.as_posix()}", copy_url, away, copy, runs),
    ]


def on_postgresql(server: PostgresServer, folder: Path, rows: int, runs: int) -> list[Measured]:
    source, copy, dump, archives = server.new_database(), server.new_database(), folder / "dump", folder / "archives"
    with psycopg.connect(server.url(source).replace("+psycopg", "")) as connection:
        connection.execute(f"CREATE TABLE listings ({COLUMNS})")
        with connection.cursor().copy("COPY listings FROM STDIN") as stream:
            for row in made_up(rows):
                stream.write_row(row)

    def empty() -> None:
        server.empty_database(copy)

    where = ["--host=127.0.0.1", f"--port={server.port}", "--username=subs"]
    pg_dump, pg_restore = str(server.programs / "pg_dump"), str(server.programs / "pg_restore")
    return [
        one("pg_dump -Fc", [pg_dump, *where, "-Fc", f"--file={dump}", source], empty, dump, runs),
        # --clean: the empty database of this benchmark has the schema public already.
        one("pg_restore", [pg_restore, *where, "--clean", "--if-exists", "-d", copy, str(dump)], empty, None, runs),
        *ours(archives, server.url(source), server.url(copy), empty, None, runs),
    ]


def ours(
    archives: Path, url: str, copy_url: str, before: Callable[[], None], copy: Path | None, runs: int
) -> list[Measured]:
    def away() -> None:
        shutil.rmtree(archives, ignore_errors=True)

    def command(work: str, url: str) -> list[str]:
        return [sys.executable, "-c", OURS, work, str(archives), url]

    return [
        one("create", command("create", url), away, archives, runs),
        one("verify", command("verify", url), lambda: None, None, runs),
        one("restore", command("restore", copy_url), before, copy, runs),
    ]


def one(
    name: str,
    command: Sequence[str],
    before: Callable[[], None],
    left: Path | None,
    runs: int,
    output: Path | None = None,
) -> Measured:
    """Run a command several times, each after ``before``; ``output`` takes what it prints."""
    seconds, memory = [], []
    for _ in range(runs):
        before()
        took, peak = run_child(command, output)
        seconds.append(took)
        memory.append(peak)
    # A small program's own memory cannot be seen (``run_child``).
    peaks = [peak for peak in memory if peak is not None and command[0] == sys.executable]
    return Measured(name, statistics.median(seconds), max(peaks, default=None), None if left is None else size_of(left))


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


def print_table(dialect: str, measured: Sequence[Measured], rows: int) -> None:
    table = Table(title=TITLES[dialect], title_justify="left")
    reference = measured[0]
    for heading in ("work", "seconds", f"x {reference.name}", "memory MiB", "left MiB", "budget s"):
        table.add_column(heading, justify="left" if heading == "work" else "right")
    for work in measured:
        budget = BUDGET[dialect].get(work.name)
        table.add_row(
            work.name,
            f"{work.seconds:.2f}",
            f"{work.seconds / reference.seconds:.1f}",
            "" if work.memory is None else f"{work.memory:.0f}",
            "" if work.left is None else f"{work.left:.0f}",
            "" if budget is None or rows != BUDGET_FOR else str(budget),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
