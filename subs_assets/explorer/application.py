"""The explorer as one ASGI application: its parts put together."""

import mimetypes
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from subs_assets.explorer import problems
from subs_assets.explorer.access import Access
from subs_assets.explorer.api import PREFIX, api_router
from subs_assets.explorer.company_names import company_names
from subs_assets.explorer.guard import Guard
from subs_assets.explorer.night import Explored
from subs_assets.explorer.pages import pages_router
from subs_assets.explorer.questions import Queues
from subs_assets.explorer.worked_out import WorkedOut
from subs_assets.settings import Settings

DESCRIPTION = """\
What to buy instead of a grocery product, in the same shop or in another, and which categories of two shops hold the
same kind of thing. Every answer is of one night; `ETag` names it."""


TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def build_app(settings: Settings, access: Access) -> FastAPI:
    """The application over this installation's databases; none is opened before it is asked."""
    app = FastAPI(
        title="subs",
        version="1",
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        # FastAPI's own pages of the document load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.access = access
    app.state.company_names = company_names(settings)
    app.state.explored = Explored(settings)
    app.state.queues = Queues(app.state.explored)
    app.state.worked_out = WorkedOut()
    app.include_router(api_router())
    app.include_router(pages_router())
    for ending, of_type in TYPES.items():
        # On Windows the registry tells them, where any program may have put another; with it a browser runs no script.
        mimetypes.add_type(of_type, ending)
    app.mount("/static", StaticFiles(directory=Path(str(files("subs_assets.explorer"))) / "static"))
    problems.install(app, app.state.explored)
    app.add_middleware(Guard, access=access)
    return app
