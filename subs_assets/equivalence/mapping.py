"""From weighted pairs of listings to directed category mappings with a SKOS relation; where the pairs come from is
evidence.py's.

For categories a and b, P(b|a) is the share of a's matched evidence that points into b's subtree, P(a|b) the reverse;
both are judged by their Wilson lower bound (Wilson 1927), so that three listings out of three are not taken for
certainty. Mappings are never composed: a ~ b and b ~ c say nothing about a and c.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.equivalence.evidence import ListingEvidence, listing_masses

EXACT_BOUND = 0.6
CLOSE_BOUND = 0.4
RELATED_BOUND = 0.1
"""Lower bounds of the conditional shares at which a relation is claimed. First values, read off Aldi -> Coles; they are
to be set on labelled pairs and reported on others."""

MINIMUM_SUPPORT = 3.0
MINIMUM_SUPPORT_WITH_LABEL = 1.5
LABEL_AGREES = 0.6
"""Effective listings needed to accept without a person; fewer when the names of the two categories agree (cosine)."""

DEEPER_COVERAGE = 0.6
"""Go down to a target's children when they hold this share of the evidence that the target holds."""

CHAIN_COVERAGE = 0.99
"""A single child with this share of its parent's evidence stands for it."""

CHILD_SUPPORT = 1.0

WILSON_Z = 1.96
EVIDENCE_PAIRS = 10


@dataclass(frozen=True)
class Tree:
    """One company's categories and which listings stand in which subtree.

    ``paths``: node paths in order; ``incidence``: sparse 0/1 (rows of the features, nodes), ancestors included;
    ``children``: node -> its child nodes, -1 for the roots; ``is_backoff``: nodes too broad to be more than related
    (roots that branch).
    """

    company_slug: str
    paths: tuple[str, ...]
    incidence: Any
    children: dict[int, tuple[int, ...]]
    is_backoff: tuple[bool, ...]


def build_tree(company_slug: str, shelves: pd.DataFrame, facets: set[str], rows: int) -> Tree:
    """The tree of one company's ``listing_shelves`` (columns path, row), facet nodes and the universal root left
    out."""
    from scipy import sparse

    node_rows = [
        (node, row)
        for path, row in zip(shelves["path"], shelves["row"].astype(int), strict=True)
        for node in (*category_path.ancestors(path), path)
        if node not in facets
    ]
    paths = tuple(sorted({node for node, _ in node_rows}))
    number = {path: index for index, path in enumerate(paths)}
    index = np.array([(row, number[node]) for node, row in node_rows], np.intp).reshape(-1, 2)
    incidence = sparse.csc_matrix((np.ones(len(index)), (index[:, 0], index[:, 1])), shape=(rows, len(paths)))
    incidence.data[:] = 1  # a listing with two paths below one node stands there once
    children: dict[int, list[int]] = {}
    for path, node in number.items():
        above = [a for a in category_path.ancestors(path) if a in number]
        children.setdefault(number[above[-1]] if above else -1, []).append(node)
    frozen = {node: tuple(below) for node, below in children.items()}
    is_root = set(frozen.get(-1, ()))
    return Tree(
        company_slug,
        paths,
        incidence,
        frozen,
        tuple(node in is_root and node in frozen for node in range(len(paths))),
    )


def wilson_lower(share: float, cases: float, z: float = WILSON_Z) -> float:
    """Lower end of Wilson's score interval for a share seen in ``cases`` (may be fractional: effective) cases; 0
    without any."""
    if cases <= 0:
        return 0.0
    centre = share + z * z / (2 * cases)
    spread = z * np.sqrt(max(share * (1 - share), 0.0) / cases + z * z / (4 * cases * cases))
    return float(max(0.0, (centre - spread) / (1 + z * z / cases)))


def relation_of(target_given_source: float, source_given_target: float) -> str | None:
    """SKOS relation of the target to the source, from the two lower bounds; None: not even related.

    ``broad`` says that the target is the broader one: nearly all of the source points into it, and it holds more.

    >>> relation_of(0.8, 0.7), relation_of(0.8, 0.1), relation_of(0.1, 0.8), relation_of(0.2, 0.05)
    ('exact', 'broad', 'narrow', 'related')
    """
    if min(target_given_source, source_given_target) >= EXACT_BOUND:
        return "exact"
    if min(target_given_source, source_given_target) >= CLOSE_BOUND:
        return "close"
    if target_given_source >= CLOSE_BOUND:
        return "broad"
    if source_given_target >= CLOSE_BOUND:
        return "narrow"
    if target_given_source >= RELATED_BOUND:
        return "related"
    return None


def map_categories(
    source: Tree, target: Tree, evidence: ListingEvidence, label_similarity: NDArray[np.float32], names: pd.DataFrame
) -> "Mappings":
    """Mappings of every category of ``source`` that has evidence, their strongest pairs, and the best refused target of
    each category that has no accepted one.

    ``label_similarity``: float32 (source nodes, target nodes), cosine of the categories' own names. ``names``: sku and
    name of the rows of the features.
    """
    from scipy import sparse

    shape = (source.incidence.shape[0], target.incidence.shape[0])
    pairs_at = (evidence.source, evidence.target)
    mass = listing_masses(evidence.source, evidence.weight)
    forward = sparse.csr_matrix((mass, pairs_at), shape)
    hard = sparse.csr_matrix((mass * evidence.hard, pairs_at), shape)
    backward = sparse.csr_matrix((listing_masses(evidence.target, evidence.weight), pairs_at), shape)
    into = (source.incidence.T @ forward @ target.incidence).tocsr()
    into_hard = (source.incidence.T @ hard @ target.incidence).tocsr()
    back = (source.incidence.T @ backward @ target.incidence).tocsr()
    # A listing whose match stands under facets only is matched nowhere: the shares are over matched evidence.
    matched_source = source.incidence.T @ _shelved(forward, target, axis=1)
    matched_target = target.incidence.T @ _shelved(backward, source, axis=0)
    sku, name = names["sku"].to_numpy(object), names["name"].to_numpy(object)
    mappings, pairs, refused = [], [], []
    for node, path in enumerate(source.paths):
        masses = dict(zip(*_row(into, node), strict=True))
        backs = dict(zip(*_row(back, node), strict=True))
        hards = dict(zip(*_row(into_hard, node), strict=True))
        total = float(matched_source[node])
        for other in sorted(_cut(target, masses, backs, total, matched_target)):
            row = _mapping(
                masses[other],
                backs.get(other, 0.0),
                hards.get(other, 0.0),
                total,
                float(matched_target[other]),
                float(label_similarity[node, other]),
                target.is_backoff[other],
            )
            if row is None:
                continue
            key = (source.company_slug, path, target.company_slug, target.paths[other])
            mappings.append((*key, *row))
            pairs += [(*key, *pair) for pair in _strongest(source, node, target, other, evidence, sku, name)]
        refused += _best_refused(source, node, target, masses, [row for row in mappings if row[1] == path])
    return Mappings(
        pd.DataFrame(mappings, columns=MAPPING_COLUMNS),
        pd.DataFrame(pairs, columns=EVIDENCE_COLUMNS),
        pd.DataFrame(refused, columns=CANDIDATE_COLUMNS),
    )


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
    """Columns of the tables ``category_equivalences`` and ``category_evidence``, and ``CANDIDATE_COLUMNS``."""

    mappings: pd.DataFrame
    evidence: pd.DataFrame
    candidates: pd.DataFrame


def _best_refused(source: Tree, node: int, target: Tree, masses: dict[int, float], found: list[tuple]) -> list[tuple]:
    """The target that most of the category's evidence points to, and why it is not accepted; none where one is."""
    column = {name: place for place, name in enumerate(MAPPING_COLUMNS)}
    if not masses or any(row[column["status"]] == "accepted" for row in found):
        return []
    if found:
        best = max(found, key=lambda row: (row[column["support"]], row[column["target_path"]]))
        return [(*best[:4], best[column["support"]], best[column["reason"]])]
    deepest = [other for other in masses if not any(child in masses for child in target.children.get(other, ()))]
    other = max(deepest, key=lambda candidate: (masses[candidate], -candidate))
    reason = f"only {masses[other]:.1f} listings' worth of evidence"
    return [(source.company_slug, source.paths[node], target.company_slug, target.paths[other], masses[other], reason)]


def _shelved(mass: Any, tree: Tree, axis: int) -> NDArray[np.float64]:
    stands = np.asarray(tree.incidence.sum(axis=1) > 0).ravel().astype(np.float64)
    return np.asarray(mass @ stands).ravel() if axis == 1 else np.asarray(mass.T @ stands).ravel()


def _row(matrix: Any, node: int) -> tuple[list[int], list[float]]:
    row = slice(matrix.indptr[node], matrix.indptr[node + 1])
    return matrix.indices[row].tolist(), matrix.data[row].tolist()


def _cut(
    target: Tree, masses: dict[int, float], backs: dict[int, float], total: float, matched: NDArray[np.float64]
) -> Iterator[int]:
    """The target nodes that one source category is mapped to: from the roots down, to the deepest that still carry the
    evidence.

    A node that is as good as the same category is taken as it is, not in pieces; one whose evidence all stands in a
    single child is that child.
    """
    waiting = [node for node in target.children.get(-1, ()) if node in masses]
    while waiting:
        node = waiting.pop()
        mass = masses[node]
        both = min(wilson_lower(mass / total, total), wilson_lower(backs.get(node, 0.0) / matched[node], matched[node]))
        children = [child for child in target.children.get(node, ()) if masses.get(child, 0.0) >= CHILD_SUPPORT]
        enough = sum(masses[child] for child in children) >= DEEPER_COVERAGE * mass
        is_chain = len(children) == 1 and masses[children[0]] >= CHAIN_COVERAGE * mass
        if children and enough and (both < CLOSE_BOUND or target.is_backoff[node] or is_chain):
            waiting += children
        elif mass >= CHILD_SUPPORT:
            yield node


def _mapping(
    mass: float, back: float, hard: float, total: float, matched: float, label: float, is_backoff: bool
) -> tuple | None:
    forward, backward = min(mass / total, 1.0), min(back / matched, 1.0) if matched else 0.0
    bound, back_bound = wilson_lower(forward, total), wilson_lower(backward, matched)
    relation = relation_of(bound, back_bound)
    needed = MINIMUM_SUPPORT_WITH_LABEL if label >= LABEL_AGREES else MINIMUM_SUPPORT
    if is_backoff:
        # Whatever the shares say, "Pantry" is a department: below a clear majority it is noise.
        status, relation = ("accepted" if bound >= CLOSE_BOUND else "proposed"), "related"
        reason = "backed off to a whole department: no deeper category collects the evidence"
    elif relation is None:
        if mass < MINIMUM_SUPPORT:
            return None
        status, relation = "proposed", "related"
        reason = f"weak: no share's lower bound reaches {RELATED_BOUND}"
    else:
        status = "accepted"
        reason = (
            f"{forward:.0%} of the matched listings point here (at least {bound:.0%}), "
            f"{backward:.0%} of those here point back (at least {back_bound:.0%})"
        )
    if status == "accepted" and mass < needed:
        status, reason = "proposed", f"support {mass:.1f} is below {needed:g}; {reason}"
    return (
        relation, status, "evidence", mass, hard, mass - hard, total, matched,
        forward, bound, backward, back_bound, label, reason,
    )  # fmt: skip


def _strongest(
    source: Tree,
    node: int,
    target: Tree,
    other: int,
    evidence: ListingEvidence,
    sku: NDArray[np.object_],
    name: NDArray[np.object_],
) -> Iterator[tuple]:
    here, there = _members(source.incidence, node), _members(target.incidence, other)
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
