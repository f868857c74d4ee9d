"""``subs serve``: the explorer in a browser and its API, until it is stopped."""

from typing import Annotated

import typer

from subs_assets.commands.output import fail, say
from subs_assets.explorer.addresses import HOST, PORT
from subs_assets.settings import Settings


def serve(
    host: Annotated[str, typer.Option(help="The address to listen at; others need SUBS_TOKEN.")] = HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = PORT,
) -> None:
    """Look up, review and serve what is published: pages for a browser, and an API.

    Reading is open to whoever reaches it, writing needs the token of SUBS_TOKEN, or the one that is printed.
    """
    from subs_assets.explorer.access import Access, require_safe_binding
    from subs_assets.explorer.server import bound, run

    try:
        access = Access.from_environment()
        require_safe_binding(host, access)
    except ValueError as problem:
        fail(str(problem))
    try:
        socket = bound(host, port)
    except OSError as problem:
        fail(f"{host}:{port} cannot be listened at ({problem.strerror or problem}): does another one run? --port")
    with socket:
        address, number = socket.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        say(f"The explorer is at http://{shown}:{number}/ and its API at http://{shown}:{number}/api/v1/openapi.json")
        if access.is_made_up:
            say(f"To decide, sign in with the token {access.token} (of this start; SUBS_TOKEN keeps one)")
        say("Ctrl+C stops it.")
        run(Settings.from_environment(), access, socket)


def register(app: typer.Typer) -> None:
    app.command()(serve)
