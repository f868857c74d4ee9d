"""The explorer as people use it: `subs serve` as a process of its own, and a real Chromium, wide and on a phone."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from subs_assets.database import control, kept_decisions
from subs_assets.explorer.addresses import category_address, mapping_address
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests.e2e.conftest import REPOSITORY, Installation
from subs_assets_tests.made_up_nights import made_up_night
from subs_assets_tests.published_nights import a_substitution, published_home

WIDTHS_AND_SCHEMES = ((1280, "light"), (390, "dark"))


@dataclass(frozen=True)
class Served:
    """``address`` of the process's first page, and the token that it printed."""

    home: Settings
    night: Night
    address: str
    token: str

    def decisions(self) -> list[tuple[str, str]]:
        engine = control.open_control(self.home.control_url)
        kept = kept_decisions.read_decisions(engine)
        engine.dispose()
        return list(zip(kept["verdict"], kept["decided_by"], strict=True))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    night = made_up_night(6, goods=16)
    home = published_home(tmp_path_factory.mktemp("explorer"), night)
    environment = Installation(home.home, home.catalogues[0]).environment
    process = subprocess.Popen(
        [sys.executable, "-m", "subs_assets.cli", "serve", "--port", "0"],
        cwd=REPOSITORY, env=environment, text=True, encoding="utf-8", stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    first, second = process.stdout.readline(), process.stdout.readline()
    address = re.search(r"http://127\.0\.0\.1:\d+/", first)
    token = re.search(r"with the token (\S+) ", second)
    assert address is not None and token is not None, first + second
    yield Served(home, night, address[0].rstrip("/"), token[1])
    process.terminate()
    process.communicate(timeout=60)


@dataclass
class Opened:
    """A page; what it complained of, and what it asked others for."""

    page: Any
    served: Served
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        self.page.goto(self.served.address + address)

    def sign_in(self, name: str, back: str) -> None:
        self.go(f"/sign-in?back={back}")
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_label("Token").fill(self.served.token)
        with self.page.expect_navigation():  # until the page has loaded: its script hears keys from then on
            self.page.get_by_role("main").get_by_role("button", name="Sign in").click()


def open_page(browser: Any, served: Served, width: int = 1280, **options: Any) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    opened = Opened(context.new_page(), served)
    opened.page.on("console", lambda message: opened.complaints.append(message.text))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("dialog", lambda dialog: (opened.complaints.append(dialog.message), dialog.dismiss()))
    opened.page.on("request", lambda asked: asked.url.startswith(served.address) or opened.complaints.append(asked.url))
    yield opened
    context.close()
    assert opened.complaints == []


@pytest.fixture(params=WIDTHS_AND_SCHEMES)
def opened(browser: Any, served: Served, request: pytest.FixtureRequest) -> Iterator[Opened]:
    width, scheme = request.param
    yield from open_page(browser, served, width, color_scheme=scheme)


def test_search_open_accept_undo(opened: Opened) -> None:
    opened.sign_in("Jürgen Groß", "/search")
    page, row = opened.page, a_substitution(opened.served.night, "shop_03")
    name = opened.served.night.products.set_index("product_id").loc[row["product_id"], "name"]
    page.get_by_role("main").get_by_role("searchbox").fill(str(row["product_id"]))
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("link", name=name, exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == name
    there = page.locator("#at-shop_03 + ol > li").first
    there.get_by_text("why").click()
    there.get_by_text("with a reason").click()
    there.get_by_label(re.compile("^Reason")).fill("tried it")
    there.get_by_label(re.compile("^Reason")).press("Enter")
    there.get_by_role("button", name=re.compile("^Reject")).wait_for()
    there.get_by_role("button", name=re.compile("^Accept")).press("Enter")
    page.get_by_text("Accepted; it counts from the next run on.").wait_for()
    undo = there.get_by_role("button", name=re.compile("^Undo"))
    assert undo.evaluate("button => button === document.activeElement"), "the keyboard goes on where it was"
    assert re.search(r"accepted by Jürgen Groß on [\d-]+: tried it", there.inner_text())
    assert there.locator("details").evaluate("details => details.open")
    assert opened.served.decisions() == [("accept", "Jürgen Groß")]
    page.reload()
    there.get_by_role("button", name=re.compile("^Undo")).click()
    page.get_by_text("Withdrawn; it counts from the next run on.").wait_for()
    assert there.get_by_role("button", name=re.compile("^Reject")).is_visible()
    assert opened.served.decisions() == []


def test_who_decides_late_sees_what_stands(browser: Any, served: Served) -> None:
    row = a_substitution(served.night, "shop_05")
    for ben in open_page(browser, served):
        ben.sign_in("Ben", f"/products/{row['product_id']}")
        for ann in open_page(browser, served):
            ann.sign_in("Ann", f"/products/{row['product_id']}")
            ann.page.locator("#at-shop_05 + ol > li").first.get_by_role("button", name=re.compile("^Reject")).click()
            ann.page.get_by_text("Rejected; it counts from the next run on.").wait_for()
        there = ben.page.locator("#at-shop_05 + ol > li").first
        there.get_by_role("button", name=re.compile("^Accept")).click()
        there.get_by_text("rejected by Ann on").wait_for()
        assert "Ann has decided this on" in ben.page.locator("#status").inner_text()
        there.get_by_role("button", name=re.compile("^Undo")).click()
        ben.page.get_by_text("Withdrawn; it counts from the next run on.").wait_for()
        ben.complaints.remove("Failed to load resource: the server responded with a status of 409 (Conflict)")
    assert served.decisions() == []


LINES_END_AT_WHAT_IS_SEEN = """() => {
  const space = document.querySelector(".lines").getBoundingClientRect();
  const there = document.querySelector(".there").getBoundingClientRect();
  const ends = [...document.querySelectorAll(".lines path")].map((line) => line.getPointAtLength(1e6).y + space.top);
  return there.top >= 0 && there.bottom <= innerHeight && ends.every((y) => y > there.top - 1 && y < there.bottom + 1);
}"""


def test_categories_fold_lines_lead_to_targets_and_a_mapping_is_decided(opened: Opened) -> None:
    opened.sign_in("Ann", "/categories?company=shop_00%26target_company=shop_01")
    page, is_wide = opened.page, opened.page.viewport_size["width"] > 900
    page.wait_for_url("**/categories?**")
    assert page.get_by_role("heading", name="Categories: shop_00 → shop_01").is_visible()
    lines, own = page.locator(".lines path"), page.locator(".own > ul > .node")
    if is_wide:
        lines.first.wait_for(state="attached")
    folded = lines.count()
    assert (folded > 0) == is_wide
    for summary in page.locator(".own > ul > .node > details > summary, .there > ul > .node > details > summary").all():
        summary.click()
    assert own.locator("ul .node").first.is_visible()
    if is_wide:
        page.wait_for_function(f"document.querySelectorAll('.lines path').length > {folded}")
        page.set_viewport_size({**page.viewport_size, "height": 300})
        page.evaluate("document.querySelector('.own').scrollIntoView()")
        page.wait_for_function(LINES_END_AT_WHAT_IS_SEEN)
    reached, others = page.locator(".own .reached"), page.locator(".own .node:not(.reached)")
    shown = reached.filter(visible=True).count(), others.filter(visible=True).count()
    page.get_by_label("only what is not mapped").check()
    assert shown[0] and reached.filter(visible=True).count() == 0 and others.first.is_visible()
    page.get_by_label("only what is not mapped").uncheck()
    assert (reached.filter(visible=True).count(), others.filter(visible=True).count()) == shown
    page.locator(".own .target[data-status=proposed]:visible").first.click()
    page.wait_for_url("**/categories/mapping?**")
    mapping = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("The category of shop_01 is").select_option("close")
    page.get_by_role("button", name="Accept").click()
    page.get_by_text("Accepted; it counts from the next run on.").wait_for()
    assert page.get_by_text("accepted by Ann on").is_visible()
    assert opened.served.decisions() == [("accept", "Ann")] * 2
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Reject").wait_for()
    assert opened.served.decisions() == [] and page.get_by_role("heading", level=1).inner_text() == mapping


def test_it_works_without_javascript_too(browser: Any, served: Served) -> None:
    row = a_substitution(served.night, "shop_04")
    for opened in open_page(browser, served, java_script_enabled=False):
        opened.sign_in("Ann", "/review?kind=substitution")
        first = asked(opened)
        opened.page.get_by_role("button", name="Reject").click()
        assert asked(opened) != first and served.decisions() == [("reject", "Ann")]
        opened.page.get_by_role("button", name="Undo").click()
        assert asked(opened) == first and served.decisions() == []
        opened.sign_in("Ann", f"/products/{row['product_id']}")
        for button, decisions in (("Reject", [("reject", "Ann")]), ("Undo", [])):
            opened.page.get_by_role("button", name=re.compile(f"^{button}")).first.click()
            assert opened.page.url.endswith(f"/products/{row['product_id']}")
            assert served.decisions() == decisions


def test_the_rates_are_one_stop_of_the_tab_key_and_arrows_go_from_cell_to_cell(browser: Any, served: Served) -> None:
    for opened in open_page(browser, served):
        opened.go("/")
        cell, press = opened.page.locator(":focus"), opened.page.keyboard.press
        opened.page.get_by_role("region", name="Substitution rates").focus()
        press("Tab")
        assert cell.get_attribute("href") == "/rates/shop_00/shop_00"
        for key in ("End", "ArrowDown", "ArrowRight", "ArrowLeft"):
            press(key)
        assert cell.get_attribute("href") == "/rates/shop_01/shop_04"
        press("Tab")
        assert cell.evaluate("link => link.closest('footer') !== null")
        press("Shift+Tab")
        assert cell.get_attribute("href") == "/rates/shop_01/shop_04"


def asked(opened: Opened) -> str:
    return str(opened.page.locator(".answer input[name=mark]").get_attribute("value"))


def press(opened: Opened, key: str, says: str) -> None:
    opened.page.evaluate("document.getElementById('status').textContent = ''")  # of the key before
    opened.page.keyboard.press(key)
    opened.page.locator("#status", has_text=says).wait_for()


def test_two_review_by_keyboard(browser: Any, served: Served) -> None:
    for ann in open_page(browser, served):
        ann.sign_in("Ann", "/review")
        first = asked(ann)
        ann.page.keyboard.press("?")
        ann.page.get_by_text("undo what you did last").wait_for()
        ann.page.keyboard.press("2")
        press(ann, "a", "accepted as close")
        second = asked(ann)
        assert ("accept", "Ann") in served.decisions() and second != first
        for ben in open_page(browser, served, 390):
            ben.sign_in("Ben", "/review")
            assert asked(ben) == second, "what Ann has decided is not asked again"
            press(ann, "r", "rejected")
            ben.page.keyboard.press("a")
            ben.page.locator("#status", has_text="Ann has decided this on").wait_for()
            assert asked(ben) == second and ("accept", "Ben") not in served.decisions()
            ben.page.keyboard.press("a")
            assert asked(ben) == second and ("accept", "Ben") not in served.decisions()
            press(ben, "Shift+A", "instead of Ann's")
            assert {who for _, who in served.decisions()} == {"Ann", "Ben"}
            press(ben, "u", "Undone")
            ben.complaints.remove("Failed to load resource: the server responded with a status of 409 (Conflict)")
        third = asked(ann)
        press(ann, "s", "skipped")
        fourth = asked(ann)
        ann.page.reload()
        assert asked(ann) == fourth and len({first, second, third, fourth}) == 4
        assert "2 decided by you in the last 12 hours, 1 skipped" in ann.page.locator(".progress").inner_text()
        press(ann, "u", "Undone")
        assert asked(ann) == third and served.decisions()
        press(ann, "u", "Undone")
        assert asked(ann) == second
        press(ann, "u", "Undone")
        assert asked(ann) == first and served.decisions() == []
        ann.page.keyboard.press("n")
        ann.page.keyboard.type("are not the same")
        ann.page.keyboard.press("Enter")
        assert ann.page.get_by_label("Why, if you like to say it").input_value() == "are not the same"
        ann.page.keyboard.press("Escape")
        press(ann, "s", "skipped")
        press(ann, "u", "Undone")
        assert served.decisions() == [] and asked(ann) == first


def test_every_page_can_be_read_by_everybody_and_is_not_wider_than_the_window(opened: Opened) -> None:
    from axe_playwright_python.sync_playwright import Axe

    hostile = opened.served.night.products
    hostile = hostile.loc[hostile["name"].str.contains("caught"), "product_id"].iloc[0]
    rows = opened.served.night.category_equivalences
    rows = rows[rows["path"].str.contains("caught") | rows["target_path"].str.contains("caught")]
    sides = rows[["company_slug", "path", "target_company_slug", "target_path"]].iloc[0]
    of_categories = ("/categories", category_address(*sides[:2]), mapping_address(*sides))
    opened.sign_in("Ann", "/")
    for address in (
        "/",
        "/review?kind=equivalence",
        "/review?kind=substitution",
        f"/products/{hostile}",
        "/search?q=a",
        "/rates/shop_00/shop_01",
        "/set-aside",
        "/sign-in",
        *of_categories,
    ):
        opened.go(address)
        found = Axe().run(opened.page).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert serious == [], [(one["id"], one["nodes"][0]["html"]) for one in serious]
        width = opened.page.viewport_size["width"]
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_client_in_the_docs_runs(served: Served) -> None:
    text = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
    (client,) = re.findall(r"```python\n(.*?)```", text, re.S)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", client, "rye", "bread"],
        env={**os.environ, "EXPLORER": served.address},
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Rye Bread 2 is sold by shop_00", done.stdout) and " of these" in done.stdout


def test_it_answers_to_its_own_name_alone(served: Served) -> None:
    asked = urllib.request.Request(f"{served.address}/api/v1/health", headers={"Host": "rebound.example.org"})
    with pytest.raises(urllib.error.HTTPError, match="421"):
        urllib.request.urlopen(asked, timeout=60)
    with urllib.request.urlopen(f"{served.address}/api/v1/health", timeout=60) as answer:
        assert answer.status == 200 and answer.headers.get("server") is None
