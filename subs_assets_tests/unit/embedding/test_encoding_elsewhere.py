"""Shards that other processes encode: the same rows, and what has arrived is kept."""

import pickle
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from subs_assets.compute.dask import Dask
from subs_assets.compute.local import LOCAL
from subs_assets.embedding import vector_store
from subs_assets.embedding.fast_encoder import OWN_EXPORTS, FastEncoder, open_store
from subs_assets.embedding.packaged_model import NAME
from subs_assets.embedding.vector_store import VectorStore
from subs_assets_tests.dask_cluster import running_cluster
from subs_assets_tests.hashing_encoder import HashingEncoder

NAMES = [f"{brand} {thing} {size}" for brand in ("Coles", "Süßmilch") for thing in ("milk", "Ei") for size in "1234567"]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_store, "SHARD", 5)


class Breaks:
    """Gives the results of the first tasks, and is lost then."""

    def __init__(self, results: int) -> None:
        self.results = results

    def map(self, function: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any]) -> Iterator[Any]:
        yield from LOCAL.map(function, shared, tasks[: self.results])
        raise RuntimeError("lost")


def test_workers_give_the_rows_of_this_process(vectors: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(vectors, tmp_path / "vectors"))
    told: list[tuple[int, int]] = []
    with running_cluster(2) as cluster:
        dask = Dask(cluster.address, str(tmp_path))
        rows = open_store(home, NAME, dask).vectors(NAMES, lambda *counts: told.append(counts))
    assert [done for done, _ in told] == [5, 10, 15, 20, 25, 28]
    here = open_store(Path(shutil.copytree(vectors, tmp_path / "here")), NAME).vectors(NAMES)
    np.testing.assert_array_equal(rows, here)


def test_what_has_arrived_is_kept(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(RuntimeError, match="lost"):
        VectorStore(tmp_path, HashingEncoder(), Breaks(2)).vectors(NAMES, lambda *counts: told.append(counts))
    assert told == [(5, 28), (10, 28)]
    encoder = HashingEncoder()
    rows = VectorStore(tmp_path, encoder).vectors(NAMES)
    assert len(encoder.encoded) == 18
    np.testing.assert_array_equal(rows, HashingEncoder().encode(NAMES))


def test_what_is_known_needs_nobody(tmp_path: Path) -> None:
    VectorStore(tmp_path, HashingEncoder()).vectors(NAMES)
    assert len(VectorStore(tmp_path, HashingEncoder(), Breaks(0)).vectors(NAMES)) == len(NAMES)


def test_another_process_gets_no_loaded_model(vectors: Path) -> None:
    encoder = FastEncoder(NAME, vectors)
    encoder.encode(["milk"])
    pickled = pickle.dumps(encoder)
    assert len(pickled) < 1_000
    assert pickle.loads(pickled).vectors == vectors


def test_a_worker_that_does_not_see_the_vectors_exports_for_itself(tmp_path: Path) -> None:
    worker = pickle.loads(pickle.dumps(FastEncoder(NAME, tmp_path / "elsewhere")))
    assert worker.vectors == OWN_EXPORTS.expanduser() != OWN_EXPORTS


def test_a_worker_with_another_model_of_that_name_is_told(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("1", encoding="utf-8")
    pickled = pickle.dumps(FastEncoder(str(model), tmp_path))
    (model / "weights").write_text("2", encoding="utf-8")
    with pytest.raises(ValueError, match=f"has another model by the name {model} than the run that wants it"):
        pickle.loads(pickled)
