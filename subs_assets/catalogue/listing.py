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
from subs_assets.database.frames import TEXT_DTYPE, conform, dtype_of
from subs_assets.known_texts import KnownTexts

SAID = ("name", "size_text", "price", "unit_price_text", "barcode")
"""What a listing says, beside its brand, from which the rest is worked out."""

FOUND = (
    *("core_name", "gtin", "in_store_code"),
    *("quantity", "unit", "pack_count", "total", "dimension", "approximate"),
    *("unit_price", "claims", "notes"),
)
"""What is worked out: columns of the table ``listings``, and ``notes``, a JSON array of sentences."""


def build_listings(
    company_slug: str, currency: str, accepted: Sequence[Accepted], known: KnownTexts
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(listings, listing_categories) of one company. What normalisation changes or finds at odds is added to
    ``Accepted.repairs``.
    """
    brands = resolve_brands(
        [
            Branded(listing.branded_name or listing.name, listing.brand, listing.paths[0][0] if listing.paths else "")
            for listing in accepted
        ]
    )
    display = pd.Series([brand.display for brand in brands], dtype=TEXT_DTYPE)
    raw = {field: _column(field, accepted) for field in (*SAID, "sku", "available", "url", "file", "line")}
    texts = pd.DataFrame({"brand": display, **{field: raw.pop(field) for field in SAID}})
    found = known.find(f"listings-{company_slug}", texts, _found_in)
    for listing, brand, notes in zip(accepted, brands, found.pop("notes").astype(object), strict=True):
        if brand.note is not None:
            listing.repairs.append(brand.note)
        if notes != "[]":
            listing.repairs.extend(json.loads(notes))
    keys = {brand: brand_key(brand) for brand in display.dropna().unique()}
    frame = pd.concat([texts.drop(columns=["barcode", "unit_price_text"]), found, pd.DataFrame(raw)], axis=1).assign(
        company_slug=company_slug,
        currency=currency,
        brand_key=display.map(keys),
        repairs=[_json_array(dict.fromkeys(listing.repairs)) for listing in accepted],
    )
    return conform(frame[tables.listings.columns.keys()], tables.listings), _categories(company_slug, accepted)


def _column(field: str, accepted: Sequence[Accepted]) -> pd.Series:
    dtypes = {"price": "float64", "available": "boolean", "line": "Int64"}
    return pd.Series([getattr(listing, field) for listing in accepted], dtype=dtypes.get(field, TEXT_DTYPE))


def _found_in(texts: pd.DataFrame) -> pd.DataFrame:
    """DataFrame[FOUND] of DataFrame[brand, SAID], row by row."""
    said = texts.astype(object).where(texts.notna(), None)
    rows = [_found(*row) for row in said[["brand", *SAID]].itertuples(index=False, name=None)]
    types = {column.name: dtype_of(column.type) for column in tables.listings.columns}
    return pd.DataFrame(
        {
            name: pd.Series([row[place] for row in rows], dtype=types.get(name, TEXT_DTYPE))
            for place, name in enumerate(FOUND)
        }
    )


def _found(
    brand: str | None,
    name: str,
    size_text: str | None,
    price: float | None,
    unit_price_text: str | None,
    barcode_text: str | None,
) -> tuple[object, ...]:
    barcode = read_barcode(barcode_text)
    size = read_size(size_text, name, price, unit_price_text)
    notes = [barcode.note] if barcode.note is not None else []
    if size is not None:
        notes.extend(size.notes)
        if size.by_weight and price is not None:
            notes.append("the price is that of one kilogram")
    return (
        core_name(name, brand),
        barcode.gtin,
        barcode.in_store_code,
        *((size.quantity, size.unit, size.pack_count, size.total, size.dimension) if size else (None,) * 5),
        size is not None and size.approximate,
        unit_price(price, size),
        _json_array(listing_claims(name, brand)),
        _json_array(notes),
    )


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
