"""What every benchmark returns: rows of what was measured, beside what, and whether that is within its budget."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


class Size(Enum):
    """How much is measured; TINY tells only whether the benchmark works."""

    TINY = "tiny"
    USUAL = "usual"
    FULL = "full"


@dataclass(frozen=True)
class Row:
    """``ours`` and ``other`` in ``unit``. The budget ``at_most`` bounds their ratio, or ``ours`` itself."""

    what: str
    count: int | None
    """Listings, or rows of a table; None where the figure does not depend on any."""
    ours: float
    unit: str = "s"
    beside: str = ""
    """What ``other`` is the time of."""
    other: float | None = None
    at_most: float | None = None
    bounds: Literal["ratio", "ours"] = "ratio"

    def __post_init__(self) -> None:
        if self.at_most is not None and self.bounds == "ratio" and self.other is None:
            raise ValueError(f"{self.what}: a budget of a ratio, and nothing to divide by")

    @property
    def ratio(self) -> float | None:
        return None if not self.other else self.ours / self.other

    @property
    def met(self) -> bool | None:
        """None where there is no budget."""
        if self.at_most is None:
            return None
        bounded = self.ratio if self.bounds == "ratio" else self.ours
        return bounded is not None and bounded <= self.at_most


HEADINGS = ("what", "count", "ours", "beside", "ratio", "budget", "")


def cells(row: Row) -> tuple[str, ...]:
    """The row as text, one for each of ``HEADINGS``."""
    beside = f"{row.beside} {_quantity(row.other, row.unit)}" if row.other is not None else row.beside
    budget = "" if row.at_most is None else _ratio(row.at_most)
    if row.at_most is not None and row.bounds == "ours":
        budget = _quantity(row.at_most, row.unit)
    return (
        row.what,
        "" if row.count is None else f"{row.count:,}",
        _quantity(row.ours, row.unit),
        beside.strip(),
        "" if row.ratio is None else _ratio(row.ratio),
        budget,
        {None: "", True: "met", False: "missed"}[row.met],
    )


def print_rows(rows: Iterable[Row]) -> None:
    table = Table(box=SIMPLE_HEAD)
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in ("count", "ours", "ratio", "budget") else "left")
    for row in rows:
        table.add_row(*cells(row), style="bold red" if row.met is False else None)
    Console(width=150).print(table)


def _quantity(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.3g}"
    return f"{number} {unit}".strip()


def _ratio(value: float) -> str:
    return f"1/{1 / value:,.0f}" if 0 < value < 0.1 else f"{value:.2f}"
