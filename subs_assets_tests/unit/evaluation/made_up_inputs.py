"""Two made-up shops that sell much the same under other category names; no expectation lives here."""

from pathlib import Path

import pandas as pd

from subs_assets.database import tables
from subs_assets.evaluation.mapping_run import MappingInputs, MappingRun, Shelving
from subs_assets.model.trained import shipped_model
from subs_assets_tests.small_shops import equivalences, item, path, shops, store_in

SHELVES = {
    "crunchy muesli": ("Pantry > Muesli", "Breakfast > Cereal"),
    "peanut spread": ("Pantry > Spreads", "Breakfast > Toppings"),
    "fruit juice": ("Drinks > Juice", "Cold > Juices"),
    "mineral water": ("Drinks > Water", "Cold > Waters"),
    "dog biscuit": ("Pets > Dogs", "Animals > Canine"),
}
"""Thing -> its shelf in the shop "left" and in the shop "right"."""

TASTES = ["swiss", "toasted", "honey", "cinnamon", "almond", "coconut", "maple", "ginger"]


def inputs_of(items: list[dict[str, object]], folder: Path) -> MappingInputs:
    shop = shops(items)
    return MappingInputs(
        shop.listings, shop.listing_categories, shop.product_listings, shop.categories, store_in(folder),
        shipped_model(),
    )  # fmt: skip


def two_shops(folder: Path) -> MappingInputs:
    """Every first taste of a shelf is one product of both shops, the others are only alike."""
    items: list[dict[str, object]] = []
    for thing, shelves in SHELVES.items():
        for company, shelf in zip(("left", "right"), shelves, strict=True):
            for taste in TASTES:
                brand = "Uncle" if taste == "swiss" else company
                size = (500.0, "g") if taste == "swiss" or company == "left" else (750.0, "g")
                name = f"{thing} {taste}"
                gtin = f"{len(items):014}" if company == "left" else None
                items.append(item(company, f"{thing}-{taste}", name, shelf, brand=brand, size=size, gtin=gtin))
    return inputs_of(items, folder)


def run_of(*rows: tuple[str, ...], facets: tuple[tuple[str, str, str], ...] = ()) -> MappingRun:
    """A run that found these mappings, written as for ``small_shops.equivalences``, and these facets: (company,
    category, kind)."""
    known = [(company, path(category), kind, None, "made up") for company, category, kind in facets]
    shelving = Shelving(
        pd.DataFrame(known, columns=tables.category_facets.columns.keys()),
        pd.DataFrame(columns=tables.listing_shelves.columns.keys()),
    )
    return MappingRun(equivalences(*rows), shelving)  # type: ignore[arg-type]
