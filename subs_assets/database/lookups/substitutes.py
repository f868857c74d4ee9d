"""What to buy instead of one product, and what became of it where there is nothing; nothing here writes."""

import pandas as pd
from sqlalchemy import Connection, case, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.tables import listings, products, substitution_outcomes, substitutions


def substitutes_of(connection: Connection, product_id: str) -> pd.DataFrame:
    """What to buy instead of a product, company by company, best first; with the listing that is the substitute there.

    Columns: company_slug, substitute_id, sku, name, brand, size_text, price, currency, unit_price, level, score, rank,
    pack_ratio, unit_price_ratio, reasons (JSON array).
    """
    statement = (
        select(
            substitutions.c.company_slug,
            substitutions.c.substitute_id,
            substitutions.c.sku,
            listings.c.name,
            listings.c.brand,
            listings.c.size_text,
            listings.c.price,
            listings.c.currency,
            listings.c.unit_price,
            substitutions.c.level,
            substitutions.c.score,
            substitutions.c.rank,
            substitutions.c.pack_ratio,
            substitutions.c.unit_price_ratio,
            substitutions.c.reasons,
        )
        .join(listings, same_listing(listings, substitutions))
        .where(substitutions.c.product_id == product_id)
        .order_by(substitutions.c.company_slug, substitutions.c.rank, substitutions.c.substitute_id)
    )
    return frames.fetch(connection, statement)


def outcomes_of(connection: Connection, product_id: str) -> pd.DataFrame:
    """What became of one product at each company; one row a target company, the furthest that any of its own
    companies' shelves led.

    Columns: target_company_slug, stage, detail, nearest_id, nearest_name, nearest_score.
    """
    nearest = products.alias("nearest")
    statement = (
        select(
            substitution_outcomes.c.target_company_slug,
            substitution_outcomes.c.stage,
            substitution_outcomes.c.detail,
            substitution_outcomes.c.nearest_id,
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
