"""Which mappings are stated between two companies' categories, and why: the fewest from which the others follow. What a
third company tells is inference.py's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.equivalence.evidence import ListingEvidence
from subs_assets.equivalence.relations import COUNTERPARTS, THRESHOLDS, Thresholds, relations
from subs_assets.equivalence.shares import CategoryShares
from subs_assets.equivalence.tree import Tree

COVERED = 0.6
"""A broader category is not stated where narrower ones below it hold this share of what it holds."""

EVIDENCE_PAIRS = 10

HARDLY_ONE = 1.0
"""Matched listings below which a reason speaks of none: their shares are what the names say."""

KEY_COLUMNS = ["company_slug", "path", "target_company_slug", "target_path"]
MAPPING_COLUMNS = [
    *KEY_COLUMNS, "relation", "status", "origin", "support", "hard_support", "soft_support", "matched_source",
    "matched_target", "target_given_source", "target_given_source_bound", "source_given_target",
    "source_given_target_bound", "label_similarity", "reason",
]  # fmt: skip
CANDIDATE_COLUMNS = [*KEY_COLUMNS, "support", "reason"]
EVIDENCE_COLUMNS = [*KEY_COLUMNS, "rank", "kind", "sku", "target_sku", "name", "target_name", "weight"]


@dataclass(frozen=True)
class Mappings:
    """Columns of the tables ``category_equivalences`` and ``category_evidence``, and the best refused target of each
    category that has no accepted one: ``CANDIDATE_COLUMNS``."""

    mappings: pd.DataFrame
    evidence: pd.DataFrame
    candidates: pd.DataFrame


def map_categories(
    shares: CategoryShares, evidence: ListingEvidence, names: pd.DataFrame, thresholds: Thresholds = THRESHOLDS
) -> Mappings:
    """The mappings of every category of the source, their strongest pairs of listings, and what was refused.

    ``evidence``: what the shares were counted from. ``names``: sku and name of the rows of the features.
    """
    sku, name = names["sku"].to_numpy(object), names["name"].to_numpy(object)
    mappings, pairs, refused = [], [], []
    for node, path in enumerate(shares.source.paths):
        rows = []
        for other, relation in sorted(stated(shares, node, thresholds)):
            key = (shares.source.company_slug, path, shares.target.company_slug, shares.target.paths[other])
            rows.append((*key, *_judged(shares, node, other, relation, thresholds)))
            pairs += [(*key, *pair) for pair in _strongest(shares, node, other, evidence, sku, name)]
        mappings += rows
        refused += _best_refused(shares, node, rows, thresholds)
    return Mappings(
        pd.DataFrame(mappings, columns=MAPPING_COLUMNS),
        pd.DataFrame(pairs, columns=EVIDENCE_COLUMNS),
        pd.DataFrame(refused, columns=CANDIDATE_COLUMNS),
    )


def stated(shares: CategoryShares, node: int, thresholds: Thresholds = THRESHOLDS) -> list[tuple[int, str]]:
    """The target categories that one source category is mapped to, with their relations: the fewest that say all.

    First its counterparts (``exact``, ``close``); what stands above or below one of them follows. Then the widest
    categories that stand within it (``narrow``), and the deepest that holds it (``broad``), unless narrower ones below
    that hold most of what it holds. Then the deepest others that overlap (``related``). A whole department is mapped to
    departments only; for anything else it is ``related``, and only where there is nothing better. Last come those whose
    paths say the same while chance would bring as much evidence: they are for a person.
    """
    target, mass = shares.target, shares.mass[node]
    forward, backward = shares.forward_bound[node], shares.backward_bound[node]
    both = np.minimum(forward, backward)
    likely = relations(forward, backward, thresholds)
    is_chance = shares.chance[node] > thresholds.chance
    relation = np.where(is_chance, "", likely)
    is_backoff = target.is_department & ~shares.source.is_department[node]
    fits = ~is_backoff

    counterparts = _one_a_line(target, fits & np.isin(relation, COUNTERPARTS), (-both, -target.depth))
    fits &= ~_in_line(target, counterparts)
    narrower = _one_a_line(target, fits & (relation == "narrow"), (target.depth, -mass))
    within = (target.above[narrower] * mass[narrower, None]).sum(axis=0)
    holds = fits & (relation == "broad") & (within < COVERED * mass)
    broader = _one_a_line(target, holds, (-target.depth, -forward))
    fits &= ~_in_line(target, narrower + broader)
    overlapping = _one_a_line(target, fits & (relation == "related"), (-target.depth, -forward))
    # The paths say the same and the listings do not: for a person to decide.
    fits &= ~_in_line(target, overlapping)
    doubtful = fits & is_chance & (shares.label[node] >= thresholds.label) & ~np.isin(likely, ["related", ""])
    found = counterparts + narrower + broader + overlapping
    found += _one_a_line(target, doubtful, (-shares.label[node], -target.depth))
    if found:
        return [(other, likely[other]) for other in found]
    departments = _one_a_line(target, is_backoff & np.isin(relation, [*COUNTERPARTS, "broad"]), (-forward,))
    return [(other, "related") for other in departments]


def _one_a_line(tree: Tree, candidates: NDArray[np.bool_], order: tuple[NDArray[Any], ...]) -> list[int]:
    """Candidates in the order of these keys, without those that stand above or below one taken before."""
    numbers = np.flatnonzero(candidates)
    left = candidates.copy()
    taken = []
    for other in numbers[np.lexsort([key[numbers] for key in reversed(order)])]:
        if left[other]:
            taken.append(int(other))
            left &= ~_in_line(tree, [other])
    return taken


def _in_line(tree: Tree, nodes: list[int]) -> NDArray[np.bool_]:
    """Which nodes are one of these, or stand above or below one: (n,)."""
    line: NDArray[np.bool_] = np.logical_or(tree.above[nodes].any(axis=0), tree.above[:, nodes].any(axis=1))
    line[nodes] = True
    return line


def _judged(shares: CategoryShares, node: int, other: int, relation: str, thresholds: Thresholds) -> tuple:
    """The columns of ``MAPPING_COLUMNS`` after the key."""
    mass, hard, label = (float(values[node, other]) for values in (shares.mass, shares.hard, shares.label))
    forward, bound = float(shares.forward[node, other]), float(shares.forward_bound[node, other])
    backward, back_bound = float(shares.backward[node, other]), float(shares.backward_bound[node, other])
    if shares.target.is_department[other] and not shares.source.is_department[node]:
        reason = "backed off to a whole department: no deeper category collects the evidence"
    elif mass < HARDLY_ONE:
        reason = f"hardly a listing is matched; the paths are {label:.0%} alike"
    else:
        reason = (
            f"{forward:.0%} of it points here (at least {bound:.0%}), "
            f"{backward:.0%} of this points back (at least {back_bound:.0%}); the paths are {label:.0%} alike"
        )
    status, chance = "accepted", float(shares.chance[node, other])
    if chance > thresholds.chance:
        status, reason = "proposed", _but_by_chance(chance, mass, reason)
    elif mass < thresholds.support and label < thresholds.label:
        status, reason = "proposed", f"support {mass:.1f} is below {thresholds.support:g}; {reason}"
    return (
        relation, status, "evidence", mass, hard, mass - hard, float(shares.matched_source[node]),
        float(shares.matched_target[other]), forward, bound, backward, back_bound, label, reason,
    )  # fmt: skip


def _but_by_chance(chance: float, mass: float, reason: str) -> str:
    return reason if mass < HARDLY_ONE else f"as much would fall here by chance in {chance:.0%} of cases; {reason}"


def _how_many(alike: float) -> str:
    """Listings are weighed by how alike they are, so that there may be 0.7 of them, or 38.5."""
    if alike < HARDLY_ONE:
        return "hardly one of its listings resembles any"
    return f"about {alike:.0f} of its listings resemble some"


def _best_refused(shares: CategoryShares, node: int, found: list[tuple], thresholds: Thresholds) -> list[tuple]:
    """The target that most of the category's evidence points to, and why it is not accepted; none where one is."""
    column = {name: place for place, name in enumerate(MAPPING_COLUMNS)}
    mass, target = shares.mass[node], shares.target
    if any(row[column["status"]] == "accepted" for row in found):
        return []
    if found:
        best = max(found, key=lambda row: (row[column["support"]], row[column["target_path"]]))
        return [(*best[:4], best[column["support"]], best[column["reason"]])]
    here = (shares.source.company_slug, shares.source.paths[node], target.company_slug)
    unplaced = float(shares.unplaced_source[node])
    if unplaced > mass.max(initial=0.0):
        return [(*here, None, None, f"{_how_many(unplaced)} there, under facets only")]
    if not mass.any():
        return []
    seen = mass > 0
    deepest = np.flatnonzero(seen & ~target.above[seen].any(axis=0))
    other = deepest[np.argmax(mass[deepest])]
    chance, alike = float(shares.chance[node, other]), float(mass[other])
    reason = f"{_how_many(alike)} there"
    if alike >= HARDLY_ONE:
        reason += f": at least {shares.forward_bound[node, other]:.0%} of what is matched points here"
    if chance > thresholds.chance:
        reason = _but_by_chance(chance, alike, reason)
    return [(*here, target.paths[other], float(mass[other]), reason)]


def _strongest(
    shares: CategoryShares,
    node: int,
    other: int,
    evidence: ListingEvidence,
    sku: NDArray[np.object_],
    name: NDArray[np.object_],
) -> Iterator[tuple]:
    here, there = _members(shares.source.incidence, node), _members(shares.target.incidence, other)
    among = np.flatnonzero(here[evidence.source] & there[evidence.target])
    order = np.lexsort((evidence.target[among], evidence.source[among], -evidence.weight[among]))
    for rank, pair in enumerate(among[order][:EVIDENCE_PAIRS], start=1):
        i, j = evidence.source[pair], evidence.target[pair]
        kind = "hard" if evidence.hard[pair] else "soft"
        yield rank, kind, sku[i], sku[j], name[i], name[j], float(evidence.weight[pair])


def _members(incidence: Any, node: int) -> NDArray[np.bool_]:
    member = np.zeros(incidence.shape[0], bool)
    member[incidence.indices[incidence.indptr[node] : incidence.indptr[node + 1]]] = True
    return member
