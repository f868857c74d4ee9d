"""The packaged model: its hashes and vectors, no network, nothing heavy early; models by name or folder."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from subs_assets.embedding import packaged_model
from subs_assets.embedding.encoder import SentenceTransformerEncoder, unit_rows
from subs_assets.embedding.packaged_model import ModelFilesDiffer, packaged_folder, verify

TEXTS = ["full cream milk", "whole milk", "dishwashing tablets", "Käse & Brot", ""]


@pytest.fixture(scope="module")
def encoder() -> SentenceTransformerEncoder:
    """Loaded once, with every connection refused: the first run must not need a network."""
    loaded = SentenceTransformerEncoder()
    attempts: list[object] = []

    def refuse(*address: object, **_: object) -> None:
        attempts.append(address)
        raise OSError("no network in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        loaded.encode(["milk"])
    assert attempts == []
    return loaded


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(packaged_folder(), tmp_path / "model"))


def test_importing_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "import subs_assets.embedding.vector_store, subs_assets.embedding.matrices\n"
        "from subs_assets.embedding.encoder import SentenceTransformerEncoder\n"
        "SentenceTransformerEncoder().fingerprint\n"
        "assert not {'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_rows_are_unit_float32_beside_their_texts(encoder: SentenceTransformerEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    # Sorted by length inside, and back in the caller's order outside.
    for row, text in enumerate(TEXTS):
        assert np.allclose(vectors[row], encoder.encode([text])[0], atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.7 > 0.3 > vectors[0] @ vectors[2]


def test_no_texts_have_a_shape_without_loading() -> None:
    untouched = SentenceTransformerEncoder()
    vectors = untouched.encode([])
    assert vectors.shape == (0, 384)
    assert vectors.dtype == np.float32
    assert "_loaded" not in vars(untouched)


def test_progress_ends_at_the_total(encoder: SentenceTransformerEncoder) -> None:
    told: list[tuple[int, int]] = []
    encoder.encode(["milk"] * 130, lambda done, total: told.append((done, total)))
    assert told == [(64, 130), (128, 130), (130, 130)]


def test_fingerprint_is_the_same_each_time_and_may_name_a_folder() -> None:
    assert SentenceTransformerEncoder().fingerprint == SentenceTransformerEncoder().fingerprint
    assert re.fullmatch("[0-9a-f]{32}", SentenceTransformerEncoder().fingerprint)


def test_the_packaged_files_are_the_published_ones() -> None:
    assert verify(packaged_folder()) == packaged_model.SHA256


@pytest.mark.parametrize("file_name", sorted(packaged_model.SHA256))
def test_a_changed_file_is_named_and_refused(model_copy: Path, file_name: str) -> None:
    path = model_copy / file_name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # the last byte: the hash must be over the whole file
    path.write_bytes(content)
    with pytest.raises(ModelFilesDiffer, match=re.escape(str(path))):
        verify(model_copy)


def test_a_missing_file_is_named(model_copy: Path) -> None:
    (model_copy / "vocab.txt").unlink()
    with pytest.raises(ModelFilesDiffer, match=r"vocab\.txt cannot be read"):
        verify(model_copy)


def test_the_encoder_does_not_load_a_changed_model(model_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (model_copy / "config.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(packaged_model, "packaged_folder", lambda: model_copy)
    changed = SentenceTransformerEncoder()
    with pytest.raises(ModelFilesDiffer, match=r"config\.json"):
        changed.encode(["milk"])
    with pytest.raises(ModelFilesDiffer, match=r"config\.json"):
        _ = changed.fingerprint


def test_a_folder_is_a_model_known_by_its_content(encoder: SentenceTransformerEncoder, model_copy: Path) -> None:
    from_folder = SentenceTransformerEncoder(str(model_copy))
    before = from_folder.fingerprint
    assert np.allclose(from_folder.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    (model_copy / "README.md").write_text("changed", encoding="utf-8")
    assert SentenceTransformerEncoder(str(model_copy)).fingerprint != before


def test_a_model_by_name_from_the_hubs_cache(
    encoder: SentenceTransformerEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache as huggingface_hub lays it out, offline: the name finds its revision, which is in the fingerprint."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    repository = tmp_path / "models--some-shop--names"
    (repository / "refs").mkdir(parents=True)
    fingerprints = []
    for revision in ("a" * 40, "b" * 40):
        shutil.copytree(packaged_folder(), repository / "snapshots" / revision)
        (repository / "refs" / "main").write_text(revision, encoding="utf-8")
        named = SentenceTransformerEncoder("some-shop/names")
        fingerprints.append(named.fingerprint)
        assert np.allclose(named.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    assert len({*fingerprints, encoder.fingerprint}) == 3


def test_an_unknown_model_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(FileNotFoundError, match='The encoder "no-such/model" is neither a folder nor'):
        _ = SentenceTransformerEncoder("no-such/model").fingerprint


def test_unit_rows_makes_no_direction_of_zeros() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    assert rows[0].tolist() == pytest.approx([0.6, 0.8])
    assert np.isnan(rows[1]).all()
