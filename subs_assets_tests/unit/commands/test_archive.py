"""``subs archive``: create, list, show, verify, restore, on real files."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from subs_assets.database import audit_lines, control, migrate
from subs_assets.database.engine import open_engine
from subs_assets.settings import Settings, control_url_beside, sqlite_url
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import rows_in
from subs_assets_tests.unit.commands.conftest import Subs, on_both


def archive_of(subs: Subs, home: Settings) -> str:
    engine = control.open_control(home.control_url)
    audit_lines.write_audit(engine, "ana", "looked")
    engine.dispose()
    result = subs(home, "archive", "create", "--note", "before the test")
    assert result.exit_code == 0, result.output
    (listed,) = json.loads(subs(home, "archive", "list", "--json").stdout)
    return str(listed["path"])


def archive_of_again(subs: Subs, home: Settings) -> str:
    """Another one, the newest."""
    assert subs(home, "archive", "create").exit_code == 0
    return str(json.loads(subs(home, "archive", "list", "--json").stdout)[0]["path"])


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
    assert {one["database"] for one in tables} == {"database"} and "decisions" in {one["table"] for one in tables}
    assert not Path(home.archives).exists()
    shown = subs(home, "archive", "show", str(path), "data_set").stdout.splitlines()
    assert [json.loads(line)["name"] for line in shown] == [home.data_set]  # the only database need not be named
    copy = sqlite_url(tmp_path / "copy.db")
    restored = subs(home, "archive", "restore", str(path), "--into", copy)
    assert restored.exit_code == 0 and "revision" not in restored.stdout
    assert rows_in(copy) == rows_in(home.control_url)


@on_both
def test_drill(subs: Subs, home: Settings) -> None:
    path = archive_of(subs, home)
    drilled = subs(home, "archive", "drill", path)
    assert drilled.exit_code == 0 and "can be restored" in drilled.stdout
    data = next(file for file in sorted((Path(path) / "data").iterdir()) if "listings" in file.name)
    data.write_bytes(data.read_bytes()[:-1])
    assert "cannot be relied on" in subs(home, "archive", "drill", path).stderr


@on_both
def test_diff(subs: Subs, home: Settings) -> None:
    before = archive_of(subs, home)
    same = archive_of_again(subs, home)
    told = json.loads(subs(home, "archive", "diff", before, same, "--json").stdout)
    assert told == {"schema": [], "tables": []}
    assert "none" in subs(home, "archive", "diff", before, same).stdout
    with open_engine(home.database_url).begin() as connection:
        connection.execute(text("UPDATE listings SET name = 'Something else' WHERE company_slug = 'corner'"))
    after = archive_of_again(subs, home)
    (changed,) = json.loads(subs(home, "archive", "diff", before, after, "--json").stdout)["tables"]
    lines = subs(home, "archive", "diff", before, after, "listings").stdout.splitlines()
    assert changed["table"] == "listings" and changed["changed"] > 0 and changed["added"] == changed["removed"] == 0
    assert [line[0] for line in lines] == ["-"] * changed["changed"] + ["+"] * changed["changed"]
    assert {json.loads(line[1:])["name"] for line in lines if line[0] == "+"} == {"Something else"}
    assert "warehouse.listings" in subs(home, "archive", "diff", before, after).stdout


@pytest.mark.archive_case(56)
def test_a_restore_says_which_migration_comes_next(subs: Subs, empty_home: Settings, tmp_path: Path) -> None:
    migrate.upgrade(empty_home.database_url, "0001")
    assert subs(empty_home, "archive", "create").exit_code == 0
    (archive,) = json.loads(subs(empty_home, "archive", "list", "--json").stdout)
    restored = subs(empty_home, "archive", "restore", archive["path"], "--into", sqlite_url(tmp_path / "copy.db"))
    assert "Alembic revision: 0001; next: 0002" in restored.stdout and "subs db upgrade" in restored.stdout


def test_verify_looks_at_the_archive_before(subs: Subs, home: Settings) -> None:
    before, after = archive_of(subs, home), archive_of_again(subs, home)
    manifest = Path(before) / "manifest.json"
    content = manifest.read_bytes().replace(b"before the test", b"behind the test")
    manifest.write_bytes(content)
    manifest.with_suffix(".json.sha256").write_text(f"{sha256(content).hexdigest()}  manifest.json\n", newline="\n")
    assert subs(home, "archive", "verify", before).exit_code == 0  # forged whole: only the chain tells
    told = subs(home, "archive", "verify", after)
    assert told.exit_code == 1 and f"{Path(before).name} is not what it was" in told.stderr


def test_a_drill_of_ours_is_kept_and_one_of_others_is_not(subs: Subs, home: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert subs(home, "archive", "create", "--to", str(elsewhere)).exit_code == 0
    (theirs,) = (folder for folder in elsewhere.iterdir() if not folder.name.startswith("."))
    ours = archive_of(subs, home)
    assert subs(home, "archive", "drill", str(theirs)).exit_code == 0
    assert subs(home, "archive", "drill", ours).exit_code == 0
    kept = [row[0] for row in rows_in(home.control_url, "archive_drills")["archive_drills"]]
    assert kept == [Path(ours).name]
    another = subs(home, "archive", "create", "--database", home.control_url).stdout.strip()
    assert subs(home, "archive", "drill", another).exit_code == 0  # in our place, and no proof of our warehouse
    assert len(rows_in(home.control_url, "archive_drills")["archive_drills"]) == 1


@pytest.mark.archive_case(57)
def test_prune(subs: Subs, home: Settings) -> None:
    paths = [archive_of_again(subs, home) for _ in range(4)]
    names = [Path(path).name for path in paths]
    said = subs(home, "archive", "prune", "--daily", "1", "--dry-run").stdout
    assert said.count("would go") == 2 and all(Path(path).is_dir() for path in paths)
    said = subs(home, "archive", "prune", "--daily", "1").stdout
    assert said.count("removed") == 2
    listed = json.loads(subs(home, "archive", "list", "--json").stdout)
    assert [Path(one["path"]).name for one in listed] == [names[3], names[2]]
    assert subs(home, "archive", "verify", paths[2]).exit_code == 0  # its predecessor is gone, and that breaks no chain


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


@pytest.mark.archive_case(57)
def test_the_archives_of_a_database_of_the_same_name_are_left_alone(subs: Subs, home: Settings, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs" / "subs.db"
    theirs.parent.mkdir()
    shutil.copyfile(home.home / "subs.db", theirs)
    for _ in range(3):
        assert subs(home, "archive", "create", "--database", sqlite_url(theirs)).exit_code == 0
    ours = [archive_of_again(subs, home) for _ in range(3)]
    pruned = subs(home, "archive", "prune", "--daily", "1").stdout
    assert pruned.count("removed") == 1 and pruned.count("of another database") == 3
    assert [Path(path).is_dir() for path in ours] == [False, True, True]
    pruned = subs(home, "archive", "prune", "--daily", "1", "--database", sqlite_url(theirs)).stdout
    assert pruned.count("removed") == 1 and pruned.count("of another database") == 2


def test_archives_in_another_folder_are_listed_and_pruned_there(subs: Subs, home: Settings, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "else[where]")
    for _ in range(3):
        assert subs(home, "archive", "create", "--to", elsewhere).exit_code == 0
    assert elsewhere in "".join(subs(home, "archive", "list", "--in", elsewhere).stdout.split())
    assert subs(home, "archive", "prune", "--daily", "1", "--in", elsewhere).stdout.count("removed") == 1
    assert len(json.loads(subs(home, "archive", "list", "--in", elsewhere, "--json").stdout)) == 2


@pytest.mark.parametrize("arguments", [("create", "--database", ""), ("create", "--to", ""), ("list", "--in", "")])
def test_an_option_that_a_script_left_empty_does_not_mean_ours(
    subs: Subs, home: Settings, arguments: tuple[str, ...]
) -> None:
    result = subs(home, "archive", *arguments)
    assert result.exit_code == 1 and f"{arguments[1]} is empty" in result.stderr
    assert not Path(home.archives).exists()


def test_rows_are_shown_as_they_are_archived(subs: Subs, home: Settings, tmp_path: Path) -> None:
    source = tmp_path / "values.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("CREATE TABLE [ü] (a)")
        connection.executemany("INSERT INTO [ü] VALUES (?)", [(float("inf"),), (b"\0",), (2**60,)])
        connection.commit()
    made = subs(home, "archive", "create", "--database", sqlite_url(source)).stdout.strip()
    shown = subs(home, "archive", "show", made, "ü").stdout.splitlines()
    assert [json.loads(line)["a"] for line in shown] == [{"$f": "inf"}, {"$b": "AA=="}, {"$i": str(2**60)}]


@pytest.mark.parametrize("password", ["s3cret", "s3cret@with/signs", "s3cret%40"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--database", "{url}"),
        ("restore", "{path}", "--into", "{url}"),
        ("drill", "{path}", "--beside", "{url}"),
        ("create", "--database", "{url}?connect_timeout=x"),
        ("create", "--database", "{url}?options=-csearch_path%3Da,b"),
        ("create", "--database", "mysql{url}"),
    ],
    ids=lambda value: " ".join(value),
)
def test_no_password_is_printed(
    subs: Subs, home: Settings, postgres_server: PostgresServer, arguments: tuple[str, ...], password: str
) -> None:
    path = archive_of(subs, home)
    url = f"postgresql+psycopg://nobody:{quote(password, safe='')}@127.0.0.1:{postgres_server.port}/subs"
    result = subs(home, "archive", *(one.format(path=path, url=url) for one in arguments))
    if arguments[0] != "drill":  # which needs no server for an archive of SQLite
        assert result.exit_code == 1
    assert "s3cret" not in result.output + result.stderr


def test_an_archive_of_nothing_is_refused(subs: Subs, empty_home: Settings) -> None:
    result = subs(empty_home, "archive", "create")
    assert result.exit_code == 1 and "subs.db" in result.stderr
    assert json.loads(subs(empty_home, "archive", "list", "--json").stdout) == []
