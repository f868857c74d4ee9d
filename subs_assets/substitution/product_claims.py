"""What must survive a substitution, per product: its claims, its department, its class; whether it does is judged in
gates.py."""

import csv
import json
import re
from functools import cache
from importlib.resources import files

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.catalogue.claims import IMPLIES, find_claims

COLUMNS = ["product_id", "claims", "department", "product_class"]


def build_product_claims(
    products: pd.DataFrame, product_listings: pd.DataFrame, listings: pd.DataFrame, listing_categories: pd.DataFrame
) -> pd.DataFrame:
    """Table ``product_claims``: the claims that any of a product's listings makes in its words, or by a shelf that it
    stands on ("Gluten Free"), and the department that its category paths name most often."""
    keys = ["company_slug", "sku"]
    product_of = product_listings[[*keys, "product_id"]]
    worded = listings[[*keys, "claims"]].merge(product_of, on=keys)
    worded = worded.assign(claim=worded["claims"].map(json.loads))
    shelved = listing_categories[[*keys, "path"]].merge(product_of, on=keys)
    of_path = {path: sorted(path_claims(path)) for path in shelved["path"].unique()}
    claims = (
        pd.concat([worded, shelved.assign(claim=shelved["path"].map(of_path))])[["product_id", "claim"]]
        .explode("claim")
        .dropna()
        .groupby("product_id")["claim"]
        .agg(lambda found: json.dumps(sorted(set(found))))
        .to_dict()
    )
    departments = _departments(shelved)
    frame = products[["product_id"]].copy()
    frame["claims"] = [claims.get(product, "[]") for product in frame["product_id"]]
    frame["department"] = frame["product_id"].map(departments["department"])
    frame["product_class"] = frame["product_id"].map(departments["product_class"])
    return frame[COLUMNS]


def path_claims(path: str) -> frozenset[str]:
    """The claims that the names along a path make for what stands there.

    A name that joins several promises only what each of them implies: on "Vegan & Vegetarian" all is vegetarian, not
    all is vegan.

    >>> sorted(path_claims('["Dietary","Vegan & Vegetarian"]')), sorted(path_claims('["Gluten Free","Biscuits"]'))
    (['vegetarian'], ['gluten_free'])
    """
    return frozenset().union(*(_name_claims(name) for name in category_path.decode(path)))


def _name_claims(name: str) -> frozenset[str]:
    found = find_claims(name)
    if not JOINED.search(name):
        return found
    return frozenset(claim for claim in found if all(claim in (other, *IMPLIES.get(other, ())) for other in found))


JOINED = re.compile(r"[&,/+]|\b(and|or|und|oder)\b", re.IGNORECASE)


def _departments(shelved: pd.DataFrame) -> pd.DataFrame:
    named = {path: department_of(path) for path in shelved["path"].unique()}
    votes = shelved[["product_id"]].assign(
        department=[named[path][0] for path in shelved["path"]],
        product_class=[named[path][1] for path in shelved["path"]],
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
