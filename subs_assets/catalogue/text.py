"""Repairing text that a person shall read: mojibake, HTML, control characters, white space; what it means is
decided elsewhere.
"""

import html
import re
import unicodedata

MOJIBAKE = "mojibake was repaired"
HTML = "HTML was removed"
CONTROL = "control characters were removed"
LOST = "a letter is lost (U+FFFD)"

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>|<!--.*?-->")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
_SPECIAL = re.compile(r"[<&\x00-\x1f\x7f-\x9f\u00ad\u00a0\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff\ufff9-\ufffd]")
_PUNCTUATION = re.compile(r"[^\w%&+]|_")
_APOSTROPHES = frozenset("'’")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NO_SPACE = re.compile(r"[^\S ]")


def is_valid_text(text: str) -> bool:
    """False for lone surrogates, which no UTF-8 file, no database and no terminal can hold."""
    return text.isascii() or _SURROGATE.search(text) is None


def storable(text: str) -> str:
    """The text with lone surrogates and NUL written out, so that any file, database and terminal can hold it."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8").replace("\0", "\\0")


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The repaired text and what was repaired; trimming, single spaces and Unicode composition (NFC) go without
    saying.
    """
    notes: tuple[str, ...] = ()
    if not text.isascii():
        from ftfy import fix_encoding
        from ftfy.badness import is_bad

        if is_bad(text):
            fixed = fix_encoding(text)
            if fixed != text:
                text, notes = fixed, (MOJIBAKE,)
        text = unicodedata.normalize("NFC", text)
    if _SPECIAL.search(text):
        text, more = _without_markup(text)
        notes += more
    if "  " in text or _NO_SPACE.search(text):
        text = " ".join(text.split())
    return text.strip(), notes


def _without_markup(text: str) -> tuple[str, tuple[str, ...]]:
    notes = []
    plain = text
    for _ in range(2):  # "&amp;#039;" was escaped twice
        plain = _TAG.sub(" ", _ENTITY.sub(lambda match: html.unescape(match[0]), plain))
    if plain != text:
        notes.append(HTML)
    visible = _INVISIBLE.sub("", plain)
    if visible != plain:
        notes.append(CONTROL)
    if "\ufffd" in visible:
        notes.append(LOST)
    return visible, tuple(notes)


def fold(text: str) -> str:
    """For comparison: case and diacritics folded, punctuation to spaces, one space at a time. "Nestlé's" ->
    "nestles".
    """
    return " ".join(text.casefold().translate(_FOLDED).split())


class _Folded(dict[int, str]):
    """What ``fold`` makes of each character; worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        letters = "" if chr(code) in _APOSTROPHES else without_diacritics(chr(code))
        self[code] = _PUNCTUATION.sub(" ", letters)
        return self[code]


_FOLDED = _Folded()


def without_diacritics(text: str) -> str:
    """ "Käse" is "Kase"; also one character for those that only look otherwise (NFKD)."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
