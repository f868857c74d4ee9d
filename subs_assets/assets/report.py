"""Group ``publication``: the report of the night, one HTML file; its sections are made in report/."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    DagsterEventType,
    DagsterInstance,
    MaterializeResult,
    MetadataValue,
    asset,
)

from subs_assets.database import control, runs
from subs_assets.report.files import LATEST, write_report
from subs_assets.report.night import Check, Night, Run, Step
from subs_assets.resources import ReportFolder, WarehouseResource

RUNS_SHOWN = 14


def report_asset(company_names: Mapping[str, str]) -> AssetsDefinition:
    """``report`` after ``publication``; ``company_names``: slug -> name from each source.yaml."""

    @asset(group_name="publication", kinds={"report"}, deps=["publication"])
    def report(
        context: AssetExecutionContext,
        catalogue_files: pd.DataFrame,
        set_aside_rows: pd.DataFrame,
        listings: pd.DataFrame,
        products: pd.DataFrame,
        product_listings: pd.DataFrame,
        product_claims: pd.DataFrame,
        categories: pd.DataFrame,
        category_facets: pd.DataFrame,
        listing_shelves: pd.DataFrame,
        category_equivalences: pd.DataFrame,
        category_absences: pd.DataFrame,
        substitutions: pd.DataFrame,
        substitution_outcomes: pd.DataFrame,
        substitution_rates: pd.DataFrame,
        evaluation: pd.DataFrame,
        warehouse: WarehouseResource,
        report_folder: ReportFolder,
    ) -> MaterializeResult:
        """The night as one HTML page that opens from the disk.

        What it did and what went wrong, rates, how good what is shown is, departments, where products are lost, samples
        and equivalences of every pair of companies, rows set aside, timings.
        """
        from subs_assets.report.page import render_report

        engine = control.open_control(warehouse.control_url)
        try:
            history = runs.read_runs(engine, RUNS_SHOWN)
        finally:
            engine.dispose()
        night = Night(
            catalogue_files, set_aside_rows, listings, products, product_listings, product_claims, categories,
            category_facets, listing_shelves, category_equivalences, category_absences, substitutions,
            substitution_outcomes, substitution_rates, evaluation, company_names,
            facts_of_the_run(context.instance, history, context.run.run_id),
        )  # fmt: skip
        path = write_report(render_report(night), Path(report_folder.folder), datetime.now(UTC))
        return MaterializeResult(
            metadata={
                "Open": MetadataValue.url(path.with_name(LATEST).as_uri()),
                "Page of this run": MetadataValue.path(str(path)),
                "Bytes": path.stat().st_size,
                "Pairs of companies": len(night.companies) ** 2,
            }
        )

    return report


def facts_of_the_run(instance: DagsterInstance, history: pd.DataFrame, this_run: str) -> Run:
    """Steps and checks of the run that published last, which in a whole run is this one, as far as Dagster knows it."""
    run_id = str(history["run_id"].iloc[0]) if len(history) else this_run
    run = instance.get_run_stats(run_id) if instance.has_run(run_id) else None
    if run is None:
        return Run(run_id, None, (), (), history)
    ended = [
        (step.end_time, Step(step.step_key, step.end_time - step.start_time))
        for step in instance.get_run_step_stats(run_id)
        if step.start_time and step.end_time
    ]
    steps = [step for _, step in sorted(ended, key=lambda timed: timed[0])]
    evaluations = [
        entry.get_dagster_event().asset_check_evaluation_data
        for entry in instance.all_logs(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    checks = [
        Check(found.asset_key.to_user_string(), found.check_name, found.passed, found.description or "")
        for found in evaluations
    ]
    started = datetime.fromtimestamp(run.start_time, UTC) if run.start_time else None
    return Run(run_id, started, tuple(steps), tuple(checks), history)
