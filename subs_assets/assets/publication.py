"""Group ``publication``: what readers see is swapped in here, in one transaction, and written out for others."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from subs_assets.assets.metadata import preview
from subs_assets.database import control
from subs_assets.report.exports import named_substitutions, readable_equivalences, write_export
from subs_assets.resources import ExportFolder, WarehouseResource

GROUP = "publication"


def publication_asset(tables: list[str]) -> AssetsDefinition:
    """``publication`` after every asset that stages a table, and after the blocking checks on them."""

    @asset(group_name=GROUP, kinds={"sql"}, deps=tables)
    def publication(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult:
        """Swaps all tables that this run staged into the database in one transaction: readers see the old night or
        the new one."""
        run = context.run
        counts = warehouse.warehouse.publish(run.run_id)
        stats = context.instance.get_run_stats(run.run_id)
        started = stats.start_time or datetime.now(UTC).timestamp()
        engine = control.open_control(warehouse.control_url)
        try:
            control.record_run(engine, run.run_id, counts, datetime.now(UTC).timestamp() - started)
        finally:
            engine.dispose()
        missing = sorted(set(tables) - set(counts))
        if missing:
            context.log.warning(f"not staged by this run, and so left as they were: {', '.join(missing)}")
        table_counts = pd.DataFrame({"table": list(counts), "rows": list(counts.values())})
        return MaterializeResult(
            metadata={"tables": preview(table_counts), "rows": sum(counts.values()), "counts": json.dumps(counts)}
        )

    return publication


@asset(group_name=GROUP, kinds={"parquet", "csv"}, deps=["publication"])
def exports(
    category_equivalences: pd.DataFrame,
    substitutions: pd.DataFrame,
    products: pd.DataFrame,
    export_folder: ExportFolder,
) -> MaterializeResult:
    """Equivalences and substitutions as Parquet and as CSV that is safe to open in a spreadsheet."""
    folder = Path(export_folder.folder)
    files = [
        *write_export("category_equivalences", readable_equivalences(category_equivalences), folder),
        *write_export("substitutions", named_substitutions(substitutions, products), folder),
    ]
    sizes = pd.DataFrame({"file": [str(file) for file in files], "bytes": [file.stat().st_size for file in files]})
    return MaterializeResult(metadata={"folder": MetadataValue.path(str(folder)), "files": preview(sizes)})
