"""What stands in a category: the listings of a branch, how many stand on which shelves, and where a product stands."""

from collections.abc import Collection

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.tables import (
    listing_categories,
    listing_shelves,
    listings,
    product_listings,
)

BETWEEN_PATHS = "\n"
"""JSON text has none that is not escaped."""


def shelves_with_listings(connection: Connection, company_slug: str) -> list[tuple[tuple[str, ...], int]]:
    """The paths of the shelves that a company's listing stands on together, and how many listings stand just there."""
    shelf = listing_shelves.c
    of_listing = (
        select(shelf.sku, func.aggregate_strings(shelf.path, BETWEEN_PATHS).label("paths"))
        .where(shelf.company_slug == company_slug)
        .group_by(shelf.sku)
        .subquery("of_listing")
    )
    rows = connection.execute(select(of_listing.c.paths, func.count()).group_by(of_listing.c.paths))
    return [(tuple(paths.split(BETWEEN_PATHS)), int(count)) for paths, count in rows]


def listings_in(connection: Connection, company_slug: str, path: str, limit: int, offset: int = 0) -> pd.DataFrame:
    """Listings that the company puts into a category or below it, by sku.

    DataFrame[company_slug, sku, name, brand, size_text, total, unit, price, currency, product_id].
    """
    standing = listing_categories.c
    chosen = (
        select(standing.company_slug, standing.sku)
        .where(standing.company_slug == company_slug, _in_the_branch(standing.path, path))
        .distinct()
        .order_by(standing.sku)
        .limit(limit)
        .offset(offset)
        .subquery("chosen")
    )
    shown = listings.c["company_slug", "sku", "name", "brand", "size_text", "total", "unit", "price", "currency"]
    statement = (
        select(*shown, product_listings.c.product_id)
        .select_from(chosen)
        .join(listings, same_listing(listings, chosen))
        .join(product_listings, same_listing(product_listings, listings))
        .order_by(listings.c.sku)
    )
    return frames.fetch(connection, statement)


def paths_of_listings(connection: Connection, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """(company_slug, sku) -> the categories that the company puts the listing into, its first one first."""
    row = listing_categories.c
    if not keys:
        return {}
    wanted = or_(*(and_(row.company_slug == company, row.sku == sku) for company, sku in keys))
    found: dict[tuple[str, str], list[str]] = {}
    statement = select(row.company_slug, row.sku, row.path).where(wanted)
    for company, sku, path in connection.execute(statement.order_by(row.company_slug, row.sku, row.position)):
        found.setdefault((company, sku), []).append(path)
    return found


def _in_the_branch(column: ColumnElement[str], path: str) -> ColumnElement[bool]:
    """The category or one below it: their paths begin with its names and a comma. Compared as a range, since LIKE does
    not tell capitals from small letters on SQLite."""
    begins = path.removesuffix("]")
    return or_(column == path, and_(column > f"{begins},", column < f"{begins}-"))
