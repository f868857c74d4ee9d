"""A few substitutions of each company pair and level to be read by a person, the same ones for the same tables."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from subs_assets.equivalence.coverage import PAIR


@dataclass(frozen=True)
class ShownListing:
    """What a person reads of a product's cheapest listing at one company."""

    name: str
    brand: str | None
    size: str | None
    price: str | None


@dataclass(frozen=True)
class Sample:
    """One substitution in words; ``unit_price`` says how the unit prices compare, None where they do not."""

    product_id: str
    product: ShownListing
    substitute: ShownListing
    score: float
    unit_price: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class LevelSamples:
    """Some of a level's ``rows``, best score first."""

    level: int
    rows: int
    samples: tuple[Sample, ...]


Samples = Mapping[tuple[str, str], tuple[LevelSamples, ...]]
"""(company, target company) -> its levels; a pair without substitutions is not there."""


def samples_by_pair(
    substitutions: pd.DataFrame, listings: pd.DataFrame, product_listings: pd.DataFrame, per_level: int
) -> Samples:
    """At most ``per_level`` rows of each pair and level, spread evenly over the scores."""
    chosen = spread_over_scores(substitutions, product_listings, per_level)
    cheapest = cheapest_listings(listings, product_listings, chosen)
    samples: dict[tuple[str, str], dict[int, list[Sample]]] = {}
    sizes: dict[tuple[str, str, int], int] = {}
    columns = [*PAIR, "level", "size", "product_id", "substitute_id", "score", "unit_price_ratio", "reasons"]
    for company, target, level, size, product, substitute, score, ratio, reasons in _rows(chosen[columns]):
        sizes[company, target, level] = size
        samples.setdefault((company, target), {}).setdefault(level, []).append(
            Sample(
                product,
                cheapest[company, product],
                cheapest[target, substitute],
                score,
                unit_price_in_words(ratio),
                tuple(json.loads(reasons)),
            )
        )
    return {
        pair: tuple(LevelSamples(level, sizes[*pair, level], tuple(found)) for level, found in levels.items())
        for pair, levels in samples.items()
    }


def spread_over_scores(substitutions: pd.DataFrame, product_listings: pd.DataFrame, per_level: int) -> pd.DataFrame:
    """The chosen rows with ``company_slug`` (sells the product), ``target_company_slug`` (sells the substitute) and
    ``size``, the number of the pair's rows of that level; best score first.

    A row belongs to every company that sells its product. Of a product's rows on one level only the best is chosen, so
    that the samples tell of different products, from the best of these rows to the lowest.
    """
    # In numbers that sort as the texts do: a night has millions of rows, and texts sort slowly and take their memory.
    number = {
        name: substitutions[name].astype("category").cat for name in ("product_id", "substitute_id", "company_slug")
    }
    products = number["product_id"].categories
    rows = pd.DataFrame(
        {
            "row": np.arange(len(substitutions)),
            "product": number["product_id"].codes.to_numpy(),
            "substitute": number["substitute_id"].codes.to_numpy(),
            "target": number["company_slug"].codes.to_numpy(),
            "level": substitutions["level"].to_numpy(np.int8),
            "score": substitutions["score"].to_numpy(np.float64),
        }
    )
    sells = product_listings[["company_slug", "product_id"]].drop_duplicates()
    sells = sells.assign(product=products.get_indexer(sells["product_id"]))[["company_slug", "product"]]
    rows = rows.merge(sells.astype({"company_slug": "category"}), on="product")
    group = ["company_slug", "target", "level"]
    rows = rows.sort_values([*group, "score", "product", "substitute"], ascending=[True] * 3 + [False, True, True])
    rows["size"] = rows.groupby(group, observed=True)["score"].transform("size")
    rows = rows.drop_duplicates([*group, "product"])
    grouped = rows.groupby(group, observed=True)
    place = grouped.cumcount().to_numpy()
    steps, last = per_level - 1, np.maximum(grouped["score"].transform("size").to_numpy() - 1, 1)
    rows = rows[(place == 0) | (place * steps // last != (place - 1) * steps // last)]
    chosen = substitutions.iloc[rows["row"]].rename(columns={"company_slug": "target_company_slug"})
    return chosen.assign(company_slug=rows["company_slug"].astype("str").to_numpy(), size=rows["size"].to_numpy())


def cheapest_listings(
    listings: pd.DataFrame, product_listings: pd.DataFrame, chosen: pd.DataFrame
) -> dict[tuple[str, str], ShownListing]:
    """(company, product) -> its cheapest listing there, for both sides of the chosen rows."""
    keys = ["company_slug", "sku"]
    columns = ["company_slug", "product_id", "name", "brand", "size_text", "total", "unit", "price", "currency"]
    listed = product_listings[[*keys, "product_id"]]
    listed = listed[listed["product_id"].isin({*chosen["product_id"], *chosen["substitute_id"]})]
    cheapest = listings.merge(listed, on=keys).sort_values(["price", *keys], na_position="last")
    cheapest = cheapest.drop_duplicates(["company_slug", "product_id"])
    return {
        (company, product): ShownListing(
            name, _text(brand), _text(size_text) or _size(total, unit), _price(price, currency)
        )
        for company, product, name, brand, size_text, total, unit, price, currency in _rows(cheapest[columns])
    }


def _rows(frame: pd.DataFrame) -> Iterator[tuple]:
    """Plain tuples, column by column: ``itertuples`` of a text column takes ten times as long."""
    return zip(*(frame[name].tolist() for name in frame), strict=True)


def _size(total: float, unit: Any) -> str | None:
    return f"{total:g} {unit}" if total == total and _text(unit) else None


def _price(price: float, currency: Any) -> str | None:
    return f"{_text(currency) or ''} {price:,.2f}".strip() if price == price else None


def unit_price_in_words(ratio: float) -> str | None:
    """
    >>> unit_price_in_words(0.88), unit_price_in_words(1.5), unit_price_in_words(1.001)
    ('12 % cheaper a unit', '50 % dearer a unit', 'the same a unit')
    """
    if ratio != ratio or ratio <= 0:
        return None
    if ratio >= 3:
        return f"{ratio:,.1f} times as dear a unit"
    change = round((ratio - 1) * 100)
    if change == 0:
        return "the same a unit"
    return f"{abs(change)} % {'dearer' if change > 0 else 'cheaper'} a unit"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
