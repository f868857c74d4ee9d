"""Whether the explorer can answer, for whoever watches it."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from subs_assets.explorer.api.answers import explored_of

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str = Field(description="`ok`; where it cannot answer this is a problem with status 503 instead.")
    published: str | None = Field(description="Which night is shown.")


@router.get("/health", response_model=Health, summary="Can it answer?")
def health(request: Request, response: Response) -> Any:
    """503 with the reason where nothing can be shown."""
    with explored_of(request).night() as night:
        response.headers["Cache-Control"] = "no-store"
        return {"status": "ok", "published": night.mark}
