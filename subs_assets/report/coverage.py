"""Which part of each department has a substitute at another company, and which part stands in a category that is mapped
there."""

import pandas as pd

from subs_assets.equivalence.coverage import mapping_coverage
from subs_assets.substitution.departments import NOT_TOLD

COLUMNS = ["company_slug", "department", "products", "covered", "rate"]


def department_coverage(outcomes: pd.DataFrame, product_claims: pd.DataFrame) -> pd.DataFrame:
    """Per company and department: products, and how many of them have a substitute at any other company.

    Sorted by department (``not told`` last) and company; empty where there is one company.
    """
    across = outcomes[outcomes["company_slug"] != outcomes["target_company_slug"]]
    found = across.assign(covered=across["stage"] == "found")
    products = found.groupby(["company_slug", "product_id"], as_index=False)["covered"].any()
    department = product_claims.set_index("product_id")["department"]
    products["department"] = products["product_id"].map(department).fillna(NOT_TOLD)
    frame = products.groupby(["department", "company_slug"], as_index=False).agg(
        products=("covered", "size"), covered=("covered", "sum")
    )
    frame["rate"] = frame["covered"] / frame["products"]
    return _in_order(frame)[COLUMNS]


def mapped_departments(
    standing: pd.DataFrame, product_listings: pd.DataFrame, product_claims: pd.DataFrame, mappings: pd.DataFrame
) -> pd.DataFrame:
    """The same departments by their listings: DataFrame[company_slug, department, listings, mapped, share].

    ``standing``: as ``equivalence.coverage.standing_listings`` gives it. ``share`` is that of a listing's chances at
    the other companies: it counts once for each, and ``mapped`` where a category that it stands in is mapped there.
    """
    department = product_claims.set_index("product_id")["department"]
    keys = ["company_slug", "sku"]
    of_listing = product_listings[keys].assign(
        department=product_listings["product_id"].map(department).fillna(NOT_TOLD)
    )
    told = standing.drop(columns="department").merge(of_listing, on=keys, how="left")
    pairs = mapping_coverage(told, mappings)
    frame = pairs.groupby(["company_slug", "department"], as_index=False)[["listings", "mapped"]].sum()
    return _in_order(frame.assign(share=frame["mapped"] / frame["listings"]))


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    last = frame["department"] == NOT_TOLD
    ordered = frame.assign(last=last).sort_values(["last", "department", "company_slug"], ignore_index=True)
    return ordered.drop(columns="last")
