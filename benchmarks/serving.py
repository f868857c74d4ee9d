"""The explorer as browsers and apps see it: `subs serve` over a large night, on SQLite and PostgreSQL, while nothing
else happens and while a night is published beside it.

``python -m benchmarks.serving [--products 120000] [--substitutions 1800000] [--seconds 15] [--json FILE]`` needs a
PostgreSQL server and a Chromium to start; names are real where SUBS_REAL_CATALOGUES says where they are. Server,
database, client, browser and publication share this machine's cores.

Requests arrive 20 a second, of one kind at a time, each for another product, whether those before them are answered or
not; a time counts from when its request was due (arrivals.py). Beside it stand the same look-ups in this process, one
after the other, on connections of the same kind. The publication is another process that swaps in a night with other
prices, scores and outcomes; meanwhile product pages and calls for substitutes take turns. First paint is what Chromium
says of itself, with nothing in its cache, the median of a few visits; beside it stands the smallest page there is.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np
import pandas as pd
import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from benchmarks.arrivals import SPAWN, Answer, Asked, answers_of, arriving
from benchmarks.first_paint import SMALLEST, first_paints
from benchmarks.machine import load, options_of, timed, write_json
from benchmarks.publication import migrated
from benchmarks.rows import Row, Size
from benchmarks.two_databases import PAIRS, two_databases
from subs_assets.database import control, lookups
from subs_assets.database.engine import open_engine
from subs_assets.database.warehouse import Warehouse
from subs_assets.explorer.night import Explored
from subs_assets.settings import Settings
from subs_assets_tests.large_night import large_night
from subs_assets_tests.look_ups import Key, keys_of

RATE = 20
"""Requests a second."""
AIM, AIM_OF_PAINT = 50.0, 1000.0
"""Milliseconds: 95 of 100 product pages, and of 100 calls for substitutes; the first paint of a page."""
SECONDS = {Size.TINY: 1, Size.USUAL: 5, Size.FULL: 15}
"""For each kind of request."""
KEYS, KEYS_ALONE = 1_000, 200
VISITS = 3
BEFORE, AFTER = "night", "next-night"
PRODUCT, SUBSTITUTES = "product page", "substitutes call"

LookUp = Callable[[Connection, Key], object]


@dataclass(frozen=True)
class Times:
    """Milliseconds of ``answers`` answers. ``errors``: what was wrong with some, and with how many. ``processor``:
    milliseconds that the process which answered was busy with each, which other work on the machine hardly changes;
    None: not measured."""

    answers: int
    errors: dict[str, int]
    p50: float
    p95: float
    p99: float
    max: float
    processor: float | None = None


@dataclass(frozen=True)
class Served:
    """What one server did over one database. Milliseconds, but ``published_in`` seconds and ``memory`` MiB.

    ``afterwards``: product pages, once the publication is over. ``first_review``: until the first visitor of a night
    saw a question, and ``first_page``: any page about it.
    """

    quiet: dict[str, Times]
    alone: dict[str, Times]
    published: dict[str, Times]
    afterwards: Times
    published_in: float
    first_page: float
    first_review: float
    paint: dict[str, float]
    memory: float
    load: float | None


def rows(size: Size) -> list[Row]:
    """The 95th percentile of each kind of request, errors during a publication, and the first paint of pages."""
    products, substitutions = PAIRS[size]
    results = on_both(products, substitutions, SECONDS[size])
    return [row for name, served in results for row in rows_of(name, substitutions, served)]


def rows_of(name: str, count: int, served: Served) -> list[Row]:
    """Of one database."""
    aims = {PRODUCT: AIM, SUBSTITUTES: AIM}
    found = []
    for kind, times in served.quiet.items():
        beside, alone = ("its look-ups alone", served.alone[kind].p95) if kind in served.alone else ("", None)
        what = f"{kind}, p95 at {RATE} requests/s, {name}"
        found.append(Row(what, count, times.p95, "ms", beside, alone, aims.get(kind), "ours"))
    for kind, times in served.published.items():
        what = f"{kind}, p95 while a night is published, {name}"
        found.append(Row(what, count, times.p95, "ms", "when none is", served.quiet[kind].p95))
    after = f"{PRODUCT}, p95 after a night was published, {name}"
    found.append(Row(after, count, served.afterwards.p95, "ms", "before", served.quiet[PRODUCT].p95, AIM, "ours"))
    every = (*served.quiet.values(), *served.published.values(), served.afterwards)
    errors = sum(sum(times.errors.values()) for times in every)
    found.append(Row(f"answers that were errors, {name}", count, errors, "", at_most=0, bounds="ours"))
    first = f"first page of review in a night, {name}"
    found.append(
        Row(first, count, served.first_page, "ms", "first question", served.first_review, AIM_OF_PAINT, "ours")
    )
    smallest = served.paint[SMALLEST]
    found += [
        Row(f"first paint of {page}, {name}", count, painted, "ms", SMALLEST, smallest, AIM_OF_PAINT, "ours")
        for page, painted in served.paint.items()
        if page != SMALLEST
    ]
    return found


def main() -> None:
    options = options_of(__doc__, products=120_000, substitutions=1_800_000, seconds=SECONDS[Size.FULL])
    results = {}
    for name, served in on_both(options.products, options.substitutions, options.seconds):
        print_tables(name, served)
        results[name] = served
    counts = {"products": options.products, "substitutions": options.substitutions}
    write_json(options.json, {"rows": counts, **{name: asdict(served) for name, served in results.items()}})


def on_both(products: int, substitutions: int, seconds: int) -> Iterator[tuple[str, Served]]:
    night = large_night(products, substitutions)
    keys = keys_of(night, KEYS)
    with two_databases() as homes:
        staging = next(iter(homes.values())).staging
        stage(staging, BEFORE, night)
        stage(staging, AFTER, next_night(night))
        night.clear()
        for name, home in homes.items():
            yield name, on_database(home, keys, seconds)


def next_night(night: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables that change most."""
    prices, pairs, outcomes = (night[name] for name in ("listings", "substitutions", "substitution_outcomes"))
    return {
        "listings": prices.assign(price=prices["price"] + 0.01),
        "substitutions": pairs.assign(score=pairs["score"] * 0.999),
        "substitution_outcomes": outcomes.assign(nearest_score=outcomes["nearest_score"] * 0.999),
    }


def stage(staging: Path, run_id: str, night: Mapping[str, pd.DataFrame]) -> None:
    with warehouse_in(staging) as warehouse:
        for table_name, frame in night.items():
            warehouse.stage(run_id, table_name, frame)


@contextmanager
def warehouse_in(staging: Path, url: str = "sqlite://") -> Iterator[Warehouse]:
    engine = open_engine(url)
    yield Warehouse(engine, staging)
    engine.dispose()


def publish(url: str, staging: Path, run_id: str) -> float:
    """Seconds."""
    with warehouse_in(staging, url) as warehouse:
        return timed(lambda: warehouse.publish(run_id))


def on_database(home: Settings, keys: Sequence[Key], seconds: int) -> Served:
    migrated(home.database_url).dispose()
    publish(home.database_url, home.staging, BEFORE)
    with control.opened(home.control_url):
        paths = paths_of(keys)
    with serving(home) as (address, process):
        first_page, first_review = first_visit(address)
        quiet = {
            kind: with_processor(process, lambda: answers_of(Asked(address, {kind: of_kind}, RATE), seconds))  # noqa: B023
            for kind, of_kind in paths.items()
        }
        alone = looked_up_alone(home, keys[:KEYS_ALONE])
        pages = {"overview": "/", PRODUCT: paths[PRODUCT][0], "categories": "/categories", "review": "/review"}
        paint = first_paints(address, pages, VISITS)
        both = {kind: paths[kind] for kind in (PRODUCT, SUBSTITUTES)}
        with ProcessPoolExecutor(1, SPAWN) as publisher:
            publisher.submit(os.getpid).result()  # what it imports is no part of a publication
            with arriving(Asked(address, both, RATE)) as answers:
                published_in = publisher.submit(publish, home.database_url, home.staging, AFTER).result()
        afterwards = times_of(answers_of(Asked(address, {PRODUCT: paths[PRODUCT]}, RATE), seconds))
        published = {kind: times_of([one for one in answers if one.kind == kind]) for kind in both}
        memory = process.memory_info().rss / 2**20
    return Served(quiet, alone, published, afterwards, published_in, first_page, first_review, paint, memory, load())


def paths_of(keys: Sequence[Key]) -> dict[str, list[str]]:
    """Kind of request -> what is asked."""
    return {
        PRODUCT: [f"/products/{quote(key['product_id'])}" for key in keys],
        SUBSTITUTES: [f"/api/v1/substitutes?{urlencode({'product_id': key['product_id']})}" for key in keys],
        "search": [f"/search?{urlencode({'q': key['word']})}" for key in keys],
        "overview": ["/"],
        "review": ["/review"],
    }


@contextmanager
def serving(home: Settings) -> Iterator[tuple[str, psutil.Process]]:
    """Its address without a slash at the end, and the process."""
    places = {"SUBS_HOME": str(home.home), "SUBS_CATALOGUES": str(home.home), "SUBS_DATABASE_URL": home.database_url}
    others = {name: value for name, value in os.environ.items() if not name.startswith("SUBS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "subs_assets.cli", "serve", "--port", "0"],
        env={**others, **places}, encoding="utf-8", stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    told = process.stdout.readline()
    address = re.search(r"http://[\d.:]+", told)
    try:
        assert address is not None, told
        yield address[0], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate()


def first_visit(address: str) -> tuple[float, float]:
    """Milliseconds until the page of questions says anything, and until it asks the first one."""
    import httpx2

    started = time.perf_counter()
    with httpx2.Client(base_url=address, timeout=300) as visitor:
        visitor.get("/")  # the server has loaded its modules
        started = time.perf_counter()
        answer = visitor.get("/review")
        first_page = time.perf_counter() - started
        while "refresh" in answer.headers:
            time.sleep(0.1)
            answer = visitor.get("/review")
    return 1000 * first_page, 1000 * (time.perf_counter() - started)


def looked_up_alone(home: Settings, keys: Sequence[Key]) -> dict[str, Times]:
    """The same questions to the same database, without a server and without a page."""
    explored = Explored(home)

    def asked(look_up: LookUp, key: Key) -> None:
        with explored.night() as night:
            look_up(night.connection, key)

    def asked_all(kind: str, look_up: LookUp) -> list[Answer]:
        return [Answer(kind, 1000 * timed(lambda: asked(look_up, key))) for key in keys]  # noqa: B023

    return {
        kind: with_processor(psutil.Process(), lambda: asked_all(kind, look_up))  # noqa: B023
        for kind, look_up in {PRODUCT: of_a_product, SUBSTITUTES: of_substitutes, "search": of_search}.items()
    }


def of_a_product(connection: Connection, key: Key) -> None:
    lookups.product_row(connection, key["product_id"])
    own = lookups.listings_of(connection, key["product_id"])
    lookups.paths_of_listings(connection, list(zip(own["company_slug"], own["sku"], strict=True)))
    lookups.substitutes_of(connection, key["product_id"])
    lookups.outcomes_of(connection, key["product_id"])


def of_substitutes(connection: Connection, key: Key) -> None:
    lookups.companies(connection)
    lookups.product_row(connection, key["product_id"])
    lookups.substitutes_of(connection, key["product_id"], at_most=10)
    lookups.outcomes_of(connection, key["product_id"])


def of_search(connection: Connection, key: Key) -> None:
    lookups.search(connection, key["word"], 50)


def times_of(answers: Sequence[Answer]) -> Times:
    p50, p95, p99, longest = np.percentile([one.milliseconds for one in answers], (50, 95, 99, 100)).tolist()
    errors = Counter(one.problem for one in answers if one.problem is not None)
    return Times(len(answers), dict(errors), p50, p95, p99, longest)


def with_processor(process: psutil.Process, ask: Callable[[], list[Answer]]) -> Times:
    before = process.cpu_times()
    answers = ask()
    after = process.cpu_times()
    busy = after.user + after.system - before.user - before.system
    return replace(times_of(answers), processor=1000 * busy / len(answers))


def print_tables(name: str, served: Served) -> None:
    first = f"review: first page after {served.first_page:,.0f} ms, first question after {served.first_review:,.0f} ms"
    title = (
        f"{name}: memory of the server {served.memory:.0f} MiB; {first}; publication {served.published_in:.0f} s; "
        f"load {served.load}; milliseconds"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("request", "answers", "errors", "p50", "p95", "p99", "max", "processor"):
        table.add_column(heading, justify="left" if heading == "request" else "right")
    groups: dict[str, Mapping[str, Times]] = {
        "": served.quiet, ", look-ups alone": served.alone, ", while a night is published": served.published,
        ", afterwards": {PRODUCT: served.afterwards},
    }  # fmt: skip
    for what, times in groups.items():
        for kind, one in times.items():
            took = (one.p50, one.p95, one.p99, one.max, one.processor)
            figures = [
                str(one.answers),
                str(sum(one.errors.values())),
                *("" if x is None else f"{x:.1f}" for x in took),
            ]
            table.add_row(f"{kind}{what}", *figures)
    for page, painted in served.paint.items():
        table.add_row(f"first paint: {page}", str(VISITS), "", f"{painted:.0f}")
    Console(width=150).print(table)
    for times in groups.values():
        for kind, one in times.items():
            for problem, count in one.errors.items():
                print(f"{count} x {kind}: {problem}")


if __name__ == "__main__":
    main()
