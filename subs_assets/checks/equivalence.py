"""Checks on the mappings between categories."""

import pandas as pd
from dagster import AssetCheckResult, AssetIn, asset_check

from subs_assets.checks.results import as_result


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
