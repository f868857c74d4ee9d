"""Cells of 20 MiB: they come back as they were, and however many there are, memory holds a few at most."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from subs_assets_tests.unit.archive import oracle
from subs_assets_tests.unit.archive.conftest import PostgresPlace, url_of

pytestmark = [
    pytest.mark.archive_case(27),
    pytest.mark.skipif(os.name == "nt", reason="Windows does not tell a process's largest memory by this module"),
]

SIZE = 20 * 2**20  # bytes of a cell
FEW, MANY = 2, 6
ONE, SOME = 1, 4  # all of one kind, and slower

CHILD = """
import resource, sys
from pathlib import Path
from subs_assets.archive import restore, snapshot
source, target, archives = sys.argv[1:]
restore.restore(snapshot.create({"w": source}, Path(archives)), {"w": target})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


# Linux counts what a process had before exec, which is this one's memory: hence a small one between.
BETWEEN = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]], check=True)"


def largest_memory(source: str, target: str, archives: Path) -> int:
    """Of a process that archives and restores, in the platform's own unit."""
    command = [sys.executable, "-c", BETWEEN, CHILD, source, target, str(archives)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout)


def test_sqlite(tmp_path: Path) -> None:
    used = {}
    for count in (FEW, MANY):
        source, target = tmp_path / f"{count}.db", tmp_path / f"{count}-restored.db"
        with closing(sqlite3.connect(source, isolation_level=None)) as connection:
            connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value)")
            text, blob = "replace(hex(zeroblob(? / 3)), '00', 'aé')", "zeroblob(?)"
            for number in range(count):
                connection.execute(f"INSERT INTO t (value) VALUES ({blob if number % 2 else text})", (SIZE,))
        used[count] = largest_memory(url_of(source), url_of(target), tmp_path / "archives")
        assert oracle.content(target) == oracle.content(source)
    assert used[MANY] < 1.3 * used[FEW]


def test_postgresql(new_postgres: Callable[..., PostgresPlace], tmp_path: Path) -> None:
    used = {}
    for count in (ONE, SOME):
        source, target = (
            new_postgres(
                "CREATE TABLE t (id int PRIMARY KEY, a text); ALTER TABLE t ALTER a SET STORAGE EXTERNAL",
                f"INSERT INTO t SELECT i, repeat('0123456\\é', {SIZE // 10}) FROM generate_series(1, {count}) i",
            ),
            new_postgres(),
        )
        used[count] = largest_memory(source.url, target.url, tmp_path / "archives")
        cells = "SELECT id, length(a), md5(a) FROM t ORDER BY id"
        assert target.server.execute(cells, target.name) == source.server.execute(cells, source.name)
    assert used[SOME] < 1.2 * used[ONE]
