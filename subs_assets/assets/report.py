"""Group ``publication``: the report of the night, one HTML file; its sections are made in report/."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    DagsterInstance,
    MaterializeResult,
    MetadataValue,
    asset,
)
from sqlalchemy import Engine

from subs_assets.database import runs
from subs_assets.report.files import LATEST, write_report
from subs_assets.report.night import Check, Night, Run, Step
from subs_assets.report.over_nights import MOST_NIGHTS
from subs_assets.resources import ReportFolder, WarehouseResource
from subs_assets.run_record import ended_run


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

        with warehouse.control() as engine:
            facts = facts_of_the_run(context.instance, engine, context.run.run_id, report_folder.timezone)
        night = Night(
            catalogue_files, set_aside_rows, listings, products, product_listings, product_claims, categories,
            category_facets, listing_shelves, category_equivalences, category_absences, substitutions,
            substitution_outcomes, substitution_rates, evaluation, company_names,
            facts,
        )  # fmt: skip
        page = render_report(night, explorer_url=report_folder.explorer_url)
        path = write_report(page, Path(report_folder.folder), datetime.now(UTC))
        return MaterializeResult(
            metadata={
                "Open": MetadataValue.url(path.with_name(LATEST).as_uri()),
                "Page of this run": MetadataValue.path(str(path)),
                "Bytes": path.stat().st_size,
                "Pairs of companies": len(night.companies) ** 2,
            }
        )

    return report


def facts_of_the_run(instance: DagsterInstance, engine: Engine, this_run: str, timezone: str) -> Run:
    """Steps and checks of the run that published last, which in a whole run is this one: it goes on, so that only
    Dagster knows them yet."""
    so_far = ended_run(instance, this_run)
    recorded = runs.read_recorded(engine, MOST_NIGHTS).with_details(this_run, so_far)
    published = recorded.published
    run_id = str(published["run_id"].iloc[0]) if len(published) else this_run
    steps, checks = (frame[frame["run_id"] == run_id] for frame in (recorded.steps, recorded.checks))
    return Run(
        run_id,
        tuple(Step(row.step, row.seconds) for row in steps.dropna(subset=["seconds"]).itertuples(index=False)),
        tuple(Check(row.asset, row.check_name, row.passed, row.said or "") for row in checks.itertuples(index=False)),
        recorded,
        timezone,
    )
