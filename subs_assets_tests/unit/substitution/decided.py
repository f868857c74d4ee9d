"""Decisions on substitutions for tests, a line each, in the form of the control state's table."""

import pandas as pd

from subs_assets.database import control_tables, frames


def decision(listing: str, other: str, verdict: str = "reject", on: str = "2025-01-02", **given: object) -> dict:
    """Of "aldi 1" for "coles 2", by Ann at noon of the day."""
    (company, sku), (target, target_sku) = (side.split(" ") for side in (listing, other))
    return {
        "kind": "substitution",
        "company_slug": company,
        "subject": sku,
        "target_company_slug": target,
        "target_subject": target_sku,
        "verdict": verdict,
        "relation": None,
        "decided_by": "Ann",
        "decided_at": f"{on}T12:00:00.000000+00:00",
        "reason": None,
        **given,
    }


def decided(*rows: dict) -> pd.DataFrame:
    return frames.conform(pd.DataFrame(rows, columns=control_tables.decisions.columns.keys()), control_tables.decisions)


def sold(**listings: str) -> pd.DataFrame:
    """``sold(bread="aldi 1, coles 1", milk="aldi 2")``: the products by their listings."""
    rows = [
        (*listing.split(" "), product)
        for product, listed in listings.items()
        for listing in listed.split(", ")
        if listing
    ]
    return pd.DataFrame(rows, columns=["company_slug", "sku", "product_id"])
