"""Each company's own categories, and which of them are facets."""

import pandas as pd
from sqlalchemy import Connection

from subs_assets.database import frames
from subs_assets.database.lookups.rows import given
from subs_assets.database.tables import categories as categories_table
from subs_assets.database.tables import category_facets


def categories(connection: Connection, company_slug: str | None = None) -> pd.DataFrame:
    """The nodes of one company's tree, or of all, in the form of the table ``categories``."""
    return frames.read(connection, categories_table, **given({"company_slug": company_slug}))


def facets(connection: Connection, company_slug: str | None = None, path: str | None = None) -> pd.DataFrame:
    """Facets in the form of ``category_facets``, of one company, of one path, or all."""
    return frames.read(connection, category_facets, **given({"company_slug": company_slug, "path": path}))
