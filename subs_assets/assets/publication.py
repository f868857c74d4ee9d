"""Group ``publication``: what readers see is swapped in here, in one transaction, and written out for others."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from subs_assets.assets.metadata import preview
from subs_assets.database import nights, runs
from subs_assets.evaluation.night_comparison import measured_figures
from subs_assets.report.exports import named_substitutions, readable_equivalences, write_export
from subs_assets.resources import ExportFolder, WarehouseResource

GROUP = "publication"


def publication_asset(tables: list[str], made_from: Mapping[str, Collection[str]]) -> AssetsDefinition:
    """``publication`` after every asset that stages a table, and after the blocking checks on them.

    ``made_from``: what each asset is made from directly, by name.
    """

    @asset(group_name=GROUP, kinds={"sql"}, deps=tables)
    def publication(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult:
        """Swaps tonight's tables in, all or nothing.

        All tables that the run staged, in one transaction: a reader sees the old night or the new one. What the night
        measured of itself is kept: the next ones are held against it.
        """
        run = context.run
        staged = warehouse.warehouse.staged(warehouse.staging_id)
        outdated = outdated_tables(staged, tables, made_from)
        if outdated:
            raise RuntimeError(
                f"nothing was published: this run staged {', '.join(staged)}, but not what is made from them: "
                f"{', '.join(outdated)}; select these too, or everything"
            )
        counts = warehouse.publish()
        started = context.instance.get_run_stats(run.run_id).start_time or datetime.now(UTC).timestamp()
        seconds = datetime.now(UTC).timestamp() - started
        with warehouse.control() as engine:
            runs.record_published(engine, run.run_id, counts, seconds)
            if "evaluation" in counts:
                nights.record_night(engine, run.run_id, measured_figures(warehouse.warehouse.read("evaluation")))
        table_counts = pd.DataFrame({"table": list(counts), "rows": list(counts.values())})
        return MaterializeResult(
            metadata={
                "Rows": sum(counts.values()),
                "Seconds since the run began": round(seconds, 1),
                "Tables": preview(table_counts),
            }
        )

    return publication


def outdated_tables(
    staged: Collection[str], tables: Collection[str], made_from: Mapping[str, Collection[str]]
) -> list[str]:
    """The tables that were not staged, though something that they are made from was, directly or through others."""

    def rests_on_staged(name: str, seen: frozenset[str] = frozenset()) -> bool:
        return any(
            source in staged or (source not in seen and rests_on_staged(source, seen | {source}))
            for source in made_from.get(name, ())
        )

    return sorted(table for table in tables if table not in staged and rests_on_staged(table))


@asset(group_name=GROUP, kinds={"parquet", "csv"}, deps=["publication"])
def exports(
    category_equivalences: pd.DataFrame,
    substitutions: pd.DataFrame,
    products: pd.DataFrame,
    export_folder: ExportFolder,
) -> MaterializeResult:
    """Equivalences and substitutions as Parquet and CSV.

    The CSV is safe to open in a spreadsheet: no cell starts a formula.
    """
    folder = Path(export_folder.folder)
    files = [
        *write_export("category_equivalences", readable_equivalences(category_equivalences), folder),
        *write_export("substitutions", named_substitutions(substitutions, products), folder),
    ]
    sizes = pd.DataFrame({"file": [file.name for file in files], "bytes": [file.stat().st_size for file in files]})
    return MaterializeResult(metadata={"Folder": MetadataValue.path(str(folder)), "Files": preview(sizes)})
