"""Each company's own categories, and which of them are facets."""

from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import given
from subs_assets.database.tables import categories as categories_table
from subs_assets.database.tables import category_facets


def categories(connection: Connection, company_slug: str | None = None) -> pd.DataFrame:
    """The nodes of one company's tree, or of all, in the form of the table ``categories``."""
    return frames.read(connection, categories_table, **given({"company_slug": company_slug}))


def category_row(connection: Connection, company_slug: str, path: str) -> dict[str, Any] | None:
    """One node in the form of the table ``categories``; None where none is published."""
    row = categories_table.c
    statement = select(categories_table).where(row.company_slug == company_slug, row.path == path)
    found = connection.execute(statement).mappings().first()
    return None if found is None else dict(found)


def categories_page(connection: Connection, company_slug: str | None, limit: int, offset: int) -> pd.DataFrame:
    """Some of ``categories``."""
    return frames.read_page(connection, categories_table, given({"company_slug": company_slug}), limit, offset)


def facets(connection: Connection, company_slug: str | None = None, path: str | None = None) -> pd.DataFrame:
    """Facets in the form of ``category_facets``, of one company, of one path, or all."""
    return frames.read(connection, category_facets, **given({"company_slug": company_slug, "path": path}))
