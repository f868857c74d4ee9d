"""What a request is told that cannot be answered: RFC 9457 under /api, a page for people elsewhere; a sentence either
way, which says what to do."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from subs_assets.database.engine import DatabaseNotReady, reason_of
from subs_assets.database.kept_decisions import DecidedMeanwhile
from subs_assets.explorer.headers import HEADERS
from subs_assets.explorer.night import Explored, NotPublished
from subs_assets.explorer.rendering import page

MEDIA_TYPE = "application/problem+json"

API = "/api/"

MAY_NOT = "42501"
"""PostgreSQL's code for what a role has no right to."""

logger = logging.getLogger(__name__)


class NotModified(Exception):
    """The client holds the answer already."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.headers = dict(headers)


def refusal(
    request: Request,
    status: int,
    sentences: list[str],
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """The answer that holds these sentences, in the form that the asked address speaks."""
    title = HTTPStatus(status).phrase
    if not request.url.path.startswith(API):
        response = page(request, "refusal.html", status=status, title=title, sentences=sentences)
        response.headers.update(headers or {})
        return response
    content: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": "\n".join(sentences)}
    if errors:
        content["errors"] = errors
    return JSONResponse(content, status, dict(headers or {}), media_type=MEDIA_TYPE)


def _what_to_do(problem: DBAPIError) -> str:
    if getattr(problem.orig, "sqlstate", None) == MAY_NOT:
        return (
            f"The explorer's database role may not do this ({reason_of(problem)}): let the owner of the tables grant "
            "it its rights (docs/deploy.md)."
        )
    return f"The database does not answer ({reason_of(problem)}): try again."


def install(app: FastAPI, explored: Explored) -> None:
    """Answer whatever is raised within the application."""

    @app.exception_handler(NotModified)
    def not_modified(request: Request, found: NotModified) -> Response:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=found.headers)

    @app.exception_handler(HTTPException)
    def refused(request: Request, problem: HTTPException) -> Response:
        said = problem.detail if problem.detail != HTTPStatus(problem.status_code).phrase else _usual(request, problem)
        return refusal(request, problem.status_code, said.split("\n"), problem.headers)

    @app.exception_handler(RequestValidationError)
    def unfit(request: Request, problem: RequestValidationError) -> Response:
        errors = [{"where": _place(error["loc"]), "what": _what(error)} for error in problem.errors()]
        sentences = [f"{error['where']}: {error['what']}" for error in errors]
        return refusal(request, HTTPStatus.UNPROCESSABLE_ENTITY, sentences, errors=errors)

    @app.exception_handler(NotPublished)
    def not_published(request: Request, problem: NotPublished) -> Response:
        return refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, problem.sentences)

    @app.exception_handler(DecidedMeanwhile)
    def decided_meanwhile(request: Request, problem: DecidedMeanwhile) -> Response:
        return refusal(request, HTTPStatus.CONFLICT, [f"{problem}."])

    @app.exception_handler(DatabaseNotReady)
    def not_ready(request: Request, problem: DatabaseNotReady) -> Response:
        return refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, str(problem).split("\n"))

    @app.exception_handler(DBAPIError)
    def of_the_database(request: Request, problem: DBAPIError) -> Response:
        logger.warning("%r: %s", request.url.path, reason_of(problem))
        sentences = explored.problems() or [_what_to_do(problem)]
        return refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, sentences)

    @app.exception_handler(PoolTimeout)
    def too_many(request: Request, problem: PoolTimeout) -> Response:
        return refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, ["The database is busy with others: try again."])

    @app.exception_handler(Exception)
    def ours(request: Request, problem: Exception) -> Response:
        changed = (
            "look whether your decision was kept before you say it again"
            if request.method == "POST"
            else "nothing was changed"
        )
        return refusal(
            request,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            [f"This is a mistake of the program: {changed}; the console of `subs serve` says more."],
            HEADERS,  # Starlette answers this one outside of the guard
        )


def _usual(request: Request, problem: HTTPException) -> str:
    if problem.status_code == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {request.url.path}."
    if problem.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.url.path} is not asked with {request.method}."
    return str(problem.detail)


def _place(location: tuple[Any, ...]) -> str:
    """``("query", "limit")`` -> ``query limit``."""
    return " ".join(str(part) for part in location)


def _what(error: Mapping[str, Any]) -> str:
    if error["type"] == "too_long" and isinstance(error["input"], str):  # pydantic counts the "items" of a checked text
        return f"may have {error['ctx']['max_length']:,} characters, and has {len(error['input']):,}"
    return str(error["msg"]).removeprefix("Value error, ")
