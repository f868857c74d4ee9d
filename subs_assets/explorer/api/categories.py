"""The nodes of the companies' category trees."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from subs_assets.database import lookups
from subs_assets.database.tables import categories as categories_table
from subs_assets.explorer.api.answers import (
    NIGHTLY,
    NOT_FOUND,
    Company,
    Page,
    TheseRows,
    ThisNight,
    page_of,
    require_company,
)
from subs_assets.explorer.shapes import columns_of, row_shape, rows_of

router = APIRouter(tags=["categories"], responses=NIGHTLY | NOT_FOUND)

Category: Any = row_shape("Category", columns_of(categories_table))


@router.get("/categories", response_model=Page[Category], summary="Category trees")
def categories(
    night: ThisNight,
    rows: TheseRows,
    company: Annotated[Company | None, Query(description="Whose tree; else all.")] = None,
) -> Any:
    """Sorted by company and path, so that a branch stands together."""
    require_company(lookups.companies(night.connection), company)
    found = lookups.categories_page(night.connection, company, rows.limit + 1, rows.offset)
    return page_of(night, rows_of(found), rows)
