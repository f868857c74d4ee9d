"""Figures as a shopper reads them."""

from dataclasses import dataclass
from datetime import UTC, datetime

UNIT_PRICE_UNITS = {"g": "kg", "ml": "l", "m": "m", "m2": "m²", "each": "piece"}
"""What the column ``unit_price`` is of, by ``unit``."""

UNITS_SHOWN = {"m2": "m²"}
LARGER_UNITS = {"g": "kg", "ml": "l"}
"""Of a thousand."""

NEARLY_SAME = 0.005
NEARLY_ONE_PACK = 0.05


def percent(share: float | None) -> str:
    """
    >>> percent(0.834), percent(0.002), percent(0.997), percent(1.0), percent(None)
    ('83 %', '<1 %', '>99 %', '100 %', '–')
    """
    if share is None:
        return "–"
    if 0.995 <= share < 1:
        return ">99 %"
    return "<1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")


def counted(count: int, what: str) -> str:
    """
    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Pages:
    """Where a page of a list stands: ``said``, and the offsets of the pages beside it, None where there is none."""

    said: str
    before: int | None
    after: int | None


def pages(total: int, at_once: int, offset: int) -> Pages:
    """
    >>> pages(257, 50, 50), pages(3, 50, 0)
    (Pages(said='51 to 100 of 257', before=0, after=100), Pages(said='', before=None, after=None))
    >>> pages(3, 50, 100)
    Pages(said='', before=0, after=None)
    """
    end = min(offset + at_once, total)
    said = f"{offset + 1:,} to {end:,} of {total:,}" if offset < total and total > at_once else ""
    before = max(0, min(offset, total) - at_once) if offset else None
    return Pages(said, before, end if end < total else None)


def amount(price: float | None, currency: str | None) -> str:
    """
    >>> amount(1234.5, "AUD"), amount(None, "AUD")
    ('1,234.50 AUD', '')
    """
    return "" if price is None else f"{price:,.2f} {currency or ''}".rstrip()


def unit_price(price: float | None, currency: str | None, unit: str | None) -> str:
    """
    >>> unit_price(11.0, "AUD", "g")
    '11.00 AUD per kg'
    """
    per = UNIT_PRICE_UNITS.get(unit or "")
    return f"{amount(price, currency)} per {per}" if price is not None and per else ""


def size(size_text: str | None, total: float | None, unit: str | None) -> str:
    """As the company writes it, else as it was understood, which may be from the name.

    >>> size("2 x 1L", 2000.0, "ml"), size(None, 750.0, "ml"), size(None, 1500.0, "g"), size(None, 12.0, "each")
    ('2 x 1L', '750 ml', '1.5 kg', '12 pieces')
    >>> size(None, None, None)
    'size unknown'
    """
    return size_text or measure(total, unit) or "size unknown"


def measure(total: float | None, unit: str | None) -> str:
    """
    >>> measure(470.0, "g"), measure(1980.0, "ml"), measure(1.0, "each"), measure(None, "g")
    ('470 g', '1.98 l', '1 piece', '')
    """
    if total is None or unit is None:
        return ""
    if unit == "each":
        return f"{total:g} piece{'' if total == 1 else 's'}"
    if total >= 1000 and unit in LARGER_UNITS:
        return f"{total / 1000:.4g} {LARGER_UNITS[unit]}"
    return f"{total:.4g} {UNITS_SHOWN.get(unit, unit)}"


def score(probability: float, beside: float) -> str:
    """With so many digits that it does not read like another that is to be told from it.

    >>> score(0.9089, 0.91), score(0.957, 0.91), score(0.90999, 0.91), score(0.91, 0.91)
    ('0.909', '0.96', '0.90999', '0.91')
    """
    told = (f"{probability:.{digits}f}" for digits in range(2, 7))
    return next((one for one in told if float(one) != round(beside, 6) or probability == beside), f"{probability}")


def packs(pack_ratio: float | None) -> str:
    """How many of the substitute make up one product; nothing where it is one for one.

    >>> packs(2.0), packs(0.5), packs(1.04), packs(1.7857), packs(0.25), packs(None)
    ('2 of these', 'half of one', '', '1.8 of these', '0.25 of one', '')
    """
    if pack_ratio is None or abs(pack_ratio - 1) < NEARLY_ONE_PACK:
        return ""
    if abs(pack_ratio - 0.5) < NEARLY_SAME:
        return "half of one"
    return f"{pack_ratio:.2g} of one" if pack_ratio < 1 else f"{round(pack_ratio, 1):g} of these"


def price_difference(unit_price_ratio: float | None, unit: str | None) -> str:
    """By unit price, against the product's cheapest listing.

    >>> price_difference(0.88, "g"), price_difference(1.5, None), price_difference(1.0, "ml")
    ('12 % cheaper per kg', '50 % dearer', 'the same price per l')
    >>> price_difference(None, "g")
    ''
    """
    if unit_price_ratio is None:
        return ""
    per = f" per {UNIT_PRICE_UNITS[unit]}" if unit in UNIT_PRICE_UNITS else ""
    if abs(unit_price_ratio - 1) < NEARLY_SAME:
        return f"the same price{per}"
    kind = "cheaper" if unit_price_ratio < 1 else "dearer"
    return f"{abs(unit_price_ratio - 1):.0%} {kind}".replace("%", " %") + per


def day(at: str) -> str:
    """
    >>> day("2026-11-25T03:41:07.000000+00:00")
    '2026-11-25 03:41 UTC'
    """
    return f"{at[:10]} {at[11:16]} UTC"


def ago(at: str, now: datetime | None = None) -> str:
    """
    >>> ago("2026-11-25T03:00:00+00:00", datetime(2026, 11, 26, 9, tzinfo=UTC))
    '30 hours ago'
    """
    seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(at)).total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit} ago"
    return "just now"
