"""How frames and matrices pass between assets: staged under the run, read from its staging, else from what is
published."""

from pathlib import Path
from typing import Any

import pandas as pd
from dagster import (
    InitResourceContext,
    InputContext,
    IOManager,
    MetadataValue,
    OutputContext,
    io_manager,
)

from subs_assets.catalogue.company import CompanyCatalogue
from subs_assets.database.warehouse import Warehouse
from subs_assets.disk import naming_full_disk
from subs_assets.embedding import matrices
from subs_assets.embedding.matrices import EmbeddingMatrices
from subs_assets.resources import CATALOGUE_TABLES


class WarehouseIOManager(IOManager):
    """Stages an asset's frame under the table of its name, and a company's catalogue as a part of four tables."""

    def __init__(self, warehouse: Warehouse, staging_id: str) -> None:
        self._warehouse = warehouse
        self._staging_id = staging_id

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        name = context.asset_key.path[-1]
        if isinstance(obj, CompanyCatalogue):
            for table in CATALOGUE_TABLES:
                self._warehouse.stage(self._staging_id, table, getattr(obj, table), part=name)
            context.add_output_metadata({"dagster/row_count": len(obj.listings)})
            return
        if not isinstance(obj, pd.DataFrame):
            raise TypeError(f"asset {name} returned a {type(obj).__name__}; the warehouse keeps frames")
        self._warehouse.stage(self._staging_id, name, obj)
        context.add_output_metadata({"dagster/row_count": len(obj)})

    def load_input(self, context: InputContext) -> Any:
        path = context.asset_key.path
        if len(path) == 2:
            return CompanyCatalogue(
                *(self._warehouse.read(table, self._staging_id, company_slug=path[1]) for table in CATALOGUE_TABLES)
            )
        frame = self._warehouse.read(path[-1], self._staging_id)
        return frame[(context.definition_metadata or {}).get("columns", frame.columns)]


@io_manager(required_resource_keys={"warehouse"})
def warehouse_io(context: InitResourceContext) -> WarehouseIOManager:
    """Over the run's own warehouse: a nested resource would be opened, and locked, a second time."""
    warehouse = context.resources.warehouse
    return WarehouseIOManager(warehouse.warehouse, warehouse.staging_id)


class MatricesIOManager(IOManager):
    """Keeps a run's matrices in a folder of their own; a run without any reads those of the last publication."""

    def __init__(self, folder: Path, staging_id: str) -> None:
        self._folder = folder
        self._staging_id = staging_id

    def handle_output(self, context: OutputContext, obj: EmbeddingMatrices) -> None:
        own = self._folder / self._staging_id
        with naming_full_disk(self._folder):
            matrices.save(obj, own)
        context.add_output_metadata(
            {
                "Dimensions": obj.features.vectors.shape[1],
                "Pairs of alike names": len(obj.alike_names),
                "Rows of blocks": len(obj.blocks),
                "Folder": MetadataValue.path(str(own)),
            }
        )

    def load_input(self, context: InputContext) -> EmbeddingMatrices:
        own = self._folder / self._staging_id
        return matrices.load(own if own.exists() else matrices.published(self._folder))


@io_manager(required_resource_keys={"warehouse"})
def matrices_io(context: InitResourceContext) -> MatricesIOManager:
    """Beside the run's warehouse."""
    warehouse = context.resources.warehouse
    return MatricesIOManager(warehouse.matrices, warehouse.staging_id)
