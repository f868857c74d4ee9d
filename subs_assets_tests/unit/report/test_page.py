"""The page escapes whatever a catalogue holds, keeps below its size, and holds what it says it holds."""

import base64
import gzip
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from subs_assets.database import frames, tables
from subs_assets.report.night import Night, Run
from subs_assets.report.page import render_report, short_names
from subs_assets.report.pairs import Caps, caps_for, pair_details
from subs_assets.report.template import clip, vega_javascript
from subs_assets_tests.made_up_nights import HEBREW, HOSTILE, made_up_night, made_up_recorded, made_up_run

TABLES = [name for name in Night.__dataclass_fields__ if name not in ("company_names", "run")]


SAMPLE = '<td class="why" dir="auto">'
"""In every row of samples, and nowhere else."""


class Reader(HTMLParser):
    """Collects elements with their attributes, the text outside of scripts, and each script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data
        elif self.cdata_elem is None:
            self.text += data


def unpacked(page: str) -> dict[str, str]:
    (packed,) = re.findall('id="packed">([^<]*)<', page)
    pairs: dict[str, str] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return pairs


@pytest.fixture(scope="module")
def small() -> Reader:
    return Reader(render_report(made_up_night(2)))


@pytest.fixture(scope="module")
def night_of_twenty() -> Night:
    return made_up_night(20, goods=60, per_product=3)


@pytest.fixture(scope="module")
def large(night_of_twenty: Night) -> str:
    return render_report(night_of_twenty)


@pytest.fixture(scope="module")
def whole_of_twelve() -> str:
    return render_report(made_up_night(12, goods=4))


def test_hostile_names_are_text(small: Reader) -> None:
    assert HOSTILE in small.text
    assert not [tag for tag, _ in small.elements if tag in ("img", "iframe", "object", "link")]
    assert len(small.scripts) == 3
    assert not any(script.startswith("alert") for script in small.scripts)


def test_charts_are_one_block_of_data_that_cannot_end_its_element(small: Reader) -> None:
    (charts,) = [script for script in small.scripts if script.startswith("{")]
    assert "<" not in charts and r"\u003c/script\u003e" in charts  # a company's name
    assert set(json.loads(charts)) == {
        attributes["data-chart"] for _, attributes in small.elements if "data-chart" in attributes
    }


def test_nothing_is_fetched_from_anywhere(small: Reader, large: str) -> None:
    for reader in (small, Reader(large)):
        for tag, attributes in reader.elements:
            for name in ("src", "href", "action", "data", "poster", "srcset"):
                if tag != "a" or name != "href":
                    assert attributes.get(name, "#").startswith("#")  # type: ignore[union-attr]
        assert not re.search(r"@import|url\(", "".join(re.findall("<style>.*?</style>", large, re.DOTALL)))


def test_the_page_forbids_itself_the_network_and_eval(small: Reader) -> None:
    (policy,) = [attributes["content"] for _, attributes in small.elements if "http-equiv" in attributes]
    assert policy is not None and policy.startswith("default-src 'none'; ")
    assert "http" not in policy and "*" not in policy and "eval" not in policy


def test_the_page_says_its_language_and_its_tables_say_their_heads(small: Reader) -> None:
    assert ("html", {"lang": "en"}) in small.elements and ("meta", {"charset": "utf-8"}) in small.elements
    heads = [attributes for tag, attributes in small.elements if tag == "th"]
    assert heads and all(attributes.get("scope") in ("col", "colgroup", "row", "rowgroup") for attributes in heads)
    tables_, captions = (sum(tag == wanted for tag, _ in small.elements) for wanted in ("table", "caption"))
    assert tables_ == captions > 3
    described = [attributes for _, attributes in small.elements if "data-chart" in attributes]
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in described)


def test_the_javascript_of_the_charts_is_in_the_page_once(large: str) -> None:
    assert large.count("window.vegaEmbed=") == 1


def test_few_companies_stand_in_the_page_as_they_are(small: Reader) -> None:
    ids = {attributes["id"] for tag, attributes in small.elements if tag == "details" and "id" in attributes}
    assert ids == {f"pair-shop_0{one}-shop_0{other}" for one in (0, 1) for other in (0, 1)}
    assert HEBREW in small.text


def test_many_companies_are_packed_and_lose_nothing_by_it(night_of_twenty: Night, large: str) -> None:
    assert 1_000_000 < len(large.encode()) < 5_000_000
    pairs = unpacked(large)
    assert len(pairs) == 400
    assert sum(len(html) for html in pairs.values()) > 5_000_000
    (details,) = [
        pair
        for pair in pair_details(night_of_twenty, [], caps_for(20))
        if (pair.company, pair.target) == ("shop_03", "shop_17")
    ]
    html = pairs["pair-shop_03-shop_17"]
    assert html.count(SAMPLE) == sum(len(level.samples) for level in details.levels) > 10
    assert details.tree is not None and details.tree.left_out == 0
    assert html.count('class="row"') == details.tree.categories
    assert (
        html.count("<svg ") == 1 and html.count("<path ") == sum(map(len, details.mapping.picture.bands.values())) > 5
    )


def test_less_of_each_pair_is_shown_where_the_page_would_be_too_long() -> None:
    night = made_up_night(3, goods=40)
    whole = render_report(night)
    pairs = whole[whole.index('<div id="blocks">') : whole.index('<p class="note">Samples are a part')]
    rest = len(whole.encode()) - len(pairs.encode())
    pages = [render_report(night, rest + more) for more in (48_000, 36_000, 8_000)]
    packed, fewer_samples, smaller_trees = ("".join(unpacked(page).values()) for page in pages)
    assert all(len(page.encode()) <= rest + more for page, more in zip(pages, (48_000, 36_000, 8_000), strict=True))
    sample, left_out = SAMPLE, "small categories are left out"
    assert packed.count(sample) == pairs.count(sample) > fewer_samples.count(sample) > smaller_trees.count(sample) > 0
    assert left_out in smaller_trees and left_out not in packed and 'class="row"' in smaller_trees


@pytest.mark.parametrize(
    ("share", "heatmaps", "tables", "javascript"),
    [(0.25, True, True, True), (0.18, True, False, True), (0.12, False, False, True), (0.01, False, False, False)],
)
def test_parts_are_left_out_one_after_the_other_where_the_page_would_be_too_long(
    whole_of_twelve: str, share: float, heatmaps: bool, tables: bool, javascript: bool
) -> None:
    """``share`` is of the bytes beside the JavaScript of the charts."""
    least = len(vega_javascript().encode())
    limit = least + int(share * (len(whole_of_twelve.encode()) - least))
    page = render_report(made_up_night(12, goods=4), limit)
    assert len(page.encode()) <= limit
    assert ('data-chart="linked-rate"' in page) is heatmaps
    assert ("Substitution rates of every company pair" in page) is tables
    assert ("window.vegaEmbed=" in page) is javascript
    assert ("Left out: the tables of the rates" in page) is not tables and "Rows read" in page


def test_the_first_screen_is_written_whatever_its_length() -> None:
    page = render_report(made_up_night(2), 1)
    assert "Rows read" in page and "every other section but this first screen" in page


def test_eighty_companies_have_a_report() -> None:
    """Their heatmaps have 6,400 cells; Altair refuses more than 5,000 rows unless it is told not to."""
    page = render_report(replace(made_up_night(80, goods=2, per_product=1), company_names={}))
    assert len(page.encode()) <= 5_000_000
    (charts,) = [script for script in Reader(page).scripts if script.startswith("{")]
    (cells,) = json.loads(charts)["linked-rate"]["datasets"].values()
    assert len(cells) == 6_400
    assert len(unpacked(page)) == 6_400 and "Level 5 alone is drawn for up to 20 companies" in page


def test_every_cap_can_be_lowered_to_the_least() -> None:
    caps = Caps(6, 600, 120, 15)
    for _ in range(12):
        caps = caps.times(0.5)
    assert caps == Caps(1, 0, 0, 0) == caps.times(0.5)


@pytest.mark.parametrize("failed", [True, False])
def test_what_went_wrong_is_said_at_the_top(failed: bool) -> None:
    text = Reader(render_report(made_up_night(2, failed=failed))).text
    assert ("2 things to look at" in text and "shop_00/today.jsonl: the file is empty" in text) is failed
    assert ("All is well" in text and "all 2 checks passed" in text) is not failed


def test_a_company_alone_has_no_pairs_with_others() -> None:
    text = Reader(render_report(made_up_night(1))).text
    assert "There is no other company to find substitutes at" in text


def test_an_empty_warehouse_has_a_report_too() -> None:
    """As after a reset, when the report alone is asked for."""
    empty = {name: frames.empty(tables.metadata.tables[name]) for name in TABLES}
    night = Night(**empty, company_names={}, run=Run("none", (), (), made_up_recorded((), 0)))
    text = Reader(render_report(night)).text
    assert "No steps are kept" in text and "What is kept is of one night" in text and "No row was set aside" in text


def test_the_report_of_the_same_night_is_the_same() -> None:
    assert render_report(made_up_night(2)) == render_report(made_up_night(2))


def test_names_are_shortened_only_where_they_stay_different() -> None:
    long = "Österreichische Müllerei- und Großbäckerei "
    assert short_names({"a": long, "b": "Spar"}) == {"a": clip(long, 22), "b": "Spar"}
    assert short_names({"a": long + "A", "b": long + "B"}) == {"a": long + "A", "b": long + "B"}


def test_a_repeated_run_shows_what_changed() -> None:
    night = made_up_night(2)
    assert "+20 since the run before" in render_report(night)
    assert "since the run before" not in render_report(replace(night, run=made_up_run(nights=1)))
