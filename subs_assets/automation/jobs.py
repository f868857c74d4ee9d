"""What is run as a whole: the nightly graph, the word that lets a night pass, the archive, its pruning, and the two
steps of a reset."""

from typing import Annotated

import pandas as pd
from dagster import AssetSelection, Config, DagsterRun, Failure, OpExecutionContext, define_asset_job, job, op
from pydantic import AfterValidator, Field

from subs_assets.archive.retention import Retention
from subs_assets.assets.metadata import preview
from subs_assets.database import control, nights
from subs_assets.database.lock import run_lock
from subs_assets.resources import ArchiveStoreResource, WarehouseSettings

STARTED_BY_ITSELF = (
    "dagster/schedule_name", "dagster/sensor_name", "dagster/backfill", "dagster/from_automation_condition",
    "dagster/auto_materialize",
)  # fmt: skip
"""Tags that Dagster gives to runs that no person launched."""

nightly = define_asset_job(
    "nightly",
    selection=AssetSelection.all() - AssetSelection.groups("archive"),
    description="The whole graph: catalogues, equivalences, substitutions, publication, exports, report.",
)

archive_job = define_asset_job(
    "archive_tables",
    selection=AssetSelection.groups("archive"),
    description="A JSON snapshot of every table, verified; once a week also restored aside and compared.",
)


class PruneConfig(Config):
    """Of how many days, weeks and months that have an archive the newest one stays."""

    daily: int = Field(default=Retention().daily, ge=0, description="Days")
    weekly: int = Field(default=Retention().weekly, ge=0, description="Weeks")
    monthly: int = Field(default=Retention().monthly, ge=0, description="Months")


def _typed(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty: type it into the configuration, it is left to a person")
    return value


Typed = Annotated[str, AfterValidator(_typed)]


class ResetArchiveConfig(Config):
    """Which reset the archive is for."""

    request_id: Typed = Field(description="As `subs reset request` printed it")


class ResetConfirmConfig(Config):
    """Typing the request's id here is the confirmation."""

    request_id: Typed = Field(description="As `subs reset request` printed it")
    confirmed_by: Typed = Field(description="Who confirms; it is written to the audit log")


class LetPassConfig(Config):
    """Why the next night may pass."""

    reason: str = Field(description="Why the figures fell, and why they may; it is written to the audit log")
    asked_by: str = Field(description="Who lets it pass; it is written to the audit log")


@op
def allow_next_night(context: OpExecutionContext, config: LetPassConfig, archive_store: ArchiveStoreResource) -> None:
    """Keep the pass that the next published night uses up."""
    engine = control.open_control(archive_store.control_url)
    try:
        nights.let_pass(engine, config.asked_by, config.reason)
    finally:
        engine.dispose()
    context.log.info("the next night is published whatever its precision and its rates are held against")


@op
def prune_superseded(context: OpExecutionContext, config: PruneConfig, archive_store: ArchiveStoreResource) -> None:
    """Remove the archives that a newer verified one stands for; the two newest verified ones always stay."""
    from subs_assets.archive.databases import sources_of
    from subs_assets.archive.prune import archives_in_use, prune

    engine = control.open_control(archive_store.control_url)
    try:
        needed = archives_in_use(engine)
    finally:
        engine.dispose()
    place = archive_store.place()
    sources = sources_of(archive_store.databases())
    judgements = prune(place, sources, Retention(config.daily, config.weekly, config.monthly), needed)
    for one in judgements:
        context.log.info(f"{one.archive.name} {'stays' if one.stays else 'was removed'}: {one.reason}")
    table = pd.DataFrame(
        [(one.archive.name, "stays" if one.stays else "removed", one.reason) for one in judgements],
        columns=["archive", "verdict", "reason"],
    )
    context.add_output_metadata(
        {"Removed": int((table["verdict"] == "removed").sum()), "In": place.location(), "Archives": preview(table)}
    )


@op
def archive_for_reset(
    context: OpExecutionContext, config: ResetArchiveConfig, archive_store: ArchiveStoreResource
) -> None:
    """Archive, verify and restore-prove everything for one reset request."""
    from subs_assets.archive import reset

    engine = control.open_control(archive_store.control_url)
    try:
        place = archive_store.place()
        name = reset.archive_request(engine, config.request_id, archive_store.databases(), place)
    finally:
        engine.dispose()
    context.log.info(
        f"reset {config.request_id} is archived in {place.location(name)}; "
        f"confirm it with `subs reset confirm {config.request_id}`"
    )


def unattended(run: DagsterRun) -> str | None:
    """What started a run again, or by itself; None where somebody launched it.

    A retry (of the instance, or by the tag dagster/max_retries) has the configuration that a person typed for an
    earlier run: what they confirmed then could be wiped hours later, when they have gone.
    """
    if run.parent_run_id is not None:
        return f"it repeats the run {run.parent_run_id}"
    started_by = next((tag for tag in STARTED_BY_ITSELF if tag in run.tags), None)
    return None if started_by is None else f"{started_by} {run.tags[started_by]} started it"


@op
def confirm_and_wipe(
    context: OpExecutionContext,
    config: ResetConfirmConfig,
    warehouse_settings: WarehouseSettings,
    archive_store: ArchiveStoreResource,
) -> None:
    """Wipe the warehouse if the request's archive equals it; refuse otherwise."""
    from subs_assets.archive import reset

    if reason := unattended(context.run):
        raise Failure(
            f"this run wipes nothing, for {reason}: launch reset_confirm anew, with the id typed by a person",
            allow_retries=False,
        )
    engine = control.open_control(archive_store.control_url)
    try:
        name = f"reset {config.request_id}"
        with run_lock(warehouse_settings.lock_folder, archive_store.database_url, name):
            outcome = reset.confirm(
                engine, config.request_id, config.confirmed_by, archive_store.database_url, archive_store.place()
            )
    finally:
        engine.dispose()
    if outcome.state != "wiped":
        raise Failure(outcome.sentence, allow_retries=False)
    ways_back = reset.ways_back(archive_store.place().location(outcome.archive), archive_store.database_url)
    for sentence in (outcome.sentence, *ways_back):
        context.log.info(sentence)


@job(description="Removes archives that newer verified ones stand for; 7 days, 5 weeks and 12 months stay by default.")
def prune_archives() -> None:
    prune_superseded()


@job(
    description="The next night is published though its rates or its precision fell: type the reason into the "
    "configuration, then run or re-execute nightly. Traps are never let pass."
)
def let_night_pass() -> None:
    allow_next_night()


@job(description="First step of a reset: the archive that it needs. The sensor reset_requests launches it.")
def reset_archive() -> None:
    archive_for_reset()


@job(description="Last step of a reset: type the request's id into the configuration. No schedule reaches it.")
def reset_confirm() -> None:
    confirm_and_wipe()
