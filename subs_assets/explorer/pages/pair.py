"""One company's products on the way to another: how many arrive, and where the others are lost."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from subs_assets.database import lookups
from subs_assets.explorer import lost, words
from subs_assets.explorer.company_names import name_of
from subs_assets.explorer.limits import LONGEST_TEXT, MOST_OFFSET, Text
from subs_assets.explorer.night import Explored
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import rows_of

router = APIRouter()

PRODUCTS_SHOWN = 50

Row = dict[str, Any]


@router.get("/rates/{company}/{target}")
def pair(
    request: Request,
    company: str,
    target: str,
    stage: Annotated[Text, Query(max_length=LONGEST_TEXT)] = "",
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET)] = 0,
) -> Any:
    """All stages with a few products each, or page by page all of one ``stage``."""
    explored: Explored = request.app.state.explored
    with explored.night() as night:
        rates = lookups.rates(night.connection)
        here = rates[(rates["company_slug"] == company) & (rates["target_company_slug"] == target)]
        if here.empty:
            known = ", ".join(sorted(rates["company_slug"].unique()))
            raise HTTPException(
                404, f"Nothing is published about {company[:100]} and {target[:100]}; there are {known}."
            )
        stages = [
            {**row, "examples": json.loads(row["examples"])}
            for row in rows_of(lookups.losses(night.connection, company, target))
        ]
        total = sum(one["products"] for one in stages)
        chosen = [one for one in stages if one["stage"] == stage]
        if stage and not chosen:
            raise HTTPException(404, "No product ends at this stage; leave out ?stage= to see those that there are.")
        if chosen:
            shown = lookups.outcomes_page(night.connection, company, target, stage, PRODUCTS_SHOWN, offset)
            chosen[0]["examples"] = rows_of(shown)
        shown_from = request.app.state.worked_out.answer(
            night.mark, "shown_from", lambda: lost.shown_from(explored.settings)
        )
        told = [
            {
                **one,
                "share": one["products"] / total,
                "sentence": lost.sentence(one["stage"], name_of(request, company)),
                "examples": _told(night.connection, one, company, target, shown_from),
            }
            for one in chosen or stages
        ]
        precision = lookups.precision_by_pair(night.connection).get((company, target))
    return page(
        request,
        "pair.html",
        company=company,
        target=target,
        total=total,
        stages=told,
        rates={row.setting: row for row in here.itertuples(index=False)},
        precision=precision,
        chosen=chosen[0]["stage"] if chosen else None,
        pages=words.pages(chosen[0]["products"], PRODUCTS_SHOWN, offset) if chosen else None,
    )


def _told(
    connection: Connection, stage: Mapping[str, Any], company: str, target: str, shown_from: float | None
) -> Sequence[Row]:
    """The products of a stage, each with ``offer`` and ``nearest``, the cheapest listings of both, and
    ``particulars``."""
    examples = stage["examples"]
    ids = {one[key] for one in examples for key in ("product_id", "nearest_id") if one[key]}
    offers = lookups.cheapest_offers(connection, ids, {company, target})
    return [
        {
            **one,
            "offer": offers.get((one["product_id"], company)),
            "nearest": offers.get((one["nearest_id"], target)),
            "particulars": lost.particulars(stage["stage"], one["detail"], one["nearest_score"], shown_from),
        }
        for one in examples
    ]
