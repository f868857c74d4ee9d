"""Who asks: nobody that we know, a person who signed in here, or one whom a trusted proxy names."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from subs_assets.explorer import sessions
from subs_assets.explorer.access import Access


@dataclass(frozen=True)
class Visitor:
    """``name``: None for nobody that we know. ``form_token``: what this person's forms must bring; empty for nobody.
    ``by_proxy``: a proxy says so, and nobody can sign out here."""

    name: str | None
    form_token: str = ""
    by_proxy: bool = False


def access_of(request: Request) -> Access:
    """Who may do what, as this application was started."""
    found: Access = request.app.state.access
    return found


def cookie_name(request: Request, name: str) -> str:
    """As a cookie is called where this request came."""
    return sessions.cookie_name(name, request.headers.get("host", ""))


def visitor_of(request: Request) -> Visitor:
    """Who asks: as a proxy says, else as the cookie does, else nobody."""
    access = access_of(request)
    name, by_proxy = _named_by_proxy(request, access), True
    if name is None:
        cookie = request.cookies.get(cookie_name(request, sessions.COOKIE), "")
        name, by_proxy = sessions.read_session(access.token, cookie, time.time()), False
    if name is None:
        return Visitor(None)
    return Visitor(name, sessions.form_token(access.token, name), by_proxy)


def _named_by_proxy(request: Request, access: Access) -> str | None:
    """Only a configured proxy's word counts, and only where it says it once."""
    if access.user_header is None or request.client is None or not access.is_proxy(request.client.host):
        return None
    names = [_as_utf_8(name) for name in request.headers.getlist(access.user_header)]
    return names[0].strip() if len(names) == 1 and sessions.is_name(names[0]) else None


def _as_utf_8(header: str) -> str:
    """What proxies send is UTF-8 as a rule; the server hands it over as Latin-1, which a few send."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return header


_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="The token of SUBS_TOKEN, or the one that `subs serve` printed; or nothing, behind a trusted proxy.",
)


def require_token(
    request: Request, brought: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> str | None:
    """Of a program that writes: None where it brought the token and says itself who decided, else whom a trusted proxy
    names. Raises HTTPException."""
    access = access_of(request)
    if (name := _named_by_proxy(request, access)) is not None:
        return name
    if brought is not None and sessions.is_token(access.token, brought.credentials):
        return None
    raise HTTPException(
        HTTPStatus.UNAUTHORIZED,
        "Writing needs the header `Authorization: Bearer TOKEN` with the token of SUBS_TOKEN, or, where that is not "
        "set, with the one that `subs serve` printed.",
        {"WWW-Authenticate": "Bearer"},
    )


KnownVisitor = Annotated[Visitor, Depends(visitor_of)]
