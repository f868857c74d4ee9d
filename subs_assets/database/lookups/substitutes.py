"""What to buy instead of one product, and what became of it where there is nothing; nothing here writes."""

from collections.abc import Collection
from typing import Any

import pandas as pd
from sqlalchemy import Connection, case, func, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.tables import listings, product_listings, products, substitution_outcomes, substitutions


def substitutes_of(
    connection: Connection,
    product_id: str,
    company_slug: str | None = None,
    weakest_level: int | None = None,
    lowest_score: float | None = None,
    only_cheaper: bool = False,
    at_most: int | None = None,
) -> pd.DataFrame:
    """What to buy instead of a product, company by company, best first; with the listing that is the substitute there.

    Of one company or all; of levels down to the weakest (5); ``only_cheaper``: with a lower price per unit, where both
    are known; ``at_most`` so many at each company, the best of those that are wanted.

    Columns: company_slug, substitute_id, sku, name, brand, size_text, total, unit, price, currency, unit_price, level,
    score, rank, pack_ratio, unit_price_ratio, reasons (JSON array).
    """
    wanted = [
        substitutions.c.product_id == product_id,
        *([] if company_slug is None else [substitutions.c.company_slug == company_slug]),
        *([] if weakest_level is None else [substitutions.c.level <= weakest_level]),
        *([] if lowest_score is None else [substitutions.c.score >= lowest_score]),
        *([substitutions.c.unit_price_ratio < 1] if only_cheaper else []),
    ]
    best_first = (substitutions.c.rank, substitutions.c.substitute_id)
    place = func.row_number().over(partition_by=substitutions.c.company_slug, order_by=best_first)
    chosen = select(substitutions, place.label("place")).where(*wanted).subquery("chosen")
    statement = (
        select(
            *chosen.c["company_slug", "substitute_id", "sku"],
            *listings.c["name", "brand", "size_text", "total", "unit", "price", "currency", "unit_price"],
            *chosen.c["level", "score", "rank", "pack_ratio", "unit_price_ratio", "reasons"],
        )
        .join(listings, same_listing(listings, chosen))
        .order_by(chosen.c.company_slug, chosen.c.place)
    )
    return frames.fetch(connection, statement if at_most is None else statement.where(chosen.c.place <= at_most))


def outcomes_of(connection: Connection, product_id: str) -> pd.DataFrame:
    """What became of one product at each company; one row a target company, the furthest that any of its own
    companies' shelves led.

    Columns: company_slug (that company), target_company_slug, stage, detail, nearest_id, nearest_name, nearest_score.
    """
    nearest = products.alias("nearest")
    statement = (
        select(
            *substitution_outcomes.c["company_slug", "target_company_slug", "stage", "detail", "nearest_id"],
            nearest.c.name.label("nearest_name"),
            substitution_outcomes.c.nearest_score,
        )
        .outerjoin(nearest, nearest.c.product_id == substitution_outcomes.c.nearest_id)
        .where(substitution_outcomes.c.product_id == product_id)
        .order_by(
            substitution_outcomes.c.target_company_slug,
            case(
                {"no candidate": 1, "no mapping": 2, "uncategorised": 3}, value=substitution_outcomes.c.stage, else_=0
            ),
            substitution_outcomes.c.company_slug,
        )
    )
    return frames.fetch(connection, statement).drop_duplicates("target_company_slug", ignore_index=True)


def substitute_counts(connection: Connection, product_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """Product -> how many substitutes are shown for it, and at how many companies; of those that have any."""
    row = substitutions.c
    statement = (
        select(row.product_id, func.count(), func.count(row.company_slug.distinct()))
        .where(row.product_id.in_(product_ids))
        .group_by(row.product_id)
    )
    return {product_id: (count, companies) for product_id, count, companies in connection.execute(statement)}


def cheapest_offers(
    connection: Connection, product_ids: Collection[str], company_slugs: Collection[str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """(product_id, company_slug) -> the cheapest listing of it there, of the products and companies that are asked
    about: product_id, company_slug, sku, name, brand, size_text, total, unit, price, currency, unit_price."""
    statement = (
        select(
            product_listings.c.product_id,
            *listings.c["company_slug", "sku", "name", "brand", "size_text", "total", "unit"],
            *listings.c["price", "currency", "unit_price"],
        )
        .join(listings, same_listing(listings, product_listings))
        .where(product_listings.c.product_id.in_(product_ids))
        .order_by(listings.c.price.desc().nulls_first(), listings.c.sku.desc())
    )
    # The companies are chosen here: told of them, SQLite reads all that they sell. The last of each key stays.
    return {
        (row["product_id"], row["company_slug"]): dict(row)
        for row in connection.execute(statement).mappings()
        if row["company_slug"] in company_slugs
    }
