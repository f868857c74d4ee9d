"""Rows out of catalogue files, one at a time, with the line they stand on; what a row means is ``mapping.py``'s
business.
"""

import codecs
import csv
import io
import json
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from subs_assets.catalogue.decompression import MOST_BYTES, TruncatedFile, open_decompressed
from subs_assets.catalogue.source import SOURCE_FILE, Source
from subs_assets.catalogue.text import is_valid_text

FIELD_LIMIT = 131_072
"""Characters that one field may have: the csv module's own default; the longest in the real files has 2,861."""

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one line that are read into memory; a longer one is skipped to its end."""

MOST_LINES = 10_000_000
"""Of one file, the empty ones too; the largest real file has 26,000."""

MOST_BYTES_AT_ONCE = 128 * 2**20
"""Bytes of a format that is read as a whole; as objects they take up to thirty times as many."""

PARQUET_ROWS, PARQUET_BYTES = 1_000, 256 * 2**20
"""So many rows of a Parquet file are made into objects at a time, or fewer: one long value may stand in each of them,
and is in the file but once."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class BadRow:
    """A row that is set aside: where it stands, which field, what it holds, and why it cannot be used."""

    line: int
    field: str
    value: str | None
    reason: str


class FileFailed(Exception):
    """A file that cannot be trusted as a whole; the message is a sentence without the file's name."""


def why_unfit(path: Path, source: Source) -> str | None:
    """Why a file must not even be opened, as a sentence without its name; None where it may be.

    A pipe nobody writes to would be waited for for ever, and a device never ends.
    """
    try:
        status = path.stat()
        inside = path.resolve().is_relative_to(source.folder)
    except FileNotFoundError:
        what = "no file has this name" if source.folder.is_dir() else f"the folder {source.folder} does not exist"
        return f"{what}; deliver the files, or mend folder and files in {SOURCE_FILE}"
    except (OSError, ValueError, RuntimeError) as error:  # no permission, a NUL or 5,000 characters, links in a circle
        return f"the file cannot be read: {error.strerror if isinstance(error, OSError) else error}"
    if not inside:
        return f"the file lies outside the company's folder; name its folder in {SOURCE_FILE}"
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file, but a folder, a pipe or a device; deliver the file itself"
    if status.st_size > MOST_BYTES:
        return f"it is larger than {MOST_BYTES / 2**20:,.0f} MB; deliver it in parts"
    return None


def read_rows(path: Path, source: Source) -> Iterator[tuple[int, Row] | BadRow]:
    """Stream the rows of one file: (line, row), or a ``BadRow`` where a line is no row.

    ``line`` counts from 1 in the decompressed file; in a JSON array and in Parquet it is the number of the row.
    Raises ``FileFailed`` at the start, in the midst or at the end: truncated, empty, not what its format says, a
    column missing.
    """
    try:
        with open_decompressed(path) as stream:
            if source.format == "parquet":
                yield from _parquet_rows(stream, source)
                return
            head = _skip_byte_order_mark(stream)
            if not head:
                raise FileFailed("the file is empty")
            if source.format == "jsonl":
                yield from _json_lines(stream)
            elif source.format == "csv":
                yield from _csv_rows(stream, source)
            else:
                yield from _array_rows(stream, source)
    except (EOFError, TruncatedFile) as error:
        raise FileFailed("the compressed file is truncated: it ends before its end mark; deliver it again") from error
    except (zlib.error, zstandard.ZstdError) as error:
        raise FileFailed(f"the compressed file is damaged ({error}); deliver it again") from error
    except OSError as error:
        raise FileFailed(f"the file cannot be read: {error.strerror or error}") from error


def value_at(row: Any, path: tuple[str, ...], absent: Any = None) -> Any:
    """The value at a dotted path; numbers index lists."""
    for part in path:
        if isinstance(row, Mapping):
            if part not in row:
                return absent
            row = row[part]
        elif isinstance(row, list) and part.isdigit() and int(part) < len(row):
            row = row[int(part)]
        else:
            return absent
    return row


def _skip_byte_order_mark(stream: BinaryIO) -> bytes:
    """Skip a UTF-8 byte order mark; returns the first bytes that follow, unread. Needs a stream that can peek."""
    head = stream.peek(4)[:4]  # type: ignore[attr-defined]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileFailed("the file is UTF-16; save it as UTF-8")
    if head.startswith(codecs.BOM_UTF8):
        stream.read(3)
        head = stream.peek(1)[:1]  # type: ignore[attr-defined]
    return bytes(head)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines with their ends; None for one that is longer than ``LINE_LIMIT``."""
    number = 0
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if number > MOST_LINES:
            raise FileFailed(f"the file has more than {MOST_LINES:,} lines; deliver it in parts")
        if len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            while (rest := stream.readline(LINE_LIMIT)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        else:
            yield number, line


def _json_lines(stream: BinaryIO) -> Iterator[tuple[int, Row] | BadRow]:
    for number, line in _lines(stream):
        if line is None:
            yield BadRow(number, "", None, f"the line is longer than {LINE_LIMIT:,} bytes")
            continue
        if not line.strip():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            yield BadRow(
                number, "", _excerpt(line), f"is not UTF-8 ({error.reason} at byte {error.start + 1} of the line)"
            )
            continue
        yield _json_row(number, text)


def _json_row(number: int, text: str) -> tuple[int, Row] | BadRow:
    try:
        row = json.loads(text.rstrip("\r\n"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return BadRow(number, "", text, f"is no JSON: {_json_problem(error)}")
    if not isinstance(row, dict):
        return BadRow(number, "", text, "is no JSON object")
    return checked(number, row, long=len(text) > FIELD_LIMIT)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _json_problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def checked(number: int, row: Row, long: bool = True) -> tuple[int, Row] | BadRow:
    """The row, unless one of its texts is longer than ``FIELD_LIMIT``."""
    field = _oversized(row, ()) if long else None
    if field is None:
        return number, row
    text = value_at(row, field)
    reason = f"has {len(text):,} characters; a field may have {FIELD_LIMIT:,}"
    return BadRow(number, ".".join(field), text, reason)


def _oversized(value: Any, path: tuple[str, ...]) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return path if len(value) > FIELD_LIMIT else None
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found = _oversized(item, (*path, str(key)))
        if found is not None:
            return found
    return None


def _csv_rows(stream: BinaryIO, source: Source) -> Iterator[tuple[int, Row] | BadRow]:
    texts = _CsvText(stream)
    reader = csv.reader(texts, delimiter=source.delimiter, strict=True)
    header = _csv_header(reader, source)
    line = reader.line_num
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise FileFailed(
                    f"a quotation mark that opens in line {line} is never closed; is the file truncated?"
                ) from error
            yield BadRow(line, "", texts.last, f"is no CSV row: {error}")
            continue
        if not cells:
            continue
        if len(cells) != len(header):
            yield BadRow(
                line, "", source.delimiter.join(cells), f"has {len(cells)} fields where the header has {len(header)}"
            )
            continue
        if not is_valid_text("".join(cells)):
            broken = next(index for index, cell in enumerate(cells) if not is_valid_text(cell))
            yield BadRow(line, header[broken], _readable(cells[broken]), "is not UTF-8")
            continue
        yield line, dict(zip(header, cells, strict=True))


class _CsvText:
    """Lines for the csv module: bytes that are not UTF-8 survive as lone surrogates, so that only their own row is
    lost.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = _lines(stream)
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        _, line = next(self._lines)
        # A line of 16 MB cannot be a row; the csv module refuses what stands for it, as it would have refused the line.
        self.last = "\0" * (FIELD_LIMIT + 1) + "\n" if line is None else line.decode("utf-8", errors="surrogateescape")
        return self.last


def _csv_header(reader: Any, source: Source) -> list[str]:
    try:
        header = [name.strip() for name in next(reader)]
    except StopIteration:
        raise FileFailed("the file is empty") from None
    except csv.Error as error:
        raise FileFailed(f"the header is no CSV row: {error}") from error
    if not all(map(is_valid_text, header)):
        raise FileFailed("the header is not UTF-8; save the file as UTF-8")
    require_columns(header, source)
    return header


def require_columns(present: list[str], source: Source) -> None:
    """Raises ``FileFailed`` where a file with a header lacks a column that source.yaml maps and does not call
    optional.
    """
    for column, (field, optional) in source.fields.by_column().items():
        if not optional and column not in present and column.split(".")[0] not in present:
            there = ", ".join(present[:30])[:1_000]
            raise FileFailed(
                f'the column "{column}" ({field}) is missing; the file has: {there}. Map another one in source.yaml'
            )


def _parquet_rows(stream: BinaryIO, source: Source) -> Iterator[tuple[int, Row] | BadRow]:
    import pyarrow
    import pyarrow.parquet

    content = stream if stream.seekable() else io.BytesIO(_whole(stream, "compressed Parquet"))
    if not content.read(1):
        raise FileFailed("the file is empty")
    content.seek(0)
    try:
        file = pyarrow.parquet.ParquetFile(content)
        require_columns(file.schema_arrow.names, source)
        wanted = {column.split(".")[0] for column in source.fields.by_column()}
        columns = [
            name for name in file.schema_arrow.names if name in wanted or any(used.startswith(name) for used in wanted)
        ]
        number = size = 0
        for batch in file.iter_batches(_rows_at_a_time(file), columns=columns):
            size += batch.nbytes
            if size > MOST_BYTES:
                raise FileFailed(f"its rows hold more than {MOST_BYTES / 2**20:,.0f} MB; deliver it in parts")
            for row in batch.to_pylist():
                number += 1
                yield checked(number, row)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise FileFailed(
            f"the file is no Parquet file that can be read: {' '.join(str(error).split())[:200]}"
        ) from error


def _rows_at_a_time(file: Any) -> int:
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    sizes = (group.column(column).total_uncompressed_size for group in groups for column in range(group.num_columns))
    return max(1, min(PARQUET_ROWS, PARQUET_BYTES // max(sizes, default=1)))


def _array_rows(stream: BinaryIO, source: Source) -> Iterator[tuple[int, Row] | BadRow]:
    """Rows of a JSON array, at ``source.array``; the file is read as a whole."""
    try:
        document = json.loads(_whole(stream, "json").decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise FileFailed(
            f"the file is not UTF-8 ({error.reason} at byte {error.start + 1}); save it as UTF-8"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FileFailed(f"the file is no JSON: {_json_problem(error)}; is it truncated?") from error
    array = value_at(document, tuple(source.array.split("."))) if source.array else document
    if not isinstance(array, list):
        where = f'at "{source.array}"' if source.array else "at its top"
        raise FileFailed(f"the file holds no array {where}; say with array: where the rows are")
    for number, row in enumerate(array, start=1):
        if isinstance(row, dict):
            yield checked(number, row)
        else:
            yield BadRow(number, "", json.dumps(row), "is no JSON object")


def _whole(stream: BinaryIO, form: str) -> bytes:
    content = stream.read(MOST_BYTES_AT_ONCE + 1)
    if len(content) > MOST_BYTES_AT_ONCE:
        raise FileFailed(
            f"the file holds more than {MOST_BYTES_AT_ONCE / 2**20:,.0f} MB, and {form} is read as a whole; deliver it "
            "as jsonl, or in parts"
        )
    return content


def _excerpt(line: bytes) -> str:
    return line[:400].decode("utf-8", errors="backslashreplace").rstrip("\r\n")


def _readable(text: str) -> str:
    return text[:400].encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")
