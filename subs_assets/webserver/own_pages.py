"""Which requests Dagster's web server may see: those of its own pages and of programs on this machine, not of other
sites' pages in the same browser; who starts it, and how, is ``__main__.py``'s business.

Dagster has no login, and took a launch from anywhere: as a GET, that is from an ``<img>`` of any page that the operator
looks at, or as a POST of a kind that browsers send to other sites without asking.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
JSON_TYPES = frozenset({"application/json", "application/graphql"})
"""What no page may send to another site unless that one agrees, which Dagster does not."""

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]


class OwnPagesOnly:
    """An ASGI application that hands on what is not refused, and lets no page frame the answer."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        reason = why_refused(scope["type"], scope.get("method", "GET"), scope["path"], headers)
        if reason is None:
            await self._app(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        else:
            plain = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": plain})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})


def why_refused(kind: str, method: str, path: str, headers: Mapping[str, str]) -> str | None:
    """The sentence for a request that a page of another site can cause; None for any other. ``kind``: ``http`` or
    ``websocket``. ``headers``: names in small letters."""
    host = headers.get("host", "")
    if _name(host) not in LOOPBACK:
        # A site may let its own name lead to 127.0.0.1, and is then, to the browser, the same site.
        return (
            f'this is the web UI of the machine itself, and not of "{host}": open it at http://127.0.0.1, through '
            "ssh -L, or through a proxy that sets the header Host to the address it asks"
        )
    if kind == "websocket":
        origin = headers.get("origin", "").rpartition("//")[2]
        if origin and origin not in (host, headers.get("x-forwarded-host")):
            return f"a page of {origin} may not listen here"
        return None
    if method in ("GET", "HEAD"):
        if path.rstrip("/").endswith("/graphql") and "text/html" not in headers.get("accept", ""):
            return "ask by POST: a GET is what any page can cause"
        return None
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in JSON_TYPES:
        return "say Content-Type: application/json: any page can send the other kinds"
    return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _unframed(send: Send) -> Send:
    async def sent(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"x-frame-options", b"DENY")]}
        await send(message)

    return sent
