"""What the failure drills share: a home in which the small shops are published, and the runs that follow in it."""

from pathlib import Path
from typing import Any

from subs_assets.database.lock import run_lock
from subs_assets_tests.e2e.conftest import Installation
from subs_assets_tests.halting import HaltFolder, HaltingProcess, Point, preload
from subs_assets_tests.shops_and_runs import OWN_BRANDS, rows_in, rows_of, write_shop
from subs_assets_tests.small_program import subs

# What a run loads only on its way, and each would load anew.
preload("subs_assets_tests.small_program", "altair", "alembic.command", "jsonschema", "matplotlib.pyplot", "rapidfuzz",
        "scipy.stats", "sklearn.feature_extraction.text", "sklearn.linear_model")  # fmt: skip

WHILE_IT_READS = Point("open", "today.jsonl", (2,))
WHILE_IT_STAGES = Point("rename", "products.parquet")
"""An unfinished file is left."""
IN_THE_PUBLICATION = Point("statement", "DELETE FROM substitutions")
"""Other tables are written already."""
IN_THE_COMMIT = Point("commit", "DELETE FROM substitutions")
"""All of them are."""

LOCK_SECONDS = 60

State = dict[str, list[tuple[Any, ...]]]


class Drill:
    """A home and its catalogues, the state of its database, and ``subs run`` in it."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.installation = Installation(folder / "home", folder / "catalogues", database_url)
        self.run = self.another_run("halt")

    def another_run(self, halt: str) -> HaltingProcess:
        """Beside the first, with a folder of that name between it and the test."""
        return HaltingProcess(subs, ("run",), self.installation.environment, HaltFolder(self.folder / halt))

    def state(self) -> State:
        return rows_in(self.installation.settings.database_url)

    def lock_is_free(self) -> bool:
        """Within a minute: PostgreSQL hears of a killed process when it next looks at the connection."""
        with run_lock(self.installation.home, self.installation.settings.database_url, "this test", LOCK_SECONDS):
            return True

    def deliver(self, factor: float) -> None:
        """All prices and a name of every shop change, and with them nearly every table."""
        for slug in OWN_BRANDS:
            rows = rows_of(slug)
            rows[0]["name"] = f"Fresh {rows[0]['name']}"
            write_shop(self.installation.catalogues, slug, [{**row, "price": row["price"] * factor} for row in rows])


def publish_small_shops(folder: Path) -> None:
    """``catalogues`` and ``home`` after one run."""
    for slug in OWN_BRANDS:
        write_shop(folder / "catalogues", slug)
    drill = Drill(folder)
    assert drill.run.start().end() == 0, drill.run.said()
