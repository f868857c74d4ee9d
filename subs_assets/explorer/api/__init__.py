"""The API, version 1: a module for each subject, and what all of them share in answers.py."""

from fastapi import APIRouter, Depends

from subs_assets.explorer.api import categories, decisions, equivalences, health, products, rates, substitutes
from subs_assets.explorer.api.answers import PROBLEMS, refuse_unknown_parameters

PREFIX = "/api/v1"


def api_router() -> APIRouter:
    """All routes of the API."""
    router = APIRouter(prefix=PREFIX, dependencies=[Depends(refuse_unknown_parameters)], responses=PROBLEMS)
    for module in (products, substitutes, equivalences, rates, categories, decisions, health):
        router.include_router(module.router)
    return router
