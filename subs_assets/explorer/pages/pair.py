"""One company's products on the way to another: how many arrive, and where the others are lost."""

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException

from subs_assets.database import lookups
from subs_assets.explorer.rendering import page

router = APIRouter()


@router.get("/rates/{company}/{target}")
def pair(request: Request, company: str, target: str) -> Any:
    with request.app.state.explored.night() as night:
        rates = lookups.rates(night.connection)
        here = rates[(rates["company_slug"] == company) & (rates["target_company_slug"] == target)]
        if here.empty:
            known = ", ".join(sorted(rates["company_slug"].unique()))
            raise HTTPException(
                404, f"Nothing is published about {company[:100]} and {target[:100]}; there are {known}."
            )
        losses = lookups.losses(night.connection, company, target)
        precision = lookups.precision_by_pair(night.connection).get((company, target))
    total = int(losses["products"].sum())
    stages = [
        {
            "stage": row.stage,
            "products": int(row.products),
            "share": row.products / total,
            "examples": json.loads(row.examples),
        }
        for row in losses.itertuples(index=False)
    ]
    by_setting = {row.setting: row for row in here.itertuples(index=False)}
    return page(
        request, "pair.html", company=company, target=target, total=total, stages=stages, rates=by_setting,
        precision=precision,
    )  # fmt: skip
