"""How frames and matrices pass between assets: staged under the run, read from its staging, else from what is
published."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from dagster import (
    ConfigurableIOManager,
    InitResourceContext,
    InputContext,
    IOManager,
    MetadataValue,
    OutputContext,
    TableColumn,
    TableSchema,
    io_manager,
)

from subs_assets.catalogue.company import CompanyCatalogue
from subs_assets.database.tables import metadata as tables
from subs_assets.database.warehouse import Warehouse
from subs_assets.embedding import matrices
from subs_assets.embedding.matrices import EmbeddingMatrices
from subs_assets.resources import CATALOGUE_TABLES


class WarehouseIOManager(IOManager):
    """Stages an asset's frame under the table of its name, and a company's catalogue as a part of four tables."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        run_id, name = context.run_id, context.asset_key.path[-1]
        if isinstance(obj, CompanyCatalogue):
            for table in CATALOGUE_TABLES:
                self._warehouse.stage(run_id, table, getattr(obj, table), part=name)
            context.add_output_metadata({"dagster/row_count": len(obj.listings)})
            return
        if not isinstance(obj, pd.DataFrame):
            raise TypeError(f"asset {name} returned a {type(obj).__name__}; the warehouse keeps frames")
        self._warehouse.stage(run_id, name, obj)
        context.add_output_metadata({"dagster/row_count": len(obj), "dagster/column_schema": column_schema(name)})

    def load_input(self, context: InputContext) -> Any:
        path = context.asset_key.path
        run_id = _run_id(context)
        if len(path) == 2:
            return CompanyCatalogue(
                *(self._warehouse.read(table, run_id, company_slug=path[1]) for table in CATALOGUE_TABLES)
            )
        return self._warehouse.read(path[-1], run_id)


@io_manager(required_resource_keys={"warehouse"})
def warehouse_io(context: InitResourceContext) -> WarehouseIOManager:
    """Over the run's own warehouse: a nested resource would be opened, and locked, a second time."""
    return WarehouseIOManager(context.resources.warehouse.warehouse)


class MatricesIOManager(ConfigurableIOManager):
    """Keeps a run's matrices in a folder of their own; a run without any reads those of the newest run that has."""

    folder: str

    def handle_output(self, context: OutputContext, obj: EmbeddingMatrices) -> None:
        own = Path(self.folder) / context.run_id
        matrices.save(obj, own)
        for other in self._kept():
            if other != own:
                # A matrix that some process still maps cannot be deleted on Windows; the next run tries again.
                shutil.rmtree(other, ignore_errors=True)
        rows, dimensions = obj.vectors.shape
        context.add_output_metadata(
            {
                "products": rows,
                "dimensions": dimensions,
                "blocks": len(obj.blocks),
                "folder": MetadataValue.path(str(own)),
            }
        )

    def load_input(self, context: InputContext) -> EmbeddingMatrices:
        own = Path(self.folder) / _run_id(context)
        if own.exists():
            return matrices.load(own)
        kept = self._kept()
        if not kept:
            raise FileNotFoundError(f"no matrices in {self.folder}: materialise embedding_matrices first")
        return matrices.load(max(kept, key=lambda folder: folder.stat().st_mtime))

    def _kept(self) -> list[Path]:
        folder = Path(self.folder)
        return sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.exists() else []


def column_schema(table: str) -> TableSchema:
    """The table's columns for the UI."""
    return TableSchema(
        columns=[
            TableColumn(column.name, str(column.type).lower(), "key" if column.primary_key else None)
            for column in tables.tables[table].columns
        ]
    )


def _run_id(context: InputContext) -> str:
    return context.step_context.run_id
