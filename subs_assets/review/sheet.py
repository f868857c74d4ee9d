"""A file that a person has filled in, as rows of cells: which kind of queue it is, and what spreadsheets do to files;
what a row means, the kind's own module knows."""

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from subs_assets.report.exports import without_guard

SEPARATORS = ",;\t"
"""What spreadsheets write between cells: by the computer's region a semicolon."""

MOST_BYTES = 64 * 2**20
"""The queue of twenty companies has about 13 MB."""

SAVE_AS = 'in Excel save it as "CSV UTF-8 (Comma delimited)"'


class RefusedFile(ValueError):
    """The file as a whole is not taken; ``problems`` are all the reasons, each with its row where it has one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Sheet:
    """``kind``: of which kind of queue its header is. ``rows``: those below the header that are not empty, with their
    numbers as a spreadsheet counts them (the header is 1): cells by column, or what is wrong with the row."""

    kind: str
    rows: Sequence[tuple[int, dict[str, str] | str]]


def read_sheet(content: bytes, needed: Mapping[str, Sequence[str]]) -> Sheet:
    """The rows of a file and its kind. ``needed``: kind of queue -> columns that such a file must have; others are for
    the person's eyes. Raises RefusedFile."""
    text = _text(content)
    header, separator = _header(text, needed)
    kind = _kind(header, needed)
    return Sheet(kind, list(_rows(text, header, separator)))


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise RefusedFile([f"it is larger than {MOST_BYTES // 2**20} MB, which no queue is; take it in parts"])
    if not content.removeprefix(codecs.BOM_UTF8).strip():
        raise RefusedFile(["it is empty"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RefusedFile([f"it is not UTF-8 (line {line}): {SAVE_AS}"]) from error


def _header(text: str, needed: Mapping[str, Sequence[str]]) -> tuple[list[str], str]:
    """The names of the columns and the separator with which most of the needed ones of a kind are found."""

    def names(separator: str) -> list[str]:
        try:
            first = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        except (csv.Error, StopIteration):
            return []
        return [cell.strip() for cell in first]

    headers = {separator: names(separator) for separator in SEPARATORS}
    separator = max(headers, key=lambda separator: max(_found(headers[separator], needed).values()))
    header = headers[separator]
    while header and not header[-1]:
        header.pop()
    return header, separator


def _kind(header: Collection[str], needed: Mapping[str, Sequence[str]]) -> str:
    """The one kind whose columns the header has, each once."""
    whole = [kind for kind, columns in needed.items() if set(columns) <= set(header)]
    if len(whole) > 1:
        kinds = " and ".join(f"{kind}s" for kind in whole)
        raise RefusedFile([f"its first row has the columns of {kinds} both: write a file for each"])
    found = _found(header, needed)
    problems = []
    for kind in whole or [kind for kind in needed if found[kind] == max(found.values())]:
        missing = [name for name in needed[kind] if name not in header]
        repeated = sorted({name for name in needed[kind] if list(header).count(name) > 1})
        if missing:
            problems.append(f"its first row lacks the columns {', '.join(missing)} of a queue of {kind}s")
        if repeated:
            problems.append(f"its first row has the columns {', '.join(repeated)} more than once")
    if problems:
        raise RefusedFile(problems)
    return whole[0]


def _found(header: Collection[str], needed: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Kind -> how many of its columns the header has."""
    return {kind: len(set(columns) & set(header)) for kind, columns in needed.items()}


def _rows(text: str, header: Sequence[str], separator: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Cells without blanks around them and without the apostrophe of ``formula_safe``."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1 or not any(cells):
                continue
            if len(cells) < len(header) or any(cells[len(header) :]):
                yield number, f"it has {len(cells)} cells, but the header {len(header)}"
                continue
            yield number, {name: without_guard(cell).strip() for name, cell in zip(header, cells, strict=False)}
    except csv.Error as error:
        yield number + 1, f"it is no CSV from here on ({error})"
