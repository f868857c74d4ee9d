"""Groups ``identity`` and ``categories``: products, category trees and their inventory."""

import pandas as pd
from dagster import AssetExecutionContext, AssetOut, MaterializeResult, Output, asset, multi_asset

from subs_assets.assets.metadata import preview
from subs_assets.assets.selected import selected
from subs_assets.catalogue.categories import build_categories, build_inventory
from subs_assets.identity.products import identify


@multi_asset(
    name="products",
    can_subset=True,
    group_name="identity",
    outs={
        "products": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas"},
            description="Trade items: what one or more listings describe.",
        ),
        "product_listings": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas"},
            description="Which listing is which product, and by what.",
        ),
        "identity_conflicts": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas"},
            description="For review: listings that might be one product and were kept apart.",
        ),
    },
)
def products(context: AssetExecutionContext, listings: pd.DataFrame):  # type: ignore[no-untyped-def]  # a generator of outputs
    identity = identify(listings)
    matched = identity.product_listings.groupby("matched_by", as_index=False).size()
    kinds = identity.identity_conflicts.groupby("kind", as_index=False)["conflict_id"].nunique()
    shared = identity.products["company_count"].value_counts().sort_index().reset_index()
    outputs = [
        Output(identity.products, "products", metadata={"sold by how many companies": preview(shared)}),
        Output(identity.product_listings, "product_listings", metadata={"matched by": preview(matched)}),
        Output(identity.identity_conflicts, "identity_conflicts", metadata={"conflicts": preview(kinds)}),
    ]
    yield from selected(context, outputs)


@asset(group_name="categories", kinds={"pandas"}, io_manager_key="warehouse_io")
def categories(listing_categories: pd.DataFrame) -> MaterializeResult[pd.DataFrame]:
    """Every node of every company's tree, with its own id, its parents and how many listings stand below it."""
    nodes = build_categories(listing_categories)
    per_company = nodes.groupby("company_slug", as_index=False).agg(
        categories=("path", "size"), leaves=("is_leaf", "sum"), levels=("depth", "max")
    )
    return MaterializeResult(value=nodes, metadata={"companies": preview(per_company)})


@asset(group_name="categories", kinds={"pandas"}, io_manager_key="warehouse_io")
def category_inventory(
    categories: pd.DataFrame, listing_categories: pd.DataFrame, product_listings: pd.DataFrame
) -> MaterializeResult[pd.DataFrame]:
    """Per company and level: categories, listings, products, orphans, names that others use too, samples."""
    inventory = build_inventory(categories, listing_categories, product_listings)
    return MaterializeResult(value=inventory, metadata={"inventory": preview(inventory)})
