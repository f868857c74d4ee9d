"""The explorer's pages: a module and a template for each."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from subs_assets.explorer.pages import (
    categories,
    category,
    decide,
    mapping,
    overview,
    pair,
    product,
    review,
    search,
    set_aside,
    sign_in,
)


def pages_router() -> APIRouter:
    """All pages."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    for module in (
        overview, pair, search, product, categories, category, mapping, set_aside, sign_in, decide, review,
    ):  # fmt: skip
        router.include_router(module.router)
    return router
