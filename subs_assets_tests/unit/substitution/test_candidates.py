"""Candidates against brute force; strips, and the order of what comes in, change nothing; gates do not hide the nearest
miss."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subs_assets.embedding.similarity import Pairs
from subs_assets.substitution import candidates
from subs_assets.substitution.candidates import BLOCK_FLOOR, shelf_neighbours, together
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.shelves import ShelfRelations, shelf_relations
from subs_assets_tests.small_shops import NO_FACETS, attributes_of, equivalences, features_with, path, spelled

WORDS = ["oat", "oats", "milk", "almond", "swiss", "muesli", "toasted", "butter", "beans", "baked"]
names_of_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


def as_set(pairs: Pairs) -> set[tuple[int, int]]:
    found = list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert found == sorted(set(found))
    return set(found)


def shelves_of(*standing: tuple[str, str, list[int]], mappings: pd.DataFrame | None = None) -> ShelfRelations:
    rows = [(company, path(shelf), row) for company, shelf, products in standing for row in products]
    blocks = pd.DataFrame(rows, columns=["company_slug", "path", "row"])
    return shelf_relations(blocks, equivalences() if mappings is None else mappings, NO_FACETS)


THERE = ("aldi", "A", "coles", "X", "exact")


@settings(max_examples=40, deadline=None)
@given(st.lists(names_of_words, min_size=2, max_size=12), st.integers(1, 40), st.data())
def test_shelf_neighbours_equal_brute_force(names: list[str], cells: int, data: st.DataObject) -> None:
    """With fewer products than are kept, every allowed pair above the floor, and the nearest refused one."""
    halal = data.draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    products = attributes_of(*({"name": n, "claims": ("halal",) * h} for n, h in zip(names, halal, strict=True)))
    half = len(names) // 2
    here, there = list(range(half)), list(range(half, len(names)))
    relations = shelves_of(("aldi", "A", here), ("coles", "X", there), mappings=equivalences(THERE))
    features = spelled(names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "BLOCK_CELLS", cells)
        found = as_set(shelf_neighbours(features, relations, Gates(products)))
    rows = np.arange(len(names))
    cosine, lexical = features.similarities(rows, rows)
    mean = (cosine + lexical) / 2
    blocks = [(i, there) for i in here] + [(i, here) for i in here] + [(i, there) for i in there]
    for i, columns in blocks:
        allowed = {j for j in columns if j != i and (not halal[i] or halal[j])}
        refused = [j for j in columns if j != i and j not in allowed]
        assert {j for j in allowed if mean[i, j] >= BLOCK_FLOOR + 1e-5} <= {j for one, j in found if one == i}
        kept = {j for j in refused if (i, j) in found}
        best = max((float(mean[i, j]) for j in refused), default=0.0)
        assert len(kept) == (best >= BLOCK_FLOOR) or abs(best - BLOCK_FLOOR) < 1e-5
        assert all(mean[i, j] >= best - 1e-5 for j in kept)
    assert all((i in here or j in there) and mean[i, j] >= BLOCK_FLOOR - 1e-5 for i, j in found)


def test_a_block_larger_than_a_strip_gives_the_same_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all that reach the floor are kept here: which of two equals is the twentieth hangs on the last bit of a
    cosine."""
    monkeypatch.setattr(candidates, "BLOCK_NEAREST", 100)
    names = [f"{one} {two}" for one in WORDS for two in WORDS]
    features, gates = spelled(names), Gates(attributes_of(*({"name": name} for name in names)))
    relations = shelves_of(("aldi", "A", list(range(100))))
    whole = as_set(shelf_neighbours(features, relations, gates))
    monkeypatch.setattr(candidates, "BLOCK_CELLS", 300)
    assert as_set(shelf_neighbours(features, relations, gates)) == whole
    assert len(whole) > 500


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
    found = shelf_neighbours(features, relations, gates, lambda done, of: told.append((done, of)))
    assert as_set(found) == {(0, 1), (0, 2)}
    assert told == [(n, 4) for n in range(1, 5)]  # three shelves with themselves, and one with Coles


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
