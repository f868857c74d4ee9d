"""What the UI shows of every asset beside its own words: owner, columns, where it is kept, where its code is."""

import warnings
from collections.abc import Mapping, Sequence
from typing import cast

from dagster import (
    AssetsDefinition,
    AssetSpec,
    BetaWarning,
    TableColumn,
    TableColumnConstraints,
    TableSchema,
    map_asset_specs,
    with_source_code_references,
)

from subs_assets.database.tables import metadata as tables

OWNER = "team:price-comparison"
"""One team looks after all of it; put your own team or e-mail address here."""


def described(
    assets: Sequence[AssetsDefinition], database_kind: str, places: Mapping[str, str]
) -> Sequence[AssetsDefinition]:
    """The same assets; ``database_kind`` is where the tables are kept (sqlite, postgresql), ``places`` the URI at
    which each asset that is no table keeps its files."""

    def with_description(spec: AssetSpec) -> AssetSpec:
        name = spec.key.path[-1]
        metadata, tags = dict(spec.metadata), dict(spec.tags)
        is_ours = spec.key.path == [name]  # a company may be called like one of our assets: catalogue/report
        if is_ours and name in tables.tables:
            metadata |= {"dagster/table_name": name, "dagster/column_schema": column_schema(name)}
            tags |= {"dagster/storage_kind": database_kind}
        if is_ours and name in places:
            metadata |= {"dagster/uri": places[name]}
        return spec.replace_attributes(metadata=metadata, tags=tags, owners=[OWNER])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)  # of links to code alone; Dagster's version is pinned
        linked = with_source_code_references(map_asset_specs(with_description, assets))
    return cast(Sequence[AssetsDefinition], linked)  # its type says that it takes other things too


def column_schema(table: str) -> TableSchema:
    """The table's columns, what they mean, which are its key and which are never null."""
    return TableSchema(
        columns=[
            TableColumn(
                column.name,
                str(column.type).lower(),
                column.doc,
                TableColumnConstraints(nullable=bool(column.nullable), other=["key"] if column.primary_key else []),
            )
            for column in tables.tables[table].columns
        ]
    )
