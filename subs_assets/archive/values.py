"""One row of a table as one line of JSON, and back, exactly; which tables and columns there are is not known here.

The text of a line is part of the format, because archives are compared by its hash: keys in column order, no spaces,
non-ASCII characters as they are, reals as Python's ``repr`` writes them. orjson's own form of a real is not used: it
wrote ``1e16`` in one release and ``1e+16`` in another, which would make an older archive differ from the same data.
"""

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType

import orjson

from subs_assets.archive.errors import BadArchive

_WRITTEN_AS_IS = frozenset({str, int, NoneType})
_OPTIONS = orjson.OPT_STRICT_INTEGER | orjson.OPT_APPEND_NEWLINE  # strict: 2^53 and more is refused, see _exact
_SPECIAL_VALUE = b':{"$'  # inside a JSON string the quote would be escaped, so this is always an exact form
UNDECODABLE_MARK = b':{"$t":'  # stands in every line that has an UndecodableText


@dataclass(frozen=True)
class TextForm:
    """How a database keeps text, and how bytes that are no text in that encoding become a Python string and back.

    Such a string holds lone surrogates, as in ``os.fsdecode``: it can be carried and compared, and no text that is
    right ever looks like it.
    """

    encoding: str
    errors: str

    def to_text(self, raw: bytes) -> str:
        return raw.decode(self.encoding, self.errors)

    def to_bytes(self, text: str) -> bytes:
        return text.encode(self.encoding, self.errors)


UTF_8 = TextForm("utf-8", "surrogateescape")
UTF_16_LITTLE = TextForm("utf-16-le", "surrogatepass")
UTF_16_BIG = TextForm("utf-16-be", "surrogatepass")
TEXT_FORMS = {"UTF-8": UTF_8, "UTF-16le": UTF_16_LITTLE, "UTF-16be": UTF_16_BIG}
"""By what a manifest says of a database (``settings["encoding"]``)."""


class UndecodableText(str):
    """Text read from an archive whose bytes are no text in the database's encoding; holds lone surrogates (see
    ``TextForm``).
    """

    __slots__ = ()


@dataclass(frozen=True)
class RowForm:
    """How the rows of one table are written: the keys of their JSON objects, in order, and the form of its database's
    text.
    """

    keys: tuple[str, ...]
    text: TextForm = UTF_8

    def encode(self, row: Sequence[object]) -> bytes:
        """The row's line, with its line feed.

        Raises:
            TypeError: a value is none of None, int, float, str, bytes.
        """
        cells = [value if type(value) in _WRITTEN_AS_IS else _real_or_blob(value) for value in row]
        try:
            return orjson.dumps(dict(zip(self.keys, cells, strict=True)), option=_OPTIONS)
        except orjson.JSONEncodeError:
            exact = [self._exact(value) for value in row]
            return orjson.dumps(dict(zip(self.keys, exact, strict=True)), option=_OPTIONS)

    def decode(self, line: bytes) -> list[object]:
        """The row's values in the order of the keys.

        Raises:
            BadArchive: the line is not one that ``encode`` writes for this table.
        """
        try:
            cells = orjson.loads(line)
        except orjson.JSONDecodeError as problem:
            raise BadArchive(f"a row is no JSON ({problem}): {line[:200]!r}") from problem
        if not isinstance(cells, dict) or tuple(cells) != self.keys:
            raise BadArchive(f"a row has not the columns {list(self.keys)}: {line[:200]!r}")
        values = list(cells.values())
        if _SPECIAL_VALUE in line:
            return [self._value_of(value) if isinstance(value, dict) else value for value in values]
        return values

    def _exact(self, value: object) -> object:
        """The form of a value that plain JSON would change or refuse."""
        if type(value) is int and abs(value) >= 2**53:
            return {"$i": str(value)}
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                return {"$t": base64.b64encode(self.text.to_bytes(value)).decode("ascii")}
        return value if type(value) in _WRITTEN_AS_IS else _real_or_blob(value)

    def _value_of(self, form: dict[str, object]) -> object:
        match form:
            case {"$i": str(digits), **rest} if not rest:
                return int(digits)
            case {"$f": str(real), **rest} if not rest:
                return float(real)
            case {"$b": str(encoded), **rest} if not rest:
                return _bytes_of(encoded)
            case {"$t": str(encoded), **rest} if not rest:
                return UndecodableText(self.text.to_text(_bytes_of(encoded)))
        raise BadArchive(f"a value has a form that is not known: {str(form)[:200]}")


def _real_or_blob(value: object) -> object:
    if isinstance(value, float):
        return orjson.Fragment(repr(value)) if math.isfinite(value) else {"$f": repr(value)}
    if isinstance(value, bytes):
        return {"$b": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"a value of type {type(value).__name__} cannot be archived")


def _bytes_of(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as problem:
        raise BadArchive(f"a value is no base64 ({problem}): {encoded[:200]}") from problem
