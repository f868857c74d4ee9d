"""How much of each category's evidence points into each category of another company, and back; no relation is claimed
here."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subs_assets.equivalence.evidence import ListingEvidence, listing_masses
from subs_assets.equivalence.relations import wilson_lower
from subs_assets.equivalence.tree import Tree

LABEL_VOTES = 6.0
"""Paths that say the same count as so many matched listings."""

LABEL_FROM, LABEL_TO = 0.6, 0.95
"""Similarity of two paths at which their votes begin to count, and count in full."""

UNMATCHED = 0.05
"""What a listing that resembles none of the other company counts against each share: its kind may not be there."""

ELSEWHERE = 50.0
"""Listings that a shop is taken to sell beside those that were matched: where two companies have one category each,
nothing could differ from chance otherwise. Among the thousands of a real catalogue they are lost."""


@dataclass(frozen=True)
class CategoryShares:
    """The evidence between s source and t target categories.

    ``mass``: (s, t) effective listings of the source that point into the target; ``hard`` of these by shared products;
    ``back``: (s, t) effective listings of the target that point into the source. ``matched_source`` (s,) and
    ``matched_target`` (t,): effective listings with a counterpart in any category; ``unplaced_source`` and
    ``unplaced_target``: with counterparts under facets only. ``label``: (s, t) similarity of the paths.
    ``forward``: (s, t) the share P(target given source), and ``forward_bound`` its lower bound; ``backward`` the
    reverse. ``chance``: (s, t) how likely as much evidence between the two, either way, is if shelves mean nothing.
    """

    source: Tree
    target: Tree
    mass: NDArray[np.float64]
    hard: NDArray[np.float64]
    back: NDArray[np.float64]
    back_hard: NDArray[np.float64]
    matched_source: NDArray[np.float64]
    matched_target: NDArray[np.float64]
    unplaced_source: NDArray[np.float64]
    unplaced_target: NDArray[np.float64]
    label: NDArray[np.float64]
    chance: NDArray[np.float64]
    forward: NDArray[np.float64]
    forward_bound: NDArray[np.float64]
    backward: NDArray[np.float64]
    backward_bound: NDArray[np.float64]

    def reversed(self) -> "CategoryShares":
        return CategoryShares(
            self.target, self.source, self.back.T, self.back_hard.T, self.mass.T, self.hard.T, self.matched_target,
            self.matched_source, self.unplaced_target, self.unplaced_source, self.label.T, self.chance.T,
            self.backward.T, self.backward_bound.T, self.forward.T, self.forward_bound.T,
        )  # fmt: skip


def category_shares(
    source: Tree, target: Tree, evidence: ListingEvidence, label_similarity: NDArray[np.float32]
) -> CategoryShares:
    """Shares over matched listings, to which the paths of the categories add ``LABEL_VOTES`` at most, and unmatched
    listings a little doubt.

    ``label_similarity``: (source nodes, target nodes), cosine.
    """
    masses = listing_masses(evidence.source, evidence.weight)
    backs = listing_masses(evidence.target, evidence.weight)
    mass, matched_source, unplaced_source = _between(source, target, evidence, masses)
    hard, _, _ = _between(source, target, evidence, masses * evidence.hard)
    back, matched_target, unplaced_target = (one.T for one in _between(target, source, evidence.reversed(), backs))
    back_hard, _, _ = _between(target, source, evidence.reversed(), backs * evidence.hard)
    votes = LABEL_VOTES * np.clip((label_similarity - LABEL_FROM) / (LABEL_TO - LABEL_FROM), 0, 1).astype(np.float64)
    forward, forward_bound = _shares(source, matched_source, mass, votes, target)
    backward, backward_bound = _shares(target, matched_target, back.T, votes.T, source)
    chance = np.maximum(_chance(source, matched_source, mass), _chance(target, matched_target, back.T).T)
    return CategoryShares(
        source, target, mass, hard, back, back_hard.T, matched_source, matched_target, unplaced_source, unplaced_target,
        label_similarity.astype(np.float64), chance, forward, forward_bound, backward.T, backward_bound.T,
    )  # fmt: skip


def _between(
    source: Tree, target: Tree, evidence: ListingEvidence, mass: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(s, t) the mass between the subtrees, and (s,) all of each source subtree's that meets any target category, and
    that meets none.

    A listing whose match stands under facets only is matched nowhere: the shares are over matched evidence.
    """
    from scipy import sparse

    rows = source.incidence.shape[0]
    pairs: Any = sparse.csr_matrix((mass, (evidence.source, evidence.target)), (rows, rows))
    shelved = np.asarray(target.incidence.sum(axis=1) > 0).ravel().astype(np.float64)
    matched, unplaced = (np.asarray(source.incidence.T @ (pairs @ stands)).ravel() for stands in (shelved, 1 - shelved))
    return (source.incidence.T @ pairs @ target.incidence).toarray(), matched, unplaced


def _shares(
    source: Tree, matched: NDArray[np.float64], mass: NDArray[np.float64], votes: NDArray[np.float64], target: Tree
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(target given source) and its lower bound, both (s, t).

    The votes of the labels go to the categories whose paths say the same, and to those above them; they count against
    all others.
    """
    votes_below = votes.copy()
    for node in np.flatnonzero(~target.is_leaf):
        votes_below[:, node] = votes[:, target.above[:, node] | (np.arange(len(target.paths)) == node)].max(axis=1)
    cast = votes.max(axis=1) if votes.shape[1] else np.zeros(len(source.paths))
    cases = matched + UNMATCHED * np.maximum(source.listings - matched, 0) + cast
    share = (mass + votes_below) / np.maximum(cases, 1e-9)[:, None]
    share = np.clip(share, 0, 1)
    return share, wilson_lower(share, cases[:, None])


def _chance(source: Tree, matched: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """(s, t) the upper tail of the binomial distribution, continued to fractional counts: how likely so much of the
    matched evidence points into the target by chance, if each listing falls there as often as any of the source's."""
    from scipy.special import betainc

    roots = source.depth == 1
    total = matched[roots].sum()
    base = np.clip(mass[roots].sum(axis=0) / (total + ELSEWHERE), 0, 1)
    cases = np.broadcast_to(matched[:, None], mass.shape)
    hits = np.minimum(mass, cases)
    likely: NDArray[np.float64] = np.where(
        hits > 0, betainc(np.maximum(hits, 1e-9), cases - hits + 1, np.broadcast_to(base, mass.shape)), 1.0
    )
    return likely
