"""Listings by words, a sku or a barcode."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Request

from subs_assets.catalogue import category_path
from subs_assets.database import lookups
from subs_assets.explorer import words
from subs_assets.explorer.addresses import category_address
from subs_assets.explorer.company_names import by_name
from subs_assets.explorer.limits import LONGEST_QUERY, LONGEST_TEXT, MOST_OFFSET, Text
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import rows_of

router = APIRouter()

LISTINGS_SHOWN = 50

Row = dict[str, Any]


@router.get("/search")
def search(
    request: Request,
    q: Text = "",
    company: Annotated[Text, Query(max_length=LONGEST_TEXT)] = "",
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET)] = 0,
) -> Any:
    asked = q.strip()
    is_too_long = len(asked) > LONGEST_QUERY
    names = request.app.state.company_names
    with request.app.state.explored.night() as night:
        companies = by_name(lookups.companies(night.connection), names)
        found = (
            lookups.search(night.connection, asked, LISTINGS_SHOWN, offset, company or None)
            if asked and not is_too_long
            else None
        )
        products = [] if found is None else by_product(found.listings)
        keys = [(row["company_slug"], row["sku"]) for one in products for row in one["listings"]]
        paths = lookups.paths_of_listings(night.connection, keys)
        counts = lookups.substitute_counts(night.connection, [one["product_id"] for one in products])
    return page(
        request,
        "search.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if is_too_long else HTTPStatus.OK,
        q=asked[:LONGEST_QUERY],
        longest=LONGEST_QUERY,
        length=len(asked),
        company=company,
        companies=companies,
        found=found,
        products=[
            {
                **one,
                "counts": counts.get(one["product_id"]),
                "listings": [_told(row, paths) for row in one["listings"]],
            }
            for one in products
        ],
        pages=None if found is None else words.pages(found.total, LISTINGS_SHOWN, offset),
        category_address=category_address,
        offset=offset,
    )


def _told(row: Row, paths: Mapping[tuple[str, str], Sequence[str]]) -> Row:
    """With ``per_unit``, and ``path``: its first category, None where it stands in none."""
    own = [path for path in paths.get((row["company_slug"], row["sku"]), []) if path != category_path.ROOT]
    per_unit = words.unit_price(row["unit_price"], row["currency"], row["unit"])
    return {**row, "per_unit": per_unit, "path": next(iter(own), None)}


def by_product(found: pd.DataFrame) -> list[Row]:
    """The products of these listings, in the order of each one's first; each with its ``listings``."""
    products: dict[str, Row] = {}
    for row in rows_of(found):
        first = {"product_id": row["product_id"], "name": row["name"], "brand": row["brand"], "listings": []}
        products.setdefault(row["product_id"], first)["listings"].append(row)
    return list(products.values())
