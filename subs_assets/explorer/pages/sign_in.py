"""Signing in with the token and a name, and out again."""

import time
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from subs_assets.explorer import sessions
from subs_assets.explorer.pages.forms import Form, safe_way_back
from subs_assets.explorer.rendering import page
from subs_assets.explorer.visitor import access_of, cookie_name

router = APIRouter()


@router.get("/sign-in")
def ask(request: Request, back: str = "/") -> Any:
    return _asked(request, safe_way_back(back))


@router.post("/sign-in")
def sign_in(request: Request, form: Form) -> Any:
    access, back, name = access_of(request), safe_way_back(form.get("back", "/")), form.get("name", "").strip()
    if not sessions.is_name(name):
        wrong = (
            f"Say who you are, on one line, in {sessions.LONGEST_NAME} characters at most: decisions are kept with it."
        )
        return _asked(request, back, name, wrong)
    if not sessions.is_token(access.token, form.get("token", "").strip()):
        return _asked(request, back, name, "This is not the token.")
    response = RedirectResponse(back, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        cookie_name(request, sessions.COOKIE),
        sessions.make_session(access.token, name, time.time()),
        max_age=sessions.LASTS_SECONDS,
        httponly=True,
        samesite="lax",
        secure=is_encrypted(request),
    )
    return response


@router.post("/sign-out")
def sign_out(request: Request, form: Form) -> Any:
    """Nothing but the guard's check: to be signed out by another site's page would harm nobody."""
    response = RedirectResponse(safe_way_back(form.get("back", "/")), HTTPStatus.SEE_OTHER)
    response.delete_cookie(cookie_name(request, sessions.COOKIE), httponly=True, samesite="lax")
    return response


def _asked(request: Request, back: str, name: str = "", wrong: str | None = None) -> Any:
    status = HTTPStatus.OK if wrong is None else HTTPStatus.UNPROCESSABLE_ENTITY
    is_made_up = access_of(request).is_made_up
    return page(request, "sign_in.html", status, back=back, name=name, wrong=wrong, is_made_up=is_made_up)


def is_encrypted(request: Request) -> bool:
    """To a proxy of ours the browser may speak TLS, which ends there."""
    client = request.client.host if request.client else ""
    said = request.headers.get("x-forwarded-proto", "") if access_of(request).is_proxy(client) else ""
    return "https" in (request.url.scheme, said)
