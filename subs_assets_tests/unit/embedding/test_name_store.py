"""What is kept of names equals what a comparison of all of them finds, whatever came and went before."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subs_assets.embedding import alike, name_store
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.name_store import NameStore
from subs_assets.embedding.name_weights import NameWeights
from subs_assets.embedding.similarity import lexical_features
from subs_assets.embedding.vector_store import text_keys
from subs_assets.model.trained import shipped_model
from subs_assets_tests.small_shops import names_in, store_in
from subs_assets_tests.unit.embedding.test_alike import WORDS, lists_of_names

WEIGHTS = shipped_model().names
TWO_WORDS = [f"{one} {two}" for one in WORDS for two in WORDS]


def assert_as_cold(found: AlikeRows, names: list[str], folder: Path) -> None:
    cold = names_in(folder).alike(names)
    np.testing.assert_array_equal(found.name, cold.name)
    for kept, anew in zip(vars(found.pairs).values(), vars(cold.pairs).values(), strict=True):
        np.testing.assert_array_equal(kept, anew)


@settings(max_examples=60, deadline=None)
@given(
    nights=st.lists(st.lists(st.sampled_from([*TWO_WORDS, ""]), max_size=40), min_size=1, max_size=5),
    most=st.sampled_from([1, 2, 5, 1_000]),
    at_once=st.sampled_from([1, 20, 1_000]),
)
def test_nights_end_as_the_last_one_alone(
    nights: list[list[str]], most: int, at_once: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("names")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "MOST", most)
        patch.setattr(alike, "PAIRS_AT_ONCE", at_once)
        for names in nights:
            found = names_in(folder / "kept").alike(names)
        patch.setattr(alike, "PAIRS_AT_ONCE", 1_000_000)
        assert_as_cold(found, nights[-1], folder / "cold")


@pytest.mark.parametrize("new", [[], ["something new"]])
def test_a_name_that_had_more_than_is_kept_finds_the_next_when_it_loses_one(
    new: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alike, "MOST", 2)
    names = [f"oat milk {taste}" for taste in WORDS]
    pairs = names_in(tmp_path).alike(names).pairs
    of_first = pairs.where((pairs.left == 0) & (pairs.right != 0))
    nearest = int(of_first.right[np.argmax(of_first.similarity)])
    left = [name for number, name in enumerate(sorted(names, key=key)) if number != nearest] + new
    assert_as_cold(names_in(tmp_path).alike(left), left, tmp_path / "cold")


def key(name: str) -> bytes:
    """Names are numbered in this order."""
    return bytes(text_keys([name])[0])


@settings(max_examples=20, deadline=None)
@given(kept=lists_of_names, asked=lists_of_names)
def test_n_grams_are_those_of_the_names(
    kept: list[str], asked: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = names_in(tmp_path_factory.mktemp("names"))
    store.alike(kept)
    assert (store.lexical(asked) != lexical_features(asked, WEIGHTS)).nnz == 0


def test_only_new_names_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names_in(tmp_path).alike(TWO_WORDS[:100])
    compared: list[tuple[int, int]] = []
    all_compared = name_store.compared

    def counting(features, left, right, *rest, **how):  # type: ignore[no-untyped-def]
        compared.append((len(left), len(right)))
        return all_compared(features, left, right, *rest, **how)

    monkeypatch.setattr(name_store, "compared", counting)
    monkeypatch.setattr(name_store, "alike_among", None)  # all with all, which no night needs but the first
    names_in(tmp_path).alike(TWO_WORDS[:100])
    assert compared == []
    names_in(tmp_path).alike(TWO_WORDS[5:103])
    assert compared == [(3, 95), (3, 3)]


def test_names_that_are_asked_for_no_more_are_forgotten_with_the_next_new_one(tmp_path: Path) -> None:
    store = names_in(tmp_path)
    store.alike(TWO_WORDS[:100])
    size = store.file.stat().st_size
    store.alike(TWO_WORDS[:20])
    assert store.file.stat().st_size == size
    store.alike([*TWO_WORDS[:20], "something new"])
    assert store.file.stat().st_size < size / 2


@pytest.mark.parametrize("damage", [b"", b"no zip file", None])
def test_a_damaged_file_is_told_and_made_anew(
    damage: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = names_in(tmp_path)
    store.alike(TWO_WORDS[:50])
    content = bytearray(store.file.read_bytes())
    content[len(content) // 2] ^= 1  # what a zip file's checksum sees
    store.file.write_bytes(bytes(content) if damage is None else damage)
    assert_as_cold(names_in(tmp_path).alike(TWO_WORDS[:50]), TWO_WORDS[:50], tmp_path / "cold")
    assert f"{store.file} cannot be used" in caplog.text and "compared anew" in caplog.text
    caplog.clear()
    names_in(tmp_path).alike(TWO_WORDS[:50])
    assert not caplog.text
    assert [path.name for path in store.file.parent.glob("names-*")] == [store.file.name]


def test_other_weights_and_another_encoder_have_other_files(tmp_path: Path) -> None:
    vectors = store_in(tmp_path)
    one, other = NameStore(vectors, WEIGHTS), NameStore(vectors, NameWeights({}, 9.0))
    assert one.file != other.file and one.file.parent == other.file.parent == vectors.folder


def test_another_program_compares_anew_and_leaves_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names_in(tmp_path)
    before.alike(TWO_WORDS[:20])
    monkeypatch.setattr(name_store, "program", lambda: "f" * 64)
    after = names_in(tmp_path)
    after.alike(TWO_WORDS[:20])
    assert after.file != before.file and [path.name for path in after.file.parent.glob("names-*")] == [after.file.name]


def test_what_is_found_while_the_program_changes_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_store, "is_program_as_loaded", lambda: False)
    store = names_in(tmp_path)
    store.alike(TWO_WORDS[:20])
    assert not store.file.exists()


def test_a_file_that_cannot_be_written_costs_the_next_run_time_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = names_in(tmp_path)
    store.file.mkdir(parents=True)
    assert_as_cold(store.alike(TWO_WORDS[:20]), TWO_WORDS[:20], tmp_path / "cold")
    assert "cannot be written" in caplog.text
    assert [path.name for path in store.file.parent.glob("names-*")] == [store.file.name]


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    store = names_in(tmp_path)
    store.alike(TWO_WORDS[:5])
    old, young = (store.file.with_name(f"{store.file.name}.{age}.unfinished") for age in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    store.alike(TWO_WORDS[:6])
    assert not old.exists() and young.exists()


def test_the_encoder_is_asked_for_new_names_only(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    names_in(tmp_path).alike(TWO_WORDS[:10])
    names_in(tmp_path).alike(TWO_WORDS[:12], lambda *progress: told.append(progress))
    assert told[-1] == (2, 2)
