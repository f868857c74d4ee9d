"""The department and the class that a category path names; what a product itself is, is kinds.py's."""

import csv
import re
from functools import cache
from importlib.resources import files

import pandas as pd

from subs_assets.catalogue import category_path

NOT_TOLD = "not told"
"""What is said instead of a department where no name along a product's category paths tells one."""


def departments_of(shelved: pd.DataFrame) -> pd.DataFrame:
    """DataFrame[department, product_class] by product_id: what the paths of ``shelved`` (product_id, path) name most
    often; products of which they name nothing are left out."""
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
