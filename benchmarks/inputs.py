"""What is measured on: the real listings of at/, or made-up ones where they are absent; and the vectors of their names.

Real: SUBS_REAL_CATALOGUES names the folder. Vectors are made once and kept in ``CACHE``; the first run waits for them.

Made up: six companies; names of three to six words, of which each category prefers a few; as many listings in a
category as a log-normal chance says, as lopsided as in at/. Vectors are the hashed character n-grams of the tests.
Times come out alike, because matrix products do not look at what they multiply; how many pairs are found does not.
"""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue.category_path import ROOT
from subs_assets_tests.hashing_encoder import HashingEncoder

CACHE = Path(__file__).with_name(".cache")
SOURCES = Path(__file__).parents[1] / "subs_assets_tests" / "catalogues"
SAMPLE = Path(__file__).parents[1] / "data" / "catalogues"
MODEL = "all-MiniLM-L6-v2"
SEED = 0
"""With it the first 2,500, 25,000 and 100,000 listings have about as many pairs each: 280, 330 and 390."""

MADE_UP_LISTINGS = 120_000
WORDS = (
    "fresh", "organic", "sweet", "dark", "smooth", "oat", "barley", "almond", "apple", "mango", "cocoa", "mint", "milk",
    "bread", "rice", "pasta", "tomato", "cheese", "yoghurt", "honey", "lemon", "ginger", "soap", "paper", "candle",
    "shampoo", "beef", "chicken", "salmon", "garlic", "pepper", "olive", "juice", "tea", "coffee", "vanilla",
)  # fmt: skip


def are_real() -> bool:
    return bool(os.environ.get("SUBS_REAL_CATALOGUES"))


@cache
def listings() -> pd.DataFrame:
    """``company_slug``, ``core_name`` and ``path`` (of the first category, None without one) of every listing."""
    if not are_real():
        return _made_up(MADE_UP_LISTINGS)
    from subs_assets.catalogue.companies import find_sources
    from subs_assets.catalogue.company import combine, read_company

    read = combine([read_company(source) for source in find_sources((SOURCES / "at",)).values()])
    shelved = read.listing_categories[read.listing_categories["path"] != ROOT]
    first = shelved.drop_duplicates(["company_slug", "sku"])[["company_slug", "sku", "path"]]
    return read.listings.merge(first, on=["company_slug", "sku"], how="left")[["company_slug", "core_name", "path"]]


def categories(count: int) -> tuple[list[str], list[slice]]:
    """The names of ``count`` listings, and which of them stand in one category of one company.

    Whole categories in an order by chance, the last cut off. When all are used up, they come again, as another
    company's: what is in two categories is never compared.
    """
    shelved = listings().dropna(subset="path")
    found = [rows.to_numpy(object) for _, rows in shelved.groupby(["company_slug", "path"], sort=True)["core_name"]]
    order = np.random.default_rng(SEED).permutation(len(found))
    names: list[str] = []
    places: list[slice] = []
    while len(names) < count:
        category = found[order[len(places) % len(order)]][: count - len(names)]
        places.append(slice(len(names), len(names) + len(category)))
        names += category.tolist()
    return names, places


def vectors(names: list[str]) -> NDArray[np.float32]:
    """float32 (names, 384), rows of unit length."""
    if not are_real():
        return HashingEncoder(384).encode(names)
    from subs_assets.embedding.fast_encoder import open_store

    return open_store(CACHE / "vectors", MODEL).vectors(names)


def some_names(count: int) -> list[str]:
    """Different names by chance, the same ones each time; fewer where there are not as many."""
    every = sorted(set(listings()["core_name"]) - {""})
    chance = np.random.default_rng(SEED)
    return [every[place] for place in chance.permutation(len(every))[:count]]


def _made_up(count: int) -> pd.DataFrame:
    chance = np.random.default_rng(SEED)
    sizes = np.maximum(1, chance.lognormal(4.2, 1.4, count // 100).astype(int))
    category = np.resize(np.repeat(np.arange(len(sizes)), sizes), count)
    preferred = chance.integers(0, len(WORDS), (len(sizes), 6))
    words = np.array(WORDS)[preferred[category[:, None], chance.integers(0, 6, (count, 6))]]
    other = np.array(WORDS)[chance.integers(0, len(WORDS), (count, 2))]
    length = chance.integers(1, 5, count)
    return pd.DataFrame(
        {
            "company_slug": [f"company_{number % 6}" for number in category],
            "core_name": [
                " ".join([*own[:long], *others]) for own, others, long in zip(words, other, length, strict=True)
            ],
            "path": [f'["Category {number}"]' for number in category],
        }
    )
