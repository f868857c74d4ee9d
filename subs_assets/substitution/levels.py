"""The rules of the levels, each a pure function over pairs of products; candidates, gates and scores are elsewhere.

1 same brand, same product, other size; 2 same brand, similar product, similar size; 3 other brand, similar product,
similar size; 4 other brand, similar product, other size; 5 semantic similarity in the same or an equivalent category.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subs_assets.embedding.matrices import ALIKE
from subs_assets.substitution.attributes import UNKNOWN, ProductAttributes

SIMILAR_NAME_OF_BRAND = 80.0
"""rapidfuzz's token_set_ratio from which two products of one brand are similar; 100, a name that contains the other's
words, is included: the first system's level 2 threw those away."""

SIMILAR_NAME = 75.0
"""rapidfuzz's ratio of the sorted words (its token_sort_ratio) for products of different brands: there a shorter name
is another product ("Beans" for "Butter Beans")."""

SIMILAR_SIZE = 1.25
"""Two sizes are similar when neither is more than a quarter larger: 400 g for 500 g, 330 ml for 375 ml."""

EQUAL_SIZE = 1.02

BY_SHELF = 5
"""The level of what is alike in the same or an equivalent category."""

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]


def same_brand(products: ProductAttributes, i: Rows, j: Rows) -> Mask:
    """Both brands are known and equal. Two unknown brands are not the same brand."""
    return (products.brand[i] != UNKNOWN) & (products.brand[i] == products.brand[j])


def same_product(products: ProductAttributes, i: Rows, j: Rows) -> Mask:
    """The names without brand and size consist of the same words, in any order."""
    return products.name[i] == products.name[j]


def alike_of_kind(products: ProductAttributes, i: Rows, j: Rows, similarity: NDArray[np.float32]) -> Mask:
    """The same kind of thing under names that are alike, whatever their words: "Spearmint Gum" and "Pure Fresh
    Spearmint Chewing Gum"."""
    same_kind = (products.kind[i] != UNKNOWN) & (products.kind[i] == products.kind[j])
    return same_kind & (similarity >= ALIKE)


def similar_product_of_brand(products: ProductAttributes, i: Rows, j: Rows) -> Mask:
    """Within a brand: the names without brand and size share most words; the same name, and one within the other, are
    similar too."""
    from rapidfuzz import fuzz

    return _names_reach(products, i, j, fuzz.token_set_ratio, SIMILAR_NAME_OF_BRAND)


def similar_product(products: ProductAttributes, i: Rows, j: Rows) -> Mask:
    """Across brands: the names without brand and size are nearly the same words, in any order."""
    from rapidfuzz import fuzz

    return _names_reach(products, i, j, fuzz.ratio, SIMILAR_NAME)


def _names_reach(products: ProductAttributes, i: Rows, j: Rows, scorer: Any, least: float) -> Mask:
    from rapidfuzz import process

    return np.asarray(process.cpdist(products.words[i], products.words[j], scorer=scorer, dtype=np.float32) >= least)


def size_ratio(products: ProductAttributes, i: Rows, j: Rows) -> NDArray[np.float64]:
    """How many of j make one i (500 g for 250 g: 2.0); NaN where a size is unknown or measured in another dimension."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = products.total[i] / products.total[j]
    comparable = (products.dimension[i] == products.dimension[j]) & (products.dimension[i] != UNKNOWN)
    return np.where(comparable & np.isfinite(ratio) & (ratio > 0), ratio, np.nan)


def similar_size(ratio: NDArray[np.float64]) -> Mask:
    """Known, and neither more than a quarter larger."""
    return (ratio <= SIMILAR_SIZE) & (ratio >= 1 / SIMILAR_SIZE)


def other_size(ratio: NDArray[np.float64]) -> Mask:
    """Known and different by more than rounding."""
    return (ratio > EQUAL_SIZE) | (ratio < 1 / EQUAL_SIZE)


def levels_1_to_4(products: ProductAttributes, i: Rows, j: Rows, similarity: NDArray[np.float32]) -> NDArray[np.int8]:
    """A bit for each of the levels 1 to 4 that a pair satisfies: 1, 2, 4, 8; 0 where none does.

    ``similarity``: of the names, the mean of cosine and spelling.
    """
    brand, ratio = same_brand(products, i, j), size_ratio(products, i, j)
    alike, size = alike_of_kind(products, i, j, similarity), similar_size(ratio)
    # Letters are compared only where nothing else has decided.
    similar = alike | _where(~brand & ~alike, similar_product, products, i, j)
    similar_of_brand = alike | _where(brand & size & ~alike, similar_product_of_brand, products, i, j)
    rules = (
        brand & same_product(products, i, j) & other_size(ratio),
        brand & similar_of_brand & size,
        ~brand & similar & size,
        ~brand & similar & ~size,
    )
    return sum((rule.astype(np.int8) << bit for bit, rule in enumerate(rules)), np.zeros(len(i), np.int8))


def _where(
    asked: Mask, rule: Callable[[ProductAttributes, Rows, Rows], Mask], products: ProductAttributes, i: Rows, j: Rows
) -> Mask:
    """The rule for the pairs that are ``asked`` about, False for the others."""
    answer = np.zeros(len(i), bool)
    answer[asked] = rule(products, i[asked], j[asked])
    return answer


def strongest_level(bits: NDArray[np.int8], level_5: Mask) -> NDArray[np.int8]:
    """The lowest level that applies, 0 where none does."""
    strongest = np.where(level_5, np.int8(BY_SHELF), np.int8(0))
    for level in (4, 3, 2, 1):
        strongest = np.where(bits & (1 << (level - 1)), np.int8(level), strongest)
    return strongest.astype(np.int8)
