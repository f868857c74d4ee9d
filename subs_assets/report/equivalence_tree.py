"""One company's category tree with what each node is mapped to at another company."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from subs_assets.catalogue import category_path


@dataclass(frozen=True)
class Target:
    """A category of the other company, ``name`` its path as people write it, and how the mapping to it stands."""

    path: str
    name: str
    relation: str
    status: str
    support: float
    origin: str


@dataclass(frozen=True)
class Node:
    """A category with its listings (its whole subtree's), its strongest mappings (accepted ones first) and how many
    more it has, and its children; ``facet`` is the kind of a facet, None for a category; ``absence`` says why it has no
    accepted mapping, in a few words."""

    path: str
    name: str
    listings: int
    facet: str | None
    targets: tuple[Target, ...]
    more_targets: int
    absence: str | None
    children: tuple["Node", ...]

    def subtree(self) -> Iterator["Node"]:
        """This node and everything below it."""
        yield self
        for child in self.children:
            yield from child.subtree()

    @property
    def is_mapped(self) -> bool:
        return any(target.status == "accepted" for target in self.targets)


@dataclass(frozen=True)
class EquivalenceTree:
    """``roots`` of the source company; ``categories``, ``mapped`` and ``facets`` count the whole tree, ``left_out``
    its nodes that are not among ``roots``."""

    roots: tuple[Node, ...]
    categories: int
    mapped: int
    facets: int
    left_out: int


Trees = Mapping[tuple[str, str], EquivalenceTree]

STATUS_ORDER = {"accepted": 0, "proposed": 1, "rejected": 2}

ABSENCE_WORDS = {
    "none": "no counterpart",
    "undecided": "waits for a person",
    "parts": "only categories below it are mapped",
}

ACCEPTED_SHOWN, OTHERS_SHOWN = 5, 2
"""Targets of one category in a tree: a department has dozens of weak proposals."""


def equivalence_trees(
    categories: pd.DataFrame,
    facets: pd.DataFrame,
    equivalences: pd.DataFrame,
    absences: pd.DataFrame,
    most_nodes: int,
) -> Trees:
    """(company, other company) -> tree, for all pairs of companies that have categories.

    A tree of more than ``most_nodes`` nodes shows those with the most listings, and what stands above them.
    """
    targets, absent = _targets(equivalences), _absences(absences)
    facet = {(row.company_slug, row.path): row.kind for row in facets.itertuples(index=False)}
    companies = dict(iter(categories.groupby("company_slug", sort=True)))
    trees = {}
    for company, nodes in companies.items():
        kinds = {path: facet.get((company, path)) for path in nodes["path"]}
        shown = largest(nodes, most_nodes).sort_values(["depth", "listings", "path"], ascending=[False, False, True])
        deepest_first = list(zip(shown["path"], shown["name"], shown["listings"], strict=True))
        for other in companies:
            if other == company:
                continue
            of_pair = targets.get((company, other), {})
            accepted = {path for path, found in of_pair.items() if found[0].status == "accepted"}
            trees[company, other] = EquivalenceTree(
                _roots(deepest_first, kinds, of_pair, absent.get((company, other), {})),
                len(nodes),
                len(accepted),
                sum(kind is not None for kind in kinds.values()),
                len(nodes) - len(shown),
            )
    return trees


def largest(nodes: pd.DataFrame, most: int) -> pd.DataFrame:
    """The rows of ``categories`` with the most listings, at most ``most``; never a node without those above it, which
    have at least as many."""
    return nodes.sort_values(["listings", "depth", "path"], ascending=[False, True, True]).head(most)


def strongest(targets: Sequence[Target]) -> tuple[tuple[Target, ...], int]:
    """The first few accepted and the first few other targets, and how many are not among them."""
    accepted = [target for target in targets if target.status == "accepted"][:ACCEPTED_SHOWN]
    others = [target for target in targets if target.status != "accepted"][:OTHERS_SHOWN]
    return (*accepted, *others), len(targets) - len(accepted) - len(others)


def _targets(equivalences: pd.DataFrame) -> dict[tuple[str, str], dict[str, list[Target]]]:
    found: defaultdict[tuple[str, str], dict[str, list[Target]]] = defaultdict(dict)
    ordered = equivalences.assign(order=equivalences["status"].map(STATUS_ORDER)).sort_values(
        ["order", "support", "target_path"], ascending=[True, False, True]
    )
    for row in ordered.itertuples(index=False):
        name = category_path.readable(row.target_path)
        target = Target(row.target_path, name, row.relation, row.status, float(row.support), row.origin)
        found[row.company_slug, row.target_company_slug].setdefault(row.path, []).append(target)
    return found


def _absences(absences: pd.DataFrame) -> dict[tuple[str, str], dict[str, str]]:
    found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    columns = ["company_slug", "target_company_slug", "path", "answer", "through_path"]
    for company, target, path, answer, through in absences[columns].itertuples(index=False, name=None):
        words = f"{category_path.readable(through)} speaks for it" if answer == "above" else ABSENCE_WORDS[answer]
        found[company, target][path] = words
    return found


def _roots(
    deepest_first: Iterable[tuple[str, str, int]],
    kinds: Mapping[str, str | None],
    targets: Mapping[str, list[Target]],
    absences: Mapping[str, str],
) -> tuple[Node, ...]:
    below: defaultdict[str, list[Node]] = defaultdict(list)
    for path, name, listings in deepest_first:
        above = category_path.ancestors(path)
        shown, more = strongest(targets.get(path, ()))
        node = Node(path, name, int(listings), kinds[path], shown, more, absences.get(path), tuple(below[path]))
        below[above[-1] if above else category_path.ROOT].append(node)
    return tuple(below[category_path.ROOT])
