"""Made-up nights published into a real database, so that what reads published tables can be asked about them."""

from dataclasses import fields
from pathlib import Path

import pandas as pd

from subs_assets.database import control, migrate, runs, tables
from subs_assets.database.engine import open_engine
from subs_assets.database.warehouse import Warehouse
from subs_assets.report.night import Night
from subs_assets.settings import Settings


def publish(settings: Settings, night: Night, run_id: str = "night-1") -> None:
    """Swap the night's tables in, in one transaction, as a run does."""
    engine = open_engine(settings.database_url)
    warehouse = Warehouse(engine, settings.staging)
    for field in fields(night):
        if field.name in tables.metadata.tables:
            warehouse.stage(run_id, field.name, getattr(night, field.name))
    warehouse.publish(run_id)
    warehouse.sweep(keep=())
    engine.dispose()


def published_home(folder: Path, night: Night, database_url: str = "") -> Settings:
    """A home whose database, its own or another that is empty, holds this night, and a record of its run."""
    settings = Settings.from_environment(
        {"SUBS_HOME": str(folder / "home"), "SUBS_CATALOGUES": str(folder), "SUBS_DATABASE_URL": database_url}
    )
    migrate.upgrade(settings.database_url)
    publish(settings, night)
    engine = control.open_control(settings.control_url)
    runs.record_published(engine, "night-1", {"products": len(night.products)}, 71.5)
    engine.dispose()
    return settings


def a_substitution(night: Night, company_slug: str) -> pd.Series:
    """The first that is sold at this company."""
    rows = night.substitutions
    return rows[rows["company_slug"] == company_slug].iloc[0]
