"""The matrix of the products' vectors and an index of who shelves which of its rows where; nothing is compared."""

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue.category_path import ROOT
from subs_assets.embedding.encoder import Progress
from subs_assets.embedding.vector_store import VectorStore

PUBLISHED = "published.txt"

BLOCK_COLUMNS = ["company_slug", "path", "row"]


@dataclass(frozen=True)
class EmbeddingMatrices:
    """``vectors`` float32 (n, d), rows of unit length, row i for ``product_ids[i]``; n ids, ascending.

    ``blocks`` (company_slug, path, row; sorted by all three) has one row per company, category path and matrix row that
    the company shelves directly there. Listings without a category stand in no block.
    """

    product_ids: NDArray[np.object_]
    vectors: NDArray[np.float32]
    blocks: pd.DataFrame

    def __post_init__(self) -> None:
        if len(self.product_ids) != len(self.vectors):
            raise ValueError(f"{len(self.product_ids)} product ids for {len(self.vectors)} vectors")
        if len(self.blocks) and self.blocks["row"].max() >= len(self.vectors):
            raise ValueError(f"a block names row {self.blocks['row'].max()}, and there are {len(self.vectors)}")


def build_matrices(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    store: VectorStore,
    progress: Progress | None = None,
) -> EmbeddingMatrices:
    """The vector of every product's core name (its name where the core is empty), and where its listings stand."""
    ordered = products.sort_values("product_id", ignore_index=True)
    texts = ordered["core_name"].where(ordered["core_name"].str.strip() != "", ordered["name"])
    row_of = pd.Series(ordered.index, index=ordered["product_id"], dtype="int64")
    shelved = listing_categories.loc[listing_categories["path"] != ROOT, ["company_slug", "sku", "path"]].merge(
        product_listings[["company_slug", "sku", "product_id"]], on=["company_slug", "sku"]
    )
    blocks = shelved.assign(row=row_of.reindex(shelved["product_id"]).to_numpy())[BLOCK_COLUMNS].drop_duplicates()
    if blocks["row"].isna().any():
        raise ValueError("product_listings name a product that is not among the products")
    return EmbeddingMatrices(
        product_ids=ordered["product_id"].to_numpy(dtype=object),
        vectors=store.vectors(texts.tolist(), progress),
        blocks=blocks.astype({"row": "int64"}).sort_values(BLOCK_COLUMNS, ignore_index=True),
    )


def save(matrices: EmbeddingMatrices, folder: Path) -> None:
    """Write the three files into a new folder and put it in the place of an old one.

    Raises OSError where the old folder cannot be moved (on Windows: while somebody has its vectors mapped).
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    fresh = folder.with_name(f"{folder.name}.{mark}.new")
    fresh.mkdir()
    np.save(fresh / "vectors.npy", np.ascontiguousarray(matrices.vectors), allow_pickle=False)
    pd.DataFrame({"product_id": pd.Series(matrices.product_ids, dtype="str")}).to_parquet(
        fresh / "product_ids.parquet", index=False
    )
    matrices.blocks.to_parquet(fresh / "blocks.parquet", index=False)
    if folder.exists():
        old = folder.with_name(f"{folder.name}.{mark}.old")
        folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        fresh.rename(folder)


def load(folder: Path) -> EmbeddingMatrices:
    """What ``save`` wrote, the vectors memory-mapped read-only.

    Raises FileNotFoundError where a file is missing, ValueError where the files do not belong together.
    """
    path = folder / "vectors.npy"
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        ids = pd.read_parquet(folder / "product_ids.parquet")["product_id"].to_numpy(dtype=object)
        return EmbeddingMatrices(ids, vectors, pd.read_parquet(folder / "blocks.parquet"))
    except ValueError as error:
        raise ValueError(f"{folder} holds no whole matrix ({error}); materialise embedding_matrices again") from error


def publish(folder: Path, name: str) -> None:
    """Make ``<folder>/<name>`` the published matrices and delete the others; without such a folder nothing changes."""
    if not (folder / name).is_dir():
        return
    pointer = folder / PUBLISHED
    fresh = pointer.with_suffix(".new")
    fresh.write_text(name, encoding="utf-8")
    fresh.replace(pointer)
    for other in folder.iterdir():
        if other.is_dir() and other.name != name:
            # Windows keeps a matrix that some process has mapped; the next publication tries again.
            shutil.rmtree(other, ignore_errors=True)


def published(folder: Path) -> Path:
    """The folder of the published matrices; raises FileNotFoundError when there are none."""
    pointer = folder / PUBLISHED
    if not pointer.exists():
        raise FileNotFoundError(
            f"no matrices are published in {folder}: materialise embedding_matrices in the same run"
        )
    return folder / pointer.read_text(encoding="utf-8")
