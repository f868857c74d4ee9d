"""One company's category tree as a page shows it beside another company: how far each branch is mapped, what is not
mapped first, and no more nodes than a page can hold; nothing here asks a database."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.absences import SPEAKS_FOR_PARTS, speaks_for_parts

MOST_NODES = 500
"""Of one tree on a page; what is deeper has a page of its own."""
ACCEPTED_SHOWN, PROPOSED_SHOWN = 4, 1
"""Mappings named beside one category: a department has dozens of weak proposals. The category's own page has all."""

BEST_FIRST = MAPPED, ABOVE, OPEN = "mapped", "above", "open"


@dataclass(frozen=True)
class Coverage:
    """Listings of a branch by their shelves: one that has an accepted mapping, else one for which a category above it
    speaks, else none of these."""

    mapped: int = 0
    above: int = 0
    open: int = 0

    @property
    def listings(self) -> int:
        return self.mapped + self.above + self.open

    @property
    def share(self) -> float | None:
        """Of the branch's listings that stand on a shelf: on one with an accepted mapping."""
        return self.mapped / self.listings if self.listings else None


NOTHING = Coverage()

WHY_NOT = ("answer", "through_path", "candidate_path", "reason")


@dataclass(frozen=True)
class Target:
    """A category of the other company; ``number`` of the node that stands for it on the page, None where there is
    none."""

    path: str
    relation: str
    status: str
    number: int | None = None


@dataclass(frozen=True)
class Branch:
    """A category, its strongest mappings and how many ``more`` it has, and its children. ``below``: how many nodes
    beneath it are left to its own page. ``is_silent``: it is mapped, and yet speaks for nothing below it. ``answer``,
    ``through_path``, ``candidate_path`` and ``reason``: why it is not mapped, None where it is."""

    number: int
    path: str
    name: str
    listings: int
    facet: str | None
    coverage: Coverage
    targets: tuple[Target, ...]
    more: int
    is_silent: bool
    answer: str | None
    through_path: str | None
    candidate_path: str | None
    reason: str | None
    below: int
    children: tuple["Branch", ...]

    @property
    def is_unmapped(self) -> bool:
        """Nothing in it is mapped, and nothing above speaks for it."""
        speaks = self.coverage.mapped or self.coverage.above or self.targets_accepted or self.answer == "above"
        return self.facet is None and not speaks

    @property
    def is_reached(self) -> bool:
        """Every listing in it stands on a shelf that is mapped or spoken for; or it is a facet."""
        return self.facet is not None or not (self.is_unmapped or self.coverage.open)

    @property
    def targets_accepted(self) -> bool:
        return any(target.status == "accepted" for target in self.targets)


@dataclass(frozen=True)
class Tree:
    """Branches, their order and how many of them stand before and after; ``numbers``: path -> the number of its node,
    of all that are shown."""

    branches: tuple[Branch, ...] = ()
    before: int = 0
    after: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)


def parent_of(path: str, name: str) -> str:
    """
    >>> parent_of('["Pantry","Tea"]', "Tea"), parent_of('["Tea"]', "Tea")
    ('["Pantry"]', '[]')
    """
    last = category_path.encode([name])
    return category_path.ROOT if path == last else path.removesuffix("," + last[1:]) + "]"


def branch_coverage(categories: pd.DataFrame, shelves: Iterable[tuple[Collection[str], int]]) -> dict[str, Coverage]:
    """Path of each branch -> how its listings are mapped. ``categories``: as ``lookups.coverage`` gives them;
    ``shelves``: on which a listing stands together, and how many listings do."""
    above = _parents(categories)
    states = _states(categories)
    counts: defaultdict[str, dict[str, int]] = defaultdict(lambda: {MAPPED: 0, ABOVE: 0, OPEN: 0})
    for paths, listings in shelves:
        best: dict[str, str] = {}
        for path in paths:
            state, branch = states.get(path, OPEN), path
            while branch in above:
                best[branch] = min(best.get(branch, OPEN), state, key=BEST_FIRST.index)
                branch = above[branch]
        for branch, state in best.items():
            counts[branch][state] += listings
    return {path: Coverage(**counts[path]) for path in above}


def whole(shelves: Iterable[tuple[Collection[str], int]], categories: pd.DataFrame) -> Coverage:
    """Of all listings that stand on a shelf."""
    states = _states(categories)
    counts = {MAPPED: 0, ABOVE: 0, OPEN: 0}
    for paths, listings in shelves:
        counts[min((states.get(path, OPEN) for path in paths), key=BEST_FIRST.index)] += listings
    return Coverage(**counts)


def shown_tree(
    categories: pd.DataFrame,
    coverage: Mapping[str, Coverage] | None = None,
    targets: Mapping[str, Sequence[Target]] | None = None,
    target_numbers: Mapping[str, int] | None = None,
    silent: Collection[str] = (),
    below: str = category_path.ROOT,
    offset: int = 0,
    most: int = MOST_NODES,
) -> Tree:
    """The branches below a category, level by level as far as they are at most ``most``: what is not mapped first, or,
    without ``coverage``, by name. ``target_numbers``: ``Tree.numbers`` of the other company's tree beside it;
    ``silent``: paths, as ``silent_departments`` gives them."""
    covered, mapped, numbers_there = coverage or {}, targets or {}, target_numbers or {}
    records = categories.to_dict("records")
    rows = {record["path"]: SimpleNamespace(**record) for record in records}
    children: defaultdict[str, list[str]] = defaultdict(list)
    for path, parent in _parents(categories).items():
        children[parent].append(path)

    def ordered(parent: str) -> list[str]:
        here = children.get(parent, ())
        if coverage is None:
            return sorted(here, key=lambda path: (rows[path].name.casefold(), path))
        return sorted(here, key=lambda path: _place(rows[path], coverage[path]))

    first = ordered(below)
    levels, shown = [first[offset : offset + most]], len(first[offset : offset + most])
    order: dict[str, list[str]] = {}
    while levels[-1]:
        order |= (next_level := {path: ordered(path) for path in levels[-1]})
        deeper = [child for path in levels[-1] for child in next_level[path]]
        if not deeper or shown + len(deeper) > most:
            break
        levels.append(deeper)
        shown += len(deeper)
    numbers = {path: number for number, path in enumerate(path for level in levels for path in level)}

    def branch_of(path: str) -> Branch:
        row, here = rows[path], mapped.get(path, ())
        chosen = tuple(replace(one, number=_stands_for(one.path, numbers_there)) for one in strongest(here))
        kept = tuple(branch_of(child) for child in order.get(path, ()) if child in numbers)
        return Branch(
            number=numbers[path],
            path=path,
            name=row.name,
            listings=int(row.listings),
            facet=_text(row.facet),
            coverage=covered.get(path, NOTHING),
            targets=chosen,
            more=len(here) - len(chosen),
            is_silent=path in silent and path in children,
            **{name: _text(getattr(row, name, None)) for name in WHY_NOT},
            below=0 if kept else _below(children, path),
            children=kept,
        )

    branches = tuple(branch_of(path) for path in levels[0])
    return Tree(branches, min(offset, len(first)), max(len(first) - offset - most, 0), numbers)


def strongest(targets: Sequence[Target]) -> tuple[Target, ...]:
    """The first few accepted and the first few others."""
    accepted = [target for target in targets if target.status == "accepted"]
    others = [target for target in targets if target.status != "accepted"]
    return (*accepted[:ACCEPTED_SHOWN], *others[:PROPOSED_SHOWN])


def targets_of(mappings: pd.DataFrame) -> dict[str, list[Target]]:
    """Path -> its mappings in the order of ``lookups.mappings_between``."""
    found: defaultdict[str, list[Target]] = defaultdict(list)
    for path, *target in _rows(mappings, "path", "target_path", "relation", "status"):
        found[path].append(Target(*target))
    return found


def silent_departments(categories: pd.DataFrame, mappings: pd.DataFrame) -> set[str]:
    """Whole departments whose target holds all that is below them, and whose shelves are not compared through it all
    the same: no person has accepted that (``speaks_for_parts``).

    ``categories``: as ``lookups.coverage`` gives them; ``mappings``: as ``lookups.mappings_between`` does.
    """
    is_used = (mappings["status"] == "accepted") & mappings["relation"].isin(SPEAKS_FOR_PARTS)
    used = mappings[is_used].assign(company_slug="")
    facets = categories.loc[categories["facet"].notna(), ["path"]].assign(company_slug="")
    speaks = speaks_for_parts(used, facets)
    return set(used["path"][~speaks]) - set(used["path"][speaks])


def _stands_for(path: str, numbers: Mapping[str, int]) -> int | None:
    """The number of the node that is shown for a category: itself, or the nearest above it."""
    if path in numbers:
        return numbers[path]
    return next((numbers[one] for one in reversed(category_path.ancestors(path)) if one in numbers), None)


def _parents(categories: pd.DataFrame) -> dict[str, str]:
    return {path: parent_of(path, name) for path, name in _rows(categories, "path", "name")}


def _states(categories: pd.DataFrame) -> dict[str, str]:
    rows = _rows(categories, "path", "accepted", "answer")
    return {path: MAPPED if accepted else ABOVE if answer == "above" else OPEN for path, accepted, answer in rows}


def _rows(frame: pd.DataFrame, *columns: str) -> Iterable[tuple[Any, ...]]:
    """As lists: going through a column of texts one by one costs twenty times as much."""
    return zip(*(frame[column].tolist() for column in columns), strict=True)


def _place(row: Any, coverage: Coverage) -> tuple[int, int, str]:
    """Branches of which nothing is mapped, then those with something that is not, each the largest first; facets, whose
    listings stand elsewhere, at the end."""
    if not coverage.listings and not pd.isna(row.facet):
        return 2, -row.listings, row.path
    speaks = coverage.mapped or coverage.above or row.accepted or row.answer == "above"
    return (1 if speaks else 0), -(coverage.open if speaks else row.listings), row.path


def _below(children: Mapping[str, Sequence[str]], path: str) -> int:
    count, waiting = 0, list(children.get(path, ()))
    while waiting:
        count += 1
        waiting += children.get(waiting.pop(), ())
    return count


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
