"""What `subs run` prints while it runs, on real runs of a small job: on a terminal, and elsewhere."""

import io
import logging
import re
from collections.abc import Iterator, Mapping

import pytest
from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    Definitions,
    ExecuteInProcessResult,
    MaterializeResult,
    asset,
    asset_check,
    define_asset_job,
)
from rich.console import Console

from subs_assets.assets.progress import log_progress
from subs_assets.automation.progress_log import ProgressHandler, progress_log, shown_on
from subs_assets.automation.run_display import RunDisplay


@asset
def listings(context: AssetExecutionContext) -> Iterator[MaterializeResult]:
    progress = log_progress(context.log, "names encoded")
    for done in range(0, 2001, 1000):
        progress(done, 2000)
    context.log.warning("corner/today.jsonl line 3: price -1 is negative; row set aside")
    yield MaterializeResult(metadata={"dagster/row_count": 2067})


@asset(deps=[listings])
def products() -> MaterializeResult:
    return MaterializeResult(
        metadata={"dagster/row_count": 1791, "Unchanged since run": "7b5ea75c-bc7b-4898-8151-062924119627"}
    )


@asset_check(asset=products)
def is_sound() -> AssetCheckResult:
    return AssetCheckResult(passed=True)


@asset_check(asset=products)
def is_large() -> AssetCheckResult:
    return AssetCheckResult(passed=False, description="1,791 rows")


@asset(deps=[products])
def publication() -> None:
    raise ValueError("at postgresql://me:s3cret-pass@host/name")


def shown(environment: Mapping[str, str], is_terminal: bool) -> str:
    """What one run of them prints on a console of that kind."""
    definitions = Definitions(
        [listings, products, publication],
        asset_checks=[is_sound, is_large],
        jobs=[define_asset_job("everything")],
        loggers={"progress": progress_log},
    )
    console = Console(
        file=io.StringIO(), force_terminal=is_terminal, width=100, _environ={"TERM": "xterm", **environment}
    )
    job = definitions.resolve_job_def("everything")
    with shown_on(RunDisplay(console)):
        result: ExecuteInProcessResult = job.execute_in_process(
            run_config={"loggers": {"progress": {}}}, raise_on_error=False
        )
    assert not result.success
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_elsewhere_it_is_a_line_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBS_DATABASE_URL", "postgresql+psycopg://me:s3cret-pass@host/name")
    lines = shown({}, is_terminal=False).splitlines()
    seconds = re.compile(r" +\d+\.\d s$")
    assert {seconds.sub("", line) for line in lines} == {
        "    warning: corner/today.jsonl line 3: price -1 is negative; row set aside",
        "  listings                                             2,067 rows",
        "  products                             1,791 rows of run 7b5ea75c",
        "  check products/is_sound                                  passed",
        "    check products/is_large failed: 1,791 rows",
        "  check products/is_large                                  failed",
        "  publication  FAILED: ValueError: at postgresql://me:***@host/name",
    }
    assert all(len(line) < 80 for line in lines)


@pytest.mark.parametrize(
    "environment, has_bar, has_colour",
    [({}, True, True), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, False, False)],
    ids=["xterm", "NO_COLOR", "dumb"],
)
def test_on_a_terminal_the_step_at_work_stands_below(
    environment: dict[str, str], has_bar: bool, has_colour: bool
) -> None:
    told = shown(environment, is_terminal=True)
    assert ("━" in told and "\x1b[?25l" in told) is has_bar
    assert ("\x1b[33m    warning: corner/today.jsonl" in told) is has_colour
    assert "    warning: corner/today.jsonl line 3" in told
    assert "left\n" not in told, "progress is in the bar, not in lines"


def test_where_there_is_no_display_passwords_are_not_shown_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGPASSWORD", "opensesame")
    ProgressHandler().emit(logging.makeLogRecord({"msg": "asked with opensesame", "levelno": logging.INFO}))
    assert capsys.readouterr().err == "    asked with ***\n"
