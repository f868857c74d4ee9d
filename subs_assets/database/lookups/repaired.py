"""Listings in which something was mended before they were accepted."""

import pandas as pd
from sqlalchemy import Connection, func, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import given, same_listing
from subs_assets.database.tables import listings, product_listings

NOTHING = "[]"
"""The column ``repairs`` of a listing that was right."""


def repaired_listings(connection: Connection, company_slug: str | None = None) -> pd.DataFrame:
    """How many listings of a company, or of each, were mended in the same way, with one of them.

    DataFrame[company_slug, repairs, listings, sku, name, product_id], sorted; ``repairs`` is a JSON array of sentences.
    """
    listing, key = listings.c, (listings.c.company_slug, listings.c.repairs)
    alike = (
        select(*key, func.count().label("listings"), func.min(listing.sku).label("sku"))
        .where(listing.repairs != NOTHING)
        .where(*(listing[name] == value for name, value in given({"company_slug": company_slug}).items()))
        .group_by(*key)
        .subquery("alike")
    )
    statement = (
        select(alike, listing.name, product_listings.c.product_id)
        .join(listings, same_listing(alike, listings))
        .join(product_listings, same_listing(alike, product_listings))
        .order_by(alike.c.company_slug, alike.c.listings.desc(), alike.c.repairs)
    )
    return frames.fetch(connection, statement)
