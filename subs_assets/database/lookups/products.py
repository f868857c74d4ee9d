"""Which products and listings there are, by keys and by names; nothing here writes."""

from collections.abc import Collection

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, select, union

from subs_assets.database import frames
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.tables import listings, product_listings, products

GTIN_LENGTHS = (8, 12, 13, 14)
"""Digits of a barcode as it is printed; shorter ones are filled up with zeros on the left to a GTIN-14 (GS1)."""

MOST_KEYS = 10_000
"""In one question: SQLite takes 32,766 parameters, and so many rows are read faster with all others."""


def exact_products(connection: Connection, key: str) -> list[str]:
    """The ids of the products that a sku, alone or after its company and a colon, a barcode or a product id names, in
    order; several companies may use one sku."""
    wanted = key.strip()
    of_listing = select(product_listings.c.product_id).join(listings, same_listing(product_listings, listings))
    # Not one query with OR: its parts lie in two tables, and a database then reads both from end to end.
    statement = union(*(of_listing.where(is_it) for is_it in exactly(wanted))).order_by("product_id")
    return [row.product_id for row in connection.execute(statement)]


def products_of_listings(connection: Connection, company_slugs: Collection[str], skus: Collection[str]) -> pd.DataFrame:
    """Which products the listings with these skus at these companies are, in the form of ``product_listings``."""
    if len(skus) > MOST_KEYS:
        return frames.read(connection, product_listings)
    statement = select(product_listings).where(
        product_listings.c.company_slug.in_(company_slugs), product_listings.c.sku.in_(skus)
    )
    return frames.fetch(connection, statement)


def names_of(connection: Connection, product_ids: Collection[str]) -> dict[str, str]:
    """Product id -> the product's name, of those that are published."""
    statement = select(products.c.product_id, products.c.name).where(products.c.product_id.in_(product_ids))
    return {row.product_id: row.name for row in connection.execute(statement)}


def listing_names(connection: Connection, skus: Collection[str]) -> dict[tuple[str, str], str]:
    """(company_slug, sku) -> the listing's name, of those that are published."""
    statement = select(listings.c.company_slug, listings.c.sku, listings.c.name).where(listings.c.sku.in_(skus))
    return {(row.company_slug, row.sku): row.name for row in connection.execute(statement)}


def exactly(wanted: str) -> list[ColumnElement[bool]]:
    """In which ways a listing and its product can be meant by a sku, alone or as ``<company_slug>:<sku>``, a barcode or
    a product id."""
    barcode = wanted.zfill(14) if wanted.isdigit() and len(wanted) in GTIN_LENGTHS else wanted
    company, _, sku = wanted.partition(":")
    return [
        listings.c.sku == wanted,
        and_(listings.c.company_slug == company, listings.c.sku == sku),
        listings.c.gtin == barcode,
        product_listings.c.product_id.in_([wanted, barcode]),
    ]
