"""How much one listing holds: quantity, unit, pack count and total, from its size field, its name and, if given,
its stated unit price.
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from subs_assets.catalogue.measures import DIMENSIONS, UNITS, Found, Measure, find, fold_size_text, parse_number

SAME_AMOUNT = 0.03
"""Two amounts this close are one: labels round (0.33 l x 6 = 2 l; 454 g and 1 lb), and a unit price is rounded to
a cent.
"""

STATED_AMOUNT = 0.06
"""How far price / stated unit price may lie from the amount: "$0.47 each" of $5.60 gives 11.9 pieces."""

STATED_DISAGREES = 0.15
"""From here on a stated unit price contradicts the texts; below, it is rounded, or the price has changed since."""

COUNTED_EXACTLY = 12
"""Up to this many pieces a unit price in cents tells the number; beyond, it is approximate."""

DRINK_CONTAINERS_ML = frozenset(
    {200, 250, 275, 300, 320, 330, 345, 350, 355, 375, 400, 440, 473, 500, 568, 600, 750, 1000, 1250, 1500, 2000}
)
""" "10 Pack 375ml" is ten cans, "4 Pack 475ml" four ice creams that hold 475 ml together. The bottles and cans that
drinks are sold in.
"""

CAPACITY_WORDS = re.compile(
    r"\b(?:bags?|liners?|containers?|kettle|bin|box(?:es)?|beutel|säcke?|\w+beutel|\w+s[aä]cke?|behälter|kanne|topf)\b"
)
"""With a count in the size field, the litres in such a name are what the thing can hold: "Gefrierbeutel 1 l 20
Stück".
"""

MAXIMUM_COUNT = 10_000
MAXIMUM_AMOUNT = {"g": 100_000.0, "ml": 200_000.0, "m": 5_000.0, "m2": 5_000.0, "each": 10_000.0}
"""A total beyond this (100 kg, 200 l ...) is a misreading or a mistake; the size is then unknown."""


@dataclass(frozen=True)
class Size:
    """``total = quantity x pack_count`` in ``unit`` (g, ml, m, m2, each).

    ``by_weight``: the price is that of one kilogram, whatever the piece weighs. ``notes`` are sentences about
    contradictions.
    """

    quantity: float
    unit: str
    pack_count: int = 1
    approximate: bool = False
    by_weight: bool = False
    notes: tuple[str, ...] = ()

    @cached_property
    def total(self) -> float:
        return round(self.quantity * self.pack_count, 3)

    @property
    def dimension(self) -> str:
        return DIMENSIONS[self.unit]


@dataclass(frozen=True)
class StatedUnitPrice:
    """A company's own unit price: ``amount`` of money for ``per`` ``unit``."""

    amount: float
    per: float
    unit: str


def read_size(
    size_text: str | None, name: str, price: float | None = None, stated_unit_price: str | None = None
) -> Size | None:
    """The size of a listing, or None where neither the size field nor the name tells it.

    Which wins, where they disagree: the size field says how much it is in all, the name how that is divided ("12 x
    85 g" beside 85 g excepted: there the field means one piece). A size field that only counts ("4 pack", "1 Each")
    gives way to a measure in the name. A stated unit price decides between two readings, and tells how many pieces
    are in a pack that is merely sold "each". What lost is kept as a note.
    """
    field = find(size_text, is_name=False) if size_text else Found((), ())
    title = find(name, is_name=True)
    stated_total = _stated_total(price, stated_unit_price)
    size = _combine(field, title, name, stated_total)
    if size is None:
        return None
    if _is_sold_by_weight(size, price, stated_unit_price):
        size = replace(size, by_weight=True, approximate=True)
    elif stated_total is not None:
        size = _compare_with_stated(size, stated_total)
    if size.total > MAXIMUM_AMOUNT[size.unit] or not 1 <= size.pack_count <= MAXIMUM_COUNT:
        return None
    quantity = round(size.quantity, 6)
    return size if quantity == size.quantity else replace(size, quantity=quantity)


def unit_price(price: float | None, size: Size | None) -> float | None:
    """Price per kilogram, litre, metre, square metre or piece; null where price or size is unknown."""
    if price is None or size is None or size.total <= 0:
        return None
    if size.by_weight:
        return round(price, 4)
    base = 1000.0 if size.unit in ("g", "ml") else 1.0
    return round(price / size.total * base, 4)


def parse_unit_price(text: str | None) -> StatedUnitPrice | None:
    """ "$22.00 per 1 kg", "$2.18/100g", "$0.94 each", "1,99 € / 100 ml"."""
    if not text:
        return None
    match = re.search(
        r"(?P<amount>\d+(?:[.,]\d+)*)\s*(?:€|eur)?\s*(?:per|/|pro|je|\s)\s*(?P<per>\d+(?:[.,]\d+)*)?\s*(?P<unit>[a-zäöü²2]+)",
        fold_size_text(" ".join(text.split())),
    )
    if match is None:
        return None
    unit, factor = UNITS.get(match["unit"], ("each", 1.0))
    amount, per = (parse_number(number, "each") if number else 1.0 for number in (match["amount"], match["per"]))
    return StatedUnitPrice(amount, per * factor, unit) if amount > 0 and per > 0 else None


def strip_sizes(name: str) -> str:
    """The name without the measures and counts that ``read_size`` would see in it; white space is left as it
    falls.
    """
    found = find(name, is_name=True)
    folded = fold_size_text(name)
    text = name if len(folded) == len(name) else folded
    for start, end in (item.span for item in found.all):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _stated_total(price: float | None, stated_unit_price: str | None) -> StatedUnitPrice | None:
    """What the price buys according to the company's own unit price, as an amount of ``per`` ``unit`` (``amount``
    is the price).
    """
    stated = parse_unit_price(stated_unit_price)
    if stated is None or not price:
        return None
    return StatedUnitPrice(price, price / stated.amount * stated.per, stated.unit)


def _combine(field: Found, title: Found, name: str, stated: StatedUnitPrice | None) -> Size | None:
    content = _content(field)
    if content is not None:
        size = _divide(content, field, title, stated)
        return replace(size, by_weight=True) if field.by_weight else size
    named = _content(title)
    field_count = _count(field)
    if named is not None and field_count is not None and field_count > 1 and _is_capacity(named, name):
        named = None
    if named is not None:
        return _multiply(named, title, field_count, stated)
    return _counted(field, title)


def _content(found: Found) -> Measure | None:
    """The measure that says how much there is: a multiplied one before a plain one, mass and volume before length
    and area.
    """
    return min(
        found.measures,
        key=lambda measure: (measure.count is None, measure.unit not in ("g", "ml"), measure.span),
        default=None,
    )


def _count(found: Found) -> int | None:
    """The number of packs, else of pieces; a fraction is none."""
    if not found.counts:
        return None
    whole = [count for count in found.counts if count.number <= MAXIMUM_COUNT and count.number == int(count.number)]
    first = min(whole, key=lambda count: (not count.is_pack, count.span), default=None)
    return None if first is None else int(first.number)


def _is_capacity(measure: Measure, name: str) -> bool:
    return measure.count is None and measure.unit == "ml" and CAPACITY_WORDS.search(fold_size_text(name)) is not None


def _divide(content: Measure, field: Found, title: Found, stated: StatedUnitPrice | None) -> Size:
    """The size field holds a measure: its total stands, the name (or the field itself) says into how many packs it
    is divided.
    """
    named = _content(title)
    own_count = content.count
    if own_count is not None:
        size = Size(content.quantity, content.unit, own_count, content.approximate)
        return replace(size, notes=_disagreement(size, named))
    total = content.quantity
    count = _count(title) or _count(field) or 1
    multiplier = (named.count if named is not None else None) or (count if count > 1 else None)
    if multiplier and _says(stated, content.unit, total * multiplier) and not _says(stated, content.unit, total):
        note = f"the stated unit price is that of {multiplier} x {_amount(content)}"
        return Size(total, content.unit, multiplier, content.approximate, notes=(note,))
    if named is None or named.unit != content.unit:
        return _split(total, content.unit, count, content.approximate, ())
    if multiplier and _same(named.quantity * multiplier, total):
        return Size(named.quantity, content.unit, multiplier, content.approximate)
    if _same(named.quantity, total):
        if named.count:
            return _piece_or_whole(content, named, named.count, stated)
        return _split(total, content.unit, count, content.approximate, ())
    if content.approximate or named.approximate:
        return _split(total, content.unit, count, True, ())
    said = f"{named.count} x {_amount(named)}" if named.count else _amount(named)
    note = f"the name says {said}, the size field {_amount(content)}; the size field was taken"
    return _split(total, content.unit, count, content.approximate, (note,))


def _piece_or_whole(content: Measure, named: Measure, count: int, stated: StatedUnitPrice | None) -> Size:
    """ "12 x 85 g" in the name and 85 g in the size field: the field states one piece, unless the stated unit price
    says otherwise.
    """
    if _says(stated, content.unit, content.quantity):
        note = (
            f"the name says {count} x {_amount(named)}, "
            f"the size field and the stated unit price {_amount(content)} in all; they were taken"
        )
        return _split(content.quantity, content.unit, count, content.approximate, (note,))
    note = f"the name says {count} x {_amount(named)}, the size field {_amount(content)}; the name was taken"
    return Size(named.quantity, named.unit, count, content.approximate, notes=(note,))


def _multiply(named: Measure, title: Found, field_count: int | None, stated: StatedUnitPrice | None) -> Size:
    """The size field only counts, or is empty: the name's measure stands."""
    if named.count:
        size = Size(named.quantity, named.unit, named.count, named.approximate)
        if field_count in (None, 1, named.count):
            return size
        note = (
            f"the name says {named.count} x {_amount(named)}, the size field counts {field_count}; the name was taken"
        )
        return replace(size, notes=(note,))
    title_count = _count(title)
    notes: tuple[str, ...] = ()
    if title_count and field_count and title_count != field_count and field_count > 1:
        notes = (f"the name counts {title_count}, the size field {field_count}; the size field was taken",)
    count = field_count if field_count and field_count > 1 else title_count or 1
    if count > 1 and _is_of_each(named, title, count, stated):
        return Size(named.quantity, named.unit, count, named.approximate, notes=notes)
    return _split(named.quantity, named.unit, count, named.approximate, notes)


def _is_of_each(named: Measure, title: Found, count: int, stated: StatedUnitPrice | None) -> bool:
    """Whether a measure beside a count is that of one piece.

    Of 352 such Aldi names whose size field decides it, 304 give the total; the others are drinks in usual bottles
    and cans, and small tins and pots. "375ml 10 Pack", the measure first, is of each.
    """
    if stated is not None and stated.unit == named.unit:
        return abs(stated.per - named.quantity * count) < abs(stated.per - named.quantity)
    if named.unit != "ml":
        return False
    return any(item.span > named.span for item in title.counts) or named.quantity in DRINK_CONTAINERS_ML


def _counted(field: Found, title: Found) -> Size | None:
    """Neither text measures: pieces are counted."""
    field_count, title_count = _count(field), _count(title)
    if field_count is None and title_count is None:
        return None
    inner = next(
        (int(count.number) for count in title.counts if not count.is_pack and count.number == int(count.number)), None
    )
    packs = next((int(count.number) for count in title.counts if count.is_pack), None)
    if field_count in (None, 1):
        if inner and packs and inner != packs:
            return Size(float(inner), "each", packs)
        return Size(float(title_count or field_count or 1), "each")
    assert field_count is not None
    if packs and packs > 1 and packs != field_count and field_count % packs == 0:
        return Size(field_count / packs, "each", packs)
    if title_count and title_count not in (1, field_count) and field_count % title_count and title_count % field_count:
        note = f"the name counts {title_count}, the size field {field_count}; the size field was taken"
        return Size(float(field_count), "each", notes=(note,))
    return Size(float(field_count), "each")


def _compare_with_stated(size: Size, stated: StatedUnitPrice) -> Size:
    """What the price buys by the company's own unit price fills in what a mere count leaves open; else it is a
    second opinion.

    "Each" at $7.50, $0.94 each, is a pack of eight; "2.4g" that costs as much as 2.4 kg is a slip of the unit.
    """
    if size.unit == "each":
        if stated.unit == "each":
            return _count_from_stated(size, stated) if size.total == 1 else size
        note = "measured by the stated unit price"
        return _split(float(f"{stated.per:.3g}"), stated.unit, int(size.total), True, (*size.notes, note))
    if stated.unit != size.unit or abs(stated.per - size.total) <= STATED_DISAGREES * max(stated.per, size.total):
        return size
    for slip in (1000.0, 0.001):
        if abs(stated.per - size.total * slip) <= STATED_AMOUNT * stated.per:
            slipped = f"the texts say {size.total:g} {size.unit}, the stated unit price {size.total * slip:g}"
            note = f"{slipped}; the latter was taken"
            return replace(size, quantity=size.quantity * slip, notes=(*size.notes, note))
    other = f"the stated unit price is that of {stated.per:.3g} {size.unit}"
    note = f"{other}, the texts say {size.total:g}; the texts were taken"
    return replace(size, notes=(*size.notes, note))


def _count_from_stated(size: Size, stated: StatedUnitPrice) -> Size:
    pieces = round(stated.per)
    if not 1 < pieces <= MAXIMUM_COUNT or abs(stated.per - pieces) > max(STATED_AMOUNT * pieces, 0.1):
        return size
    exact = pieces <= COUNTED_EXACTLY
    return Size(float(pieces), "each", approximate=not exact, notes=("counted by the stated unit price",))


def _says(stated: StatedUnitPrice | None, unit: str, total: float) -> bool:
    return stated is not None and stated.unit == unit and abs(stated.per - total) <= STATED_AMOUNT * total


def _is_sold_by_weight(size: Size, price: float | None, stated_unit_price: str | None) -> bool:
    """The price equals the stated price of a kilogram, and yet the piece does not weigh one: bananas of "180g
    EachUnit" at "$4.50/kg".
    """
    if size.by_weight:
        return True
    stated = parse_unit_price(stated_unit_price)
    if stated is None or not price or size.unit != "g" or stated.unit != "g" or _same(size.total, 1000):
        return False
    return abs(stated.amount * 1000 / stated.per - price) < 0.005


def _split(total: float, unit: str, count: int, approximate: bool, notes: tuple[str, ...]) -> Size:
    return Size(total / count, unit, count, approximate, notes=notes)


def _disagreement(size: Size, named: Measure | None) -> tuple[str, ...]:
    if named is None or named.unit != size.unit:
        return ()
    named_total = named.quantity * (named.count or 1)
    if _same(named_total, size.total) or _same(named.quantity, size.quantity):
        return ()
    return (
        f"the name says {_amount(named)}, the size field {size.pack_count} x {size.quantity:g} {size.unit}; "
        "the size field was taken",
    )


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME_AMOUNT * max(one, other)


def _amount(measure: Measure) -> str:
    return f"{round(measure.quantity, 3):g} {measure.unit}"
