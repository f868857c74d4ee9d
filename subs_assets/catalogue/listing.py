"""Accepted rows to the frames ``listings`` and ``listing_categories``: sizes, brands, claims, barcodes worked out;
nothing is refused here.
"""

import json
from collections.abc import Collection, Sequence

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.catalogue.brand import Branded, brand_key, resolve_brands
from subs_assets.catalogue.claims import find_claims
from subs_assets.catalogue.core_name import core_name
from subs_assets.catalogue.gtin import read_barcode
from subs_assets.catalogue.size import read_size, unit_price
from subs_assets.catalogue.validate import Accepted
from subs_assets.database import tables
from subs_assets.database.frames import conform


def build_listings(company_slug: str, currency: str, accepted: Sequence[Accepted]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(listings, listing_categories) of one company. What normalisation changes or finds at odds is added to
    ``Accepted.repairs``.
    """
    brands = resolve_brands(
        [
            Branded(listing.branded_name or listing.name, listing.brand, listing.paths[0][0] if listing.paths else "")
            for listing in accepted
        ]
    )
    keys = {brand.display: brand_key(brand.display) for brand in brands}
    rows = []
    for listing, brand in zip(accepted, brands, strict=True):
        barcode = read_barcode(listing.barcode)
        size = read_size(listing.size_text, listing.name, listing.price, listing.unit_price_text)
        listing.repairs.extend(note for note in (brand.note, barcode.note) if note is not None)
        if size is not None:
            listing.repairs.extend(size.notes)
            if size.by_weight and listing.price is not None:
                listing.repairs.append("the price is that of one kilogram")
        rows.append(
            (
                company_slug,
                listing.sku,
                listing.name,
                core_name(listing.name, brand.display),
                brand.display,
                keys[brand.display],
                barcode.gtin,
                barcode.in_store_code,
                listing.size_text,
                *((size.quantity, size.unit, size.pack_count, size.total, size.dimension) if size else (None,) * 5),
                size is not None and size.approximate,
                listing.price,
                currency,
                unit_price(listing.price, size),
                listing.available,
                _json_array(listing_claims(listing.name, brand.display)),
                listing.url,
                listing.file,
                listing.line,
                _json_array(dict.fromkeys(listing.repairs)),
            )
        )
    frame = pd.DataFrame(rows, columns=tables.listings.columns.keys())
    return conform(frame, tables.listings), _categories(company_slug, accepted)


def listing_claims(name: str, brand: str | None) -> list[str]:
    """The claims of a listing's own words, sorted."""
    return sorted(find_claims(f"{name} | {brand}" if brand else name))


def _categories(company_slug: str, accepted: Sequence[Accepted]) -> pd.DataFrame:
    encoded: dict[tuple[str, ...], str] = {}
    rows = []
    for listing in accepted:
        for position, path in enumerate(listing.paths or ((),)):
            if path not in encoded:
                encoded[path] = category_path.encode(path)
            ids = listing.category_ids[position] if listing.paths else None
            rows.append((company_slug, listing.sku, position, encoded[path], None if ids is None else _json_array(ids)))
    return conform(pd.DataFrame(rows, columns=tables.listing_categories.columns.keys()), tables.listing_categories)


def _json_array(items: Collection[str | None]) -> str:
    return _JSON.encode(list(items)) if items else "[]"


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
