"""Ways to say which categories of two companies belong together, ours and simpler ones, all of the same data; none is
judged here.

Every method returns rows of ``KEY_COLUMNS``, the company that comes first in the alphabet on the left. The simpler
ones see the companies' own trees, facets included, as whoever builds them first would.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.equivalence.build import with_rows
from subs_assets.equivalence.evidence import Calibration, ListingEvidence, listing_evidence
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.tree import Tree, build_tree

JACCARD = 0.1
LABEL_COSINE = 0.75
LEAST_COUNT = 2


@dataclass(frozen=True)
class CompanyPair:
    """Two companies' whole trees (facets included, without a root over everything), the pairs of listings between
    them, and how alike the names of their categories are: float32 (nodes, nodes).
    """

    one: Tree
    other: Tree
    evidence: ListingEvidence
    label_similarity: NDArray[np.float32]
    product: NDArray[np.object_]

    def pairs(self, nodes: NDArray[np.intp], others: NDArray[np.intp]) -> pd.DataFrame:
        """Node numbers of both trees as rows of ``KEY_COLUMNS``."""
        return pd.DataFrame(
            {
                "company_slug": self.one.company_slug,
                "path": [self.one.paths[node] for node in nodes],
                "target_company_slug": self.other.company_slug,
                "target_path": [self.other.paths[node] for node in others],
            }
        )

    def evidence_between(self) -> NDArray[np.float64]:
        """How many pairs of listings stand below each pair of nodes: (nodes, nodes)."""
        from scipy import sparse

        shape = (self.one.incidence.shape[0], self.other.incidence.shape[0])
        weights = np.ones(len(self.evidence.source))
        joined: Any = sparse.csr_matrix((weights, (self.evidence.source, self.evidence.target)), shape)
        between: NDArray[np.float64] = (self.one.incidence.T @ joined @ self.other.incidence).toarray()
        return between


def company_pairs(
    listings: pd.DataFrame,
    product_listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    universal_roots: set[tuple[str, str]],
    alike: AlikeRows,
    calibration: Calibration,
    store: VectorStore,
) -> list[CompanyPair]:
    """Every two companies of the tables; ``alike``: of the rows of ``listings``, ``universal_roots``
    are (company, path).
    """
    numbered = with_rows(listing_categories, listings)
    numbered = numbered[numbered["path"] != category_path.ROOT]
    product = with_rows(product_listings, listings).sort_values("row")["product_id"].to_numpy(object)
    trees = {
        company: build_tree(company, part, {path for slug, path in universal_roots if slug == company}, len(listings))
        for company, part in numbered.groupby("company_slug", sort=True)
    }
    rows = {company: np.flatnonzero(listings["company_slug"] == company) for company in trees}
    labels = {
        company: store.vectors([category_path.decode(path)[-1].casefold() for path in tree.paths])
        for company, tree in trees.items()
    }
    return [
        CompanyPair(
            trees[one],
            trees[other],
            listing_evidence(alike, rows[one], rows[other], product, calibration),
            labels[one] @ labels[other].T,
            product,
        )
        for one, other in combinations(sorted(trees), 2)
    ]


def by_shared_products(pair: CompanyPair) -> pd.DataFrame:
    """Categories whose products overlap: Jaccard index (Jaccard 1912) of at least ``JACCARD``."""
    return pair.pairs(*np.nonzero(_jaccard(pair) >= JACCARD))


def by_label(pair: CompanyPair) -> pd.DataFrame:
    """Categories whose own names have a cosine above ``LABEL_COSINE``."""
    return pair.pairs(*np.nonzero(pair.label_similarity > LABEL_COSINE))


def by_components(pair: CompanyPair) -> pd.DataFrame:
    """Categories that the two methods above connect, over however many others."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    linked = (_jaccard(pair) >= JACCARD) | (pair.label_similarity > LABEL_COSINE)
    nodes = len(pair.one.paths)
    graph = sparse.bmat([[None, linked.astype(np.int8)], [linked.T.astype(np.int8), None]])
    component = connected_components(graph, directed=False)[1]
    together = component[:nodes, None] == component[None, nodes:]
    return pair.pairs(*np.nonzero(together))


def by_counts(pair: CompanyPair) -> pd.DataFrame:
    """For every leaf, on both sides, the leaf on the other side with which most pairs of listings are shared; at least
    ``LEAST_COUNT``."""
    between = pair.evidence_between()
    leaves = [tree.is_leaf for tree in (pair.one, pair.other)]
    between = np.where(leaves[0][:, None] & leaves[1][None, :], between, 0)
    chosen = np.zeros(between.shape, bool)
    for axis in (0, 1):
        best = between.argmax(axis=axis)
        np.put_along_axis(chosen, np.expand_dims(best, axis), True, axis=axis)
    return pair.pairs(*np.nonzero(chosen & (between >= LEAST_COUNT)))


def by_ours(pair: CompanyPair, mappings: pd.DataFrame) -> pd.DataFrame:
    """What the table ``category_equivalences`` accepts or proposes in either direction."""
    kept = mappings[mappings["status"].isin(["accepted", "proposed"])]
    one, other = pair.one.company_slug, pair.other.company_slug
    forward = kept[(kept["company_slug"] == one) & (kept["target_company_slug"] == other)][KEY_COLUMNS]
    backward = kept[(kept["company_slug"] == other) & (kept["target_company_slug"] == one)]
    turned = backward[["target_company_slug", "target_path", "company_slug", "path"]].set_axis(KEY_COLUMNS, axis=1)
    return pd.concat([forward, turned]).drop_duplicates(ignore_index=True)


def _jaccard(pair: CompanyPair) -> NDArray[np.float64]:
    one, other = (_products_of(tree, pair.product) for tree in (pair.one, pair.other))
    shared = (one.T @ other).toarray()
    sizes = np.asarray(one.sum(axis=0)).ravel()[:, None] + np.asarray(other.sum(axis=0)).ravel()[None, :]
    union: NDArray[np.float64] = sizes - shared
    return np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)


def _products_of(tree: Tree, product: NDArray[np.object_]) -> Any:
    """Sparse 0/1 (products, nodes)."""
    from scipy import sparse

    number, _ = pd.factorize(product)
    stands = tree.incidence.tocoo()
    found = sparse.csc_matrix(
        (np.ones(stands.nnz), (number[stands.row], stands.col)), shape=(number.max() + 1, len(tree.paths))
    )
    found.data[:] = 1
    return found
