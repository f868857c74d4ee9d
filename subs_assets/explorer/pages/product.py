"""One product: what it is sold for, what to buy instead by company, and what people have decided about that."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException

from subs_assets.database import kept_decisions, lookups
from subs_assets.explorer import addresses, lost, offered, words
from subs_assets.explorer.company_names import by_name
from subs_assets.explorer.night import Explored, Night
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import row_of, rows_of
from subs_assets.review.decided import said_with_reason
from subs_assets.substitution.levels import BY_SHELF
from subs_assets.substitution.review import NOTHING_THERE
from subs_assets.substitution.rows import LEVEL_RULES, SCORE_OWES

router = APIRouter()

Row = dict[str, Any]

MISSES_SHOWN = 6
"""Before the others are folded: of forty companies most may have nothing."""

LEVELS = [*LEVEL_RULES.values(), f"level {BY_SHELF}: alike, in the same category or in one that is mapped to it"]


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
        nearest = lookups.cheapest_offers(
            night.connection,
            {one["nearest_id"] for one in outcomes if one["nearest_id"]},
            {one["target_company_slug"] for one in outcomes},
        )
        decided = decisions_of(night, explored, own)
        shown_from = request.app.state.worked_out.answer(
            night.mark, "shown_from", lambda: lost.shown_from(explored.settings)
        )
    names = request.app.state.company_names
    sold = rows_of(own)
    cheapest = offered.cheapest_per_unit(sold)
    shown = [_told(row, found) for row in rows_of(substitutes)]
    there = {row["company_slug"] for row in shown}
    nothing = [one for one in outcomes if one["target_company_slug"] not in there]
    missed = misses(nothing, nearest, found, cheapest, shown_from, names)
    missed_at = {row["company_slug"] for row in missed}
    return page(
        request,
        "product.html",
        product=row_of(found),
        listings=[
            {**offered.priced({**row, "pack_ratio": None, "unit_price_ratio": None}, found),
             "paths": standing.get((row["company_slug"], row["sku"]), [])}
            for row in sold
        ],
        cheapest=cheapest and words.unit_price(cheapest["unit_price"], cheapest["currency"], cheapest["unit"]),
        cheapest_at=cheapest and cheapest["company_slug"],
        category_address=addresses.category_address,
        companies=by_company(with_decisions(shown, decided), names),
        missed=with_decisions(missed, decided),
        without=without_any([one for one in nothing if one["target_company_slug"] not in missed_at], standing, names),
        is_searched=bool(outcomes),
        apart=[one for one in decided if not any(_is_about(one, row) for row in [*shown, *missed])],
        shown_from=shown_from,
        levels=LEVELS,
        MISSES_SHOWN=MISSES_SHOWN,
    )  # fmt: skip


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


def with_decisions(rows: Sequence[Row], decided: Sequence[Row]) -> list[Row]:
    """Each with the ``decisions`` on it, and ``seen``: when all on the same two products were made."""
    return [
        {**row, "decisions": [one for one in decided if _is_about(one, row)], "seen": _seen(decided, row)}
        for row in rows
    ]


def by_company(substitutes: Sequence[Row], names: Mapping[str, str]) -> list[Row]:
    """A group for each company, in the order of their names: ``company_slug``, ``rows``."""
    groups: dict[str, list[Row]] = {}
    for row in substitutes:
        groups.setdefault(row["company_slug"], []).append(row)
    return [{"company_slug": slug, "rows": groups[slug]} for slug in by_name(groups, names)]


def misses(
    nothing: Sequence[Row],
    nearest: Mapping[tuple[str, str], Row],
    product: Mapping[str, Any],
    cheapest: Mapping[str, Any] | None,
    shown_from: float | None,
    names: Mapping[str, str],
) -> list[Row]:
    """The nearest miss at each company that has one, in the form of a shown substitute, with ``stage``, ``score``,
    ``sentence`` and ``particulars``; first those that fail by their score alone, then by score."""
    rows = []
    for one in nothing:
        offer = nearest.get((one["nearest_id"], one["target_company_slug"]))
        if offer is None:
            continue
        ratios = {
            "pack_ratio": offered.pack_ratio(product, offer),
            "unit_price_ratio": offered.unit_price_ratio(cheapest, offer),
        }
        rows.append(
            {
                **offered.priced({**offer, **ratios}, product),
                "substitute_id": one["nearest_id"],
                "stage": one["stage"],
                "sentence": lost.sentence(one["stage"], names.get(one["company_slug"], one["company_slug"])),
                "particulars": lost.particulars(one["stage"], one["detail"], one["nearest_score"], shown_from),
                "score": one["nearest_score"],
            }
        )
    return sorted(rows, key=lambda row: (row["stage"] != NOTHING_THERE, -(row["score"] or 0.0)))


def without_any(
    nothing: Sequence[Row], standing: Mapping[tuple[str, str], Sequence[str]], names: Mapping[str, str]
) -> list[Row]:
    """Companies without even a near miss, together where the search from one company's shelves ended at the same stage:
    ``from_company_slug``, ``sentence``, ``companies``, and the ``paths`` of the categories, where the cause is seen."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in nothing:
        groups.setdefault((one["stage"], one["company_slug"]), []).append(one["target_company_slug"])
    paths_at: dict[str, list[str]] = {}
    for (slug, _), paths in standing.items():
        paths_at[slug] = list(dict.fromkeys([*paths_at.get(slug, []), *(path for path in paths if path != "[]")]))
    return [
        {
            "from_company_slug": slug,
            "sentence": lost.sentence(stage, names.get(slug, slug)),
            "companies": by_name(targets, names),
            "paths": paths_at.get(slug, []),
        }
        for (stage, slug), targets in groups.items()
    ]


def _seen(decided: Sequence[Row], row: Row) -> str:
    return ",".join(sorted({one["decided_at"] for one in decided if one["substitute_id"] == row["substitute_id"]}))


def _is_about(decision: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """A rejection holds wherever the substitute is sold, an acceptance at its company."""
    if decision["substitute_id"] != row["substitute_id"]:
        return False
    return decision["verdict"] == "reject" or decision["target_company_slug"] == row["company_slug"]


def _told(row: Row, product: Mapping[str, Any]) -> Row:
    return {
        **offered.priced(row, product),
        "reasons": [reason for reason in row["reasons"] if not reason.startswith(SCORE_OWES)],
        "score_owes": [reason for reason in row["reasons"] if reason.startswith(SCORE_OWES)],
    }
