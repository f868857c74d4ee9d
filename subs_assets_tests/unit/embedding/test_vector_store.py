"""The store and a small encoder: each text encoded once, interruption and damage survived, nothing wrong stored."""

import logging
import multiprocessing
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from subs_assets.embedding import vector_store
from subs_assets.embedding.encoder import Progress
from subs_assets.embedding.vector_store import VectorStore
from subs_assets_tests.hashing_encoder import HashingEncoder

NAMES = [f"{kind} {taste}" for kind in ("milk", "muesli", "rice", "oats") for taste in ("plain", "honey", "café", "")]


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(vector_store, "SHARD", 5)
    return 5


def shard_files(store: VectorStore) -> list[Path]:
    """The vector files that have keys, by name."""
    return sorted(keys.with_name(keys.name.replace(".keys", "")) for keys in store.folder.glob("*.keys.npy"))


def keys_of(shard: Path) -> Path:
    return shard.with_name(f"{shard.stem}.keys.npy")


def test_rows_stand_beside_their_texts_duplicates_included(tmp_path: Path, small_shards: int) -> None:
    encoder = HashingEncoder()
    texts = [*NAMES, *NAMES[::-1], NAMES[3]]
    vectors = VectorStore(tmp_path, encoder).vectors(texts)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, HashingEncoder().encode(texts))
    assert sorted(encoder.encoded) == sorted(NAMES)


def test_a_text_is_encoded_once_ever(tmp_path: Path) -> None:
    VectorStore(tmp_path, HashingEncoder()).vectors(NAMES)
    again = HashingEncoder()
    store = VectorStore(tmp_path, again)
    store.vectors([*NAMES, "one more"])
    assert again.encoded == ["one more"]
    store.vectors(["one more", *NAMES])
    assert again.encoded == ["one more"]


def test_encoders_do_not_share_vectors(tmp_path: Path) -> None:
    VectorStore(tmp_path, HashingEncoder(32)).vectors(NAMES)
    assert VectorStore(tmp_path, HashingEncoder(64)).vectors(NAMES).shape == (len(NAMES), 64)


def test_no_texts(tmp_path: Path) -> None:
    vectors = VectorStore(tmp_path, HashingEncoder(48)).vectors([])
    assert vectors.shape == (0, 48)
    assert vectors.dtype == np.float32
    assert list(tmp_path.iterdir()) == []


def test_texts_of_one_length_are_encoded_together(tmp_path: Path, small_shards: int) -> None:
    encoder = HashingEncoder()
    VectorStore(tmp_path, encoder).vectors(NAMES)
    assert encoder.encoded == sorted(NAMES, key=lambda name: (-len(name), name))


def test_progress_counts_the_unknown_texts_over_all_shards(tmp_path: Path, small_shards: int) -> None:
    store = VectorStore(tmp_path, HashingEncoder(batch=2))
    store.vectors(NAMES[:4])
    told: list[tuple[int, int]] = []
    store.vectors(NAMES, lambda done, total: told.append((done, total)))
    assert told == [(2, 12), (4, 12), (5, 12), (7, 12), (9, 12), (10, 12), (12, 12)]


class Interrupted(HashingEncoder):
    """Stops as Ctrl-C would, in the third call."""

    calls = 0

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        self.calls += 1
        if self.calls == 3:
            raise KeyboardInterrupt
        return super().encode(texts, progress)


def test_an_interrupted_encode_keeps_its_whole_shards(tmp_path: Path, small_shards: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        VectorStore(tmp_path, Interrupted()).vectors(NAMES)
    encoder = HashingEncoder()
    VectorStore(tmp_path, encoder).vectors(NAMES)
    assert len(encoder.encoded) == len(NAMES) - 2 * small_shards


def truncate_vectors(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-1])


def truncate_keys(shard: Path) -> None:
    keys_of(shard).write_bytes(keys_of(shard).read_bytes()[:-1])


def empty_keys(shard: Path) -> None:
    keys_of(shard).write_bytes(b"")


def lose_vectors(shard: Path) -> None:
    shard.unlink()


def drop_a_row(shard: Path) -> None:
    np.save(shard, np.load(shard)[:-1])


def blank_the_pages(shard: Path) -> None:
    np.save(shard, np.zeros_like(np.load(shard)))


def make_it_nan(shard: Path) -> None:
    vectors = np.load(shard)
    vectors[2] = np.nan
    np.save(shard, vectors)


def widen(shard: Path) -> None:
    vectors = np.load(shard)
    np.save(shard, np.hstack([vectors, np.zeros((len(vectors), 1), dtype=np.float32)]))


def pickle_it(shard: Path) -> None:
    np.save(shard, np.array([{"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    "damage",
    [
        truncate_vectors,
        truncate_keys,
        empty_keys,
        lose_vectors,
        drop_a_row,
        blank_the_pages,
        make_it_nan,
        widen,
        pickle_it,
    ],
)
@pytest.mark.parametrize("known_before", [False, True])
def test_a_damaged_shard_is_encoded_again(
    tmp_path: Path,
    small_shards: int,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
    known_before: bool,
) -> None:
    encoder = HashingEncoder()
    store = VectorStore(tmp_path, encoder)
    right = store.vectors(NAMES)
    damaged = max(shard_files(store), key=lambda shard: shard.stat().st_size)
    damage(damaged)
    if not known_before:
        store = VectorStore(tmp_path, encoder)
    encoder.encoded.clear()
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(store.vectors(NAMES), right)
    if len(encoder.encoded):
        assert damaged.name in caplog.text
        assert len(encoder.encoded) == small_shards
    else:
        assert known_before
        assert damage in (truncate_keys, empty_keys)  # this store has read those keys already


def test_a_half_written_shard_is_no_shard(tmp_path: Path) -> None:
    store = VectorStore(tmp_path, HashingEncoder())
    store.vectors(NAMES)
    for keys in store.folder.glob("*.keys.npy"):
        keys.rename(keys.with_suffix(".tmp"))
    encoder = HashingEncoder()
    VectorStore(tmp_path, encoder).vectors(NAMES)
    assert len(encoder.encoded) == len(NAMES)


class Wrong(HashingEncoder):
    """Gives one text the row that the test names."""

    def __init__(self, row: object) -> None:
        super().__init__()
        self.row = row

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        vectors = super().encode(texts, progress)
        vectors[texts.index("rice plain")] = self.row
        return vectors


@pytest.mark.parametrize("row", [np.nan, 0.0, np.inf, 1.0])
def test_a_row_that_is_no_direction_is_refused_by_name_and_not_stored(tmp_path: Path, row: float) -> None:
    store = VectorStore(tmp_path, Wrong(row))
    with pytest.raises(ValueError, match="'rice plain'"):
        store.vectors(NAMES)
    assert shard_files(store) == []


class Narrow(HashingEncoder):
    """Says 64 and gives 32."""

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        return super().encode(texts, progress)[:, :32]


def test_an_encoder_of_another_shape_is_refused(tmp_path: Path) -> None:
    store = VectorStore(tmp_path, Narrow(64))
    with pytest.raises(
        ValueError, match=r"float32 of shape \(16, 32\) for 16 texts instead of float32 of shape \(16, 64\)"
    ):
        store.vectors(NAMES)
    assert shard_files(store) == []


def test_keys_that_end_in_zero_bytes_are_told_apart() -> None:
    """numpy drops trailing zeros when a single key is taken out; as arrays they must stay sixteen bytes."""
    ends_in_zero = next(text for text in map(str, range(10_000)) if bytes(vector_store.text_keys([text]))[-1] == 0)
    keys = vector_store.text_keys([ends_in_zero, "other"])
    assert keys.nbytes == 32
    assert np.searchsorted(np.sort(keys), keys).tolist() in ([0, 1], [1, 0])


def encode_in_a_process(folder: Path, start: int) -> None:
    store = VectorStore(folder, HashingEncoder())
    for upper in range(start + 20, start + 200, 20):
        store.vectors([f"text {number}" for number in range(start, upper)])


def test_two_processes_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=encode_in_a_process, args=(tmp_path, start)) for start in (0, 100)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    encoder = HashingEncoder()
    texts = [f"text {number}" for number in range(280)]
    assert np.array_equal(VectorStore(tmp_path, encoder).vectors(texts), HashingEncoder().encode(texts))
    assert encoder.encoded == []


class Random(HashingEncoder):
    """As fast as numpy, for counts that a lookup must bear."""

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        self.encoded.extend(texts)
        vectors = np.random.default_rng(0).standard_normal((len(texts), self.dimension), dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_hundred_thousand_texts_are_looked_up_in_about_a_second(tmp_path: Path) -> None:
    texts = [f"product number {number}" for number in range(100_000)]
    VectorStore(tmp_path, Random(16)).vectors(texts)
    store = VectorStore(tmp_path, Random(16))
    started = time.process_time()  # what else the machine does is not counted
    store.vectors(texts)
    assert time.process_time() - started < 2  # about 0.3 s
