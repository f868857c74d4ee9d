"""One company's tree beside another company: how each of its categories is mapped there, or why it is not."""

import pandas as pd
from sqlalchemy import Connection, and_, func, select

from subs_assets.database import frames
from subs_assets.database.tables import categories, category_absences, category_equivalences, category_facets


def coverage(connection: Connection, company_slug: str, target_company_slug: str) -> pd.DataFrame:
    """A row for each of a company's categories, sorted by path: a branch stands together.

    DataFrame[path, name, depth, is_leaf, own_listings, listings, facet (its kind; null: it is none), accepted, proposed
    (how many mappings to the other company), answer, through_path, candidate_path, reason (of ``category_absences``;
    null where something is accepted)].
    """
    mapping = category_equivalences.c
    counts = [func.count().filter(mapping.status == status).label(status) for status in ("accepted", "proposed")]
    mapped = (
        select(mapping.path, *counts)
        .where(mapping.company_slug == company_slug, mapping.target_company_slug == target_company_slug)
        .group_by(mapping.path)
        .subquery("mapped")
    )
    absent = and_(
        category_absences.c.company_slug == categories.c.company_slug,
        category_absences.c.path == categories.c.path,
        category_absences.c.target_company_slug == target_company_slug,
    )
    facet = and_(
        category_facets.c.company_slug == categories.c.company_slug, category_facets.c.path == categories.c.path
    )
    statement = (
        select(
            *categories.c["path", "name", "depth", "is_leaf", "own_listings", "listings"],
            category_facets.c.kind.label("facet"),
            *(func.coalesce(mapped.c[count.name], 0).label(count.name) for count in counts),
            *category_absences.c["answer", "through_path", "candidate_path", "reason"],
        )
        .select_from(categories)
        .outerjoin(category_facets, facet)
        .outerjoin(mapped, mapped.c.path == categories.c.path)
        .outerjoin(category_absences, absent)
        .where(categories.c.company_slug == company_slug)
        .order_by(categories.c.path)
    )
    return frames.fetch(connection, statement)
