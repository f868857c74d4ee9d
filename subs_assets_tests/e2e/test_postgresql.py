"""``subs run`` on the shipped sample into a real PostgreSQL server: what comes out is what comes out of SQLite."""

import json
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from subs_assets.cli import app
from subs_assets.database.frames import primary_key
from subs_assets.database.lock import run_lock
from subs_assets.database.tables import metadata
from subs_assets_tests import plain_sql
from subs_assets_tests.e2e.conftest import LIMIT_SECONDS, SAMPLE, FirstRun, Installation, wait_until
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import rows_in

QUESTIONS = (
    ("rates",),
    ("rates", "--from", "aldi", "--to", "coles", "--why"),
    ("substitutes", "full", "cream", "milk"),
    ("equivalences", "--all"),
    ("categories",),
)


@pytest.fixture(scope="module")
def on_postgresql(
    first_run: FirstRun, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """A home of its own that has the first run's vectors, published into an empty database."""
    home = tmp_path_factory.mktemp("postgresql") / "home"
    shutil.copytree(first_run.installation.settings.vectors, home / "vectors")
    installation = Installation(home, SAMPLE, postgres_server.url(postgres_server.new_database()))
    done = installation.subs("run")
    assert done.returncode == 0, done.stderr
    return installation


def in_key_order(database_url: str, table: str) -> list[tuple]:
    """A table's rows as the database itself sorts them; true and false as SQLite has them."""
    keys = ", ".join(f'"{name}"' for name in primary_key(metadata.tables[table]))
    rows = plain_sql.select(database_url, f'SELECT * FROM "{table}" ORDER BY {keys}')
    return [tuple(int(cell) if isinstance(cell, bool) else cell for cell in row) for row in rows]


def test_every_cell_and_its_order_are_those_of_sqlite(first_run: FirstRun, on_postgresql: Installation) -> None:
    compared = 0
    for table in metadata.tables:
        expected = in_key_order(first_run.installation.settings.database_url, table)
        found = in_key_order(on_postgresql.database_url, table)
        assert found == expected, table
        assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in expected], table
        compared += len(found)
    assert compared > 20_000


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_questions_have_the_same_answers(
    first_run: FirstRun, on_postgresql: Installation, question: tuple[str, ...]
) -> None:
    expected, found = (answer(one, *question) for one in (first_run.installation, on_postgresql))
    assert found == expected


def answer(installation: Installation, *question: str) -> Any:
    """In this process: a program for each of them loads longer than it answers."""
    done = CliRunner().invoke(app, [*question, "--json"], env=installation.environment)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_killed_run_leaves_what_was_published_and_no_lock(on_postgresql: Installation, tmp_path: Path) -> None:
    """The next run has another home, as on another machine: only the database's lock is between them."""
    before = rows_in(on_postgresql.database_url)
    staged_before = set(on_postgresql.settings.staging.iterdir())
    run = on_postgresql.start_run()

    def is_under_way() -> bool:
        folders = set(on_postgresql.settings.staging.iterdir()) - staged_before
        return any((folder / "listings.parquet").exists() for folder in folders)

    wait_until(is_under_way, "the run had staged listings", run)
    psutil.Process(run.pid).suspend()  # else it may end before another program has started
    elsewhere = Installation(tmp_path / "home", SAMPLE, on_postgresql.database_url)
    refused = elsewhere.subs("db", "upgrade")
    assert refused.returncode == 1 and f", process {run.pid} on " in refused.stderr
    run.kill()
    run.communicate(timeout=LIMIT_SECONDS)
    with run_lock(elsewhere.home, elsewhere.database_url, "the next", wait_seconds=30):
        assert rows_in(on_postgresql.database_url) == before


def test_everything_is_archived_restored_and_wiped(
    on_postgresql: Installation, postgres_server: PostgresServer
) -> None:
    """Last here: what the run has published is gone afterwards."""
    settings = on_postgresql.settings
    warehouse, control = rows_in(settings.database_url), rows_in(settings.control_url)
    assert sum(map(len, warehouse.values())) > 20_000 and len(control["run_history"]) == 1
    request_id = on_postgresql.subs("reset", "request").stdout.strip()
    archived = on_postgresql.subs("reset", "archive", request_id)  # which drills
    assert archived.returncode == 0, archived.stderr
    (listed,) = json.loads(on_postgresql.subs("archive", "list", "--json").stdout)
    assert listed["complete"] and on_postgresql.subs("archive", "verify", listed["path"]).returncode == 0
    confirmed = on_postgresql.subs("reset", "confirm", request_id)
    assert confirmed.returncode == 0, confirmed.stderr
    wiped = rows_in(settings.database_url)
    assert wiped.pop("alembic_version") == warehouse["alembic_version"] and not any(wiped.values())
    assert rows_in(settings.control_url, "run_history") == {"run_history": control["run_history"]}
    back = Installation(on_postgresql.home, SAMPLE, postgres_server.url(postgres_server.new_database()))
    for database in ("warehouse", "control"):
        done = back.subs("archive", "restore", listed["path"], "--into", back.database_url, "--database", database)
        assert done.returncode == 0, done.stderr
    assert rows_in(back.settings.database_url) == warehouse
    assert rows_in(back.settings.control_url, "run_history") == {"run_history": control["run_history"]}
    assert json.loads(back.subs("rates", "--json").stdout)
