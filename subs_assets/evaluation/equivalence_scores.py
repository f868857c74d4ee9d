"""How right and how complete methods of category equivalence are on labelled pairs; what a method states is in
equivalence_methods.py.

A pair counts as said by a method when the method states it, or when it follows: from "a is within b" follows that it is
within what stands above b, and that what has no counterpart of its own stands where the category above it does. So
every method may say a thing once, at whatever depth of the tree.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.absences import SPEAKS_FOR_PARTS
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.relations import INVERSE
from subs_assets.evaluation.equivalence_labels import CONTAINS
from subs_assets.evaluation.intervals import Estimate, weighted_share

Pair = tuple[str, str]
Statement = tuple[str, str, str]
"""path, target path, relation of the target to the source."""


@dataclass(frozen=True)
class Scores:
    """``precision``: of what the method says, how much the labels call exact, close, broad or narrow. ``recall``: of
    the labelled pairs that they call so, how many it says. ``f1``: of both."""

    precision: Estimate
    recall: Estimate
    f1: Estimate


def said_pairs(
    stated: Collection[Statement], nodes: Collection[str], target_nodes: Collection[str]
) -> set[tuple[str, str]]:
    """(path, target path) of everything that is stated or follows, as containment in either direction.

    ``nodes``, ``target_nodes``: the paths of both trees that may inherit from the category above them.
    """
    backward = [(target, path, INVERSE[relation]) for path, target, relation in stated]
    within = {(path, target) for path, target in _within(stated, nodes)}
    holding = {(path, target) for target, path in _within(backward, target_nodes)}
    return within | holding


def _within(stated: Collection[Statement], nodes: Collection[str]) -> Iterator[Pair]:
    """(path, target path) where the target holds the source: stated, inherited, and all that stands above the
    target."""
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for path, target, relation in stated:
        if relation in SPEAKS_FOR_PARTS:
            holders[path].append(target)
    known = {*nodes, *holders}
    departments = {path for path in known if not any(above in known for above in category_path.ancestors(path))}
    for path in known:
        line = (path, *reversed(category_path.ancestors(path)))
        # A department says where most of it is, and nothing of each of its shelves.
        speaks = next((node for node in line if node in holders and (node == path or node not in departments)), None)
        for target in holders[speaks] if speaks is not None else ():
            yield path, target
            for above in category_path.ancestors(target):
                yield path, above


def scores(labels: pd.DataFrame, said: Mapping[tuple[str, str], Collection[Pair]]) -> Scores:
    """``labels``: as ``labelled_pairs`` gives them; ``said``: (company, other company) -> what ``said_pairs`` found.

    Weighted back to the pool. The interval is Wilson's over the effective number of cases (Kish 1965); that of F1 is
    the interval of Jaccard's index J = hits / (hits + false + missed), a share of cases, carried over by 2 J / (1 + J).
    """
    keys = labels[KEY_COLUMNS].itertuples(index=False, name=None)
    is_said = np.array([(path, target) in said.get((one, other), ()) for one, path, other, target in keys], bool)
    is_true = labels["relation"].isin(CONTAINS).to_numpy()
    weight = labels["weight"].to_numpy(np.float64)
    jaccard = weighted_share(is_said & is_true, is_said | is_true, weight)
    return Scores(
        weighted_share(is_said & is_true, is_said, weight),
        weighted_share(is_said & is_true, is_true, weight),
        Estimate(_dice(jaccard.value), _dice(jaccard.low) or 0.0, _dice(jaccard.high) or 0.0, jaccard.cases),
    )


def _dice(jaccard: float | None) -> float | None:
    return None if jaccard is None else 2 * jaccard / (1 + jaccard)


def relation_scores(
    labels: pd.DataFrame, stated: Mapping[tuple[str, str], Collection[Statement]]
) -> dict[str, tuple[Estimate, Estimate]]:
    """By the relation that a method states of a labelled pair itself: how often the labels say that the one holds the
    other, and how often they say that very relation (``exact`` and ``close`` taken as one)."""
    groups = {"exact or close": ("exact", "close"), "broad or narrow": ("broad", "narrow"), "related": ("related",)}
    stating = {
        (*companies, path, target): relation
        for companies, statements in stated.items()
        for path, target, relation in statements
    }
    said = [stating.get((one, other, path, target)) for one, path, other, target in _keys(labels)]
    told = labels["relation"]
    is_same = [
        relation is not None and (relation == label or {relation, label} <= {"exact", "close"})
        for relation, label in zip(said, told, strict=True)
    ]
    holds = told.isin(CONTAINS).to_numpy()
    overlaps = (told != "none").to_numpy()
    found = {}
    for name, group in groups.items():
        among = [relation in group for relation in said]
        right = overlaps if name == "related" else holds
        found[name] = (
            weighted_share(right, among, labels["weight"]),
            weighted_share(is_same, among, labels["weight"]),
        )
    return found


def _keys(labels: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    return labels[KEY_COLUMNS].itertuples(index=False, name=None)
