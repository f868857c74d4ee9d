"""Made-up shops of a few listings for tests about categories and substitutes: written in a line each, brought into the
tables' form by the code that does it in earnest; no expectation lives here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.catalogue.categories import build_categories
from subs_assets.catalogue.core_name import core_name
from subs_assets.database import frames, tables
from subs_assets.embedding.similarity import NameFeatures, lexical_features
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.identity.products import identify
from subs_assets.substitution.attributes import ProductAttributes
from subs_assets_tests.hashing_encoder import HashingEncoder

DIMENSION_OF_UNIT = {"g": "mass", "ml": "volume", "each": "count"}


def path(readable: str) -> str:
    """``"Pantry > Muesli"`` as the canonical text of a path; an empty text is no category."""
    return category_path.encode(part for part in readable.split(" > ") if part)


def item(company: str, sku: str, name: str, *shelves: str, **given: object) -> dict[str, object]:
    """A listing and its shelves; ``brand``, ``size`` (such as ``(500.0, "g")``), ``price``, ``claims`` and any column
    may be given."""
    size = given.pop("size", None)
    brand = given.pop("brand", None)
    claims = given.pop("claims", ())
    quantity, unit = size if isinstance(size, tuple) else (None, None)
    price = given.get("price")
    row = {
        "company_slug": company,
        "sku": sku,
        "name": name,
        "core_name": core_name(name, brand if isinstance(brand, str) else None),
        "brand": brand,
        "brand_key": brand.casefold() if isinstance(brand, str) else None,
        "quantity": quantity,
        "unit": unit,
        "pack_count": 1 if size else None,
        "total": quantity,
        "dimension": DIMENSION_OF_UNIT[unit] if unit else None,
        "approximate": False,
        "currency": "AUD" if price is not None else None,
        "unit_price": price / quantity * 1000 if isinstance(price, float) and quantity else None,
        "claims": category_path.encode(sorted(claims) if isinstance(claims, (set, tuple)) else ()),
        "file": "made-up.jsonl",
        "line": 1,
        "repairs": "[]",
        "shelves": tuple(shelves) or ("",),
    }
    return {**row, **given}


@dataclass(frozen=True)
class Shops:
    """The tables from ``listings`` to ``categories`` of some items."""

    listings: pd.DataFrame
    listing_categories: pd.DataFrame
    products: pd.DataFrame
    product_listings: pd.DataFrame
    categories: pd.DataFrame

    def product_id(self, company: str, sku: str) -> str:
        rows = self.product_listings
        return str(rows.loc[(rows["company_slug"] == company) & (rows["sku"] == sku), "product_id"].item())


def shops(items: Iterable[dict[str, object]]) -> Shops:
    items = list(items)
    listings = frames.conform(
        pd.DataFrame(items, columns=[*tables.listings.columns.keys(), "shelves"]).drop(columns="shelves"),
        tables.listings,
    )
    standing = [
        (row["company_slug"], row["sku"], position, path(shelf), None)
        for row in items
        for position, shelf in enumerate(row["shelves"])  # type: ignore[arg-type, var-annotated]
    ]
    listing_categories = frames.conform(
        pd.DataFrame(standing, columns=tables.listing_categories.columns.keys()), tables.listing_categories
    )
    identity = identify(listings)
    return Shops(
        listings,
        listing_categories,
        identity.products,
        identity.product_listings,
        build_categories(listing_categories),
    )


def store_in(folder: Path) -> VectorStore:
    return VectorStore(folder, HashingEncoder())


def spelled(names: Iterable[str]) -> NameFeatures:
    """Features whose vectors come from the hashing encoder, without a folder."""
    names = list(names)
    if not names:
        return no_features()
    return NameFeatures(HashingEncoder().encode(names), lexical_features(names))


def no_features() -> NameFeatures:
    from scipy import sparse

    return NameFeatures(np.zeros((0, 64), np.float32), sparse.csr_matrix((0, 8), dtype=np.float32))


def features_with(similarity: NDArray[np.float64]) -> NameFeatures:
    """Features that make row i and row j as alike as cell (i, j) says, in meaning and in spelling both; the matrix is
    symmetric, positive definite, with ones on its diagonal."""
    from scipy import sparse

    vectors = np.linalg.cholesky(similarity).astype(np.float32)
    return NameFeatures(vectors, sparse.csr_matrix(vectors))


def attributes_of(*products: dict[str, object]) -> ProductAttributes:
    """``brand``, ``name``, ``size`` (such as ``(500.0, "g")``), ``claims`` and ``product_class`` of each product; what
    is left out is unknown."""

    def codes(values: list[object]) -> NDArray[np.int32]:
        return pd.factorize(pd.Series(values, dtype=object), sort=True)[0].astype(np.int32)

    names = [str(product.get("name", "thing")) for product in products]
    sizes = [product.get("size") or (np.nan, None) for product in products]
    claims = np.empty(len(products), object)
    claims[:] = [frozenset(product.get("claims", ())) for product in products]  # type: ignore[call-overload]
    return ProductAttributes(
        brand=codes([product.get("brand") for product in products]),
        name=codes([" ".join(sorted(set(name.split()))) for name in names]),
        dimension=codes([DIMENSION_OF_UNIT.get(unit) for _, unit in sizes]),  # type: ignore[misc]
        product_class=codes([product.get("product_class") for product in products]),
        total=np.array([quantity for quantity, _ in sizes], np.float64),  # type: ignore[misc]
        claims=claims,
        core_name=np.array(names, object),
    )
