"""Groups ``identity`` and ``categories``: products, category trees and their inventory."""

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, Output, asset, multi_asset

from subs_assets.assets.metadata import preview
from subs_assets.assets.selected import selected, table_output
from subs_assets.assets.unchanged import only, taken_if_unchanged


@multi_asset(
    name="products",
    can_subset=True,
    group_name="identity",
    ins=only(
        listings=(
            "company_slug",
            "sku",
            "brand",
            "brand_key",
            "name",
            "core_name",
            "gtin",
            "quantity",
            "total",
            "unit",
            "dimension",
            "pack_count",
            "approximate",
            "claims",
        )
    ),
    outs={
        "products": table_output(
            "Trade items: what one or more listings describe.\n\n"
            "Told by the GTIN where there is one, else by brand, name and size."
        ),
        "product_listings": table_output("Which listing is which product, and by what."),
        "identity_conflicts": table_output(
            "To be reviewed: listings that might be one product.\n\n"
            "They were kept apart, since a wrong join costs more than a missed one; each row says why."
        ),
    },
)
@taken_if_unchanged
def products(context: AssetExecutionContext, listings: pd.DataFrame):  # type: ignore[no-untyped-def]  # a generator of outputs
    from subs_assets.identity.products import identify

    identity = identify(listings)
    matched = identity.product_listings.groupby("matched_by", as_index=False).agg(listings=("sku", "size"))
    kinds = identity.identity_conflicts.groupby("kind", as_index=False).agg(conflicts=("conflict_id", "nunique"))
    sellers = identity.products["company_count"]
    shared = sellers.value_counts().sort_index().rename_axis("companies").reset_index(name="products")
    outputs = [
        Output(
            identity.products,
            "products",
            metadata={
                "Sold by several companies": int((sellers > 1).sum()),
                "Sold by how many companies": preview(shared),
            },
        ),
        Output(identity.product_listings, "product_listings", metadata={"Matched by": preview(matched)}),
        Output(
            identity.identity_conflicts,
            "identity_conflicts",
            metadata={
                "Conflicts": int(kinds["conflicts"].sum()),
                "By kind": preview(kinds),
                "To be reviewed": preview(identity.identity_conflicts[["company_slug", "sku", "kind", "reason"]]),
            },
        ),
    ]
    yield from selected(context, outputs)


@asset(group_name="categories", kinds={"pandas"}, io_manager_key="warehouse_io")
@taken_if_unchanged
def categories(listing_categories: pd.DataFrame) -> MaterializeResult[pd.DataFrame]:
    """Every company's category tree.

    A row a node, with the company's own id, its parents and how many listings stand on it and below it.
    """
    from subs_assets.catalogue.categories import build_categories

    nodes = build_categories(listing_categories)
    per_company = nodes.groupby("company_slug", as_index=False).agg(
        categories=("path", "size"), leaves=("is_leaf", "sum"), levels=("depth", "max")
    )
    return MaterializeResult(value=nodes, metadata={"Companies": preview(per_company)})


@asset(group_name="categories", kinds={"pandas"}, io_manager_key="warehouse_io")
@taken_if_unchanged
def category_inventory(
    categories: pd.DataFrame, listing_categories: pd.DataFrame, product_listings: pd.DataFrame
) -> MaterializeResult[pd.DataFrame]:
    """What each level of each tree holds.

    Categories, listings, products, orphans, names that other companies use too, and the largest nodes as samples.
    """
    from subs_assets.catalogue.categories import build_inventory

    inventory = build_inventory(categories, listing_categories, product_listings)
    return MaterializeResult(value=inventory, metadata={"Inventory": preview(inventory)})
