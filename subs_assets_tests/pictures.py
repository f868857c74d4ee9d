"""Renews the README's pictures from a web UI that runs on the real catalogues; docs/set-up.md says how. No test."""

import base64
import json
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from subs_assets_tests.chromium import FOLDERS, OPTIONS
from subs_assets_tests.programs import program

DOCS = Path(__file__).parents[1] / "docs"
MARGIN = 16
GRAPH_SETTINGS = {"asset-graph-direction": "vertical", "asset-node-facets": ["description", "kind-tag"]}
"""What the UI keeps of the buttons beside the graph; with these it becomes wide and flat."""


def asset_graph(page: Page) -> None:
    """What ``substitutions`` are made from: the path of the data, without the edges that lead into publication."""
    page.goto("/assets/substitutions?view=lineage&lineageScope=upstream&lineageDepth=9")
    page.locator("svg").get_by_text("substitutions", exact=True).wait_for()
    page.wait_for_timeout(2000)  # the view moves to its place
    boxes = [box for node in page.locator("svg foreignObject").all() if (box := node.bounding_box())]
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    right, bottom = max(box["x"] + box["width"] for box in boxes), max(box["y"] + box["height"] for box in boxes)
    save(page, "asset-graph.png", left, top, right, bottom)


def rates(page: Page) -> None:
    """The heatmap as the page of ``substitution_rates`` shows it."""
    page.goto("/assets/substitution_rates")
    page.get_by_role("row", name="Heatmap").get_by_text("[Show Markdown]").click()
    page.get_by_role("img", name="substitution rates").wait_for()
    page.wait_for_timeout(1000)  # the dialog grows to its size
    box = page.get_by_role("dialog").bounding_box()
    assert box
    save(page, "rates-au.png", 0, 0, box["x"] + box["width"], box["y"] + box["height"])


def who_maps_to_whom(page: Page) -> None:
    """The picture of Aldi and Coles as the page of ``category_equivalences`` has it."""
    page.goto("/assets/category_equivalences")
    page.get_by_role("row", name="Who maps to whom").get_by_text("[Show Markdown]").click()
    source = page.get_by_role("img", name="aldi to coles").get_attribute("src") or ""
    (DOCS / "equivalences-au.svg").write_bytes(base64.b64decode(source.split(",", 1)[1]))


def save(page: Page, name: str, left: float, top: float, right: float, bottom: float) -> None:
    left, top = max(0, left - MARGIN), max(0, top - MARGIN)
    clip = {"x": left, "y": top, "width": right + MARGIN - left, "height": bottom + MARGIN - top}
    page.screenshot(path=DOCS / name, clip=clip)


if __name__ == "__main__":
    with sync_playwright() as playwright:
        executable = program("chromium", "chromium", FOLDERS)
        browser = playwright.chromium.launch(executable_path=str(executable), args=list(OPTIONS))
        window = browser.new_page(base_url=sys.argv[1], viewport={"width": 1500, "height": 1000})
        for setting, value in GRAPH_SETTINGS.items():
            window.add_init_script(f"localStorage.setItem({json.dumps(setting)}, {json.dumps(json.dumps(value))})")
        asset_graph(window)
        rates(window)
        who_maps_to_whom(window)
        browser.close()
