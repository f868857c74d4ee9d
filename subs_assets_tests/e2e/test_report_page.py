"""The report in a real Chromium: opened from the disk without a network, read, printed, and with JavaScript switched
off."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from subs_assets.report.page import render_report
from subs_assets_tests.made_up_nights import ARABIC, COMPANY_NAMES, HEBREW, HOSTILE, LONG, made_up_night
from subs_assets_tests.programs import program

SECTIONS = (
    "Rates",
    "How good",
    "Departments",
    "Where products are lost",
    "A pair of companies",
    "Set aside",
    "Timings",
    "Over the nights",
    "Words",
)
DRAWN = "document.querySelectorAll('[data-chart]').length === document.querySelectorAll('.drawn svg').length"
CHOSEN = "document.querySelector('.pair.chosen')"


@dataclass
class Opened:
    """A page and what it complained of, or asked for, since it was opened."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def evaluate(self, expression: str) -> Any:
        return self.page.evaluate(expression)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Number of companies -> the report of such a night."""
    folder = tmp_path_factory.mktemp("reports of the night #1")  # a name that an address must escape
    nights = {2: made_up_night(2), 20: made_up_night(20, goods=60)}
    for companies, night in nights.items():
        (folder / f"{companies}.html").write_text(render_report(night), encoding="utf-8")
    return {companies: folder / f"{companies}.html" for companies in nights}


@pytest.fixture(params=[2, 20], ids=["2 companies", "20 companies"])
def companies(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def open_file(browser: Any, file: Path, width: int = 1280, javascript: bool = True) -> Iterator[Opened]:
    context = browser.new_context(
        offline=True, viewport={"width": width, "height": 900}, java_script_enabled=javascript
    )
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.errors.append(message.text))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("dialog", lambda dialog: (opened.errors.append(dialog.message), dialog.dismiss()))
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.goto(file.as_uri())
    if javascript:
        opened.page.wait_for_function(DRAWN)
        opened.page.wait_for_function(CHOSEN)
    yield opened
    context.close()


@pytest.fixture
def opened(browser: Any, files: dict[int, Path], companies: int) -> Iterator[Opened]:
    yield from open_file(browser, files[companies])


def test_it_opens_without_a_network_and_without_a_complaint(opened: Opened, files: dict, companies: int) -> None:
    opened.page.wait_for_load_state("load")
    assert opened.errors == []
    assert opened.requests == [files[companies].as_uri()]
    assert [text.strip() for text in opened.page.locator("h2:not(.unseen)").all_inner_texts()] == list(SECTIONS)
    assert files[companies].stat().st_size < 5_000_000


def test_every_chart_is_drawn_with_its_figures(opened: Opened, companies: int) -> None:
    cells = opened.page.locator('[data-chart="linked-rate"] svg .mark-rect path').count()
    texts = opened.page.locator('[data-chart="linked-rate"] svg .mark-text.role-mark text').all_text_contents()
    assert cells == companies**2 == len(texts)
    assert all(re.fullmatch(r"\d+%?", text) for text in texts)
    for chart in opened.page.locator("[data-chart]").all():
        assert chart.locator("svg path[d]").count() > 2
        box = chart.locator("svg").bounding_box()
        assert box["width"] > 100 and box["height"] > 60


def test_a_cell_tells_its_products(browser: Any, files: dict[int, Path]) -> None:
    for opened in open_file(browser, files[2]):
        opened.page.locator('[data-chart="linked-rate"] svg .mark-rect path').first.hover(position={"x": 6, "y": 6})
        tooltip = opened.page.locator("#vg-tooltip-element")
        tooltip.wait_for(state="visible")
        assert "of products" in tooltip.inner_text() and "ALDI" in tooltip.inner_text()
        assert opened.errors == []


def test_a_cell_leads_to_its_pair_in_the_explorer(browser: Any, files: dict[int, Path]) -> None:
    for opened in open_file(browser, files[2]):
        with opened.page.expect_request("http://**/*") as asked:
            opened.page.locator('[data-chart="linked-rate"] svg .mark-text.role-mark text').nth(1).click()
        assert asked.value.url == "http://127.0.0.1:8765/rates/shop_00/shop_01"


@pytest.mark.parametrize("width", [1280, 800])
def test_the_page_is_not_wider_than_the_window(browser: Any, files: dict, companies: int, width: int) -> None:
    for opened in open_file(browser, files[companies], width):
        for details in opened.page.locator("details:not(.pair)").all():
            details.evaluate("element => element.open = true")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        outside = opened.evaluate(
            """[...document.querySelectorAll("main *")]
                 .filter((element) => !element.closest(".scroll, svg, .unseen"))
                 .filter((element) => element.getBoundingClientRect().right > innerWidth)
                 .map((element) => element.outerHTML.slice(0, 90))"""
        )
        assert outside == []


def test_a_pair_is_chosen_and_shown(opened: Opened, companies: int) -> None:
    def shown() -> list[str]:
        return [block.get_attribute("id") for block in opened.page.locator(".pair").all() if block.is_visible()]

    assert shown() == ["pair-shop_00-shop_01"]
    opened.page.locator("#company").select_option("shop_01")
    opened.page.locator("#target").select_option("shop_00")
    assert shown() == ["pair-shop_01-shop_00"]
    block = opened.page.locator("#pair-shop_01-shop_00")
    assert block.locator("h3").inner_text() == f"{COMPANY_NAMES[1][:79]}… → ALDI"
    assert block.locator(".samples tbody tr td.n").count() > 5
    assert "AUD" in block.locator(".samples").inner_text() and "a unit" in block.locator(".samples").inner_text()
    picture = block.locator(".flow svg")
    assert "ALDI" in picture.get_attribute("aria-label") and picture.locator("path").count() > 5
    words = [text.bounding_box() for text in picture.locator("text").all()]
    frame = picture.bounding_box()
    assert all(frame["x"] <= one["x"] and one["x"] + one["width"] <= frame["x"] + frame["width"] for one in words)
    assert block.locator("tr", has_text="Käse jung").count() > 0  # a department of the table below
    opened.page.locator("#funnel details > summary").last.evaluate("summary => summary.parentElement.open = true")
    opened.page.locator('#funnel a[href="#pair-shop_00-shop_00"]').click()
    opened.page.locator("#pair-shop_00-shop_00").wait_for()  # the browser tells of a changed address in its own time
    assert shown() == ["pair-shop_00-shop_00"]
    assert opened.page.locator("#target").input_value() == "shop_00"
    assert opened.errors == []


def test_the_tree_unfolds(opened: Opened) -> None:
    rows = opened.page.locator(".pair.chosen .tree .row")
    visible = sum(row.is_visible() for row in rows.all())
    opened.page.locator(".pair.chosen .unfold").click()
    assert all(row.is_visible() for row in rows.all()) and rows.count() > visible
    assert opened.page.locator(".pair.chosen .unfold").inner_text() == "fold all"
    text = opened.page.locator(".pair.chosen .tree").inner_text()
    for word in ("exact", "related", "proposed", "promotional facet, never mapped", "no counterpart", "support 2.5"):
        assert word in text


def test_hostile_long_and_right_to_left_names_are_shown_as_they_are(opened: Opened) -> None:
    opened.page.locator(".pair.chosen .unfold").click()
    text = opened.page.locator("main").inner_text()
    for name in (HOSTILE, HEBREW, ARABIC, LONG[:150], "Crème brûlée"):
        assert name in text
    direction = "element => getComputedStyle(element).direction"
    hebrew = opened.page.locator("bdi", has_text=HEBREW).first
    assert hebrew.evaluate(direction) == "rtl"
    assert opened.page.locator("bdi", has_text="Crème").first.evaluate(direction) == "ltr"
    assert opened.page.locator("img").count() == 0 and opened.errors == []


def test_two_right_to_left_names_do_not_turn_the_arrow_around(browser: Any, files: dict[int, Path]) -> None:
    for opened in open_file(browser, files[20]):
        opened.page.locator("#company").select_option("shop_02")
        opened.page.locator("#target").select_option("shop_03")
        names = opened.page.locator("#pair-shop_02-shop_03 h3 bdi")
        assert names.all_inner_texts() == list(COMPANY_NAMES[2:4])
        first, second = (name.bounding_box() for name in names.all())
        assert first["x"] + first["width"] < second["x"]


def test_without_javascript_the_figures_are_there(browser: Any, files: dict, companies: int) -> None:
    for opened in open_file(browser, files[companies], javascript=False):
        assert "Charts need JavaScript" in opened.page.locator("#rates").inner_text()
        assert opened.page.locator("#rates tbody tr").count() == companies**2
        assert opened.page.locator("#funnel tbody tr").count() == companies**2
        assert opened.page.locator("select").first.is_hidden()
        if companies == 2:
            block = opened.page.locator("#pair-shop_00-shop_01")
            assert block.is_visible() and not block.locator(".samples").is_visible()
            block.locator("> summary").click()
            assert block.locator(".samples").is_visible()
        else:
            assert "pairs of companies need JavaScript" in opened.page.locator("#pairs").inner_text()


def test_a_browser_that_cannot_unpack_the_pairs_says_so(browser: Any, files: dict[int, Path]) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(files[20].as_uri())
    page.wait_for_selector("#blocks .notice")
    assert "cannot unpack the pairs" in page.locator("#pairs").inner_text()
    assert page.locator("#company").is_hidden()
    context.close()


def test_it_prints_with_all_its_sections(opened: Opened, tmp_path: Path) -> None:
    pdftotext = program("pdftotext", "poppler-utils")
    printed = tmp_path / "printed.pdf"
    opened.page.pdf(path=printed, prefer_css_page_size=True, print_background=True)
    text = subprocess.run(
        [pdftotext, "-layout", printed, "-"], capture_output=True, check=True, encoding="utf-8", timeout=60
    ).stdout
    for words in (
        *SECTIONS,
        "Rows read",
        "refused: claim",
        "siloed",
        "catalogue__shop_00",
        "What does not pass now",
        "is negative",
        "One pair is printed",
    ):
        assert words in text, words
    assert "unfold all" not in text and "Products of ALDI" not in text  # controls
    pages = text.count("\f")
    assert 5 <= pages <= 25


def test_nothing_is_cut_off_on_paper(opened: Opened) -> None:
    """At the width that A4 across leaves between its margins."""
    opened.page.set_viewport_size({"width": 1032, "height": 700})
    opened.page.emulate_media(media="print")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1032
    cut = opened.evaluate(
        """[...document.querySelectorAll("main svg, main table")].filter((element) => element.checkVisibility()
             && element.getBoundingClientRect().right > 1032.5).map((element) => element.outerHTML.slice(0, 90))"""
    )
    assert cut == []
