"""What refuses a substitution, whatever its score: claims, product class, physical dimension; directional, from product
to substitute.

Unknown is not safe where a claim is concerned: a product that says "gluten free" is not replaced by one that says
nothing. For class and dimension only what both sides know can disagree.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from subs_assets.substitution.attributes import UNKNOWN, ProductAttributes

CLAIM_EFFECTS: dict[str, str] = {
    "alcohol_free": "refuse",
    "dairy_free": "refuse",
    "decaf": "refuse",
    "egg_free": "refuse",
    "gluten_free": "refuse",
    "halal": "refuse",
    "kosher": "refuse",
    "lactose_free": "refuse",
    "no_added_sugar": "refuse",
    "nut_free": "refuse",
    "soy_free": "refuse",
    "sugar_free": "refuse",
    "vegan": "refuse",
    "vegetarian": "refuse",
    "wheat_free": "refuse",
    "free_range": "lower",
    "low_fat": "lower",
    "low_salt": "lower",
    "no_added_salt": "lower",
    "organic": "lower",
}
"""What it means that the product states a claim and the substitute does not: health, faith and diet refuse, preferences
only lower."""

GATES = ("", "class", "claim", "dimension")
CLASS, CLAIM, DIMENSION = 1, 2, 3


def claim_masks(claims: Iterable[frozenset[str]], effect: str) -> NDArray[np.int64]:
    """Per product a bit mask of its claims of this effect."""
    named = [claim for claim, what in CLAIM_EFFECTS.items() if what == effect]
    bit = {claim: 1 << position for position, claim in enumerate(named)}
    return np.array([sum(bit.get(claim, 0) for claim in own) for own in claims], np.int64)


class Gates:
    """The gates over one product table, with its claims folded into bit masks once."""

    def __init__(self, products: ProductAttributes) -> None:
        self._products = products
        self._refusing = claim_masks(products.claims, "refuse")
        self._lowering = claim_masks(products.claims, "lower")

    def refusal(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int8]:
        """Index into ``GATES`` of the first gate that refuses j for i, 0 where none does; ``i`` and ``j`` broadcast."""
        products = self._products
        claim = (self._refusing[i] & ~self._refusing[j]) != 0
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
        return np.bitwise_count(self._lowering[i] & ~self._lowering[j]).astype(np.int64)

    def missing_claims(self, i: int, j: int) -> list[str]:
        """The claims of i that refuse j, for an explanation."""
        missing = self._products.claims[i] - self._products.claims[j]
        return sorted(claim for claim in missing if CLAIM_EFFECTS.get(claim) == "refuse")


def _disagree(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
    return (left != UNKNOWN) & (right != UNKNOWN) & (left != right)
