"""What the buttons on a product's page do: a decision on one substitute, in the name of who has signed in."""

from http import HTTPStatus
from typing import Any, cast, get_args

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from subs_assets.explorer import sessions
from subs_assets.explorer.deciding import Said, Unfit, Verdict, keep
from subs_assets.explorer.night import Explored
from subs_assets.explorer.pages.forms import Form, safe_way_back
from subs_assets.explorer.visitor import KnownVisitor, access_of

router = APIRouter()

KEYS = ("company_slug", "sku", "target_company_slug", "target_sku")


@router.post("/decisions")
def decide(request: Request, visitor: KnownVisitor, form: Form) -> Any:
    if visitor.name is None:
        raise HTTPException(HTTPStatus.FORBIDDEN, "Nobody has signed in, or it was twelve hours ago: sign in again.")
    if not sessions.is_form_token(access_of(request).token, visitor.name, form.get("form_token", "")):
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "This form is not of your pages: go back, reload the page, try again."
        )
    verdict = form.get("verdict", "")
    if verdict not in get_args(Verdict) or not all(form.get(key) for key in KEYS):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The form lacks a verdict or one of the two listings.")
    company, sku, target_company, target_sku = (form[key] for key in KEYS)
    said = Said(
        "substitution", company, sku, target_company, target_sku, cast(Verdict, verdict), None, form.get("reason")
    )
    explored: Explored = request.app.state.explored
    with explored.night() as night:
        try:
            keep(night.connection, explored.settings, said, visitor.name, only_over=[form.get("seen", "")])
        except Unfit as unfit:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(unfit)) from None
    return RedirectResponse(safe_way_back(form.get("back", "/")), HTTPStatus.SEE_OTHER)
