"""Made-up shops of a few listings for tests about categories and substitutes: written in a line each, brought into the
tables' form by the code that does it in earnest; no expectation lives here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.catalogue.categories import build_categories
from subs_assets.catalogue.core_name import core_name
from subs_assets.catalogue.measures import DIMENSIONS
from subs_assets.database import frames, tables
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.matrices import alike_names
from subs_assets.embedding.name_store import NameStore
from subs_assets.embedding.name_weights import COLUMNS
from subs_assets.embedding.similarity import NameFeatures, lexical_features
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.identity.products import identify
from subs_assets.model.trained import shipped_model
from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.attributes import DIMENSION_CODES, UNKNOWN, ProductAttributes, StatedTerms
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.kinds import build_product_kinds
from subs_assets.substitution.product_claims import build_product_claims
from subs_assets.substitution.terms import FACETS
from subs_assets_tests.hashing_encoder import HashingEncoder

MODEL = AcceptanceModel(
    coefficients={
        "cosine": 5.0, "lexical": 5.0, "same_category": 0.5, "matching_category": 0.5, "wider_category": 0.4,
        "related_category": 0.2, "contradicting_category": -0.8, "preferences_lost": -0.5, "size_doublings": -0.1,
    },
    typical={
        "cosine": 0.7, "lexical": 0.6, "same_category": 0.2, "matching_category": 0.2, "wider_category": 0.1,
        "related_category": 0.1, "contradicting_category": 0.1, "preferences_lost": 0.1, "size_doublings": 0.5,
    },
    intercept=-7.0,
    shown_from=0.5,
)  # fmt: skip
"""A made-up model: a pair is shown when its names are alike by .7 on the mean, categories and preferences apart."""


def path(readable: str) -> str:
    """``"Pantry > Muesli"`` as the canonical text of a path; an empty text is no category."""
    return category_path.encode(part for part in readable.split(" > ") if part)


def item(company: str, sku: str, name: str, *shelves: str, **given: object) -> dict[str, Any]:
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
        "dimension": DIMENSIONS[unit] if unit else None,
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


def shops(items: Iterable[dict[str, Any]]) -> Shops:
    items = list(items)
    listings = frames.conform(
        pd.DataFrame(items, columns=[*tables.listings.columns.keys(), "shelves"]).drop(columns="shelves"),
        tables.listings,
    )
    standing = [
        (row["company_slug"], row["sku"], position, path(shelf), None)
        for row in items
        for position, shelf in enumerate(row["shelves"])
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


def names_in(folder: Path) -> NameStore:
    return NameStore(store_in(folder), shipped_model().names)


def spelled(names: Iterable[str]) -> NameFeatures:
    """Features whose vectors come from the hashing encoder, without a folder."""
    names = list(names)
    if not names:
        return no_features()
    return NameFeatures(HashingEncoder().encode(names), lexical_features(names, shipped_model().names))


def alike_spelled(names: Iterable[str]) -> AlikeRows:
    return AlikeRows.of(spelled(names))


def no_features() -> NameFeatures:
    from scipy import sparse

    return NameFeatures(np.zeros((0, 64), np.float32), sparse.csr_matrix((0, COLUMNS), dtype=np.float32))


def features_with(similarity: NDArray[np.float64]) -> NameFeatures:
    """Features that make row i and row j as alike as cell (i, j) says, in meaning and in spelling both; the matrix is
    symmetric, positive definite, with ones on its diagonal."""
    from scipy import sparse

    vectors = np.linalg.cholesky(similarity).astype(np.float32)
    return NameFeatures(vectors, sparse.csr_matrix(vectors))


def alike_as(similarity: NDArray[np.float64]) -> AlikeRows:
    """Rows that are as alike as the cells say (``features_with``)."""
    return AlikeRows.of(features_with(similarity))


def attributes_of(*products: dict[str, Any]) -> ProductAttributes:
    """``brand``, ``name``, ``size`` (such as ``(500.0, "g")``), ``claims`` and ``product_class`` of each product; what
    is left out is unknown."""

    def codes(values: list[object]) -> NDArray[np.int32]:
        return pd.factorize(pd.Series(values, dtype=object), sort=True)[0].astype(np.int32)

    names = [str(product.get("name", "thing")) for product in products]
    sizes = [product.get("size") or (np.nan, None) for product in products]
    claims = np.empty(len(products), object)
    claims[:] = [frozenset(product.get("claims", ())) for product in products]
    return ProductAttributes(
        brand=codes([product.get("brand") for product in products]),
        name=codes([" ".join(sorted(set(name.split()))) for name in names]),
        dimension=np.array(
            [DIMENSION_CODES.get(DIMENSIONS.get(unit or "") or "", UNKNOWN) for _, unit in sizes], np.int32
        ),
        product_class=codes([product.get("product_class") for product in products]),
        kind=codes([product.get("kind") for product in products]),
        kind_group=codes([product.get("kind_group") for product in products]),
        stated={facet: StatedTerms.of_products(product.get(facet, ()) for product in products) for facet in FACETS},
        total=np.array([quantity for quantity, _ in sizes], np.float64),
        claims=claims,
        words=np.array([" ".join(sorted(name.split())) for name in names], object),
    )


def equivalences(*rows: tuple[str, str, str, str, str] | tuple[str, str, str, str, str, str]) -> pd.DataFrame:
    """Mappings as (company, category, target company, target category, relation), accepted where no status is given."""
    numbers = ["support", "hard_support", "soft_support", "matched_source", "matched_target", "target_given_source"]
    numbers += ["target_given_source_bound", "source_given_target", "source_given_target_bound", "label_similarity"]
    frame = pd.DataFrame(
        [
            {
                "company_slug": row[0],
                "path": path(row[1]),
                "target_company_slug": row[2],
                "target_path": path(row[3]),
                "relation": row[4],
                "status": row[5] if len(row) == 6 else "accepted",
                "origin": "evidence",
                **dict.fromkeys(numbers, 1.0),
                "reason": "made up",
            }
            for row in rows
        ],
        columns=tables.category_equivalences.columns.keys(),
    )
    return frames.conform(frame, tables.category_equivalences)


NO_FACETS = pd.DataFrame(columns=tables.category_facets.columns.keys())


def blocks_of(shop: Shops) -> pd.DataFrame:
    """Where each product stands, as ``EmbeddingMatrices`` says it."""
    number = dict(zip(shop.products["product_id"], range(len(shop.products)), strict=True))
    shelved = shop.listing_categories[shop.listing_categories["path"] != category_path.ROOT]
    standing = shelved.merge(shop.product_listings, on=["company_slug", "sku"])
    blocks = standing.assign(row=standing["product_id"].map(number).astype("int64"))[["company_slug", "path", "row"]]
    return blocks.drop_duplicates().sort_values(["company_slug", "path", "row"], ignore_index=True)


def inputs_of(shop: Shops, mappings: pd.DataFrame | None = None) -> SubstitutionInputs:
    tables_of_shop = shop.products, shop.product_listings, shop.listings, shop.listing_categories
    kinds = build_product_kinds(*tables_of_shop)
    claims = build_product_claims(*tables_of_shop, kinds)
    return SubstitutionInputs(
        shop.listings,
        shop.products,
        shop.product_listings,
        frames.conform(claims, tables.product_claims),
        frames.conform(kinds, tables.product_kinds),
        NO_FACETS,
        equivalences() if mappings is None else mappings,
        blocks_of(shop),
        alike_names(alike_spelled(shop.products["core_name"])),
    )
