"""Three small made-up shops, and runs of the whole graph on them in this process; they show behaviour, no quality."""

import json
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dagster import (
    AssetSelection,
    DagsterInstance,
    ExecuteInProcessResult,
    JobDefinition,
    define_asset_job,
    reconstructable,
)
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from subs_assets.database import control, migrate
from subs_assets.database.engine import open_engine
from subs_assets.database.warehouse import Warehouse
from subs_assets.definitions import build_defs
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.resources import ComputeResource, EncoderResource
from subs_assets.settings import Settings
from subs_assets_tests import plain_sql
from subs_assets_tests.hashing_encoder import HashingEncoder

GOODS: dict[str, tuple[tuple[str, str, float], ...]] = {
    "Milk": (
        ("Full Cream Milk", "1L", 2.1),
        ("Full Cream Milk", "2L", 3.9),
        ("Lite Milk", "1L", 2.2),
        ("Oat Milk", "1L", 2.0),
    ),
    "Bread": (("White Sandwich Bread", "700g", 3.0), ("Wholemeal Bread", "700g", 3.4), ("Rye Bread", "500g", 4.5)),
    "Pasta": (("Spaghetti Pasta", "500g", 1.1), ("Penne Pasta", "500g", 1.2), ("Fusilli Pasta", "500g", 1.2)),
    "Cheese": (
        ("Tasty Cheddar Cheese", "500g", 7.0),
        ("Tasty Cheddar Cheese", "1kg", 12.0),
        ("Mozzarella", "500g", 6.5),
    ),
    "Dog Food": (("Beef Dog Food", "700g", 1.6), ("Chicken Dog Food", "700g", 1.6), ("Lamb Dog Food", "1.2kg", 3.1)),
}

SHELVES: dict[str, dict[str, list[str]]] = {
    "corner": {kind: ["Food", kind] for kind in GOODS},
    "depot": {kind: ["Everything", "Aisle", f"{kind} & More"] for kind in GOODS},
    "market": {kind: [f"{kind} Shelf"] for kind in GOODS},
}

OWN_BRANDS = {"corner": "CORNERWAY", "depot": "Depot Select", "market": "Marketfield"}
LAST = "Lamb Dog Food"
COMMON_SKU = "777"
"""Every shop uses this sku, for its own brand of the last of the goods: alone it names no product."""

NATIONAL_BRAND = "Harvest Lane"
NATIONAL_GTINS = ("9521101531008", "9521101531015", "9521101531022", "9521101531039")

SOURCE = """\
company:
  name: {name}
currency: AUD
files: ["*.jsonl"]
format: jsonl
fields:
  sku: id
  name: name
  brand: brand
  barcode: {{column: barcode, optional: true}}
  size: size
  price: price
  categories:
    - list: shelf
"""


LAUNCHED_BY_DAGSTER = RemoteJobOrigin(
    RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("subs_assets"), "__repository__"), "nightly"
)
"""What a run has that was launched in the UI, by a schedule or by a sensor."""


class HashingEncoderResource(EncoderResource):
    """The resource over the small encoder; the vector store is the real one."""

    model: str = "hashing"

    def store(self) -> VectorStore:
        if self._store is None:
            self._store = VectorStore(Path(self.vectors), HashingEncoder(), self.compute.elsewhere())
        return self._store


def rows_of(slug: str) -> list[dict[str, Any]]:
    """A shop's rows: its own brand of everything, and a national brand with a barcode of the first on each shelf."""
    rows: list[dict[str, Any]] = []
    for kind, goods in GOODS.items():
        for name, size, price in goods:
            rows.append(
                {
                    "id": COMMON_SKU if name == LAST else f"{slug[0]}{len(rows) + 1:03d}",
                    "name": f"{name} {size}",
                    "brand": OWN_BRANDS[slug],
                    "size": size,
                    "price": price,
                    "shelf": SHELVES[slug][kind],
                }
            )
    for (kind, goods), gtin in zip(GOODS.items(), NATIONAL_GTINS, strict=False):
        name, size, price = goods[0]
        rows.append(
            {
                "id": f"{slug[0]}{len(rows) + 1:03d}",
                "name": f"{NATIONAL_BRAND} {name} {size}",
                "brand": NATIONAL_BRAND,
                "barcode": gtin,
                "size": size,
                "price": price + 1,
                "shelf": SHELVES[slug][kind],
            }
        )
    return rows


def write_shop(
    catalogues: Path, slug: str, rows: list[dict[str, Any]] | None = None, source: str | None = None
) -> Path:
    """``<catalogues>/<slug>/`` with its source.yaml and its one file, which is returned."""
    folder = catalogues / slug
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.yaml").write_text(source or SOURCE.format(name=slug.title()), encoding="utf-8")
    file = folder / "today.jsonl"
    lines = [json.dumps(row) + "\n" for row in (rows_of(slug) if rows is None else rows)]
    file.write_text("".join(lines), encoding="utf-8", newline="\n")
    return file


def settings_of(folder: Path, database_url: str = "") -> Settings:
    """Catalogues and home both within one folder, as the environment would name them; and the database, if it is not
    the home's own."""
    return Settings.from_environment(
        {
            "SUBS_HOME": str(folder / "home"),
            "SUBS_CATALOGUES": str(folder / "catalogues"),
            "SUBS_DATABASE_URL": database_url,
        }
    )


def small_definitions(settings: Settings, **overrides: Any) -> Any:
    """The definitions of these catalogues with the small encoder."""
    compute = ComputeResource(scheduler=settings.scheduler, shared=settings.shared)
    encoder = HashingEncoderResource(vectors=str(settings.vectors), compute=compute)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build_defs(settings, {"encoder": encoder, **overrides})


def run_graph(
    settings: Settings, job: str = "nightly", run_config: Mapping[str, Any] | None = None, **overrides: Any
) -> ExecuteInProcessResult:
    """Run a job in this process; a failure is in the result and does not raise."""
    definitions = small_definitions(settings, **overrides).resolve_job_def(job)
    with DagsterInstance.ephemeral() as instance:
        return definitions.execute_in_process(instance=instance, run_config=run_config, raise_on_error=False)


def nightly_of_the_environment() -> JobDefinition:
    """The nightly job of ``SUBS_HOME`` and ``SUBS_CATALOGUES``; Dagster makes it anew to continue a run."""
    return small_definitions(Settings.from_environment()).resolve_job_def("nightly")


def made_anew(job: Callable[[], JobDefinition]) -> ReconstructableJob:
    """A job that Dagster can make again in another process, of the environment as it is now: by itself Dagster keeps
    the one that it made last, of whatever environment."""
    for kept in (ReconstructableJob.get_definition, ReconstructableJob.get_repository_definition):
        kept.cache_clear()  # type: ignore[attr-defined]
    return reconstructable(job)


def run_selection(settings: Settings, selection: str, **overrides: Any) -> ExecuteInProcessResult:
    """Materialise what a selection names, as ``dagster asset materialize --select`` does."""
    definitions = small_definitions(settings, **overrides)
    chosen = define_asset_job("chosen", AssetSelection.from_string(selection)).resolve(
        asset_graph=definitions.get_repository_def().asset_graph
    )
    with DagsterInstance.ephemeral() as instance:
        return chosen.execute_in_process(
            instance=instance,
            resources=definitions.get_repository_def().get_top_level_resources(),
            raise_on_error=False,
        )


def checks_of(result: ExecuteInProcessResult) -> dict[str, tuple[bool, str]]:
    """``catalogue/corner:delivered`` -> whether it passed, and what it says."""
    return {
        f"{check.asset_key.to_user_string()}:{check.check_name}": (check.passed, check.description or "")
        for check in result.get_asset_check_evaluations()
    }


def reason_of(result: ExecuteInProcessResult) -> str:
    """The innermost errors of all failed steps, or of the run."""
    reasons = []
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            reasons.append(error.message)
            error = error.cause
    return "\n".join(reasons)


def copy_of(folder: Path, to: Path, database_url: str = "") -> Settings:
    """A copy of catalogues and home, to be changed by one test."""
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return settings_of(to, database_url)


def publish_again(folder: Path, database_url: str) -> None:
    """Publish what the one run in this folder's home has staged into another, empty database."""
    settings = settings_of(folder, database_url)
    migrate.upgrade(database_url)
    control.open_control(settings.control_url).dispose()
    engine = open_engine(database_url)
    (run,) = settings.staging.iterdir()
    Warehouse(engine, settings.staging).publish(run.name)
    engine.dispose()


def rows_in(database_url: str, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """What is in a database by the plain driver, in the order of the rows' text: all tables, or those named."""
    names = tables or plain_sql.table_names(database_url)
    return {name: sorted(plain_sql.select(database_url, f'SELECT * FROM "{name}"'), key=repr) for name in names}


def value_of(database_url: str, statement: str) -> Any:
    """The first value that a statement finds, by the plain driver."""
    return plain_sql.select(database_url, statement)[0][0]
