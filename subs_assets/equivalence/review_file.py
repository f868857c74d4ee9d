"""The rows of a filled-in queue of equivalences: all of them are sound, or the file is refused with every reason."""

import json
from collections.abc import Collection, Mapping

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.database.kept_decisions import DECIDED_COLUMNS, RELATIONS, WITHDRAW
from subs_assets.equivalence.decisions import both_directions
from subs_assets.review.decided import Review, unfit_reason, unknown_company, unknown_verdict
from subs_assets.review.sheet import RefusedFile, Sheet

NEEDED = ("company_slug", "path", "target_company_slug", "target_path", "verdict", "relation", "reason")
"""Columns that a file must have; others are for the person's eyes."""

Side = tuple[str, str]


def read_review(sheet: Sheet, categories: pd.DataFrame, facets: pd.DataFrame) -> Review:
    """The decisions in a filled-in queue, or in a file with its NEEDED columns that somebody wrote by hand: both
    directions of each pair, under the number of its row.

    A category is named by its ``path``, or, where that is empty, as people write it in ``category``; it must be
    published, but to withdraw a decision, whose category or company may be gone. ``categories`` and ``facets`` are the
    published tables. Raises RefusedFile.
    """
    trees = _Trees(categories, facets)
    problems: list[str] = []
    decided: dict[int, tuple[str, str, str, str, str, str | None, str | None]] = {}
    first_of: dict[frozenset[Side], int] = {}
    undecided = 0
    for number, row in sheet.rows:
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
        wrong += unfit_reason(row["reason"])
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
    if unknown := unknown_verdict(verdict):
        return unknown
    if verdict.casefold() != "accept":
        wrong = f'only an accepted pair has a relation, found "{relation}": leave it empty, or accept the pair as that'
        return [wrong] if relation else []
    if not relation:
        return [f"accept needs a relation, what the target is to the category: one of {', '.join(RELATIONS)}"]
    known = relation.casefold() in RELATIONS
    return [] if known else [f'relation "{relation}" is not one of {", ".join(RELATIONS)}']


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
        if must_exist and company not in self.paths:
            return unknown_company(f"{side}company_slug", company, self.paths)
        known = self.paths.get(company, set())
        if path:
            found = _canonical(path)
            if found is None:
                return f'{side}path: {path} is no JSON array of names, as ["Pantry","Muesli"]'
            if name and found in known and name != _shown(found):
                return (
                    f"{side}category says {name}, but {side}path says {_shown(found)}: were only some columns sorted? "
                    f"To name another category, empty its {side}path"
                )
        elif not name:
            return f"{side}path: the row names no category of {company}"
        else:
            wanted = category_path.folded(name)
            named = [one for one in known if category_path.folded(_shown(one)) == wanted]
            if len(named) > 1:
                return f"{side}category: {company} has {len(named)} categories that read {name}; give its {side}path"
            found = named[0] if named else category_path.encode(part.strip() for part in name.split(">"))
        if not must_exist:
            return company, found
        if found not in known:
            return _unknown(f"{side}path" if path else f"{side}category", company, found, known)
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
