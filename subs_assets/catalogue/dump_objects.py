"""What stands in a file of Django's ``dumpdata``, one value at a time and with its row; what the values mean is not
known here.

Not ijson: its parsers refuse the NaN that Django writes, and hand out a real's digits without saying whether a double
holds them.
"""

import codecs
import json
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from subs_assets.catalogue.decompression import TruncatedFile, open_decompressed

CHUNK = 1 << 20
"""Bytes read at a time; an object that is longer is read in steps that double."""

LONGEST_VALUE = 64 * 2**20
"""Characters of one object."""

LONGEST_TOKEN = 16
"""Characters: where a document is cut, the parser stops at most so far before its end, or at a string's beginning."""

AGAIN = "deliver it again"


class BrokenDump(Exception):
    """A file that is no dump, or not a whole one; the message is a sentence without the file's name."""


def read_values(path: Path) -> Iterator[tuple[int, Any]]:
    """(row, value) of each element of a JSON array, or of a file with one object after the other (``--format jsonl``),
    plain or compressed (``.gz``, ``.zst``). Rows count from 1. No more than about the largest element is in memory.

    Raises:
        BrokenDump: the file is cut, damaged, no UTF-8 or no JSON; what was read before is right.
    """
    try:
        with open_decompressed(path) as stream:
            yield from _values(_Text(stream))
    except (EOFError, TruncatedFile) as problem:
        raise BrokenDump(f"the compressed file is truncated: it ends before its end mark; {AGAIN}") from problem
    except (zlib.error, zstandard.ZstdError) as problem:
        raise BrokenDump(f"the compressed file is damaged ({problem}); {AGAIN}") from problem
    except OSError as problem:
        raise BrokenDump(f"the file cannot be read: {problem.strerror or problem}") from problem


class _Text:
    """The decoded text of a stream, as far as it is needed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._decoded = 0  # bytes
        self._ended = False
        self._undecodable = ""  # why
        self._row = 0
        self._buffer = ""
        self._place = 0

    def next_character(self) -> str:
        """The next that is no white space, not taken; "" at the end."""
        while True:
            rest = self._buffer[self._place : self._place + 1]
            if not rest and not self._read_on():
                return ""
            if rest and rest not in " \t\r\n":
                return rest
            self._place += len(rest)

    def skip(self) -> None:
        self._place += 1

    def value(self, row: int) -> Any:
        """The JSON value that begins here."""
        is_sure = False
        self._row = row
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._place)
            except json.JSONDecodeError as problem:
                if self._may_be_cut(problem) and self._read_on():
                    continue
                raise BrokenDump(self._why(problem, row)) from problem
            except (ValueError, RecursionError) as problem:
                if not is_sure and self._read_on():
                    is_sure = True  # the digits of a number may have been cut
                    continue
                reason = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
                raise BrokenDump(f"row {row} cannot be read: {reason}; mend it, or {AGAIN}") from problem
            is_number = isinstance(value, int | float)
            if is_number and end > len(self._buffer) - LONGEST_TOKEN and self._read_on():
                continue  # it may go on: 1 and then .5
            self._place = end
            return value

    def _may_be_cut(self, problem: json.JSONDecodeError) -> bool:
        return problem.msg.startswith("Unterminated string") or problem.pos >= len(self._buffer) - LONGEST_TOKEN

    def _why(self, problem: json.JSONDecodeError, row: int) -> str:
        found = self._buffer[problem.pos : problem.pos + 40]
        begun = any(word.startswith(found.strip()) for word in ("true", "false", "null"))
        if self._ended and (begun or problem.msg.startswith("Unterminated string")):
            return f"the file ends in the middle of row {row}: it is cut; {AGAIN}"
        return f"row {row} is no JSON: {problem.msg.removesuffix(' at')} before {found!r}; {AGAIN}"

    def _read_on(self) -> bool:
        """Read as much again as is left; whether there was more."""
        if self._ended:
            return False
        kept = self._buffer[self._place :]
        if len(kept) > LONGEST_VALUE:
            raise BrokenDump(f"row {self._row} is longer than {LONGEST_VALUE:,} characters; mend it, or {AGAIN}")
        block = self._stream.read(max(CHUNK, len(kept)))
        if self._decoded == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise BrokenDump(
                "the file is UTF-16, as PowerShell's > writes it; save it as UTF-8, or dump with dumpdata --output"
            )
        if self._undecodable:
            raise BrokenDump(
                f"the file is not UTF-8 ({self._undecodable}, near row {self._row}); save it as UTF-8, or {AGAIN}"
            )
        try:
            text = self._decode(block, final=not block)
        except UnicodeDecodeError as problem:
            # What comes before it is read first: then the row is known.
            text = problem.object[: problem.start].decode("utf-8")
            place = self._decoded + len(block) - len(problem.object) + problem.start + 1
            self._undecodable = f"{problem.reason} at byte {place}"
            block = block or b" "
        if not block:
            self._ended = True
            return False
        self._decoded += len(block)
        self._buffer, self._place = kept + text, 0
        return True


def _values(text: _Text) -> Iterator[tuple[int, Any]]:
    first = text.next_character()
    if not first:
        raise BrokenDump(f"the file is empty; {AGAIN}")
    is_array = first == "["
    if is_array:
        text.skip()
    row = 0
    while character := text.next_character():
        if is_array and character == "]":
            text.skip()
            if text.next_character():
                raise BrokenDump(f"the file goes on after the end of its array; {AGAIN}")
            return
        if is_array and row:
            if character != ",":
                raise BrokenDump(f"after row {row} a comma is missing, {character!r} stands there; {AGAIN}")
            text.skip()
            if text.next_character() in ("", "]"):
                break
        row += 1
        yield row, text.value(row)
    if is_array:
        raise BrokenDump(f"the file ends after row {row}, in the middle of its array: it is cut; {AGAIN}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {repeated!r} stands twice in one object")
    return made


def _real(digits: str) -> float:
    value = float(digits)
    if repr(value) != digits and Decimal(digits) != Decimal(repr(value)):
        raise ValueError(f"the number {digits} has more digits than a double holds")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_real)
