"""What is known of the products' names, row by row: vectors, character n-grams, which are alike, and who shelves which
row where; what may replace what is judged elsewhere.
"""

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue.category_path import ROOT
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.encoder import Progress
from subs_assets.embedding.name_store import NameStore
from subs_assets.embedding.similarity import NameFeatures, Pairs

PUBLISHED = "published.txt"

ALIKE = 0.7
"""Mean similarity from which on two names are alike wherever their products stand; what a category speaks for is
found by the blocks, further down."""

MOST_ALIKE = 200
"""Other rows of each row that ``alike_names`` keeps: without a bound, 10,000 equal names would be 100 million pairs. In
at/ and au/ no name has more than 130."""

BLOCK_COLUMNS = ["company_slug", "path", "row"]


@dataclass(frozen=True)
class EmbeddingMatrices:
    """n products: row i of ``features`` is the name of ``product_ids[i]``; the ids are ascending.

    ``alike_names``: ordered pairs of different rows whose mean similarity is at least ``ALIKE``. ``blocks``
    (company_slug, path, row; sorted by all three) has one row per company, category path and matrix row that the
    company shelves directly there. Listings without a category stand in no block.
    """

    product_ids: NDArray[np.object_]
    features: NameFeatures
    alike_names: Pairs
    blocks: pd.DataFrame

    def __post_init__(self) -> None:
        rows = len(self.features)
        if len(self.product_ids) != rows:
            raise ValueError(f"{len(self.product_ids)} product ids for {rows} vectors")
        if self.features.lexical.shape[0] != rows:
            raise ValueError(f"n-grams of {self.features.lexical.shape[0]} names for {rows} vectors")
        named = [self.alike_names.left, self.alike_names.right, self.blocks["row"].to_numpy()]
        highest = max((int(numbers.max()) for numbers in named if len(numbers)), default=-1)
        if highest >= rows:
            raise ValueError(f"a block or a pair names row {highest}, and there are {rows}")


def build_matrices(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    store: NameStore,
    progress: Progress | None = None,
) -> EmbeddingMatrices:
    """The features of every product's core name (the vector of its name where the core is empty), which names are
    alike, and where the listings stand."""
    ordered = products.sort_values("product_id", ignore_index=True)
    row_of = pd.Series(ordered.index, index=ordered["product_id"], dtype="int64")
    shelved = listing_categories.loc[listing_categories["path"] != ROOT, ["company_slug", "sku", "path"]].merge(
        product_listings[["company_slug", "sku", "product_id"]], on=["company_slug", "sku"]
    )
    blocks = shelved.assign(row=row_of.reindex(shelved["product_id"]).to_numpy())[BLOCK_COLUMNS].drop_duplicates()
    if blocks["row"].isna().any():
        raise ValueError("product_listings name a product that is not among the products")
    core_names = ordered["core_name"].tolist()
    features = NameFeatures(store.vectors.vectors(encoded_texts(ordered), progress), store.lexical(core_names))
    return EmbeddingMatrices(
        product_ids=ordered["product_id"].to_numpy(dtype=object),
        features=features,
        alike_names=alike_names(store.alike(core_names, progress)),
        blocks=blocks.astype({"row": "int64"}).sort_values(BLOCK_COLUMNS, ignore_index=True),
    )


def encoded_texts(products: pd.DataFrame) -> list[str]:
    """What the vector of each product is of."""
    return products["core_name"].where(products["core_name"].str.strip() != "", products["name"]).tolist()


def alike_names(alike: AlikeRows) -> Pairs:
    """Ordered pairs of different rows whose mean similarity is at least ``ALIKE``: of each left row those with the
    ``MOST_ALIKE`` most similar others, equal similarities by row number; in order of left, then right."""
    rows = np.arange(len(alike), dtype=np.intp)
    pairs = alike.nearest(rows, rows, ALIKE, MOST_ALIKE)
    return pairs.where(np.lexsort((pairs.right, pairs.left)))


def save(matrices: EmbeddingMatrices, folder: Path) -> None:
    """Write the files into a new folder and put it in the place of an old one.

    Raises OSError where the old folder cannot be moved (on Windows: while somebody has its vectors mapped).
    """
    from scipy import sparse

    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    fresh = folder.with_name(f"{folder.name}.{mark}.new")
    fresh.mkdir()
    np.save(fresh / "vectors.npy", np.ascontiguousarray(matrices.features.vectors), allow_pickle=False)
    sparse.save_npz(fresh / "lexical.npz", matrices.features.lexical, compressed=False)
    np.savez(fresh / "alike_names.npz", allow_pickle=False, **vars(matrices.alike_names))
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
    from scipy import sparse

    try:
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        with np.load(folder / "alike_names.npz", allow_pickle=False) as pairs:
            alike = Pairs(**pairs)
        return EmbeddingMatrices(
            product_ids=pd.read_parquet(folder / "product_ids.parquet")["product_id"].to_numpy(dtype=object),
            features=NameFeatures(vectors, sparse.load_npz(folder / "lexical.npz")),
            alike_names=alike,
            blocks=pd.read_parquet(folder / "blocks.parquet"),
        )
    except (ValueError, BadZipFile) as error:
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
