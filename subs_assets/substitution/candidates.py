"""Which pairs of products are looked at, and at which companies; whether they may replace each other is judged
elsewhere.

Levels 1 to 4 come from names that are alike, wherever they stand (``EmbeddingMatrices.alike_names``); level 5 from
exact comparison of every product of a shelf with every product of the shelves that it may be compared with. No
approximate index: blocks are small enough (DESIGN, algorithms).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from subs_assets.embedding.similarity import NameFeatures, Pairs, joined
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.shelves import ShelfRelations

BLOCK_FLOOR = 0.4
"""Below it a pair is no candidate. Lower than what is shown, so that the loss funnel can name the nearest miss."""

BLOCK_NEAREST = 20
"""Candidates kept for each product from each block, by similarity, of those that no gate refuses."""

BLOCK_CELLS = 4_000_000
"""Cells of a block compared at once: bounds memory to about 100 MB whatever the size of a category."""


def shelf_neighbours(
    features: NameFeatures, relations: ShelfRelations, gates: Gates, progress: Callable[[int, int], None] | None = None
) -> Pairs:
    """The candidates of level 5: for each product and comparable set of shelves at one company its nearest allowed
    products, and the nearest that a gate refuses."""
    on_shelf = relations.products.groupby("shelf")["product"].apply(lambda found: found.to_numpy(np.intp)).to_dict()
    blocks = list(relations.pairs.groupby(["shelf", "company"], sort=True)["other"])
    found = []
    for done, ((shelf, _), others) in enumerate(blocks, start=1):
        columns = np.unique(np.concatenate([on_shelf[other] for other in others]))
        found += list(_block(features, gates, on_shelf[shelf], columns))
        if progress:
            progress(done, len(blocks))
    return together(found)


def _block(features: NameFeatures, gates: Gates, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Iterator[Pairs]:
    strip = max(1, BLOCK_CELLS // len(columns))
    for start in range(0, len(rows), strip):
        part = rows[start : start + strip]
        cosine, lexical = features.similarities(part, columns)
        similarity = (cosine + lexical) / 2
        similarity[part[:, None] == columns[None, :]] = -1.0
        refused = gates.refusal(part[:, None], columns[None, :]) != 0
        for mask, count in ((refused, BLOCK_NEAREST), (~refused, 1)):
            i, j = _nearest(np.where(mask, np.float32(-1.0), similarity), count)
            yield Pairs(part[i], columns[j], cosine[i, j], lexical[i, j])


def _nearest(similarity: NDArray[np.float32], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Cells of each row's ``count`` highest values that reach the floor; equal values by column."""
    width = similarity.shape[1]
    count = min(count, width)
    # Rounded, so that the last bit of a matrix product, which depends on the strip, does not choose among equals; and
    # made one whole number with the column, so that no two cells are equal and a partition is as good as a sort.
    rounded = np.round(similarity * 1e5).astype(np.int64)
    order = rounded * width - np.arange(width)
    top = np.argpartition(order, width - count, axis=1)[:, width - count :]
    rows = np.repeat(np.arange(len(similarity)), count)
    columns = top.ravel()
    keep = rounded[rows, columns] >= BLOCK_FLOOR * 1e5
    return rows[keep], columns[keep]


def together(parts: list[Pairs]) -> Pairs:
    """One set of pairs in order of left and right, each pair once."""
    pairs = joined(parts)
    order = np.lexsort((pairs.right, pairs.left))
    left, right = pairs.left[order], pairs.right[order]
    first = np.r_[True, (np.diff(left) != 0) | (np.diff(right) != 0)] if len(order) else np.empty(0, bool)
    kept = order[first]
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.cosine[kept], pairs.lexical[kept])
