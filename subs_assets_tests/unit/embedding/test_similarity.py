"""Alike pairs against brute force over names that are made to be alike; strips and the order of the rows change
nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subs_assets.embedding import similarity
from subs_assets.embedding.name_weights import COLUMNS, NameWeights
from subs_assets.embedding.similarity import (
    NameFeatures,
    Pairs,
    alike_names,
    alike_pairs,
    lexical_features,
    mutual_nearest,
    name_features,
)
from subs_assets.model.trained import shipped_model
from subs_assets_tests.small_shops import no_features, spelled, store_in

WORDS = ["oat", "oats", "milk", "almond", "almonds", "swiss", "muesli", "toasted", "butter", "beans", "baked"]
names_of_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
lists_of_names = st.lists(names_of_words, min_size=1, max_size=14)


def as_set(pairs: Pairs) -> set[tuple[int, int]]:
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(lists_of_names, st.sampled_from([0.51, 0.6, 0.75, 0.9]), st.integers(1, 20), st.integers(1, 5), st.data())
def test_alike_pairs_equal_brute_force(
    names: list[str], minimum: float, strip: int, room: int, data: st.DataObject
) -> None:
    features = spelled(names)
    rows = st.lists(st.integers(0, len(names) - 1), max_size=len(names), unique=True)
    left, right = (np.array(data.draw(rows), np.intp) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "STRIP", strip)
        patch.setattr(similarity, "ROOM", room)
        patch.setattr(similarity, "COSINES_AT_ONCE", strip)
        pairs = alike_pairs(features, left, right, minimum)
    cosine = features.vectors.astype(np.float64) @ features.vectors.T.astype(np.float64)
    lexical = (features.lexical @ features.lexical.T).toarray()
    mean = (cosine + lexical) / 2
    sure = {(int(i), int(j)) for i in left for j in right if mean[i, j] >= minimum + 1e-5}
    possible = {(int(i), int(j)) for i in left for j in right if mean[i, j] >= minimum - 1e-5}
    assert sure <= as_set(pairs) <= possible
    assert len(as_set(pairs)) == len(pairs)
    for i, j, found in zip(pairs.left, pairs.right, pairs.similarity, strict=True):
        assert found == pytest.approx(mean[i, j], abs=1e-5)


def test_chosen_pairs_are_as_alike_as_in_the_whole_matrix() -> None:
    features = spelled(WORDS)
    left, right = np.array([0, 3, 3], np.intp), np.array([1, 4, 0], np.intp)
    pairs = features.pairs(left, right)
    cosine, lexical = features.similarities(left, right)
    np.testing.assert_allclose(pairs.cosine, cosine.diagonal(), atol=1e-6)
    np.testing.assert_allclose(pairs.lexical, lexical.diagonal(), atol=1e-6)
    assert len(features.pairs(left[:0], right[:0])) == 0


def test_pairs_come_in_order_of_left_then_right_whatever_the_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{one} {two}" for one in WORDS for two in WORDS]
    features, rows = spelled(names), np.arange(len(names))
    whole = alike_pairs(features, rows, rows, 0.55)
    monkeypatch.setattr(similarity, "STRIP", 7)
    strips = alike_pairs(features, rows, rows, 0.55)
    assert len(whole) > 2 * len(names)
    assert list(zip(whole.left, whole.right, strict=True)) == sorted(as_set(whole))
    for one, other in zip(vars(whole).values(), vars(strips).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_alike_names_are_ordered_pairs_of_different_rows() -> None:
    features = spelled(["swiss muesli", "swiss muesli", "muesli swiss", "dog food"])
    assert as_set(alike_names(features, 0.7)) == {(i, j) for i in range(3) for j in range(3) if i != j}


@pytest.mark.parametrize("strip", [1, 3, 100])
def test_each_name_keeps_its_most_alike_others(strip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "MOST_ALIKE", 2)
    monkeypatch.setattr(similarity, "STRIP", strip)
    pairs = alike_names(spelled(["swiss muesli", "muesli swiss", *["swiss muesli"] * 3, "dog food"]), 0.7)
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [
        (0, 2), (0, 3), (1, 0), (1, 2), (2, 0), (2, 3), (3, 0), (3, 2), (4, 0), (4, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("minimum", [0.5, 0.3, -1.0])
def test_a_minimum_that_the_lexical_half_cannot_choose_by_is_refused(minimum: float) -> None:
    with pytest.raises(ValueError, match=f"minimum is {minimum}"):
        alike_pairs(spelled(["oats"]), np.arange(1), np.arange(1), minimum)


@pytest.mark.parametrize(("left", "right"), [([], [0, 1]), ([0, 1], []), ([], [])])
def test_no_rows_on_a_side_give_no_pairs(left: list[int], right: list[int]) -> None:
    pairs = alike_pairs(spelled(["oats", "oats"]), np.array(left, np.intp), np.array(right, np.intp), 0.6)
    assert len(pairs) == 0 and len(mutual_nearest(pairs, 5)) == 0


def pairs_of(*rows: tuple[int, int, float]) -> Pairs:
    left, right, alike = zip(*rows, strict=True)
    values = np.array(alike, np.float32)
    return Pairs(np.array(left, np.intp), np.array(right, np.intp), values, values)


@pytest.mark.parametrize(
    ("rows", "neighbours", "expected"),
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
def test_mutual_nearest(rows: list[tuple[int, int, float]], neighbours: int, expected: set[tuple[int, int]]) -> None:
    assert as_set(mutual_nearest(pairs_of(*rows), neighbours)) == expected
    assert as_set(mutual_nearest(pairs_of(*reversed(rows)), neighbours)) == expected


def test_both_halves_count_the_same() -> None:
    pairs = Pairs(np.array([0]), np.array([1]), np.array([0.9], np.float32), np.array([0.3], np.float32))
    assert pairs.similarity[0] == pytest.approx(0.6)
    assert pairs.similarity.dtype == np.float32


WEIGHTS = NameWeights({}, 9.0)


def test_lexical_rows_have_unit_length_and_share_what_they_spell_alike() -> None:
    features = lexical_features(["almond milk", "milk almond", "oat milk", "dog food"], WEIGHTS)
    alike = (features @ features.T).toarray()
    assert features.dtype == np.float32
    assert np.diag(alike) == pytest.approx(1.0)
    assert alike[0, 1] > alike[0, 2] > alike[0, 3] == 0


def test_what_many_names_have_in_common_counts_less() -> None:
    common = NameWeights(dict.fromkeys([" mi", "mil", "ilk", "lk ", " mil", "milk", "ilk "], 1.0), 9.0)
    names = ["oat milk", "soy milk", "oat drink"]
    equal, weighed = ((found @ found.T).toarray() for found in (lexical_features(names, w) for w in (WEIGHTS, common)))
    assert equal[0, 1] > equal[0, 2] and weighed[0, 1] < weighed[0, 2]


@given(lists_of_names, names_of_words)
def test_the_other_names_of_a_night_change_no_row(names: list[str], new: str) -> None:
    without, among = (lexical_features(some, shipped_model().names) for some in (names, [new, *names]))
    np.testing.assert_array_equal(without.toarray(), among[1:].toarray())


def test_a_name_without_letters_is_alike_to_nothing() -> None:
    features = lexical_features(["", "oats"], WEIGHTS)
    assert features.shape == (2, COLUMNS) and features[0].nnz == 0


def test_no_names_are_no_pairs() -> None:
    assert lexical_features([], WEIGHTS).shape == (0, COLUMNS)
    assert len(alike_names(no_features(), 0.7)) == 0


def test_name_features_stand_in_the_order_of_the_names(tmp_path) -> None:  # type: ignore[no-untyped-def]
    features = name_features(["oat milk", "dog food", "oat milk"], WEIGHTS, store_in(tmp_path))
    cosine, lexical = features.similarities(np.array([0, 1]), np.array([2]))
    assert len(features) == 3 and cosine.shape == lexical.shape == (2, 1)
    assert cosine[0, 0] == pytest.approx(1.0) and lexical[0, 0] == pytest.approx(1.0)
    assert cosine[1, 0] < 0.5 and lexical[1, 0] < 0.2


@pytest.mark.parametrize(("cosine", "lexical", "found"), [(1.0, 0.3, True), (0.9, 0.3, False), (0.3, 1.0, True)])
def test_one_half_may_make_up_for_the_other(cosine: float, lexical: float, found: bool) -> None:
    from scipy import sparse

    def two(alike: float) -> np.ndarray:
        return np.array([[1, 0], [alike, np.sqrt(1 - alike**2)]], np.float32)

    features = NameFeatures(two(cosine), sparse.csr_matrix(two(lexical)))
    assert as_set(alike_pairs(features, np.array([0]), np.array([1]), 0.61)) == ({(0, 1)} if found else set())
