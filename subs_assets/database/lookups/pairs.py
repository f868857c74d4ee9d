"""Two companies' trees beside each other: which have one, and the mappings from one to the other in a few columns."""

import pandas as pd
from sqlalchemy import Connection, and_, case, func, select

from subs_assets.database import frames
from subs_assets.database.tables import categories, category_equivalences, category_facets

STATUSES = ("accepted", "proposed", "rejected")


def companies_with_categories(connection: Connection) -> dict[str, int]:
    """The slug of each company that has a tree -> how many categories it has, in order."""
    slug = categories.c.company_slug
    rows = connection.execute(select(slug, func.count()).group_by(slug).order_by(slug))
    return {company: int(count) for company, count in rows}


def nodes(connection: Connection, company_slug: str) -> pd.DataFrame:
    """A company's tree in a few columns: DataFrame[path, name, listings, facet (its kind; null: it is none)], in no
    order."""
    facet = and_(
        category_facets.c.company_slug == categories.c.company_slug, category_facets.c.path == categories.c.path
    )
    statement = (
        select(*categories.c["path", "name", "listings"], category_facets.c.kind.label("facet"))
        .outerjoin(category_facets, facet)
        .where(categories.c.company_slug == company_slug)
    )
    return frames.fetch(connection, statement)


def mappings_between(connection: Connection, company_slug: str, target_company_slug: str) -> pd.DataFrame:
    """The mappings that are used or proposed, from one company to another: accepted ones first, the strongest first.

    DataFrame[path, target_path, relation, status, origin, support].
    """
    mapping = category_equivalences.c
    order = case({status: place for place, status in enumerate(STATUSES)}, value=mapping.status)
    statement = (
        select(*(mapping[name] for name in ("path", "target_path", "relation", "status", "origin", "support")))
        .where(
            mapping.company_slug == company_slug,
            mapping.target_company_slug == target_company_slug,
            mapping.status.in_(STATUSES[:2]),
        )
        .order_by(order, mapping.support.desc(), mapping.path, mapping.target_path)
    )
    return frames.fetch(connection, statement)
