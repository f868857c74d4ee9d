"""Specifications hold the figures of the tables, for every company, and nothing from a network."""

import json
from itertools import pairwise

import pytest

from subs_assets.report import charts
from subs_assets.report.coverage import department_coverage
from subs_assets.report.funnel import loss_funnel, segments
from subs_assets.report.rates import heatmap_cells, rates_by_pair
from subs_assets.report.timings import timings_of
from subs_assets_tests.made_up_nights import made_up_night, made_up_run


def values(spec: charts.Spec) -> list[dict]:
    (rows,) = spec["datasets"].values()
    return rows


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of ``#rrggbb``."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("companies", [1, 2, 20])
def test_a_heatmap_has_a_cell_a_pair_on_a_scale_that_is_the_same_for_all(companies: int) -> None:
    night = made_up_night(companies, goods=8)
    for setting in ("siloed", "linked", "null"):
        cells = heatmap_cells(night.substitution_rates, setting, "rate")
        spec = charts.rates_heatmap(cells, night.companies, setting, "described", "http://here.example")
        assert len(values(spec)) == companies**2
        assert spec["layer"][0]["encoding"]["color"]["scale"] == {"domain": [0, 1], "scheme": "cividis"}
        assert [row["rate"] for row in values(spec)] == cells["rate"].tolist()
        assert {name.strip("\u2068\u2069") for name in spec["layer"][0]["encoding"]["x"]["sort"]} == set(
            night.companies.values()
        )


def test_cells_have_a_per_cent_sign_only_where_it_fits() -> None:
    few, many = made_up_night(3, goods=8), made_up_night(20, goods=8)
    texts = []
    for night in (few, many):
        cells = heatmap_cells(night.substitution_rates, "linked", "rate")
        texts.append([row["text"] for row in values(charts.rates_heatmap(cells, night.companies, "linked", "", ""))])
    assert all(text.endswith("%") for text in texts[0]) and not any(text.endswith("%") for text in texts[1])


def test_rates_by_pair_are_those_of_the_table() -> None:
    rates = made_up_night(3).substitution_rates
    wide = rates_by_pair(rates).set_index(["company_slug", "target_company_slug"])
    for row in rates.itertuples(index=False):
        pair = wide.loc[(row.company_slug, row.target_company_slug)]
        assert pair[f"{row.setting} rate"] == row.rate and pair["products"] == row.products
        assert pair[f"{row.setting} rate_level_5"] == row.rate_level_5


def test_every_stage_has_a_colour_and_figures_on_it_can_be_read() -> None:
    for stage, colour in charts.STAGE_COLOURS.items():
        figures = "#ffffff" if stage in charts.DARK_STAGES else "#000000"
        assert contrast(colour, figures) >= 4.5, (stage, contrast(colour, figures))


def test_neighbouring_stages_differ_in_lightness_too() -> None:
    """For whoever sees no colours at all, or prints in grey."""
    greys = [luminance(colour) for colour in charts.STAGE_COLOURS.values()]
    assert all((max(pair) + 0.05) / (min(pair) + 0.05) >= 1.25 for pair in pairwise(greys))


def test_bars_hold_what_the_funnel_counted() -> None:
    funnel = loss_funnel(made_up_night(2).substitution_outcomes)
    pieces = segments(funnel)
    label = (pieces["company_slug"] + pieces["target_company_slug"]).tolist()
    spec = charts.funnel_bars(pieces, label, label, "described")
    assert sum(row["count"] for row in values(spec)) == funnel["products"].sum()


def test_no_specification_names_an_address() -> None:
    night = made_up_night(2)
    coverage = department_coverage(night.substitution_outcomes, night.product_claims)
    for spec in (
        charts.coverage_heatmap(coverage, night.companies, ""),
        charts.timing_bars(timings_of(made_up_run()).steps, "step", ""),
    ):
        assert "http" not in json.dumps(spec) and "url" not in json.dumps(spec)


def test_a_right_to_left_name_keeps_to_itself() -> None:
    assert charts.pair_label("אבג", "دبي") == "\u2068אבג\u2069 → \u2068دبي\u2069"


def test_short_steps_are_one_bar() -> None:
    timings = timings_of(made_up_run(), shortest=1.0)
    assert timings.steps["step"].tolist() == ["catalogue__shop_00", "substitutions", "1 of less than 1.0 s"]
    assert timings.seconds == pytest.approx(62.875)
