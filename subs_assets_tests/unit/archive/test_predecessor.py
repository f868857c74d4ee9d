"""The database that the first system's archive failed on, and the three reasons why it failed."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from subs_assets.archive import drill, restore, snapshot, store, verify
from subs_assets_tests.unit.archive import oracle, postgres_oracle, predecessor
from subs_assets_tests.unit.archive.conftest import PostgresPlace, url_of


class Predecessor(Protocol):
    """Its database on one kind of server, and what an independent oracle says of a copy of it."""

    url: str

    def execute(self, *statements: str) -> None: ...
    def content(self) -> dict[str, object]: ...
    def new_copy(self) -> "Predecessor": ...


class OnSqlite:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = url_of(path)

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def content(self) -> dict[str, object]:
        oracle.assert_sound(self.path)
        return oracle.content(self.path)

    def new_copy(self) -> "OnSqlite":
        return OnSqlite(self.path.with_name("copy.db"))


class OnPostgres:
    def __init__(self, new_postgres: Callable[..., PostgresPlace]) -> None:
        self._new_postgres = new_postgres
        self._place = new_postgres()
        self.url = self._place.url

    def execute(self, *statements: str) -> None:
        self._place.execute(*statements)

    def content(self) -> dict[str, object]:
        return postgres_oracle.content(self._place.server, self._place.name)

    def new_copy(self) -> "OnPostgres":
        return OnPostgres(self._new_postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def old_system(request: pytest.FixtureRequest, tmp_path: Path) -> Predecessor:
    if request.param == "sqlite":
        return OnSqlite(predecessor.make_sqlite(tmp_path / "db.sqlite3"))
    place = OnPostgres(request.getfixturevalue("new_postgres"))
    predecessor.make_postgres(place.url)
    return place


CHILD = """
import os, sys

def refuse(*arguments, **keywords):
    raise SystemExit(f"a process was to be started: {arguments}")

STARTERS = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
            "os.startfile", "pty.spawn", "_winapi.CreateProcess"}
sys.addaudithook(lambda event, arguments: refuse(event) if event in STARTERS else None)
try:
    import _posixsubprocess
    _posixsubprocess.fork_exec = refuse  # what multiprocessing calls, and no audit hook sees
except ImportError:
    pass  # Windows
PREPARE
sys.argv = ["subs", *sys.argv[1:]]
from subs_assets.cli import main
main()
"""


def run_subs(
    *arguments: str, prepare: str = "", options: tuple[str, ...] = (), environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """``subs`` in a process of its own, in which no other can be started; it must end with 0."""
    command = [sys.executable, *options, "-c", CHILD.replace("PREPARE", prepare), *arguments]
    done = subprocess.run(command, capture_output=True, env={**os.environ, **(environment or {})}, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "backslashreplace")
    return done


def the_archive_in(folder: Path) -> Path:
    (summary,) = store.list_archives(folder)
    assert summary.complete and summary.problem is None
    return folder / summary.name


@pytest.mark.archive_case(6, 7)
def test_every_row_of_every_table_is_archived_and_restored(old_system: Predecessor, tmp_path: Path) -> None:
    """The category table still has ``store_product_id``, while models and migrations say ``category_id``."""
    before = old_system.content()
    archive = snapshot.create({"warehouse": old_system.url}, tmp_path / "archives")
    assert store.read_manifest(archive).complete
    assert verify.verify(archive).ok
    proof = drill.drill(archive, {"warehouse": old_system.url})
    assert proof.ok, proof.problems
    copy = old_system.new_copy()
    restored = restore.restore(archive, {"warehouse": copy.url})
    assert copy.content() == before
    expected = {table: len(rows) for table, rows in predecessor.rows_for("sqlite").items()}
    archived = {table.name: table.rows for table in store.read_manifest(archive).tables if table.kind == "table"}
    assert archived == expected
    assert restored.rows == proof.rows == sum(table.rows for table in store.read_manifest(archive).tables)
    names = [row["store_product_id"] for row in store.read_rows(archive, "companies_category")]
    assert names == [row["store_product_id"] for row in predecessor.rows_for("sqlite")["companies_category"]]


@pytest.mark.archive_case(1, 2)
def test_the_archive_starts_no_process(old_system: Predecessor, tmp_path: Path) -> None:
    """The first system's called ``manage.py dumpdata`` through whatever ``python`` came first on PATH."""
    programs, started = tmp_path / "programs", tmp_path / "started"
    programs.mkdir()
    for name in ("python", "python3", "py", "sqlite3", "pg_dump", "pg_restore", "psql", "sh"):
        program = programs / (f"{name}.bat" if os.name == "nt" else name)
        program.write_text(
            f'@echo {name} >> "{started}"' if os.name == "nt" else f'#!/bin/sh\necho {name} >> "{started}"\n'
        )
        program.chmod(0o755)
    archives, copy = tmp_path / "archives", old_system.new_copy()
    environment = {"PATH": str(programs)}
    home = {"SUBS_HOME": str(tmp_path / "home"), "SUBS_ARCHIVES": str(archives)}
    run_subs("archive", "create", "--database", old_system.url, "--to", str(archives), environment=environment | home)
    archive = str(the_archive_in(archives))
    run_subs("archive", "verify", archive, environment=environment | home)
    run_subs("archive", "restore", archive, "--into", copy.url, environment=environment | home)
    assert not started.exists()
    assert copy.content() == old_system.content()


@pytest.mark.archive_case(1)
def test_a_process_would_have_been_noticed(tmp_path: Path) -> None:
    for attempt in (
        "import subprocess; subprocess.run([sys.executable, '-c', ''])",
        "os.system('exit 0')",
        "os.spawnv(os.P_WAIT, sys.executable, [sys.executable, '-c', ''])",
        "import multiprocessing; multiprocessing.get_context('spawn').Process(target=print).start()",
    ):
        with pytest.raises(AssertionError, match="was to be started"):
            run_subs("--help", prepare=attempt)


@pytest.mark.archive_case(3, 4, 5)
def test_text_is_utf_8_whatever_the_platform_says(old_system: Predecessor, tmp_path: Path) -> None:
    """The first system's wrote its JSON in the console's code page."""
    old_system.execute(
        'CREATE TABLE "Käufe 🛒" ("Größe" text)', """INSERT INTO "Käufe 🛒" VALUES ('L – žluťoučký 中')"""
    )
    archives, copy = tmp_path / "archiv – ä", old_system.new_copy()
    environment = {
        "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "cp1252",
        "SUBS_HOME": str(tmp_path / "home"),
    }  # fmt: skip
    options = ("-X", "warn_default_encoding", "-W", "error::EncodingWarning")
    made = run_subs(
        "archive", "create", "--database", old_system.url, "--to", str(archives), "--note", "früh",
        options=options, environment=environment,
    )  # fmt: skip
    archive = the_archive_in(archives)
    assert made.stdout.decode("utf-8").splitlines()[-1] == str(archive)
    assert "Käufe 🛒" in made.stderr.decode("utf-8")
    manifest = json.loads((archive / "manifest.json").read_bytes().decode("utf-8"))
    assert manifest["note"] == "früh" and "Käufe 🛒" in {table["name"] for table in manifest["tables"]}
    shown = run_subs("archive", "show", str(archive), "Käufe 🛒", options=options, environment=environment)
    assert json.loads(shown.stdout.decode("utf-8"))["Größe"] == "L – žluťoučký 中"
    run_subs("archive", "restore", str(archive), "--into", copy.url, options=options, environment=environment)
    assert copy.content() == old_system.content()


RAISING = "raise RuntimeError('the archive asked a model')"
CONTRADICTING = """
class Category:
    class _meta:
        db_table = "companies_category"
        fields = ("id", "name", "category_id")  # the database says store_product_id
class Shelf:
    class _meta:
        db_table = "companies_shelf"  # the database has no such table
"""


@pytest.mark.archive_case(6, 8, 9)
@pytest.mark.parametrize("models", [RAISING, CONTRADICTING], ids=["raising", "contradicting"])
def test_no_model_is_asked(old_system: Predecessor, tmp_path: Path, models: str) -> None:
    """The first system's selected the columns of its models, and failed on the one that had been renamed."""
    old_system.execute(
        "CREATE TABLE somebodys_notes (note text)", "INSERT INTO somebodys_notes VALUES ('no model knows me')"
    )
    project = tmp_path / "project"
    for app in ("companies", "products"):
        (project / app).mkdir(parents=True)
        (project / app / "__init__.py").touch()
        (project / app / "models.py").write_text(models, encoding="utf-8")
    (project / "django").mkdir()
    (project / "django" / "__init__.py").write_text(RAISING, encoding="utf-8")
    (project / "settings.py").write_text(RAISING, encoding="utf-8")
    (project / "manage.py").write_text(RAISING, encoding="utf-8")
    search_path = os.pathsep.join([str(project), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        "PYTHONPATH": search_path, "DJANGO_SETTINGS_MODULE": "settings", "SUBS_HOME": str(tmp_path / "home"),
    }  # fmt: skip
    asked = (
        "import atexit\n"
        "models = {'django', 'companies', 'products', 'settings'}\n"
        "atexit.register(lambda: os._exit(7) if models & {name.split('.')[0] for name in sys.modules} else None)"
    )
    archives, copy = tmp_path / "archives", old_system.new_copy()
    arguments = ["archive", "create", "--database", old_system.url, "--to", str(archives)]
    run_subs(*arguments, prepare=asked, environment=environment)
    archive = the_archive_in(archives)
    assert [row["note"] for row in store.read_rows(archive, "somebodys_notes", "database")] == ["no model knows me"]
    assert "companies_shelf" not in {table.name for table in store.read_manifest(archive).tables}
    restore.restore(archive, {"database": copy.url})
    assert copy.content() == old_system.content()


@pytest.mark.archive_case(6, 8, 9)
def test_our_own_models_are_not_asked_either(old_system: Predecessor, tmp_path: Path) -> None:
    archives = tmp_path / "archives"
    without_models = "sys.modules['subs_assets.database.tables'] = None"
    run_subs(
        "archive", "create", "--database", old_system.url, "--to", str(archives),
        prepare=without_models, environment={"SUBS_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert verify.verify(the_archive_in(archives)).ok
