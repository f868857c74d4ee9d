"""Where names are encoded and shelves compared, if that is elsewhere: whether somebody listens there at all."""

import socket
from collections.abc import Iterator

from subs_assets.doctor.finding import Finding, error, ok
from subs_assets.settings import Settings

ANSWER_SECONDS = 5.0


def look(settings: Settings) -> Iterator[Finding]:
    """Whether somebody listens where SUBS_COMPUTE says."""
    if settings.scheduler is None:
        yield ok("this machine computes (SUBS_COMPUTE is local)")
        return
    host, _, port = settings.scheduler.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except OSError as problem:
        yield error(
            f"nobody listens at {settings.scheduler}, which SUBS_COMPUTE names ({problem.strerror or problem})",
            "start `dask scheduler` and workers there, or set SUBS_COMPUTE to local (docs/scale.md)",
        )
        return
    yield ok(f"somebody listens at {settings.scheduler}; each run asks its scheduler and workers what they are")
