"""What refuses a substitution, whatever its score: class, form, claims, physical dimension; directional, from
product to substitute.

Unknown is not safe where a claim is concerned: a product that says "gluten free" is not replaced by one that says
nothing; what each claim means, and why, is the table ``claims.csv``. For class, form and dimension only what both sides
know can disagree.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from subs_assets.catalogue.claim_table import CLAIM_TABLE
from subs_assets.substitution.attributes import DIMENSION_CODES, UNKNOWN, ProductAttributes

GATES = ("", "class", "form", "claim", "dimension")
CLASS, FORM, CLAIM, DIMENSION = 1, 2, 3, 4


def claim_masks(claims: Iterable[frozenset[str]], counted: Sequence[str]) -> NDArray[np.int64]:
    """Per product a bit mask of those of its claims that are ``counted``, at most 63."""
    bit = {claim: 1 << position for position, claim in enumerate(counted)}
    mask = cache(lambda own: sum(bit.get(claim, 0) for claim in own))
    return np.array([mask(own) for own in claims], np.int64)


REFUSING = tuple(claim.claim for claim in CLAIM_TABLE.values() if claim.missing == "refuse")
LOWERING = tuple(claim.claim for claim in CLAIM_TABLE.values() if claim.missing == "lower")


@cache
def served_by(claims: frozenset[str]) -> frozenset[str]:
    """The claims that whoever asks for them is content with a substitute of these claims."""
    return claims.union(*(CLAIM_TABLE[claim].serves for claim in claims if claim in CLAIM_TABLE))


def kept_apart() -> list[frozenset[str]]:
    """Groups of claims of which the substitute may state none where the product states none of them."""
    apart = [claim for claim in CLAIM_TABLE.values() if claim.added == "refuse"]
    return [
        frozenset(claim.claim for claim in apart if claim.group == group)
        for group in dict.fromkeys(claim.group for claim in apart)
    ]


class Gates:
    """The gates over one product table, with its claims folded into bit masks once."""

    def __init__(self, products: ProductAttributes) -> None:
        self._products = products
        self._refusing = claim_masks(products.claims, REFUSING)
        self._served = claim_masks(map(served_by, products.claims), REFUSING)
        self._lowering = claim_masks(products.claims, LOWERING)
        # How many there are says nothing of how much it is: twelve bars may well be 180 g.
        counted = products.dimension == DIMENSION_CODES["count"]
        self._physical = np.where(counted, UNKNOWN, products.dimension)
        self._apart = [int(claim_masks([group], REFUSING)[0]) for group in kept_apart()]

    def refusal(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int8]:
        """Index into ``GATES`` of the first gate that refuses j for i, 0 where none does; ``i`` and ``j`` broadcast.

        Form: two kinds of different groups, such as limes and lime vodka. Dimension: mass for volume, unless both are
        of one group, where it only says how a company sells: sauce in ml and in g.
        """
        products = self._products
        group_i, group_j = products.kind_group[i], products.kind_group[j]
        own, other = self._refusing[i], self._refusing[j]
        claim = (own & ~self._served[j]) != 0
        for group in self._apart:
            claim |= ((other & group) != 0) & ((own & group) == 0)
        return np.select(
            [
                _disagree(products.product_class[i], products.product_class[j]),
                _disagree(group_i, group_j),
                claim,
                _disagree(self._physical[i], self._physical[j]) & ~_same(group_i, group_j),
            ],
            [np.int8(CLASS), np.int8(FORM), np.int8(CLAIM), np.int8(DIMENSION)],
            np.int8(0),
        ).astype(np.int8)

    def lowered(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int64]:
        """How many preferences (organic, free range ...) the product states and the substitute does not."""
        return np.bitwise_count(self._lowering[i] & ~self._lowering[j]).astype(np.int64)

    def missing_claims(self, i: int, j: int) -> list[str]:
        """The claims of i that refuse j, for an explanation."""
        return sorted((self._products.claims[i] - served_by(self._products.claims[j])).intersection(REFUSING))

    def added_claims(self, i: int, j: int) -> list[str]:
        """The claims of j that refuse it because i states none of their kind, such as another animal."""
        own, other = self._products.claims[i], self._products.claims[j]
        return sorted(claim for group in kept_apart() if not own & group for claim in other & group)

    def lowered_claims(self, i: int, j: int) -> list[str]:
        """The preferences of i that j does not state, for an explanation."""
        return sorted((self._products.claims[i] - self._products.claims[j]).intersection(LOWERING))

    def claim_refusal(self, i: int, j: int) -> str:
        """Why the gate of claims refuses j for i, as a part of a sentence; empty where it does not."""
        reasons = (("not stated", self.missing_claims(i, j)), ("only the substitute is", self.added_claims(i, j)))
        return "; ".join(f"{reason}: {', '.join(claims)}" for reason, claims in reasons if claims)


def _same(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
    return (left != UNKNOWN) & (left == right)


def _disagree(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
    return (left != UNKNOWN) & (right != UNKNOWN) & (left != right)
