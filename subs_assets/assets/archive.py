"""Group ``archive``: JSON snapshots of every table that the databases have; on its own schedule, nothing depends on
it."""

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)

from subs_assets.archive.store import read_manifest
from subs_assets.archive.verify import verify
from subs_assets.assets.metadata import preview
from subs_assets.resources import ArchiveStoreResource


@asset(
    group_name="archive",
    kinds={"json"},
    check_specs=[
        AssetCheckSpec(
            "verified",
            asset="archive",
            description="Read back from the disk: hashes, sizes, counts and manifest are right.",
        )
    ],
)
def archive(context: AssetExecutionContext, archive_store: ArchiveStoreResource) -> MaterializeResult:
    """Verified JSON snapshots of every table.

    One complete set, control state included, by what the databases have and not by any model.
    """
    place = archive_store.place()
    name = place.create(archive_store.databases(), note=f"run {context.run.run_id}")
    with place.fetched(name) as folder:
        manifest, verification = read_manifest(folder), verify(folder)
    tables = pd.DataFrame(
        [(table.database, table.name, table.rows, table.compressed_bytes) for table in manifest.tables],
        columns=["database", "table", "rows", "bytes"],
    )
    return MaterializeResult(
        metadata={
            "Rows": int(tables["rows"].sum()),
            "Compressed bytes": int(tables["bytes"].sum()),
            "Complete": manifest.complete,
            "Not represented": "\n\n".join(manifest.not_represented) or "nothing",
            "Folder": MetadataValue.path(place.location(name)),
            "Tables": preview(tables, rows=200),
        },
        check_results=[
            AssetCheckResult(
                check_name="verified",
                passed=verification.ok and manifest.complete,
                description="; ".join((*verification.problems, *manifest.not_represented))
                or f"{verification.tables} tables, {verification.rows:,} rows read back",
            )
        ],
    )
