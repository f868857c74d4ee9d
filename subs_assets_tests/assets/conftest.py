"""A home in which the small shops are published, and copies of it for tests that change something."""

from pathlib import Path

import pytest

from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import OWN_BRANDS, copy_of, run_graph, settings_of, write_shop


@pytest.fixture(scope="session")
def published_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``catalogues`` and ``home`` after one run; not to be changed."""
    folder = tmp_path_factory.mktemp("published")
    for slug in OWN_BRANDS:
        write_shop(folder / "catalogues", slug)
    assert run_graph(settings_of(folder)).success
    return folder


@pytest.fixture
def settings(published_folder: Path, tmp_path: Path) -> Settings:
    """A copy of the published home and its catalogues, the test's own."""
    return copy_of(published_folder, tmp_path / "shops")
