"""What the buttons do: a decision on one substitute, or whatever a page has people decide, in the name of who has
signed in."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast, get_args

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from subs_assets.database.kept_decisions import DecidedMeanwhile
from subs_assets.explorer.deciding import Said, Unfit, Verdict, keep
from subs_assets.explorer.night import Explored
from subs_assets.explorer.pages.forms import Form, require_own_form, safe_way_back
from subs_assets.explorer.rendering import page
from subs_assets.explorer.visitor import KnownVisitor

router = APIRouter()

KEYS = ("company_slug", "sku", "target_company_slug", "target_sku")


@router.post("/decisions")
def decide(request: Request, visitor: KnownVisitor, form: Form) -> Any:
    name = require_own_form(request, visitor, form)
    verdict = form.get("verdict", "")
    if verdict not in get_args(Verdict) or not all(form.get(key) for key in KEYS):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The form lacks a verdict or one of the two listings.")
    company, sku, target_company, target_sku = (form[key] for key in KEYS)
    said = Said(
        "substitution", company, sku, target_company, target_sku, cast(Verdict, verdict), None, form.get("reason")
    )
    return kept(request, name, form, said)


def kept(request: Request, name: str, form: Mapping[str, str], said: Said) -> Response:
    """Keep it in this name, over the decisions alone that the form says were ``seen``, and lead back; or say who has
    decided meanwhile. Raises HTTPException."""
    explored: Explored = request.app.state.explored
    way_back = safe_way_back(form.get("back", "/"))
    with explored.night() as night:
        try:
            keep(night.connection, explored.settings, said, name, only_over=form.get("seen", "").split(","))
        except Unfit as unfit:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(unfit)) from None
        except DecidedMeanwhile as problem:
            return page(
                request, "refusal.html", HTTPStatus.CONFLICT, title="Decided meanwhile", sentences=[f"{problem}."],
                way_back=way_back,
            )  # fmt: skip
    return RedirectResponse(way_back, HTTPStatus.SEE_OTHER)
