"""What to buy instead of a product, and where nothing is found, where the search for it ended."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from subs_assets.database import lookups
from subs_assets.database.tables import listings, substitution_outcomes, substitutions
from subs_assets.explorer.api.answers import (
    NIGHTLY,
    NOT_FOUND,
    Company,
    Page,
    ThisNight,
    all_of,
    not_found,
    require_company,
)
from subs_assets.explorer.limits import LONGEST_TEXT, MOST_ROWS, Text
from subs_assets.explorer.shapes import row_shape, rows_of

router = APIRouter(tags=["substitutes"], responses=NIGHTLY | NOT_FOUND)

Substitute: Any = row_shape(
    "Substitute",
    [
        *substitutions.c["company_slug", "substitute_id"],
        *listings.c["sku", "name", "brand", "size_text", "price", "currency", "unit_price"],
        *substitutions.c["level", "score", "rank", "pack_ratio", "unit_price_ratio", "reasons"],
    ],
)
Lost: Any = row_shape(
    "Lost",
    [
        *substitution_outcomes.c["target_company_slug", "stage", "detail", "nearest_id", "nearest_score"],
    ],
    nearest_name=(str | None, None),
)


class Substitutes(Page[Substitute]):
    """``lost``: companies where nothing is found."""

    lost: list[Lost]


@router.get("/substitutes", response_model=Substitutes, summary="What to buy instead of a product")
def substitutes(
    night: ThisNight,
    product_id: Annotated[Text, Query(max_length=LONGEST_TEXT, description=substitutions.c.product_id.doc)],
    company: Annotated[Company | None, Query(description="Only what is sold there.")] = None,
    level: Annotated[int | None, Query(ge=1, le=5, description="Only this level and stronger (lower) ones.")] = None,
    min_score: Annotated[float, Query(ge=0, le=1, description="Only scores from here on.")] = 0.0,
    cheaper: Annotated[bool, Query(description="Only what costs less by unit price.")] = False,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows for each company, the best.")] = 10,
) -> Any:
    """By company, the best first; `lost` says where the search ended at companies without any (whatever the filters
    leave out)."""
    require_company(lookups.companies(night.connection), company)
    if lookups.product_row(night.connection, product_id) is None:
        raise not_found(f'No product "{product_id}" is published; /api/v1/products?q= finds products.')
    best = lookups.substitutes_of(night.connection, product_id, company, level, min_score, cheaper, limit)
    outcomes = lookups.outcomes_of(night.connection, product_id)
    lost = outcomes[outcomes["stage"] != "found"]
    if company is not None:
        lost = lost[lost["target_company_slug"] == company]
    return {**all_of(night, rows_of(best)), "lost": rows_of(lost)}
