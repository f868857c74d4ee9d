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

from subs_assets.database import migrate
from subs_assets_tests.postgres_server import PostgresServer, running_server
from subs_assets_tests.unit.archive import changes_at_once, kills
from subs_assets_tests.unit.archive.conftest import POSTGRES_RESET_SCRIPT, RESET_SCRIPT
from subs_assets_tests.unit.archive.faults import ending
from subs_assets_tests.unit.archive.lossy_proxy import CutProxy, LossyProxy
from subs_assets_tests.unit.archive.scenes_of_changes import (
    ArchiveForReset,
    Confirm,
    Rehearsal,
    Upgrade,
    archive_for,
    request_in,
)
from subs_assets_tests.unit.archive.tally import Tally
from subs_assets_tests.unit.archive.warehouses import WAREHOUSE, Warehouse, new_postgres, new_sqlite
from subs_assets_tests.unit.database.test_migrate import fill_categories

ROWS = 5_000
MORE_ROWS = """
WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {rows})
INSERT INTO listings (slug, price) SELECT 'aldi', i / 7.0 FROM numbers;
"""
LAST_POINTS = 24
"""From the live database's first change to the end."""

COMMIT_FROM_THE_END, COMMIT_SECONDS = 5, 0.02
"""On SQLite: the database's commit is that write point before the last, and takes about so long."""

END_OF_THE_STREAM = 2_000
"""Bytes: the commit and what goes before it."""


class ResetStage:
    """A warehouse, and the scenes that play there."""

    def __init__(self, warehouse: Warehouse) -> None:
        archived = request_in(warehouse)
        archive_for(warehouse, archived)
        waiting = request_in(warehouse)
        undisturbed = Confirm(warehouse, archived, warehouse.content(), {})
        warehouse.keep()
        undisturbed.prepare()
        undisturbed.work()
        after = warehouse.content()
        assert [after[table] for table in emptied_tables(after)] == [[], [], []]
        warehouse.clear()
        self.confirm = replace(undisturbed, after=after)
        self.archive = ArchiveForReset(warehouse, waiting, undisturbed.before, after)


class UpgradeStage:
    """A warehouse at the first revision, with rows, and the scenes that play there."""

    def __init__(self, warehouse: Warehouse, rows: int) -> None:
        url = warehouse.databases()[WAREHOUSE]
        migrate.upgrade(url, "0001")
        fill_categories(url, rows)
        warehouse.execute(
            "CREATE TABLE measured (id INTEGER PRIMARY KEY, x DOUBLE PRECISION, word TEXT)",
            "INSERT INTO measured VALUES (1, 0.1, 'Käse'), (2, 2.0, 'Kuchen')",
        )
        undisturbed = Upgrade(warehouse, warehouse.content(), {})
        warehouse.keep()
        undisturbed.prepare()
        undisturbed.work()
        after = warehouse.content()
        warehouse.clear()
        self.upgrade = replace(undisturbed, after=after)
        self.rehearsal = Rehearsal(warehouse, undisturbed.before)


def emptied_tables(content: dict[str, object]) -> list[str]:
    """The names under which the tables that a reset must empty stand in a content."""
    return [name for name in content if name.split(".")[-1] in ("companies", "listings", "somebodys_notes")]


def sqlite_stage(folder: Path, rows: int = ROWS) -> ResetStage:
    return ResetStage(new_sqlite(folder / "sqlite", RESET_SCRIPT + MORE_ROWS.format(rows=rows)))


def postgres_stage(folder: Path, server: PostgresServer, rows: int = ROWS) -> ResetStage:
    script = POSTGRES_RESET_SCRIPT + MORE_ROWS.format(rows=rows) + "REFRESH MATERIALIZED VIEW counted"
    return ResetStage(new_postgres(server, folder / "postgresql", script))


def sqlite_upgrade_stage(folder: Path, rows: int = ROWS) -> UpgradeStage:
    return UpgradeStage(new_sqlite(folder / "sqlite-upgrade", "PRAGMA journal_mode = wal"), rows)


def postgres_upgrade_stage(folder: Path, server: PostgresServer, rows: int = ROWS) -> UpgradeStage:
    return UpgradeStage(new_postgres(server, folder / "postgresql-upgrade", ""), rows)


def cut_off_server_processes(
    scenes: Sequence[Confirm | Upgrade], server: PostgresServer, tally: Tally, times: int
) -> None:
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


def cut_connections(scene: Confirm | Upgrade, server: PostgresServer, tally: Tally, times: int) -> None:
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


def lose_the_answer(scene: Upgrade, server: PostgresServer, stays_dead: bool) -> str:
    """To the commit of the database itself, which is done; how the upgrade ended."""
    scene.prepare()
    with LossyProxy(server.port, stays_dead, after=b"store_product_id TO category_id") as proxy:
        said = ending(replace(scene, port=proxy.port).work)
        assert proxy.lost == 1
    return f"{scene.left()}, {said}"


def come_at_once(reset: ResetStage, upgrade: UpgradeStage, tally: Tally) -> None:
    """Several at the same time, once each."""
    kind = upgrade.upgrade.warehouse.kind
    tally.note(f"two confirmations at once, {kind}", changes_at_once.two_confirmations(reset.confirm))
    for function in (
        changes_at_once.two_upgrades,
        changes_at_once.an_upgrade_and_a_confirmation,
        changes_at_once.an_upgrade_during_a_run,
        changes_at_once.an_upgrade_beside_a_writer,
    ):
        tally.note(f"{function.__name__.replace('_', ' ')}, {kind}", function(upgrade.upgrade))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, count in (("kills", 240), ("cuts", 60)):
        parser.add_argument(f"--{name}", type=int, default=count)
    chosen = parser.parse_args()
    tally = Tally()
    try:
        with tempfile.TemporaryDirectory(prefix="subs-faults-") as folder, running_server() as server:
            resets = [sqlite_stage(Path(folder)), postgres_stage(Path(folder), server)]
            upgrades = [sqlite_upgrade_stage(Path(folder)), postgres_upgrade_stage(Path(folder), server)]
            share = chosen.kills // 24
            for reset, upgrade in zip(resets, upgrades, strict=True):
                kills.kill_everywhere(reset.confirm, tally, points=3 * share, times=share)
                kills.kill_everywhere(upgrade.upgrade, tally, points=2 * share, times=share, last=LAST_POINTS)
                kills.kill_everywhere(reset.archive, tally, points=share, times=share)
                kills.kill_everywhere(upgrade.rehearsal, tally, points=share, times=share)
            for scene in (resets[0].confirm, upgrades[0].upgrade):
                kills.kill_during(scene, tally, COMMIT_FROM_THE_END, COMMIT_SECONDS, 2 * share)
            on_postgresql = (resets[1].confirm, upgrades[1].upgrade)
            cut_off_server_processes(on_postgresql, server, tally, chosen.kills // 20)
            for scene in on_postgresql:
                cut_connections(scene, server, tally, chosen.cuts)
            for stays_dead in (False, True):
                left = lose_the_answer(upgrades[1].upgrade, server, stays_dead)
                tally.note("upgrade, PostgreSQL: answer to the commit lost", left)
                upgrades[1].upgrade.again()
            for reset, upgrade in zip(resets, upgrades, strict=True):
                for _ in range(share):
                    come_at_once(reset, upgrade, tally)
    finally:
        print(tally.table())


if __name__ == "__main__":
    main()
