"""What stands before every request, whatever it asks: by which name it came, how large it is, from whose page."""

from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from subs_assets.explorer.access import Access, without_port
from subs_assets.explorer.headers import HEADERS
from subs_assets.explorer.limits import LONGEST_ADDRESS, LONGEST_BODY
from subs_assets.explorer.problems import refusal

READING = ("GET", "HEAD", "OPTIONS")


class Guard:
    """ASGI middleware: refuses what must not reach the application, puts HEADERS on every answer, and lets no browser
    use one again unasked."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # Left to themselves, browsers keep a script for days: an old one would run on a new program's pages.
                headers.setdefault("cache-control", "no-cache")
            await send(message)

        if refused := self._refused(request):
            status, sentence = refused
            await refusal(request, status, [sentence])(scope, receive, send_with_headers)
        else:
            # The server leaves the body of an answer to HEAD out by itself.
            asked = {**scope, "method": "GET"} if request.method == "HEAD" else scope
            await self.app(asked, _bounded(receive), send_with_headers)

    def _refused(self, request: Request) -> tuple[HTTPStatus, str] | None:
        host = request.headers.get("host", "")
        if not self.access.is_own_host(host):
            return HTTPStatus.MISDIRECTED_REQUEST, (
                f'This explorer is not known as "{without_port(host)[:200]}"; where that is a name of yours, start '
                "`subs serve` with it in SUBS_HOSTS."
            )
        target = len(request.scope.get("raw_path") or b"") + len(request.scope["query_string"])
        if target > LONGEST_ADDRESS:
            return HTTPStatus.REQUEST_URI_TOO_LONG, f"The address has {target:,} bytes; {LONGEST_ADDRESS:,} at most."
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large()
        if request.method not in READING and not _is_own_page(request, host):
            return HTTPStatus.FORBIDDEN, "This was sent by a page of another site, and nothing is changed for it."
        return None


def _is_own_page(request: Request, host: str) -> bool:
    """Whether our own page sent it, or no page at all: what a browser says of itself, which no page can change."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc.casefold() == host.casefold()
    except ValueError:
        return False


def _bounded(receive: Receive) -> Receive:
    """Without a Content-Length the bytes are counted as they come."""
    seen = 0

    async def receive_counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LONGEST_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large())
        return message

    return receive_counted


def _too_large() -> str:
    return f"The body may have {LONGEST_BODY // 1024:,} KiB."
