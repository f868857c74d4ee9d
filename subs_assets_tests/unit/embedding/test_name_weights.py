"""Weights of n-grams from made-up names, and the same again from their text."""

import pytest

from subs_assets.embedding import name_weights
from subs_assets.embedding.name_weights import COLUMNS, RAREST_SHARE, NameWeights, train_name_weights

ENGLISH = ["oat milk", "soy milk", "milk bread", "dog food"]
GERMAN = ["hafermilch", "brot", "hundefutter"] * 10


def test_the_more_names_hold_an_n_gram_the_less_it_weighs() -> None:
    weights = train_name_weights([[*ENGLISH, "oat bread"]]).ngrams
    assert weights["milk"] == pytest.approx(1.5108) and weights["oat "] == pytest.approx(1.9163)


@pytest.mark.parametrize("rare", ["food", "nothing"])
def test_what_one_name_holds_or_none_is_not_listed_and_weighs_most(rare: str) -> None:
    weights = train_name_weights([ENGLISH])
    assert rare not in weights.ngrams
    assert weights.highest == pytest.approx(9.5172) and max(weights.ngrams.values()) < weights.highest


def test_what_a_set_too_large_for_two_names_to_matter_holds_is_rare() -> None:
    others = [f"oats {number}" for number in range(int(2 / RAREST_SHARE))]
    assert "milk" not in train_name_weights([["soy milk", "oat milk", *others]]).ngrams


def test_a_further_language_leaves_the_weights_of_the_first_as_they_are() -> None:
    alone, both = train_name_weights([ENGLISH]).ngrams, train_name_weights([ENGLISH, GERMAN]).ngrams
    assert alone.items() <= both.items() and "brot" in both
    assert train_name_weights([GERMAN, ENGLISH]).ngrams == both


def test_neither_the_order_of_the_names_nor_an_empty_set_changes_anything() -> None:
    assert train_name_weights([[], ENGLISH[::-1], [""]]) == train_name_weights([ENGLISH])


def test_every_column_has_the_weight_of_its_n_gram_or_the_highest() -> None:
    found = NameWeights({"milk": 2.0, "oat ": 3.0}, 9.0).by_column
    assert found.shape == (COLUMNS,) and sorted(found.tolist())[:3] == [2.0, 3.0, 9.0]


def test_of_two_n_grams_in_one_column_the_more_frequent_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_weights, "COLUMNS", 1)
    assert NameWeights({"milk": 2.0, "oat ": 3.0}, 9.0).by_column.tolist() == [2.0]


def test_written_and_read() -> None:
    weights = train_name_weights([[" käse \u200b", "käse 5%", "ﬁne käse 5%"]])
    assert NameWeights.from_text(weights.to_text(), weights.highest) == weights
    assert NameWeights.from_text("", 9.0).ngrams == {}


@pytest.mark.parametrize("text", ["2.0\n", "milk\t2.0\n", "2.0\tmi\tlk\n"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        NameWeights.from_text(text, 9.0)
