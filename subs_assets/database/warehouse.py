"""The warehouse: frames staged under a run as Parquet files, read back, published in one transaction; no Dagster."""

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Boolean, Connection, Engine, Float, Integer, Table, delete, func, insert, select

from subs_assets.database import frames, search_index
from subs_assets.database.advisory_lock import writing_while_held
from subs_assets.database.engine import empty_write_ahead_log, writing
from subs_assets.database.tables import MADE_BY_ASSETS, metadata, published_tables
from subs_assets.disk import naming_full_disk
from subs_assets.made_from import column_digests, program

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(?<!\.)")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

_PANDAS_DTYPES = {
    pa.large_string(): frames.TEXT_DTYPE,
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


class Warehouse:
    """The published tables of a database, and the folder in which each run stages what it will publish.

    A whole table is staged as ``<staging>/<run_id>/<table>.parquet``; a part of one (a company's listings), which is
    read by the rest of the run and never published, as ``<staging>/<run_id>/<part>/<table>.parquet``.
    """

    def __init__(self, engine: Engine, staging: Path) -> None:
        self.engine = engine
        self.staging = staging

    def stage(self, run_id: str, table_name: str, frame: pd.DataFrame, part: str | None = None) -> Path:
        """Keep a frame for this run, replacing what the run staged under that name before; the file is whole or absent.

        Raises ValueError when the frame does not have the table's form (``frames.conform``), LookupError for an unknown
        table.
        """
        table = _table(table_name)
        conformed = frames.conform(frame, table)
        file = self._file(run_id, table_name, part)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Written under a name of its own and renamed: who reads meanwhile, or after a kill, sees the whole file or
        # none. No fsync: staging is worth nothing after a power cut, because the run that it belongs to is gone.
        unfinished = file.with_name(f"{file.name}.{uuid.uuid4().hex}.unfinished")
        try:
            with naming_full_disk(file.parent):
                pq.write_table(
                    pa.Table.from_pandas(conformed, schema=_arrow_schema(table), preserve_index=False), unfinished
                )
                unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        return file

    def staged(self, run_id: str) -> list[str]:
        """The names of the whole tables that the run has staged, sorted; parts are not among them."""
        return sorted(file.stem for file in (self.staging / _safe(run_id, "run id")).glob("*.parquet"))

    def read(self, table_name: str, run_id: str | None = None, company_slug: str | None = None) -> pd.DataFrame:
        """A table as this run sees it: what the run staged, else what is published.

        With a company: the part that the run staged for it, else its rows in the whole table that the run staged, else
        its published rows. Without a run: what is published.
        """
        table = _table(table_name)
        if run_id is not None:
            if company_slug is not None and (part := self._file(run_id, table_name, company_slug)).exists():
                return _read_file(part, table)
            if (whole := self._file(run_id, table_name, None)).exists():
                frame = _read_file(whole, table)
                return (
                    frame
                    if company_slug is None
                    else frame[frame["company_slug"] == company_slug].reset_index(drop=True)
                )
        with self.engine.connect() as connection:
            return frames.read(connection, table, **({} if company_slug is None else {"company_slug": company_slug}))

    def prices_of(self, company_slug: str) -> pd.DataFrame:
        """The published listings of a company: DataFrame[sku, price], a row each."""
        columns = metadata.tables["listings"].c
        with self.engine.connect() as connection:
            chosen = select(columns.sku, columns.price).where(columns.company_slug == company_slug)
            return frames.fetch(connection, chosen)

    def is_empty(self) -> bool:
        """Whether no listing is published."""
        with self.engine.connect() as connection:
            return connection.execute(select(metadata.tables["listings"].c.sku).limit(1)).first() is None

    def publish(self, run_id: str, lock: Connection | None = None) -> dict[str, int]:
        """Swap every whole table that the run has staged for the published one, all in one transaction; rows per table.

        A reader sees all the old tables or all the new ones; an exception or the death of the process leaves the old
        ones. Tables that the run did not stage stay as they are, and so do those whose content is published already.
        The run's staging is kept (``sweep``).

        ``lock``: the connection that ``run_lock`` gave; the transaction is then this connection's. Raises RunLockLost
        when it holds the lock no longer.
        """
        names = self.staged(run_id)
        unknown = [name for name in names if name not in MADE_BY_ASSETS]
        if unknown:
            raise ValueError(
                f"run {run_id} has staged {', '.join(unknown)}, which the warehouse has not; nothing was published"
            )
        published: dict[str, int] = {}
        with writing(self.engine) if lock is None else writing_while_held(lock) as connection:
            before = {name: (digest, rows) for name, digest, rows in connection.execute(select(published_tables))}
            for name in names:
                table, file = metadata.tables[name], self._file(run_id, name, None)
                digest, rows = _digest(file), pq.read_metadata(file).num_rows
                # Counted too, for whoever has emptied it, or deleted or added rows by hand.
                if before.get(name) != (digest, rows) or _count(connection, table) != rows:
                    connection.execute(delete(published_tables).where(published_tables.c.table_name == name))
                    connection.execute(insert(published_tables).values(table_name=name, digest=digest, rows=rows))
                    frames.replace(connection, table, _read_batches(file, table))
                published[name] = rows
            search_index.bring_up_to_date(connection)
        empty_write_ahead_log(self.engine)
        return published

    def sweep(self, keep: Collection[str]) -> list[str]:
        """Delete the staging of every run that is not to be kept; the names of those deleted.

        To be called by whoever holds the run lock: it does not know which runs are alive. A file that another process
        has open (Windows) stays for the next sweep.
        """
        swept = []
        for folder in sorted(self.staging.iterdir()) if self.staging.is_dir() else []:
            if folder.name not in keep and folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)
                if not folder.exists():
                    swept.append(folder.name)
        return swept

    def _file(self, run_id: str, table_name: str, part: str | None) -> Path:
        folder = self.staging / _safe(run_id, "run id")
        return (folder if part is None else folder / f"part-{_safe(part, 'part')}") / f"{table_name}.parquet"


def _count(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def _digest(file: Path) -> str:
    """Of the staged content, and of the program: another one may have changed the rows in a migration since."""
    known = json.dumps([program(), column_digests(file)], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()


def _table(name: str) -> Table:
    try:
        return metadata.tables[name]
    except KeyError:
        raise LookupError(f"the warehouse has no table {name!r}; it has {', '.join(sorted(metadata.tables))}") from None


def _safe(name: str, what: str) -> str:
    """The name, if it can be a folder's on every platform and cannot lead out of the staging folder.

    A part's folder has a prefix: a company may be called "con", which Windows keeps for itself.
    """
    if not _SAFE_NAME.fullmatch(name) or (what != "part" and _WINDOWS_DEVICE.fullmatch(name)):
        raise ValueError(
            f"{what} {name!r} cannot be a folder's name; use up to 100 of A-Z a-z 0-9 _ . - and no leading dot"
        )
    return name


def _arrow_schema(table: Table) -> pa.Schema:
    def arrow_type(column_type: object) -> pa.DataType:
        if isinstance(column_type, Boolean):
            return pa.bool_()
        if isinstance(column_type, Integer):
            return pa.int64()
        return pa.float64() if isinstance(column_type, Float) else pa.large_string()

    return pa.schema([pa.field(column.name, arrow_type(column.type)) for column in table.columns])


def _read_batches(file: Path, table: Table) -> Iterator[pd.DataFrame]:
    """The staged frame in pieces, so that publishing needs the memory of one."""
    with pq.ParquetFile(file) as staged:
        if staged.schema_arrow.names != [column.name for column in table.columns]:
            raise ValueError(
                f"{file} was staged for another shape of the table {table.name}; run the asset {table.name} again"
            )
        for batch in staged.iter_batches(batch_size=frames.ROWS_PER_BATCH):
            yield _to_frame(pa.Table.from_batches([batch]))


def _read_file(file: Path, table: Table) -> pd.DataFrame:
    parts = list(_read_batches(file, table))
    return pd.concat(parts, ignore_index=True) if parts else frames.empty(table)


def _to_frame(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas(types_mapper=_PANDAS_DTYPES.get, ignore_metadata=True)
    # Arrow gives a read-only view where nothing is missing; every other frame may be written to.
    return frame.astype(dict.fromkeys(frame.columns[frame.dtypes == np.float64], np.float64))
