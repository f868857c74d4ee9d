"""How good substitutions are, on the page: figures where they are measured, and in words where they are not."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from subs_assets.evaluation.night_figures import curve_points, reliability_bins
from subs_assets.report import charts, evaluation_pictures
from subs_assets.report.night import Night
from subs_assets.report.page import render_report
from subs_assets.report.quality import quality_of
from subs_assets_tests.made_up_nights import made_up_night

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def night() -> Night:
    return made_up_night(2, goods=8)


@pytest.fixture(scope="module")
def page(night: Night) -> str:
    return render_report(night)


def section(page: str) -> str:
    found = re.search(r'<section id="quality".*?</section>', page, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", found[0])


def test_figures_stand_with_their_interval_or_are_not_measured(night: Night) -> None:
    quality = quality_of(night.evaluation)
    assert quality
    assert str(quality.overall) == "94.0% (89% to 94%)"
    assert [str(figures[0]) for figures in quality.levels.values()] == [
        "90.0% (85% to 90%)", "not measured", "90.0% (85% to 90%)", "not measured", "90.0% (85% to 90%)",
    ]  # fmt: skip
    assert [str(figure) for figure in quality.precision.values()].count("not measured") == 2


def test_the_page_has_precision_beside_the_rates_and_names_traps(page: str) -> None:
    shown = section(page)
    assert "Overall <b>94.0% (89% to 94%)</b>" in shown and "! 1 of 700 known traps shown" in shown
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    rates = page.split('id="rates"')[1].split('id="quality"')[0]
    assert rates.count('title="91.0% (86% to 91%); 60 labelled pairs">91.0%<') == rates.count(">not measured<") == 2


def test_a_night_without_labels_says_so(night: Night) -> None:
    none = night.evaluation[
        night.evaluation["measure"].isin(["precision", "precision_without_reservation", "ece", "traps_shown"])
    ]
    none = none[(none["part"] == "") & (none["company_slug"] == "")]
    unlabelled = none.assign(value=None, cases=0, said="not measured: 0 labelled pairs are in these catalogues")
    shown = section(render_report(replace(night, evaluation=unlabelled)))
    assert "<b>Precision is not measured.</b> Not measured: 0 labelled pairs" in shown
    assert "trap" not in shown and "data-chart" not in shown
    assert "This night was not evaluated" in section(
        render_report(replace(night, evaluation=night.evaluation.iloc[:0]))
    )


def test_a_line_for_each_of_few_pairs_and_one_for_all(night: Night) -> None:
    names = {slug: slug for slug in night.companies}
    points = curve_points(night.evaluation)
    spec = charts.precision_curves(points, names, "")
    assert {row["pair"] for rows in spec["datasets"].values() for row in rows} == {
        charts.EVERY_PAIR, charts.pair_label("shop_00", "shop_01"), charts.pair_label("shop_01", "shop_00"),
    }  # fmt: skip
    many = pd.concat([points, *(points.assign(company_slug=f"other {number}") for number in range(9))])
    spec = charts.precision_curves(many, names, "")
    assert {row["pair"] for rows in spec["datasets"].values() for row in rows} == {charts.EVERY_PAIR}


def test_the_pictures_of_the_ui(night: Night) -> None:
    for draw in (evaluation_pictures.precision_picture, evaluation_pictures.reliability_picture):
        picture = draw(night.evaluation)
        assert picture and picture.startswith(PNG)
        assert draw(night.evaluation.iloc[:0]) is None
    assert len(reliability_bins(night.evaluation)) == 10
