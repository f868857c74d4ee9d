"""``subs`` as a person types it, on homes of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from subs_assets.cli import app
from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import OWN_BRANDS, copy_of, run_graph, settings_of, write_shop

Subs = Callable[..., Result]


@pytest.fixture(scope="session")
def published_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``catalogues`` and ``home`` after one run; not to be changed."""
    folder = tmp_path_factory.mktemp("published")
    for slug in OWN_BRANDS:
        write_shop(folder / "catalogues", slug)
    assert run_graph(settings_of(folder)).success
    return folder


@pytest.fixture
def empty_home(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "nothing")


@pytest.fixture
def home(published_folder: Path, tmp_path: Path) -> Settings:
    """A copy of the published home, the test's own."""
    return copy_of(published_folder, tmp_path / "shops")


@pytest.fixture
def subs(monkeypatch: pytest.MonkeyPatch) -> Subs:
    """``subs(settings, "rates", "--json")``: the outcome; an error is a sentence and never a traceback."""

    def call(settings: Settings, *arguments: str) -> Result:
        for name in ("SUBS_DATABASE_URL", "SUBS_CONTROL_URL", "SUBS_ARCHIVES", "SUBS_ENCODER", "SUBS_TIMEZONE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("SUBS_HOME", str(settings.home))
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
