"""An object that lies where many processes read it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from subs_assets.compute.shared_object import FOLDER, LARGE, LEFT_OVER, STAMP, is_visible, laid_out, opened
from subs_assets_tests.object_store import ObjectStore


def large(kind: type = np.float32) -> Any:
    return np.arange(LARGE, dtype=kind)


def files_of(place: str) -> set[str]:
    return {path.name for path in Path(place).iterdir()}


def test_large_arrays_are_mapped_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    numbers = large()
    matrix = sparse.csr_matrix((large(), large(np.int32) % 7, [0, LARGE]), shape=(1, 7))
    shared = {"words": ["milk"], "numbers": numbers, "again": numbers, "matrix": matrix, "few": np.arange(3)}
    with laid_out(shared, str(tmp_path)) as place:
        assert is_visible(place)
        assert files_of(place) == {"object.pickle", "0.npy", "1.npy", "2.npy"}
        found = opened(place)
    assert found["words"] == ["milk"]
    assert isinstance(found["numbers"], np.memmap) and isinstance(found["matrix"].data, np.memmap)
    assert not isinstance(found["few"], np.memmap)
    np.testing.assert_array_equal(found["again"], numbers)
    assert (found["matrix"] != matrix).nnz == 0
    assert found["few"].tolist() == [0, 1, 2]


def test_an_object_is_gone_when_nobody_needs_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stopped"), laid_out(large(), str(tmp_path)) as place:
        raise RuntimeError("stopped")
    assert not is_visible(place)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_mapped_file_goes_by_its_name(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", large())
    vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    with laid_out(vectors, str(tmp_path)) as place:
        assert files_of(place) == {"object.pickle"}
        np.testing.assert_array_equal(opened(place), vectors)


def test_a_part_of_a_mapped_file_does_not(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", np.arange(2 * LARGE))
    part = np.load(tmp_path / "vectors.npy", mmap_mode="r")[LARGE:]
    with laid_out(part, str(tmp_path)) as place:
        np.testing.assert_array_equal(opened(place), part)


def test_nor_does_a_mapped_file_that_lies_elsewhere(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", large())
    vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    with laid_out(vectors, str(tmp_path / "shared")) as place:
        (tmp_path / "vectors.npy").unlink()
        np.testing.assert_array_equal(opened(place), vectors)


def test_arrays_of_objects_are_pickled(tmp_path: Path) -> None:
    claims = np.array([frozenset({"vegan"})] * LARGE, object)
    with laid_out(claims, str(tmp_path)) as place:
        assert files_of(place) == {"object.pickle"}
        assert opened(place)[-1] == {"vegan"}


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    old = tmp_path / FOLDER / f"{(now - LEFT_OVER - timedelta(minutes=1)).strftime(STAMP)}-a"
    fresh = tmp_path / FOLDER / f"{(now - timedelta(hours=3)).strftime(STAMP)}-b"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "0.npy").touch()
    with laid_out(1, str(tmp_path)):
        assert not old.exists()
        assert fresh.exists()


def test_a_place_may_be_a_url(object_store: ObjectStore) -> None:
    shared = (large(), "milk")
    with laid_out(shared, f"s3://{object_store.bucket}/subs") as place:
        assert is_visible(place)
        found = opened(place)
        assert len(object_store.content()) == 2
    np.testing.assert_array_equal(found[0], shared[0])
    assert found[1] == "milk"
    assert not is_visible(place)
    assert object_store.content() == {}
