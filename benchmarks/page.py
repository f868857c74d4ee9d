"""The rows of one run in docs/performance.md: a table between two marks, and a picture of growth; nobody copies figures
by hand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.machine import heading
from benchmarks.rows import HEADINGS, Row, cells

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = "performance.md", "performance.svg"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"

Series = dict[str, list[tuple[int, float]]]
"""What was measured -> (listings, seconds)."""


def write_docs(results: Mapping[str, Any], docs: Path = DOCS) -> None:
    """Put the rows of a JSON file into the page and draw the picture; raises ValueError where the page has no marks."""
    names = [field.name for field in fields(Row)]
    rows = [Row(**{name: row[name] for name in names}) for row in results["rows"]]
    page = docs / PAGE
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has not the marks {BEGIN} and {END} between which the table belongs")
    text = f"{before}{begin}\n\n{markdown(results, rows)}\n{end}{after}"
    page.write_text(text, encoding="utf-8", newline="\n")
    draw(growth(rows), docs / PICTURE)


def markdown(results: Mapping[str, Any], rows: Sequence[Row]) -> str:
    state = ", with changes that no commit has" if results["dirty"] else ""
    lines = [f"Commit {results['commit']}{state}. {heading(results['machine'])}.", ""]
    lines += [f"| {' | '.join(HEADINGS)} |", "| --- | ---: | ---: | --- | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    lines += [f"\nNot measured: {name}: {problem}" for name, problem in results["problems"].items()]
    return "\n".join([*lines, ""])


def growth(rows: Sequence[Row]) -> dict[str, Series]:
    """What was measured at several numbers of listings beside something: ours and the others, by number."""
    found: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row.count is not None and row.other is not None and row.unit == "s":
            found[row.what]["ours"][row.count] = row.ours
            found[row.what][row.beside][row.count] = row.other
    return {
        what: {name: sorted(points.items()) for name, points in series.items()}
        for what, series in found.items()
        if len(series["ours"]) > 1
    }


def draw(pictures: Mapping[str, Series], file: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # The same bytes for the same figures.
    mpl.rcParams.update({"svg.hashsalt": "subs_assets", "svg.fonttype": "none"})
    figure = Figure(figsize=(4.8 * max(1, len(pictures)), 3.9), layout="constrained")
    for place, (what, series) in enumerate(pictures.items(), start=1):
        axes = figure.add_subplot(1, len(pictures), place)
        for name, points in series.items():
            x, y = zip(*points, strict=True)
            axes.loglog(x, y, marker="o", label=name, linewidth=2.2 if name == "ours" else 1.2)
        axes.set(title=what, xlabel="listings", ylabel="seconds")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small", frameon=False)
    figure.savefig(file, metadata={"Date": None})
