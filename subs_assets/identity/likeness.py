"""How alike the listings of two companies are by brand, name and size; what is joined is decided elsewhere."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from subs_assets.identity.words import (
    WORDS_WITHOUT_IDENTITY,
    Sparse,
    companions,
    rarities,
    surprises,
    variety_shares,
    words,
    words_in_order,
)

VARIETY = 30.0
"""A word of one side only speaks against a pair with its surprise x (1 + ``VARIETY`` x its variety share): "breakfast
cereal" beside Kellogg's Corn Flakes costs little, "light" much.
"""

EXCHANGED = 2.0
"""Times what is left over where both sides have words that the other lacks: "chicken stock", "beef stock".

Both were chosen on the development half, and by how rarely the listings of one company join each other when it is cut
in two (docs/identity.md).
"""

SIZE_TOLERANCE = 0.01
"""375 g and 380 g are two sizes; 26 g and 26.1 g are one."""

STEPS_OF_A_UNIT = 100_000
"""More than a unit's totals have: from 1e-9 to 1e9 there are 4,124 steps of ``SIZE_TOLERANCE``."""

LEADS_SHARE = 0.5
FEW_NAMES = 3
"""Where a company names no brands, the first word of a name is one if it leads so large a share of the names that hold
it. In at/ brands lead .9 to 1 of them; "Trauben", "Gurken", "Kohlrabi" at most .4. A word that leads a handful of names
proves nothing yet: so many more are assumed that it does not lead.
"""

MOST_LISTINGS_OF_A_WORD = 100
"""A word finds candidates of one size while no more listings have both; one of "Wein" and 750 ml alone is none."""


PAIRS_AT_ONCE = 200_000
"""Pairs whose words are laid side by side at a time; of 1.6 million at once they take 370 MiB more."""


def likenesses(listings: pd.DataFrame) -> pd.DataFrame:
    """Pairs of listings of two companies that agree in brand and size, by the positions of their rows.

    Columns: ``left``, ``right`` (int64; left's company sorts first), ``likeness`` (0 to 1: the weight of the words that
    both have, as a share of that and of what is left over), ``same_total`` (False where only the pieces agree, or both
    count one) and ``brand_given`` (False where a company names no brands and it was read off the name).
    """
    given = listings.groupby("company_slug")["brand"].transform("count").to_numpy() > 0
    described = _describe(listings, given)
    sizes = _Sizes.of(listings)
    left, right = _candidates(pd.factorize(listings["company_slug"], sort=True)[0], described.holds, sizes)
    alike = [
        _alike(described, left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE])
        for start in range(0, max(len(left), 1), PAIRS_AT_ONCE)
    ]
    left, right, likeness = (np.concatenate(column) for column in zip(*alike, strict=True))
    return pd.DataFrame(
        {
            "left": left,
            "right": right,
            "likeness": likeness.round(6),
            "same_total": sizes.agree(left, right),
            "brand_given": given[left] & given[right],
        }
    )


@dataclass(frozen=True)
class _Described:
    holds: Sparse
    """Float64 (listings, words): 1 where brand or name has the word."""
    brand: Sparse
    """The same where the brand has it."""
    rarity: np.ndarray
    variety: np.ndarray
    """Float64 (words,): the variety shares."""
    companions: Sparse


def _describe(listings: pd.DataFrame, brand_given: np.ndarray) -> _Described:
    names = [words_in_order(name) for name in listings["core_name"].astype(object)]
    words_of = cache(words)
    given = [
        words_of(brand) if is_given and isinstance(brand, str) else ()
        for brand, is_given in zip(listings["brand"].astype(object), brand_given.tolist(), strict=True)
    ]
    telling = sorted(set().union(*names, *given) - WORDS_WITHOUT_IDENTITY)
    column = {word: number for number, word in enumerate(telling)}
    name, branded = _rows(names, column), _rows(given, column)
    first = np.array([column.get(own[0], -1) if own else -1 for own in names], dtype=np.int64)
    led = np.flatnonzero(~brand_given & (first >= 0))
    led = led[_leads(name, first)[first[led]]]
    branded += _ones(led, first[led], branded.shape)
    row, word = (name + branded).nonzero()
    holds = _ones(row, word, name.shape)
    kinds = listings.groupby(["company_slug", "unit", "total"], dropna=False).ngroup().to_numpy()
    return _Described(holds, branded, rarities(holds), variety_shares(holds, kinds), companions(holds))


def _leads(names: Sparse, first: np.ndarray) -> np.ndarray:
    """bool (words,): whether a word leads most of the names that hold it, and is taken for a brand."""
    holding = names.sum(axis=0)
    leading = np.bincount(first[first >= 0], minlength=len(holding))
    return leading >= LEADS_SHARE * (holding + FEW_NAMES)


def _rows(bags: Sequence[Collection[str]], column: dict[str, int]) -> Sparse:
    """(bags, words): 1 where a bag has the word; words without a column are left out."""
    row = np.repeat(np.arange(len(bags)), [len(bag) for bag in bags])
    word = np.fromiter((column.get(word, -1) for bag in bags for word in bag), dtype=np.int64, count=len(row))
    return _ones(row[word >= 0], word[word >= 0], (len(bags), len(column)))


def _ones(row: np.ndarray, word: np.ndarray, shape: tuple[int, int]) -> Sparse:
    """Float64, 1 at these places, however often they are named."""
    from scipy import sparse

    ones = sparse.csr_array((np.ones(len(row)), (row, word)), shape=shape)
    ones.sum_duplicates()
    ones.data[:] = 1.0
    return ones


@dataclass(frozen=True)
class _Sizes:
    """Arrays (listings,)."""

    unit: np.ndarray
    """A number for each unit, -1 where the size is unknown."""
    total: np.ndarray
    counted: np.ndarray
    pieces: np.ndarray
    """12 of "12 pack" and of "12 x 15 g"; 1 where nothing is said."""

    @staticmethod
    def of(listings: pd.DataFrame) -> "_Sizes":
        total = listings["total"].to_numpy(np.float64, na_value=0.0)
        known = (listings["unit"].notna() & (total > 0)).to_numpy()
        unit = np.where(known, pd.factorize(listings["unit"], sort=True)[0], -1)
        counted = (listings["unit"] == "each").to_numpy(bool, na_value=False)
        packs = listings["pack_count"].to_numpy(np.float64, na_value=1.0)
        return _Sizes(unit, total, counted, np.where(counted, total, packs))

    def agree(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Whether the totals are the same and say something: "1 each" is what a company writes that tells no size."""
        larger = np.maximum(self.total[left], self.total[right])
        near = np.abs(self.total[left] - self.total[right]) <= SIZE_TOLERANCE * larger
        return (self.unit[left] == self.unit[right]) & near & ~(self.counted[left] & (larger == 1))

    def fit(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Whether the totals agree, both count one, or one side only counts and the other has as many pieces."""
        both_one = (self.counted & (self.total == 1))[left] & (self.counted & (self.total == 1))[right]
        one_counts = self.counted[left] != self.counted[right]
        pieces = one_counts & (self.pieces[left] == self.pieces[right]) & (self.pieces[left] > 1)
        return self.agree(left, right) | both_one | pieces

    def steps(self) -> np.ndarray:
        """int64 (listings,): unit and total on a logarithmic scale, -1 where unknown; totals that agree are at most one
        step apart.
        """
        known = self.unit >= 0
        steps = np.floor(np.log(np.where(known, self.total, 1.0)) / -np.log1p(-SIZE_TOLERANCE)).astype(np.int64)
        return np.where(known, (self.unit + 1) * STEPS_OF_A_UNIT + steps, -1)


def _candidates(companies: np.ndarray, holds: Sparse, sizes: _Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of listings of two companies whose sizes fit and that share a word, not too common with that size."""
    steps = sizes.steps()
    pieces = np.where((sizes.unit >= 0) & (sizes.pieces > 1), sizes.pieces, -1).astype(np.int64)
    found = [_sharing(companies, holds, steps, np.where(steps >= 0, steps + apart, -1)) for apart in (-1, 0, 1)]
    found.append(_sharing(companies, holds, pieces, pieces))
    left, right = (np.concatenate(side) for side in zip(*found, strict=True))
    fits = sizes.fit(left, right)
    pairs = np.sort(left[fits] * len(companies) + right[fits])
    # By hand: numpy 2.4's unique takes 1.4 s for 1.6 million numbers, sorting them takes 0.01.
    return np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], max(len(companies), 1))


def _sharing(
    companies: np.ndarray, holds: Sparse, left_labels: np.ndarray, right_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of listings of two companies with one label (-1 is none) and a word in common."""
    from scipy import sparse

    sides = [_labelled_words(holds, labels) for labels in (left_labels, right_labels)]
    keys, counts = np.unique(np.concatenate([key for _, key in sides]), return_counts=True)
    rare = counts <= 2 * MOST_LISTINGS_OF_A_WORD  # both sides count
    left_side, right_side = (
        sparse.csr_array(
            (np.ones(len(row), dtype=np.int32), (row, np.searchsorted(keys, key))), shape=(len(companies), len(keys))
        )[:, np.flatnonzero(rare)]
        for row, key in sides
    )
    lefts, rights = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for company in range(companies.max(initial=0)):
        here, later = np.flatnonzero(companies == company), np.flatnonzero(companies > company)
        pairs = (left_side[here] @ right_side[later].T).tocoo()
        lefts.append(here[pairs.row])
        rights.append(later[pairs.col])
    return np.concatenate(lefts), np.concatenate(rights)


def _labelled_words(holds: Sparse, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row, label and word as one number) of every word of the listings that have a label."""
    rows = np.repeat(np.arange(holds.shape[0]), np.diff(holds.indptr))
    labelled = labels[rows] >= 0
    return rows[labelled], labels[rows[labelled]] * holds.shape[1] + holds.indices[labelled]


def _alike(described: _Described, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of these pairs those with one brand, and their likeness."""
    left, right = _with_one_brand(described, left, right)
    return left, right, _likeness(described, left, right)


def _with_one_brand(described: _Described, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of which one side's words hold the whole brand of the other: "Tip Top" and "Tip Top Cafe"."""
    size = described.brand.sum(axis=1)
    held = np.zeros(len(left), dtype=bool)
    for branded, other in ((left, right), (right, left)):
        both = described.brand[branded].multiply(described.holds[other]).sum(axis=1)
        held |= (size[branded] > 0) & (both == size[branded])
    return left[held], right[held]


def _likeness(described: _Described, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    both = described.holds[left].multiply(described.holds[right]).tocsr()
    only = [(described.holds[side] - both).tocsr() for side in (left, right)]
    for side in only:
        side.eliminate_zeros()
    pairs = np.concatenate([np.repeat(np.arange(len(left)), np.diff(side.indptr)) for side in only])
    left_over = np.concatenate([side.indices for side in only])
    weight = surprises(described.companions, described.rarity, left_over, both[pairs])
    against = np.bincount(pairs, weight * (1 + VARIETY * described.variety[left_over]), minlength=len(left))
    exchanged = np.logical_and(*(np.diff(side.indptr) > 0 for side in only))
    shared = both @ described.rarity
    return shared / (shared + np.where(exchanged, EXCHANGED, 1.0) * against)
