"""Checks on the tables of listings and products."""

import pandas as pd
from dagster import AssetCheckResult, AssetIn, asset_check

from subs_assets.catalogue.soundness import is_not_empty, rows_add_up
from subs_assets.checks.results import as_result
from subs_assets.identity.soundness import every_listing_is_one_product


@asset_check(asset="catalogue_files", blocking=True, description="Accepted and set aside together are what was read.")
def counts_add_up(catalogue_files: pd.DataFrame) -> AssetCheckResult:
    return as_result(rows_add_up(catalogue_files))


@asset_check(asset="listings", blocking=True, description="There is something to work with.")
def has_listings(listings: pd.DataFrame) -> AssetCheckResult:
    return as_result(is_not_empty(listings))


@asset_check(
    asset="product_listings",
    blocking=True,
    additional_ins={"listings": AssetIn("listings"), "products": AssetIn("products")},
    description="Every listing is exactly one product, and every product is listed.",
)
def every_listing_is_a_product(
    product_listings: pd.DataFrame, listings: pd.DataFrame, products: pd.DataFrame
) -> AssetCheckResult:
    return as_result(every_listing_is_one_product(product_listings, listings, products))
