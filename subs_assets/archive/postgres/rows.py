"""Rows of PostgreSQL between COPY's text form and our lines of JSON; which tables there are is not known here.

Every value is the string that COPY writes for it, NULL is null. orjson alone is given strings only, whose form never
changed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from subs_assets.archive.errors import BadArchive
from subs_assets.archive.values import RowForm

BLOCK = 2**18  # characters that are handed to the server at once

_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPED = str.maketrans({"\\": "\\\\", **{character: f"\\{letter}" for letter, character in _NAMED.items()}})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_BEYOND_QUOTES = re.compile(rb'\\[^"]')
"""In a line of JSON: a character that is escaped there, other than a quotation mark."""


def json_lines(rows: Iterable[bytes | bytearray | memoryview], keys: Sequence[str]) -> Iterator[bytes]:
    """COPY's rows, each with its line feed, as lines of JSON."""
    for row in rows:
        text = str(row, "utf-8")
        cells: list[str | None] = [*text[:-1].split("\t")] if keys else []
        if "\\" in text:
            cells = [
                None if cell == "\\N" else _ESCAPE.sub(_unescaped, cell) if cell and "\\" in cell else cell
                for cell in cells
            ]
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
        cells: list[Any] = form.decode(line)
        try:
            # Whatever COPY escapes, JSON escapes too. The search pays: quotation marks are frequent, the rest is rare.
            if b"\\" in line and _BEYOND_QUOTES.search(line):
                cells = [None if cell is None else cell.translate(_ESCAPED) for cell in cells]
            if None in cells:
                cells = ["\\N" if cell is None else cell for cell in cells]
            row = "\t".join(cells)
        except (TypeError, AttributeError) as problem:
            raise BadArchive(f"a value is neither text nor null: {line[:200]!r}") from problem
        gathered.append(row)
        size += len(row)
        if size >= BLOCK:
            yield "\n".join([*gathered, ""])
            gathered, size = [], 0
    if gathered:
        yield "\n".join([*gathered, ""])


def _unescaped(found: re.Match[str]) -> str:
    return _NAMED.get(found[1], found[1])
