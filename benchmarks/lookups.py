"""What the program and an app ask for a key, on SQLite and PostgreSQL: how long it takes, and by which plan.

``python -m benchmarks.lookups [--products 120000] [--substitutions 1800000] [--json FILE]`` needs a PostgreSQL server
to start; names are real where SUBS_REAL_CATALOGUES says where they are. The questions are those of
subs_assets_tests/look_ups.py. The night is published twice: what is asked stands over an earlier night, as it does on
any morning. A question that reads a large table from end to end ends the program.

Milliseconds. "warm" is a transaction of its own on a connection of the pool; all keys are asked for three times over.
The aim is held against the quickest of a key's three: on a machine that has other work, one in twenty is cut into.
"new" is the first question on a new connection, whose opening is a line by itself. Search by words reads
all words of the listings, and has no aim.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, delete

from benchmarks.machine import options_of, timed, write_json
from benchmarks.publication import migrated
from benchmarks.rows import Row, Size
from benchmarks.two_databases import PAIRS, two_databases
from subs_assets.database.engine import writing
from subs_assets.database.tables import published_tables
from subs_assets.database.warehouse import Warehouse
from subs_assets.settings import Settings
from subs_assets_tests.large_night import large_night
from subs_assets_tests.look_ups import BY_WORDS, LOOK_UPS, Key, LookUp, keys_of, plan_of

AIM = 5.0
"""Milliseconds: 95 of 100 look-ups take less, on a connection that is open."""
SMALL = 1_000
"""Rows: PostgreSQL is right to read such a table from end to end."""
ROUNDS = 3
WORD_SEARCHES = 20
RUN = "night"
KEYS = {Size.TINY: 5, Size.USUAL: 500, Size.FULL: 2_000}


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

    @property
    def has_aim(self) -> bool:
        return self.name in {look_up.name for look_up in LOOK_UPS}


@dataclass(frozen=True)
class Published:
    """``seconds`` of the first and the second publication of a night, and what was asked of it."""

    seconds: list[float]
    milliseconds: list[Measured]


def rows(size: Size) -> list[Row]:
    """The slowest question on each database."""
    (products, substitutions), keys = PAIRS[size], KEYS[size]
    found = []
    for name, night in on_both(large_night(products, substitutions), keys, keys // 5).items():
        slowest = max((one for one in night.milliseconds if one.has_aim), key=lambda one: one.quickest.p95)
        what = f"slowest look-up, p95, {name} ({slowest.name})"
        found.append(Row(what, substitutions, slowest.quickest.p95, "ms", at_most=AIM, bounds="ours"))
    return found


def on_both(night: dict[str, pd.DataFrame], keys: int, connections: int) -> dict[str, Published]:
    wanted = keys_of(night, keys)
    with two_databases() as homes:
        return {name: on_database(home, night, wanted, connections) for name, home in homes.items()}


def main() -> None:
    options = options_of(__doc__, products=120_000, substitutions=1_800_000, keys=2_000, connections=200)
    night = large_night(options.products, options.substitutions)
    results = on_both(night, options.keys, options.connections)
    for name, published in results.items():
        print_table(name, published)
    counts = {name: len(rows) for name, rows in night.items()}
    write_json(options.json, {"rows": counts, **{name: asdict(published) for name, published in results.items()}})


def on_database(home: Settings, night: dict[str, pd.DataFrame], keys: Sequence[Key], connections: int) -> Published:
    engine = migrated(home.database_url)
    warehouse = Warehouse(engine, home.staging)
    for table_name in night.keys() - set(warehouse.staged(RUN)):
        warehouse.stage(RUN, table_name, night[table_name])
    published = [timed(lambda: publish_all(warehouse)) for _ in range(2)]
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
    return Published(published, measured)


def publish_all(warehouse: Warehouse) -> None:
    """Also what is published already."""
    with writing(warehouse.engine) as connection:
        connection.execute(delete(published_tables))
    warehouse.publish(RUN)


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


def print_table(name: str, published: Published) -> None:
    first, again = published.seconds
    title = f"{name}: published in {first:.0f} s, and again in {again:.0f} s; milliseconds"
    table = Table(title=title, title_justify="left")
    table.add_column("look-up", no_wrap=True)
    for heading in ("warm p50", "p95", "p99", "quickest p50", "p95", "p99", "new p50", "p95", "p99", "aim"):
        table.add_column(heading, justify="right")
    for one in published.milliseconds:
        figures = [
            f"{value:.2f}" for part in (one.warm, one.quickest, one.new) for value in (part.p50, part.p95, part.p99)
        ]
        table.add_row(one.name, *figures, ("met" if one.quickest.p95 < AIM else "missed") if one.has_aim else "")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
