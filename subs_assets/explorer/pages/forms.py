"""What a form of ours has sent: read in full, of bounded size, and held against its person."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from subs_assets.explorer import sessions
from subs_assets.explorer.limits import (
    LONGEST_ADDRESS,
    LONGEST_BODY,
    LONGEST_PATH,
    LONGEST_REASON,
    LONGEST_TEXT,
    fit_for_databases,
)
from subs_assets.explorer.visitor import Visitor, access_of

MOST_FIELDS = 20

LONGEST_OF = {
    **dict.fromkeys(("path", "target_path", "subject", "target_subject"), LONGEST_PATH),
    "reason": LONGEST_REASON,
    # One that is too long leads to the first page, and loses nobody's decision: safe_way_back.
    "back": LONGEST_BODY,
}
"""Field -> its signs at most, where it may hold more than a text, or less."""


async def form_of(request: Request) -> dict[str, str]:
    """Field -> value; each once. Raises HTTPException."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A form is sent as application/x-www-form-urlencoded.")
    body = (await request.body()).decode("utf-8", "replace")
    try:
        fields = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS))
        for name, value in fields.items():
            fit_for_databases(value)
            if len(value) > (longest := LONGEST_OF.get(name, LONGEST_TEXT)):
                raise ValueError(f"{name} may have {longest:,} characters")
    except ValueError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"The form cannot be read: {problem}") from None
    return fields


Form = Annotated[dict[str, str], Depends(form_of)]


def require_own_form(request: Request, visitor: Visitor, form: Mapping[str, str]) -> str:
    """Who has sent this form, from a page of this person's. Raises HTTPException."""
    if visitor.name is None:
        raise HTTPException(HTTPStatus.FORBIDDEN, "Nobody has signed in, or it was twelve hours ago: sign in again.")
    if not sessions.is_form_token(access_of(request).token, visitor.name, form.get("form_token", "")):
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "This form is not of your pages: go back, reload the page, try again."
        )
    return visitor.name


def safe_way_back(address: str) -> str:
    """The page of ours to return to; the first one where it is none of ours, or too long.

    >>> safe_way_back("/search?q=milk"), safe_way_back("//example.org"), safe_way_back("https://example.org")
    ('/search?q=milk', '/', '/')
    """
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_ours and len(address) <= LONGEST_ADDRESS else "/"
