"""``subs db``: upgrade and check, on real files."""

import sqlite3

from subs_assets.database import migrate
from subs_assets.database.engine import sqlite_file
from subs_assets.database.lock import run_lock
from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import rows_in
from subs_assets_tests.unit.commands.conftest import Subs


def test_a_missing_database_is_made_by_upgrade_and_not_by_check(subs: Subs, empty_home: Settings) -> None:
    result = subs(empty_home, "db", "check")
    assert result.exit_code == 1 and "does not exist yet" in result.stderr and "subs db upgrade" in result.stderr
    assert not empty_home.home.exists()
    made = subs(empty_home, "db", "upgrade")
    assert made.exit_code == 0 and "0001" in made.stdout
    assert "up to date" in subs(empty_home, "db", "check").stdout
    assert subs(empty_home, "db", "upgrade").stdout.strip() == "the database is up to date"


def test_a_database_that_is_behind(subs: Subs, empty_home: Settings) -> None:
    migrate.upgrade(empty_home.database_url, "0001")
    before = subs(empty_home, "db", "check")
    assert before.exit_code == 1 and "0001" in before.stderr and "subs db upgrade" in before.stderr
    upgraded = subs(empty_home, "db", "upgrade")
    assert upgraded.exit_code == 0 and "0002" in upgraded.stdout and "0001" not in upgraded.stdout
    assert subs(empty_home, "db", "check").exit_code == 0


def test_drift_is_an_error_and_an_addition_is_a_note(subs: Subs, home: Settings) -> None:
    def change(statement: str) -> None:
        with sqlite3.connect(sqlite_file(home.database_url) or "") as connection:
            connection.execute(statement)
        connection.close()

    assert subs(home, "db", "check").exit_code == 0
    change("CREATE TABLE somebodys_own (a)")
    noted = subs(home, "db", "check")
    assert noted.exit_code == 0 and "somebodys_own" in noted.stderr
    change("ALTER TABLE listings RENAME COLUMN price TO cost")
    drifted = subs(home, "db", "check")
    assert drifted.exit_code == 1 and "price" in drifted.output and "listings" in drifted.output


def test_upgrade_waits_for_nobody_and_names_who_writes(subs: Subs, empty_home: Settings) -> None:
    migrate.upgrade(empty_home.database_url, "0001")
    before = rows_in(empty_home.database_url)
    with run_lock(empty_home.home, empty_home.database_url, "run 1f3a"):
        result = subs(empty_home, "db", "upgrade")
    assert result.exit_code == 1 and "run 1f3a" in result.stderr
    assert rows_in(empty_home.database_url) == before


def test_a_database_of_a_newer_program(subs: Subs, home: Settings) -> None:
    with sqlite3.connect(sqlite_file(home.database_url) or "") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in ("check", "upgrade"):
        result = subs(home, "db", command)
        assert result.exit_code == 1 and "9999" in result.stderr and "update the program" in result.stderr
