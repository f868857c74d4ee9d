"""``subs`` as a person types it, on homes of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from subs_assets.cli import app
from subs_assets.database.engine import sqlite_file
from subs_assets.settings import Settings
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import OWN_BRANDS, copy_of, publish_again, run_graph, settings_of, write_shop

Subs = Callable[..., Result]


@pytest.fixture(scope="session")
def published_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``catalogues`` and ``home`` after one run; not to be changed."""
    folder = tmp_path_factory.mktemp("published")
    for slug in OWN_BRANDS:
        write_shop(folder / "catalogues", slug)
    assert run_graph(settings_of(folder)).success
    return folder


@pytest.fixture(scope="session")
def published_database(published_folder: Path, postgres_server: PostgresServer) -> str:
    """The same on PostgreSQL: its name, as a template."""
    name = postgres_server.new_database()
    publish_again(published_folder, postgres_server.url(name))
    return name


@pytest.fixture
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """``new_database()``: the URL of an empty database on PostgreSQL, or of a copy of another; dropped after the test.

    The server is started for the first."""
    made = []

    def make(template: str = "template0") -> str:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made.append((server, server.new_database(template)))
        return server.url(made[-1][1])

    yield make
    for server, name in made:
        server.drop_database(name)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Where the homes of a test have their database; another with ``on_both``."""
    return getattr(request, "param", "sqlite")


on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def empty_home(tmp_path: Path, database: str, new_database: Callable[..., str]) -> Settings:
    return settings_of(tmp_path / "nothing", "" if database == "sqlite" else new_database())


@pytest.fixture
def home(
    request: pytest.FixtureRequest,
    published_folder: Path,
    tmp_path: Path,
    database: str,
    new_database: Callable[..., str],
) -> Settings:
    """A copy of the published home, the test's own."""
    copied = "" if database == "sqlite" else new_database(request.getfixturevalue("published_database"))
    return copy_of(published_folder, tmp_path / "shops", copied)


@pytest.fixture
def subs(monkeypatch: pytest.MonkeyPatch) -> Subs:
    """``subs(settings, "rates", "--json")``: the outcome; an error is a sentence and never a traceback."""

    def call(settings: Settings, *arguments: str) -> Result:
        for name in ("SUBS_DATABASE_URL", "SUBS_CONTROL_URL", "SUBS_ENCODER", "SUBS_MODEL", "SUBS_TIMEZONE"):
            monkeypatch.delenv(name, raising=False)
        if sqlite_file(settings.database_url) is None:
            monkeypatch.setenv("SUBS_DATABASE_URL", settings.database_url)
        monkeypatch.setenv("SUBS_HOME", str(settings.home))
        monkeypatch.setenv("SUBS_ARCHIVES", settings.archives)
        monkeypatch.setenv("SUBS_CATALOGUES", str(settings.catalogues[0]))
        monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
        monkeypatch.setenv("COLUMNS", "200")
        result = CliRunner().invoke(app, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        says_error = any(line.startswith("error: ") for line in result.stderr.splitlines())
        assert says_error is (result.exit_code != 0), result.output
        return result

    return call
