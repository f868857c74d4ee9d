"""From category to category: equivalences, their evidence, absences, and how far each company is mapped."""

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, and_, func, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import given
from subs_assets.database.tables import categories as categories_table
from subs_assets.database.tables import (
    category_absences,
    category_equivalences,
    category_evidence,
    category_facets,
    listing_shelves,
    listings,
)

ANSWERS = ("above", "parts", "undecided", "none")
"""Of ``category_absences``: from what another category answers for to where there is nothing of the kind."""


def equivalences(
    connection: Connection,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
    path: str | None = None,
    target_path: str | None = None,
) -> pd.DataFrame:
    """Category equivalences in the form of their table, of one company, to one company, of or to one category, or
    all."""
    wanted = {
        "company_slug": company_slug,
        "target_company_slug": target_company_slug,
        "path": path,
        "target_path": target_path,
    }
    return frames.read(connection, category_equivalences, **given(wanted))


def equivalences_page(
    connection: Connection,
    company_slug: str | None,
    target_company_slug: str | None,
    path: str | None,
    status: str | None,
    limit: int,
    offset: int,
) -> pd.DataFrame:
    """Some of ``equivalences``, of one status or all."""
    wanted = {
        "company_slug": company_slug,
        "target_company_slug": target_company_slug,
        "path": path,
        "status": status,
    }
    return frames.read_page(connection, category_equivalences, given(wanted), limit, offset)


def evidence(
    connection: Connection,
    company_slug: str,
    target_company_slug: str,
    path: str | None = None,
    target_path: str | None = None,
) -> pd.DataFrame:
    """The strongest pairs of listings behind one company's mappings to another, or behind those of one category, or
    behind one mapping, in the form of their table."""
    wanted = {
        "company_slug": company_slug,
        "target_company_slug": target_company_slug,
        "path": path,
        "target_path": target_path,
    }
    return frames.read(connection, category_evidence, **given(wanted))


def absences(
    connection: Connection,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
    path: str | None = None,
) -> pd.DataFrame:
    """Categories without an accepted mapping, in the form of ``category_absences``; filtered like ``equivalences``."""
    wanted = {"company_slug": company_slug, "target_company_slug": target_company_slug, "path": path}
    return frames.read(connection, category_absences, **given(wanted))


def mapping_counts(
    connection: Connection, company_slug: str | None = None, target_company_slug: str | None = None
) -> pd.DataFrame:
    """How far each company's categories are mapped to each other company.

    DataFrame[company_slug, target_company_slug, categories, mapped, above, parts, undecided, none, facets, listings,
    mapped_listings], a row a pair, sorted. The counts from ``mapped`` to ``facets`` add up to ``categories`` where the
    other company has categories at all. A listing is mapped when it stands on a shelf with an accepted mapping.
    """
    pair = ["company_slug", "target_company_slug"]
    accepted = (
        select(*category_equivalences.c[*pair, "path"])
        .where(category_equivalences.c.status == "accepted")
        .distinct()
        .subquery("accepted")
    )
    on_its_shelf = and_(
        listing_shelves.c.company_slug == accepted.c.company_slug, listing_shelves.c.path == accepted.c.path
    )
    own = {
        name: _counted(connection, select(table.c.company_slug), ["company_slug"])
        for name, table in (("categories", categories_table), ("facets", category_facets), ("listings", listings))
    }
    answers = _counted(connection, select(*category_absences.c[*pair, "answer"]), [*pair, "answer"])
    between = {
        "mapped": _counted(connection, select(*accepted.c[*pair]), pair),
        "mapped_listings": _counted(
            connection,
            select(*accepted.c[*pair], listing_shelves.c.sku)
            .join_from(accepted, listing_shelves, on_its_shelf)
            .distinct(),
            pair,
        ),
    }
    companies = sorted(company for (company,) in own["listings"])
    rows = [
        {
            **dict(zip(pair, key, strict=True)),
            **{name: counts.get(key[:1], 0) for name, counts in own.items()},
            **{name: counts.get(key, 0) for name, counts in between.items()},
            **{answer: answers.get((*key, answer), 0) for answer in ANSWERS},
        }
        for key in ((one, other) for one in companies for other in companies if one != other)
        if company_slug in (None, key[0]) and target_company_slug in (None, key[1])
    ]
    columns = [*pair, "categories", "mapped", *ANSWERS, "facets", "listings", "mapped_listings"]
    return pd.DataFrame(rows, columns=columns)


def _counted(connection: Connection, rows: Select[Any], by: list[str]) -> dict[tuple[str, ...], int]:
    """Values of the columns ``by`` -> how many rows have them."""
    inner = rows.subquery("counted")
    keys = [inner.c[name] for name in by]
    found = connection.execute(select(*keys, func.count()).group_by(*keys))
    return {tuple(key): int(count) for *key, count in found}
