"""One product with its listings, and which companies' products there are."""

from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.tables import listings, product_claims, product_listings, products, substitution_rates

SHOWN_OF_A_PRODUCT = ("product_id", "gtin", "name", "brand", "quantity", "unit", "pack_count", "total", "dimension")
SHOWN_OF_A_LISTING = (
    "company_slug", "sku", "name", "brand", "size_text", "quantity", "unit", "pack_count", "total", "price",
    "currency", "unit_price", "available", "url",
)  # fmt: skip


def product_row(connection: Connection, product_id: str) -> dict[str, Any] | None:
    """SHOWN_OF_A_PRODUCT, ``claims`` and ``product_class`` of a product; None where none is published by that id."""
    statement = (
        select(*products.c[*SHOWN_OF_A_PRODUCT], product_claims.c.claims, product_claims.c.product_class)
        .outerjoin(product_claims, product_claims.c.product_id == products.c.product_id)
        .where(products.c.product_id == product_id)
    )
    found = connection.execute(statement).mappings().first()
    return None if found is None else dict(found)


def listings_of(connection: Connection, product_id: str) -> pd.DataFrame:
    """The listings that are a product: SHOWN_OF_A_LISTING and ``matched_by``, by company and sku."""
    statement = (
        select(*listings.c[*SHOWN_OF_A_LISTING], product_listings.c.matched_by)
        .join(product_listings, same_listing(product_listings, listings))
        .where(product_listings.c.product_id == product_id)
        .order_by(listings.c.company_slug, listings.c.sku)
    )
    return frames.fetch(connection, statement)


def companies(connection: Connection) -> list[str]:
    """The slugs of the companies whose products are published, in order."""
    rows = substitution_rates.c.company_slug
    return list(connection.scalars(select(rows).distinct().order_by(rows)))
