"""An SQLite and a PostgreSQL database side by side in a folder that is gone afterwards; what is published
there, and asked of it, is each benchmark's own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rows import Size
from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.postgres_server import running_server

PAIRS = {Size.TINY: (200, 1_000), Size.USUAL: (12_000, 180_000), Size.FULL: (120_000, 1_800_000)}
"""Products and substitutions of a night."""


@contextmanager
def two_databases() -> Iterator[dict[str, Settings]]:
    """Name -> a home with an empty database; what is staged in one is staged in both."""
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder, running_server(settings=()) as server:
        # The server as it is by default: the tests' own waits for no disk.
        urls = {
            "SQLite": sqlite_url(Path(folder) / "subs.db"),
            "PostgreSQL": server.url(server.new_database()),
        }
        yield {
            name: Settings.from_environment({"SUBS_HOME": folder, "SUBS_CATALOGUES": folder, "SUBS_DATABASE_URL": url})
            for name, url in urls.items()
        }
