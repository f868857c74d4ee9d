"""The nightly job leaves a report of what it published, and says where."""

import html
import re
from dataclasses import replace
from pathlib import Path

from dagster import AssetKey, ExecuteInProcessResult

from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import reason_of, rows_of, run_graph, run_selection, value_of, write_shop


def text_of(settings: Settings) -> str:
    """The latest report without its scripts, styles and tags."""
    page = (settings.reports / "latest.html").read_text(encoding="utf-8")
    without_code = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", without_code)).split())


def metadata_of(result: ExecuteInProcessResult) -> dict:
    (event,) = [event for event in result.get_asset_materialization_events() if event.asset_key == AssetKey("report")]
    return {name: value.value for name, value in event.step_materialization_data.materialization.metadata.items()}


def test_the_nightly_job_writes_the_report_and_says_where(settings: Settings) -> None:
    result = run_graph(settings)
    assert result.success, reason_of(result)
    metadata = metadata_of(result)
    written = Path(metadata["Page of this run"])
    assert written.parent == settings.reports and written.stat().st_size == metadata["Bytes"] < 5_000_000
    assert metadata["Pairs of companies"] == 9
    latest = settings.reports / "latest.html"
    assert metadata["Open"] == latest.as_uri() and latest.read_bytes() == written.read_bytes()


def test_the_report_tells_of_the_run_that_made_it(settings: Settings) -> None:
    result = run_graph(settings)
    text = text_of(settings)
    assert f"run {result.run_id[:8]}" in text
    checks = len(result.get_asset_check_evaluations())
    assert "All is well" in text and f"all {checks} checks passed" in text
    rows = 3 * len(rows_of("corner"))
    assert f"{rows} = {rows} accepted + 0 set aside ✓" in text
    products, substitutions = (
        value_of(settings.database_url, f"SELECT count(*) FROM {table}") for table in ("products", "substitutions")
    )
    assert f"Products {products:,} from {rows} listings" in text and f"Substitutions {substitutions:,} level 1" in text
    assert "Corner" in text and "The last nights" in text  # names as source.yaml says them; the second run of this home
    assert "The steps of the run up to this report" in text


def test_a_company_that_did_not_deliver_and_rows_set_aside_are_in_it(settings: Settings) -> None:
    (settings.catalogues[0] / "depot" / "today.jsonl").write_text("", encoding="utf-8")
    rows = rows_of("corner")
    write_shop(settings.catalogues[0], "corner", [*rows, {**rows[0], "id": "<b>new</b>", "price": "-3"}])
    assert run_graph(settings).success
    text = text_of(settings)
    assert "1 thing to look at" in text and "depot/today.jsonl: the file is empty" in text
    assert "1 kept from an earlier night or missing" in text
    assert f"{len(rows)} kept" in text
    assert "is negative" in text and f"line {len(rows) + 1}" in text


def test_the_report_alone_shows_what_is_published(settings: Settings) -> None:
    (settings.reports / "latest.html").unlink()
    result = run_selection(replace(settings, explorer_url="https://prices.example"), "report")
    assert result.success, reason_of(result)
    text = text_of(settings)
    assert "in the explorer at https://prices.example :" in text
    assert f"from {3 * len(rows_of('corner'))} listings" in text
    assert "The steps of the run up to this report" in text, "of the run that published"
