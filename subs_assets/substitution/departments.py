"""The department and the class that a category path names; what a product itself is, is kinds.py's."""

import csv
import re
from functools import cache
from importlib.resources import files

from subs_assets.catalogue import category_path


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
