"""A night as large as wanted, in the tables' form, for what measures or plans look-ups: pairs are made up; names
are real where SUBS_REAL_CATALOGUES has the folder at/."""

import os
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Boolean, Column, Float, Integer

from subs_assets.database.frames import conform
from subs_assets.database.tables import metadata

COMPANIES = ("billa", "bipa", "dm", "hofer", "mpreis", "mueller", "penny", "spar", "unimarkt")
SETTINGS = ("linked", "null", "siloed")
ALSO_LISTED = 0.08
"""Share of the products that a second company lists too, about as in at/."""
CAP = 10
"""Substitutes of a product at one company, as the program keeps them."""
WORDS = (
    "Apfel", "Bio", "Birne", "Brot", "Butter", "Dinkel", "Frisch", "Gouda", "Hafer", "Honig", "Joghurt", "Kaffee",
    "Kakao", "Karotte", "Mandel", "Milch", "Müsli", "Natur", "Nudeln", "Oliven", "Paprika", "Pfeffer", "Reis", "Salz",
    "Senf", "Spinat", "Tee", "Tomate", "Vanille", "Zitrone",
)  # fmt: skip
REASONS = '["level 3: other brand, similar product, similar size", "the shelves are equivalent: close"]'


def large_night(products: int, substitutions: int, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Table name -> its rows, for the tables that substitutes are looked up in; the same rows for the same seed.

    Every company has as many products; half of them have a barcode, and some a listing at a second company. Some
    products are substitutes far more often than others, and a quarter of the pairs stands in both directions.
    """
    random = np.random.default_rng(seed)
    home = np.arange(products) * len(COMPANIES) // products
    company, sku = np.array(COMPANIES)[home], np.array([f"{number:07d}" for number in range(products)])
    gtin = np.array([f"{9_000_000_000_000 + 37 * number:014d}" for number in range(products)])
    has_gtin = random.random(products) < 0.5
    product_id = np.where(has_gtin, gtin, np.char.add(np.char.add(company, ":"), sku))
    names = _names(products, random)
    described = pd.DataFrame({"name": names, "core_name": names, "gtin": pd.Series(gtin).where(has_gtin, None)})

    also = np.flatnonzero(random.random(products) < ALSO_LISTED)
    listed = np.r_[np.arange(products), also]
    listing = {
        "company_slug": np.r_[company, np.array(COMPANIES)[(home[also] + 1) % len(COMPANIES)]],
        "sku": sku[listed],
    }
    price = random.integers(50, 5000, len(listed)) / 100
    outcomes = products * len(COMPANIES)
    pairs = pd.DataFrame(permutations(COMPANIES, 2), columns=["company_slug", "target_company_slug"])
    shelves = pd.DataFrame({"path": [f'["Abteilung {number // 10}","Regal {number}"]' for number in range(100)]})
    companies = pd.DataFrame({"company_slug": COMPANIES})
    return {
        "products": _filled("products", described.assign(product_id=product_id)),
        "listings": _filled(
            "listings",
            described.iloc[listed].reset_index(drop=True).assign(**listing, price=price, unit_price=2 * price),
        ),
        "product_listings": _filled("product_listings", pd.DataFrame({**listing, "product_id": product_id[listed]})),
        "categories": _filled("categories", companies.merge(shelves, how="cross")),
        "substitutions": _filled(
            "substitutions",
            pd.DataFrame({**_pairs(home, substitutions, random), "path": '["Regal"]', "reasons": REASONS}).assign(
                product_id=lambda rows: product_id[rows["product"]],
                substitute_id=lambda rows: product_id[rows["substitute"]],
                company_slug=lambda rows: company[rows["substitute"]],
                sku=lambda rows: sku[rows["substitute"]],
            ),
        ),
        "substitution_outcomes": _filled(
            "substitution_outcomes",
            pd.DataFrame(
                {
                    "company_slug": np.repeat(company, len(COMPANIES)),
                    "target_company_slug": np.tile(COMPANIES, products),
                    "product_id": np.repeat(product_id, len(COMPANIES)),
                    "stage": random.choice(["found", "below score", "no candidate"], outcomes),
                    "nearest_id": product_id[random.integers(0, products, outcomes)],
                    "nearest_score": random.random(outcomes),
                }
            ),
        ),
        "substitution_rates": _filled(
            "substitution_rates", pairs.merge(pd.DataFrame({"setting": SETTINGS}), how="cross")
        ),
    }


def _pairs(home: np.ndarray, wanted: int, random: np.random.Generator) -> dict[str, pd.Series]:
    """Rows of ``substitutions``, as numbers of products."""
    products, drawn = len(home), int(wanted * 1.1)
    product, shop = random.integers(0, products, drawn), random.integers(0, len(COMPANIES), drawn)
    starts = np.searchsorted(home, np.arange(len(COMPANIES) + 1))
    substitute = starts[shop] + (np.diff(starts)[shop] * random.random(drawn) ** 1.5).astype(int)
    mirrored = random.random(drawn) < 0.2
    rows = pd.DataFrame(
        {"product": np.r_[product, substitute[mirrored]], "substitute": np.r_[substitute, product[mirrored]]}
    )
    rows = rows[rows["product"] != rows["substitute"]].drop_duplicates(ignore_index=True)
    rows = rows.assign(shop=home[rows["substitute"]], score=0.6 + 0.4 * random.random(len(rows)))
    rows = rows.sort_values("score", ascending=False)
    rows["rank"] = rows.groupby(["product", "shop"]).cumcount() + 1
    rows = rows[rows["rank"] <= CAP].sample(wanted, random_state=random)
    level = random.integers(1, 6, wanted)
    return {**{name: rows[name] for name in ("product", "substitute", "score", "rank")}, "level": level}


def _names(count: int, random: np.random.Generator) -> np.ndarray:
    folder = Path(os.environ.get("SUBS_REAL_CATALOGUES", "")) / "at"
    files = sorted(folder.glob("*/items-*.csv.gz")) if "SUBS_REAL_CATALOGUES" in os.environ else []
    if files:
        real = pd.concat(pd.read_csv(file, usecols=["name"], dtype="str") for file in files)["name"].dropna()
        return np.resize(real.to_numpy(object), count)
    return np.array([" ".join(words) for words in random.choice(WORDS, (count, 4))], dtype=object)


def _filled(table_name: str, given: pd.DataFrame) -> pd.DataFrame:
    """The rows in their table's form; columns that were not given are empty, or nought."""

    def value(column: Column[Any]) -> Any:
        if column.nullable:
            return None
        if isinstance(column.type, Boolean):
            return False
        return 0 if isinstance(column.type, (Integer, Float)) else "[]"

    table = metadata.tables[table_name]
    return conform(pd.DataFrame({c.name: given[c.name] if c.name in given else value(c) for c in table.columns}), table)
