"""Which part of each department has a substitute at another company."""

import pandas as pd

NOT_TOLD = "not told"
"""The department of products whose category paths name none."""

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
    frame["last"] = frame["department"] == NOT_TOLD
    return frame.sort_values(["last", "department", "company_slug"], ignore_index=True)[COLUMNS]
