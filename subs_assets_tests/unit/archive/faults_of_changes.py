"""Every fault that a reset and an upgrade must stand, many times, and a table of what was left; one of each kind is a
test besides.

    python -m subs_assets_tests.unit.archive.faults_of_changes [--kills 240] [--cuts 60]

On SQLite and on a PostgreSQL server that it starts itself. Ends with an error at the first thing that is wrong.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from subs_assets_tests.postgres_server import PostgresServer, running_server
from subs_assets_tests.unit.archive import kills
from subs_assets_tests.unit.archive.conftest import POSTGRES_RESET_SCRIPT, RESET_SCRIPT
from subs_assets_tests.unit.archive.faults import ending, kill_processes
from subs_assets_tests.unit.archive.lossy_proxy import CutProxy
from subs_assets_tests.unit.archive.scenes_of_changes import ArchiveForReset, Confirm, archive_for, request_in
from subs_assets_tests.unit.archive.tally import Tally
from subs_assets_tests.unit.archive.warehouses import Warehouse, new_postgres, new_sqlite

ROWS = 5_000
MORE_ROWS = """
WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {rows})
INSERT INTO listings (slug, price) SELECT 'aldi', i / 7.0 FROM numbers;
"""
END_OF_THE_STREAM = 2_000
"""Bytes: the commit and what goes before it."""


class ResetStage:
    """A warehouse, and the scenes that play there."""

    def __init__(self, warehouse: Warehouse) -> None:
        archived = request_in(warehouse.original)
        archive_for(warehouse.original, archived)
        waiting = request_in(warehouse.original)
        undisturbed = Confirm(warehouse, archived, warehouse.original.content(), {})
        undisturbed.prepare()
        undisturbed.work()
        after = warehouse.content()
        assert [after[table] for table in emptied_tables(after)] == [[], [], []]
        warehouse.clear()
        self.confirm = replace(undisturbed, after=after)
        self.archive = ArchiveForReset(warehouse, waiting, undisturbed.before, after)


def emptied_tables(content: dict[str, object]) -> list[str]:
    """The names under which the tables that a reset must empty stand in a content."""
    return [name for name in content if name.split(".")[-1] in ("companies", "listings", "somebodys_notes")]


def sqlite_stage(folder: Path, rows: int = ROWS) -> ResetStage:
    return ResetStage(new_sqlite(folder / "sqlite", RESET_SCRIPT + MORE_ROWS.format(rows=rows)))


def postgres_stage(folder: Path, server: PostgresServer, rows: int = ROWS) -> ResetStage:
    script = POSTGRES_RESET_SCRIPT + MORE_ROWS.format(rows=rows) + "REFRESH MATERIALIZED VIEW counted"
    stage = ResetStage(new_postgres(server, folder / "postgresql", script))
    server.execute("CHECKPOINT")  # or its sequences run ahead when the server crashes
    return stage


def cut_off_server_processes(scenes: Sequence[Confirm], server: PostgresServer, tally: Tally, times: int) -> None:
    """Kill and end what works for each scene on the server, ``times`` times each."""
    for scene in scenes:
        scene.prepare()
        _, seconds = kills.watched(scene)
        scene.again()
        for statement, name in ((None, "SIGKILL of its server process"), ("pg_terminate_backend(pid)", "terminated")):
            for number in range(times):
                scene.prepare()
                said = kills.cut_off(scene, server, seconds * (number + 0.5) / times, statement)
                tally.note(f"{scene.name}: {name}", f"{scene.left()}, {said.split(':')[0]}")
                scene.again()


def cut_connections(scene: Confirm, server: PostgresServer, tally: Tally, times: int) -> None:
    """Cut the connection at ``times`` places of what goes over it, half of them near the end."""
    with CutProxy(server.port, after=float("inf")) as proxy:
        through_proxy = replace(scene, port=proxy.port)
        through_proxy.prepare()
        through_proxy.work()
        total = proxy.passed
        scene.again()
    places = [total * (number + 0.5) / (times // 2) for number in range(times // 2)]
    places += [total - number * END_OF_THE_STREAM / (times // 2) for number in range(times // 2)]
    for number, after in enumerate(places):
        scene.prepare()
        with CutProxy(server.port, after, stays_dead=bool(number % 2)) as proxy:
            said = ending(replace(scene, port=proxy.port).work)
        tally.note(f"{scene.name}: connection cut", f"{scene.left()}, {said}")
        scene.again()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, count in (("kills", 240), ("cuts", 60)):
        parser.add_argument(f"--{name}", type=int, default=count)
    chosen = parser.parse_args()
    tally = Tally()
    try:
        with tempfile.TemporaryDirectory(prefix="subs-faults-") as folder, running_server() as server:
            sqlite, postgres = sqlite_stage(Path(folder)), postgres_stage(Path(folder), server)
            scenes = [sqlite.confirm, sqlite.archive, postgres.confirm, postgres.archive]
            kill_processes(scenes, tally, chosen.kills)
            cut_off_server_processes([postgres.confirm], server, tally, chosen.kills // 20)
            cut_connections(postgres.confirm, server, tally, chosen.cuts)
    finally:
        print(tally.table())


if __name__ == "__main__":
    main()
