"""Which pairs of products are looked at, and at which companies; whether they may replace each other is judged
elsewhere.

Levels 1 to 4 come from names that are alike, wherever they stand (``EmbeddingMatrices.alike_names``); level 5 from
exact comparison of every product of a shelf with every product of the shelves that it may be compared with. No
approximate index: blocks are small enough (DESIGN, algorithms).

A standing is a product on a shelf, a block what a shelf may be compared with at one company. Likeness has no direction:
whatever two shelves may replace, their standings are multiplied once, in tiles.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.compute.local import LOCAL, Compute
from subs_assets.embedding.similarity import NameFeatures, Pairs, joined
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.shelves import ShelfRelations

BLOCK_FLOOR = 0.4
"""Below it a pair is no candidate. Lower than what is shown, so that the loss funnel can name the nearest miss."""

BLOCK_NEAREST = 20
"""Candidates kept for each product from each block, by similarity, of those that no gate refuses."""

STEPS = 100_000
"""Similarities are compared in whole steps of 1/100,000, so that the last bit of a matrix product, which depends on the
tile, does not choose among equals."""

STRIP = 512
"""Standings of one shelf in a tile. With more the shelf against itself is less of a triangle, with fewer n-grams are
gathered more often."""

TILE_CELLS = 2**20
"""Of a tile at most: bounds memory to some 50 MB a thread whatever the size of a category, 250 MB if all of its names
are alike. More cells were no faster."""

CANDIDATES_AT_ONCE = 2_000_000
"""Of several tiles before they are cut down to the nearest: bounds memory to some 250 MB."""


@dataclass(frozen=True)
class Standings:
    """m standings, by shelf, then product: ``product`` and ``company`` intp (m,); ``begin``: each shelf's first, and
    m."""

    product: NDArray[np.intp]
    company: NDArray[np.intp]
    begin: NDArray[np.intp]


@dataclass(frozen=True)
class Compared:
    """What all tiles share."""

    features: NameFeatures
    gates: Gates
    standings: Standings


@dataclass(frozen=True)
class Tile:
    """Standings, ascending, of which every row is compared with every column below it; ``forth``: whether the columns
    may replace this row, ``back``: whether it may replace them."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    forth: NDArray[np.bool_]
    back: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)


@dataclass(frozen=True)
class Candidates:
    """Pairs of products, each with whether a gate ``refused`` it and its ``place``, one number for the left standing
    and the company of the right one."""

    place: NDArray[np.intp]
    refused: NDArray[np.bool_]
    pairs: Pairs

    def __len__(self) -> int:
        return len(self.place)

    def where(self, numbers: NDArray[np.intp]) -> "Candidates":
        return Candidates(self.place[numbers], self.refused[numbers], self.pairs.where(numbers))


def shelf_neighbours(
    features: NameFeatures,
    relations: ShelfRelations,
    gates: Gates,
    compute: Compute = LOCAL,
    progress: Callable[[int, int], None] | None = None,
) -> Pairs:
    """The candidates of level 5: for each product and comparable set of shelves at one company its nearest allowed
    products, and the nearest that a gate refuses. ``progress`` is told how many tiles are done, and of how many."""
    standings = _standings(relations)
    tiles = sorted(_tiles(relations.pairs, standings.begin), key=len, reverse=True)
    found = compute.map(nearest_of_tile, Compared(features, gates, standings), tiles)
    return together([_nearest_of_all(_told(found, len(tiles), progress)).pairs])


def nearest_of_tile(compared: Compared, tile: Tile) -> Candidates:
    """The nearest of each place, as far as this tile knows."""
    product, company = compared.standings.product, compared.standings.company
    cosine, lexical = compared.features.similarities(product[tile.rows], product[tile.columns])
    cells = np.flatnonzero(cosine + lexical >= 2 * (BLOCK_FLOOR - 1 / STEPS))
    i, j = np.divmod(cells, len(tile.columns))
    row, column = tile.rows[i], tile.columns[j]
    once = (row > column) & (product[row] != product[column])
    forth, back = np.flatnonzero(once & tile.forth[i]), np.flatnonzero(once & tile.back[i])
    both = np.concatenate([forth, back])
    left = np.concatenate([row[forth], column[back]])
    right = np.concatenate([column[forth], row[back]])
    pairs = Pairs(product[left], product[right], cosine.ravel()[cells[both]], lexical.ravel()[cells[both]])
    refused = compared.gates.refusal(pairs.left, pairs.right) != 0
    return _nearest(Candidates(left * (company.max() + 1) + company[right], refused, pairs))


def _standings(relations: ShelfRelations) -> Standings:
    standing = relations.products.sort_values(["shelf", "product"])
    shelf = standing["shelf"].to_numpy(np.intp)
    company = pd.factorize(relations.shelves["company_slug"])[0].astype(np.intp)
    begin = np.searchsorted(shelf, np.arange(len(company) + 1)).astype(np.intp)
    return Standings(standing["product"].to_numpy(np.intp), company[shelf], begin)


def _tiles(pairs: pd.DataFrame, begin: NDArray[np.intp]) -> Iterator[Tile]:
    """Every two standings whose shelves may be compared, in either direction, in one tile; ``pairs``: of
    ``ShelfRelations``."""
    shelves = len(begin) - 1
    shelf, other = pairs["shelf"].to_numpy(np.intp), pairs["other"].to_numpy(np.intp)
    key = np.minimum(shelf, other) * shelves + np.maximum(shelf, other)
    compared = np.unique(key)
    back = np.isin(compared, key[shelf <= other])
    forth = np.isin(compared, key[shelf >= other])
    low, high = np.divmod(compared, max(shelves, 1))
    for one, begins, count in zip(*np.unique(low, return_index=True, return_counts=True), strict=True):
        with_it = slice(begins, begins + count)
        first, last = begin[high[with_it]], begin[high[with_it] + 1]
        rows = np.concatenate([np.arange(*ends) for ends in zip(first, last, strict=True)])
        rows_forth, rows_back = (np.repeat(way[with_it], last - first) for way in (forth, back))
        for start in range(begin[one], begin[one + 1], STRIP):
            columns = np.arange(start, min(start + STRIP, begin[one + 1]))
            step = max(1, TILE_CELLS // len(columns))
            for at in range(np.searchsorted(rows, start), len(rows), step):
                part = slice(at, at + step)
                yield Tile(rows[part], columns, rows_forth[part], rows_back[part])


def _told(found: Iterable[Candidates], of: int, progress: Callable[[int, int], None] | None) -> Iterator[Candidates]:
    for done, candidates in enumerate(found, start=1):
        yield candidates
        if progress:
            progress(done, of)


def _nearest_of_all(parts: Iterable[Candidates]) -> Candidates:
    """Cut down whenever they have become twice as many, so that memory holds little more than what stays."""
    kept: list[Candidates] = []
    count, most = 0, CANDIDATES_AT_ONCE
    for part in parts:
        kept.append(part)
        count += len(part)
        if count > most:
            kept = [_nearest(_all(kept))]
            count = len(kept[0])
            most = max(CANDIDATES_AT_ONCE, 2 * count)
    return _nearest(_all(kept))


def _all(parts: Sequence[Candidates]) -> Candidates:
    place = np.concatenate([np.empty(0, np.intp), *(part.place for part in parts)])
    refused = np.concatenate([np.empty(0, np.bool_), *(part.refused for part in parts)])
    return Candidates(place, refused, joined([part.pairs for part in parts]))


def _nearest(candidates: Candidates) -> Candidates:
    """Of each place the ``BLOCK_NEAREST`` nearest that no gate refuses and the nearest refused one, each once, of those
    that reach the floor; equal ones by their number; in order of place and number."""
    every = candidates.where(_order_of_pairs(candidates.place, candidates.pairs.right))
    steps = np.round(every.pairs.similarity * STEPS).astype(np.intp)
    group = every.place * 2 + every.refused
    # In one number: a whole sort for each of several keys took ten times as long.
    ranked = np.argsort(group * 2**17 - steps, kind="stable")
    group, number = group[ranked], np.arange(len(ranked))
    rank = number - np.maximum.accumulate(np.where(np.diff(group, prepend=-1) != 0, number, 0))
    near = (rank < np.where(group % 2 == 0, BLOCK_NEAREST, 1)) & (steps[ranked] >= BLOCK_FLOOR * STEPS)
    return every.where(np.sort(ranked[near]))


def together(parts: list[Pairs]) -> Pairs:
    """One set of pairs in order of left and right, each pair once: the first of the parts that has it."""
    pairs = joined(parts)
    return pairs.where(_order_of_pairs(pairs.left, pairs.right))


def _order_of_pairs(left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers of the pairs by left, then right, of equal ones the first."""
    key = left * (right.max(initial=0) + 1) + right
    order = np.argsort(key, kind="stable")
    return order[np.diff(key[order], prepend=-1) != 0]
