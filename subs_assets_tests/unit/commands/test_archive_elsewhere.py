"""``subs archive`` and ``subs reset`` where archives lie in an object store."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.object_store import SECRET, ObjectStore
from subs_assets_tests.shops_and_runs import rows_in
from subs_assets_tests.unit.commands.conftest import Subs, on_both


@on_both
def test_every_command_takes_a_url(subs: Subs, home: Settings, tmp_path: Path, object_store: ObjectStore) -> None:
    home = replace(home, archives=object_store.url)
    before, after = (subs(home, "archive", "create", "--note", note).stdout.strip() for note in ("one", "two"))
    assert before.startswith(f"{object_store.url}/2") and after.startswith(f"{object_store.url}/2")
    listed = json.loads(subs(home, "archive", "list", "--json").stdout)
    assert [one["path"] for one in listed] == [after, before]
    tables = json.loads(subs(home, "archive", "show", after, "--json").stdout)
    counts = {one["table"]: one["rows"] for one in tables if one["database"] == "warehouse"}
    assert counts == {name: len(rows) for name, rows in rows_in(home.database_url).items()}
    shown = [json.loads(line) for line in subs(home, "archive", "show", after, "listings").stdout.splitlines()]
    assert len(shown) == counts["listings"]
    assert f"{after} is whole" in subs(home, "archive", "verify", after).stdout
    assert "can be restored" in subs(home, "archive", "drill", after).stdout
    assert "none" in subs(home, "archive", "diff", before, after).stdout
    if home.database_url.startswith("sqlite"):
        restored = subs(home, "archive", "restore", after, "--into", sqlite_url(tmp_path / "copy.db"))
        assert restored.exit_code == 0, restored.output
        assert rows_in(sqlite_url(tmp_path / "copy.db")) == rows_in(home.database_url)
    key = next(key for key in object_store.content() if after.rpartition("/")[2] in key and "listings" in key)
    object_store.client.put_object(Bucket=object_store.bucket, Key=key, Body=object_store.content()[key][:-1])
    assert "listings" in subs(home, "archive", "verify", after).stderr
    assert subs(home, "archive", "drill", after).exit_code == 1
    assert not [path for path in home.scratch.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert not (home.home / "archives").exists()


def test_another_place_for_one_archive(subs: Subs, home: Settings, object_store: ObjectStore) -> None:
    path = subs(home, "archive", "create", "--to", f"{object_store.url}/").stdout.strip()
    assert path.startswith(f"{object_store.url}/2")
    assert subs(home, "archive", "verify", path).exit_code == 0
    assert json.loads(subs(home, "archive", "list", "--json").stdout) == []


def test_pruning(subs: Subs, home: Settings, object_store: ObjectStore) -> None:
    home = replace(home, archives=object_store.url)
    made = [subs(home, "archive", "create").stdout.strip() for _ in range(5)]
    bad = made.pop().rpartition("/")[2]
    key = f"shop/archives/{bad}/data/../stranger"
    object_store.client.put_object(Bucket=object_store.bucket, Key=key, Body=b"x")
    result = subs(home, "archive", "prune", "--daily", "0", "--weekly", "0", "--monthly", "0")
    assert result.exit_code == 0, result.output
    listed = json.loads(subs(home, "archive", "list", "--json").stdout)
    assert [one["path"] for one in listed][1:] == made[:1:-1]  # the newest is damaged, and stays to be looked at
    assert {key.split("/")[2] for key in object_store.content()} == {bad, *(path[-25:] for path in made[2:])}


@on_both
def test_a_reset(subs: Subs, home: Settings, object_store: ObjectStore) -> None:
    home = replace(home, archives=object_store.url)
    request_id = subs(home, "reset", "request").stdout.strip()
    archived = subs(home, "reset", "archive", request_id)
    assert archived.exit_code == 0 and object_store.url in archived.stdout, archived.output
    confirmed = subs(home, "reset", "confirm", request_id)
    assert confirmed.exit_code == 0 and "were wiped" in confirmed.stdout, confirmed.output
    after = rows_in(home.database_url)
    assert after.pop("alembic_version") and not any(after.values())


@pytest.mark.parametrize(
    "arguments",
    [
        ("create",),
        ("list",),
        ("prune",),
        ("show", "{url}/20260101T000000Z-00000000"),
        ("verify", "{url}/20260101T000000Z-00000000"),
        ("drill", "{url}/20260101T000000Z-00000000"),
        ("restore", "{url}/20260101T000000Z-00000000", "--into", "sqlite:///{nowhere}.db"),
    ],
    ids=lambda value: value[0],
)
def test_a_store_that_cannot_be_reached_is_a_sentence(
    subs: Subs,
    home: Settings,
    tmp_path: Path,
    object_store: ObjectStore,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    given = [one.format(url=object_store.url, nowhere=tmp_path / "nowhere") for one in arguments]
    result = subs(replace(home, archives=object_store.url), "archive", *given)
    assert result.exit_code == 1 and "see that the store can be reached" in result.stderr, result.output
    assert not (tmp_path / "nowhere.db").exists()


def test_no_secret_is_told_or_kept(home: Settings, object_store: ObjectStore) -> None:
    """Neither by a program that succeeds nor by one that fails."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SUBS_", "DAGSTER_"))},
        "SUBS_HOME": str(home.home),
        "SUBS_CATALOGUES": str(home.catalogues[0]),
        "DAGSTER_HOME": str(home.dagster_home),
        "SUBS_ARCHIVES": object_store.url,
    }

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            env={**environment, **variables},
            capture_output=True,
            check=False,
        )

    home.dagster_home.mkdir(parents=True, exist_ok=True)
    done = [
        run("subs_assets.cli", "archive", "create"),
        run("dagster", "asset", "materialize", "-m", "subs_assets", "--select", "archive"),
    ]
    assert [one.returncode for one in done] == [0, 0], done
    refused = {"AWS_MAX_ATTEMPTS": "1", "AWS_ENDPOINT_URL": f"http://tester:{SECRET}@127.0.0.1:9"}
    failed = [
        run("subs_assets.cli", "archive", "create", **refused),
        run("subs_assets.cli", "archive", "create", "--to", f"ftp://me:{SECRET}@127.0.0.1/archives"),
        run("subs_assets.cli", "archive", "list", SUBS_ARCHIVES=f"ftp://me:{SECRET}@127.0.0.1/archives"),
        run("dagster", "asset", "materialize", "-m", "subs_assets", "--select", "archive", **refused),
    ]
    assert all(one.returncode != 0 for one in failed)
    for one in (*done, *failed):
        assert SECRET.encode() not in one.stdout + one.stderr, one.args
    for content in object_store.content().values():
        assert SECRET.encode() not in content
    kept = [path for path in home.home.rglob("*") if path.is_file()]
    assert any("dagster" in path.parts for path in kept)
    for path in kept:
        assert SECRET.encode() not in path.read_bytes(), path
