"""Which pairs of listings are sure enough to be one product, and which a person should see; nothing is joined here."""

import json
from typing import Any, Protocol

import numpy as np
import pandas as pd

from subs_assets.catalogue.size import strip_sizes
from subs_assets.identity.words import WORDS_WITHOUT_IDENTITY, numbers, words

ALIKE = 0.8
"""From this likeness on a pair with one brand and one total is taken for one trade item."""

ALIKE_BY_PIECES = 0.85
"""The same where the sizes say little: "12 each" against 12 x 15 g, "1 each" against "1 each"."""

ALIKE_WITHOUT_BRANDS = 0.9
"""The same where a company names no brands and the first word of the name is taken for one."""

MARGIN = 0.05
"""How much less alike every other product of either company must be."""

WORTH_A_LOOK = 0.1
"""A pair that misses its threshold by no more than this is shown to a person; without brands there are too many."""


class Said(Protocol):
    """What a listing says that can speak against a pair; missing values are None or NaN."""

    @property
    def brand(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def core_name(self) -> str: ...
    @property
    def pack_count(self) -> Any: ...
    @property
    def claims(self) -> str: ...


def judge(pairs: pd.DataFrame, listings: pd.DataFrame, products: np.ndarray) -> pd.DataFrame:
    """Of the pairs of ``likenesses`` those that no other outdoes, sure or worth a look; the most alike first.

    ``products``: int64 (listings,), what GTINs have joined has one number. Adds ``alone`` (no other product comes near
    in either company) and ``doubt`` (what speaks against the pair, as a part of a sentence; null where it is sure).
    """
    companies = pd.factorize(listings["company_slug"], sort=True)[0]
    left, right, likeness = (pairs[name].to_numpy() for name in ("left", "right", "likeness"))
    count = companies.max(initial=0) + 1
    # Both ways round at once: a product that GTINs joined may be left of one pair and right of its rival.
    one, other = np.concatenate([left, right]), np.concatenate([right, left])
    rivals = _best_other(products[one] * count + companies[other], products[other], np.tile(likeness, 2))
    rival = np.maximum(*np.split(rivals, 2))
    doubts = [~pairs["brand_given"], ~pairs["same_total"]]
    needed = np.select(doubts, [ALIKE_WITHOUT_BRANDS, ALIKE_BY_PIECES], default=ALIKE)
    looked_at = np.where(pairs["brand_given"], needed - WORTH_A_LOOK, needed)
    near = (likeness > rival - MARGIN) & (likeness >= looked_at)
    best = pairs.assign(alone=likeness >= rival + MARGIN, sure=likeness >= needed)[near]
    said: list[Any] = list(
        listings[["brand", "name", "core_name", "pack_count", "claims"]].astype(object).itertuples(index=False)
    )
    against = [
        doubt(said[pair.left], said[pair.right])
        or (None if pair.sure else _difference(said[pair.left], said[pair.right]))
        for pair in best[["left", "right", "sure"]].itertuples(index=False)
    ]
    best = best.assign(doubt=pd.Series(against, index=best.index, dtype=object)).drop(columns="sure")
    return best.sort_values(["likeness", "left", "right"], ascending=[False, True, True], ignore_index=True)


def doubt(left: Said, right: Said) -> str | None:
    """What speaks against two listings being one trade item however alike they are, as a part of a sentence."""
    packs = {int(side.pack_count) for side in (left, right) if pd.notna(side.pack_count)} - {1}
    if len(packs) > 1:  # a pack of one is what a company writes that tells only the total
        return f"they come in packs of {' and '.join(map(str, sorted(packs)))}"
    claims = [set(json.loads(side.claims)) for side in (left, right)]
    if claims[0] != claims[1]:
        return f"only one of them says {', '.join(sorted(claims[0] ^ claims[1]))}"
    if not all(any(map(str.isdigit, f"{side.brand}{side.core_name}")) for side in (left, right)):
        return None
    # Read off the name: the core name has taken "0,5%" apart.
    said = [numbers(f"{_text(side.brand)} {strip_sizes(side.name)}") for side in (left, right)]
    only = [" ".join(sorted(one - other)) for one, other in (said, said[::-1])]
    return f"one of them says {only[0]}, the other {only[1]}" if all(only) else None


def _difference(left: Said, right: Said) -> str:
    bags = [words(f"{_text(side.brand)} {side.core_name}") for side in (left, right)]
    return f"they differ in {', '.join(sorted((bags[0] ^ bags[1]) - WORDS_WITHOUT_IDENTITY))}"


def _text(brand: str | None) -> str:
    return brand if isinstance(brand, str) else ""


def _best_other(keys: np.ndarray, partners: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """For every pair the highest likeness among the pairs with its key and another partner; 0 where there is none."""
    keys, key = np.unique(keys, return_inverse=True)
    order = np.lexsort((-likeness, key))
    best = order[np.searchsorted(key[order], np.arange(len(keys)))]
    is_best_partner = partners == partners[best][key]
    second = np.zeros(len(keys))
    np.maximum.at(second, key[~is_best_partner], likeness[~is_best_partner])
    return np.where(is_best_partner, second[key], likeness[best][key])
