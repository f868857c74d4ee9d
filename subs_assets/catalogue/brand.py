"""Brands: how they are written, which are a legal entity's name, and which cannot be true; judged on all listings
of one company together.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from subs_assets.catalogue.text import fold

LEGAL_FORM = re.compile(
    r"(?:\b(?:pty\.?\s*)?(?:ltd|limited)\b|\bpty\b|\bplc\b|\bllc\b|\bincorporated\b|\binc\b|\b(?:unit|family) trust\b"
    r"|\bgmbh\b|\baktiengesellschaft\b|\b(?<=\w )ag\b|\be\.?\s?u\b(?=\.?$)|\bkg\b(?=\.?$)|\bco\.?\s*kg\b"
    r"|\bs\.?\s?p\.?\s?a\b|\bs\.?\s?r\.?\s?l\b|\bs\.\s?a\.(?:\s?u\b)?|\bs\.?a\.?u\b|\bn\.?v\b|\bb\.?v\b"
    r"|有限公司|株式会社|[（(]同[)）])\.?",
    re.IGNORECASE,
)
"""What makes a text the name of a legal entity. "Co." alone does not: "Belmont Biscuit Co." is what stands on the
packet.
"""

_TRADE_WORDS = (
    "australia australian australasia aust oceania iberica nederland thailand zealand nz international global "
    "europacific partners company co and & bros brothers group holdings foods food products product manufacturing "
    "industries enterprises laboratories services technical operations distribution solutions dips spreads fresh "
    "trading quality general personal care beverages confectionery wholesale imports basic"
)
TRADE_WORDS = frozenset(_TRADE_WORDS.split())
"""Words that end the names of firms and not those of brands; only stripped from the end, and never the first word."""

NO_BRAND = re.compile(
    r"(?:n/?a|none|null|nil|unknown|unbranded|no ?brand|generic|various|assorted|misc|other|new|fresh|tba"
    r"|keine(?: marke)?|ohne marke|unbekannt|-+|\.+)",
    re.IGNORECASE,
)
WITHHELD = re.compile(r"\bwithheld\b|\bfor privacy reasons\b|\bnot (?:disclosed|available)\b", re.IGNORECASE)
"""Fillers and sentences in the brand field. Coles files Wild Turkey under "NEW", loose vegetables under "Fresh"."""

LEADS_SHARE = 0.5
"""A company writes its brands at the start of the names when at least this share of its branded listings does so
(IGA .90, Aldi .01, Coles .001).
"""

PREFIX_KEEPS = 0.6
"""The start that names share grows by a word while it keeps this share of them: "Old El Paso" 1.0, "Cadbury Dairy"
.4.
"""

PRODUCT_WORD = 1.0
"""A word that stands in this many times as many other names than the start would have with it is what the things
are: "Sirena" + "Tuna".
"""

LONGEST_START = 5
"""Words of a brand found by a shared start: "Old El Paso", "The Natural Confectionery Co."."""

FOREIGN_LISTINGS = 10
FOREIGN_ROOTS = 4
"""A legal entity with this many listings under so many root categories, none of whose names holds a word of it, is
no brand.

In au/ that is Mondelez at Aldi (4 roots: chocolate, coffee, cordial); Kellogg, Vitasoy, Lee Kum Kee, true ones,
have at most 3.
"""

_SMALL_WORDS = "& a and by de del di du el la le les of on the to und von"
SMALL_WORDS = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True)
class Branded:
    """One listing's evidence about its brand: the name that may start with it, what the company calls its brand, and
    the first name of its category path.
    """

    name: str
    brand: str | None
    root: str = ""


@dataclass(frozen=True)
class Brand:
    """The brand as a person writes it, or null; ``note`` says what was changed and why."""

    display: str | None
    note: str | None = None


def brand_key(brand: str | None) -> str | None:
    """Casefolded letters and digits without diacritics: "Nestlé" and "NESTLE" are one; null for no brand."""
    if brand is None:
        return None
    return re.sub(r"[\W_]", "", fold(brand)) or re.sub(r"\s", "", brand.casefold()) or None


def display_form(brand: str) -> str:
    """All capitals to capitalised words ("CHEFS' CUPBOARD" -> "Chefs' Cupboard"); what has small letters stays as
    it is.

    Words of up to three letters without a vowel, and one short word alone, are taken for initials: "CSR", "DJ & A",
    "SPC".
    """
    if any(letter.islower() for letter in brand) or not any(letter.isalpha() for letter in brand):
        return brand
    words = brand.split()
    if len(words) == 1 and len(brand) <= 3:
        return brand
    return " ".join(_display_word(word, first=index == 0) for index, word in enumerate(words))


def is_legal_entity(brand: str) -> bool:
    """Whether it names a firm by its form ("Pty Ltd", "GmbH"), and so no brand."""
    return LEGAL_FORM.search(brand) is not None


def without_legal_form(entity: str) -> str:
    """The words of a legal entity's name that may be a brand: "R. Twining and Company Limited" -> "Twining"."""
    text = re.sub(r"\([^)]*\)|（[^）]*）", " ", LEGAL_FORM.sub(" ", entity))
    words = [word.strip(",.;") if len(word) > 2 else word for word in text.split()]
    while words and not words[-1].strip("&.,-"):
        words.pop()
    while len(words) > 1 and words[0].casefold() != "the" and words[-1].casefold().strip(".,") in TRADE_WORDS:
        words.pop()
    shouted = entity.upper() == entity
    while len(words) > 1 and _is_initials(words[0], shouted):
        words.pop(0)
    return " ".join(words)


def resolve_brands(listings: Sequence[Branded]) -> list[Brand]:
    """The brand of every listing of one company, in order.

    A filler, a text in a script that the company's names do not use, and a legal entity that nothing connects with
    its listings become null. Another legal entity gives way to the brand with which the name starts, else to its
    own name without legal form; a brand that is withheld gives way to such a start, else becomes null.
    """
    judge = _Judge(listings)
    return [judge.resolve(listing) for listing in listings]


class _Judge:
    """What all listings of one company say together about its brands."""

    def __init__(self, listings: Sequence[Branded]) -> None:
        by_brand: dict[str, list[Branded]] = defaultdict(list)
        for listing in listings:
            if listing.brand:
                by_brand[listing.brand].append(listing)
        self._scripts = _scripts(listing.name for listing in listings)
        self._fillers = {brand: reason for brand in by_brand if (reason := self._filler_reason(brand)) is not None}
        self._entities = {brand for brand in by_brand if brand not in self._fillers and is_legal_entity(brand)}
        self._known = self._known_brands(by_brand)
        self._names_lead = self._do_names_lead(by_brand)
        self._shared_starts: dict[str, str] = {}
        if self._names_lead:
            hidden = self._entities | {brand for brand in by_brand if WITHHELD.search(brand)}
            behind_others = [item for brand in sorted(hidden) for item in by_brand[brand]]
            self._shared_starts = self._starts(behind_others, [listing.name for listing in listings])
        self._bases = {entity: self._base(entity, by_brand[entity]) for entity in self._entities}

    def resolve(self, listing: Branded) -> Brand:
        brand = listing.brand
        if not brand:
            return Brand(None)
        if WITHHELD.search(brand) and (led := self._leading_brand(listing.name)) is not None:
            return Brand(led, f'brand "{brand}" is withheld; the name starts with "{led}"')
        if brand in self._fillers:
            return Brand(None, f'brand "{brand}" {self._fillers[brand]}; left out')
        if brand not in self._entities:
            return Brand(display_form(brand))
        led = self._leading_brand(listing.name)
        if led is not None:
            return Brand(led, f'brand "{brand}" is a legal entity; the name starts with "{led}"')
        base = self._bases[brand]
        if base is None or (self._names_lead and fold(base) not in fold(listing.name)):
            return Brand(None, f'brand "{brand}" is a legal entity that nothing connects with its listings; left out')
        return Brand(base, f'brand "{brand}" is a legal entity; "{base}" was taken')

    def _filler_reason(self, brand: str) -> str | None:
        if WITHHELD.search(brand):
            return "says that it is not told"
        if NO_BRAND.fullmatch(brand.strip()) or not any(character.isalnum() for character in brand):
            return "is a filler"
        foreign = _scripts([brand]) - self._scripts
        return f"is written in a script ({', '.join(sorted(foreign))}) that no name uses" if foreign else None

    def _known_brands(self, by_brand: dict[str, list[Branded]]) -> dict[str, str]:
        """Folded brand -> display form, of the brands that are no legal entity; the commonest spelling first."""
        known: dict[str, str] = {}
        for brand, _ in sorted(
            ((brand, len(items)) for brand, items in by_brand.items()), key=lambda item: (-item[1], item[0])
        ):
            folded = fold(brand)
            if brand not in self._fillers and brand not in self._entities and len(folded) > 1:
                known.setdefault(folded, display_form(brand))
        return known

    def _do_names_lead(self, by_brand: dict[str, list[Branded]]) -> bool:
        plain = [
            item
            for brand, items in by_brand.items()
            if brand not in self._entities | set(self._fillers)
            for item in items
        ]
        leading = sum(_starts_with(fold(item.name), fold(item.brand or "")) for item in plain)
        return bool(plain) and leading >= LEADS_SHARE * len(plain)

    def _starts(self, listings: list[Branded], all_names: Iterable[str]) -> dict[str, str]:
        """Folded first words that several names of legal entities share -> how they are mostly written.

        A start grows word by word while it keeps most of its names, and while the next word is not one that many
        other names hold.
        """
        counts: Counter[tuple[str, ...]] = Counter()
        written: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for listing in listings:
            words = listing.name.split()[:LONGEST_START]
            folded = tuple(fold(word) for word in words)
            for length in range(1, len(words) + 1):
                counts[folded[:length]] += 1
                written[folded[:length]][" ".join(words[:length])] += 1
        holding = Counter(word for name in all_names for word in set(fold(name).split()))
        following: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        for start in counts:
            following[start[:-1]].append(start)
        found = {}
        for first in following[()]:
            start = first
            while longer := self._grown(start, following[start], counts, holding):
                start = longer
            if counts[start] >= 2 and start[-1] and start[-1] not in SMALL_WORDS:
                found[" ".join(fold(" ".join(start)).split())] = display_form(_commonest(written[start]))
        return found

    @staticmethod
    def _grown(
        start: tuple[str, ...], longer: list[tuple[str, ...]], counts: Counter[tuple[str, ...]], holding: Counter[str]
    ) -> tuple[str, ...] | None:
        best = max(longer, key=lambda candidate: (counts[candidate], candidate), default=None)
        if best is None or counts[best] < PREFIX_KEEPS * counts[start]:
            return None
        elsewhere = holding[best[-1]] - counts[best]
        is_open = start[-1] in SMALL_WORDS or best[-1] in SMALL_WORDS
        return best if is_open or elsewhere < PRODUCT_WORD * counts[best] else None

    def _leading_brand(self, name: str) -> str | None:
        """The longest known brand, else the start shared with other names, with which the name begins."""
        if not self._names_lead:
            return None
        words = fold(name).split()
        for starts in (self._known, self._shared_starts):
            for length in range(min(6, len(words)), 0, -1):
                found = starts.get(" ".join(words[:length]))
                if found is not None:
                    return found
        return None

    def _base(self, entity: str, listings: list[Branded]) -> str | None:
        """The entity's name without legal form, shortened to a brand that is known; None where it cannot be true."""
        words = without_legal_form(entity).split()
        names = [f" {fold(listing.name)} " for listing in listings]
        named = Counter(word for name in names for word in set(name.split()))
        is_wide = len(listings) >= FOREIGN_LISTINGS and len({listing.root for listing in listings}) >= FOREIGN_ROOTS
        if is_wide and not any(named[fold(word)] for word in words):
            return None
        for length in range(1, len(words) + 1):
            known = self._known.get(fold(" ".join(words[:length])))
            if known is not None and len(known) > 3:
                return known
        # "Bega Cheese": the last word is what many of its products are, so it is no part of the brand; "Lee Kum
        # Kee" is written out.
        while (
            len(words) > 1 and words[-2].casefold() not in SMALL_WORDS and named[fold(words[-1])] * 10 >= len(listings)
        ):
            if any(f" {fold(' '.join(words))} " in name for name in names):
                break
            words.pop()
        return display_form(" ".join(words)) if words else None


def _display_word(word: str, first: bool) -> str:
    letters = [letter for letter in word if letter.isalpha()]
    if not first and len(letters) > 1 and word.casefold() in SMALL_WORDS:
        return word.casefold()
    if len(letters) <= 3 and not any(letter in "AEIOUYÄÖÜ" for letter in letters):
        return word
    capitalised = re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)?", lambda match: match[0][0].upper() + match[0][1:].lower(), word)
    return re.sub(r"\bMc([a-z])", lambda match: f"Mc{match[1].upper()}", capitalised)


def _is_initials(word: str, shouted: bool) -> bool:
    """ "R.", "HJ"; where everything is in capitals, only with a full stop."""
    return bool(re.fullmatch(r"(?:[A-Z]\.){1,3}" if shouted else r"(?:[A-Z]\.?){1,2}", word))


def _starts_with(folded: str, brand: str) -> bool:
    return bool(brand) and (folded == brand or folded.startswith(brand + " "))


def _commonest(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def _scripts(texts: Iterable[str]) -> set[str]:
    """Scripts by the first word of the letters' Unicode names: LATIN, CJK, CYRILLIC ..."""
    found: set[str] = set()
    for letter in filter(str.isalpha, set().union(*texts)):
        found.add(unicodedata.name(unicodedata.normalize("NFKC", letter)[0], "UNKNOWN").split()[0])
    return found - {"MICRO", "MASCULINE", "FEMININE", "MODIFIER", "OHM", "KELVIN", "ANGSTROM"}
