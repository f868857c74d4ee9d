"""Barcodes to GTIN-14; a company's own in-store codes are told apart and are no identity."""

import re
from dataclasses import dataclass

from stdnum import ean

IN_STORE_GTIN_13 = re.compile(r"0[245]|2\d|98[0-4]|99")
"""First digits of a 13-digit code that GS1 leaves to the retailer or to coupons.

02, 04, 20-29: restricted circulation (variable weight, in-store); 05, 980-984, 99: coupons and refund receipts.
GS1 General Specifications, "GS1 Prefixes".
"""

IN_STORE_GTIN_8 = re.compile(r"[02]")
"""GS1-8 prefixes 000-099 and 200-299 are for a company's internal use."""

VARIABLE_MEASURE_INDICATOR = "9"
"""A GTIN-14 that starts with 9 identifies a trade item of variable measure, not one that is sold at the till."""


@dataclass(frozen=True)
class Barcode:
    """What a barcode field holds: at most one of ``gtin`` and ``in_store_code``; ``note`` says why there is no
    GTIN.
    """

    gtin: str | None = None
    in_store_code: str | None = None
    note: str | None = None


def read_barcode(text: str | None) -> Barcode:
    """GTIN-14 of a barcode of 8, 12, 13 or 14 digits with a right check digit.

    Shorter codes are taken for numbers that lost their leading zeros only if the check digit then agrees.
    """
    if text is None:
        return Barcode()
    digits = re.sub(r"[\s-]", "", text)
    if not digits or not digits.strip("0"):
        return Barcode()
    if not digits.isascii() or not digits.isdigit():
        return Barcode(note=f'barcode "{text}" is no number; left out')
    if len(digits) > 14:
        return Barcode(note=f'barcode "{text}" has more than 14 digits; left out')
    if len(digits) < 8:
        return Barcode(in_store_code=digits)
    padded = digits.zfill(14)
    if not ean.is_valid(_shortest_form(padded)):
        return Barcode(note=f'barcode "{text}" has a wrong check digit; left out')
    if _is_in_store(padded):
        return Barcode(in_store_code=digits)
    return Barcode(gtin=padded)


def _shortest_form(gtin_14: str) -> str:
    """The 8, 13 or 14 digits that a GTIN-14 with leading zeros stands for."""
    if gtin_14.startswith("000000"):
        return gtin_14[6:]
    return gtin_14[1:] if gtin_14.startswith("0") else gtin_14


def _is_in_store(gtin_14: str) -> bool:
    shortest = _shortest_form(gtin_14)
    if len(shortest) == 8:
        return IN_STORE_GTIN_8.match(shortest) is not None
    if len(shortest) == 14 and shortest.startswith(VARIABLE_MEASURE_INDICATOR):
        return True
    return IN_STORE_GTIN_13.match(gtin_14[1:]) is not None
