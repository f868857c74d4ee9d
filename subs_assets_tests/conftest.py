"""What holds for every test: where CI is set, a skip is a failure. Fixtures live beside the tests that use them; those
that start a program for many folders of tests are made known here, and how tests are dealt out to processes."""

import gc
import os
from collections.abc import Generator

import pytest

from subs_assets_tests.chromium import browser  # noqa: F401
from subs_assets_tests.object_store import object_store, object_store_endpoint  # noqa: F401
from subs_assets_tests.postgres_server import postgres_server, postgres_url  # noqa: F401
from subs_assets_tests.processes import pytest_xdist_make_scheduler  # noqa: F401
from subs_assets_tests.webhook_server import webhook_server  # noqa: F401

# A process of `pytest -n` has them, 80 and 24, and so have some shells. Consoles are as wide as COLUMNS said when they
# were made, which is while the tests are collected; tests that look at what is shown say themselves how wide it is.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# The modules of all tests and all that these load stay to the end: to look among them for garbage, again and again
# while they are loaded, was half of the time that collecting took.
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Also in the process that only deals the tests out."""
    gc.freeze()
    gc.enable()


HINT = (
    "a skip is a failure where CI is set, so that no test vanishes unseen: bring what it needs "
    '(the real catalogues: SUBS_REAL_CATALOGUES), or leave it out by name, as with -m "not real_catalogues"'
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    turn_skip_into_failure(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself while it is collected never reaches the hook above."""
    report = yield
    turn_skip_into_failure(report)
    return report


def turn_skip_into_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where CI is set; an expected failure (xfail) has the outcome "skipped" too, and is left alone."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        where, line, reason = report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{where}:{line}: {reason}\n{HINT}"
