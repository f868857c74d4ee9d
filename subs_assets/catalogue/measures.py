"""Finding measures ("330 ml", "6 x 330 ml") and counts ("12 Rolls", "2er Pack") in one text; what they add up to
is ``size.py``'s business.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_UNIT_TABLE = {
    "g": ("g", 1.0, "g gr gm gms gram grams gramm"),
    "kg": ("g", 1000.0, "kg kgs kilo kilos kilogram kilograms kilogramm"),
    "mg": ("g", 0.001, "mg"),
    "dag": ("g", 10.0, "dag dkg deka"),
    "oz": ("g", 28.349523125, "oz ounce ounces"),
    "lb": ("g", 453.59237, "lb lbs pound pounds"),
    "ml": ("ml", 1.0, "ml mls millilitre millilitres milliliter"),
    "cl": ("ml", 10.0, "cl"),
    "dl": ("ml", 100.0, "dl"),
    "l": ("ml", 1000.0, "l lt ltr ltrs litre litres liter liters"),
    "fl oz": ("ml", 29.5735295625, "floz fl.oz fl.oz. fl\\s?oz"),
    "m": ("m", 1.0, "m mtr metre metres meter meters"),
    "cm": ("m", 0.01, "cm"),
    "mm": ("m", 0.001, "mm"),
    "m2": ("m2", 1.0, "m2 m² sqm qm sq\\s?m"),
}
"""Canonical unit, factor to it, and the spellings. Ounce and pound are the avoirdupois ones, fluid ounce the US
one.
"""

UNITS = {spelling: (unit, factor) for unit, factor, spellings in _UNIT_TABLE.values() for spelling in spellings.split()}
DIMENSIONS = {"g": "mass", "ml": "volume", "m": "length", "m2": "area", "each": "count"}

PACK_WORDS = "pack packs pk pkt packet packets multipack multi-pack mehrfachpack er set sets"
"""A number before one of these counts what is packed together."""

PIECE_WORDS = (
    "each ea eachunit unit units piece pieces pc pcs pce roll rolls sheet sheets wipe wipes tablet tablets tabs "
    "capsule capsules caps pod pods "
    "teabags bags sachet sachets stick sticks slice slices bars bottles cans nappies pants pads liners tissues eggs "
    "bunch bunches punnet serves doses lozenges gummies softgels sheet patties sausages rashers fillets portions cups "
    "stück stueck stk stck st paar rolle rollen blatt tücher tabletten kapseln beutel teebeutel portionen scheiben "
    "riegel dosen flaschen windeln eier wg wl waschgänge waschladungen"
)
"""A number before one of these counts pieces; "101 Can 375ml" is a bourbon called 101, so some singulars are not
here. "wg", "wl": washes of a detergent, as the Austrian files write it.
"""

SMALLEST_NUMBER, LARGEST_NUMBER = 1e-6, 1e9
"""Of amounts in texts and in stated unit prices, whatever their unit."""

NOT_SIZES_IN_NAMES = frozenset({"mg", "cm", "mm"})
"""In a name these say how strong or how long a thing is ("Magnesium 400 mg", "Frypan 28 cm"), not how much of it
one buys.
"""


@dataclass(frozen=True)
class Measure:
    """A physical quantity as written: ``count`` x ``quantity`` ``unit``; ``count`` is null where the text does not
    multiply.
    """

    quantity: float
    unit: str
    count: int | None
    approximate: bool
    span: tuple[int, int]


@dataclass(frozen=True)
class Count:
    """A number of packs or pieces as written."""

    number: float
    is_pack: bool
    approximate: bool
    span: tuple[int, int]


@dataclass(frozen=True)
class Found:
    """Everything of one text, in its order. ``by_weight``: the text says that it is sold by the kilogram."""

    measures: tuple[Measure, ...]
    counts: tuple[Count, ...]
    by_weight: bool = False

    @property
    def all(self) -> tuple[Measure | Count, ...]:
        return (*self.measures, *self.counts)


def _alternatives(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_NUMBER = r"(?:\d+(?:[.,]\d+)*|[.,]\d+)"
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_START = r"(?:(?<![\w,/%$€£#+-])(?<!\d\.)|(?<=[a-zäöüß]{4}))"  # "approx.100g" and "Berry100g", but not "B12" or "1.5"
_SEPARATOR = r"\s*[x*]\s*"
_PACKS = _alternatives(PACK_WORDS)
_CONTAINERS = rf"(?:{_PACKS}|cans?|bottles?|stk|stück)"
_MULTIPLIER = (
    rf"(?P<count>\d{{1,3}})(?:\s*{_CONTAINERS})?{_SEPARATOR}"  # "6 x", "6 cans x"
    rf"(?:(?P<count2>\d{{1,2}}){_SEPARATOR})?"  # "4 x 6 x"
)
_DIGIT = re.compile(r"\d")
_MEASURE = re.compile(
    rf"(?=[\d.,]){_START}(?:{_MULTIPLIER})?"
    rf"(?P<low>{_NUMBER})(?:\s*(?:-|–|to|bis)\s*(?P<high>{_NUMBER}))?"
    rf"\s?(?P<unit>{_UNIT})(?!(?!x\s*\d)[\w²%])(?!\s*/)\.?"  # a whole word, but for "145mlx4"
    rf"(?:{_SEPARATOR}{_NUMBER}\s?(?:m|cm|mm)\b)?"  # "150m x 30cm": what is bought is its length
    rf"(?:{_SEPARATOR}(?P<after>\d{{1,3}})(?:\s*{_CONTAINERS}\b)?(?!\s*(?:{_UNIT})\b|[\d.,]))?"  # "375 ml x 24 pack"
)
_COUNT = re.compile(
    rf"(?=\d){_START}(?P<number>\d+(?:[.,]\d+)*)"
    rf"(?:[\s-]?(?P<pack>{_PACKS})|\s?(?P<piece>{_alternatives(PIECE_WORDS)})|'s)\b\.?"
    r"(?:[\s-]?(?:pack(?:ung|s)?|set|tray|multipack))?"  # "6er-Pack", "10 piece set"
    r"|(?=[pbs])\b(?:pack|box|set|packung|packet) (?:of|mit|zu|à) (?P<of>\d{1,4})\b"
)
_APPROXIMATE = re.compile(r"(?:\bapprox(?:imately)?\b|\bca\b|\bcirca\b|\betwa\b|\bungefähr\b|~)\.?\s*$")
_AVERAGE_AFTER = re.compile(r"\s*(?:avg|average|approx|min|minimum)\b")
_NOT_CONTENT_BEFORE = re.compile(r"(?:\bper|\bpro|\bje|\bup to|\bbis(?: zu)?|\bfor|\bfür|\bholds|\+)\s*$")
_NOT_CONTENT_AFTER = re.compile(
    r"\s*(?:of\s+)?(?:protein|eiweiß|eiweiss|carbs?|sugars?|fat|fibre|fiber|salt|caffeine|cal)\b|\s*/\s*\d*\s*[a-zä]"
)
_NO_COUNT_BEFORE = re.compile(r"(?:\bgr(?:öße|oesse)?\.?|\bsize|\bnr\.?|\bno\.?|\bstage|\bstufe)\s*$")
_BY_WEIGHT = re.compile(r"^\s*(?:(?:price )?(?:per|pro|je)\s*|/\s*)?(?:1\s*)?kg\s*$|^\s*(?:per|pro|je)\s+kilo\w*\s*$")
_BY_WEIGHT_PACKAGE = re.compile(r"approx\.?\s*(?P<kilograms>\d+(?:[.,]\d+)?)\s*ea per package")
_PER_PIECE_WORDS = re.compile(r"^\s*(?:price )?(?:per )?(?:each|ea|eachunit|piece|stück|stk|bunch|punnet|unit)\.?\s*$")


def fold_size_text(text: str) -> str:
    """Case, width and the multiplication sign folded; every character keeps its place, so that spans fit the
    original.
    """
    if text.isascii():
        return text.lower()
    # A sigma's small form depends on its place, and the dotted I is the one letter whose small form is two characters.
    plain = unicodedata.normalize("NFC", text).translate(_SAME_PLACE)
    return "İ".join(part.lower() for part in plain.split("İ"))


_SAME_PLACE = str.maketrans("Σ×\u00a0’", "σx '")


@lru_cache(maxsize=2**12)
def find(text: str, is_name: bool) -> Found:
    """Measures and counts in a size field or, more carefully, in a name.

    Kept for some thousand texts: a name is asked for its size and again for the rest of it, and size fields repeat.
    Raises nothing: a text without any gives an empty ``Found``. In a name doses, lengths in centimetres, nutrients
    ("20 g protein"), percentages and weights of a baby ("8-14 kg" beside a count) are no sizes.
    """
    folded = fold_size_text(text)
    if not is_name:
        special = _whole_size_field(folded)
        if special is not None:
            return special
    if _DIGIT.search(folded) is None:
        return Found((), ())
    measures = tuple(_measures(folded, is_name))
    counts = tuple(_counts(folded, measures))
    if is_name and counts:
        measures = tuple(measure for measure in measures if not _is_range(folded, measure))
    return Found(measures, counts)


def _whole_size_field(folded: str) -> Found | None:
    by_package = _BY_WEIGHT_PACKAGE.fullmatch(folded.strip())
    if by_package:
        # A count is never approximate: here "ea" stands for kilograms, and the price is the price of one.
        grams = 1000 * parse_number(by_package["kilograms"], "kg")
        return Found((Measure(grams, "g", None, True, (0, len(folded))),), (), by_weight=True)
    if _BY_WEIGHT.match(folded) and "1" not in folded:
        return Found((Measure(1000.0, "g", None, True, (0, len(folded))),), (), by_weight=True)
    if _PER_PIECE_WORDS.match(folded):
        return Found((), (Count(1, False, False, (0, len(folded))),))
    return None


def _measures(folded: str, is_name: bool) -> list[Measure]:
    found = []
    for match in _MEASURE.finditer(folded):
        spelling = re.sub(r"\s", "", match["unit"])
        unit, factor = UNITS.get(match["unit"]) or UNITS.get(spelling) or _spaced_unit(spelling)
        if is_name and (spelling in NOT_SIZES_IN_NAMES or _is_no_content(folded, match)):
            continue
        low = parse_number(match["low"], spelling)
        high = parse_number(match["high"], spelling) if match["high"] else low
        quantity = (low + high) / 2 * factor
        if quantity <= 0:
            continue
        approximate = (
            high != low
            or _APPROXIMATE.search(folded[: match.start()]) is not None
            or _AVERAGE_AFTER.match(folded[match.end() :]) is not None
        )
        found.append(Measure(quantity, unit, _multiplier(match), approximate, match.span()))
    return found


def _spaced_unit(spelling: str) -> tuple[str, float]:
    return ("ml", 29.5735295625) if spelling.startswith("fl") else ("m2", 1.0)


def _multiplier(match: re.Match[str]) -> int | None:
    count = int(match["count"] or 0) * int(match["count2"] or 1) or int(match["after"] or 0)
    return count or None


def _is_no_content(folded: str, match: re.Match[str]) -> bool:
    return bool(
        _NOT_CONTENT_BEFORE.search(folded[: match.start()]) or _NOT_CONTENT_AFTER.match(folded[match.end("unit") :])
    )


def _is_range(folded: str, measure: Measure) -> bool:
    return re.search(r"\d\s*(?:-|–|to|bis)\s*\d", folded[slice(*measure.span)]) is not None


def _counts(folded: str, measures: tuple[Measure, ...]) -> list[Count]:
    found = []
    for match in _COUNT.finditer(folded):
        if any(start < match.end() and match.start() < end for start, end in (measure.span for measure in measures)):
            continue
        number = parse_number(match["number"] or match["of"], "each")
        if number > 0 and not _NO_COUNT_BEFORE.search(folded[: match.start()]):
            approximate = _APPROXIMATE.search(folded[: match.start()]) is not None
            found.append(Count(number, bool(match["pack"] or match["of"]), approximate, match.span()))
    return found


def parse_number(text: str, spelling: str) -> float:
    """ "1,000 g" and "1.000 g" are a thousand, "1,5 l" and "0,125 l" are decimals, "1,250 kg" is one and a quarter.

    What is no amount of anything, 400 digits for one, is 0: as a float it is infinite, and cannot be counted with.
    """
    number = _as_written(text, spelling)
    return number if SMALLEST_NUMBER <= number <= LARGEST_NUMBER else 0.0


def _as_written(text: str, spelling: str) -> float:
    if text.count(",") + text.count(".") > 1:
        last = max(text.rfind(","), text.rfind("."))
        separators = {character for character in text if character in ",."}
        if len(separators) == 2:
            return float(re.sub("[.,]", "", text[:last]) + "." + text[last + 1 :])
        return float(re.sub("[.,]", "", text))
    whole, separator, fraction = text.replace(",", ".").partition(".")
    is_small_unit = UNITS.get(spelling, ("", 1.0))[1] <= 1.0
    if not whole and is_small_unit:
        return float(fraction)  # "approx .150g": a stop, not a decimal point
    is_thousands = separator and len(fraction) == 3 and whole.strip("0") and is_small_unit
    return float(whole + fraction) if is_thousands else float(f"{whole or 0}.{fraction or 0}")
