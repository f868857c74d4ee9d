"""One score for all levels: how alike the names are, corrected by what categories, sizes and preferences say.

It is a similarity between 0 and 1, not yet a probability: it ranks, and from ``MINIMUM_SCORE`` on a pair is shown. The
constants were set by reading 64 Aldi -> Coles pairs of au/ in four score bands; the figures in the docs come from other
pairs.
"""

import numpy as np
from numpy.typing import NDArray

NO_RELATION, SAME, EXACT, CLOSE, BROAD, NARROW, RELATED, CONTRADICTS = range(8)
RELATIONS = (None, "same", "exact", "close", "broad", "narrow", "related", None)
"""How a pair's categories stand to each other; CONTRADICTS: the product's shelf is mapped to that company, but not to
this shelf."""

MINIMUM_SCORE = 0.68

CATEGORY_EFFECT = np.array([-0.03, 0.05, 0.05, 0.05, 0.04, 0.04, 0.02, -0.08])
"""By relation code."""

CLAIM_LOWERS = -0.05
SIZE_LOWERS, FAR_SIZE = -0.04, 4.0
"""More than four of one make up the other: a sachet for a family pack."""


def score(
    similarity: NDArray[np.float32], relation: NDArray[np.int8], lowered: NDArray[np.int64], ratio: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each pair's score from its mean name similarity, the relation code of its categories, the number of preferences
    lost and the pack ratio (NaN unknown)."""
    with np.errstate(invalid="ignore"):
        far = (ratio > FAR_SIZE) | (ratio < 1 / FAR_SIZE)
    effects = CATEGORY_EFFECT[relation] + CLAIM_LOWERS * lowered + SIZE_LOWERS * far
    return np.clip(np.round(similarity.astype(np.float64) + effects, 4), 0.0, 1.0)
