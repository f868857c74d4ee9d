"""A model written and read again, what is refused, and the one that is shipped."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from subs_assets.embedding.encoder import SentenceTransformerEncoder
from subs_assets.embedding.name_weights import NameWeights
from subs_assets.equivalence.evidence import Calibration
from subs_assets.model import trained
from subs_assets.model.trained import ModelUnusable, TrainedFor, TrainedModel, TrainedOn, load, save, shipped_model
from subs_assets.substitution.acceptance import AcceptanceModel

MODEL = TrainedModel(
    trained_at="2026-03-04",
    trained_for=TrainedFor("a small one", "abc"),
    acceptance_for=TrainedFor("a large one", "xyz"),
    trained_on=(TrainedOn({"aldi": 3}, ("names", "same_shelf")),),
    names=NameWeights({"käs": 1.5, "milk": 2.0}, 9.5),
    same_shelf=Calibration(5.0, -3.0, 0.6, 250),
    acceptance=AcceptanceModel({"cosine": 2.0}, {"cosine": 0.5}, -1.0, 0.9),
)


def test_written_and_read(tmp_path: Path) -> None:
    save(MODEL, tmp_path / "new" / "folder")
    assert load(tmp_path / "new" / "folder") == MODEL
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == ["model.json", "ngrams.tsv"]


def test_one_model_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        save(MODEL, tmp_path / folder)
    for name in ("model.json", "ngrams.tsv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
        assert b"\r" not in (tmp_path / "one" / name).read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        replace(MODEL, names=NameWeights({"milk": 2.0}, 9.5)),
        replace(MODEL, names=NameWeights(MODEL.names.ngrams, 9.6)),
        replace(MODEL, same_shelf=replace(MODEL.same_shelf, null_margin=0.7)),
        replace(MODEL, trained_for=TrainedFor("another", "def")),
        replace(MODEL, acceptance_for=TrainedFor("another", "def")),
        replace(MODEL, trained_at="2026-03-05"),
    ],
)
def test_another_content_is_another_version(other: TrainedModel) -> None:
    assert MODEL.version.startswith("2026-03-04-") and other.version != MODEL.version


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        ("ngrams.tsv", None, r"ngrams\.tsv is missing"),
        ("model.json", None, r"model\.json is missing"),
        ("ngrams.tsv", ("milk", "silk"), r"ngrams\.tsv is not the file that .*model\.json was written with"),
        ("model.json", ('"format": 2', '"format": 1'), r"model\.json is not of format 2"),
        ("model.json", ("{", ""), r"model\.json cannot be read"),
        ("model.json", ('"slope": 5.0', '"slope": 6.0'), r"model\.json was changed after it was written"),
        ("model.json", ('"slope"', '"slop"'), r"model\.json is incomplete"),
        ("model.json", ('"sha256"', '"sha"'), r"model\.json is incomplete \(KeyError\('sha256'\)\)"),
    ],
)
def test_what_is_not_whole_is_refused_with_the_file_and_a_remedy(
    tmp_path: Path, file: str, change: tuple[str, str] | None, problem: str
) -> None:
    save(MODEL, tmp_path)
    damaged = tmp_path / file
    if change is None:
        damaged.unlink()
    else:
        damaged.write_text(damaged.read_text(encoding="utf-8").replace(*change), encoding="utf-8", newline="\n")
    with pytest.raises(ModelUnusable, match=f"{problem}.*; train it again with `subs train --out "):
        load(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused_with_the_folder(tmp_path: Path) -> None:
    save(MODEL, tmp_path)
    with pytest.raises(ModelUnusable) as refused:
        load(tmp_path / "model.json")
    assert str(refused.value).endswith(f"a model is a folder: set SUBS_MODEL to {tmp_path}")


def test_what_may_not_be_read_is_refused_with_the_file(tmp_path: Path) -> None:
    save(MODEL, tmp_path)
    (tmp_path / "ngrams.tsv").unlink()
    (tmp_path / "ngrams.tsv").mkdir()  # no file that can be opened: what even root may not read
    with pytest.raises(ModelUnusable, match=r"ngrams\.tsv cannot be read \(.+\); train it again with `subs train"):
        load(tmp_path)


def test_the_shipped_model_has_its_own_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "SHIPPED", tmp_path)
    with pytest.raises(ModelUnusable, match="install subs_assets again"):
        load(tmp_path)


def test_the_shipped_model_is_whole_small_and_for_the_packaged_encoder() -> None:
    model = shipped_model()
    described = json.loads((trained.SHIPPED / "model.json").read_text(encoding="utf-8"))
    assert described["version"] == model.version
    assert described["names"]["ngrams"] == len(model.names.ngrams) > 10_000
    assert sum(file.stat().st_size for file in trained.SHIPPED.iterdir()) < 500_000
    packaged = "all-MiniLM-L6-v2", SentenceTransformerEncoder().fingerprint
    assert model.doubt_of_shelves(*packaged) is None and model.doubt_of_acceptance(*packaged) is None
    assert shipped_model() is model


def test_another_encoder_is_told_by_name_for_each_part() -> None:
    assert MODEL.doubt_of_shelves("another", "abc") is None and MODEL.doubt_of_acceptance("another", "xyz") is None
    shelves, acceptance = MODEL.doubt_of_shelves("another", "xyz"), MODEL.doubt_of_acceptance("another", "abc")
    assert "calibrated for the encoder a small one, not for another: how much alike names" in (shelves or "")
    assert "calibrated for the encoder a large one, not for another: the scores of substitutions" in (acceptance or "")
