"""What the UI shows of every asset beside its own words: owner, columns, where it is kept, where its code is, where its
tables can be looked up."""

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

from dagster import (
    AssetsDefinition,
    AssetSpec,
    BetaWarning,
    CodeReferencesMetadataValue,
    LocalFileCodeReference,
    TableColumn,
    TableColumnConstraints,
    TableSchema,
)

from subs_assets.assets.links import explorer_links
from subs_assets.database.tables import metadata as tables

OWNER = "team:price-comparison"
"""One team looks after all of it; put your own team or e-mail address here."""


def described(
    assets: Sequence[AssetsDefinition], database_kind: str, places: Mapping[str, str], explorer_url: str
) -> Sequence[AssetsDefinition]:
    """The same assets; ``database_kind`` is where the tables are kept (sqlite, postgresql), ``places`` the URI at
    which each asset that is no table keeps its files.

    Links to the explorer are here and not in what a run says of an asset: a night in which nothing has changed says
    again what an earlier one said, and the explorer may be elsewhere since.
    """

    def with_description(spec: AssetSpec) -> AssetSpec:
        name = spec.key.path[-1]
        links = explorer_links(spec.key.path, explorer_url)
        metadata = {**spec.metadata, **links}
        tags = dict(spec.tags)
        is_ours = spec.key.path == [name]  # a company may be called like one of our assets: catalogue/report
        if is_ours and name in tables.tables:
            metadata |= {"dagster/table_name": name, "dagster/column_schema": column_schema(name)}
            tags |= {"dagster/storage_kind": database_kind}
        if is_ours and name in places:
            metadata |= {"dagster/uri": places[name]}
        # The UI lists them below all that the last run has said of the asset, which may be long.
        found = ", ".join(f"[{called}]({link.url})" for called, link in links.items())
        description = f"{spec.description}\n\n{found}" if found else spec.description
        return spec.replace_attributes(description=description, metadata=metadata, tags=tags, owners=[OWNER])

    return [with_code(one).map_asset_specs(with_description) for one in assets]


def with_code(asset: AssetsDefinition) -> AssetsDefinition:
    """The same asset with a link to its function; Dagster's ``with_source_code_references`` would name the file of a
    decorator that lies between."""
    function = inspect.unwrap(cast(Any, asset.op.compute_fn).decorated_fn)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)  # of links to code alone; Dagster's version is pinned
        place = LocalFileCodeReference(
            file_path=str(inspect.getsourcefile(function)), line_number=inspect.getsourcelines(function)[1]
        )
        references = {"dagster/code_references": CodeReferencesMetadataValue(code_references=[place])}
    return asset.map_asset_specs(lambda spec: spec.replace_attributes(metadata={**spec.metadata, **references}))


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
