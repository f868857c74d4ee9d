"""What ``subs`` says of itself, and what it costs to ask; each command's work has a module of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from subs_assets.cli import app

REPOSITORY = Path(__file__).parents[3]


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


EVERY = dict(commands(typer.main.get_command(app)))


def test_the_commands() -> None:
    assert {" ".join(path) for path in EVERY if not hasattr(EVERY[path], "commands")} == {
        *("run", "rates", "explain", "categories", "equivalences", "substitutes", "train", "audit", "doctor"),
        *("runs", "serve"),
        *(f"archive {name}" for name in ("create", "list", "show", "verify", "restore", "drill", "diff", "prune")),
        "archive import-django",
        *(f"review {name}" for name in ("equivalences", "substitutions", "apply", "decisions")),
        *(f"evaluate {name}" for name in ("equivalences", "substitutions", "let-pass")),
        *(f"reset {name}" for name in ("request", "list", "archive", "confirm")),
        *(f"db {name}" for name in ("upgrade", "plan", "check", "revision")),
    }


@pytest.mark.parametrize("path", EVERY, ids=lambda path: " ".join(path) or "subs")
def test_help(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    described = (EVERY[path].help or "").split(".")[0].split("\n")[0]
    assert described and described in " ".join(result.stdout.split())


def test_help_loads_nothing_heavy_and_comes_through_the_module() -> None:
    program = (
        "import sys, subs_assets.cli as cli\n"
        "sys.argv = ['subs', '--help']\n"
        "try:\n    cli.main()\n"
        "except SystemExit as end:\n"
        "    heavy = [name for name in ('dagster', 'pandas', 'numpy', 'torch', 'sqlalchemy') if name in sys.modules]\n"
        "    print(end.code, heavy, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr.strip() == "0 []"
    assert "substitutes" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("rates", "--nonsense"), ("explain", "one"), ("archive", "verify")]
)
def test_a_wrong_command_line_ends_with_two(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 2 and "Usage:" in result.stderr
