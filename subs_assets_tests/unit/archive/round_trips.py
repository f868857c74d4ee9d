"""Archives and restores databases that Hypothesis makes up, and compares them through the plain drivers; which
databases there are is not known here.

``python -m subs_assets_tests.unit.archive.round_trips --sqlite 10000 --postgres 1000`` prints how often each feature
occurred, and writes what did not come back, made as small as it gets, to a folder. It ends with 1 where something
failed, or where a feature never occurred.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psycopg
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from subs_assets.archive import restore, snapshot, store
from subs_assets_tests.postgres_server import PostgresServer, running_server
from subs_assets_tests.unit.archive import (
    generated_postgres,
    generated_sqlite,
    oracle,
    postgres_features,
    postgres_oracle,
    sqlite_features,
)
from subs_assets_tests.unit.archive.conftest import url_of

MOST_FAILURES = 20  # after so many there is something to mend first
FASTEST = Path("/dev/shm")  # memory, where there is such a folder: the archive waits for its files to be on the disk
Steps = tuple[tuple[str, tuple[object, ...]], ...]


class Kind(Protocol):
    """A kind of database; ``round_trip`` makes one, archives and restores it, and raises where it comes back otherwise.
    It returns the features that the made one really has, and how many of its statements were refused.
    """

    name: str
    features: tuple[str, ...]
    databases: st.SearchStrategy[Steps]
    batch: int  # databases of one seed

    def round_trip(self, steps: Steps, folder: Path) -> tuple[set[str], int]: ...


@dataclass
class Outcome:
    """What came of many round trips; ``different`` counts databases of which no two are made by the same statements."""

    seen: set[int] = field(default_factory=set)
    features: Counter[str] = field(default_factory=Counter)
    statements: int = 0
    refused: int = 0
    failures: list[tuple[Steps, str]] = field(default_factory=list)

    @property
    def different(self) -> int:
        return len(self.seen)


class Incomplete(AssertionError):
    """An archive says that something of a database is not represented; nothing of the kind is generated."""


class Sqlite:
    name = "SQLite"
    features = sqlite_features.FEATURES
    databases = generated_sqlite.databases()
    batch = 500

    def round_trip(self, steps: Steps, folder: Path) -> tuple[set[str], int]:
        source, target = folder / "source.db", folder / "restored.db"
        refused = generated_sqlite.build(source, steps)
        expected, sound = oracle.content(source), oracle.integrity(source)
        archive_and_restore(url_of(source), url_of(target), folder / "archives")
        refuse_difference(expected, oracle.content(target))
        refuse_difference({"integrity_check": sound}, {"integrity_check": oracle.integrity(target)})
        refuse_difference(expected, oracle.content(source))
        search_full_texts(target)
        return sqlite_features.features(source), refused


class Postgres:
    """Two databases of one server, emptied for each round trip, because that is faster than making new ones."""

    name = "PostgreSQL"
    features = postgres_features.FEATURES
    databases = generated_postgres.databases()
    batch = 100

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._names = [server.new_database() for _ in range(2)]

    def round_trip(self, steps: Steps, folder: Path) -> tuple[set[str], int]:
        for name in self._names:
            self._empty(name)
        source, target = self._names
        with psycopg.connect(postgres_oracle.plain(self._server, source), autocommit=True) as connection:
            refused = generated_postgres.build(connection, steps)
            found = postgres_features.features(connection)
        expected = self._content(source)
        restored = archive_and_restore(self._server.url(source), self._server.url(target), folder / "archives")
        came_back = self._content(target)
        if restored.broken:
            found.add("broken foreign key that is called valid")
            before, after = (str(content["schema"]).count(" NOT VALID") for content in (expected, came_back))
            refuse_difference({"NOT VALID": before + len(restored.broken)}, {"NOT VALID": after})
            expected, came_back = (without_validity(content) for content in (expected, came_back))
        refuse_difference(expected, came_back)
        return found, refused

    def _content(self, database: str) -> dict[str, object]:
        content = postgres_oracle.content(self._server, database)
        # In which order pg_dump writes objects of one name is nobody's loss.
        return {**content, "schema": sorted(str(content["schema"]).split("\n--\n"))}

    def _empty(self, name: str) -> None:
        self._server.execute(
            """
            DO $$ DECLARE one text; BEGIN
                FOR one IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
                LOOP EXECUTE format('DROP SCHEMA %I CASCADE', one); END LOOP;
                CREATE SCHEMA public;
            END $$
            """,
            name,
        )


def without_validity(content: dict[str, object]) -> dict[str, object]:
    """The same without NOT VALID: a constraint that was called valid and is broken comes back as NOT VALID."""
    return {
        name: str(cells).replace(" NOT VALID", "") if name == "schema" else cells for name, cells in content.items()
    }


def archive_and_restore(source: str, target: str, archives: Path) -> restore.Restored:
    archive = snapshot.create({"warehouse": source}, archives)
    if not_represented := store.read_manifest(archive).not_represented:
        raise Incomplete("; ".join(not_represented))
    return restore.restore(archive, {"warehouse": target})


def refuse_difference(expected: dict[str, object], found: dict[str, object]) -> None:
    """Raise AssertionError with what differs, both sides of it."""
    for name in sorted({*expected, *found}):
        if expected.get(name) != found.get(name):
            raise AssertionError(f"{name}: was {expected.get(name)!r}, came back as {found.get(name)!r}")


def search_full_texts(path: Path) -> None:
    """Let FTS5 itself compare its index with its rows; the others have no such check."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND rootpage = 0"
        ).fetchall()
        for name, sql in tables:
            if "fts5 (" in sql:
                quoted = generated_sqlite.quote(name)
                connection.execute(f"INSERT INTO {quoted} ({quoted}) VALUES ('integrity-check')")


def run(
    kind: Kind,
    count: int,
    first_seed: int,
    said: Callable[[Outcome], None] = lambda outcome: None,
    until_failures: int = MOST_FAILURES,
) -> Outcome:
    """Round trips of ``count`` different databases or a few more, the same for the same seed; ``said`` is called after
    each batch. It ends early after so many failures.
    """
    outcome = Outcome()
    batch = 0
    scratch = FASTEST if FASTEST.is_dir() else None
    while outcome.different < count and len(outcome.failures) < until_failures:
        _run_batch(kind, outcome, min(kind.batch, count), first_seed * 100_000 + batch, scratch)
        batch += 1
        said(outcome)
    return outcome


def _run_batch(kind: Kind, outcome: Outcome, count: int, number: int, scratch: Path | None) -> None:
    last_failure: list[tuple[Steps, str]] = []

    @seed(number)
    @settings(
        max_examples=count, deadline=None, database=None, derandomize=False, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink], verbosity=Verbosity.quiet,
    )  # fmt: skip
    @given(kind.databases)
    def one(steps: Steps) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="round-trip-", dir=scratch) as folder:
                found, refused = kind.round_trip(steps, Path(folder))
        except Exception as problem:
            if not last_failure:
                print(f"{kind.name}: making this smaller: {str(problem)[:300]}", file=sys.stderr, flush=True)
            last_failure[:] = [(steps, traceback.format_exc())]
            raise
        if not last_failure and (mark := hash(repr(steps))) not in outcome.seen:  # what is made smaller does not count
            outcome.seen.add(mark)
            outcome.features.update(found)
            outcome.statements += len(steps)
            outcome.refused += refused

    try:
        one()
    except Exception:  # Hypothesis has tried smaller ones: the last that failed is the smallest
        if not last_failure:
            raise
        outcome.failures += last_failure


def write_failures(failures: Iterable[tuple[Steps, str]], folder: Path) -> None:
    """A file for each: the statements as Python, and what was raised."""
    for number, (steps, problem) in enumerate(failures, start=1):
        lines = "".join(f"    {step!r},\n" for step in steps)
        text = f"from math import inf, nan\n\nsteps = (\n{lines})\n\n'''\n{problem}\n'''\n"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"failure-{number:02d}.txt").write_text(text, encoding="utf-8", errors="backslashreplace")


def main() -> int:
    parser = argparse.ArgumentParser(description="Round trips of databases that Hypothesis makes up.")
    parser.add_argument("--sqlite", type=int, default=0, metavar="COUNT", help="different SQLite databases")
    parser.add_argument("--postgres", type=int, default=0, metavar="COUNT", help="different PostgreSQL databases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failures", type=Path, default=Path("round-trip-failures"), help="a folder for what failed")
    arguments = parser.parse_args()
    failed = False
    if arguments.sqlite:
        failed |= _report(Sqlite(), arguments.sqlite, arguments.seed, arguments.failures)
    if arguments.postgres:
        with running_server() as server:
            failed |= _report(Postgres(server), arguments.postgres, arguments.seed, arguments.failures)
    return int(failed)


def _report(kind: Kind, count: int, first_seed: int, folder: Path) -> bool:
    """Run and print; whether something failed, or never occurred."""
    begun = time.monotonic()

    def said(outcome: Outcome) -> None:
        seconds = time.monotonic() - begun
        print(
            f"{kind.name}: {outcome.different} of {count}, {len(outcome.failures)} failed, {seconds:.0f} s", flush=True
        )
        write_failures(outcome.failures, folder / kind.name.lower())

    outcome = run(kind, count, first_seed, said)
    for feature in kind.features:
        print(f"{outcome.features[feature]:8} {feature}")
    print(f"{outcome.statements} statements, of which {kind.name} itself refused {outcome.refused}")
    if outcome.failures:
        print(f"{len(outcome.failures)} did not come back; see {folder / kind.name.lower()}")
    missing = [feature for feature in kind.features if not outcome.features[feature]]
    if missing:
        print(f"never occurred: {', '.join(missing)}")
    return bool(outcome.failures or missing)


if __name__ == "__main__":
    sys.exit(main())
