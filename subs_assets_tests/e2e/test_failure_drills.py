"""Runs that are killed at a named instant: afterwards what is published is the old night or the new one, whole, the run
lock is free, and the next run succeeds."""

from pathlib import Path
from typing import Any

import pytest

from subs_assets.database.lock import run_lock
from subs_assets_tests.e2e.conftest import Installation
from subs_assets_tests.halting import HaltFolder, HaltingProcess, Point, preload
from subs_assets_tests.shops_and_runs import OWN_BRANDS, copy_of, rows_in, rows_of, write_shop
from subs_assets_tests.small_program import subs

# What a run loads only on its way, and each would load anew.
preload("subs_assets_tests.small_program", "altair", "alembic.command", "jsonschema", "matplotlib.pyplot", "rapidfuzz",
        "scipy.stats", "sklearn.feature_extraction.text", "sklearn.linear_model")  # fmt: skip

KILLED_BEFORE_THE_COMMIT = (
    Point("open", "today.jsonl", (2,)),  # while it reads
    Point("rename", "products.parquet"),  # while it stages: an unfinished file is left
    Point("commit", "DELETE FROM substitutions"),  # in the publication, when all is written
)
KILLED_AFTER_THE_COMMIT = (
    Point("statement", "INSERT INTO run_history"),
    Point("rename", "latest.html"),
)

State = dict[str, list[tuple[Any, ...]]]


class Drill:
    """A home in which the small shops are published, the state of its database then, and the runs that follow."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.installation = Installation(folder / "home", folder / "catalogues", database_url)
        self.run = HaltingProcess(subs, ("run",), self.installation.environment, HaltFolder(folder / "halt"))

    def state(self) -> State:
        return rows_in(self.installation.settings.database_url)

    def lock_is_free(self) -> bool:
        with run_lock(self.installation.home, self.installation.settings.database_url, "this test"):
            return True

    def deliver(self, factor: float) -> None:
        """All prices and a name of every shop change, and with them nearly every table."""
        for slug in OWN_BRANDS:
            rows = rows_of(slug)
            rows[0]["name"] = f"Fresh {rows[0]['name']}"
            write_shop(self.installation.catalogues, slug, [{**row, "price": row["price"] * factor} for row in rows])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``catalogues`` and ``home`` after one run; not to be changed."""
    folder = tmp_path_factory.mktemp("drills")
    for slug in OWN_BRANDS:
        write_shop(folder / "catalogues", slug)
    drill = Drill(folder)
    assert drill.run.start().end() == 0, drill.run.said()
    return folder


@pytest.fixture
def drill(published: Path, tmp_path: Path) -> Drill:
    copy_of(published, tmp_path)
    return Drill(tmp_path)


def test_a_run_that_is_killed_leaves_one_whole_night(drill: Drill) -> None:
    old = drill.state()
    drill.deliver(2)
    for point in KILLED_BEFORE_THE_COMMIT:
        drill.run.start(point).wait_until_halted()
        drill.run.kill()
        assert drill.state() == old, point
        assert drill.lock_is_free(), point
    new = None
    for point in KILLED_AFTER_THE_COMMIT:
        drill.run.start(point).wait_until_halted()
        drill.run.kill()
        new = new or drill.state()
        assert drill.state() == new != old, point
        assert drill.lock_is_free(), point
    assert drill.run.start().end() == 0, drill.run.said()
    assert drill.state() == new
    assert len(list(drill.installation.settings.staging.iterdir())) == 1
