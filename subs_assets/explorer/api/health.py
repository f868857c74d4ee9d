"""Whether the explorer can answer, for whoever watches it."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from subs_assets.database import runs
from subs_assets.explorer.api.answers import explored_of

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That it answers, and of which night."""

    status: str = Field(description="`ok`; where it cannot answer this is a problem with status 503 instead.")
    published: str | None = Field(description="Which night is shown.")


@router.get("/health", response_model=Health, summary="Can it answer?")
def health(request: Request, response: Response) -> Any:
    """503 with the reason where nothing can be shown, or what people decided cannot be read."""
    explored = explored_of(request)
    with explored.night() as night:
        explored.of_control(lambda engine: runs.read_published(engine, 1))
        response.headers["Cache-Control"] = "no-store"
        return {"status": "ok", "published": night.mark}
