"""Runs that meet trouble, as programs: a cut-off file, a database that does not fit."""

from pathlib import Path

import pytest

from subs_assets.database import migrate
from subs_assets_tests.e2e.conftest import SAMPLE, Installation
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
