"""Products as aligned arrays of codes, so that levels and gates judge millions of pairs at once; what they judge is
theirs."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue.measures import DIMENSIONS
from subs_assets.substitution.terms import FACETS

UNKNOWN = -1

DIMENSION_CODES = {dimension: code for code, dimension in enumerate(DIMENSIONS.values())}


@dataclass(frozen=True)
class StatedTerms:
    """What n products state of one facet: ``sets``, the distinct sets of terms, each sorted; ``code`` int32 (n,), which
    of them a product states."""

    code: NDArray[np.int32]
    sets: tuple[tuple[str, ...], ...]

    @classmethod
    def of_products(cls, terms: Iterable[Iterable[str]]) -> "StatedTerms":
        number: dict[tuple[str, ...], int] = {}
        codes = [number.setdefault(tuple(sorted(of_product)), len(number)) for of_product in terms]
        return cls(np.array(codes, np.int32), tuple(number))

    @classmethod
    def of_json(cls, arrays: pd.Series) -> "StatedTerms":
        """What JSON arrays say, each text read once."""
        code, texts = pd.factorize(arrays)
        return cls.of_products(map(json.loads, texts)).at(code)

    def at(self, rows: NDArray[np.integer]) -> "StatedTerms":
        """Of products that state what these rows do."""
        return StatedTerms(self.code[rows], self.sets)

    def of(self, product: int) -> tuple[str, ...]:
        return self.sets[self.code[product]]


@dataclass(frozen=True)
class ProductAttributes:
    """n products in the order of the product table.

    ``brand``, ``name``, ``dimension``, ``product_class``, ``kind``, ``kind_group``: int32 codes, -1 unknown; two
    products with equal ``name`` have the same words. ``stated``: facet -> what the names state. ``total``: float64 in
    g, ml, m, m2 or pieces, NaN unknown. ``claims``: object array of frozensets. ``words``: object array, the words of
    the core name in alphabetical order, joined by a space.
    """

    brand: NDArray[np.int32]
    name: NDArray[np.int32]
    dimension: NDArray[np.int32]
    product_class: NDArray[np.int32]
    kind: NDArray[np.int32]
    kind_group: NDArray[np.int32]
    stated: Mapping[str, StatedTerms]
    total: NDArray[np.float64]
    claims: NDArray[np.object_]
    words: NDArray[np.object_]


def product_attributes(
    products: pd.DataFrame, product_claims: pd.DataFrame, product_kinds: pd.DataFrame
) -> ProductAttributes:
    """The attributes of ``products``; all frames are in order of product_id."""
    ids = products["product_id"].reset_index(drop=True)
    for name, table in (("product_claims", product_claims), ("product_kinds", product_kinds)):
        if not ids.equals(table["product_id"].reset_index(drop=True)):
            raise ValueError(f"products and {name} are not aligned; both come from the same run, sorted by product_id")
    words = [sorted(name.split()) for name in products["core_name"].tolist()]
    claims, claim_texts = pd.factorize(product_claims["claims"])
    return ProductAttributes(
        brand=_codes(products["brand_key"]),
        name=_codes([" ".join(dict.fromkeys(of_name)) for of_name in words]),
        dimension=products["dimension"].map(DIMENSION_CODES).fillna(UNKNOWN).to_numpy(np.int32),
        product_class=_codes(product_claims["product_class"]),
        kind=_codes(product_kinds["kind"]),
        kind_group=_codes(product_kinds["kind_group"]),
        stated=stated_terms(product_kinds),
        total=products["total"].to_numpy(np.float64),
        claims=np.array([frozenset(json.loads(text)) for text in claim_texts], object)[claims],
        words=np.array([" ".join(of_name) for of_name in words], object),
    )


def stated_terms(product_kinds: pd.DataFrame) -> dict[str, StatedTerms]:
    """By facet, what its column, of JSON arrays, says of the products in their order."""
    return {facet: StatedTerms.of_json(product_kinds[facet]) for facet in FACETS}


def _codes(values: pd.Series | list[str]) -> NDArray[np.int32]:
    return pd.factorize(pd.Series(values))[0].astype(np.int32)
