"""Alike pairs against brute force over names that are made to be alike; neither how many are compared at once nor the
order of the rows changes anything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from subs_assets.embedding import alike
from subs_assets.embedding.alike import AlikeRows, alike_among, alike_pairs, both_ways
from subs_assets.embedding.similarity import NameFeatures, Pairs, joined
from subs_assets_tests.small_shops import spelled

WORDS = ["oat", "oats", "milk", "almond", "almonds", "swiss", "muesli", "toasted", "butter", "beans", "baked"]
names_of_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
lists_of_names = st.lists(names_of_words, min_size=1, max_size=14)


def as_set(pairs: Pairs) -> set[tuple[int, int]]:
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def mean_similarity(features: NameFeatures) -> NDArray[np.float64]:
    cosine = features.vectors.astype(np.float64) @ features.vectors.T.astype(np.float64)
    return (cosine + (features.lexical @ features.lexical.T).toarray()) / 2


def assert_equal(one: Pairs, other: Pairs) -> None:
    for left, right in zip(vars(one).values(), vars(other).values(), strict=True):
        np.testing.assert_array_equal(left, right)


@settings(max_examples=60, deadline=None)
@given(lists_of_names, st.sampled_from([0.51, 0.6, 0.75, 0.9]), st.integers(1, 20), st.integers(1, 5), st.data())
def test_alike_pairs_equal_brute_force(
    names: list[str], minimum: float, at_once: int, room: int, data: st.DataObject
) -> None:
    features = spelled(names)
    rows = st.lists(st.integers(0, len(names) - 1), max_size=len(names), unique=True)
    left, right = (np.array(data.draw(rows), np.intp) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "STRIP", at_once)
        patch.setattr(alike, "COLUMNS_AT_ONCE", data.draw(st.integers(1, 20)))
        patch.setattr(alike, "ROOM", room)
        patch.setattr(alike, "SKETCH", data.draw(st.integers(1, 70)))
        pairs = alike_pairs(features, left, right, minimum)
        one_way = alike_among(features, minimum)
    mean = mean_similarity(features)
    sure = {(int(i), int(j)) for i in left for j in right if mean[i, j] >= minimum + 1e-5}
    possible = {(int(i), int(j)) for i in left for j in right if mean[i, j] >= minimum - 1e-5}
    assert sure <= as_set(pairs) <= possible
    assert len(as_set(pairs)) == len(pairs)
    for i, j, found in zip(pairs.left, pairs.right, pairs.similarity, strict=True):
        assert found == pytest.approx(mean[i, j], abs=1e-5)
    rows_of_all = np.arange(len(names))
    assert (one_way.left <= one_way.right).all()
    assert_equal(both_ways(one_way), alike_pairs(features, rows_of_all, rows_of_all, minimum))


def test_pairs_come_in_order_of_left_then_right_whatever_is_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{one} {two}" for one in WORDS for two in WORDS]
    features, rows = spelled(names), np.arange(len(names))
    whole = alike_pairs(features, rows, rows, 0.55)
    monkeypatch.setattr(alike, "STRIP", 7)
    monkeypatch.setattr(alike, "COLUMNS_AT_ONCE", 11)
    assert len(whole) > 2 * len(names)
    assert list(zip(whole.left, whole.right, strict=True)) == sorted(as_set(whole))
    assert_equal(whole, alike_pairs(features, rows, rows, 0.55))


def test_progress_counts_the_left_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "STRIP", 2)
    told: list[tuple[int, int]] = []
    alike_pairs(spelled(WORDS[:5]), np.arange(5), np.arange(5), 0.6, lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize("minimum", [0.5, 0.3, -1.0])
def test_a_minimum_that_the_lexical_half_cannot_choose_by_is_refused(minimum: float) -> None:
    with pytest.raises(ValueError, match=f"minimum is {minimum}"):
        alike_pairs(spelled(["oats"]), np.arange(1), np.arange(1), minimum)


@pytest.mark.parametrize(("left", "right"), [([], [0, 1]), ([0, 1], []), ([], [])])
def test_no_rows_on_a_side_give_no_pairs(left: list[int], right: list[int]) -> None:
    features, sides = spelled(["oats", "oats"]), (np.array(left, np.intp), np.array(right, np.intp))
    assert len(alike_pairs(features, *sides, 0.6)) == 0
    assert len(AlikeRows.of(features).mutual_nearest(*sides, 0.6, 5)) == 0


@pytest.mark.parametrize(("cosine", "lexical", "found"), [(1.0, 0.3, True), (0.9, 0.3, False), (0.3, 1.0, True)])
def test_one_half_may_make_up_for_the_other(cosine: float, lexical: float, found: bool) -> None:
    from scipy import sparse

    def two(alike: float) -> np.ndarray:
        return np.array([[1, 0], [alike, np.sqrt(1 - alike**2)]], np.float32)

    features = NameFeatures(two(cosine), sparse.csr_matrix(two(lexical)))
    assert as_set(alike_pairs(features, np.array([0]), np.array([1]), 0.61)) == ({(0, 1)} if found else set())


@settings(max_examples=60, deadline=None)
@given(lists_of_names, st.sampled_from([0.55, 0.7, 0.9]), st.integers(1, 30), st.data())
def test_rows_are_as_alike_as_their_names(names: list[str], minimum: float, at_once: int, data: st.DataObject) -> None:
    """Several rows have one name; the pairs of rows are those of a comparison of the rows themselves."""
    row_names = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=25))
    distinct = sorted(set(row_names))
    rows = AlikeRows(
        np.array([distinct.index(name) for name in row_names], np.intp),
        both_ways(alike_among(spelled(distinct), alike.FLOOR)),
    )
    chosen = st.lists(st.integers(0, len(row_names) - 1), max_size=len(row_names), unique=True)
    left, right = (np.array(data.draw(chosen), np.intp) for _ in range(2))
    expected = alike_pairs(spelled(row_names), left, right, minimum)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "ROWS_AT_ONCE", at_once)
        parts = list(rows.between(left, right, minimum))
        nearest = rows.nearest(left, right, minimum, 3)
    assert_equal(joined(parts), expected)
    assert all(len(set(part.left)) == 1 or len(part) <= at_once for part in parts)
    for row in left:
        others = [
            (-alike, other)
            for one, other, alike in zip(expected.left, expected.right, expected.similarity, strict=True)
            if one == row != other
        ]
        assert nearest.right[nearest.left == row].tolist() == [other for _, other in sorted(others)[:3]]


def test_of_many_alike_names_each_keeps_its_most_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"oat milk {taste} {size}" for taste in WORDS for size in range(4)]
    features = spelled(names)
    every = both_ways(alike_among(features, 0.55))
    monkeypatch.setattr(alike, "MOST", 5)
    monkeypatch.setattr(alike, "PAIRS_AT_ONCE", 50)
    kept = alike_among(features, 0.55)
    others = every.where(every.left != every.right)
    expected = {(row, row) for row in range(len(names))}
    for row in range(len(names)):
        own = others.where(others.left == row)
        for other in own.right[np.lexsort((own.right, -own.similarity))][:5].tolist():
            expected.add((min(row, other), max(row, other)))
    assert as_set(kept) == expected and len(kept) < len(every) / 4


def test_of_equal_names_only_as_many_rows_are_made_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    equal = AlikeRows(np.zeros(300, np.intp), both_ways(alike_among(spelled(["oat milk"]), 0.55)))
    made: list[int] = []
    nearest = alike._nearest
    monkeypatch.setattr(alike, "_nearest", lambda pairs, count: made.append(len(pairs)) or nearest(pairs, count))
    rows = np.arange(300)
    found = equal.nearest(rows, rows, 0.6, 2)
    assert sum(made) == 300 * 3
    assert found.right.reshape(300, 2).tolist() == [[1, 2], [0, 2], *[[0, 1]] * 298]


def rows_of(*pairs: tuple[int, int, float]) -> AlikeRows:
    left, right, similarity = zip(*pairs, strict=True)
    values = np.array(similarity, np.float32)
    one_way = Pairs(np.array(left, np.intp), np.array(right, np.intp), values, values)
    return AlikeRows(np.arange(10), both_ways(one_way))


@pytest.mark.parametrize(
    ("pairs", "neighbours", "expected"),
    [
        ([(0, 9, 0.9)], 1, {(0, 9)}),
        # 1's nearest is 9, but 9's nearest is 0.
        ([(0, 9, 0.9), (1, 9, 0.8)], 1, {(0, 9)}),
        ([(0, 9, 0.9), (1, 9, 0.8)], 2, {(0, 9), (1, 9)}),
        # 0's nearest is 8; 9's nearest is 0: not mutual.
        ([(0, 8, 0.9), (0, 9, 0.8)], 1, {(0, 8)}),
        # Equal similarities: the smaller row number.
        ([(0, 8, 0.9), (0, 9, 0.9), (1, 9, 0.8)], 1, {(0, 8)}),
        ([(0, 8, 0.9), (0, 9, 0.9), (1, 9, 0.8)], 2, {(0, 8), (0, 9), (1, 9)}),
    ],
)
def test_mutual_nearest(pairs: list[tuple[int, int, float]], neighbours: int, expected: set[tuple[int, int]]) -> None:
    ours, theirs = np.array([0, 1]), np.array([8, 9])
    for rows in (rows_of(*pairs), rows_of(*reversed(pairs))):
        assert as_set(rows.mutual_nearest(ours, theirs, 0.55, neighbours)) == expected
        assert as_set(rows.mutual_nearest(theirs, ours, 0.55, neighbours)) == {(j, i) for i, j in expected}


def test_what_nobody_kept_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="only pairs from 0.55 on"):
        list(rows_of((0, 9, 0.9)).between(np.array([0]), np.array([9]), 0.5))
