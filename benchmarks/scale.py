"""One and two Dask workers beside the threads of one process, on the same shelves and names; and the task graph of
ten million listings, simulated with what was measured.

``python -m benchmarks.scale [--listings 25000] [--names 4096] [--millions 10] [--companies 200] [--json FILE]``.
Scheduler and workers are processes of this machine, so two workers can at best be as fast as two threads: what is
measured is what the way there costs. Shelves are categories of ``inputs``, seven companies with one of each kind, whose
kinds are all mapped to each other; no gate refuses anything.
"""

import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import product as every_pair
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks import inputs
from benchmarks.machine import options_of, timed, write_json
from benchmarks.rows import Row, Size, print_rows
from subs_assets.compute import dask as dask_compute
from subs_assets.compute.dask import Dask
from subs_assets.compute.local import Compute, Threads
from subs_assets.embedding.fast_encoder import FastEncoder
from subs_assets.embedding.similarity import NameFeatures, Pairs, lexical_features
from subs_assets.embedding.vector_store import encoded
from subs_assets.model.trained import shipped_model
from subs_assets.substitution.attributes import UNKNOWN, ProductAttributes
from subs_assets.substitution.candidates import shelf_neighbours
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.shelves import PAIR_COLUMNS, ShelfRelations
from subs_assets_tests.dask_cluster import Cluster, running_cluster
from subs_assets_tests.dask_tasks import nothing

LISTINGS = {Size.TINY: 600, Size.USUAL: 25_000, Size.FULL: 100_000}
NAMES = {Size.TINY: 64, Size.USUAL: 2_048, Size.FULL: 16_384}
EMPTY_TASKS = {Size.TINY: 20, Size.USUAL: 1_000, Size.FULL: 5_000}
ROUNDS = 3
COMPANIES = 7
SHARD = 256
"""Names a task: smaller than the store's, so that a few thousand names are some tasks for each worker."""

WAYS = {"one thread": 1, "one worker": 1, "two threads": 2, "two workers": 2}
PAIR_BYTES = 33
"""Of a candidate: its place, whether it is refused, its pair and the two halves of its similarity."""


@dataclass(frozen=True)
class Night:
    """What level 5 compares."""

    features: NameFeatures
    relations: ShelfRelations
    gates: Gates

    def neighbours(self, compute: Compute) -> Pairs:
        return shelf_neighbours(self.features, self.relations, self.gates, compute)


@dataclass(frozen=True)
class Took:
    """Medians of the rounds, in seconds; ``processor``: of this process, the scheduler and the workers together."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Measured:
    """``tiles``, ``encoding``: what each of ``WAYS`` took; the rest is what the simulation goes by."""

    names: int
    tiles: dict[str, Took]
    opening: Took
    """Of ``tiles`` on one worker, what does not grow with the cells: connecting, and opening what is shared."""
    encoding: dict[str, Took]
    task_seconds: float
    """From submission to result, of a Dask task that does nothing, one after the other."""
    scheduler_seconds: float
    """Of the scheduler's own processor time, for such a task."""
    cells: int
    candidates_a_place: float
    """Of a product at a company that it is compared with."""
    lexical_bytes: float
    """Of a name's n-grams."""
    gate_bytes: float
    """Of a product in the gates, pickled."""


def rows(size: Size) -> list[Row]:
    return as_rows(measure(LISTINGS[size], NAMES[size], EMPTY_TASKS[size]), LISTINGS[size], NAMES[size])


def as_rows(measured: Measured, listings: int, names: int) -> list[Row]:
    found = []
    for what, count, took in (
        ("level 5's tiles", listings, measured.tiles),
        ("names encoded", names, measured.encoding),
    ):
        for ours, other in (
            ("one worker", "one thread"),
            ("two workers", "two threads"),
            ("two workers", "one worker"),
        ):
            one, two = took[ours], took[other]
            found.append(Row(f"{what}, {ours}", count, one.wall, beside=other, other=two.wall))
            found.append(Row("of it processor time", count, one.processor, beside=other, other=two.processor))
    found.append(
        Row(
            "a Dask task that does nothing", None, measured.task_seconds * 1e3, unit="ms",
            beside="the scheduler's own time", other=measured.scheduler_seconds * 1e3,
        )
    )  # fmt: skip
    return found


def measure(listings: int, names: int, empty_tasks: int) -> Measured:
    compared = night(listings)
    counted = Counted()
    compared.neighbours(counted)
    with (
        tempfile.TemporaryDirectory(prefix="subs-benchmark-", ignore_cleanup_errors=True) as folder,
        running_cluster(1) as one,
        running_cluster(2) as two,
    ):
        places: dict[str, Compute] = {
            "one thread": Threads(1),
            "one worker": Dask(one.address, folder),
            "two threads": Threads(2),
            "two workers": Dask(two.address, folder),
        }
        found = compared.neighbours(places["one thread"])
        for place in places.values():  # each has loaded all that it needs when the rounds begin
            require_the_same(found, compared.neighbours(place))
        programs: dict[str, list[int]] = {"one thread": [], "two threads": []}
        for way, cluster in (("one worker", one), ("two workers", two)):
            programs[way] = [process.pid for process in (cluster.scheduler, *cluster.workers)]
        tiles = rounds({way: partial(compared.neighbours, place) for way, place in places.items()}, programs)
        smallest = replace(compared, relations=of_one_shelf(compared.relations))
        opening = rounds({"one worker": partial(smallest.neighbours, places["one worker"])}, programs)["one worker"]
        encoding = rounds(encoders(names, places), programs)
        task, of_scheduler = overhead(one, Path(folder), empty_tasks)
    standings = compared.relations.products
    return Measured(
        names=names,
        tiles=tiles,
        opening=opening,
        encoding=encoding,
        task_seconds=task,
        scheduler_seconds=of_scheduler,
        cells=sum(map(len, counted.tasks)),
        candidates_a_place=len(found) / (len(standings) * COMPANIES),
        lexical_bytes=compared.features.lexical.nnz * 8 / listings,
        gate_bytes=len(pickle.dumps(compared.gates, protocol=5)) / listings,
    )


def rounds(ways: dict[str, Callable[[], object]], programs: dict[str, list[int]]) -> dict[str, Took]:
    """What each takes, here and in its ``programs``; they take turns."""
    wall: dict[str, list[float]] = {way: [] for way in ways}
    processor: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, work in ways.items():
            before = processor_seconds([os.getpid(), *programs[way]])
            wall[way].append(timed(work))
            processor[way].append(processor_seconds([os.getpid(), *programs[way]]) - before)
    return {way: Took(statistics.median(wall[way]), statistics.median(processor[way])) for way in ways}


def processor_seconds(programs: Sequence[int]) -> float:
    import psutil

    return sum(sum(psutil.Process(program).cpu_times()[:2]) for program in programs)


def encoders(names: int, places: dict[str, Compute]) -> dict[str, Callable[[], object]]:
    """Each way to encode the same names; all have loaded the model."""
    texts = sorted(inputs.some_names(names), key=len, reverse=True)
    shards = [texts[start : start + SHARD] for start in range(0, len(texts), SHARD)]
    ways: dict[str, Callable[[], object]] = {}
    for way, place in places.items():
        # With threads of its own; as many as OMP_NUM_THREADS says when the model is opened.
        with threads_of_models(WAYS[way]):
            encoder = FastEncoder(inputs.MODEL, inputs.CACHE / "vectors")
            encoder.encode(["milk"])
        if isinstance(place, Dask):
            (encoder.vectors / encoder.fingerprint).mkdir(parents=True, exist_ok=True)
            ways[way] = partial(_encode_elsewhere, place, encoder, shards)
        else:
            ways[way] = partial(_encode_here, encoder, shards)
    list(places["one worker"].map(encoded, encoder, [["milk"]]))
    list(places["two workers"].map(encoded, encoder, [["milk"]] * 8))
    return ways


def _encode_here(encoder: FastEncoder, shards: list[list[str]]) -> None:
    for shard in shards:
        encoder.encode(shard)


def _encode_elsewhere(place: Dask, encoder: FastEncoder, shards: list[list[str]]) -> None:
    for _ in place.map(encoded, encoder, shards):
        pass


@contextmanager
def threads_of_models(count: int) -> Iterator[None]:
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        os.environ.pop("OMP_NUM_THREADS")
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


def overhead(cluster: Cluster, folder: Path, tasks: int) -> tuple[float, float]:
    """Seconds of a Dask task that does nothing: all in all, and of the scheduler's processor time."""
    bundle, dask_compute.BUNDLE = dask_compute.BUNDLE, 0
    try:
        before, started = processor_seconds([cluster.scheduler.pid]), time.perf_counter()
        list(Dask(cluster.address, str(folder)).map(nothing, None, range(tasks)))
        seconds = time.perf_counter() - started
        return seconds / tasks, (processor_seconds([cluster.scheduler.pid]) - before) / tasks
    finally:
        dask_compute.BUNDLE = bundle


def night(listings: int) -> Night:
    """Seven categories at a time are one kind of thing at seven companies, mapped to each other."""
    names, places = inputs.categories(listings)
    shelves = pd.DataFrame(
        {
            "company_slug": [f"company_{number % COMPANIES}" for number in range(len(places))],
            "path": [f'["{number // COMPANIES}"]' for number in range(len(places))],
        }
    )
    shelf = np.concatenate([np.full(len(names[place]), number) for number, place in enumerate(places)])
    kinds = [range(first, min(first + COMPANIES, len(places))) for first in range(0, len(places), COMPANIES)]
    relations = relations_of(shelves, shelf, [pair for kind in kinds for pair in every_pair(kind, kind)])
    features = NameFeatures(inputs.vectors(names), lexical_features(names, shipped_model().names))
    return Night(features, relations, Gates(unknown_products(names)))


def relations_of(shelves: pd.DataFrame, shelf: Any, pairs: Sequence[tuple[int, int]] | Any) -> ShelfRelations:
    products = pd.DataFrame({"product": np.arange(len(shelf)), "shelf": shelf})
    frame = pd.DataFrame(pairs, columns=PAIR_COLUMNS[:2])
    return ShelfRelations(shelves, products, frame.assign(company=shelves["company_slug"].to_numpy()[frame["other"]]))


def of_one_shelf(relations: ShelfRelations) -> ShelfRelations:
    """The same shelves, of which only the smallest is compared, with itself."""
    smallest = relations.products["shelf"].value_counts().idxmin()
    pairs = relations.pairs
    return replace(relations, pairs=pairs[(pairs["shelf"] == smallest) & (pairs["other"] == smallest)])


def unknown_products(names: Sequence[str]) -> ProductAttributes:
    """Of which nothing is known that could refuse one for another."""
    unknown = np.full(len(names), UNKNOWN, np.int32)
    return ProductAttributes(
        brand=unknown, name=unknown, dimension=unknown, product_class=unknown, kind=unknown, kind_group=unknown,
        stated={}, total=np.full(len(names), np.nan), claims=np.array([frozenset()] * len(names), object),
        words=np.array(names, object),
    )  # fmt: skip


class Counted:
    """Computes nothing, and keeps what it was asked for."""

    tasks: Sequence[Any] = ()

    def map(self, function: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any]) -> Iterator[Any]:
        self.tasks = tasks
        return iter(())


def require_the_same(one: Pairs, other: Pairs) -> None:
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(other, name))


# --- on paper ---------------------------------------------------------------------------------------------------------

SAMPLE = 400
"""Shelves whose tiles are made in earnest; the rest is like them."""


@dataclass(frozen=True)
class Shape:
    """What is planned: companies of equal size; ``spread`` of the logarithm of a shelf's size, ``mapped``: the share of
    (shelf, company) with a mapping, and ``others``: to how many shelves. The last three as measured on at/."""

    listings: int = 10_000_000
    companies: int = 200
    shelves: int = 800
    """Of a company: Coles has over 800."""
    spread: float = 1.7
    mapped: float = 0.56
    others: float = 1.24


def task_graph(shape: Shape, measured: Measured) -> list[tuple[str, str]]:
    """What level 5 would be at that size, made of the tiles of some of its shelves."""
    chance = np.random.default_rng(inputs.SEED)
    sizes = chance.lognormal(0, shape.spread, (shape.companies, shape.shelves))
    # Large shelves are large everywhere.
    sizes = np.sort(sizes, axis=1) * (shape.listings / shape.companies / sizes.sum(axis=1, keepdims=True))
    sizes = np.maximum(1, np.round(sizes)).astype(np.intp).ravel()
    total = shape.companies * shape.shelves
    chosen = np.sort(chance.choice(total, min(SAMPLE, total), replace=False))
    pairs = [pair for shelf in chosen for pair in partners(int(shelf), shape, chance)]
    company = np.repeat(np.arange(shape.companies), shape.shelves)
    shelves = pd.DataFrame({"company_slug": company, "path": np.arange(total)})
    graph = Counted()
    none = NameFeatures(np.empty((0, 384), np.float32), None)
    relations = relations_of(shelves, np.repeat(np.arange(total), sizes), pairs)
    shelf_neighbours(none, relations, Gates(unknown_products([])), graph)
    share = total / len(chosen)
    tiles, cells = len(graph.tasks) * share, sum(map(len, graph.tasks)) * share
    task_bytes = sum(len(pickle.dumps(tile)) for tile in graph.tasks) * share
    # At least 0: of a few listings, the noise is more than the work.
    work = cells / measured.cells * max(0.0, measured.tiles["one worker"].processor - measured.opening.processor)
    bundles = min(tiles, work / dask_compute.BUNDLE)
    standings = int(sizes.sum())
    candidates = standings * shape.companies * shape.mapped * measured.candidates_a_place
    vectors = standings * 384 * 4
    return [
        ("shelves; pairs of them that may be compared", f"{total:,}; {len(pairs) * share:.2g}"),
        ("cells of the blocks, each pair of shelves once", f"{cells:.2g}"),
        ("tiles", f"{tiles:.2g}"),
        ("work of one core", hours(work)),
        ("Dask tasks, of about a second", f"{bundles:.2g}"),
        ("the scheduler's own time, all tasks", hours(bundles * measured.scheduler_seconds)),
        ("workers that one scheduler keeps busy", f"{dask_compute.BUNDLE / measured.scheduler_seconds:,.0f}"),
        ("workers that one run takes results from", f"{dask_compute.BUNDLE / measured.task_seconds:,.0f}"),
        ("tasks, run to scheduler to workers", gigabytes(task_bytes)),
        ("candidates; results, workers to run", f"{candidates:.2g}; {gigabytes(candidates * PAIR_BYTES)}"),
        ("vectors, mapped once a machine", gigabytes(vectors)),
        ("n-grams, mapped once a machine", gigabytes(standings * measured.lexical_bytes)),
        ("gates, in each worker process", gigabytes(standings * measured.gate_bytes)),
        ("memory of the run: tiles, before the first is submitted", gigabytes(task_bytes)),
        ("memory of the run: candidates", gigabytes(candidates * PAIR_BYTES)),
        (
            "names to encode, the first night, one core",
            hours(standings / (measured.names / measured.encoding["one worker"].processor)),
        ),
        ("pairs of names across companies", f"{standings**2 / 2 * (1 - 1 / shape.companies):.2g}"),
        ("rows of substitution_outcomes", f"{standings * shape.companies:.2g}"),
    ]


def partners(shelf: int, shape: Shape, chance: np.random.Generator) -> Iterator[tuple[int, int]]:
    """What a shelf is compared with, itself and shelves of higher numbers, in both directions: so each pair is one of
    the lower shelf's."""
    own, rank = divmod(shelf, shape.shelves)
    yield shelf, shelf
    for company in range(own + 1, shape.companies):
        if chance.random() >= shape.mapped:
            continue
        count = int(shape.others + chance.random())
        near = np.unique(np.clip(rank + chance.integers(-20, 21, count), 0, shape.shelves - 1))
        for other in near + company * shape.shelves:
            yield shelf, int(other)
            yield int(other), shelf


def hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds >= 360 else f"{seconds:,.0f} s"


def gigabytes(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def main() -> None:
    options = options_of(
        __doc__, listings=LISTINGS[Size.USUAL], names=NAMES[Size.USUAL], millions=10, companies=Shape.companies
    )
    measured = measure(options.listings, options.names, EMPTY_TASKS[Size.USUAL])
    print_rows(as_rows(measured, options.listings, options.names))
    shape = Shape(listings=options.millions * 1_000_000, companies=options.companies)
    planned = task_graph(shape, measured)
    table = Table(box=SIMPLE_HEAD, title=f"{shape.listings:,} listings of {shape.companies} companies, on paper")
    for heading in ("what", "how much"):
        table.add_column(heading)
    for line in planned:
        table.add_row(*line)
    Console(width=120).print(table)
    write_json(options.json, {"measured": asdict(measured), "shape": asdict(shape), "planned": dict(planned)})


if __name__ == "__main__":
    main()
