"""What the program and an app ask for a key, on SQLite and PostgreSQL: how long it takes, and by which plan.

``python benchmarks/lookups.py [--products 120000] [--substitutions 1800000] [--json FILE]`` needs a PostgreSQL server
to start; names are real where SUBS_REAL_CATALOGUES says where they are. The questions are those of
subs_assets_tests/look_ups.py. The night is published twice: what is asked stands over an earlier night, as it does on
any morning. A question that reads a large table from end to end ends the program.

Milliseconds. "warm" is a transaction of its own on a connection of the pool; all keys are asked for three times over.
The aim is held against the quickest of a key's three: on a machine that has other work, one in twenty is cut into.
"new" is the first question on a new connection, whose opening is a line by itself. Search by words goes through every
listing, and has no aim.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from publication import machine, migrated, timed, write_json
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from subs_assets.database.warehouse import Warehouse
from subs_assets.settings import sqlite_url
from subs_assets_tests.large_night import large_night
from subs_assets_tests.look_ups import BY_WORDS, LOOK_UPS, Key, LookUp, keys_of, plan_of
from subs_assets_tests.postgres_server import running_server

AIM = 5.0
"""Milliseconds: 95 of 100 look-ups take less, on a connection that is open."""
SMALL = 1_000
"""Rows: PostgreSQL is right to read such a table from end to end."""
ROUNDS = 3
WORD_SEARCHES = 20
RUN = "night"


@dataclass(frozen=True)
class Percentiles:
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Measured:
    """One question, in milliseconds."""

    name: str
    warm: Percentiles
    quickest: Percentiles
    new: Percentiles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=120_000)
    parser.add_argument("--substitutions", type=int, default=1_800_000)
    parser.add_argument("--keys", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    night = large_night(options.products, options.substitutions)
    keys = keys_of(night, options.keys)
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder, running_server(settings=()) as server:
        about = machine(server)
        print(about)
        staging = Path(folder) / "staging"
        results = {
            name: on_database(name, url, staging, night, keys, options.connections)
            for name, url in (
                ("SQLite", sqlite_url(Path(folder) / "subs.db")),
                ("PostgreSQL", server.url(server.new_database())),
            )
        }
    write_json(options.json, {"machine": about, "rows": {name: len(rows) for name, rows in night.items()}, **results})


def on_database(
    name: str, url: str, staging: Path, night: dict[str, pd.DataFrame], keys: Sequence[Key], connections: int
) -> dict[str, Any]:
    engine = migrated(url)
    warehouse = Warehouse(engine, staging)
    for table_name in night.keys() - set(warehouse.staged(RUN)):
        warehouse.stage(RUN, table_name, night[table_name])
    published = [timed(lambda: warehouse.publish(RUN)) for _ in range(2)]
    rows = sum(len(frame) for frame in night.values())
    print(f"{name}: {rows:,} rows published in {published[0]:.0f} s, and again in {published[1]:.0f} s")
    small = {table_name for table_name, frame in night.items() if len(frame) < SMALL}
    measured = [opening(engine, connections)]
    for look_up in (*LOOK_UPS, BY_WORDS):
        is_key = look_up is not BY_WORDS
        if is_key:
            with engine.connect() as connection:
                plan = plan_of(connection, look_up, keys[0])
            assert plan.read_whole <= small, f"{look_up.name}: {plan}"
        asked = keys if is_key else keys[:WORD_SEARCHES]
        measured.append(ask(engine, look_up, asked, asked[:connections]))
    engine.dispose()
    print_table(name, measured)
    return {"seconds of publication": published, "milliseconds": [asdict(one) for one in measured]}


def opening(engine: Engine, connections: int) -> Measured:
    warm = [1000 * timed(lambda: engine.connect().close()) for _ in range(connections)]
    new = []
    for _ in range(connections):
        engine.dispose()
        new.append(1000 * timed(lambda: engine.connect().close()))
    return Measured("(a connection alone)", percentiles(warm), percentiles(warm), percentiles(new))


def ask(engine: Engine, look_up: LookUp, keys: Sequence[Key], keys_of_new: Sequence[Key]) -> Measured:
    def in_a_transaction(key: Key) -> None:
        with engine.connect() as connection:
            look_up.ask(connection, key)

    warm = np.array([[1000 * timed(partial(in_a_transaction, key)) for key in keys] for _ in range(ROUNDS)])
    new = []
    for key in keys_of_new:
        engine.dispose()
        with engine.connect() as connection:
            new.append(1000 * timed(partial(look_up.ask, connection, key)))
    return Measured(look_up.name, percentiles(warm.ravel()), percentiles(warm.min(axis=0)), percentiles(new))


def percentiles(milliseconds: Sequence[float] | np.ndarray) -> Percentiles:
    return Percentiles(*(float(value) for value in np.percentile(milliseconds, (50, 95, 99))))


def print_table(name: str, measured: Sequence[Measured]) -> None:
    table = Table(title=f"{name}: milliseconds", title_justify="left")
    table.add_column("look-up", no_wrap=True)
    for heading in ("warm p50", "p95", "p99", "quickest p50", "p95", "p99", "new p50", "p95", "p99", "aim"):
        table.add_column(heading, justify="right")
    for one in measured:
        figures = [
            f"{value:.2f}" for part in (one.warm, one.quickest, one.new) for value in (part.p50, part.p95, part.p99)
        ]
        is_aimed = one.name in {look_up.name for look_up in LOOK_UPS}
        table.add_row(one.name, *figures, ("met" if one.quickest.p95 < AIM else "missed") if is_aimed else "")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
