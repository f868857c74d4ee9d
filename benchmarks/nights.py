"""Night after night in one home: a first run into an empty one, then nothing changed, files that came again as they
were, new prices only, and one listing in a hundred changed; each beside the first.

``python -m benchmarks.nights [--full 1] [--json FILE]``: on au/, with ``--full 1`` on at/; where these are absent, on
the sample. Each night is a process of its own, which tells the seconds from the start of the run to its end, so that
starting Python and loading the program are left out. Processor time is told too, which is the better measure on a
machine that does something else besides.
"""

import csv
import gzip
import io
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.inputs import SAMPLE, SOURCES, are_real
from benchmarks.machine import options_of, write_json
from benchmarks.rows import Row, Size, print_rows
from benchmarks.whole_graph import LISTINGS, Home
from subs_assets.catalogue.companies import find_sources
from subs_assets.catalogue.source import Source

BUDGET = 0.10
BUDGET_FOR = "at"
DATA_SETS = {Size.TINY: "sample", Size.USUAL: "au", Size.FULL: "at"}
ANY_BYTES = "surrogateescape"
CHANGED = 100
"""One listing in so many; a third of these each is renamed, gone, and new."""

NIGHT = """
import json, time, warnings
warnings.simplefilter("ignore")
from dagster import DagsterInstance
from subs_assets.definitions import defs
job = defs.resolve_job_def("nightly")
wall, processor = time.perf_counter(), time.process_time()
with DagsterInstance.ephemeral() as instance:
    result = job.execute_in_process(
        instance=instance, run_config={"loggers": {"progress": {}}}, raise_on_error=False
    )
print(json.dumps({
    "success": result.success, "wall": time.perf_counter() - wall, "processor": time.process_time() - processor
}))
"""

Raw = dict[str, Any]
Edit = Callable[[random.Random, list[Raw], Source], list[Raw]]


@dataclass(frozen=True)
class Shops(Home):
    """A home for catalogues of its own, which may be changed: ``catalogues`` hold the companies' files and their
    source.yaml."""

    catalogues: Path

    @property
    def variables(self) -> dict[str, str]:
        return {**super().variables, "SUBS_CATALOGUES": str(self.catalogues)}

    def change(self, edit: Edit) -> None:
        """Edit every company's rows; the same ones each time."""
        chance = random.Random(0)
        for source in find_sources((self.catalogues,)).values():
            assert isinstance(source, Source)
            for pattern in source.files:
                for file in sorted(source.folder.glob(pattern)):
                    write_rows(file, edit(chance, read_rows(file, source), source), source)


def rows(size: Size) -> list[Row]:
    data_set = DATA_SETS[size] if are_real() else "sample"
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-", ignore_cleanup_errors=True) as folder:
        shops = Shops(Path(folder) / "home", data_set, catalogues_in(Path(folder) / "catalogues", data_set))
        first = night(shops)
        found = []
        for what, edit in (
            ("nothing changed", None),
            ("files came again", lambda _, rows, __: rows),
            ("new prices only", new_prices),
            ("1 % changed", one_in_a_hundred),
        ):
            if edit is not None:
                shops.change(edit)
            took, listings = night(shops), shops.ask(LISTINGS)
            budget = BUDGET if data_set == BUDGET_FOR and what != "new prices only" else None
            found += [
                Row(
                    f"a night on {data_set}/: {what}, {how}", listings, took[how], beside="the first", other=first[how],
                    at_most=budget,
                )
                for how in ("wall", "processor")
            ]  # fmt: skip
        return found


def night(shops: Shops) -> dict[str, float]:
    """Seconds of a run: of the clock, and of the processors."""
    told = shops.ask(NIGHT)
    if not told.pop("success"):
        raise RuntimeError(f"the night on {shops.data_set}/ failed; start `subs run` on {shops.catalogues} to see why")
    return dict(told)


def catalogues_in(folder: Path, data_set: str) -> Path:
    """A copy of the companies' folders, files and source.yaml together."""
    for source in find_sources((SAMPLE if data_set == "sample" else SOURCES / data_set,)).values():
        assert isinstance(source, Source)
        own = folder / source.company_slug
        shutil.copytree(source.folder, own, copy_function=shutil.copyfile)
        described = (SAMPLE if data_set == "sample" else SOURCES / data_set) / source.company_slug / "source.yaml"
        lines = described.read_text(encoding="utf-8").splitlines(keepends=True)
        told = "".join(line for line in lines if not line.startswith("folder:"))
        (own / "source.yaml").write_text(told, encoding="utf-8")
    return folder


# --- what changes -----------------------------------------------------------------------------------------------------


def new_prices(chance: random.Random, rows: list[Raw], source: Source) -> list[Raw]:
    """One price in ten."""
    for row in chance.sample(rows, len(rows) // 10):
        place, name = inside(row, source.fields.price)
        with suppress(TypeError, ValueError):  # none, or in words
            place[name] = round(float(place[name]) * chance.uniform(0.8, 1.2), 2)
    return rows


def one_in_a_hundred(chance: random.Random, rows: list[Raw], source: Source) -> list[Raw]:
    chosen = set(chance.sample(range(len(rows)), max(3, len(rows) // CHANGED)))
    names = [str(place.get(name)) for place, name in (inside(row, source.fields.name) for row in rows)]
    changed = []
    for number, row in enumerate(rows):
        kind = number % 3 if number in chosen else None
        if kind == 0:
            continue
        changed.append(row)
        if kind is not None:
            other = json.loads(json.dumps(row))
            place, name = inside(other, source.fields.name)
            place[name] = f"{names[number]} {chance.choice(names).split()[-1]}"
            if kind == 1:
                changed[-1] = other
            else:
                place, sku = inside(other, source.fields.sku)
                place[sku] = f"{place[sku]}n"
                changed.append(other)
    return changed


def inside(row: Raw, column: Any) -> tuple[Raw, str]:
    """Where a column stands, ``product.name`` in the object ``product``: the object, and the name there."""
    *outer, name = column.column.split(".")
    for part in outer:
        row = row.get(part) or {}
    return row, name


def read_rows(file: Path, source: Source) -> list[Raw]:
    """Those that are rows at all: the sample has others too."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    text = content.decode("utf-8-sig", ANY_BYTES)
    if source.format == "csv":
        return list(csv.DictReader(io.StringIO(text), delimiter=source.delimiter))
    if source.format == "json":
        found = json.loads(text)
        return list(found[source.array] if source.array else found)
    rows = []
    for line in text.splitlines():
        with suppress(ValueError):
            rows.append(json.loads(line))
    return [row for row in rows if isinstance(row, dict)]


def write_rows(file: Path, rows: Sequence[Raw], source: Source) -> None:
    if source.format == "csv":
        written = io.StringIO()
        writer = csv.DictWriter(written, list(rows[0]), delimiter=source.delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        text = written.getvalue()
    elif source.format == "json":
        text = json.dumps({source.array: rows} if source.array else rows, ensure_ascii=False)
    else:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    content = text.encode(errors=ANY_BYTES)
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)


def main() -> None:
    options = options_of(__doc__, full=0)
    found = rows(Size.FULL if options.full else Size.USUAL)
    print_rows(found)
    write_json(options.json, {"rows": [asdict(row) | {"ratio": row.ratio} for row in found]})


if __name__ == "__main__":
    main()
