"""Category equivalences: which categories of two companies hold the same kind of thing."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query

from subs_assets.catalogue import category_path
from subs_assets.database import lookups
from subs_assets.database.tables import category_equivalences
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
from subs_assets.explorer.limits import Text
from subs_assets.explorer.shapes import columns_of, row_shape, rows_of

router = APIRouter(tags=["equivalences"], responses=NIGHTLY | NOT_FOUND)

Equivalence: Any = row_shape("Equivalence", columns_of(category_equivalences))


class Status(StrEnum):
    """Which mappings are asked for."""

    ACCEPTED = "accepted"
    PROPOSED = "proposed"
    REJECTED = "rejected"


@router.get("/equivalences", response_model=Page[Equivalence], summary="Mappings between categories")
def equivalences(
    night: ThisNight,
    rows: TheseRows,
    company: Annotated[Company | None, Query(description="Whose categories.")] = None,
    target_company: Annotated[Company | None, Query(description="At which company their counterparts are.")] = None,
    path: Annotated[
        list[Text], Query(max_length=20, description="One category: the names from the root down, a parameter each.")
    ] = [],  # noqa: B006 (FastAPI copies it)
    status: Annotated[Status | None, Query(description="Only accepted ones are used for substitutions.")] = None,
) -> Any:
    """Directed: `relation` says what the target is to the category (SKOS)."""
    require_company(lookups.companies(night.connection), company, target_company)
    wanted = category_path.encode(path) if path else None
    found = lookups.equivalences_page(
        night.connection, company, target_company, wanted, status, rows.limit + 1, rows.offset
    )
    return page_of(night, rows_of(found), rows)
