"""What one offer comes to against the product that it would replace: per unit, and for the same amount; where no
substitution is published too, so it is worked out here."""

from collections.abc import Mapping, Sequence
from typing import Any

from subs_assets.explorer import words

Row = dict[str, Any]


def cheapest_per_unit(listings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one that unit prices are held against; None where none is known."""
    priced = [row for row in listings if row["unit_price"] is not None and row["unit"] in words.UNIT_PRICE_UNITS]
    return min(priced, key=lambda row: (row["unit_price"], row["company_slug"], row["sku"]), default=None)


def pack_ratio(product: Mapping[str, Any], offer: Mapping[str, Any]) -> float | None:
    """How many of the offer make up one product; None where they are not measured alike.

    >>> pack_ratio({"total": 500.0, "unit": "g"}, {"total": 250.0, "unit": "g"})
    2.0
    >>> pack_ratio({"total": 500.0, "unit": "g"}, {"total": 250.0, "unit": "ml"})
    """
    comparable = product["unit"] == offer["unit"] and product["total"] and offer["total"]
    return product["total"] / offer["total"] if comparable else None


def unit_price_ratio(cheapest: Mapping[str, Any] | None, offer: Mapping[str, Any]) -> float | None:
    """The offer's unit price over that of the product's cheapest listing; None where they cannot be compared."""
    measured = ("unit", "currency")
    if not cheapest or not cheapest["unit_price"] or any(cheapest[name] != offer[name] for name in measured):
        return None
    return None if offer["unit_price"] is None else offer["unit_price"] / cheapest["unit_price"]


def priced(row: Row, product: Mapping[str, Any]) -> Row:
    """The row with ``per_unit``, ``difference`` and ``instead``: how much of it makes up the product, and what that
    costs; each empty where it is not known or says nothing."""
    return {
        **row,
        "per_unit": words.unit_price(row["unit_price"], row["currency"], row["unit"]),
        "difference": words.price_difference(row["unit_price_ratio"], None),
        "instead": _instead(row, product),
    }


def _instead(row: Mapping[str, Any], product: Mapping[str, Any]) -> str:
    packs, amount = words.packs(row["pack_ratio"]), words.measure(product["total"], product["unit"])
    if not packs or not amount:
        return packs
    cost = "" if row["price"] is None else words.amount(row["price"] * row["pack_ratio"], row["currency"])
    return f"for {amount}: {', '.join(part for part in (packs, cost) if part)}"
