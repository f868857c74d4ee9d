"""Whether the matrices are whole, and their rows those of the products; what alike names are worth is measured in
evaluation/."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.embedding.matrices import EmbeddingMatrices, encoded_texts
from subs_assets.finding import Verdict, faultless

TOLERANCE = 1e-3
"""Of a length or a similarity that is computed a second time: float32 is off by 1e-6, a wrong row by tenths."""

NAMES_ASKED = 20
"""Names whose vectors are asked for again. They lie in the store, so that it costs nothing; rows that slipped by one
are all wrong."""

PAIRS_ASKED = 1_000
"""Pairs of alike names that are compared again."""

REMEDY = (
    "delete the folders of this run in SUBS_HOME/matrices and SUBS_HOME/staging and run again; if it stays, report it"
)


def matrices_are_sound(
    matrices: EmbeddingMatrices,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    vectors_of: Callable[[Sequence[str]], NDArray[np.float32]],
) -> Verdict:
    """Rows of unit length, none missing, each the product's at its place.

    ``vectors_of``: the encoder's float32 (n, d) of n texts, by which some rows are asked again.
    """
    features = matrices.features
    spelled = np.sqrt(np.asarray(features.lexical.multiply(features.lexical).sum(axis=1))).ravel()
    faults = {
        "rows not of unit length": int((~_is(np.linalg.norm(features.vectors, axis=1), 1.0)).sum()),
        # A name without a letter has no n-gram.
        "rows of n-grams not of unit length": int((~_is(spelled, 1.0) & (spelled != 0.0)).sum()),
        "rows of another product": _rows_of_another(matrices.product_ids, products["product_id"]),
    }
    if not any(faults.values()):
        faults |= {
            "places on a shelf of a company that does not sell the product": _not_sold(matrices, product_listings),
            "of some pairs of names not as alike as noted": _not_as_alike(matrices),
            "of some names with another name's vector": _of_another_name(matrices, products, vectors_of),
        }
    return faultless(f"{len(features):,} rows are sound", faults, REMEDY)


def _is(found: NDArray[np.floating], expected: float | NDArray[np.floating]) -> NDArray[np.bool_]:
    """NaN is not."""
    return np.isclose(found, expected, atol=TOLERANCE)


def _rows_of_another(ids: NDArray[np.object_], product_ids: pd.Series) -> int:
    both = min(len(ids), len(product_ids))
    return int((ids[:both] != product_ids.to_numpy(dtype=object)[:both]).sum()) + abs(len(ids) - len(product_ids))


def _not_sold(matrices: EmbeddingMatrices, product_listings: pd.DataFrame) -> int:
    shelved = matrices.blocks[["company_slug"]].assign(product_id=matrices.product_ids[matrices.blocks["row"]])
    sold = product_listings[["company_slug", "product_id"]].drop_duplicates()
    found = shelved.astype({"product_id": sold["product_id"].dtype}).merge(sold, how="left", indicator=True)
    return int((found["_merge"] == "left_only").sum())


def _not_as_alike(matrices: EmbeddingMatrices) -> int:
    asked = matrices.alike_names.where(_spread(len(matrices.alike_names), PAIRS_ASKED))
    return int((~_is(matrices.features.pairs(asked.left, asked.right).similarity, asked.similarity)).sum())


def _of_another_name(
    matrices: EmbeddingMatrices, products: pd.DataFrame, vectors_of: Callable[[Sequence[str]], NDArray[np.float32]]
) -> int:
    rows = _spread(len(products), NAMES_ASKED)
    again = vectors_of(encoded_texts(products.iloc[rows]))
    return int((~_is(again, matrices.features.vectors[rows]).all(axis=1)).sum())


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """At most so many of ``count`` places, evenly spread, the same ones every time."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).round().astype(np.intp))
