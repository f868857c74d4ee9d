"""The charts of the section "Over the nights" as Vega-Lite specifications; which figures they show is worked out in
``over_nights.py``."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from subs_assets.report.charts import BAR, LABEL, WIDTH, Spec, isolated, spec_of
from subs_assets.report.over_nights import CUT, FAILED_CHECK, MOST_NIGHTS, PASSED, STEPS_NOT_KEPT, WARNED

VERDICT_COLOURS = {PASSED: "#b9d7ee", WARNED: "#e69f00", FAILED_CHECK: "#a8431f", CUT: "#4f4f4f"}
SET_ASIDE_COLOUR = "#e69f00"
FEW = 12
"""Up to so many companies their panels are large."""

LARGE, SMALL = (4, 215, 90), (6, 130, 60)
"""Panels a row, and their width and height in pixels."""

LABEL_PIXELS = 90
"""How wide the label of a night is, with what keeps it from the next."""

NARROW = 12
"""Pixels below which the cells of the grid stand without a line between them."""

POINTS_UP_TO = 40
"""Nights up to which each has its point on a line."""


def checks_grid(grid: pd.DataFrame, rows: Sequence[str], description: str) -> Spec:
    """Nights by checks: ``over_nights.OverNights``'s ``grid`` and ``rows``."""
    import altair as alt

    nights = _days(grid["night"])
    cell = max(3.0, min(26.0, (WIDTH - LABEL) / len(nights)))
    chart = (
        alt.Chart(grid)
        .mark_rect(stroke="white", strokeWidth=1 if cell >= NARROW else 0)
        .encode(
            x=alt.X(
                "night:O",
                title=None,
                scale=alt.Scale(domain=nights),
                axis=alt.Axis(values=_thinned(nights, cell), labelAngle=0),
            ),
            y=alt.Y("row:N", sort=list(rows), title=None, axis=alt.Axis(labelLimit=LABEL)),
            color=alt.Color(
                "verdict:N",
                scale=alt.Scale(domain=list(VERDICT_COLOURS), range=list(VERDICT_COLOURS.values())),
                legend=alt.Legend(orient="top", title=None, symbolType="square"),
            ),
            tooltip=[alt.Tooltip(f"{name}:N", title=name if name != "row" else "of") for name in grid.columns],
        )
        .properties(description=description, width=alt.Step(cell), height=alt.Step(18))
    )
    return spec_of(chart)


def rates_panels(rates: pd.DataFrame, companies: Mapping[str, str], description: str) -> Spec:
    """A panel a company: its rates over the nights, a line for each company that sells the substitutes, or one for all
    where ``rates`` has no ``target_company_slug``."""
    import altair as alt

    data = _of_companies(rates, companies).assign(rate=rates["rate"].astype(float).round(4))
    encoded: dict[str, Any] = {
        "x": _time(),
        "y": alt.Y("rate:Q", title=None, axis=alt.Axis(format="%", tickCount=3), scale=alt.Scale(domainMin=0)),
        "tooltip": [alt.Tooltip("company:N", title="products of"), *_when(), alt.Tooltip("rate:Q", format=".1%")],
    }
    if "target_company_slug" in rates:
        data["at"] = rates["target_company_slug"].map(lambda slug: isolated(companies[slug]))
        names = [isolated(name) for name in companies.values()]
        legend = alt.Legend(orient="top", title="substitutes sold at", columns=5, labelLimit=200)
        encoded["color"] = alt.Color("at:N", scale=alt.Scale(domain=names, scheme="tableau10"), legend=legend)
        encoded["tooltip"].insert(1, alt.Tooltip("at:N", title="sold at"))
    line = _dated(data).mark_line(**_line(data, None if "color" in encoded else BAR)).encode(**encoded)
    return _panels(line, companies, description)


def listings_panels(listings: pd.DataFrame, companies: Mapping[str, str], description: str) -> Spec:
    """A panel a company, each on its own scale from nought: listings that are shown, and rows that were set aside."""
    import altair as alt

    data = _of_companies(listings, companies)
    data["listings"], data["set aside"] = listings["listings"], listings["set_aside"].fillna(0)
    when = [alt.Tooltip("company:N"), *_when()]
    figures = [alt.Tooltip(f"{name}:Q", format=",") for name in ("listings", "set aside")]
    base = _dated(data).encode(x=_time(), tooltip=[*when, *figures])
    shown, aside = (
        base.mark_line(**_line(data, colour)).encode(
            y=alt.Y(
                f"{name}:Q",
                title=None,
                axis=alt.Axis(tickCount=3, format=",d", minExtent=40, maxExtent=40),
                scale=alt.Scale(domainMin=0),
            )
        )
        for name, colour in (("listings", BAR), ("set aside", SET_ASIDE_COLOUR))
    )
    return _panels(shown + aside, companies, description, own_scales=True)


def seconds_bars(seconds: pd.DataFrame, steps: Sequence[str], description: str) -> Spec:
    """A bar a run, of the seconds of its ``steps``, the longest first."""
    import altair as alt

    # To the second: two runs may begin within a minute, and one label would be one bar.
    data = pd.DataFrame(
        {
            "run": seconds["started_at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "step": seconds["step"],
            "seconds": seconds["seconds"].astype(float).round(2),
            "place": seconds["step"].map({step: place for place, step in enumerate(steps)}),
        }
    )
    runs = sorted(data["run"].unique())
    cell = max(3.0, min(60.0, (WIDTH - LABEL) / len(runs)))
    colours = ("#1f5f99", "#e69f00", "#8cc0e8", "#a8431f", "#cc79a7", "#efc454", "#5b8c5a", "#7a5195", "#c2c2c2")
    plain = [colour for colour, step in zip((*colours, "#dfe4e9"), steps, strict=False)]
    chart = (
        alt.Chart(data)
        .mark_bar(stroke="white", strokeWidth=0.5 if cell >= NARROW else 0)
        .encode(
            x=alt.X(
                "run:O",
                title=None,
                axis=alt.Axis(values=_thinned(runs, cell), labelAngle=0, labelExpr="slice(datum.label, 5, 16)"),
            ),
            y=alt.Y("seconds:Q", title="seconds", axis=alt.Axis(tickCount=5)),
            order=alt.Order("place:Q"),
            color=alt.Color(
                "step:N",
                sort=list(steps),
                scale=alt.Scale(domain=list(steps), range=plain),
                legend=alt.Legend(title=None, labelLimit=LABEL - 40),
            ),
            tooltip=["run:O", "step:N", alt.Tooltip("seconds:Q", format=",.1f")],
        )
        .properties(description=description, width=alt.Step(cell), height=220)
    )
    return spec_of(chart)


def steps_in_order(seconds: pd.DataFrame, others: str) -> list[str]:
    """The steps by their seconds over all nights; what is no step of its own at the end."""
    longest = seconds.groupby("step")["seconds"].sum().sort_values(ascending=False, kind="stable").index
    last = [name for name in (others, STEPS_NOT_KEPT) if name in longest]
    return [*(step for step in longest if step not in last), *last]


def _days(nights: pd.Series) -> list[str]:
    """Every day from the first night to the last, so that a gap is seen; where that is too many, those of a run."""
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range(nights.min(), nights.max())]
    return days if len(days) <= MOST_NIGHTS else sorted(nights.unique())


def _thinned(labels: Sequence[str], cell: float) -> list[str]:
    """So many that none stands on the next."""
    return list(labels[:: max(1, math.ceil(LABEL_PIXELS / cell))])


def _of_companies(series: pd.DataFrame, companies: Mapping[str, str]) -> pd.DataFrame:
    # Vega knows UTC and the zone of whoever reads: the time of the company's own clock passes for UTC.
    return pd.DataFrame(
        {
            "at_time": series["started_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "company": series["company_slug"].map(lambda slug: isolated(companies[slug])),
        }
    )


def _time() -> Any:
    import altair as alt

    axis = alt.Axis(tickCount=3, format="%d %b", labelOverlap="greedy", grid=False)
    return alt.X("at_time:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _dated(data: pd.DataFrame) -> Any:
    import altair as alt

    return alt.Chart(data).transform_calculate(night="utcFormat(datum.at_time, '%Y-%m-%d %H:%M')")


def _when() -> list[Any]:
    import altair as alt

    return [alt.Tooltip("night:N")]


def _line(data: pd.DataFrame, colour: str | None = None) -> dict[str, Any]:
    """How a line is drawn; without a colour, where what it stands for has one."""
    given = {} if colour is None else {"color": colour}
    has_points = data["at_time"].nunique() <= POINTS_UP_TO
    return {**given, "strokeWidth": 1.5, "point": {"size": 16, **given} if has_points else False}


def _panels(panel: Any, companies: Mapping[str, str], description: str, own_scales: bool = False) -> Spec:
    import altair as alt

    columns, width, height = LARGE if len(companies) <= FEW else SMALL
    header = alt.Header(labelFontSize=12, labelFontWeight="bold", labelAnchor="start", labelLimit=width, title=None)
    names = [isolated(name) for name in companies.values()]
    chart = panel.properties(width=width, height=height).facet(
        facet=alt.Facet("company:N", sort=names, header=header), columns=columns, spacing=14
    )
    if own_scales:
        chart = chart.resolve_scale(y="independent")
    return spec_of(chart.properties(description=description))
