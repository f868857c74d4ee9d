"""The substitution rates of every pair of companies, and how good what they count is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from subs_assets.database import lookups
from subs_assets.database.tables import substitution_rates
from subs_assets.explorer.api.answers import NIGHTLY, NOT_FOUND, Company, Page, ThisNight, all_of, require_company
from subs_assets.explorer.shapes import columns_of, row_shape, rows_of

router = APIRouter(tags=["rates"], responses=NIGHTLY | NOT_FOUND)

Rate: Any = row_shape(
    "Rate",
    columns_of(substitution_rates),
    precision=(
        float | None,
        Field(
            description="Share of labelled pairs that are shown and accepted; null where not measured, or not linked"
        ),
    ),
)


@router.get("/rates", response_model=Page[Rate], summary="Substitution rates of pairs of companies")
def rates(
    night: ThisNight,
    company: Annotated[Company | None, Query(description="Whose products.")] = None,
    target_company: Annotated[Company | None, Query(description="Where the substitutes are sold.")] = None,
) -> Any:
    """Every pair of companies in three settings (`linked`, `siloed`, `null`), all at once."""
    require_company(lookups.companies(night.connection), company, target_company)
    found = lookups.rates(night.connection)
    for column, slug in (("company_slug", company), ("target_company_slug", target_company)):
        found = found if slug is None else found[found[column] == slug]
    precision = lookups.precision_by_pair(night.connection)
    rows = [
        {
            **row,
            "precision": precision.get((row["company_slug"], row["target_company_slug"]))
            if row["setting"] == "linked"
            else None,
        }
        for row in rows_of(found)
    ]
    return all_of(night, rows)
