"""The numbered cases of docs/archive-cases.md are each covered by a test that names its number."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import subs_assets_tests

CASES = range(1, 70)
"""Environment 1-5, drift 6-12, values 13-28, structure 29-37, concurrency 38-41, faults 42-52, restore 53-57,
migration 58-63, reset 64-69."""


def test_every_case_is_covered_by_a_test_that_names_it() -> None:
    covered = {
        number
        for path in sorted(Path(subs_assets_tests.__file__).parent.rglob("test_*.py"))
        for number in cases_of(path)
    }
    assert covered >= set(CASES), f"no test is marked with {sorted(set(CASES) - covered)}"


def test_the_documentation_says_of_every_case_what_happens() -> None:
    page = Path(subs_assets_tests.__file__).parents[1] / "docs" / "archive-cases.md"
    lines = re.findall(r"^\| ([\d, ]+) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for line in lines for number in line.split(",") if number.strip()] == list(CASES)


def cases_of(path: Path) -> Iterator[int]:
    """The numbers in ``archive_case(...)`` in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "archive_case":
            yield from (
                argument.value
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, int)
            )
