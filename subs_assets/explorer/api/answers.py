"""What the API's answers have in common: one night each, its ETag, pages of bounded size, parameters that are known."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from subs_assets.explorer.limits import LONGEST_TEXT, MOST_OFFSET, MOST_ROWS, Text
from subs_assets.explorer.night import Explored, Night
from subs_assets.explorer.problems import MEDIA_TYPE, NotModified

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some of the rows, in a fixed order."""

    published: str | None = Field(
        description="Which night this is of; pages with another value are of another night. Null where it is not known."
    )
    items: list[Item]
    next_offset: int | None = Field(description="The offset of the rows after these; null where there are none.")


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What was found and what to do, for a person; a line each.")
    errors: list[dict[str, str]] = Field(default=[], description="Of unfit values: `where`, and `what` is wrong.")


def problem_answer(description: str) -> dict[str, Any]:
    """An error as the OpenAPI document tells it."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    414: problem_answer("The address is too long."),
    421: problem_answer("The explorer is not known by the name that it was asked by (SUBS_HOSTS)."),
    422: problem_answer("A parameter is unknown, or its value is unfit."),
    503: problem_answer(
        "Nothing is published yet, or the database is not one of this program's; the detail says what to do."
    ),
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such thing in what is published.")}
NIGHTLY: dict[int | str, dict[str, Any]] = {
    304: {"description": "What the client holds (If-None-Match) is still so."},
}


Company = Annotated[Text, Query(max_length=LONGEST_TEXT, description="A company's slug.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows at most.")]
Offset = Annotated[int, Query(ge=0, le=MOST_OFFSET, description="How many rows before these: `next_offset`.")]


@dataclass(frozen=True)
class Rows:
    """Which of the rows are asked for."""

    limit: Limit = 100
    offset: Offset = 0


TheseRows = Annotated[Rows, Depends()]


def explored_of(request: Request) -> Explored:
    """What this application shows."""
    found: Explored = request.app.state.explored
    return found


def night_of(request: Request, response: Response) -> Iterator[Night]:
    """The night that this request reads; the client's own copy is good enough where it is of the same one, and of the
    same address: it holds that copy because there is something at that address."""
    with explored_of(request).night() as night:
        headers = {"Cache-Control": "no-cache"}
        if night.mark is not None:
            headers["ETag"] = _etag(night.mark, request)
            if headers["ETag"] in _held(request):
                raise NotModified(headers)
        response.headers.update(headers)
        yield night


# A dependency is otherwise left after the answer is sent: who reads it slowly would keep a connection, and on SQLite a
# snapshot from behind which the write-ahead log cannot be cut off.
ThisNight = Annotated[Night, Depends(night_of, scope="function")]


def _etag(mark: str, request: Request) -> str:
    address = request.scope["raw_path"] + b"?" + request.scope["query_string"]
    return f'"{mark}-{hashlib.sha256(address).hexdigest()[:12]}"'


def _held(request: Request) -> list[str]:
    """ "*" is not among them: whether there is anything at the address is not known yet."""
    return [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]


def page_of(night: Night, items: Sequence[Any], rows: Rows) -> dict[str, Any]:
    """The page of the rows from the offset on, of which one more than it takes is enough."""
    return {
        "published": night.mark,
        "items": items[: rows.limit],
        "next_offset": next_offset(rows.offset + len(items), rows.limit, rows.offset),
    }


def all_of(night: Night, items: Sequence[Any]) -> dict[str, Any]:
    """The one page of a list that is not cut."""
    return page_of(night, items, Rows(len(items)))


def next_offset(count: int, limit: int, offset: int) -> int | None:
    """Where the next page begins, of so many rows in all; None after the last one."""
    end = offset + limit
    return end if count > end else None


def not_found(sentence: str) -> HTTPException:
    """Status 404 with this sentence."""
    return HTTPException(HTTPStatus.NOT_FOUND, sentence)


def require_company(known: Sequence[str], *asked: str | None) -> None:
    """A company that is misspelt is an error, and not one without anything. Raises HTTPException."""
    for slug in asked:
        if slug is not None and slug not in known:
            raise not_found(f'Nothing is published of a company "{slug}"; there are {", ".join(known) or "none"}.')


def _query_parameters(dependant: Dependant) -> list[str]:
    """Those of the route's function, and of whatever it depends on."""
    own = [parameter.alias for parameter in dependant.query_params]
    return [*own, *chain.from_iterable(map(_query_parameters, dependant.dependencies))]


def refuse_unknown_parameters(request: Request) -> None:
    """A filter that is misspelt would otherwise let everything pass. Raises HTTPException."""
    known = _query_parameters(request.scope["route"].dependant)
    for name in request.query_params:
        if name not in known:
            near = get_close_matches(name, known, 1)
            there = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}."
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f'There is no parameter "{name[:100]}"; {there}')
