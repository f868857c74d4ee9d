"""The report as one HTML file: everything that the sections found, laid out by the templates in ``page/``; no figure is
worked out here.

The page needs no network and forbids itself one (Content-Security-Policy). Whatever comes from a catalogue is escaped
by Jinja, in the chart data too, where ``</script>`` would end the element.
"""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from subs_assets.equivalence.coverage import standing_listings
from subs_assets.evaluation.night_figures import curve_points, reliability_bins
from subs_assets.explorer.addresses import URL as EXPLORER_URL
from subs_assets.history.series import OTHERS
from subs_assets.report import charts, night_charts
from subs_assets.report.coverage import department_coverage, mapped_departments
from subs_assets.report.flow_picture import flow_svg
from subs_assets.report.funnel import FUNNEL, by_company, loss_funnel, segments
from subs_assets.report.heatmap import TITLES
from subs_assets.report.night import Night
from subs_assets.report.over_nights import listed, over_nights
from subs_assets.report.pairs import FunnelRow, PairDetails, caps_for, pair_details
from subs_assets.report.quality import quality_of
from subs_assets.report.rates import heatmap_cells, rates_by_pair
from subs_assets.report.set_aside import set_aside_by_reason
from subs_assets.report.summary import summarise
from subs_assets.report.template import clip, page_template
from subs_assets.report.timings import timings_of
from subs_assets.substitution.rows import LEVEL_RULES

LIMIT_BYTES = 5_000_000
LEVEL_5_DRAWN = 20
"""Up to so many companies level 5 alone has its heatmaps too."""

LINKED = 12
"""Up to so many companies each rate, sample and category in a table or tree has its link to the explorer; with more the
addresses would take the room of what they stand at, and the pairs have theirs."""

PRICES_LISTED = 30
"""Up to so many company pairs the unit prices of each are listed."""

BARS_OF_PAIRS = 20
"""Up to so many company pairs (five companies) the funnel has a bar for each; else one for each company."""

PRECISION_LABEL = "Curves: precision of first choices by the rate at which they are offered, between companies"
RELIABILITY_LABEL = "Points: the share of labelled pairs that were accepted, by what their scores promise"

PARTS = {
    "pair tables": "the tables of the rates and losses of all pairs (the tables substitution_rates and "
    "substitution_outcomes have them)",
    "nights": "the charts over the nights (`subs runs` tells how they went)",
    "pairs": "samples and category trees (exports/ has all substitutions and equivalences)",
    "heatmaps": "the heatmaps of the rates",
    "sections": "every other section but this first screen",
}
"""What is left out, one after the other until the page is short enough, and how the page says so."""

RULES = {**{level: rule.split(": ", 1)[1] for level, rule in LEVEL_RULES.items()}, 5: (
    "alike, in the same category or in one that an accepted equivalence leads to"
)}  # fmt: skip


def render_report(night: Night, limit_bytes: int = LIMIT_BYTES, explorer_url: str = EXPLORER_URL) -> str:
    """The page, of at most ``limit_bytes`` in UTF-8; ``explorer_url``: where its links lead to.

    The pairs of companies are in it as they are where they fit, else packed (gzip in base64, which the page unpacks),
    and where even that is too long, with less of each pair; then ``PARTS`` are left out, and it says so. The first
    screen is written whatever its length: a night that is published has a report.
    """
    context = _context(night, explorer_url)
    for count in range(len(PARTS)):
        page = _page_within(limit_bytes, night, _without(context, list(PARTS)[:count]))
        if page is not None:
            return page
    return _render(_without(context, list(PARTS)))


def _render(context: dict[str, Any], blocks: Iterable[str] = (), packed: str | None = None) -> str:
    return str(page_template("page.html").render(**context, blocks=blocks, packed=packed))


def _without(context: dict[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    """The same context when some of ``PARTS`` are left out."""
    context = context | {"left_out": {part: PARTS[part] for part in parts}}
    if "heatmaps" in parts:
        drawn = {id for _, row in context["rate_panels"] for id, _ in row}
        others = {id: spec for id, spec in context["charts"].items() if id not in drawn}
        context |= {"rate_panels": [], "charts": others}
    if "nights" in parts:
        context |= {"charts": {id: spec for id, spec in context["charts"].items() if not id.endswith("-over-nights")}}
    return context


def _page_within(limit_bytes: int, night: Night, context: dict[str, Any]) -> str | None:
    """The page with as much of each pair as ``limit_bytes`` allow; None where the rest alone is longer."""
    space = limit_bytes - len(_render(context, packed="-").encode())
    if space < 0:
        return None
    if "pairs" in context["left_out"]:
        return _render(context)
    caps = caps_for(len(night.companies))
    while True:
        blocks = _blocks(pair_details(night, context["funnel"], caps), context)
        if sum(len(block.encode()) + 1 for block in blocks.values()) <= space:
            return _render(context, blocks.values())
        packed = _packed(blocks)
        if len(packed) <= space:
            return _render(context, packed=packed)
        less = caps.times(0.9 * space / len(packed))
        if less == caps:
            return None
        caps = less


def _blocks(pairs: Sequence[PairDetails], context: dict[str, Any]) -> dict[str, Any]:
    """Id of each pair's element -> its HTML."""
    from markupsafe import Markup

    template = page_template("pair.html")
    return {
        f"pair-{pair.company}-{pair.target}": Markup(template.render(**context, pair=pair, flow_svg=flow_svg))
        for pair in pairs
    }  # markup: what the template wrote is escaped already


def _packed(blocks: Mapping[str, str]) -> str:
    return base64.b64encode(gzip.compress(json.dumps(blocks, ensure_ascii=False).encode(), mtime=0)).decode("ascii")


def _context(night: Night, explorer_url: str) -> dict[str, Any]:
    """What the templates show, apart from the pairs; charts by their ids."""
    companies = night.companies
    specs: dict[str, charts.Spec] = {}
    rates, coverage = night.substitution_rates, department_coverage(night.substitution_outcomes, night.product_claims)
    standing = standing_listings(night.listings, night.listing_shelves, night.category_facets)
    mapped = mapped_departments(standing, night.product_listings, night.product_claims, night.category_equivalences)
    funnel, timings = loss_funnel(night.substitution_outcomes), timings_of(night.run)
    context = {
        "explorer": explorer_url,
        "is_linked": len(companies) <= LINKED,
        "companies": companies,
        "run": night.run,
        "published_at": _published_at(night),
        "summary": summarise(night),
        "rates": rates_by_pair(rates).to_dict("records"),
        "quality": quality_of(night.evaluation),
        "rate_panels": _rate_panels(rates, companies, specs, explorer_url),
        "coverage": coverage.merge(mapped, on=["company_slug", "department"], how="left").to_dict("records"),
        "funnel": [
            FunnelRow(row["company_slug"], row["target_company_slug"], row["products"], {s: row[s] for s in FUNNEL})
            for row in funnel.to_dict("records")
        ],
        "stage_colours": charts.STAGE_COLOURS,
        "set_aside": set_aside_by_reason(night.set_aside_rows),
        "timings": timings,
        "level_rules": RULES,
        "level_5_drawn": LEVEL_5_DRAWN,
        "prices_listed": PRICES_LISTED,
        "precision_label": PRECISION_LABEL,
        "reliability_label": RELIABILITY_LABEL,
        "charts": specs,
    }
    if len(coverage):
        specs["coverage"] = charts.coverage_heatmap(
            coverage, companies, "Share of products with a substitute elsewhere"
        )
    if len(mapped):
        specs["mapped"] = charts.mapped_heatmap(mapped, companies, "Share of listings in a category that is mapped")
    context |= _funnel_chart(funnel, companies, specs)
    points, bins = curve_points(night.evaluation), reliability_bins(night.evaluation)
    if len(points):
        specs["precision"] = charts.precision_curves(points, short_names(companies), PRECISION_LABEL)
    if len(bins):
        specs["reliability"] = charts.reliability_points(bins, RELIABILITY_LABEL)
    if len(timings.steps):
        specs["steps"] = charts.timing_bars(timings.steps, "step", "Seconds of each step of the run")
    return context | _over_nights(night, specs)


CHECKS_LABEL = "Grid, nights by checks: which passed, warned and failed, and which runs failed or were cut off"
RATES_LABEL = "Lines: the rates of each company over the nights"
LISTINGS_LABEL = "Lines: the listings of each company over the nights, and the rows set aside"
SECONDS_LABEL = "Stacked bars: the seconds of each step, run by run"


def _over_nights(night: Night, specs: dict[str, charts.Spec]) -> dict[str, Any]:
    found = over_nights(night.run.recorded, night.companies, night.run.timezone)
    short = short_names(night.companies)
    if found.days > 1:
        specs["checks-over-nights"] = night_charts.checks_grid(found.grid, found.rows, CHECKS_LABEL)
        if len(found.rates):
            specs["rates-over-nights"] = night_charts.rates_panels(found.rates, short, RATES_LABEL)
        if len(found.listings):
            specs["listings-over-nights"] = night_charts.listings_panels(found.listings, short, LISTINGS_LABEL)
        if len(found.seconds):
            steps = night_charts.steps_in_order(found.seconds, OTHERS)
            specs["seconds-over-nights"] = night_charts.seconds_bars(found.seconds, steps, SECONDS_LABEL)
    return {
        "over_nights": found,
        "runs_listed": listed(found.nights),
        "checks_label": CHECKS_LABEL,
        "rates_label": RATES_LABEL,
        "listings_label": LISTINGS_LABEL,
        "seconds_label": SECONDS_LABEL,
    }


def _published_at(night: Night) -> datetime:
    history = night.run.history
    if len(history):
        return datetime.fromisoformat(history["published_at"].iloc[0])
    return datetime.now(UTC)


def _rate_panels(
    rates: pd.DataFrame, companies: dict[str, str], specs: dict[str, charts.Spec], explorer_url: str
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Adds the heatmaps; their ids and what they are, for people who do not see them, by row."""
    rows = []
    measures = {"rate": "Any level", "rate_level_5": "Level 5 alone: through categories"}
    if len(companies) > LEVEL_5_DRAWN:
        del measures["rate_level_5"]
    for measure, title in measures.items():
        row = []
        for setting in TITLES:
            id, label = f"{setting}-{measure}", f"Heatmap, {setting}, {title}: substitution rates, company by company"
            cells = heatmap_cells(rates, setting, measure)
            specs[id] = charts.rates_heatmap(cells, companies, setting, label, explorer_url)
            row.append((id, label))
        rows.append((title, row))
    return rows


def _funnel_chart(funnel: pd.DataFrame, companies: dict[str, str], specs: dict[str, charts.Spec]) -> dict[str, Any]:
    across = funnel[funnel["company_slug"] != funnel["target_company_slug"]]
    if across.empty:
        return {"funnel_label": None, "funnel_is_by_company": False}
    is_by_company = len(across) > BARS_OF_PAIRS
    pieces = segments(by_company(funnel) if is_by_company else across)
    if is_by_company:
        label = [charts.isolated(companies[slug]) for slug in pieces["company_slug"]]
        text = "Stacked bars: what became of each company's products at all other companies"
    else:
        keys = zip(pieces["company_slug"], pieces["target_company_slug"], strict=True)
        short = short_names(companies)
        label = [charts.pair_label(short[company], short[target]) for company, target in keys]
        text = "Stacked bars: what became of the products of each company pair"
    specs["funnel"] = charts.funnel_bars(pieces, label, list(dict.fromkeys(label)), text)
    return {"funnel_label": text, "funnel_is_by_company": is_by_company}


def short_names(companies: Mapping[str, str]) -> Mapping[str, str]:
    """Clipped, so that in "A → B" the second is not lost behind a long first one; as they are where two would become
    one."""
    short = {slug: clip(name, 22) for slug, name in companies.items()}
    return short if len(set(short.values())) == len(companies) else companies
