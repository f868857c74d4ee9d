"""What a person should judge, and what shows it: the substitutes that an answer is worth most for, and what stands
behind them; nothing here writes."""

from collections.abc import Collection
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, case, func, select, union_all

from subs_assets.database import frames
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.tables import (
    listing_categories,
    listings,
    product_listings,
    substitution_outcomes,
    substitutions,
)

PAIRS_AT_ONCE = 5_000
"""SQLite takes 32,766 parameters."""


def pairs_worth_most(
    connection: Connection,
    shown_from: float,
    lost: str,
    at_most: int,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
) -> tuple[pd.DataFrame, int]:
    """The pairs of ``substitution.review.open_questions``, of one company and at one company or of all, that are worth
    most, decided or not, and how many pairs there are. Worked out by the database: a night may have millions of
    substitutions.

    ``lost``: the stage of a product that finds nothing for want of score alone. DataFrame[product_id, substitute_id].
    """
    counted = (
        select(product_listings.c.product_id, func.count().label("listings"))
        .where(*_is(product_listings.c.company_slug, company_slug))
        .group_by(product_listings.c.product_id)
        .subquery("counted")
    )
    shown = substitutions.c
    doubt = case((shown.score < shown_from, 1.0), else_=(1 - shown.score) / (1 - shown_from))
    of_shown = select(
        shown.product_id, shown.substitute_id, (counted.c.listings * doubt / shown.rank).label("worth")
    ).join(counted, counted.c.product_id == shown.product_id)
    of_shown = of_shown.where(*_is(shown.company_slug, target_company_slug))
    outcome = substitution_outcomes.c
    # A row for each company that sells the product; the question is one.
    nearest = (
        select(outcome.product_id, outcome.nearest_id, outcome.target_company_slug, outcome.nearest_score)
        .where(outcome.stage == lost, outcome.nearest_id.is_not(None))
        .where(*_is(outcome.target_company_slug, target_company_slug))
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


def substitutions_among(connection: Connection, pairs: pd.DataFrame) -> pd.DataFrame:
    """These substitutions, wherever they are shown, in the form of their table. ``pairs``: [product_id,
    substitute_id]."""
    row = substitutions.c
    return _of_pairs(connection, pairs, select(substitutions), row.product_id, row.substitute_id)


def outcomes_among(connection: Connection, pairs: pd.DataFrame) -> pd.DataFrame:
    """The outcomes of which these are product and best candidate, in the form of their table. ``pairs``: [product_id,
    nearest_id]."""
    row = substitution_outcomes.c
    return _of_pairs(connection, pairs, select(substitution_outcomes), row.product_id, row.nearest_id)


def listings_of_products(connection: Connection, product_ids: Collection[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The listings that are any of these products, and which of them each is; in the forms of ``listings`` and
    ``product_listings``."""
    wanted = pd.DataFrame({"product_id": list(product_ids)}, dtype="str")
    of_products = select(listings).join(product_listings, same_listing(product_listings, listings))
    return (
        _in_parts(connection, wanted, of_products, product_listings.c.product_id),
        _in_parts(connection, wanted, select(product_listings), product_listings.c.product_id),
    )


def paths_of(connection: Connection, company_slug: str, sku: str) -> list[str]:
    """The categories that a listing stands in, its first one first."""
    row = listing_categories.c
    statement = select(row.path).where(row.company_slug == company_slug, row.sku == sku).order_by(row.position)
    return list(connection.scalars(statement))


def _of_pairs(
    connection: Connection, pairs: pd.DataFrame, statement: Select[Any], *columns: ColumnElement[str]
) -> pd.DataFrame:
    """The rows that are about one of the pairs, once each: any of the one with any of the other are more than these."""
    key = [column.key for column in columns]
    return _in_parts(connection, pairs, statement, *columns).merge(pairs[key]).drop_duplicates(ignore_index=True)


def _in_parts(
    connection: Connection, wanted: pd.DataFrame, statement: Select[Any], *columns: ColumnElement[str]
) -> pd.DataFrame:
    """The rows that have in each of ``columns`` what any row of ``wanted`` has in the one of the same name; those of
    several parts may be repeated."""
    parts = []
    for start in range(0, max(len(wanted), 1), PAIRS_AT_ONCE):
        part = wanted.iloc[start : start + PAIRS_AT_ONCE]
        is_any = (column.in_(part[column.key].unique().tolist()) for column in columns)
        parts.append(frames.fetch(connection, statement.where(*is_any)))
    return pd.concat(parts, ignore_index=True)


def _is(column: ColumnElement[str], value: str | None) -> list[ColumnElement[bool]]:
    return [] if value is None else [column == value]
