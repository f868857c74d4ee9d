"""What a person should judge, and what shows it: the substitutes that an answer is worth most for, and what stands
behind them; nothing here writes."""

from collections.abc import Collection

import pandas as pd
from sqlalchemy import Connection, case, func, select, union_all

from subs_assets.database import frames
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.tables import (
    listing_categories,
    listings,
    product_listings,
    substitution_outcomes,
    substitutions,
)


def pairs_worth_most(connection: Connection, shown_from: float, lost: str, at_most: int) -> tuple[pd.DataFrame, int]:
    """The pairs of ``substitution.review.open_questions`` that are worth most, decided or not, and how many pairs there
    are. Worked out by the database: a night may have millions of substitutions.

    ``lost``: the stage of a product that finds nothing for want of score alone. DataFrame[product_id, substitute_id].
    """
    counted = (
        select(product_listings.c.product_id, func.count().label("listings"))
        .group_by(product_listings.c.product_id)
        .subquery("counted")
    )
    shown = substitutions.c
    doubt = case((shown.score < shown_from, 1.0), else_=(1 - shown.score) / (1 - shown_from))
    of_shown = select(
        shown.product_id, shown.substitute_id, (counted.c.listings * doubt / shown.rank).label("worth")
    ).join(counted, counted.c.product_id == shown.product_id)
    outcome = substitution_outcomes.c
    # A row for each company that sells the product; the question is one.
    nearest = (
        select(outcome.product_id, outcome.nearest_id, outcome.target_company_slug, outcome.nearest_score)
        .where(outcome.stage == lost, outcome.nearest_id.is_not(None))
        .distinct()
        .subquery("nearest")
    )
    of_lost = select(
        nearest.c.product_id,
        nearest.c.nearest_id.label("substitute_id"),
        (
            counted.c.listings
            * case((nearest.c.nearest_score > shown_from, 1.0), else_=nearest.c.nearest_score / shown_from)
        ).label("worth"),
    ).join(counted, counted.c.product_id == nearest.c.product_id)
    asked = union_all(of_shown, of_lost).subquery("asked")
    pair = asked.c.product_id, asked.c.substitute_id
    worth = func.sum(asked.c.worth)
    statement = (
        select(*pair, func.count().over().label("pairs")).group_by(*pair).order_by(worth.desc(), *pair).limit(at_most)
    )
    found = connection.execute(statement).all()
    rows = [(row.product_id, row.substitute_id) for row in found]
    return pd.DataFrame(rows, columns=["product_id", "substitute_id"], dtype="str"), found[0].pairs if found else 0


def substitutions_among(connection: Connection, product_ids: Collection[str], others: Collection[str]) -> pd.DataFrame:
    """The substitutions of any of these products by any of the others, in the form of their table."""
    row = substitutions.c
    return frames.fetch(
        connection, select(substitutions).where(row.product_id.in_(product_ids), row.substitute_id.in_(others))
    )


def outcomes_among(connection: Connection, product_ids: Collection[str], others: Collection[str]) -> pd.DataFrame:
    """The outcomes of any of these products whose best candidate is any of the others, in the form of their table."""
    row = substitution_outcomes.c
    return frames.fetch(
        connection, select(substitution_outcomes).where(row.product_id.in_(product_ids), row.nearest_id.in_(others))
    )


def listings_of_products(connection: Connection, product_ids: Collection[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The listings that are any of these products, and which of them each is; in the forms of ``listings`` and
    ``product_listings``."""
    wanted = product_listings.c.product_id.in_(product_ids)
    of_products = select(listings).join(product_listings, same_listing(product_listings, listings)).where(wanted)
    return frames.fetch(connection, of_products), frames.fetch(connection, select(product_listings).where(wanted))


def paths_of(connection: Connection, company_slug: str, sku: str) -> list[str]:
    """The categories that a listing stands in, its first one first."""
    row = listing_categories.c
    statement = select(row.path).where(row.company_slug == company_slug, row.sku == sku).order_by(row.position)
    return list(connection.scalars(statement))
