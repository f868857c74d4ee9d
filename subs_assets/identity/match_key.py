"""The normalised key of brand, name and size under which two companies' listings are one product; nothing is joined."""

import re
import unicodedata
from typing import NamedTuple

WORDS_WITHOUT_IDENTITY = frozenset(
    {
        # Joining words, which one company writes and the other leaves out.
        *("and", "with", "the", "in", "of", "for", "a", "und", "mit", "der", "die", "das"),
        # What it is packed in, which the size says too, and a word that some add to every taste. Read off the 135
        # products that Coles and IGA share by GTIN (docs/identity.md); dropping them made no wrong pair there.
        *("pack", "multipack", "sharepack", "share", "bag", "block", "bar", "single", "roll"),
        *("flavour", "flavoured", "flavor", "flavored"),
    }
)

_APOSTROPHES_AND_DOTS = str.maketrans("", "", "'’‘`´.")


class MatchKey(NamedTuple):
    """The pack count is no part of it: "6 x 330 ml" of one company is the "1.98 l" of another."""

    brand: str
    words: frozenset[str]
    total: float
    unit: str

    def readable(self) -> str:
        return f"{self.brand}, {' '.join(sorted(self.words))}, {self.total:g} {self.unit}"


def match_key(brand_key: str | None, core_name: str, total: float | None, unit: str | None) -> MatchKey | None:
    """The key, or None where brand or size is unknown: "Bananas" of two companies are substitutes, not one trade item.

    A name that is nothing but the brand has no key either: every product of that brand would share it.
    """
    if brand_key is None or total is None or unit is None:
        return None
    brand = _singular(brand_key)
    name_words = words(core_name) - {brand} - WORDS_WITHOUT_IDENTITY
    return MatchKey(brand, name_words, _rounded(total), unit) if name_words else None


def words(text: str) -> frozenset[str]:
    """Folded words without order: case, accents, apostrophes and a plural's s are gone ("Arnott's" is "arnott")."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_APOSTROPHES_AND_DOTS))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return frozenset(_singular(word) for word in re.findall(r"[^\W_]+%?", plain))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _rounded(total: float) -> float:
    """Three significant digits: 453.6 g is 454 g, and 375 ml stays apart from 380 ml."""
    return float(f"{total:.3g}")
