"""A queue that a person has filled in, read back: all of it is sound, or it is refused with every reason."""

import codecs
import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.database.control import DECIDED_COLUMNS, RELATIONS, VERDICTS, WITHDRAW
from subs_assets.equivalence.decisions import both_directions
from subs_assets.report.exports import without_guard

NEEDED = ("company_slug", "path", "target_company_slug", "target_path", "verdict", "relation", "reason")
"""Columns that a file must have; others are for the person's eyes."""

SEPARATORS = ",;\t"
"""What spreadsheets write between cells: by the computer's region a semicolon."""

MOST_BYTES = 64 * 2**20
"""The queue of twenty companies has about 13 MB."""

SAVE_AS = 'in Excel save it as "CSV UTF-8 (Comma delimited)"'

Side = tuple[str, str]


class RefusedFile(ValueError):
    """The file as a whole is not taken; ``problems`` are all the reasons, each with its row where it has one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Review:
    """``decided``: DECIDED_COLUMNS, both directions of each pair; its index is the row of the file, as a spreadsheet
    counts them (the header is 1). ``undecided``: how many rows have no verdict."""

    decided: pd.DataFrame
    undecided: int


def read_review(content: bytes, categories: pd.DataFrame, facets: pd.DataFrame) -> Review:
    """The decisions in a filled-in queue, or in a file with its NEEDED columns that somebody wrote by hand.

    A category is named by its ``path``, or, where that is empty, as people write it in ``category``; it must be
    published, but to withdraw a decision, whose category may be gone. ``categories`` and ``facets`` are the published
    tables. Raises RefusedFile.
    """
    rows = _rows(_text(content))
    trees = _Trees(categories, facets)
    problems: list[str] = []
    decided: dict[int, tuple[str, str, str, str, str, str | None, str | None]] = {}
    first_of: dict[frozenset[Side], int] = {}
    undecided = 0
    for number, row in rows:
        if isinstance(row, str):
            problems.append(f"row {number}: {row}")
            continue
        if not row["verdict"]:
            if row["relation"]:
                problems.append(f'row {number}: relation "{row["relation"]}" without a verdict: write accept')
            undecided += 1
            continue
        verdict, relation = row["verdict"].casefold(), row["relation"].casefold()
        found = [trees.find(row, side, must_exist=verdict != WITHDRAW) for side in ("", "target_")]
        sides = [side for side in found if not isinstance(side, str)]
        wrong = [problem for problem in found if isinstance(problem, str)]
        wrong += _unfit_words(row["verdict"], row["relation"])
        if "\0" in row["reason"]:
            wrong.append("the reason has a NUL character, which no database keeps")
        if len({company for company, _ in sides}) < len(sides):
            wrong.append(f"both categories are of {row['company_slug']}: a mapping leads to another company")
        if len(sides) == 2 and (first := first_of.setdefault(frozenset(sides), number)) != number:
            wrong.append(f"the same two categories as in row {first}: decide them once, in either direction")
        problems += [f"row {number}: {what}" for what in wrong]
        if not wrong:
            decided[number] = (*sides[0], *sides[1], verdict, relation or None, row["reason"] or None)
    if problems:
        raise RefusedFile(problems)
    frame = pd.DataFrame(list(decided.values()), columns=DECIDED_COLUMNS, index=list(decided), dtype=object)
    return Review(both_directions(frame), undecided)


def _unfit_words(verdict: str, relation: str) -> list[str]:
    known = (*VERDICTS, WITHDRAW)
    if verdict.casefold() not in known:
        return [f'verdict "{verdict}" is not one of {", ".join(known)}']
    if verdict.casefold() != "accept":
        wrong = f'only an accepted pair has a relation, found "{relation}": leave it empty, or accept the pair as that'
        return [wrong] if relation else []
    if not relation:
        return [f"accept needs a relation, what the target is to the category: one of {', '.join(RELATIONS)}"]
    unknown = f'relation "{relation}" is not one of {", ".join(RELATIONS)}'
    return [] if relation.casefold() in RELATIONS else [unknown]


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


def _rows(text: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    """The rows below the header that are not empty, with their numbers, or what is wrong with one; cells without blanks
    around them and without the apostrophe of ``formula_safe``."""
    header, separator = _header(text)
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


def _header(text: str) -> tuple[list[str], str]:
    """The names of the columns and the separator with which most of the needed ones are found."""

    def names(separator: str) -> list[str]:
        try:
            first = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        except (csv.Error, StopIteration):
            return []
        return [cell.strip() for cell in first]

    headers = {separator: names(separator) for separator in SEPARATORS}
    separator = max(headers, key=lambda separator: len(set(NEEDED) & set(headers[separator])))
    header = headers[separator]
    while header and not header[-1]:
        header.pop()
    missing = [name for name in NEEDED if name not in header]
    repeated = sorted({name for name in NEEDED if header.count(name) > 1})
    problems = [f"its first row lacks the columns {', '.join(missing)}"] if missing else []
    problems += [f"its first row has the columns {', '.join(repeated)} more than once"] if repeated else []
    if problems:
        raise RefusedFile(problems)
    return header, separator


class _Trees:
    """The published categories, to find one as a row names it."""

    def __init__(self, categories: pd.DataFrame, facets: pd.DataFrame) -> None:
        self.paths: dict[str, set[str]] = {}
        for company, path in zip(categories["company_slug"], categories["path"], strict=True):
            self.paths.setdefault(company, set()).add(path)
        self.facets = dict(zip(zip(facets["company_slug"], facets["path"], strict=True), facets["kind"], strict=True))

    def find(self, row: Mapping[str, str], side: str, must_exist: bool) -> Side | str:
        """The category of one side of a row (``""``, ``"target_"``), or what is wrong with it."""
        company, path, name = row[f"{side}company_slug"], row[f"{side}path"], row.get(f"{side}category", "")
        if company not in self.paths:
            return f'{side}company_slug: there is no company "{company}", only {", ".join(sorted(self.paths))}'
        if path:
            found = _canonical(path)
            if found is None:
                return f'{side}path: {path} is no JSON array of names, as ["Pantry","Muesli"]'
            if name and found in self.paths[company] and name != _shown(found):
                return (
                    f"{side}category says {name}, but {side}path says {_shown(found)}: were only some columns sorted? "
                    f"To name another category, empty its {side}path"
                )
        elif not name:
            return f"{side}path: the row names no category of {company}"
        else:
            wanted = category_path.folded(name)
            named = [known for known in self.paths[company] if category_path.folded(_shown(known)) == wanted]
            if len(named) > 1:
                return f"{side}category: {company} has {len(named)} categories that read {name}; give its {side}path"
            found = named[0] if named else category_path.encode(part.strip() for part in name.split(">"))
        if not must_exist:
            return company, found
        if found not in self.paths[company]:
            return _unknown(f"{side}path" if path else f"{side}category", company, found, self.paths[company])
        if (company, found) in self.facets:
            kind = self.facets[company, found]
            return f'{company} "{_shown(found)}" is a facet ({kind}), no category: no mapping of it is ever used'
        return company, found


def _shown(path: str) -> str:
    return category_path.readable(path).strip()


def _canonical(path: str) -> str | None:
    try:
        names = json.loads(path)
        is_path = isinstance(names, list) and all(isinstance(name, str) for name in names)
        found = category_path.encode(names) if is_path else None
        (found or "").encode()  # raises for half a surrogate pair, which JSON can write and no category has
    except (ValueError, RecursionError):
        return None
    return found


def _unknown(column: str, company: str, path: str, known: Collection[str]) -> str:
    near = category_path.near_paths(_shown(path), map(_shown, known))
    there = f"; near it: {', '.join(near)}" if near else ""
    return f'{column}: {company} has no category "{_shown(path)}"{there}'
