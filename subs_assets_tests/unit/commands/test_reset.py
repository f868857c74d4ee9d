"""``subs reset``: request, list, archive, confirm, on a real home."""

import json
from pathlib import Path

import pytest

from subs_assets.archive.store import list_archives
from subs_assets.database.lock import run_lock
from subs_assets.settings import Settings
from subs_assets_tests import plain_sql
from subs_assets_tests.shops_and_runs import copy_of, rows_in, settings_of, value_of
from subs_assets_tests.unit.commands.conftest import Subs, on_both


def requested(subs: Subs, home: Settings) -> str:
    result = subs(home, "reset", "request", "--reason", "a test")
    assert result.exit_code == 0, result.output
    return str(result.stdout.strip())


def test_a_request_waits_and_warns_when_nobody_would_see_it(subs: Subs, home: Settings) -> None:
    before = rows_in(home.database_url)
    result = subs(home, "reset", "request", "--reason", "a test")
    request_id = result.stdout.strip()
    assert result.exit_code == 0
    assert "daemon does not run" in result.stderr and "sensor reset_requests is off" in result.stderr
    assert f"subs reset archive {request_id}" in result.stderr
    (waiting,) = json.loads(subs(home, "reset", "list", "--json").stdout)
    assert {key: waiting[key] for key in ("request_id", "state", "reason", "archive")} == {
        "request_id": request_id,
        "state": "requested",
        "reason": "a test",
        "archive": None,
    }
    assert request_id in subs(home, "reset", "list").stdout
    assert rows_in(home.database_url) == before


def test_a_request_stands_where_dagster_cannot_say_who_sees_it(subs: Subs, empty_home: Settings) -> None:
    """Dagster takes its home for a URL, and reads %41 as A."""
    there = settings_of(empty_home.home / "100%41")
    result = subs(there, "reset", "request")
    assert result.exit_code == 0 and "Dagster cannot say whether anybody will see it (" in result.stderr
    assert f"subs reset archive {result.stdout.strip()}" in result.stderr


@on_both
def test_archive_then_confirm_wipes(subs: Subs, home: Settings) -> None:
    revision = rows_in(home.database_url)["alembic_version"]
    request_id = requested(subs, home)
    archived = subs(home, "reset", "archive", request_id)
    assert archived.exit_code == 0, archived.output
    assert f"subs reset confirm {request_id}" in archived.stdout
    (waiting,) = json.loads(subs(home, "reset", "list", "--json").stdout)
    (archive,) = list_archives(Path(home.archives))
    assert (waiting["state"], waiting["archive"]) == ("archived", archive.name)
    confirmed = subs(home, "reset", "confirm", request_id)
    assert confirmed.exit_code == 0, confirmed.output
    assert "were wiped" in confirmed.stdout
    after = rows_in(home.database_url)
    assert after.pop("alembic_version") == revision and not any(after.values())
    (ended,) = json.loads(subs(home, "reset", "list", "--json").stdout)
    assert (ended["state"], ended["archive"]) == ("wiped", archive.name)
    assert ended["requested_by"] == ended["confirmed_by"] != "" and ended["outcome"] in confirmed.stdout
    again = subs(home, "reset", "confirm", request_id)
    assert again.exit_code == 1 and "was wiped already: " in again.stderr
    lines = json.loads(subs(home, "audit", "--last", "5", "--json").stdout)
    assert [line["what"].removeprefix("reset ") for line in lines] == [
        *("confirmation turned down", "wiped", "confirmed", "archived", "requested"),
    ]
    assert all(line["who"] and request_id in line["detail"] for line in lines)
    told = subs(home, "audit").stdout
    assert "reset wiped" in told and f"request_id: {request_id}, reason: a test" in told and "{" not in told


def test_who_is_nobody_asks_for_no_reset(subs: Subs, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose account has no name."""
    request_id = requested(subs, home)
    monkeypatch.setattr("subs_assets.commands.reset.whoever_is_logged_in", str)
    for arguments in (("request",), ("confirm", request_id)):
        result = subs(home, "reset", *arguments)
        assert result.exit_code == 1 and "set the environment variable USER" in result.stderr
    assert value_of(home.control_url, "SELECT count(*) FROM audit_log") == 1


@on_both
def test_confirm_is_refused_after_a_change(subs: Subs, home: Settings) -> None:
    request_id = requested(subs, home)
    subs(home, "reset", "archive", request_id)
    first = "SELECT min(substitute_id) FROM substitutions"
    plain_sql.execute(home.database_url, f"DELETE FROM substitutions WHERE substitute_id = ({first})")
    before = rows_in(home.database_url)
    result = subs(home, "reset", "confirm", request_id)
    assert result.exit_code == 1 and "substitutions" in result.stderr and "refused" in result.stderr
    assert rows_in(home.database_url) == before


def test_confirm_is_refused_when_the_archive_was_damaged(subs: Subs, home: Settings) -> None:
    request_id = requested(subs, home)
    subs(home, "reset", "archive", request_id)
    (archive,) = list_archives(Path(home.archives))
    next((Path(home.archives) / archive.name / "data").iterdir()).unlink()
    before = rows_in(home.database_url)
    assert subs(home, "reset", "confirm", request_id).exit_code == 1
    assert rows_in(home.database_url) == before


@pytest.mark.parametrize("step", ["archive", "confirm"])
def test_an_unknown_request_is_an_error(subs: Subs, home: Settings, step: str) -> None:
    before = rows_in(home.database_url)
    requested(subs, home)
    result = subs(home, "reset", step, "0" * 12)
    assert result.exit_code == 1 and "0" * 12 in result.stderr
    assert rows_in(home.database_url) == before


@pytest.mark.archive_case(67)
def test_a_request_of_another_home_is_none(subs: Subs, home: Settings, published_folder: Path, tmp_path: Path) -> None:
    """With the same data, as where SUBS_HOME was set to a copy in another terminal."""
    request_id = requested(subs, home)
    assert subs(home, "reset", "archive", request_id).exit_code == 0
    another = copy_of(published_folder, tmp_path / "another")
    before = rows_in(another.database_url)
    result = subs(another, "reset", "confirm", request_id)
    assert result.exit_code == 1 and "there is no reset request" in result.stderr
    assert rows_in(another.database_url) == before == rows_in(home.database_url)


def test_a_request_without_its_archive_is_not_confirmed(subs: Subs, home: Settings) -> None:
    before = rows_in(home.database_url)
    result = subs(home, "reset", "confirm", requested(subs, home))
    assert result.exit_code == 1 and "requested, not archived" in result.stderr
    assert rows_in(home.database_url) == before


@pytest.mark.archive_case(68)
@on_both
def test_nothing_is_wiped_under_a_run(subs: Subs, home: Settings) -> None:
    request_id = requested(subs, home)
    subs(home, "reset", "archive", request_id)
    before = rows_in(home.database_url)
    with run_lock(home.home, home.database_url, "run 1f3a"):
        result = subs(home, "reset", "confirm", request_id)
    assert result.exit_code == 1 and "run 1f3a" in result.stderr
    assert rows_in(home.database_url) == before


def test_list_of_nothing(subs: Subs, empty_home: Settings) -> None:
    assert json.loads(subs(empty_home, "reset", "list", "--json").stdout) == []
