"""What names are compared by."""

import numpy as np
import pytest
from hypothesis import given

from subs_assets.embedding.name_weights import COLUMNS, NameWeights
from subs_assets.embedding.similarity import (
    Pairs,
    lexical_features,
    name_features,
)
from subs_assets.model.trained import shipped_model
from subs_assets_tests.small_shops import spelled, store_in
from subs_assets_tests.unit.embedding.test_alike import WORDS, lists_of_names, names_of_words


def test_chosen_pairs_are_as_alike_as_in_the_whole_matrix() -> None:
    features = spelled(WORDS)
    left, right = np.array([0, 3, 3], np.intp), np.array([1, 4, 0], np.intp)
    pairs = features.pairs(left, right)
    cosine, lexical = features.similarities(left, right)
    np.testing.assert_allclose(pairs.cosine, cosine.diagonal(), atol=1e-6)
    np.testing.assert_allclose(pairs.lexical, lexical.diagonal(), atol=1e-6)
    assert len(features.pairs(left[:0], right[:0])) == 0


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


def test_name_features_stand_in_the_order_of_the_names(tmp_path) -> None:  # type: ignore[no-untyped-def]
    features = name_features(["oat milk", "dog food", "oat milk"], WEIGHTS, store_in(tmp_path))
    cosine, lexical = features.similarities(np.array([0, 1]), np.array([2]))
    assert len(features) == 3 and cosine.shape == lexical.shape == (2, 1)
    assert cosine[0, 0] == pytest.approx(1.0) and lexical[0, 0] == pytest.approx(1.0)
    assert cosine[1, 0] < 0.5 and lexical[1, 0] < 0.2
