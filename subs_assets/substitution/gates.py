"""What refuses a substitution, whatever its score: claims, product class, physical dimension; directional, from product to substitute.

Unknown is not safe where a claim is concerned: a product that says "gluten free" is not replaced by one that says nothing. For class
and dimension only what both sides know can disagree.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from subs_assets.substitution.attributes import UNKNOWN, ProductAttributes

CLAIM_EFFECTS: dict[str, str] = {
    "gluten_free": "refuse",
    "lactose_free": "refuse",
    "dairy_free": "refuse",
    "nut_free": "refuse",
    "egg_free": "refuse",
    "vegan": "refuse",
    "vegetarian": "refuse",
    "halal": "refuse",
    "kosher": "refuse",
    "no_added_sugar": "refuse",
    "sugar_free": "refuse",
    "decaf": "refuse",
    "alcohol_free": "refuse",
    "low_salt": "lower",
    "low_fat": "lower",
    "organic": "lower",
    "free_range": "lower",
}
"""What it means that the product states a claim and the substitute does not: health, faith and diet refuse, preferences only lower."""

IMPLIED_CLAIMS: dict[str, tuple[str, ...]] = {
    "vegan": ("vegetarian", "dairy_free", "egg_free", "lactose_free"),
    "dairy_free": ("lactose_free",),
    "sugar_free": ("no_added_sugar",),
}

GATES = ("", "class", "claim", "dimension")
CLASS, CLAIM, DIMENSION = 1, 2, 3


def required_and_stated(
    claims: Iterable[frozenset[str]], effect: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per product a bit mask of the claims of this effect that a substitute must state, and of those that it states itself, what they
    imply included."""
    names = [claim for claim, what in CLAIM_EFFECTS.items() if what == effect]
    bit = {claim: 1 << position for position, claim in enumerate(names)}
    required, stated = [], []
    for own in claims:
        implied = own.union(*(IMPLIED_CLAIMS.get(claim, ()) for claim in own))
        required.append(sum(bit.get(claim, 0) for claim in own))
        stated.append(sum(bit.get(claim, 0) for claim in implied))
    return np.array(required, np.int64), np.array(stated, np.int64)


class Gates:
    """The gates over one product table, with its claims folded into bit masks once."""

    def __init__(self, products: ProductAttributes) -> None:
        self._products = products
        self._required, self._stated = required_and_stated(products.claims, "refuse")
        self._preferred, self._offered = required_and_stated(products.claims, "lower")

    def refusal(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int8]:
        """Index into ``GATES`` of the first gate that refuses j for i, 0 where none does; ``i`` and ``j`` broadcast."""
        products = self._products
        claim = (self._required[i] & ~self._stated[j]) != 0
        return np.select(
            [
                _disagree(products.product_class[i], products.product_class[j]),
                claim,
                _disagree(products.dimension[i], products.dimension[j]),
            ],
            [np.int8(CLASS), np.int8(CLAIM), np.int8(DIMENSION)],
            np.int8(0),
        ).astype(np.int8)

    def lowered(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int64]:
        """How many preferences (organic, free range ...) the product states and the substitute does not."""
        return np.bitwise_count(self._preferred[i] & ~self._offered[j]).astype(np.int64)

    def missing_claims(self, i: int, j: int) -> list[str]:
        """The claims of i that refuse j, for an explanation."""
        return sorted(
            claim
            for claim in self._products.claims[i]
            if CLAIM_EFFECTS.get(claim) == "refuse" and not _states(self._products.claims[j], claim)
        )


def _states(claims: frozenset[str], claim: str) -> bool:
    return claim in claims or any(claim in IMPLIED_CLAIMS.get(own, ()) for own in claims)


def _disagree(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
    return (left != UNKNOWN) & (right != UNKNOWN) & (left != right)
