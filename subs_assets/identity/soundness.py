"""Whether every listing became one product; which listings are one is decided elsewhere."""

import pandas as pd

from subs_assets.finding import REPORT_IT, Verdict, faultless


def every_listing_is_one_product(
    product_listings: pd.DataFrame, listings: pd.DataFrame, products: pd.DataFrame
) -> Verdict:
    """Every listing is exactly one product, and every product is listed."""
    keys = ["company_slug", "sku"]
    placed = listings[keys].merge(product_listings[[*keys, "product_id"]], on=keys, how="left")
    faults = {
        "listings without product": int(placed["product_id"].isna().sum()),
        "products without listing": len(set(products["product_id"]) ^ set(product_listings["product_id"])),
        "listings that are several products": max(0, len(placed) - len(listings)),
    }
    return faultless(f"{len(listings):,} listings are {len(products):,} products", faults, REPORT_IT)
