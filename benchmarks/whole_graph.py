"""``subs run``, each time as a person starts it: how long, how much memory, and where the time of a run goes that has
little to compute; and how the substitution stage grows with the listings.

The whole graph runs into an empty home, then into another one that has the vectors already, and on at/ there once more
with nothing changed. On the sample the run is taken apart by the times of Dagster's own events. The growth is that of
one night taken several times over, each copy with shelves of its own: all that grows is the number of blocks.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.inputs import SAMPLE, SOURCES, are_real
from benchmarks.machine import facts, heading, run_child, timed
from benchmarks.rows import Row, Size, print_rows
from subs_assets.catalogue.category_path import ROOT
from subs_assets.database.engine import open_engine
from subs_assets.database.warehouse import Warehouse
from subs_assets.embedding import matrices
from subs_assets.embedding.matrices import BLOCK_COLUMNS
from subs_assets.embedding.similarity import NameFeatures, Pairs
from subs_assets.model.trained import SHIPPED, load
from subs_assets.settings import Settings
from subs_assets.substitution.build import SubstitutionInputs, build_substitutions

SECONDS_BUDGET, MEMORY_BUDGET, GROWTH_BUDGET = 90, 2048, 1.15
BUDGET_FOR = "at"
DATA_SETS = {Size.TINY: (), Size.USUAL: ("au",), Size.FULL: ("au", "at")}
GROWN_TO = {Size.TINY: (100, 200), Size.USUAL: (30_000, 120_000), Size.FULL: (30_000, 120_000)}
ROUNDS = 2

EVENTS = """
import json
from dagster import DagsterInstance
with DagsterInstance.get() as instance:
    (run,) = instance.get_runs(limit=1)
    events = [(e.dagster_event, e.timestamp) for e in instance.all_logs(run.run_id) if e.is_dagster_event]
ended = ("STEP_SUCCESS", "STEP_FAILURE")
print(json.dumps({
    "events": len(events),
    "began": {e.step_key: t for e, t in events if e.event_type_value == "STEP_START"},
    "ended": {e.step_key: t for e, t in events if e.event_type_value in ended},
}))
"""

LISTINGS = """
from sqlalchemy import text
from subs_assets.database.engine import open_engine
from subs_assets.settings import Settings
with open_engine(Settings.from_environment().database_url).connect() as connection:
    print(connection.execute(text("SELECT count(*) FROM listings")).scalar())
"""
TABLES = (
    "listings", "products", "product_listings", "product_claims", "product_kinds", "category_facets",
    "category_equivalences",
)  # fmt: skip


@dataclass(frozen=True)
class Home:
    """A home in a folder of its own, and the catalogues that it is for."""

    folder: Path
    data_set: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment, without anybody else's places."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("SUBS_", "DAGSTER_"))}
        real = {"SUBS_REAL_CATALOGUES": os.environ["SUBS_REAL_CATALOGUES"]} if are_real() else {}
        catalogues = SAMPLE if self.data_set == "sample" else SOURCES / self.data_set
        places = {"SUBS_HOME": str(self.folder), "SUBS_CATALOGUES": str(catalogues), "SUBS_DATA_SET": self.data_set}
        dagster = {"DAGSTER_HOME": str(self.folder / "dagster"), "DAGSTER_DISABLE_TELEMETRY": "yes"}
        return {**own, **real, **places, **dagster}

    def run(self) -> tuple[float, float | None]:
        """Seconds, and peak memory in MiB where the system tells."""
        return run_child([sys.executable, "-m", "subs_assets.cli", "run"], variables=self.variables)

    def ask(self, program: str) -> Any:
        """What a small program prints as JSON: in a process of its own, so that this one stays small."""
        command = [sys.executable, "-c", program]
        ended = subprocess.run(command, env=self.variables, stdout=subprocess.PIPE, encoding="utf-8", check=True)
        return json.loads(ended.stdout)


def rows(size: Size) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder) / "sample", "sample")
        found = list(_taken_apart(home))
        for data_set in DATA_SETS[size] if are_real() else ():
            home = Home(Path(folder) / data_set, data_set)
            found += _nights(home, Path(folder) / f"{data_set} again")
        return [*found, *_growth(home, size)]


def _taken_apart(home: Home) -> Iterator[Row]:
    """The second run on the sample: the first makes the database and exports the model."""
    home.run()
    started = time.time()
    seconds, _ = home.run()
    told = home.ask(EVENTS)
    steps = [(told["began"][step], ended) for step, ended in told["ended"].items() if step in told["began"]]
    first, last = min(began for began, _ in steps), max(ended for _, ended in steps)
    inside = sum(ended - began for began, ended in steps)
    parts = {
        "before the first step": first - started,
        f"within the {len(steps)} steps": inside,
        f"between them, {told['events']} events in all": last - first - inside,
        "after the last": started + seconds - last,
    }
    for part, took in parts.items():
        yield Row(f"a run on the sample: {part}", home.ask(LISTINGS), took, beside="the run", other=seconds)


def _nights(home: Home, other: Path) -> Iterator[Row]:
    """What a night costs that finds little changed is measured by nights.py; here, whether at/ keeps to its budget."""
    has_budget = home.data_set == BUDGET_FOR
    first, _ = home.run()
    listings = home.ask(LISTINGS)
    again = replace(home, folder=other)
    shutil.copytree(home.folder / "vectors", other / "vectors")
    runs = ("vectors known", "nothing changed") if has_budget else ("vectors known",)
    for known in runs:
        what = f"whole graph on {home.data_set}/, {known}"
        seconds, memory = again.run()
        yield Row(
            what, listings, seconds, beside="the first run, with encoding", other=first,
            at_most=SECONDS_BUDGET if has_budget else None, bounds="ours",
        )  # fmt: skip
        if memory is not None:
            budget = MEMORY_BUDGET if has_budget else None
            yield Row(f"{what}: memory", listings, memory, "MiB", at_most=budget, bounds="ours")


# --- growth -----------------------------------------------------------------------------------------------------------


def _growth(home: Home, size: Size) -> list[Row]:
    inputs, features = night_of(home)
    model = load(SHIPPED).acceptance
    listings = len(inputs.listings)
    copies = [max(place, round(wanted / listings)) for place, wanted in enumerate(GROWN_TO[size], start=1)]
    nights = [several(inputs, features, count) for count in copies]
    took = [[timed(partial(build_substitutions, *night, model)) for night in nights] for _ in range(ROUNDS)]
    few, many = (min(times) for times in zip(*took, strict=True))
    exponent = math.log(many / few) / math.log(copies[1] / copies[0])
    return [
        Row("substitution stage", copies[0] * listings, few),
        Row("substitution stage", copies[1] * listings, many),
        Row(
            "substitution stage: exponent of its growth", copies[1] * listings, exponent, "", at_most=GROWTH_BUDGET,
            bounds="ours",
        ),
    ]  # fmt: skip


def night_of(home: Home) -> tuple[SubstitutionInputs, NameFeatures]:
    """What the substitutions of a home are made from, as it is published."""
    settings = Settings.from_environment(home.variables)
    engine = open_engine(settings.database_url)
    warehouse = Warehouse(engine, settings.staging)
    tables = {name: warehouse.read(name) for name in TABLES}
    engine.dispose()
    kept = matrices.load(matrices.published(settings.matrices))
    # A copy: on Windows the folder could not be removed while its file is mapped.
    features = NameFeatures(np.array(kept.features.vectors), kept.features.lexical)
    return SubstitutionInputs(**tables, blocks=kept.blocks, alike_names=kept.alike_names), features


def several(inputs: SubstitutionInputs, features: NameFeatures, copies: int) -> tuple[SubstitutionInputs, NameFeatures]:
    """The night so many times over: products, listings and shelves of their own, the same companies, and no name is
    alike to one of another copy."""
    tables = {
        name: pd.concat([_copied(getattr(inputs, name), copy) for copy in range(copies)], ignore_index=True)
        for name in TABLES
    }
    products, alike = len(features), inputs.alike_names
    blocks = [_copied(inputs.blocks.assign(row=inputs.blocks["row"] + copy * products), copy) for copy in range(copies)]
    shift = np.repeat(np.arange(copies) * products, len(alike))
    pairs = Pairs(
        np.tile(alike.left, copies) + shift,
        np.tile(alike.right, copies) + shift,
        np.tile(alike.cosine, copies),
        np.tile(alike.lexical, copies),
    )
    ordered = pd.concat(blocks).sort_values(BLOCK_COLUMNS, ignore_index=True)
    more = NameFeatures(np.tile(features.vectors, (copies, 1)), sparse.vstack([features.lexical] * copies, "csr"))
    return replace(inputs, **tables, blocks=ordered, alike_names=pairs), more


def _copied(frame: pd.DataFrame, copy: int) -> pd.DataFrame:
    """Keys of the copy's own, in the order of the originals."""
    marked = {key: f"{copy:03d} " + frame[key] for key in ("product_id", "sku") if key in frame}
    shelves = {
        path: frame[path].where(frame[path] == ROOT, f'["{copy:03d} ' + frame[path].str[2:])
        for path in ("path", "target_path")
        if path in frame
    }
    return frame.assign(**marked, **shelves)


if __name__ == "__main__":
    print(heading(facts()))
    print_rows(rows(Size.USUAL))
