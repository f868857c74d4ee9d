"""``subs archive``: create, list, show, verify, restore, on real files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from subs_assets.database import control
from subs_assets.settings import Settings, control_url_beside, sqlite_url
from subs_assets_tests.shops_and_runs import rows_in
from subs_assets_tests.unit.commands.conftest import Subs, on_both


def archive_of(subs: Subs, home: Settings) -> str:
    engine = control.open_control(home.control_url)
    control.write_audit(engine, "ana", "looked")
    engine.dispose()
    result = subs(home, "archive", "create", "--note", "before the test")
    assert result.exit_code == 0, result.output
    (listed,) = json.loads(subs(home, "archive", "list", "--json").stdout)
    return str(listed["path"])


@on_both
def test_create_and_list(subs: Subs, home: Settings) -> None:
    path = archive_of(subs, home)
    assert subs(home, "archive", "create").stdout.splitlines()[-1].startswith(str(home.archives))
    listed = json.loads(subs(home, "archive", "list", "--json").stdout)
    assert len(listed) == 2 and listed[1]["path"] == path  # newest first
    assert all(one["complete"] and one["problem"] is None and one["rows"] > 0 for one in listed)
    assert Path(path).name in "".join(subs(home, "archive", "list").stdout.split())


def test_list_of_nothing(subs: Subs, empty_home: Settings) -> None:
    assert json.loads(subs(empty_home, "archive", "list", "--json").stdout) == []
    assert "none" in subs(empty_home, "archive", "list").stdout


@on_both
def test_show(subs: Subs, home: Settings) -> None:
    path = archive_of(subs, home)
    tables = json.loads(subs(home, "archive", "show", path, "--json").stdout)
    counts = {one["table"]: one["rows"] for one in tables if one["database"] == "warehouse"}
    assert counts == {name: len(rows) for name, rows in rows_in(home.database_url).items()}
    assert {one["database"] for one in tables} == {"warehouse", "control"}
    assert "substitutions" in subs(home, "archive", "show", path).stdout
    rows = [json.loads(line) for line in subs(home, "archive", "show", path, "listings").stdout.splitlines()]
    if home.database_url.startswith("sqlite"):
        assert {row.pop("$rowid") for row in rows} == set(range(1, len(rows) + 1))
        shown = sorted((tuple(row.values()) for row in rows), key=repr)
        assert shown == rows_in(home.database_url, "listings")["listings"]
    else:
        assert {row["sku"] for row in rows} == {row[1] for row in rows_in(home.database_url, "listings")["listings"]}
    log = subs(home, "archive", "show", path, "audit_log", "--database", "control").stdout.splitlines()
    assert [json.loads(line)["what"] for line in log] == ["looked"]


@on_both
def test_verify(subs: Subs, home: Settings) -> None:
    path = archive_of(subs, home)
    assert "is whole" in subs(home, "archive", "verify", path).stdout
    told = json.loads(subs(home, "archive", "verify", path, "--json").stdout)
    assert told["ok"] is True and told["problems"] == [] and told["rows"] > 0
    data = next(file for file in sorted((Path(path) / "data").iterdir()) if "listings" in file.name)
    data.write_bytes(data.read_bytes()[:-1])
    damaged = subs(home, "archive", "verify", path)
    assert damaged.exit_code == 1 and "listings" in damaged.stderr
    told = json.loads(subs(home, "archive", "verify", path, "--json").stdout)
    assert told["ok"] is False and "listings" in told["problems"][0]


@on_both
@pytest.mark.parametrize("part", ["warehouse", "control"])
def test_restore(subs: Subs, home: Settings, tmp_path: Path, part: str, new_database: Callable[..., str]) -> None:
    path = archive_of(subs, home)
    source = {"warehouse": home.database_url, "control": home.control_url}[part]
    copy = sqlite_url(tmp_path / "copy.db") if source.startswith("sqlite") else new_database()
    result = subs(home, "archive", "restore", path, "--into", copy, "--database", part)
    assert result.exit_code == 0, result.output
    restored = copy if part == "warehouse" or copy.startswith("sqlite") else control_url_beside(copy, home.home)
    assert rows_in(restored) == rows_in(source) and any(rows_in(source).values())
    again = subs(home, "archive", "restore", path, "--into", copy, "--database", part)
    assert again.exit_code == 1 and "empty" in again.stderr
    assert rows_in(restored) == rows_in(source)


def test_another_database_goes_to_another_folder(subs: Subs, home: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    result = subs(home, "archive", "create", "--database", home.control_url, "--to", str(elsewhere))
    assert result.exit_code == 0, result.output
    (path,) = (folder for folder in elsewhere.iterdir() if not folder.name.startswith("."))
    tables = json.loads(subs(home, "archive", "show", str(path), "--json").stdout)
    assert {one["database"] for one in tables} == {"warehouse"} and "decisions" in {one["table"] for one in tables}
    assert not home.archives.exists()


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("show", "{nowhere}"), "nowhere"),
        (("show", "{path}", "nothing"), "no table 'nothing'"),
        (("show", "{path}", "listings", "--database", "other"), "no database 'other'"),
        (("verify", "{nowhere}"), "nowhere"),
        (("restore", "{nowhere}", "--into", "sqlite:///{nowhere}.db"), "nowhere"),
        (("restore", "{path}", "--into", "sqlite:///{nowhere}.db", "--database", "other"), "no database other"),
        (("restore", "{path}", "--into", "not a url"), "no database URL"),
        (("create", "--database", "sqlite:///{nowhere}.db"), "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_a_sentence(
    subs: Subs, home: Settings, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    path = archive_of(subs, home)
    given = [one.format(path=path, nowhere=tmp_path / "nowhere") for one in arguments]
    result = subs(home, "archive", *given)
    assert result.exit_code == 1, result.output
    assert says in result.stderr
    assert not (tmp_path / "nowhere").exists() and not (tmp_path / "nowhere.db").exists()


def test_an_archive_of_nothing_is_refused(subs: Subs, empty_home: Settings) -> None:
    result = subs(empty_home, "archive", "create")
    assert result.exit_code == 1 and "subs.db" in result.stderr
    assert json.loads(subs(empty_home, "archive", "list", "--json").stdout) == []
