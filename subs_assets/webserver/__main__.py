"""``python -m subs_assets.webserver``: dagster-webserver with all its options, for its own pages only; with ``dev``
before them, ``dagster dev`` with such a web server. Nothing is served here but what Dagster serves."""

import signal
import sys
from collections.abc import Sequence
from subprocess import Popen
from typing import Any

MODULE = "subs_assets.webserver"


def main() -> None:
    """Serve as the arguments say, which are those of Dagster's own commands."""
    # A shell starts background programs with Ctrl-C ignored, that is inherited, and Dagster treats SIGTERM as it treats
    # Ctrl-C: without this line only kill -9 would end them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.argv[1:2] == ["dev"]:
        _dev()
    else:
        _serve()


def _serve() -> None:
    from dagster_webserver import app, cli
    from starlette.middleware import Middleware

    from subs_assets.webserver.own_pages import OwnPagesOnly

    class OwnPagesWebserver(app.DagsterWebserver):
        def build_middleware(self) -> list[Middleware]:
            return [Middleware(OwnPagesOnly), *super().build_middleware()]

    # Dagster has no setting for this. dagster-webserver is pinned, and a test asks a real one.
    app.DagsterWebserver = OwnPagesWebserver  # type: ignore[misc]
    sys.argv[0] = "dagster-webserver"
    cli.main()


def _dev() -> None:
    from dagster._cli import dev, main

    start = dev.open_ipc_subprocess

    def start_ours(parts: Sequence[str], **kwargs: Any) -> Popen[Any]:
        return start([MODULE if part == "dagster_webserver" else part for part in parts], **kwargs)

    dev.open_ipc_subprocess = start_ours
    sys.argv[0] = "dagster"
    main()


if __name__ == "__main__":
    main()
