"""What is run as a whole: the nightly graph, the archive, and the two steps of a reset."""

from dagster import AssetSelection, Config, OpExecutionContext, define_asset_job, job, op
from pydantic import Field

from subs_assets.archive import reset
from subs_assets.database import control
from subs_assets.database.lock import run_lock
from subs_assets.resources import ArchiveStoreResource, WarehouseSettings

nightly = define_asset_job(
    "nightly",
    selection=AssetSelection.all() - AssetSelection.groups("archive"),
    description="The whole graph: catalogues, equivalences, substitutions, publication, exports, report.",
)

archive_job = define_asset_job(
    "archive_tables",
    selection=AssetSelection.groups("archive"),
    description="A JSON snapshot of every table, verified.",
)


class ResetArchiveConfig(Config):
    """Which reset the archive is for."""

    request_id: str = Field(description="As `subs reset request` printed it")


class ResetConfirmConfig(Config):
    """Typing the request's id here is the confirmation."""

    request_id: str = Field(description="As `subs reset request` printed it")
    confirmed_by: str = Field(description="Who confirms; it is written to the audit log")


@op
def archive_for_reset(
    context: OpExecutionContext, config: ResetArchiveConfig, archive_store: ArchiveStoreResource
) -> None:
    """Archive, verify and restore-prove everything for one reset request."""
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


@op
def confirm_and_wipe(
    context: OpExecutionContext,
    config: ResetConfirmConfig,
    warehouse_settings: WarehouseSettings,
    archive_store: ArchiveStoreResource,
) -> None:
    """Wipe the warehouse if the request's archive equals it; refuse otherwise."""
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
        raise RuntimeError(outcome.sentence)
    context.log.info(outcome.sentence)


@job(description="First step of a reset: the archive that it needs. The sensor reset_requests launches it.")
def reset_archive() -> None:
    archive_for_reset()


@job(description="Last step of a reset: type the request's id into the configuration. No schedule reaches it.")
def reset_confirm() -> None:
    confirm_and_wipe()
