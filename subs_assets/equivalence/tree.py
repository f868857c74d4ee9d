"""One company's category tree as arrays: which listings stand below which node, and which node below which."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path


@dataclass(frozen=True)
class Tree:
    """One company's categories, n of them, in the order of their paths.

    ``incidence``: sparse 0/1 (rows of the features, n), ancestors included; ``above``: bool (n, n), whether the second
    stands above the first; ``depth``: int (n,), 1 for a root; ``is_department``: bool (n,), roots that branch.
    """

    company_slug: str
    paths: tuple[str, ...]
    incidence: Any
    above: NDArray[np.bool_]
    depth: NDArray[np.intp]
    is_department: NDArray[np.bool_]

    @property
    def listings(self) -> NDArray[np.float64]:
        """How many listings stand in each node or below it: (n,)."""
        counts: NDArray[np.float64] = np.asarray(self.incidence.sum(axis=0)).ravel()
        return counts

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        return np.asarray(~self.above.any(axis=0))

    def names(self, node: int) -> list[str]:
        """The names from the root down to a node; a universal root, which is no category, is left out."""
        nodes = [*np.flatnonzero(self.above[node]), node]
        return [category_path.decode(self.paths[one])[-1] for one in sorted(nodes, key=self.depth.__getitem__)]


def build_tree(company_slug: str, shelves: pd.DataFrame, facets: set[str], rows: int) -> Tree:
    """The tree of one company's ``listing_shelves`` (columns path, row), facet nodes and the universal root left
    out; ``rows``: how many the features have."""
    from scipy import sparse

    node_rows = [
        (node, row)
        for path, row in zip(shelves["path"], shelves["row"].astype(int), strict=True)
        for node in (*category_path.ancestors(path), path)
        if node not in facets
    ]
    paths = tuple(sorted({node for node, _ in node_rows}))
    number = {path: index for index, path in enumerate(paths)}
    index = np.array([(row, number[node]) for node, row in node_rows], np.intp).reshape(-1, 2)
    incidence = sparse.csc_matrix((np.ones(len(index)), (index[:, 0], index[:, 1])), shape=(rows, len(paths)))
    incidence.data[:] = 1  # a listing with two paths below one node stands there once
    above = np.zeros((len(paths), len(paths)), bool)
    for path, node in number.items():
        above[node, [number[one] for one in category_path.ancestors(path) if one in number]] = True
    depth = above.sum(axis=1) + 1
    return Tree(company_slug, paths, incidence, above, depth, (depth == 1) & above.any(axis=0))
