"""Listings by words, a sku or a barcode."""

from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Request

from subs_assets.database import lookups
from subs_assets.explorer.api.answers import next_offset
from subs_assets.explorer.limits import LONGEST_QUERY, MOST_OFFSET, Text
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import rows_of

router = APIRouter()

LISTINGS_SHOWN = 50


@router.get("/search")
def search(
    request: Request,
    q: Annotated[Text, Query(max_length=LONGEST_QUERY)] = "",
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET)] = 0,
) -> Any:
    asked = q.strip()
    with request.app.state.explored.night() as night:
        found = lookups.search(night.connection, asked, LISTINGS_SHOWN, offset) if asked else None
    return page(
        request,
        "search.html",
        q=asked,
        found=found,
        products=[] if found is None else by_product(found.listings),
        next_offset=None if found is None else next_offset(found.total, LISTINGS_SHOWN, offset),
        offset=offset,
    )


def by_product(found: pd.DataFrame) -> list[dict[str, Any]]:
    """The products of these listings, in the order of each one's first; each with its ``listings``."""
    products: dict[str, dict[str, Any]] = {}
    for row in rows_of(found):
        first = {"product_id": row["product_id"], "name": row["name"], "brand": row["brand"], "listings": []}
        products.setdefault(row["product_id"], first)["listings"].append(row)
    return list(products.values())
