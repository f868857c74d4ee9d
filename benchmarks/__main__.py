"""``python -m benchmarks``: the benchmarks one after the other, one table of all rows, and a JSON file of the run.

A new benchmark is a module with ``rows(size) -> list[Row]``, and a line in every.py.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.every import BENCHMARKS, RESULTS, Benchmark, Outcome, in_a_process, write
from benchmarks.machine import facts, heading, sgemm
from benchmarks.rows import Size, print_rows

ENCODING_MINUTES = 3
"""Until the names of at/ are encoded, which happens once."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if options.docs:
        from benchmarks.page import write_docs

        write_docs(json.loads(options.docs.read_text(encoding="utf-8")))
        return 0
    size = Size.TINY if options.tiny else Size.FULL if options.full else Size.USUAL
    chosen = [one for one in BENCHMARKS if one.name in options.names or (not options.names and one.seconds(size))]
    about = facts()
    print(f"{heading(about)}\n{_how_long(chosen, size)}", flush=True)
    before = sgemm()
    outcomes = [_told(one.name, size) for one in chosen]
    after = sgemm()
    about["sgemm GFLOP/s"] = [round(one.rate / 1e9) for one in (before, after)]
    about["share of the cores' time"] = [round(one.share, 2) for one in (before, after)]
    about["load after"] = facts()["load"]
    print_rows([row for outcome in outcomes for row in outcome.rows])
    print(heading({name: about[name] for name in ("sgemm GFLOP/s", "share of the cores' time", "load", "load after")}))
    if size is Size.USUAL:
        print("the budgets for at/ as a whole and for 1.8 million rows are measured with --full")
    problems = [outcome for outcome in outcomes if outcome.problem]
    for outcome in problems:
        print(f"{outcome.name} was not measured: {outcome.problem}", file=sys.stderr)
    file = write(options.results, options.names, size, about, outcomes)
    print(f"written: {file}")
    return 1 if problems else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "dev.py bench", description="Measure, each thing beside another, and say which budgets are met."
    )
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(names)}")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--full", action="store_true", help="everything, at every size: most of an hour")
    sizes.add_argument("--tiny", action="store_true", help="whether it works at all; the figures mean nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON file")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="measure nothing; put FILE's rows into docs/")
    options = parser.parse_args(arguments)
    if options.docs and not options.docs.is_file():
        parser.error(f"{options.docs} is no file; what was measured lies in {RESULTS}")
    if unknown := set(options.names) - set(names):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def _how_long(chosen: Sequence[Benchmark], size: Size) -> str:
    from benchmarks.inputs import CACHE, are_real

    seconds = sum(one.seconds(size) or one.full for one in chosen)
    first = "" if CACHE.exists() or not are_real() else f", and {ENCODING_MINUTES} minutes to encode names, once"
    origin = "real names" if are_real() else "made-up names (SUBS_REAL_CATALOGUES is not set)"
    return f"{origin}; about {max(1, round(seconds / 60))} min on two quiet cores{first}: " + ", ".join(
        one.name for one in chosen
    )


def _told(name: str, size: Size) -> Outcome:
    print(f"{name} ...", end=" ", flush=True)
    outcome = in_a_process(name, size)
    print(f"{outcome.seconds:.0f} s", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
