"""Which spellings are one word, and what the companies' own assortments say about words."""

import numpy as np
import pytest
from scipy import sparse

from subs_assets.identity.words import (
    FEW_LISTINGS,
    companions,
    numbers,
    rarities,
    surprises,
    variety_shares,
    words,
    words_in_order,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Arnott's Tim Tams", {"arnott", "tim", "tam"}),
        ("Crème Brûlée", {"creme", "brulee"}),
        ("Swiss gas 98% Fat-Free", {"swiss", "gas", "98%", "fat", "free"}),
        ("P.K gum", {"pk", "gum"}),
        ("香菇", {"香菇"}),
        (" - ", set()),
    ],
)
def test_words(text: str, expected: set[str]) -> None:
    assert words(text) == expected


def test_words_in_order() -> None:
    assert words_in_order("Ja! Natürlich Äpfel, Äpfel") == ["ja", "naturlich", "apfel", "apfel"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Milch 0,5% Fett", {"0.5%"}),
        ("Milch 3.50 %", {"3.5%"}),
        ("Dark 70 % V2", {"70%", "v2"}),
        ("Nr. 5, 7Up", {"5", "7up"}),
        ("butter", set()),
    ],
)
def test_a_decimal_number_is_one(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


def rows(*names: str) -> tuple[sparse.csr_array, dict[str, int]]:
    bags = [words(name) for name in names]
    column = {word: number for number, word in enumerate(sorted(frozenset().union(*bags)))}
    return sparse.csr_array(np.array([[float(word in bag) for word in column] for bag in bags])), column


def test_a_rare_word_tells_more_and_a_word_of_every_listing_still_something() -> None:
    holds, column = rows("bega butter", "bega honey", "bega honey comb")
    rarity = rarities(holds)
    assert rarity[column["butter"]] > rarity[column["honey"]] > rarity[column["bega"]] > 0


@pytest.mark.parametrize(
    ("names", "kinds", "expected"),
    [
        (["butter smooth", "butter crunchy"], [0, 0], {"smooth": 1, "crunchy": 1, "butter": 0}),
        (["butter smooth", "butter"], [0, 0], {"smooth": 1, "butter": 0}),
        (["butter smooth", "butter crunchy", "smooth fig jam"], [0, 0, 0], {"smooth": 0.5, "crunchy": 1, "butter": 0}),
        # Another company or size, two words at once, and the same listing twice, tell no varieties.
        (["butter smooth", "butter crunchy"], [0, 1], {"smooth": 0, "crunchy": 0}),
        (["butter smooth light", "butter crunchy"], [0, 0], {"smooth": 0, "light": 0, "crunchy": 0}),
        (["butter smooth", "smooth butter"], [0, 0], {"smooth": 0, "butter": 0}),
    ],
)
def test_a_word_names_a_variety_where_it_alone_tells_two_listings_apart(
    names: list[str], kinds: list[int], expected: dict[str, float]
) -> None:
    holds, column = rows(*names)
    shares = variety_shares(holds, np.array(kinds))
    assert {word: shares[column[word]] for word in expected} == expected


def surprise(word: str, beside: str, *names: str) -> float:
    holds, column = rows(*names)
    besides = sparse.csr_array(np.array([[float(other in words(beside)) for other in column]]))
    return surprises(companions(holds), rarities(holds), np.array([column[word]]), besides).item()


def test_a_word_is_little_news_beside_one_that_it_often_stands_with() -> None:
    names = [*(f"arnott biscuit {kind}" for kind in "abcdefgh"), "tuna oil", "tuna chilli", "tuna oil lime", "bean"]
    expected = surprise("biscuit", "arnott", *names)
    assert expected == pytest.approx(-np.log((8 - 1) / (8 - 1 + FEW_LISTINGS)))
    assert surprise("biscuit", "arnott tuna", *names) == expected
    # Once, in the listing itself, is never; and no word is more of a surprise than it is rare.
    assert surprise("chilli", "tuna", *names) == surprise("chilli", "bean", *names) == pytest.approx(np.log1p(12))


def test_surprises_of_no_words() -> None:
    holds, _ = rows("butter")
    nothing = sparse.csr_array((0, 1))
    assert len(surprises(companions(holds), rarities(holds), np.array([], dtype=np.int64), nothing)) == 0


def test_no_listings() -> None:
    nothing = sparse.csr_array((0, 0))
    assert len(rarities(nothing)) == len(variety_shares(nothing, np.array([], dtype=np.int64))) == 0
