"""Whether a raw listing is accepted, accepted with noted repairs, or set aside; what its texts mean is worked out
afterwards.
"""

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

from subs_assets.catalogue.mapping import RawListing, RawPath
from subs_assets.catalogue.readers import BadRow
from subs_assets.catalogue.source import Source
from subs_assets.catalogue.text import clean, is_valid_text, storable

LONGEST_TEXT = 1_000
"""Characters; the longest real name has 146. More is a description or another row's remains in the wrong field."""

LONGEST_URL = 4_000
"""Characters; browsers and servers agree on some 2,000."""

LONGEST_PRICE = 100
"""Characters; a longer text is not looked at, since the time that takes grows with its square."""

DEEPEST_PATH = 20
"""Levels of a category path; the deepest real tree has four."""

VALUE_SHOWN = 200
"""Characters of an offending value that are kept."""

_TRUE = frozenset({"true", "1", "1.0", "yes", "y", "ja", "in stock", "available", "verfügbar"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FALSE = frozenset(
    {"false", "0", "0.0", "no", "n", "nein", "out of stock", "unavailable", "sold out", "nicht verfügbar"}
)
_PRICE = re.compile(
    r"(?:[A-Za-z]{1,3}|[^\w\s.,-])?\s*(?P<number>-?\s*\d[\d.,' ]*|-?[.,]\d+)(?:-|\s*(?:[A-Za-z]{1,3}|[^\w\s]))?\s*"
)


@dataclass(slots=True)
class Accepted:
    """A listing whose values are of their types; ``repairs`` are sentences about what was changed."""

    file: str
    line: int
    sku: str
    name: str
    brand: str | None
    branded_name: str | None
    barcode: str | None
    size_text: str | None
    price: float | None
    unit_price_text: str | None
    available: bool | None
    url: str | None
    paths: tuple[tuple[str, ...], ...]
    category_ids: tuple[tuple[str | None, ...] | None, ...]
    repairs: list[str] = field(default_factory=list)


class _SetAside(Exception):
    def __init__(self, field: str, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.value = value
        self.reason = reason


class Validator:
    """Checks the rows of one source, one at a time; remembers nothing but which category paths it has cleaned
    before.
    """

    def __init__(self, source: Source) -> None:
        self._highest_price = source.highest_price
        self._no_category = source.no_category
        self._paths: dict[RawPath, tuple[tuple[str, ...], tuple[str | None, ...] | None, tuple[str, ...]]] = {}

    def __call__(self, file: str, line: int, raw: RawListing) -> Accepted | BadRow:
        """The listing, or the first reason why its row is set aside."""
        repairs: list[str] = []
        try:
            sku = _text("sku", raw.sku, repairs)
            if sku is None:
                raise _SetAside("sku", raw.sku, "is missing")
            name = _text("name", raw.name, repairs)
            if name is None:
                raise _SetAside("name", raw.name, "is missing")
            price = self._price(raw.price, repairs)
            paths, ids = self._categories(raw.paths, repairs)
            return Accepted(
                file=file,
                line=line,
                sku=sku,
                name=name,
                brand=_text("brand", raw.brand, repairs),
                branded_name=_text("branded_name", raw.branded_name, repairs),
                barcode=_text("barcode", raw.barcode, repairs),
                size_text=_text("size", raw.size, repairs),
                price=price,
                unit_price_text=_text("unit_price", raw.unit_price, repairs),
                available=_available(raw.available, repairs),
                url=_web_address(_text("url", raw.url, repairs), repairs),
                paths=paths,
                category_ids=ids,
                repairs=repairs,
            )
        except _SetAside as problem:
            return BadRow(line, problem.field, shown(problem.value), problem.reason)

    def _price(self, value: Any, repairs: list[str]) -> float | None:
        if value is None or value == "":
            return None
        price = parse_price(value)
        if price is None:
            raise _SetAside("price", value, "is no number")
        if price < 0:
            raise _SetAside("price", value, "is negative")
        if price > self._highest_price:
            raise _SetAside(
                "price", value, f"is above {self._highest_price:,.0f}; if it is right, set highest_price in source.yaml"
            )
        if price == 0:
            repairs.append("price 0 was taken for no price")
            return None
        return price

    def _categories(
        self, raw_paths: tuple[RawPath, ...], repairs: list[str]
    ) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str | None, ...] | None, ...]]:
        """The cleaned paths without repetition, in their order, and the company's ids of each."""
        found: dict[tuple[str, ...], tuple[str | None, ...] | None] = {}
        for raw in raw_paths:
            names, ids, notes = self._path(raw)
            repairs.extend(note for note in notes if note not in repairs)
            if names:
                found.setdefault(names, ids)
        return tuple(found), tuple(found.values())

    def _path(self, raw: RawPath) -> tuple[tuple[str, ...], tuple[str | None, ...] | None, tuple[str, ...]]:
        try:
            known = self._paths.get(raw)
        except TypeError:  # a list or an object among the names
            raise _SetAside("categories", raw.names, "a category's name is no text") from None
        if known is None:
            known = self._paths[raw] = self._clean_path(raw)
        return known

    def _clean_path(self, raw: RawPath) -> tuple[tuple[str, ...], tuple[str | None, ...] | None, tuple[str, ...]]:
        if len(raw.names) > DEEPEST_PATH:
            raise _SetAside(
                "categories", raw.names, f"a category path has {len(raw.names)} levels; {DEEPEST_PATH} are possible"
            )
        names: list[str] = []
        ids: list[str | None] = []
        notes: list[str] = []
        for index, raw_name in enumerate(raw.names):
            name = _text("categories", raw_name, notes)
            if name is None or name in self._no_category:
                continue
            names.append(name)
            raw_id = raw.ids[index] if raw.ids else None
            ids.append(None if raw_id is None else str(raw_id))
        return tuple(names), tuple(ids) if raw.ids and any(ids) else None, tuple(notes)


def parse_price(value: Any) -> float | None:
    """A price as number or text ("$3.99", "3,99 €", "1.234,50"); None where it is no finite number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    if not isinstance(value, str) or len(value) > LONGEST_PRICE:
        return None
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    match = _PRICE.fullmatch(value.strip())
    if match is None:
        return None
    try:
        return float(_decimal_point(re.sub(r"[\s']", "", match["number"])))
    except ValueError:
        return None


def _decimal_point(number: str) -> str:
    """The last of two kinds of separators is the decimal one; a lone comma before three digits separates
    thousands.
    """
    comma, point = number.rfind(","), number.rfind(".")
    if comma >= 0 and point >= 0:
        thousands, decimal = (",", ".") if point > comma else (".", ",")
        return number.replace(thousands, "").replace(decimal, ".")
    if comma >= 0:
        is_thousands = re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+", number) is not None
        return number.replace(",", "" if is_thousands else ".")
    return number


def shown(value: Any) -> str | None:
    """An offending value as short text that any file and database can hold."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = storable(text[: VALUE_SHOWN + 1])
    return text if len(text) <= VALUE_SHOWN else text[: VALUE_SHOWN - 1] + "…"


def _text(field_name: str, value: Any, repairs: list[str]) -> str | None:
    """The cleaned text; numbers become text, blank becomes None. Raises where the value is no text at all."""
    if value is None:
        return None
    if not isinstance(value, str):
        value = _number_as_text(field_name, value)
    if not is_valid_text(value):
        raise _SetAside(field_name, value, "is not UTF-8")
    longest = LONGEST_URL if field_name == "url" else LONGEST_TEXT
    if len(value) > longest:
        raise _SetAside(field_name, value, f"has {len(value):,} characters; {longest:,} are possible")
    text, notes = clean(value)
    if notes:
        repairs.extend(f"{field_name}: {note}" for note in notes)
    return text or None


def _web_address(url: str | None, repairs: list[str]) -> str | None:
    """A link of another scheme than the web's, ``javascript:`` first of all, is none: whoever shows it makes it one to
    click on."""
    if url is not None and _SCHEME.match(url) and not url.casefold().startswith(("http://", "https://")):
        repairs.append(f'url "{shown(url)}" does not lead to the web')
        return None
    return url


def _number_as_text(field_name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _SetAside(field_name, value, "is no text")
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(int(value)) if value == int(value) else repr(value)


def _available(value: Any, repairs: list[str]) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    folded = str(value).strip().casefold()
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    if folded:
        repairs.append(f'available "{shown(value)}" was not understood')
    return None
