"""The charts as Vega-Lite specifications, made with Altair; which figures they show is worked out elsewhere.

Colours: cividis for shares, and for the stages a set that people who see no red or no green tell apart, ordered from
blue (found) over orange and yellow (refused) to greys (never compared).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from subs_assets.explorer.addresses import pair_address
from subs_assets.report.funnel import FUNNEL

Spec = dict[str, Any]

STAGE_COLOURS = dict(
    zip(
        FUNNEL,
        ("#1f5f99", "#8cc0e8", "#cc79a7", "#a8431f", "#e69f00", "#efc454", "#f6e58d", "#c2c2c2", "#8f8f8f", "#4f4f4f"),
        strict=True,
    )
)
DARK_STAGES = ("found", "refused: dimension", "uncategorised")
"""Stages whose colour wants white figures."""

WIDTH = 1_130
"""Of a chart that takes the whole page, in pixels, its axis included."""

LABEL = 240
INK, GREY, BAR = "#1b2733", "#5c6b7a", "#3f6f9f"


def isolated(name: str) -> str:
    """A name between other text of a chart: a right-to-left one must not turn an arrow or a figure beside it around.

    The Unicode isolates do what ``<bdi>`` does in HTML.
    """
    return f"\u2068{name}\u2069"


def pair_label(company: str, target: str) -> str:
    """Also where one of the names is written from right to left."""
    return f"{isolated(company)} → {isolated(target)}"


def rates_heatmap(
    cells: pd.DataFrame, companies: Mapping[str, str], title: str, description: str, explorer_url: str
) -> Spec:
    """Companies by companies: rows sell the product, columns the substitute; a click leads to the pair's page of the
    explorer. ``cells`` as ``rates.heatmap_cells`` gives them."""
    names = [isolated(name) for name in companies.values()]
    isolated_name = {slug: isolated(name) for slug, name in companies.items()}
    side = cell_side(len(names))
    data = pd.DataFrame(
        {
            "from": cells["company_slug"].map(isolated_name),
            "at": cells["target_company_slug"].map(isolated_name),
            "rate": cells["rate"],
            "count": cells["substituted"].astype(int),
            "whole": cells["products"].astype(int),
        }
    )
    rows, columns = ("from", names, "products of"), ("at", names, "substitutes sold at")
    page = _pair_page(companies, explorer_url)
    return _heatmap(data, rows, columns, (side, side), title, description, SUBSTITUTED, page)


def _pair_page(companies: Mapping[str, str], explorer_url: str) -> str:
    """A Vega expression of a cell's page: an address in every cell took half a megabyte with 80 companies."""
    slug_of = json.dumps({isolated(name): slug for slug, name in companies.items()})
    start, middle, end = pair_address("FROM", "AT").replace("AT", "FROM").split("FROM")
    said = (json.dumps(text) for text in (explorer_url + start, middle, end))
    return "{} + {slug_of}[datum.from] + {} + {slug_of}[datum.at] + {}".format(*said, slug_of=slug_of)


SUBSTITUTED = ("with a substitute", "products with one", "of products")
MAPPED = ("in a mapped category", "listings in one", "of listings, once for each other company")
"""What a cell's share, its count and the whole are called."""


def coverage_heatmap(coverage: pd.DataFrame, companies: Mapping[str, str], description: str) -> Spec:
    """Departments by companies; ``coverage`` as ``coverage.department_coverage`` gives it."""
    named = coverage.rename(columns={"covered": "count", "products": "whole"})
    return _department_heatmap(named, companies, description, SUBSTITUTED, "products of")


def mapped_heatmap(mapped: pd.DataFrame, companies: Mapping[str, str], description: str) -> Spec:
    """The same for ``coverage.mapped_departments``."""
    named = mapped.rename(columns={"mapped": "count", "listings": "whole", "share": "rate"})
    return _department_heatmap(named, companies, description, MAPPED, "listings of")


def _department_heatmap(
    coverage: pd.DataFrame, companies: Mapping[str, str], description: str, words: tuple[str, str, str], of: str
) -> Spec:
    isolated_name = {slug: isolated(name) for slug, name in companies.items()}
    data = pd.DataFrame(
        {
            "department": coverage["department"].str.replace("_", " "),
            "company": coverage["company_slug"].map(isolated_name),
            "rate": coverage["rate"],
            "count": coverage["count"].astype(int),
            "whole": coverage["whole"].astype(int),
        }
    )
    width = max(36, min(120, 900 // max(1, len(companies))))
    rows = ("department", list(dict.fromkeys(data["department"])), "department")
    columns = ("company", list(isolated_name.values()), of)
    return _heatmap(data, rows, columns, (width, 26), "", description, words)


WIDE_ENOUGH_FOR_A_SIGN = 36
"""Pixels of a cell in which "100%" can be read."""

WIDE_ENOUGH_FOR_A_SLANT = 30
"""Pixels of a cell over which a slanted label does not touch the next; over narrower ones they stand upright."""


def cell_side(companies: int) -> int:
    """Pixels of a cell, so that three matrices stand side by side on a page; slanted labels need room beside it."""
    side = 215 // max(1, companies)
    return min(88, side) if side >= WIDE_ENOUGH_FOR_A_SLANT else max(14, min(29, 280 // companies))


def _heatmap(
    data: pd.DataFrame,
    row: tuple[str, Sequence[str], str],
    column: tuple[str, Sequence[str], str],
    cell: tuple[int, int],
    title: str,
    description: str,
    words: tuple[str, str, str],
    page: str | None = None,
) -> Spec:
    """``page``: a Vega expression of the address to which a click on a cell leads."""
    import altair as alt

    size = max(8.0, min(14.0, min(cell) * 0.6, cell[0] / 3.4 if cell[0] >= WIDE_ENOUGH_FOR_A_SIGN else 14.0))
    # Where a per cent sign does not fit, the title says what the figures are.
    has_sign = cell[0] >= WIDE_ENOUGH_FOR_A_SIGN
    data = data.assign(text=[f"{rate:.0%}" if has_sign else f"{100 * rate:.0f}" for rate in data["rate"]])
    # A label over narrow cells is turned, and then may be longer than a cell is wide.
    angle = 0 if cell[0] >= 90 else -40 if cell[0] >= WIDE_ENOUGH_FOR_A_SLANT else -90
    label = 90 if len(row[1]) < 15 else 72
    base = alt.Chart(data).encode(
        x=alt.X(
            f"{column[0]}:N",
            sort=list(column[1]),
            scale=alt.Scale(domain=list(column[1])),
            title=column[2],
            axis=alt.Axis(orient="top", labelAngle=angle, labelLimit=cell[0] if angle == 0 else 90),
        ),
        y=alt.Y(
            f"{row[0]}:N",
            sort=list(row[1]),
            scale=alt.Scale(domain=list(row[1])),
            title=row[2],
            axis=alt.Axis(labelLimit=label),
        ),
        tooltip=[
            alt.Tooltip(f"{row[0]}:N", title=row[2]),
            alt.Tooltip(f"{column[0]}:N", title=column[2]),
            alt.Tooltip("rate:Q", title=words[0], format=".1%"),
            alt.Tooltip("count:Q", title=words[1], format=","),
            alt.Tooltip("whole:Q", title=words[2], format=","),
        ],
    )
    squares = base.mark_rect(stroke="white", strokeWidth=1 if cell[0] > 20 else 0.5).encode(
        color=alt.Color("rate:Q", scale=alt.Scale(scheme="cividis", domain=[0, 1]), legend=None)
    )
    figures = base.mark_text(fontSize=size).encode(
        text="text:N",
        color=alt.condition("datum.rate < 0.5", alt.value("white"), alt.value("black")),
    )
    layers = squares + figures
    if page:
        layers = alt.layer(*(mark.encode(href="page:N") for mark in (squares, figures))).transform_calculate(page=page)
    chart = layers.properties(
        title=title,
        description=description,
        width=alt.Step(cell[0]),
        height=alt.Step(cell[1]),
    )
    return spec_of(chart)


def funnel_bars(pieces: pd.DataFrame, label: Sequence[str], order: Sequence[str], description: str) -> Spec:
    """Stacked bars from ``funnel.segments``; ``label`` names the bar of each piece, ``order`` is theirs from the top
    down."""
    import altair as alt

    data = pieces[["stage", "count", "share", "start", "end"]].assign(bar=list(label))
    data["middle"] = (data["start"] + data["end"]) / 2
    data["text"] = [f"{share:.0%}" for share in data["share"]]
    base = alt.Chart(data).encode(
        y=alt.Y("bar:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=LABEL)),
        tooltip=[
            alt.Tooltip("bar:N", title="products of → at"),
            alt.Tooltip("stage:N"),
            alt.Tooltip("count:Q", title="products", format=","),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )
    bars = base.mark_bar(stroke="white", strokeWidth=1).encode(
        x=alt.X("start:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=10)),
        x2="end:Q",
        color=alt.Color(
            "stage:N",
            scale=alt.Scale(domain=list(STAGE_COLOURS), range=list(STAGE_COLOURS.values())),
            legend=alt.Legend(orient="top", title=None, symbolType="square", columns=8, labelLimit=140),
        ),
    )
    figures = (
        base.transform_filter("datum.share >= 0.045")
        .mark_text(fontSize=11)
        .encode(
            x="middle:Q",
            text="text:N",
            color=alt.condition(
                alt.FieldOneOfPredicate("stage", list(DARK_STAGES)), alt.value("white"), alt.value("black")
            ),
        )
    )
    chart = (bars + figures).properties(description=description, width=WIDTH - LABEL, height=alt.Step(26))
    return spec_of(chart)


def precision_curves(points: pd.DataFrame, companies: Mapping[str, str], description: str) -> Spec:
    """Precision by rate from ``night_figures.curve_points``: a thick line with its interval for all together, and
    a thin one for each pair of companies where there are at most ``LINES``."""
    import altair as alt

    if len(points[["company_slug", "target_company_slug"]].drop_duplicates()) > LINES + 1:
        points = points[points["company_slug"] == ""]
    every = points["company_slug"] == ""
    pairs = zip(points["company_slug"], points["target_company_slug"], strict=True)
    label = [pair_label(companies.get(one, one), companies.get(two, two)) if one else EVERY_PAIR for one, two in pairs]
    data = pd.DataFrame(
        {
            "pair": label,
            "rate": points["rate"].astype(float),
            "precision": points["value"].astype(float),
            "low": points["low"].astype(float),
            "high": points["high"].astype(float),
            "cases": points["cases"].astype(int),
            "every": every,
        }
    )
    base = alt.Chart(data).encode(
        x=alt.X("rate:Q", title="rate", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
        tooltip=[
            alt.Tooltip("pair:N", title="products of → at"),
            alt.Tooltip("rate:Q", format=".1%"),
            alt.Tooltip("precision:Q", format=".1%"),
            alt.Tooltip("low:Q", title="from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
            alt.Tooltip("cases:Q", title="labelled pairs", format=","),
        ],
    )
    lowest = min(0.8, float(data["low"].min()))
    height: dict[str, Any] = {
        "title": "precision",
        "scale": alt.Scale(domain=[lowest, 1], zero=False, nice=False),
        "axis": alt.Axis(format="%", tickCount=6),
    }
    precision = alt.Y("precision:Q", **height)
    interval = (
        base.transform_filter("datum.every")
        .mark_area(opacity=0.15, color=INK)
        .encode(y=alt.Y("low:Q", **height), y2="high:Q")
    )
    names = [name for name in dict.fromkeys(label) if name != EVERY_PAIR]
    lines = (
        base.transform_filter("!datum.every")
        .mark_line(strokeWidth=1.2)
        .encode(
            y=precision,
            color=alt.Color(
                "pair:N",
                scale=alt.Scale(domain=names, scheme="tableau10"),
                legend=alt.Legend(orient="bottom", title="products of → at", columns=2, labelLimit=200),
            ),
        )
    )
    together = base.transform_filter("datum.every").mark_line(strokeWidth=3, color=INK).encode(y=precision)
    chart = (interval + lines + together).properties(description=description, width=480, height=280)
    return spec_of(chart)


EVERY_PAIR = "all pairs of companies"
LINES = 12
"""Pairs of companies that have a line of their own: more are not told apart by ten colours."""


def reliability_points(bins: pd.DataFrame, description: str) -> Spec:
    """What was accepted by what was promised, from ``night_figures.reliability_bins``, beside the line of a score that
    keeps its promises."""
    import altair as alt

    data = bins.astype({"promised": float, "accepted": float, "low": float, "high": float, "cases": int})
    share = alt.Scale(domain=[0, 1])
    base = alt.Chart(data).encode(
        x=alt.X("promised:Q", title="score", scale=share),
        tooltip=[
            alt.Tooltip("part:N", title="scores of"),
            alt.Tooltip("promised:Q", format=".1%"),
            alt.Tooltip("accepted:Q", format=".1%"),
            alt.Tooltip("low:Q", title="from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
            alt.Tooltip("cases:Q", title="labelled pairs", format=","),
        ],
    )
    kept = (
        alt.Chart(pd.DataFrame({"promised": [0.0, 1.0], "accepted": [0.0, 1.0]}))
        .mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
        .encode(x="promised:Q", y="accepted:Q")
    )
    spread = base.mark_rule(color=BAR).encode(y=alt.Y("low:Q", title="accepted", scale=share), y2="high:Q")
    points = base.mark_circle(color=BAR, opacity=1, size=60).encode(
        y=alt.Y("accepted:Q", title="accepted", scale=share, axis=alt.Axis(format="%"))
    )
    chart = (kept + spread + points).properties(description=description, width=280, height=280)
    return spec_of(chart)


def timing_bars(timings: pd.DataFrame, name: str, description: str) -> Spec:
    """Horizontal bars of seconds; ``name`` is the column that tells what took them."""
    import altair as alt

    data = pd.DataFrame(
        {"what": timings[name], "seconds": timings["seconds"], "text": [f"{s:,.1f} s" for s in timings["seconds"]]}
    )
    longest = float(data["seconds"].max())
    base = alt.Chart(data).encode(
        y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL)),
        x=alt.X(
            "seconds:Q",
            title="seconds",
            scale=alt.Scale(domain=[0, longest * 1.12 or 1], nice=False),
            axis=alt.Axis(tickCount=8),
        ),
    )
    chart = (
        base.mark_bar(color=BAR) + base.mark_text(align="left", dx=4, fontSize=11).encode(text="text:N")
    ).properties(description=description, width=WIDTH - LABEL, height=alt.Step(20))
    return spec_of(chart)


def spec_of(chart: Any) -> Spec:
    """Without what the page says once for all charts."""
    import altair as alt

    with alt.data_transformers.disable_max_rows():  # 5,000: the cells of 70 companies
        spec: Spec = chart.to_dict()
    for name in ("$schema", "config"):
        spec.pop(name, None)
    return spec
