"""Which categories hold listings that are at home elsewhere, all over the shop: brand worlds, bargain corners, whatever
their names. What follows from that is decided in facets.py.

A listing is at home where most of its relatives stand. In a category, its listings are at home; in a fine-grained one
they may be at home on the shelf beside it; in one of many kinds ("Frozen Ready Meals") they are at home nowhere. Only
where nearly all have a home of their own, and these homes are many, has somebody collected goods from the shelves of
others.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.embedding.similarity import Pairs

HOME_SHARE = 0.5
"""At home is a listing where so large a share of its relatives, weighted by similarity, stands."""

LEAST_RELATIVES = 3
"""One or two relatives always stand somewhere; of listings with fewer nothing is said."""

LEAST_JUDGED = 6
"""Of a category or branch with fewer listings to go by nothing is said."""

AWAY, HERE = 0.55, 0.2
MANY_SHELVES, MANY_BRANCHES = 4.9, 2.9
"""A category is scattered when so many of its listings (at least ``AWAY``) are at home elsewhere and so few (at most
``HERE``) in it, and those homes are as many as (nearly) five equally frequent shelves, or three branches.

Chosen on au/ so that no true category is lost; the nearest are Aldi's "Pantry > Health Foods" (.70 elsewhere, on 4.4
shelves in one branch) and Coles's "Pantry > International Foods" (.56, on 3.9). Of nodes made of 20 to 80 listings
drawn at random from all over one company, put below its pantry, 35 of 36 were found, of ten listings 4 of 12; of brands
those that sell a bit of everything (IGA's own: .59, on 15.9), not those of one kind of goods (Cadbury).
"""


@dataclass(frozen=True)
class Scatter:
    """Of a category's listings that can be judged the share that is at home elsewhere, and the effective number (exp of
    the entropy) of the shelves where they are."""

    elsewhere: float
    shelves: float


def scattered_categories(
    shelves: pd.DataFrame, relatives: Pairs, branch_depth: int, ignored: set[str]
) -> dict[str, Scatter]:
    """The scattered categories of one company.

    ``shelves``: one row a listing and path, columns ``row`` and ``path``. ``relatives``: pairs of those rows. Relatives
    that stand only on ``ignored`` shelves say nothing of a home.
    """
    standing = shelves[["row", "path"]].drop_duplicates()
    known = standing[~standing["path"].isin(ignored)]
    under = _with_nodes_above(known)
    rows, nodes = np.unique(standing["row"].to_numpy(np.intp)), sorted(set(under["node"]))
    shape = (len(rows), len(nodes))
    stands, below = (
        _incidence(np.searchsorted(rows, frame["row"]), np.searchsorted(nodes, frame[column]), shape)
        for frame, column in ((known, "path"), (under, "node"))
    )
    near = _similarities(relatives, rows)
    has_shelf = np.asarray(stands.sum(axis=1) > 0).ravel().astype(np.float64)
    total = near @ has_shelf
    judged = np.flatnonzero((near > 0) @ has_shelf >= LEAST_RELATIVES)
    if not len(judged):
        return {}
    by_row = _scaled(near, total)
    places = below.tocsr()[judged].tocoo()
    placed = pd.DataFrame({"row": judged[places.row], "node": places.col})
    if placed.empty:  # scipy gives a matrix of another shape for no places
        return {}
    inside = np.asarray((by_row @ below).tocsr()[placed["row"], placed["node"]]).ravel()
    placed["here"] = inside >= HOME_SHARE
    homes = _homes((by_row @ stands).tocoo())
    away = _best_homes(placed[~placed["here"]], homes)
    return _scattered(placed, away, nodes, branch_depth)


def _with_nodes_above(standing: pd.DataFrame) -> pd.DataFrame:
    """(row, node) for each path of a row and every path above it, once."""
    above = {path: [*category_path.ancestors(path), path] for path in standing["path"].unique()}
    nodes = standing["path"].map(pd.Series(above, dtype=object)).astype(object)
    return standing.assign(node=nodes)[["row", "node"]].explode("node").drop_duplicates()


def _incidence(row: NDArray[np.intp], column: NDArray[np.intp], shape: tuple[int, int]) -> Any:
    from scipy import sparse

    return sparse.csr_matrix((np.ones(len(row)), (row, column)), shape)


def _similarities(relatives: Pairs, rows: NDArray[np.intp]) -> Any:
    """Sparse (rows, rows)."""
    from scipy import sparse

    places = (np.searchsorted(rows, relatives.left), np.searchsorted(rows, relatives.right))
    return sparse.csr_matrix((relatives.similarity.astype(np.float64), places), (len(rows), len(rows)))


def _scaled(near: Any, total: NDArray[np.float64]) -> Any:
    from scipy import sparse

    return sparse.diags_array(np.divide(1.0, total, out=np.zeros(len(total)), where=total > 0)) @ near


def _homes(shares: Any) -> pd.DataFrame:
    """(row, home, share) of the shelves on which so many relatives of a row stand that it is at home there."""
    homes = pd.DataFrame({"row": shares.row, "home": shares.col, "share": shares.data})
    return homes[homes["share"] >= HOME_SHARE]


def _best_homes(placed: pd.DataFrame, homes: pd.DataFrame) -> pd.DataFrame:
    """Of (row, node) without a home there, and so with every home of the row elsewhere: the best one."""
    best = homes.sort_values(["row", "share", "home"], ascending=[True, False, True]).drop_duplicates("row")
    return placed.merge(best, on="row")


def _scattered(placed: pd.DataFrame, away: pd.DataFrame, nodes: list[str], branch_depth: int) -> dict[str, Scatter]:
    """From the deepest nodes up: what a scattered node holds says nothing of those above it."""
    counts = placed.groupby("node")["here"].agg(["size", "mean"])
    elsewhere = (away.groupby("node").size() / counts["size"]).dropna()
    candidates = elsewhere.index[(elsewhere >= AWAY) & (counts["size"].reindex(elsewhere.index) >= LEAST_JUDGED)]
    names = [category_path.decode(path) for path in nodes]
    found: dict[str, Scatter] = {}
    explained: dict[str, set[int]] = {}
    for node in sorted(candidates, key=lambda node: (-len(names[node]), nodes[node])):
        known = explained.get(nodes[node], set())
        judged, homes = (part[(part["node"] == node) & ~part["row"].isin(known)] for part in (placed, away))
        if len(judged) < LEAST_JUDGED or len(homes) < AWAY * len(judged) or judged["here"].mean() > HERE:
            continue
        shelves = _effective_number(homes["home"])
        branches = _effective_number(homes["home"].map(lambda home: names[home][:branch_depth]))
        if shelves >= MANY_SHELVES or branches >= MANY_BRANCHES:
            found[nodes[node]] = Scatter(len(homes) / len(judged), shelves)
            for above in category_path.ancestors(nodes[node]):
                explained.setdefault(above, set()).update(judged["row"])
    return found


def _effective_number(values: pd.Series) -> float:
    shares = values.value_counts(normalize=True)
    return float(np.exp(-(shares * np.log(shares)).sum()))
