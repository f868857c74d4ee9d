"""A listing as a bag of folded words, and how much each word tells; what is alike is worked out elsewhere."""

import re
from functools import lru_cache
from typing import Any

import numpy as np

from subs_assets.catalogue.text import without_diacritics

Sparse = Any
"""A scipy.sparse.csr_array; scipy is heavy, so only who makes one imports it."""

WORDS_WITHOUT_IDENTITY = frozenset(
    {
        # Joining words, which one company writes and the other leaves out.
        *("and", "with", "the", "in", "of", "for", "a", "und", "mit", "der", "die", "das"),
        # What it is packed in, which the size says too, and a word that some add to every taste.
        *("pack", "multipack", "sharepack", "share", "bag", "block", "bar", "single", "roll"),
        *("flavour", "flavoured", "flavor", "flavored"),
    }
)

FEW_LISTINGS = 3
"""What a handful of listings have in common proves little."""

_WORD = re.compile(r"[^\W_]+%?")
_NUMBER = re.compile(r"(?P<decimal>\d+[.,]\d+)(?:\s*(?P<share>%))?|[^\W_]*\d[^\W_]*(?:\s*%)?")
_APOSTROPHES_AND_DOTS = frozenset("'’‘`´.")


def words(text: str) -> frozenset[str]:
    """Folded words without order: case, accents, apostrophes and a plural's s are gone ("Arnott's" is "arnott")."""
    return frozenset(words_in_order(text))


def words_in_order(text: str) -> list[str]:
    """In the singular, small letters."""
    return [_singular(word) for word in _WORD.findall(text.casefold().translate(_PLAIN))]


class _Plain(dict[int, str]):
    """Each character without what is gone of it in words; worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = "" if chr(code) in _APOSTROPHES_AND_DOTS else without_diacritics(chr(code))
        return self[code]


_PLAIN = _Plain()


def numbers(text: str) -> frozenset[str]:
    """The words with a digit in them, a decimal number whole: "0,5 %" is "0.5%", "v2" is "v2"."""
    return frozenset(
        f"{float(match['decimal'].replace(',', '.')):g}{match['share'] or ''}"
        if match["decimal"]
        else "".join(match[0].split())
        for match in _NUMBER.finditer(text.casefold())
    )


@lru_cache(maxsize=2**17)
def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def rarities(holds: Sparse) -> np.ndarray:
    """float64 (words,): the logarithm of how many times rarer than the listings a word is.

    ``holds``: (listings, words), 1 where a listing has the word.
    """
    return np.log1p(holds.shape[0] / np.maximum(holds.sum(axis=0), 1))


def variety_shares(holds: Sparse, kinds: np.ndarray) -> np.ndarray:
    """float64 (words,): how often a word is all that tells two listings of one kind apart, as a share of those with it.

    ``kinds``: int64 (listings,), a number for each company and size. "strawberry" .5, "light" .5, "chocolate" .07,
    "breakfast" 0: the companies' own assortments say which words name a variety, without a list and in any language.
    """
    listings, count = holds.shape
    rows, columns = np.repeat(np.arange(listings), np.diff(holds.indptr)), holds.indices
    # A bag is the sum of its words' random numbers, so that leaving one out is a subtraction; uint64 wraps around.
    number = np.random.default_rng(0).integers(2**64, size=count + kinds.max(initial=-1) + 1, dtype=np.uint64)
    whole = number[count + kinds]
    np.add.at(whole, rows, number[columns])
    rests, rest = np.unique(np.concatenate([whole[rows] - number[columns], whole]), return_inverse=True)
    left_out = np.concatenate([columns, np.full(listings, -1)])
    lowest, highest = np.full(len(rests), count), np.full(len(rests), -1)
    np.minimum.at(lowest, rest, left_out)
    np.maximum.at(highest, rest, left_out)
    tells = (lowest < highest)[rest[: len(columns)]]
    return np.bincount(columns[tells], minlength=count) / np.maximum(holds.sum(axis=0), 1)


def companions(holds: Sparse) -> Sparse:
    """float64 (words, words): of the listings with the column's word, the share that has the row's, too.

    One listing is left out, for it is asked about a word that stands in it, and ``FEW_LISTINGS`` are assumed that lack
    the word.
    """
    together = (holds.T @ holds).tocsr()
    together.sort_indices()
    together.data = (together.data - 1) / (holds.sum(axis=0)[together.indices] - 1 + FEW_LISTINGS)
    return together


def surprises(shares: Sparse, rarity: np.ndarray, of: np.ndarray, beside: Sparse) -> np.ndarray:
    """float64 (n,): how little each word ``of`` is to be expected beside the words that its row of ``beside`` holds.

    The logarithm of how rare it is among the listings with that one of these words that makes it the least rare, at
    most its rarity: "biscuit" is little news beside "Arnott's", "chilli" is beside "tuna". ``shares``: as
    ``companions`` gives them.
    """
    count = shares.shape[1]
    keys = np.repeat(np.arange(count) * count, np.diff(shares.indptr)) + shares.indices
    asked = np.repeat(of * np.int64(count), np.diff(beside.indptr)) + beside.indices
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    share = np.where(keys[place] == asked, shares.data[place], 0.0)
    expected = np.zeros(len(of))
    np.maximum.at(expected, np.repeat(np.arange(len(of)), np.diff(beside.indptr)), share)
    return np.minimum(rarity[of], -np.log(np.maximum(expected, np.finfo(float).tiny)))
