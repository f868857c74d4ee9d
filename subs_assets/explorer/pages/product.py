"""One product: what it is sold for, what to buy instead by company, and what people have decided about that."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException

from subs_assets.database import kept_decisions, lookups
from subs_assets.explorer import words
from subs_assets.explorer.addresses import category_address
from subs_assets.explorer.night import Explored, Night
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import row_of, rows_of
from subs_assets.review.decided import said_with_reason
from subs_assets.substitution.rows import SCORE_OWES

router = APIRouter()

Row = dict[str, Any]


@router.get("/products/{product_id:path}")
def product(request: Request, product_id: str) -> Any:
    explored: Explored = request.app.state.explored
    with explored.night() as night:
        found = lookups.product_row(night.connection, product_id) if "\0" not in product_id else None
        if found is None:
            raise HTTPException(404, "No product with this id is published; it may have got another: search for it.")
        own = lookups.listings_of(night.connection, product_id)
        keys = list(zip(own["company_slug"], own["sku"], strict=True))
        standing = lookups.paths_of_listings(night.connection, keys)
        substitutes = lookups.substitutes_of(night.connection, product_id)
        outcomes = rows_of(lookups.outcomes_of(night.connection, product_id))
        decided = decisions_of(night, explored, own)
    shown = [_told(row, found["unit"]) for row in rows_of(substitutes)]
    return page(
        request,
        "product.html",
        product=row_of(found),
        listings=[
            {**_priced(row), "paths": standing.get((row["company_slug"], row["sku"]), [])} for row in rows_of(own)
        ],
        category_address=category_address,
        companies=by_company(shown, outcomes, decided),
        apart=[one for one in decided if not any(_is_about(one, row) for row in shown)],
    )


def decisions_of(night: Night, explored: Explored, own: pd.DataFrame) -> list[Row]:
    """People's decisions on what replaces any of these listings: the keys, ``verdict``, ``said``, ``decided_at``,
    and the other side's ``substitute_id`` and ``name`` where it is still sold."""
    keys = list(zip(own["company_slug"], own["sku"], strict=True))
    kept = explored.of_control(lambda engine: kept_decisions.decisions_on_substitutes_of(engine, keys))
    if kept is None:
        return []
    skus = set(kept["target_subject"])
    listed = lookups.products_of_listings(night.connection, set(kept["target_company_slug"]), skus)
    sold = zip(listed["company_slug"], listed["sku"], strict=True)
    product_of = dict(zip(sold, listed["product_id"], strict=True))
    names = lookups.listing_names(night.connection, skus)
    return [
        {
            "company_slug": row.company_slug,
            "sku": row.subject,
            "target_company_slug": row.target_company_slug,
            "target_sku": row.target_subject,
            "verdict": row.verdict,
            "said": said_with_reason(row),
            "decided_at": row.decided_at,
            "substitute_id": product_of.get((row.target_company_slug, row.target_subject)),
            "name": names.get((row.target_company_slug, row.target_subject)),
        }
        for row in kept.itertuples(index=False)
    ]


def by_company(substitutes: Sequence[Row], outcomes: Sequence[Row], decided: Sequence[Row]) -> list[Row]:
    """A group for each company, those with substitutes first: its rows, each with the decisions on it and when all on
    the same two products were made, or the stage at which the search ended there."""
    groups: dict[str, Row] = {}
    for row in substitutes:
        group = groups.setdefault(row["company_slug"], {"company_slug": row["company_slug"], "rows": [], "lost": None})
        decisions = [one for one in decided if _is_about(one, row)]
        group["rows"].append({**row, "decisions": decisions, "seen": _seen(decided, row["substitute_id"])})
    for outcome in outcomes:
        slug = outcome["target_company_slug"]
        if slug not in groups:
            groups[slug] = {"company_slug": slug, "rows": [], "lost": outcome}
    return sorted(groups.values(), key=lambda group: (not group["rows"], group["company_slug"]))


def _seen(decided: Sequence[Row], substitute_id: str) -> str:
    return ",".join(sorted({one["decided_at"] for one in decided if one["substitute_id"] == substitute_id}))


def _is_about(decision: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """A rejection holds wherever the substitute is sold, an acceptance at its company."""
    if decision["substitute_id"] != row["substitute_id"]:
        return False
    return decision["verdict"] == "reject" or decision["target_company_slug"] == row["company_slug"]


def _told(row: Row, unit: str | None) -> Row:
    return {
        **row,
        "packs": words.packs(row["pack_ratio"]),
        "difference": words.price_difference(row["unit_price_ratio"], unit),
        "reasons": [reason for reason in row["reasons"] if not reason.startswith(SCORE_OWES)],
        "score_owes": [reason for reason in row["reasons"] if reason.startswith(SCORE_OWES)],
    }


def _priced(row: Row) -> Row:
    return {**row, "per_unit": words.unit_price(row["unit_price"], row["currency"], row["unit"])}
