"""``subs db``: upgrade, check and revision, on real databases."""

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from subs_assets.cli import main
from subs_assets.database import audit_lines, migrate
from subs_assets.database.check import check
from subs_assets.database.engine import open_engine
from subs_assets.database.lock import run_lock
from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.plain_sql import execute, table_names
from subs_assets_tests.shops_and_runs import rows_in, settings_of, value_of
from subs_assets_tests.unit.commands.conftest import Subs, on_both


def test_a_missing_database_is_made_by_upgrade_and_not_by_check(subs: Subs, empty_home: Settings) -> None:
    result = subs(empty_home, "db", "check")
    assert result.exit_code == 1 and "does not exist yet" in result.stderr and "subs db upgrade" in result.stderr
    assert not empty_home.home.exists()
    made = subs(empty_home, "db", "upgrade")
    assert made.exit_code == 0 and "0001" in made.stdout
    assert "up to date" in subs(empty_home, "db", "check").stdout
    for command in ("upgrade", "plan"):
        said = subs(empty_home, "db", command).stdout
        assert (
            said
            == f"no revision is lacking ({migrate.heads()[0]}); `subs db check` says whether the tables are right\n"
        )


def test_an_empty_database_on_postgresql_is_filled_by_upgrade_and_not_by_check(
    subs: Subs, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    empty = settings_of(tmp_path / "nothing", new_database())
    result = subs(empty, "db", "check")
    assert result.exit_code == 1 and "is empty: run `subs db upgrade`" in result.stderr
    assert table_names(empty.database_url) == []
    made = subs(empty, "db", "upgrade")
    assert made.exit_code == 0 and "0001" in made.stdout
    assert "no revision is lacking" in subs(empty, "db", "upgrade").stdout


@pytest.mark.parametrize("command", [("db", "upgrade"), ("db", "check"), ("rates",), ("run",)], ids=" ".join)
def test_a_server_that_does_not_answer_is_a_sentence(subs: Subs, home: Settings, command: tuple[str, ...]) -> None:
    nowhere = "postgresql+psycopg://me:s3cret@127.0.0.1:1/name"
    result = subs(replace(home, database_url=nowhere), *command)
    assert result.exit_code == 1
    assert "postgresql://127.0.0.1:1/name cannot be opened (" in result.stderr
    assert "see that SUBS_DATABASE_URL or SUBS_HOME is right" in result.stderr
    assert "s3cret" not in result.output


@pytest.mark.parametrize("command", [("reset", "list"), ("archive", "create")], ids=" ".join)
def test_so_is_a_control_database_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SUBS_HOME", str(tmp_path))
    monkeypatch.setenv("SUBS_DATABASE_URL", "postgresql+psycopg://me:s3cret@127.0.0.1:1/name")
    monkeypatch.setattr("sys.argv", ["subs", *command])
    with pytest.raises(SystemExit, match=r"^error: postgresql://127.0.0.1:1/name cannot be opened") as ended:
        main()
    assert "s3cret" not in str(ended.value) + capsys.readouterr().err


@on_both
def test_a_database_that_is_behind(subs: Subs, empty_home: Settings) -> None:
    migrate.upgrade(empty_home.database_url, "0001")
    before = subs(empty_home, "db", "check")
    assert before.exit_code == 1 and "0001" in before.stderr and "subs db upgrade" in before.stderr
    upgraded = subs(empty_home, "db", "upgrade")
    assert upgraded.exit_code == 0 and "0002" in upgraded.stdout and "0001" not in upgraded.stdout
    assert subs(empty_home, "db", "check").exit_code == 0


@on_both
def test_listings_of_before_there_was_a_search_are_found_after_the_upgrade(subs: Subs, home: Settings) -> None:
    execute(
        home.database_url,
        "DROP TABLE search_listings",
        "DROP TABLE search_words",
        "DELETE FROM published_tables WHERE table_name = 'search_listings'",
        "UPDATE alembic_version SET version_num = '0009'",
    )
    assert "search_words is missing" in subs(home, "db", "check").stderr
    upgraded = subs(home, "db", "upgrade")
    assert (
        upgraded.exit_code == 0 and "listings can be searched" in upgraded.stdout and "archive" not in upgraded.output
    )
    assert "can be searched" not in subs(home, "db", "upgrade").stdout
    assert subs(home, "db", "check").exit_code == 0
    assert 'No listing has "mlik": looked for "milk".' in subs(home, "substitutes", "mlik").stdout


@on_both
def test_drift_is_an_error_and_an_addition_is_a_note(subs: Subs, home: Settings) -> None:
    assert subs(home, "db", "check").exit_code == 0
    execute(home.database_url, "CREATE TABLE somebodys_own (a INTEGER)")
    noted = subs(home, "db", "check")
    assert noted.exit_code == 0 and "somebodys_own" in noted.stderr
    execute(home.database_url, "ALTER TABLE listings RENAME COLUMN price TO cost")
    drifted = subs(home, "db", "check")
    assert drifted.exit_code == 1 and "price" in drifted.output and "listings" in drifted.output


@on_both
def test_upgrade_waits_for_nobody_and_names_who_writes(subs: Subs, empty_home: Settings) -> None:
    migrate.upgrade(empty_home.database_url, "0001")
    before = rows_in(empty_home.database_url)
    with run_lock(empty_home.home, empty_home.database_url, "run 1f3a"):
        result = subs(empty_home, "db", "upgrade")
    assert result.exit_code == 1 and "run 1f3a" in result.stderr
    assert rows_in(empty_home.database_url) == before


@on_both
def test_a_database_of_a_newer_program(subs: Subs, home: Settings) -> None:
    execute(home.database_url, "UPDATE alembic_version SET version_num = '9999'")
    for command in ("check", "upgrade"):
        result = subs(home, "db", command)
        assert result.exit_code == 1 and "9999" in result.stderr and "update the program" in result.stderr


def test_a_revision_is_written_only_where_tables_changed_and_for_what_is_there(
    subs: Subs, empty_home: Settings
) -> None:
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    before = sorted(versions.glob("*.py"))
    nothing = subs(empty_home, "db", "revision", "Nothing new.")
    assert nothing.exit_code == 0
    assert nothing.stdout == "nothing to do: the revisions make these tables\n"
    typo = subs(empty_home, "db", "revision", "Lost.", "--rename", "listings.ulr=listings.url", "--drop", "listing.url")
    assert typo.exit_code == 1
    assert "--rename listings.ulr=listings.url fits nothing; dropped: nothing; added: nothing" in typo.stderr
    assert sorted(versions.glob("*.py")) == before
    assert not empty_home.home.exists()


@on_both
def test_where_rows_are_gone_the_newest_archive_of_before_is_the_way_back(
    subs: Subs, home: Settings, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    home = replace(home, archives=str(tmp_path / "my archives"))
    before = rows_in(home.database_url)
    assert subs(home, "archive", "create").exit_code == 0
    execute(home.database_url, "DROP TABLE listings")
    assert subs(home, "archive", "create").exit_code == 0, "a copy of the damage, as the sentences advise"
    checked = subs(home, "db", "check")
    assert checked.exit_code == 1 and "the table listings is missing" in checked.stderr
    [command] = re.findall(r"`subs (archive restore [^`]+)`", checked.stderr)
    *arguments, into = shlex.split(command)
    if not into.startswith("sqlite"):
        into = new_database()
    assert subs(home, *arguments, into).exit_code == 0
    assert rows_in(into) == before
    assert check(into) == []


def test_where_there_is_no_archive_that_is_said(subs: Subs, home: Settings) -> None:
    execute(home.database_url, "DROP TABLE listings")
    assert f"no archive leads back: none of the 0 in {home.archives} is" in subs(home, "db", "check").stderr


def test_a_newer_program_is_no_reason_to_miss_an_archive(subs: Subs, home: Settings) -> None:
    before = "SELECT version_num FROM alembic_version"
    revision = value_of(home.database_url, before)
    execute(home.database_url, "UPDATE alembic_version SET version_num = '9999'")
    said = subs(home, "db", "check").stderr
    assert "update the program" in said and "archive" not in said
    execute(home.database_url, f"UPDATE alembic_version SET version_num = '{revision}'")
    assert subs(home, "archive", "create").exit_code == 0
    execute(home.database_url, "UPDATE alembic_version SET version_num = '9999'")
    assert "the way back is the archive of" in subs(home, "db", "check").stderr


def test_control_state_that_is_broken_comes_back_from_the_newest_archive(subs: Subs, home: Settings) -> None:
    before = rows_in(home.control_url)
    assert subs(home, "archive", "create").exit_code == 0
    (home.home / "control.db").write_bytes(b"no database at all" * 1000)
    for beside in ("control.db-wal", "control.db-shm"):
        (home.home / beside).unlink(missing_ok=True)
    checked = subs(home, "db", "check")
    assert checked.exit_code == 1 and ", set SUBS_CONTROL_URL to that; the database of now" in checked.stderr
    [command] = re.findall(r"`subs (archive restore [^`]+)`", checked.stderr)
    assert subs(home, *shlex.split(command)).exit_code == 0
    assert rows_in(sqlite_url(home.home / "restored_control.db")) == before


def test_control_state_of_a_development_version_is_a_problem(subs: Subs, home: Settings) -> None:
    execute(home.control_url, "DROP TABLE data_set", "CREATE TABLE data_set (label TEXT)")
    result = subs(home, "db", "check")
    assert result.exit_code == 1 and "data_set lacks name: run the SQL `DROP TABLE data_set`" in result.stderr


def test_a_database_that_goes_away_in_the_middle_is_a_sentence(
    home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def go_away(*_: object) -> None:
        with open_engine(home.control_url).connect() as connection:
            connection.execute(text("SELECT * FROM nowhere"))

    monkeypatch.setattr(audit_lines, "read_audit", go_away)
    monkeypatch.setenv("SUBS_HOME", str(home.home))
    monkeypatch.setattr("sys.argv", ["subs", "audit"])
    with pytest.raises(SystemExit, match=r"^error: no such table: nowhere; what was begun is undone, or done: `subs"):
        main()
