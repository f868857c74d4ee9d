"""Checks on the mappings between categories."""

import pandas as pd
from dagster import AssetCheckResult, AssetIn, asset_check

from subs_assets.checks.results import as_result
from subs_assets.resources import WarehouseResource


@asset_check(
    asset="category_equivalences",
    blocking=True,
    additional_ins={"categories": AssetIn("categories"), "category_facets": AssetIn("category_facets")},
    description="Categories exist, of two companies; unless a person says so, no facet is mapped and directions agree.",
)
def equivalences_are_sound(
    category_equivalences: pd.DataFrame, categories: pd.DataFrame, category_facets: pd.DataFrame
) -> AssetCheckResult:
    from subs_assets.equivalence.soundness import mappings_are_sound

    return as_result(mappings_are_sound(category_equivalences, categories, category_facets))


@asset_check(
    asset="category_equivalence_changes",
    additional_ins={name: AssetIn(name) for name in ("category_equivalences", "categories")},
    description="Mappings that are used, and the listings that they cover, for every pair of companies.",
)
def equivalences_hold(
    category_equivalences: pd.DataFrame, categories: pd.DataFrame, warehouse: WarehouseResource
) -> AssetCheckResult:
    from subs_assets.equivalence.lost_mappings import mappings_hold

    before = (warehouse.warehouse.read(name) for name in ("category_equivalences", "categories"))
    mappings_before, categories_before = before
    return as_result(mappings_hold(mappings_before, category_equivalences, categories_before, categories))
