"""Checks on what every night stands on: the database and the archives. They are asked after publication, and so every
night, whether archives are made or not."""

from datetime import UTC, datetime

from dagster import AssetCheckResult, asset_check

from subs_assets.checks.results import as_result
from subs_assets.finding import Finding, Gravity, Verdict
from subs_assets.resources import ArchivesResource, WarehouseResource


@asset_check(asset="publication", description="The databases have the tables that this program needs, and no others.")
def database_is_at_head(warehouse: WarehouseResource) -> AssetCheckResult:
    from subs_assets.database.check import notes, problems
    from subs_assets.database.control_drift import control_problems

    found = [
        *(problem.sentence for problem in problems(warehouse.database_url)),
        *(problem.sentence for problem in control_problems(warehouse.control_url)),
    ]
    added = notes(warehouse.database_url)
    return as_result(
        Verdict(
            "; ".join(["the databases are at head", *added]),
            [Finding(Gravity.ERROR, f"{sentence}; the next run refuses to write") for sentence in found],
            {"Problems": len(found), "Added by somebody": len(added)},
        )
    )


@asset_check(asset="publication", description="The newest complete archive is of today, and the last drill passed.")
def archive_is_young(warehouse: WarehouseResource, archives: ArchivesResource) -> AssetCheckResult:
    from subs_assets.archive.databases import sources_of
    from subs_assets.archive.drills import last_drill
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.recency import archive_is_recent
    from subs_assets.database.runs import first_published

    with warehouse.control() as engine:
        drill, published = last_drill(engine), first_published(engine)
    sources = sources_of({"warehouse": warehouse.database_url, "control": warehouse.control_url})
    try:
        place = archives.place()
        summaries = place.summaries()
    except ArchiveError as problem:
        sentence = f"the archives cannot be looked at, so nobody knows how old they are: {problem}"
        return as_result(Verdict("", [Finding(Gravity.WARNING, sentence)]))
    first = None if published is None else datetime.fromisoformat(published)
    return as_result(archive_is_recent(summaries, sources, first, drill, place.location(), datetime.now(UTC)))
