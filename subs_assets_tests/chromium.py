"""A real Chromium for the tests, the one that the system has, driven by Playwright."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from subs_assets_tests.programs import program

FOLDERS = (
    "/Applications/Chromium.app/Contents/MacOS",
    "/Program Files/Chromium/Application",
)
OPTIONS = (
    "--no-sandbox",  # it is started by root where CI runs, and sees nothing but pages of these tests
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Playwright ``Browser``, headless. Not of the whole session: while it lives, its thread has a running event
    loop, and ``asyncio.run`` of another test in the same process would fail."""
    from playwright.sync_api import sync_playwright

    executable: Path = program("chromium", "chromium", FOLDERS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(executable), args=list(OPTIONS))
        yield opened
        opened.close()
