"""How long it takes until anything happens: ``subs --help``, and the definitions beyond Dagster itself."""

import statistics
import subprocess
import sys

from benchmarks.machine import facts, heading, run_child
from benchmarks.rows import Row, Size, print_rows

ROUNDS = {Size.TINY: 1, Size.USUAL: 5, Size.FULL: 11}
HELP_BUDGET, DEFINITIONS_BUDGET = 0.5, 0.5
HELP = "from subs_assets.cli import main; import sys; sys.argv = ['subs', '--help']; main()"
NOT_FOR_HELP = ("dagster", "pandas")
NOT_FOR_DEFINITIONS = ("torch", "sentence_transformers", "matplotlib")
PROGRAMS = {
    "nothing": "pass",
    "help": HELP,
    "dagster": "import dagster",
    "definitions": "import subs_assets.definitions",
}


def rows(size: Size) -> list[Row]:
    took: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS[size]):
        for name, program in PROGRAMS.items():
            took[name].append(run_child([sys.executable, "-c", program])[0])
    seconds = {name: statistics.median(found) for name, found in took.items()}
    beyond = statistics.median(ours - its for ours, its in zip(took["definitions"], took["dagster"], strict=True))
    return [
        Row(
            "`subs --help`", None, seconds["help"], beside="Python alone", other=seconds["nothing"],
            at_most=HELP_BUDGET, bounds="ours",
        ),
        Row(
            "import of the definitions, beyond Dagster's", None, max(0.0, beyond), beside="`import dagster`",
            other=seconds["dagster"], at_most=DEFINITIONS_BUDGET, bounds="ours",
        ),
        _unwanted("`subs --help`", HELP, NOT_FOR_HELP),
        _unwanted("the definitions", PROGRAMS["definitions"], NOT_FOR_DEFINITIONS),
    ]  # fmt: skip


def _unwanted(of: str, program: str, modules: tuple[str, ...]) -> Row:
    tell = f"\nfinally:\n    print(sum(name in sys.modules for name in {modules!r}), file=sys.stderr)"
    command = [sys.executable, "-c", f"import sys\ntry:\n    {program}{tell}"]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    loaded = float(ended.stderr.splitlines()[-1])
    return Row(f"{of}: loads of {', '.join(modules)}", None, loaded, unit="", at_most=0, bounds="ours")


if __name__ == "__main__":
    print(heading(facts()))
    print_rows(rows(Size.USUAL))
