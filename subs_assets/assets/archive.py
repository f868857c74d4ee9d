"""Group ``archive``: JSON snapshots of every table that the databases have; on its own schedule, nothing depends on
it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)

from subs_assets.archive.durable import byte_count
from subs_assets.archive.errors import ArchiveLocked
from subs_assets.assets.metadata import preview
from subs_assets.assets.progress import log_tables
from subs_assets.database import control
from subs_assets.resources import ArchiveStoreResource

if TYPE_CHECKING:
    from subs_assets.archive.drills import PastDrill
    from subs_assets.archive.manifest import Manifest
    from subs_assets.archive.store import ArchiveSummary
    from subs_assets.archive.verify import Verification


@asset(
    group_name="archive",
    kinds={"json"},
    check_specs=[
        AssetCheckSpec(
            "verified",
            asset="archive",
            description="Read back from where it lies: hashes, sizes, counts and manifest are right, and so are the "
            "manifests of those before it.",
        ),
        AssetCheckSpec(
            "restorable",
            asset="archive",
            description="Restored into scratch databases once a week, where every table came back equal.",
        ),
    ],
)
def archive(context: AssetExecutionContext, archive_store: ArchiveStoreResource) -> MaterializeResult:
    """Verified JSON snapshots of every table.

    One complete set, control state included, by what the databases have and not by any model. Once a week it is
    restored aside, as a proof that it can be.
    """
    from subs_assets.archive.chain import verify_chain
    from subs_assets.archive.store import read_manifest
    from subs_assets.archive.verify import verify

    place = archive_store.place()
    started = monotonic()
    name = place.create(
        archive_store.databases(),
        note=f"run {context.run.run_id}",
        progress=log_tables(context.log, "archived"),
    )
    seconds = monotonic() - started
    with place.fetched(name) as folder:
        manifest, verification = read_manifest(folder), verify(folder)
        chain = verify_chain(place)
        restorable, last = _drill_if_due(archive_store, folder, context)
    return MaterializeResult(
        metadata={
            "Made": MetadataValue.timestamp(datetime.fromisoformat(manifest.created)),
            "Last drill": "none yet" if last is None else last.sentence,
            "Folder": MetadataValue.path(place.location(name)),
            "Seconds": round(seconds, 1),
            **_metadata(manifest, place.summaries()),
        },
        check_results=[_verified(verification, manifest, chain), restorable],
    )


def _drill_if_due(
    archive_store: ArchiveStoreResource, folder: Path, context: AssetExecutionContext
) -> "tuple[AssetCheckResult, PastDrill | None]":
    from subs_assets.archive.drills import DRILL_EVERY, drill_and_record, is_due, last_drill

    engine = control.open_control(archive_store.control_url)
    try:
        locked = None
        if is_due(last_drill(engine)):
            try:
                drill_and_record(engine, folder, archive_store.databases(), log_tables(context.log, "restored"))
            except ArchiveLocked as problem:
                locked = str(problem)
        last = last_drill(engine)
    finally:
        engine.dispose()
    passed = last is not None and last.problems is None and locked is None
    return AssetCheckResult(
        check_name="restorable",
        passed=passed,
        severity=AssetCheckSeverity.ERROR if locked is None else AssetCheckSeverity.WARN,
        description=locked or (last.sentence if last else "never drilled"),
        metadata={
            "Next drill": "at the next archive"
            if last is None or last.problems
            else MetadataValue.timestamp(last.drilled_at + DRILL_EVERY)
        },
    ), last


def _metadata(manifest: "Manifest", all_of_them: "Sequence[ArchiveSummary]") -> dict[str, Any]:
    tables = pd.DataFrame(
        [(table.database, table.name, table.rows, table.compressed_bytes) for table in manifest.tables],
        columns=["database", "table", "rows", "bytes"],
    )
    archives = pd.DataFrame(
        [(one.name, one.created, one.rows, one.bytes, one.complete, one.problem) for one in all_of_them],
        columns=["archive", "created", "rows", "bytes", "complete", "problem"],
    )
    size = int(tables["bytes"].sum())
    return {
        "Size": byte_count(size),
        "Compressed bytes": size,
        "Tables": len(tables),
        "Rows": int(tables["rows"].sum()),
        "Complete": manifest.complete,
        "Not represented": "\n\n".join(manifest.not_represented) or "nothing",
        "Bytes of all archives": int(archives["bytes"].sum()),
        "Archives": preview(archives, rows=50),
        "By table": preview(tables, rows=200),
    }


def _verified(verification: "Verification", manifest: "Manifest", chain: Sequence[str]) -> AssetCheckResult:
    return AssetCheckResult(
        check_name="verified",
        passed=verification.ok and manifest.complete and not chain,
        description="; ".join((*verification.problems, *manifest.not_represented, *chain))
        or f"{verification.tables} tables, {verification.rows:,} rows read back",
    )
