"""What must survive a substitution, per product: its claims, its department, its class; whether it does is judged in gates.py."""

import csv
import json
import re
from functools import cache
from importlib.resources import files

import pandas as pd

from subs_assets.catalogue import category_path

COLUMNS = ["product_id", "claims", "department", "product_class"]


def build_product_claims(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    facets: pd.DataFrame,
) -> pd.DataFrame:
    """Table ``product_claims``: the claims that any of a product's listings makes in its words or by the dietary facet that it
    stands under, and the department that its category paths name most often."""
    keys = ["company_slug", "sku"]
    product_of = product_listings[[*keys, "product_id"]]
    worded = listings[[*keys, "claims"]].merge(product_of, on=keys)
    worded = worded.assign(claim=worded["claims"].map(json.loads)).explode("claim")
    shelved = listing_categories[[*keys, "path"]].merge(product_of, on=keys)
    faceted = shelved.merge(facets[["company_slug", "path", "claim"]].dropna(), on=["company_slug", "path"])
    claims = (
        pd.concat([worded[["product_id", "claim"]], faceted[["product_id", "claim"]]])
        .dropna()
        .groupby("product_id")["claim"]
        .agg(lambda found: json.dumps(sorted(set(found))))
    )
    departments = _departments(shelved)
    frame = products[["product_id"]].copy()
    frame["claims"] = frame["product_id"].map(claims).fillna("[]")
    frame["department"] = frame["product_id"].map(departments["department"])
    frame["product_class"] = frame["product_id"].map(departments["product_class"])
    return frame[COLUMNS]


def _departments(shelved: pd.DataFrame) -> pd.DataFrame:
    named = {path: department_of(path) for path in shelved["path"].unique()}
    votes = shelved[["product_id"]].assign(
        department=[named[path][0] for path in shelved["path"]], product_class=[named[path][1] for path in shelved["path"]]
    )
    counted = votes.dropna().value_counts().reset_index(name="votes")
    counted = counted.sort_values(["product_id", "votes", "department"], ascending=[True, False, True])
    return counted.drop_duplicates("product_id").set_index("product_id")


def department_of(path: str) -> tuple[str | None, str | None]:
    """(department, product class) by the first name from the root down that holds a word of ``departments.csv``.

    >>> department_of('["Grocery","Meat, Seafood And Deli","Sausages"]')
    ('meat_seafood', 'food')
    """
    for name in category_path.decode(path):
        folded = name.casefold()
        for pattern, department, product_class in _department_words():
            if pattern.search(folded):
                return department, product_class
    return None, None


@cache
def _department_words() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    text = files("subs_assets.substitution").joinpath("departments.csv").read_text(encoding="utf-8")
    return tuple(
        (re.compile(rf"\b{re.escape(row['word'])}\b"), row["department"], row["product_class"])
        for row in csv.DictReader(text.splitlines())
    )
