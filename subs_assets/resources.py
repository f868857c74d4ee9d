"""What the assets work with, as Dagster resources: thin over the plain objects of the domain packages."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from dagster import ConfigurableResource, DagsterRun, InitResourceContext
from pydantic import Field, PrivateAttr
from sqlalchemy import Connection, Engine

from subs_assets.catalogue.companies import missing_catalogues
from subs_assets.catalogue.company import CompanyCatalogue
from subs_assets.catalogue.last_night import LastNight
from subs_assets.compute.local import LOCAL, Compute
from subs_assets.database import control, kept_decisions
from subs_assets.database.engine import describe, open_engine, parse_url, place_of
from subs_assets.database.lock import run_lock
from subs_assets.database.warehouse import Warehouse
from subs_assets.disk import naming_full_disk
from subs_assets.embedding import matrices
from subs_assets.embedding.fast_encoder import open_store
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.explorer.addresses import URL as EXPLORER_URL
from subs_assets.known_texts import KnownTexts
from subs_assets.made_from import Outputs
from subs_assets.model import trained
from subs_assets.run_record import record_end, recorded, recorded_if_refused
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.archive.places import ArchivePlace
    from subs_assets.compute.dask import Dask


class Databases(ConfigurableResource):
    """Where the warehouse and the control state are."""

    database: str = Field(description="Where the warehouse is, without the password")
    control_state: str = Field(description="Where the control state is, without the password")

    @property
    def database_url(self) -> str:
        return connecting_url(self.database)

    @property
    def control_url(self) -> str:
        return connecting_url(self.control_state)


class WarehouseResource(Databases):
    """The database that a run stages for and publishes to; the run that uses it holds the run lock until it ends."""

    home: str = Field(description="SUBS_HOME: staging and the run lock lie here")
    lock_wait_seconds: float = Field(
        default=900, description="How long a run waits for another one that writes to the same warehouse"
    )
    catalogues: list[str] = Field(default=[], description="The folders that the companies' folders lie in")
    data_set: str = Field(default="", description="What this warehouse is for; another data set is refused")
    _warehouse: Warehouse | None = PrivateAttr(default=None)
    _lock: Connection | None = PrivateAttr(default=None)
    _staging_id: str = PrivateAttr(default="")
    _outputs: Outputs | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator["WarehouseResource"]:
        from subs_assets.database.check import (
            prepare,
        )  # it loads Alembic, which no one needs who only looks at the graph

        run = context.run
        self._staging_id = staging_id(run) if run else "no run"
        warn = context.log.warning if context.log else print
        name = f"run {run.run_id if run else ''}"
        with recorded_if_refused(context, self.control_url):
            if self.catalogues and (missing := missing_catalogues(map(Path, self.catalogues))):
                raise RuntimeError(missing)
            with run_lock(Path(self.home), self.database_url, name, self.lock_wait_seconds, warn) as lock:
                self._lock = lock
                prepare(self.database_url)
                with recorded(context, self.control_url):
                    engine = open_engine(self.database_url)
                    try:
                        self._open(engine, run)
                        yield self
                    finally:
                        engine.dispose()

    def _open(self, engine: Engine, run: DagsterRun | None) -> None:
        """What the run works with, swept of what earlier ones left. Raises RuntimeError where it must not begin."""
        staging = Path(self.home) / "staging"
        if run and run.parent_run_id and run.step_keys_to_execute and not (staging / self._staging_id).exists():
            raise RuntimeError(
                f"run {run.parent_run_id} cannot be continued: what it staged was swept by a later run; "
                "start a new run of everything"
            )
        self._warehouse = Warehouse(engine, staging)
        if self.data_set:
            self._refuse_other_data_set()
        self._outputs = Outputs(staging, self.matrices, self._staging_id)
        self._outputs.withdraw()
        self._warehouse.sweep({name for name in (self._staging_id, self._outputs.last_run_id) if name})

    @property
    def staging_id(self) -> str:
        """Under which name this run stages: a run that continues a failed one goes on with what that one staged."""
        return self._staging_id

    @property
    def matrices(self) -> Path:
        return Path(self.home) / "matrices"

    @property
    def warehouse(self) -> Warehouse:
        if self._warehouse is None:
            raise RuntimeError("the warehouse is open only while a run goes on")
        return self._warehouse

    @property
    def outputs(self) -> Outputs:
        """What this run has staged and what the last published one has, by what it was made from."""
        if self._outputs is None:
            raise RuntimeError("the warehouse is open only while a run goes on")
        return self._outputs

    def publish(self) -> dict[str, int]:
        """Swap in what this run has staged, while it holds the run lock; rows per table. From now on the next run may
        take of it what has not changed."""
        with naming_full_disk(place_of(self.database_url)):
            counts = self.warehouse.publish(self._staging_id, self._lock)
        if counts:
            matrices.publish(self.matrices, self._staging_id)
            self.outputs.publish()
            self.warehouse.sweep({self._staging_id})
        return counts

    def last_reading(self, company_slug: str) -> CompanyCatalogue:
        """What the last published run has staged of one company."""
        return CompanyCatalogue(
            *(self.warehouse.read(table, self.outputs.last_run_id, company_slug) for table in CATALOGUE_TABLES)
        )

    def last_good(self, company_slug: str) -> CompanyCatalogue:
        """What is published of one company."""
        published = self.warehouse
        return CompanyCatalogue(*(published.read(table, company_slug=company_slug) for table in CATALOGUE_TABLES))

    def last_night(self, company_slug: str) -> LastNight:
        """What is published of one company, to hold tonight's reading against."""
        published = self.warehouse
        return LastNight(
            published.prices_of(company_slug),
            *(published.read(table, company_slug=company_slug) for table in ("set_aside_rows", "catalogue_files")),
        )

    def control(self) -> AbstractContextManager[Engine]:
        """The control state."""
        return control.opened(self.control_url)

    def _refuse_other_data_set(self) -> None:
        """Raise RuntimeError when what is published is of another data set; while nothing is, the data set is this one.

        Two data sets may share a company's slug: the one's last good listings would be shown as the other's.
        """
        with self.control() as engine:
            noted = control.claim_data_set(engine, self.data_set, may_replace=self.warehouse.is_empty())
        if noted != self.data_set:
            raise RuntimeError(
                f"{describe(self.database_url)} holds the data set {noted}, not {self.data_set}: set SUBS_HOME, and on "
                "PostgreSQL SUBS_DATABASE_URL, to places of its own; or, if it is the same one at another place, set "
                f"SUBS_DATA_SET to {noted}"
            )


def staging_id(run: DagsterRun) -> str:
    """Under which name a run stages: one that goes on with another under that of the first."""
    return run.root_run_id or run.run_id


_connecting_urls: dict[str, str] = {}


def shown_url(url: str) -> str:
    """A database's URL without its password: Dagster shows the configuration of resources in its UI, and keeps it with
    every run. The password stays within this process, for ``connecting_url``."""
    parsed = parse_url(url)
    if parsed.password is None and "password" not in parsed.query:
        return url
    shown = parsed.difference_update_query(["password"]).render_as_string()
    _connecting_urls[shown] = url
    return shown


def connecting_url(shown: str) -> str:
    """The URL that ``shown_url`` was given; any other one as it is."""
    return _connecting_urls.get(shown, shown)


CATALOGUE_TABLES = ("listings", "listing_categories", "set_aside_rows", "catalogue_files")


class ComputeResource(ConfigurableResource):
    """Where names are encoded and shelves compared."""

    scheduler: str | None = Field(
        default=None,
        description="host:port of the Dask scheduler whose workers compute; else the run's own process does",
    )
    shared: str = Field(default="", description="What the run and those workers see alike: a folder or a URL")

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Raises ComputeUnavailable now, rather than in the middle of the night."""
        if dask := self.elsewhere():
            _check_once(context.run.run_id if context.run else "", dask)

    def compute(self) -> Compute:
        return self.elsewhere() or LOCAL

    def elsewhere(self) -> "Dask | None":
        """None where the run's own process computes."""
        if not self.scheduler:
            return None
        from subs_assets.compute.dask import Dask

        return Dask(self.scheduler, self.shared)

    @property
    def version(self) -> str:
        """One for all: whoever computes, the results are the same."""
        return ""


@lru_cache(maxsize=1)
def _check_once(run_id: str, dask: "Dask") -> None:
    """Of a run: it sets up the resource twice, for who compares shelves and within that of who encodes."""
    dask.check()


class KnownTextsResource(ConfigurableResource):
    """What was found in texts, which is not looked for again."""

    folder: str

    @property
    def texts(self) -> KnownTexts:
        return KnownTexts(Path(self.folder))

    @property
    def version(self) -> str:
        """One for all: what is known changes no result."""
        return ""


class DecisionsResource(ConfigurableResource):
    """The decisions of one kind by people."""

    control_state: str = Field(description="Where the control state is, without the password")
    kind: str = Field(description="equivalence or substitution")

    def read(self) -> pd.DataFrame:
        with control.opened(connecting_url(self.control_state)) as engine:
            return kept_decisions.read_decisions(engine, self.kind)

    @property
    def version(self) -> str:
        """A hash of the decisions in force."""
        return hashlib.sha256(self.read().to_json(orient="split").encode()).hexdigest()


class EncoderResource(ConfigurableResource):
    """The encoder and the vectors that it has ever made; loaded once, and only when a new text comes."""

    model: str = Field(description="A sentence-transformers model by name or folder; all-MiniLM-L6-v2 is packaged")
    vectors: str
    compute: ComputeResource
    _store: VectorStore | None = PrivateAttr(default=None)

    def store(self) -> VectorStore:
        if self._store is None:
            self._store = open_store(Path(self.vectors), self.model, self.compute.elsewhere())
        return self._store

    @property
    def version(self) -> str:
        """Equal versions give equal vectors, and are called by one name."""
        return f"{self.model} {self.store().encoder.fingerprint}"


class TrainedModelResource(ConfigurableResource):
    """What was learned once: n-gram weights and how soft evidence is weighed. Read when it is first asked for."""

    folder: str = Field(description="A model of `subs train`; the one of the package is shipped")
    _model: trained.TrainedModel | None = PrivateAttr(default=None)

    def model(self) -> trained.TrainedModel:
        if self._model is None:
            self._model = trained.load(Path(self.folder))
        return self._model

    @property
    def version(self) -> str:
        return self.model().version


class ArchiveStoreResource(Databases):
    """Which databases are archived, and where to."""

    archives: str = Field(description="Where archives lie: a folder, or a URL without secrets")
    scratch: str = Field(description="For what is on its way to or from archives that lie elsewhere")

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator["ArchiveStoreResource"]:
        """Without a lock: a run that only archives is recorded when it ends, for none can know that it was cut off."""
        try:
            yield self
        finally:
            record_end(context, self.control_url)

    def databases(self) -> dict[str, str]:
        """Name -> URL; the control state is made if there is none yet, so that an archive always holds it."""
        control.open_control(self.control_url).dispose()
        return {"warehouse": self.database_url, "control": self.control_url}

    def place(self) -> "ArchivePlace":
        from subs_assets.archive.places import open_place

        return open_place(self.archives, Path(self.scratch))


class ArchivesResource(ConfigurableResource):
    """Where archives lie, for whoever only looks."""

    archives: str = Field(description="A folder, or a URL without secrets")
    scratch: str = Field(description="For what is on its way from archives that lie elsewhere")

    def place(self) -> "ArchivePlace":
        from subs_assets.archive.places import open_place

        return open_place(self.archives, Path(self.scratch))


class WarehouseSettings(ConfigurableResource):
    """Where the run lock lies, for whoever must hold it without opening the warehouse as a run does."""

    home: str

    @property
    def lock_folder(self) -> Path:
        return Path(self.home)


class ExportFolder(ConfigurableResource):
    """Where exports are written."""

    folder: str


class ReportFolder(ConfigurableResource):
    """Where reports are written, whose days its nights are, and where its links to the explorer lead."""

    folder: str
    timezone: str = "UTC"
    explorer_url: str = EXPLORER_URL


def default_resources(settings: Settings) -> dict[str, ConfigurableResource]:
    """The resources by the names under which assets ask for them."""
    database, control_state = shown_url(settings.database_url), shown_url(settings.control_url)
    compute = ComputeResource(scheduler=settings.scheduler, shared=settings.shared)
    return {
        "warehouse": WarehouseResource(
            database=database,
            control_state=control_state,
            home=str(settings.home),
            catalogues=[str(folder) for folder in settings.catalogues],
            data_set=settings.data_set,
        ),
        "compute": compute,
        "known_texts": KnownTextsResource(folder=str(settings.home / "known_texts")),
        "equivalence_decisions": DecisionsResource(control_state=control_state, kind="equivalence"),
        "substitution_decisions": DecisionsResource(control_state=control_state, kind="substitution"),
        "encoder": EncoderResource(model=settings.encoder, vectors=str(settings.vectors), compute=compute),
        "trained_model": TrainedModelResource(folder=str(settings.model or trained.SHIPPED)),
        "archive_store": ArchiveStoreResource(
            database=database,
            control_state=control_state,
            archives=settings.archives,
            scratch=str(settings.scratch),
        ),
        "archives": ArchivesResource(archives=settings.archives, scratch=str(settings.scratch)),
        "warehouse_settings": WarehouseSettings(home=str(settings.home)),
        "export_folder": ExportFolder(folder=str(settings.exports)),
        "report_folder": ReportFolder(
            folder=str(settings.reports), timezone=settings.timezone, explorer_url=settings.explorer_url
        ),
    }
