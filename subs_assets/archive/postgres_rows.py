"""Rows of PostgreSQL between COPY's text form and our lines of JSON; which tables there are is not known here.

Every value is the string that COPY writes for it, NULL is null. orjson alone is given strings only, whose form never
changed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import orjson

from subs_assets.archive.values import RowForm

BLOCK = 2**18  # characters that are handed to the server at once

_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPED = str.maketrans({"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def json_lines(rows: Iterable[bytes | bytearray | memoryview], keys: Sequence[str]) -> Iterator[bytes]:
    """COPY's rows, each with its line feed, as lines of JSON."""
    for row in rows:
        text = str(row, "utf-8")
        cells: list[str | None] = [*text[:-1].split("\t")] if keys else []
        if "\\" in text:
            cells = [_value(cell) for cell in cells]  # type: ignore[arg-type]
        yield orjson.dumps(dict(zip(keys, cells, strict=True)), option=orjson.OPT_APPEND_NEWLINE)


def copy_blocks(lines: Iterable[bytes], keys: Sequence[str]) -> Iterator[str]:
    """Lines of JSON as COPY's text, in blocks of many rows.

    Raises:
        BadArchive: a line is not one of this table.
    """
    form = RowForm(tuple(keys))
    gathered: list[str] = []
    size = 0
    for line in lines:
        cells = form.decode(line)
        if b"\\" in line:  # only then can a value hold what COPY escapes: JSON escapes all of that too
            cells = [None if cell is None else str(cell).translate(_ESCAPED) for cell in cells]
        row = "\t".join(["\\N" if cell is None else cell for cell in cells])  # type: ignore[misc]
        gathered.append(row)
        size += len(row)
        if size >= BLOCK:
            yield "\n".join([*gathered, ""])
            gathered, size = [], 0
    if gathered:
        yield "\n".join([*gathered, ""])


def _value(cell: str) -> str | None:
    if cell == "\\N":
        return None
    return _ESCAPE.sub(lambda found: _NAMED.get(found[1], found[1]), cell) if "\\" in cell else cell
