"""When two listings under one GTIN plainly describe different things; what is done about it is decided elsewhere."""

from typing import Protocol

from subs_assets.identity.words import words

LEAST_NAME_SIMILARITY = 45.0
"""rapidfuzz's token_set_ratio of brand and name, 0 to 100. Of the 135 products that Coles and IGA share by GTIN the
least alike pair has 63 ("Bicarbonate Soda", "McKenzie's Bi Carb Soda"); 95 % of random pairs lie below 45."""

LARGEST_SIZE_RATIO = 1.25
"""A label that was not updated after a pack shrank is within this; 330 ml against 6 x 330 ml is not."""

LARGEST_APPROXIMATE_SIZE_RATIO = 2.0
"""Weighed goods: "approx. 1.6 kg" of one company is the "1 kg" of another."""


class Described(Protocol):
    """What a listing says about itself."""

    @property
    def brand(self) -> str | None: ...
    @property
    def core_name(self) -> str: ...
    @property
    def quantity(self) -> float | None: ...
    @property
    def total(self) -> float | None: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def approximate(self) -> bool: ...


def contradiction(left: Described, right: Described) -> str | None:
    """Why these cannot be one trade item, as a part of a sentence; None where nothing speaks against it."""
    return _size_contradiction(left, right) or _name_contradiction(left, right)


def _size_contradiction(left: Described, right: Described) -> str | None:
    """Totals of one unit that differ; other units are no contradiction (one company counts the buns, the other weighs).

    Nor is a count of one: "each" is what a company writes that tells no size.
    """
    if left.unit is None or left.unit != right.unit or not left.total or not right.total:
        return None
    if left.unit == "each" and 1 in (left.total, right.total):
        return None
    ratio = max(left.total, right.total) / min(left.total, right.total)
    approximate = left.approximate or right.approximate
    if ratio <= (LARGEST_APPROXIMATE_SIZE_RATIO if approximate else LARGEST_SIZE_RATIO):
        return None
    return f"{left.total:g} {left.unit} against {right.total:g} {right.unit}"


def _name_contradiction(left: Described, right: Described) -> str | None:
    from rapidfuzz.fuzz import token_set_ratio

    descriptions = [" ".join(sorted(words(f"{side.brand or ''} {side.core_name}"))) for side in (left, right)]
    # Nothing to compare is no contradiction: a name may be only a brand and a size.
    if not all(descriptions) or token_set_ratio(*descriptions) >= LEAST_NAME_SIMILARITY:
        return None
    return f'"{left.core_name}" against "{right.core_name}"'
