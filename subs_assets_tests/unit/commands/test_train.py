"""``subs train``: what it measures on, where the model goes, and how runs come to use it."""

from pathlib import Path
from typing import Any

import pytest

from subs_assets.embedding import fast_encoder
from subs_assets.model import training
from subs_assets.model.trained import TrainedModel, load
from subs_assets.settings import Settings
from subs_assets_tests.hashing_encoder import HashingEncoder
from subs_assets_tests.shops_and_runs import value_of
from subs_assets_tests.unit.commands.conftest import Subs
from subs_assets_tests.unit.model.test_trained import MODEL


@pytest.fixture
def trained_with(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Training that learns nothing; what it was given."""
    given: list[Any] = []

    def train(*arguments: Any) -> TrainedModel:
        given.extend(arguments)
        return MODEL

    monkeypatch.setattr(training, "train", train)
    return given


def test_the_model_lies_in_the_home_and_the_command_says_how_runs_use_it(
    subs: Subs, home: Settings, trained_with: list[Any]
) -> None:
    result = subs(home, "train")
    assert load(home.home / "model") == MODEL
    assert f"model {MODEL.version} in {home.home / 'model'}" in result.stdout
    assert f"SUBS_MODEL={home.home / 'model'}" in result.stdout
    told = " ".join(result.stdout.split())
    assert f"acceptance is of {len(training.acceptance_labels()):,} labelled pairs of the package" in told
    assert "1 features, left out: lexical, " in told and "shown from 0.90" in told
    assert "calibrated for the encoder a large one, not for all-MiniLM-L6-v2" in told
    listings, shelves, further, _, name, _ = trained_with
    assert len(listings) == value_of(home.database_url, "SELECT count(*) FROM listings")
    assert len(shelves) == value_of(home.database_url, "SELECT count(*) FROM listing_shelves")
    assert further == [] and name == "all-MiniLM-L6-v2"


def test_names_of_further_homes_and_another_folder(
    subs: Subs, home: Settings, trained_with: list[Any], tmp_path: Path
) -> None:
    further = ("--names-of", str(home.home), "--names-of", str(home.home))
    assert subs(home, "train", *further, "--out", str(tmp_path / "mine")).exit_code == 0
    assert load(tmp_path / "mine") == MODEL and not (home.home / "model").exists()
    assert [len(frame) for frame in trained_with[2]] == [len(trained_with[0])] * 2


def test_too_few_listings_are_a_sentence_and_no_model(
    subs: Subs, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_encoder, "FastEncoder", lambda model, vectors: HashingEncoder())
    result = subs(home, "train")
    assert result.exit_code == 1 and "no model was trained: " in result.stderr and "200 are needed" in result.stderr
    assert not (home.home / "model").exists()


def test_a_home_without_anything_published_is_named(subs: Subs, home: Settings, tmp_path: Path) -> None:
    result = subs(home, "train", "--names-of", str(tmp_path / "elsewhere"))
    assert result.exit_code == 1 and str(tmp_path / "elsewhere") in result.stderr.replace("\n", "")
