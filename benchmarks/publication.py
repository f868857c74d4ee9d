"""Substitutions written into SQLite and PostgreSQL: by SQLAlchemy Core, by ``to_sql(method="multi")`` and by ours.

``python -m benchmarks.publication [--rows 200000] [--json FILE]`` needs a PostgreSQL server to start. Rows, of
15 columns, come in key order (subs_assets_tests/large_night.py); each way writes them in one transaction, its commit
counts, and each but "again" into an empty table. Rows a second, and in brackets against Core. Beyond 200,000 rows Core
and ``to_sql`` would take minutes, at the same rate.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine, insert

from benchmarks.machine import options_of, timed, write_json
from benchmarks.rows import Row, Size
from subs_assets.database import frames
from subs_assets.database.engine import open_engine, writing
from subs_assets.database.migrate import upgrade
from subs_assets.database.tables import substitutions
from subs_assets.database.warehouse import Warehouse
from subs_assets.settings import sqlite_url
from subs_assets_tests.large_night import large_night
from subs_assets_tests.postgres_server import running_server

PRODUCTS = 120_000
ROWS = {Size.TINY: 1_000, Size.USUAL: 200_000, Size.FULL: 200_000}
MOST_ROWS_OF_OTHERS = 200_000
CORE = "SQLAlchemy Core"
ROWS_PER_STATEMENT = 2_000
"""Of ``to_sql(method="multi")``: PostgreSQL takes 65,535 parameters, SQLite 32,766."""


def rows(size: Size) -> list[Row]:
    count = ROWS[size]
    return [
        Row(f"write substitutions, {name}", count, seconds["ours, key alone"], beside=CORE, other=seconds[CORE])
        for name, seconds in on_both(count).items()
    ]


def on_both(rows: int) -> dict[str, dict[str, float]]:
    """Database -> way -> seconds."""
    frame = large_night(PRODUCTS, rows)["substitutions"]
    # As a server is by default: the tests' own waits for no disk.
    with running_server(settings=()) as server:
        return {
            "SQLite": measured(frame, lambda folder: sqlite_url(folder / "subs.db")),
            "PostgreSQL": measured(frame, lambda folder: server.url(server.new_database())),
        }


def main() -> None:
    options = options_of(__doc__, rows=ROWS[Size.USUAL])
    seconds = on_both(options.rows)
    print_table(options.rows, seconds)
    write_json(options.json, {"rows": options.rows, "seconds": seconds})


def measured(frame: pd.DataFrame, new_database: Callable[[Path], str]) -> dict[str, float]:
    """Way -> seconds."""
    seconds = {}
    others = ((CORE, by_core), ("to_sql multi", by_to_sql)) if len(frame) <= MOST_ROWS_OF_OTHERS else ()
    for name, write in (*others, ("ours, key alone", by_ours)):
        with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
            engine = migrated(new_database(Path(folder)))
            if write is by_ours:
                without_indexes(engine)
            seconds[name] = timed(lambda: in_one_transaction(engine, write, frame))  # noqa: B023 (called at once)
            engine.dispose()
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        engine = migrated(new_database(Path(folder)))
        warehouse = Warehouse(engine, Path(folder) / "staging")
        seconds["ours: stage"] = timed(lambda: warehouse.stage("night", "substitutions", frame))
        seconds["ours: publish"] = timed(lambda: warehouse.publish("night"))
        seconds["ours: publish again"] = timed(lambda: warehouse.publish("night"))
        engine.dispose()
    return seconds


def migrated(url: str) -> Engine:
    upgrade(url)
    return open_engine(url)


def without_indexes(engine: Engine) -> None:
    with writing(engine) as connection:
        for index in substitutions.indexes:
            index.drop(connection)


def in_one_transaction(
    engine: Engine, write: Callable[[Connection, pd.DataFrame], object], frame: pd.DataFrame
) -> None:
    with writing(engine) as connection:
        write(connection, frame)


def by_core(connection: Connection, frame: pd.DataFrame) -> None:
    for start in range(0, len(frame), frames.ROWS_PER_BATCH):
        batch = frame.iloc[start : start + frames.ROWS_PER_BATCH].astype(object)
        connection.execute(insert(substitutions), batch.where(batch.notna(), None).to_dict("records"))


def by_to_sql(connection: Connection, frame: pd.DataFrame) -> None:
    frame.to_sql(
        "substitutions", connection, if_exists="append", index=False, method="multi", chunksize=ROWS_PER_STATEMENT
    )


def by_ours(connection: Connection, frame: pd.DataFrame) -> None:
    frames.insert(connection, substitutions, frame)


def print_table(rows: int, results: dict[str, dict[str, float]]) -> None:
    table = Table(title=f"{rows:,} substitutions: rows a second", title_justify="left")
    for heading in ("way", *results):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for way in next(iter(results.values())):
        table.add_row(way, *(f"{rows / seconds[way]:,.0f}{against_core(seconds, way)}" for seconds in results.values()))
    Console().print(table)


def against_core(seconds: dict[str, float], way: str) -> str:
    return f" ({seconds[CORE] / seconds[way]:.1f} x)" if CORE in seconds else ""


if __name__ == "__main__":
    main()
