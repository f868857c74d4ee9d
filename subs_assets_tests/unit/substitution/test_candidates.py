"""Candidates against brute force; tiles, threads and the order of what comes in change nothing; gates do not hide the
nearest miss."""

import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from subs_assets.compute.local import Threads
from subs_assets.embedding.similarity import NameFeatures, Pairs
from subs_assets.substitution import candidates
from subs_assets.substitution.candidates import BLOCK_FLOOR, Candidates, Tile, shelf_neighbours, together
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.shelves import ShelfRelations, shelf_relations
from subs_assets_tests.small_shops import NO_FACETS, attributes_of, equivalences, features_with, path, spelled


def as_set(pairs: Pairs) -> set[tuple[int, int]]:
    found = list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert found == sorted(set(found))
    return set(found)


def shelves_of(*standing: tuple[str, str, list[int]], mappings: pd.DataFrame | None = None) -> ShelfRelations:
    rows = [(company, path(shelf), row) for company, shelf, products in standing for row in products]
    blocks = pd.DataFrame(rows, columns=["company_slug", "path", "row"])
    return shelf_relations(blocks, equivalences() if mappings is None else mappings, NO_FACETS)


THERE = ("aldi", "A", "coles", "X", "exact")


SHELVES = [("aldi", "A"), ("aldi", "B"), ("coles", "X"), ("coles", "Y"), ("iga", "M")]


@st.composite
def nights(draw: st.DrawFn) -> tuple[ShelfRelations, NameFeatures, list[bool]]:
    """Products on one or two of five shelves, mappings in any direction, similarities in steps of 1/32 and which of
    the products are halal."""
    standing = draw(st.lists(st.sets(st.sampled_from(SHELVES), min_size=1, max_size=2), min_size=2, max_size=14))
    ways = [(*here, *there, "exact") for here in SHELVES for there in SHELVES if here[0] != there[0]]
    mappings = equivalences(*draw(st.lists(st.sampled_from(ways), unique=True)))
    on = {shelf: [number for number, shelves in enumerate(standing) if shelf in shelves] for shelf in SHELVES}
    relations = shelves_of(*((*shelf, products) for shelf, products in on.items()), mappings=mappings)
    eighths = st.lists(st.integers(0, 4), min_size=4, max_size=4)
    rows = np.array(draw(st.lists(eighths, min_size=len(standing), max_size=len(standing))), np.float32) / 8
    halal = draw(st.lists(st.booleans(), min_size=len(standing), max_size=len(standing)))
    return relations, NameFeatures(rows, sparse.csr_matrix(rows)), halal


@settings(max_examples=80, deadline=None)
@given(nights(), st.integers(1, 5), st.integers(1, 40), st.integers(1, 20), st.integers(1, 3), st.integers(1, 4))
def test_shelf_neighbours_equal_brute_force(
    night: tuple[ShelfRelations, NameFeatures, list[bool]],
    strip: int, cells: int, at_once: int, threads: int, nearest: int,
) -> None:  # fmt: skip
    """Whatever the tiles, the threads and the bounds of memory: of every product, from all shelves of a company that
    its shelf may be compared with, the nearest allowed ones and the nearest refused one, equal ones by their number."""
    relations, features, halal = night
    gates = Gates(attributes_of(*({"claims": ("halal",) * is_halal} for is_halal in halal)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "STRIP", strip)
        patch.setattr(candidates, "TILE_CELLS", cells)
        patch.setattr(candidates, "CANDIDATES_AT_ONCE", at_once)
        patch.setattr(candidates, "BLOCK_NEAREST", nearest)
        found = shelf_neighbours(features, relations, gates, Threads(threads))
    cosine, lexical = features.similarities(*[np.arange(len(halal))] * 2)
    mean = (cosine + lexical) / 2
    expected = set()
    on = relations.products.groupby("shelf")["product"].apply(list)
    for (shelf, _), others in relations.pairs.groupby(["shelf", "company"])["other"]:
        columns = {product for other in others for product in on[other]}
        for i in on[shelf]:
            near = sorted((-mean[i, j], j) for j in columns - {i} if mean[i, j] >= BLOCK_FLOOR)
            allowed = [j for _, j in near if halal[j] or not halal[i]]
            refused = [j for _, j in near if halal[i] and not halal[j]]
            expected |= {(i, j) for j in allowed[:nearest] + refused[:1]}
    assert as_set(found) == expected
    assert found.cosine.tolist() == cosine[found.left, found.right].tolist()
    assert found.lexical.tolist() == lexical[found.left, found.right].tolist()


class Recorded:
    """One thread, and what it was given and gave."""

    def __init__(self) -> None:
        self.tiles: list[Tile] = []
        self.results: list[Candidates] = []

    def map(self, function: Any, shared: Any, tasks: Sequence[Tile]) -> Iterator[Candidates]:
        for task in tasks:
            self.tiles.append(task)
            self.results.append(function(shared, task))
            yield self.results[-1]


def test_likeness_is_computed_once_for_both_directions_and_the_largest_tiles_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(candidates, "STRIP", 10)
    monkeypatch.setattr(candidates, "TILE_CELLS", 400)
    compute = Recorded()
    back = ("coles", "X", "aldi", "A", "exact")
    relations = shelves_of(
        ("aldi", "A", list(range(100))), ("coles", "X", list(range(100, 160))), mappings=equivalences(THERE, back)
    )
    shelf_neighbours(spelled(["oats"] * 160), relations, Gates(attributes_of(*[{}] * 160)), compute)
    compared = [(row, column) for tile in compute.tiles for row in tile.rows for column in tile.columns if row > column]
    assert sorted(compared) == [(row, column) for row in range(160) for column in range(row)]
    cells = list(map(len, compute.tiles))
    assert max(cells) <= 400
    assert sum(cells) < 0.55 * 160**2
    assert cells == sorted(cells, reverse=True)


def test_memory_is_bounded_however_large_and_alike_a_category_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 MB; with all that the tiles found at once 260, with tiles as wide as the category 120."""
    monkeypatch.setattr(candidates, "STRIP", 64)
    monkeypatch.setattr(candidates, "TILE_CELLS", 2**14)
    monkeypatch.setattr(candidates, "CANDIDATES_AT_ONCE", 20_000)
    features, gates = spelled(["oats"] * 3_000), Gates(attributes_of(*[{}] * 3_000))
    relations = shelves_of(("aldi", "A", list(range(3_000))))
    tracemalloc.start()
    try:
        found = shelf_neighbours(features, relations, gates, Threads(2))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.bincount(found.left).tolist() == [20] * 3_000
    assert most < 60e6


def test_what_is_alike_by_words_that_no_n_gram_shares_is_found() -> None:
    """The cosine alone reaches the floor."""
    features = NameFeatures(np.ones((2, 1), np.float32), sparse.csr_matrix(np.eye(2, dtype=np.float32)))
    relations = shelves_of(("aldi", "A", [0, 1]))
    assert as_set(shelf_neighbours(features, relations, Gates(attributes_of({}, {})))) == {(0, 1), (1, 0)}


def test_the_nearest_are_kept_and_the_nearest_refused_is_not_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Product 0 is alike to 1 (refused) .9, 2 .8, 3 .7, 4 .6, 5 (refused) .5."""
    matrix = np.full((6, 6), 0.5) + np.eye(6) * 0.5
    matrix[0, 1:] = matrix[1:, 0] = [0.9, 0.8, 0.7, 0.6, 0.5]
    matrix += np.eye(6) * 0.3
    products = attributes_of(
        *({"claims": claims} for claims in [("vegan",), (), ("vegan",), ("vegan",), ("vegan",), ()])
    )
    relations = shelves_of(("aldi", "A", [0]), ("coles", "X", [1, 2, 3, 4, 5]), mappings=equivalences(THERE))
    monkeypatch.setattr(candidates, "BLOCK_NEAREST", 2)
    found = as_set(shelf_neighbours(features_with(matrix), relations, Gates(products)))
    assert {j for i, j in found if i == 0} == {1, 2, 3}


def test_an_unmapped_shelf_is_not_compared_however_alike() -> None:
    features = spelled(["swiss muesli"] * 3)
    relations = shelves_of(("aldi", "A", [0]), ("coles", "X", [1]), ("coles", "Y", [2]), mappings=equivalences(THERE))
    gates = Gates(attributes_of({}, {}, {}))
    assert as_set(shelf_neighbours(features, relations, gates)) == {(0, 1)}


def test_two_shelves_of_one_company_are_one_block() -> None:
    """Of two mapped shelves together the nearest are kept, not of each."""
    told: list[tuple[int, int]] = []
    relations = shelves_of(
        ("aldi", "A", [0]),
        ("coles", "X", [1]),
        ("coles", "Y", [2]),
        mappings=equivalences(THERE, ("aldi", "A", "coles", "Y", "close")),
    )
    features, gates = spelled(["swiss muesli"] * 3), Gates(attributes_of({}, {}, {}))
    found = shelf_neighbours(features, relations, gates, progress=lambda done, of: told.append((done, of)))
    assert as_set(found) == {(0, 1), (0, 2)}
    assert told == [(n, 3) for n in range(1, 4)]  # each shelf with itself and with the later ones


def pairs_of(*rows: tuple[int, int]) -> Pairs:
    left, right = (np.array([row[side] for row in rows], np.intp) for side in (0, 1))
    return Pairs(left, right, np.arange(len(rows), dtype=np.float32), np.zeros(len(rows), np.float32))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([[]], []),
        ([[(1, 2)], [(0, 3), (1, 2)]], [(0, 3), (1, 2)]),
        ([[(2, 1), (1, 2)], []], [(1, 2), (2, 1)]),
    ],
)
def test_together(parts: list[list[tuple[int, int]]], expected: list[tuple[int, int]]) -> None:
    pairs = together([pairs_of(*part) for part in parts])
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == expected


def test_no_shelves_no_neighbours() -> None:
    relations = shelf_relations(pd.DataFrame(columns=["company_slug", "path", "row"]), equivalences(), NO_FACETS)
    assert len(shelf_neighbours(spelled(["oats"]), relations, Gates(attributes_of({})))) == 0
