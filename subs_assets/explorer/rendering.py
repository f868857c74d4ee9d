"""How a page is written: the templates, which escape whatever they are given, and the words that they share."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from subs_assets.catalogue import category_path
from subs_assets.explorer import addresses, words
from subs_assets.explorer.limits import LONGEST_REASON
from subs_assets.explorer.visitor import visitor_of

HEADERS = {"Cache-Control": "private, no-cache"}
"""What a person has decided is seen when going back to a page."""


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("subs_assets.explorer", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "company": _company,
        "percent": words.percent,
        "amount": words.amount,
        "counted": words.counted,
        "size": _size,
        "at_product": addresses.product_address,
        "address": addresses.address_part,
        "day": words.day,
        "readable_path": category_path.readable,
        "path_names": category_path.decode,
        "shown_path": shown_path,
    }
    environment.globals["longest_reason"] = LONGEST_REASON
    return environment


def shown_path(path: str) -> Markup:
    """A category's names from the root down, each in its own direction of writing.

    >>> shown_path('["Tea & Coffee","Tea"]')
    Markup('<bdi>Tea &amp; Coffee</bdi> › <bdi>Tea</bdi>')
    """
    return Markup(" › ").join(Markup("<bdi>{}</bdi>").format(name) for name in category_path.decode(path))


@pass_context
def _company(context: Context, slug: str) -> str:
    """What people call it; the slug itself where nothing is known of it here."""
    return str(context["company_names"].get(slug, slug))


def _size(listing: Mapping[str, Any]) -> str:
    """Of a row with size_text, total and unit."""
    return words.size(listing["size_text"], listing["total"], listing["unit"])


def fragment(template: str, company_names: Mapping[str, str], **content: Any) -> Markup:
    """The part of a page that a template makes of this content, the same for whoever asks."""
    return Markup(_templates().get_template(template).render(content, company_names=company_names))


def _form_seen_at(request: Request) -> str:
    """The page whose form was sent, to return to after signing in or out; the form's own address only takes forms. The
    first page where what the browser says is no address."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    return (page.path or "/") + (f"?{page.query}" if page.query else "")


def page(request: Request, template: str, status: int = 200, **content: Any) -> HTMLResponse:
    """The page that a template makes of this content, for whoever asks."""
    path = request.scope["raw_path"].decode("latin-1")  # as it was sent: in the decoded one a %3F would begin a query
    asked = path + (f"?{request.url.query}" if request.url.query else "")
    shared = {
        "visitor": visitor_of(request),
        "asked": asked,
        "seen_at": asked if request.method in ("GET", "HEAD") else _form_seen_at(request),
        "status": status,
        "company_names": request.app.state.company_names,
    }
    text = _templates().get_template(template).render(shared, **content)
    return HTMLResponse(text, status, HEADERS)
