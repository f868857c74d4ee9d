"""The explorer served over HTTP by uvicorn, on a socket that is bound already."""

import os
import socket
from typing import TYPE_CHECKING

from subs_assets.explorer.access import Access
from subs_assets.settings import Settings

if TYPE_CHECKING:
    import uvicorn

QUEUED = 256
"""Connections that wait to be taken up."""
MOST_SECONDS_TO_END = 5
"""That answers under way have once it is told to stop: a browser that reads no further would hold it for ever."""

KEPT_SECONDS = 150
"""For which a connection stays open while nothing is asked on it: longer than clients and proxies keep theirs (httpx 5,
nginx 60, Caddy 120). After uvicorn's 5, one that was just taken up again was closed under it: no answer, or a 502."""


def bound(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError. Before anything is loaded, so that the address can be told with its port."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there it would let two servers have one port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(QUEUED)
    except OSError:
        opened.close()
        raise
    return opened


def run(settings: Settings, access: Access, listening: socket.socket) -> None:
    """Serve until Ctrl+C or SIGTERM."""
    server_of(settings, access).run(sockets=[listening])


def server_of(settings: Settings, access: Access) -> "uvicorn.Server":
    """uvicorn is loaded here alone: a refused address is told at once."""
    import uvicorn

    from subs_assets.explorer.application import build_app

    config = uvicorn.Config(
        build_app(settings, access),
        log_level="warning",
        access_log=False,
        server_header=False,
        # Not uvicorn's: it would put the address that a proxy names in the place of the proxy's own.
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=KEPT_SECONDS,
        timeout_graceful_shutdown=MOST_SECONDS_TO_END,
    )
    return uvicorn.Server(config)
