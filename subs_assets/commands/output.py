"""How commands print: tables for people, JSON for scripts, one sentence for an error; what is printed is decided
elsewhere."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from subs_assets.redaction import without_secrets

if TYPE_CHECKING:
    import pandas as pd

SHORT = 14
"""Cells up to this width are never broken: a company's slug, a number, a relation."""

SECONDS_BETWEEN_LINES = 10.0
"""Where there is no terminal, what is long tells no more often how far it is."""

console = Console()
errors = Console(stderr=True)


def say(line: str, to: Console = console) -> None:
    """A line as it is: a path, or a listing's name, may hold what rich takes for markup, and is never broken."""
    to.print(line, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Plain JSON on standard output; missing numbers are null."""
    typer.echo(json.dumps(_plain(value), ensure_ascii=False, indent=2))


def records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """A frame's rows with None where something is missing."""
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def print_table(
    rows: Sequence[Mapping[str, Any]], title: str, columns: Sequence[str] | None = None, unbroken: Sequence[str] = ()
) -> None:
    """Rows as a table; numbers to the right, nothing where something is missing. Cells of ``unbroken`` columns are
    for copying."""
    if not rows:
        say(f"{title}: none")
        return
    shown = list(columns or rows[0])
    numeric = {name for name in shown if any(_is_figure(row.get(name)) for row in rows)}
    table = Table(title=escape(title), title_justify="left", header_style="bold", box=SIMPLE_HEAD, padding=0)
    cells = [[_text(row.get(name)) for name in shown] for row in rows]
    for place, name in enumerate(shown):
        title_words = name.replace("_", " ")
        is_short = name in unbroken or all(len(row[place]) <= SHORT and "\n" not in row[place] for row in cells)
        table.add_column(
            title_words,
            justify="right" if name in numeric else "left",
            overflow="fold",
            no_wrap=is_short,
            min_width=max(map(len, title_words.split())),
        )
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and value.endswith("%") and len(value) < SHORT)


@contextmanager
def at_work(what: str = "") -> Iterator[Callable[[str], None]]:
    """A callback that says what goes on: beside a spinner on a terminal; elsewhere a line on standard error, at most
    one in ten seconds."""
    due = time.monotonic() + SECONDS_BETWEEN_LINES

    with errors.status(escape(what)) as status:

        def tell(doing: str) -> None:
            nonlocal due
            status.update(escape(doing))
            if not errors.is_interactive and time.monotonic() >= due:
                due = time.monotonic() + SECONDS_BETWEEN_LINES
                say(f"  {doing}", errors)

        yield tell


@contextmanager
def told_by_table(verb: str) -> Iterator[Callable[[str, str, int], None]]:
    """A callback (database, table, rows so far) whose tables become a line each on standard error when they are done;
    meanwhile the one at work is counted up, as ``at_work`` does."""
    current: tuple[str, str] | None = None
    done = 0

    def line() -> str:
        database, table = current or ("", "")
        return f"{database}.{table}: {done:,} rows"

    with at_work(verb) as doing:

        def tell(database: str, table: str, rows: int) -> None:
            nonlocal current, done
            if current is not None and current != (database, table):
                say(f"  {line()}", errors)
            current, done = (database, table), rows
            doing(f"{verb} {line()} so far")

        yield tell
        if current is not None:
            say(f"  {line()}", errors)


def age(since: datetime) -> str:
    """How long ago, as a person says it: "3 hours"."""
    seconds = (datetime.now(UTC) - since).total_seconds()
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print an error and end with the exit code."""
    errors.print(f"[red]error:[/red] {escape(without_secrets(sentence))}", soft_wrap=True)
    raise typer.Exit(code)


def _text(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, float):
        return f"{plain:,.2f}"
    if isinstance(plain, int):
        return f"{plain:,}"
    return escape(str(plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
