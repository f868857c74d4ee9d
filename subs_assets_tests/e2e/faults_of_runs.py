"""Runs killed at any moment, and within the commit of a publication, many times, and a table of what was left; some are
tests besides.

    python -m subs_assets_tests.e2e.faults_of_runs [--kills 40]

On SQLite and on a PostgreSQL server that it starts itself. Ends with an error if anything is wrong.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from subs_assets_tests.e2e.drills import IN_THE_COMMIT, Drill, State, publish_small_shops
from subs_assets_tests.postgres_server import running_server
from subs_assets_tests.shops_and_runs import publish_again
from subs_assets_tests.unit.archive.tally import Tally

KILLS_A_NIGHT = 5
"""So often the run of one delivery is killed before it is let succeed."""

COMMIT_SECONDS = 0.02


def kill_at_any_moment(drill: Drill, seconds: float) -> None:
    drill.run.start()
    time.sleep(seconds)
    drill.run.kill()


def kill_in_the_commit(drill: Drill, seconds: float) -> None:
    drill.run.start(IN_THE_COMMIT)
    while drill.run.halt.halted() is None and drill.run.process.exitcode is None:
        time.sleep(0.001)
    drill.run.halt.go_on()  # it looks every hundredth of a second
    time.sleep(seconds)
    drill.run.kill()


def nights(drill: Drill, database: str, kills: int, tally: Tally, chance: random.Random) -> None:
    """Nights with other prices each, whose run is killed several times at either kind of moment and then succeeds."""
    seconds = 0.0
    for night in range(1 + kills // (2 * KILLS_A_NIGHT)):
        old = drill.state()
        drill.deliver(night + 2)
        left: list[tuple[str, State]] = []
        for number in range(2 * KILLS_A_NIGHT if night else 0):
            if number % 2:
                kill_in_the_commit(drill, chance.uniform(0, COMMIT_SECONDS))
            else:
                kill_at_any_moment(drill, chance.uniform(0, seconds))
            kind = "within the commit" if number % 2 else "at any moment"
            left.append((f"SIGKILL of a run {kind}, {database}", drill.state()))
            assert drill.lock_is_free()
        began = time.monotonic()
        code = drill.run.start().end()
        seconds = time.monotonic() - began
        new = drill.state()
        for tried, state in left:
            whole = "the night before" if state == old else "the new night" if state == new else "neither"
            tally.note(tried, whole, ["tables of two nights"] if whole == "neither" else [])
        tally.note(f"the run after that, {database}", "succeeds" if code == 0 else "fails", [] if code == 0 else ["it"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=40, help="on each database")
    kills = parser.parse_args().kills
    tally, chance = Tally(), random.Random(1)
    with tempfile.TemporaryDirectory(prefix="subs-faults-") as folder, running_server() as server:
        sqlite, postgres = Path(folder) / "sqlite", Path(folder) / "postgresql"
        try:
            publish_small_shops(sqlite)
            nights(Drill(sqlite), "SQLite", kills, tally, chance)
            publish_small_shops(postgres)
            url = server.url(server.new_database())
            publish_again(postgres, url)
            nights(Drill(postgres, url), "PostgreSQL", kills, tally, chance)
        finally:
            print(tally.table())
    sys.exit("; ".join(tally.wrong) or 0)


if __name__ == "__main__":
    main()
