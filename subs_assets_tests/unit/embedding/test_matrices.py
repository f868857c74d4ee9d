"""Rows beside their products, blocks beside their shelves, and the same again from disk."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from subs_assets.embedding import alike
from subs_assets.embedding import matrices as embedding_matrices
from subs_assets.embedding.matrices import EmbeddingMatrices, alike_names, build_matrices, load, save
from subs_assets.embedding.similarity import Pairs
from subs_assets_tests.hashing_encoder import HashingEncoder
from subs_assets_tests.small_shops import alike_spelled, names_in

PRODUCTS = pd.DataFrame(
    {
        "product_id": ["iga:9", "09300000000001", "aldi:1"],
        "name": ["Rice 1kg", "Milk 2L", "500g"],
        "core_name": ["rice", "milk", ""],
    }
)
PRODUCT_LISTINGS = pd.DataFrame(
    {
        "company_slug": ["aldi", "aldi", "iga", "iga"],
        "sku": ["1", "2", "8", "9"],
        "product_id": ["aldi:1", "09300000000001", "09300000000001", "iga:9"],
    }
)
LISTING_CATEGORIES = pd.DataFrame(
    [
        ("iga", "8", 0, '["Dairy","Milk"]'),
        ("iga", "8", 1, '["Sale"]'),
        ("aldi", "2", 0, '["Fridge"]'),
        ("aldi", "1", 0, '["Fridge"]'),
        ("iga", "9", 0, "[]"),
    ],
    columns=["company_slug", "sku", "position", "path"],
)


@pytest.fixture
def matrices(tmp_path: Path) -> EmbeddingMatrices:
    return build_matrices(PRODUCTS, PRODUCT_LISTINGS, LISTING_CATEGORIES, names_in(tmp_path))


def test_rows_are_the_products_in_order(matrices: EmbeddingMatrices) -> None:
    assert matrices.product_ids.tolist() == ["09300000000001", "aldi:1", "iga:9"]
    # Where brand and size leave nothing of the name, the name itself is compared.
    assert np.array_equal(matrices.features.vectors, HashingEncoder().encode(["milk", "500g", "rice"]))


def test_blocks_hold_every_shelf_and_nothing_uncategorised(matrices: EmbeddingMatrices) -> None:
    assert list(matrices.blocks.itertuples(index=False, name=None)) == [
        ("aldi", '["Fridge"]', 0),
        ("aldi", '["Fridge"]', 1),
        ("iga", '["Dairy","Milk"]', 0),
        ("iga", '["Sale"]', 0),
    ]


def test_two_listings_of_one_product_on_one_shelf_are_one_row(tmp_path: Path) -> None:
    listings = PRODUCT_LISTINGS.assign(product_id="aldi:1")
    built = build_matrices(PRODUCTS, listings, LISTING_CATEGORIES, names_in(tmp_path))
    assert built.blocks["path"].tolist() == ['["Fridge"]', '["Dairy","Milk"]', '["Sale"]']


def test_saved_and_loaded(matrices: EmbeddingMatrices, tmp_path: Path) -> None:
    folder = tmp_path / "matrices" / "a run"
    alike = np.array([0.9, 0.8], np.float32)
    matrices = replace(matrices, alike_names=Pairs(np.array([0, 2]), np.array([2, 0]), alike, alike))
    save(matrices, folder)
    loaded = load(folder)
    assert isinstance(loaded.features.vectors, np.memmap)
    assert not loaded.features.vectors.flags.writeable
    assert np.array_equal(loaded.features.vectors, matrices.features.vectors)
    assert (loaded.features.lexical != matrices.features.lexical).nnz == 0
    for name, array in vars(matrices.alike_names).items():
        assert np.array_equal(getattr(loaded.alike_names, name), array)
    assert loaded.product_ids.tolist() == matrices.product_ids.tolist()
    pd.testing.assert_frame_equal(loaded.blocks, matrices.blocks)
    assert sorted(path.name for path in folder.iterdir()) == [
        "alike_names.npz",
        "blocks.parquet",
        "lexical.npz",
        "product_ids.parquet",
        "vectors.npy",
    ]


def test_saving_again_replaces_and_leaves_nothing_behind(matrices: EmbeddingMatrices, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "matrices"
    save(matrices, folder)
    fewer = build_matrices(
        PRODUCTS.iloc[1:2],
        PRODUCT_LISTINGS.iloc[1:3],
        LISTING_CATEGORIES.iloc[:3],
        names_in(tmp_path),
    )
    save(fewer, folder)
    assert load(folder).product_ids.tolist() == ["09300000000001"]
    assert [path.name for path in folder.parent.iterdir()] == ["matrices"]


def test_alike_names_are_ordered_pairs_of_different_rows() -> None:
    pairs = alike_names(alike_spelled(["swiss muesli", "swiss muesli", "muesli swiss", "dog food"]))
    assert in_order(pairs) == [(i, j) for i in range(3) for j in range(3) if i != j]


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_each_name_keeps_its_most_alike_others(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_matrices, "MOST_ALIKE", 2)
    monkeypatch.setattr(alike, "ROWS_AT_ONCE", at_once)
    pairs = alike_names(alike_spelled(["swiss muesli", "muesli swiss", *["swiss muesli"] * 3, "dog food"]))
    assert in_order(pairs) == [
        (0, 2), (0, 3), (1, 0), (1, 2), (2, 0), (2, 3), (3, 0), (3, 2), (4, 0), (4, 2),
    ]  # fmt: skip


def in_order(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def test_without_products(tmp_path: Path) -> None:
    none = build_matrices(
        PRODUCTS.iloc[:0].astype("str"), PRODUCT_LISTINGS.iloc[:0], LISTING_CATEGORIES.iloc[:0], names_in(tmp_path)
    )
    save(none, tmp_path / "matrices")
    loaded = load(tmp_path / "matrices")
    assert loaded.features.vectors.shape == (0, 64)
    assert len(loaded.blocks) == len(loaded.product_ids) == 0


def test_files_that_do_not_belong_together_are_refused(matrices: EmbeddingMatrices, tmp_path: Path) -> None:
    save(matrices, tmp_path / "matrices")
    np.save(tmp_path / "matrices" / "vectors.npy", matrices.features.vectors[:2])
    with pytest.raises(ValueError, match="3 product ids for 2 vectors"):
        load(tmp_path / "matrices")


def test_pairs_of_another_matrix_are_refused(matrices: EmbeddingMatrices) -> None:
    alike = np.ones(1, np.float32)
    with pytest.raises(ValueError, match="names row 3, and there are 3"):
        replace(matrices, alike_names=Pairs(np.array([0]), np.array([3]), alike, alike))


def test_a_truncated_matrix_is_refused(matrices: EmbeddingMatrices, tmp_path: Path) -> None:
    save(matrices, tmp_path / "matrices")
    vectors = tmp_path / "matrices" / "vectors.npy"
    vectors.write_bytes(vectors.read_bytes()[:-1])
    with pytest.raises(ValueError, match="holds no whole matrix"):
        load(tmp_path / "matrices")


def test_a_listing_of_an_unknown_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="among the products"):
        build_matrices(PRODUCTS.iloc[:1], PRODUCT_LISTINGS, LISTING_CATEGORIES, names_in(tmp_path))
