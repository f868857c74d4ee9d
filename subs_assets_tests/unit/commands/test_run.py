"""``subs run`` before the graph starts; whole runs are in ``assets/`` and ``e2e/``."""

import os
from pathlib import Path

import pytest

import subs_assets
from subs_assets.commands.run import use_dagster_home
from subs_assets.settings import Settings
from subs_assets_tests.unit.commands.conftest import Subs


def test_without_catalogues_it_is_a_sentence_and_leaves_nothing(subs: Subs, empty_home: Settings) -> None:
    result = subs(empty_home, "run")
    assert result.exit_code == 1
    assert f"there is no folder of catalogues at {empty_home.catalogues[0]}" in result.stderr
    assert "SUBS_CATALOGUES" in result.stderr
    assert not empty_home.home.exists()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """What the user has set; what a test sets is gone after it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "")
    return monkeypatch


def test_a_new_dagster_home_gets_our_settings_once(given: pytest.MonkeyPatch, empty_home: Settings) -> None:
    use_dagster_home(empty_home)
    assert os.environ["DAGSTER_HOME"] == str(empty_home.dagster_home)
    settings = empty_home.dagster_home / "dagster.yaml"
    assert settings.read_bytes() == Path(subs_assets.__file__).with_name("dagster.yaml").read_bytes()
    settings.write_text("# mine\n", encoding="utf-8")
    use_dagster_home(empty_home)
    assert settings.read_text(encoding="utf-8") == "# mine\n"


def test_a_dagster_home_of_the_user_is_used_and_left_alone(
    given: pytest.MonkeyPatch, tmp_path: Path, empty_home: Settings
) -> None:
    (tmp_path / "theirs" / "history").mkdir(parents=True)
    given.setenv("DAGSTER_HOME", "theirs")
    use_dagster_home(empty_home)
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / "theirs")  # Dagster refuses a relative one
    assert not (tmp_path / "theirs" / "dagster.yaml").exists()
    assert not empty_home.dagster_home.exists()
