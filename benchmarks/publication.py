"""Substitutions written into SQLite and PostgreSQL: by SQLAlchemy Core, by ``to_sql(method="multi")`` and by ours.

``python benchmarks/publication.py [--rows 200000 1000000] [--json FILE]`` needs a PostgreSQL server to start. Rows, of
15 columns, come in key order (subs_assets_tests/large_night.py); each way writes them in one transaction, its commit
counts, and each but "again" into an empty table. Rows a second, and in brackets against Core. Beyond 200,000 rows Core
and ``to_sql`` would take minutes, at the same rate.
"""

import argparse
import json
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine, insert

from subs_assets.database import frames
from subs_assets.database.engine import open_engine, writing
from subs_assets.database.migrate import upgrade
from subs_assets.database.tables import substitutions
from subs_assets.database.warehouse import Warehouse
from subs_assets.settings import sqlite_url
from subs_assets_tests.large_night import large_night
from subs_assets_tests.postgres_server import PostgresServer, running_server

PRODUCTS = 120_000
MOST_ROWS_OF_OTHERS = 200_000
CORE = "SQLAlchemy Core"
ROWS_PER_STATEMENT = 2_000
"""Of ``to_sql(method="multi")``: PostgreSQL takes 65,535 parameters, SQLite 32,766."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 1_000_000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: dict[str, dict[str, dict[str, float]]] = {}
    # As a server is by default: the tests' own waits for no disk.
    with running_server(settings=()) as server:
        about = machine(server)
        print(about)
        for rows in options.rows:
            frame = large_night(PRODUCTS, rows)["substitutions"]
            results[f"{rows:,} rows"] = {
                "SQLite": measured(frame, lambda folder: sqlite_url(folder / "subs.db")),
                "PostgreSQL": measured(frame, lambda folder: server.url(server.new_database())),
            }
            print_table(rows, results[f"{rows:,} rows"])
    write_json(options.json, {"machine": about, "seconds": results})


def machine(server: PostgresServer) -> dict[str, Any]:
    """What the figures of a run depend on, beside the program."""
    return {
        "python": platform.python_version(),
        "sqlalchemy": sqlalchemy.__version__,
        "sqlite": sqlite3.sqlite_version,
        "postgresql": server.execute("SHOW server_version")[0][0].split()[0],
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def write_json(file: Path | None, results: dict[str, Any]) -> None:
    if file is not None:
        file.write_text(json.dumps(results, indent=1), encoding="utf-8")


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


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


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
