"""How long Chromium takes until it shows something of a page of a server, with nothing in its cache."""

from collections.abc import Mapping
from statistics import median

from subs_assets_tests.chromium import FOLDERS, OPTIONS
from subs_assets_tests.programs import program

SMALLEST = "the smallest page"
NOWHERE = "/nothing-is-here"
"""Says that there is nothing: our frame and styles, and hardly anything in them."""

FIRST_PAINT = """() => new Promise(found => new PerformanceObserver((list, observer) => {
    const paint = list.getEntriesByName('first-contentful-paint')[0];
    if (paint) { observer.disconnect(); found(paint.startTime); }
}).observe({ type: 'paint', buffered: true }))"""


def first_paints(address: str, pages: Mapping[str, str], visits: int) -> dict[str, float]:
    """Name of a page -> milliseconds from asking for it until its first contentful paint, and of SMALLEST; the median
    of so many visits, each of a profile of its own, in a browser that runs already."""
    from playwright.sync_api import sync_playwright

    executable = program("chromium", "chromium", FOLDERS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(executable), args=list(OPTIONS))

        def painted(path: str) -> float:
            context = browser.new_context()
            page = context.new_page()
            page.goto(address + path)
            milliseconds = float(page.evaluate(FIRST_PAINT))
            context.close()
            return milliseconds

        painted(NOWHERE)
        asked = {**pages, SMALLEST: NOWHERE}
        found = {name: median(painted(path) for _ in range(visits)) for name, path in asked.items()}
        browser.close()
    return found
