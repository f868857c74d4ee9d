"""Runs that meet trouble, as programs: a cut-off file, another run, a kill, a database that does not fit."""

import gzip
import json
from pathlib import Path

import pytest

from subs_assets.database import migrate
from subs_assets.database.lock import current_holder, run_lock
from subs_assets_tests.e2e.conftest import LIMIT_SECONDS, SAMPLE, Installation, wait_until
from subs_assets_tests.shops_and_runs import rows_in


def test_a_truncated_file_costs_one_company_and_ends_with_three(installation: Installation) -> None:
    before = rows_in(installation.settings.database_url, "listings")["listings"]
    (file,) = (installation.catalogues / "aldi").glob("*.gz")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    done = installation.subs("run")
    assert done.returncode == 3, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"error: not delivered: aldi/{file.name}: ")
    assert "coles" not in last
    assert rows_in(installation.settings.database_url, "listings")["listings"] == before
    statuses = {
        row[0]: row[5] for row in rows_in(installation.settings.database_url, "catalogue_files")["catalogue_files"]
    }
    assert statuses == {"aldi": "kept", "coles": "read", "iga": "read", "woolworths": "read"}


def test_a_second_run_waits_for_the_first_and_both_end_well(installation: Installation) -> None:
    before = rows_in(installation.settings.database_url)
    note = installation.home / "run.lock.json"
    first = installation.start_run()
    wait_until(note.exists, "the first run took the lock", first)
    second = installation.start_run()
    first_said, second_said = first.communicate(timeout=LIMIT_SECONDS), second.communicate(timeout=LIMIT_SECONDS)
    assert (first.returncode, second.returncode) == (0, 0), (first_said, second_said)
    assert f"(process {first.pid} on " in second_said[1] and "waiting for run " in second_said[1]
    assert "waiting for" not in first_said[1]
    assert rows_in(installation.settings.database_url) == before
    assert len(rows_in(installation.settings.control_url, "run_history")["run_history"]) == 3


def test_a_killed_run_leaves_what_was_published_and_no_lock(installation: Installation) -> None:
    before = rows_in(installation.settings.database_url)
    (file,) = (installation.catalogues / "aldi").glob("*.gz")
    cheaper = (
        gzip.decompress(file.read_bytes()).replace(b'"price": 1', b'"price": 2').replace(b'"price":1', b'"price":2')
    )
    file.write_bytes(gzip.compress(cheaper))
    staged_before = set(installation.settings.staging.iterdir())
    run = installation.start_run()

    def is_under_way() -> bool:
        folders = set(installation.settings.staging.iterdir()) - staged_before
        return any((folder / "listings.parquet").exists() for folder in folders)

    wait_until(is_under_way, "the run had staged listings", run)
    run.kill()
    run.communicate(timeout=LIMIT_SECONDS)
    assert rows_in(installation.settings.database_url) == before
    assert str(run.pid) in current_holder(installation.home)  # its note is still there, and binds nobody
    with run_lock(installation.home, installation.settings.database_url, "this test"):
        pass
    assert installation.subs("rates").returncode == 0
    assert installation.subs("run").returncode == 0
    told = json.loads(installation.subs("runs", "--json").stdout)["runs"]
    assert [night["outcome"] for night in told] == ["published", "cut off", "published"]
    assert told[0]["run_id"] in told[1]["said"] and told[1]["ended_at"] is None
    assert {night["launched_by"] for night in told} == {told[0]["launched_by"]} and told[0]["launched_by"]
    after = rows_in(installation.settings.database_url)
    assert after["listings"] != before["listings"]
    assert len(list(installation.settings.staging.iterdir())) == 1  # the killed run's staging was swept


@pytest.mark.parametrize("arguments", [("run",), ("rates",)])
def test_a_database_that_is_behind_stops_it_with_the_command_that_mends_it(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    installation = Installation(tmp_path / "home", SAMPLE)
    migrate.upgrade(installation.settings.database_url, "0001")
    before = rows_in(installation.settings.database_url)
    done = installation.subs(*arguments)
    assert done.returncode == 1
    assert "is at revision 0001" in done.stderr and "subs db upgrade" in done.stderr
    assert "Traceback" not in done.stderr
    assert rows_in(installation.settings.database_url) == before
