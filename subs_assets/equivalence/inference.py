"""Mappings through a third company, one hop at most: where two companies share too little to tell, and a third knows
both.

Mappings are not transitive: each hop is a share, and the shares are multiplied. The part of the middle category that
resembles the one may be another than the part that resembles the other, so the two parts must overlap. What the two
companies' own evidence says is never overruled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.equivalence.evidence import ListingEvidence
from subs_assets.equivalence.mapping import KEY_COLUMNS, MAPPING_COLUMNS
from subs_assets.equivalence.relations import COUNTERPARTS, INVERSE, THRESHOLDS, Thresholds, relations
from subs_assets.equivalence.shares import CategoryShares

HOP_COLUMNS = ["relation", "support", "target_given_source_bound", "source_given_target_bound", "label_similarity"]

AGREEING = 0.5
"""What direct evidence there is must point to an inferred target with at least this share; and of the middle category's
listings that the one company has counterparts of, the other must have counterparts of as large a share."""


@dataclass(frozen=True)
class DirectEvidence:
    """What two companies' own listings say: sparse (s, t) mass, (s,) matched source, the source tree's incidence, the
    number of each path, and the rows of the source's listings that have a counterpart at the target."""

    mass: Any
    matched: NDArray[np.float64]
    incidence: Any
    source: Mapping[str, int]
    target: Mapping[str, int]
    rows: NDArray[np.intp]

    def allows(self, path: str, target_path: str) -> bool:
        """Whether the source's evidence is silent, or points there too."""
        node, other = self.source.get(path), self.target.get(target_path)
        if node is None or other is None:
            return False
        return bool(self.mass[node, other] >= AGREEING * self.matched[node])

    def rows_in(self, path: str) -> NDArray[np.intp]:
        """Which of the rows stand in a source category."""
        node = self.source[path]
        standing = self.incidence.indices[self.incidence.indptr[node] : self.incidence.indptr[node + 1]]
        return np.intersect1d(standing, self.rows)


def direct_evidence(shares: CategoryShares, evidence: ListingEvidence) -> DirectEvidence:
    """What one pair of companies tells by itself, kept for the way through a third."""
    from scipy import sparse

    source, target = ({path: node for node, path in enumerate(tree.paths)} for tree in (shares.source, shares.target))
    return DirectEvidence(
        sparse.csr_matrix(shares.mass), shares.matched_source, shares.source.incidence, source, target,
        np.unique(evidence.source),
    )  # fmt: skip


def infer_mappings(
    mappings: pd.DataFrame,
    direct: Mapping[tuple[str, str], DirectEvidence],
    thresholds: Thresholds = THRESHOLDS,
) -> pd.DataFrame:
    """Rows of ``category_equivalences`` (origin ``inferred``) for categories that have no accepted mapping to a
    company; ``direct``: (company, other company) -> their own evidence.

    Of several ways to one target the one with the highest bounds is taken, and of targets above one another the
    strongest.
    """
    found: list[tuple] = []
    for chain in _chains(mappings, thresholds).itertuples(index=False):
        source, target = (chain.company_slug, chain.path), (chain.company_to, chain.path_to)
        row = _composed(chain, thresholds)
        if row is None or not direct[source[0], target[0]].allows(source[1], target[1]):
            continue
        one, other = (
            direct[chain.target_company_slug, end].rows_in(chain.target_path) for end in (source[0], target[0])
        )
        if len(np.intersect1d(one, other)) >= AGREEING * min(len(one), len(other)):
            found.append((*source, *target, *row))
    strongest = _strongest_of_each_line(pd.DataFrame(found, columns=MAPPING_COLUMNS))
    return _without_contradictions(strongest, mappings)


def _chains(mappings: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Two accepted mappings in a row that lead to a company to which the category has none, and to no pair that has a
    row already; only those that can be strong enough."""
    hops = mappings[(mappings["status"] == "accepted") & (mappings["relation"] != "related")]
    known = mappings.loc[mappings["status"] == "accepted", ["company_slug", "path", "target_company_slug"]]
    first = hops[[*KEY_COLUMNS, *HOP_COLUMNS]]
    second = first.set_axis(["target_company_slug", "target_path", "company_to", "path_to", *HOP_COLUMNS], axis=1)
    # One company at a time: all chains of 200 companies together are billions of rows, nearly all of them needless.
    parts = [_chains_from(part, second, known, thresholds) for _, part in first.groupby("company_slug", sort=True)]
    chains = pd.concat(parts, ignore_index=True) if parts else _chains_from(first, second, known, thresholds)
    pairs = pd.MultiIndex.from_frame(chains[["company_slug", "path", "company_to", "path_to"]])
    return chains[~pairs.isin(pd.MultiIndex.from_frame(mappings[KEY_COLUMNS]))]


def _chains_from(
    first: pd.DataFrame, second: pd.DataFrame, known: pd.DataFrame, thresholds: Thresholds
) -> pd.DataFrame:
    chains = first.merge(second, on=["target_company_slug", "target_path"], suffixes=("", "_second"))
    strong = np.zeros(len(chains), bool)
    for bound in ("target_given_source_bound", "source_given_target_bound"):
        strong |= (chains[bound] * chains[f"{bound}_second"] >= thresholds.contained).to_numpy()
    chains = chains[strong & (chains["company_slug"] != chains["company_to"]).to_numpy()]
    leads_on = pd.MultiIndex.from_frame(chains[["company_slug", "path", "company_to"]])
    return chains[~leads_on.isin(pd.MultiIndex.from_frame(known))]


def _composed(chain: Any, thresholds: Thresholds) -> tuple | None:
    """The columns of ``MAPPING_COLUMNS`` after the key; None where nothing follows from the two relations."""
    forward = chain.target_given_source_bound * chain.target_given_source_bound_second
    backward = chain.source_given_target_bound * chain.source_given_target_bound_second
    relation = _composed_relation({chain.relation, chain.relation_second}, forward, backward, thresholds)
    if relation is None:
        return None
    reason = (
        f"through {chain.target_company_slug}: {category_path.readable(chain.target_path)} is {chain.relation} to it, "
        f"and {chain.relation_second} from there"
    )
    support = min(chain.support, chain.support_second)
    label = min(chain.label_similarity, chain.label_similarity_second)
    return (
        relation, "accepted", "inferred", support, 0.0, 0.0, 0.0, 0.0, forward, forward, backward, backward, label,
        reason,
    )  # fmt: skip


def _composed_relation(hops: set[str], forward: float, backward: float, thresholds: Thresholds) -> str | None:
    """What follows from two hops: up and up is up, up and down is anything."""
    directions = hops.difference(COUNTERPARTS)
    if directions == {"broad"}:
        return "broad" if forward >= thresholds.contained else None
    if directions == {"narrow"}:
        return "narrow" if backward >= thresholds.contained else None
    if directions:
        return None
    relation = str(relations(forward, backward, thresholds).item())
    # Two hops are never certain enough for "exact", and too far for "related".
    return {"exact": "close", "related": None, "": None}.get(relation, relation)


def _strongest_of_each_line(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.assign(weaker=rows[["target_given_source", "source_given_target"]].min(axis=1))
    rows = rows.sort_values(
        ["weaker", "support", *KEY_COLUMNS, "reason"], ascending=[False, False, True, True, True, True, True]
    ).drop_duplicates(KEY_COLUMNS)
    kept: list[int] = []
    taken: dict[tuple[str, str, str], list[str]] = {}
    for place, row in enumerate(rows.itertuples(index=False)):
        others = taken.setdefault((row.company_slug, row.path, row.target_company_slug), [])
        if not any(_in_one_line(row.target_path, other) for other in others):
            others.append(row.target_path)
            kept.append(place)
    return rows.iloc[kept][MAPPING_COLUMNS].sort_values(KEY_COLUMNS, ignore_index=True)


def _without_contradictions(inferred: pd.DataFrame, mappings: pd.DataFrame) -> pd.DataFrame:
    """Those whose other direction, inferred or not, says nothing else: two ways that disagree tell nothing."""
    accepted = pd.concat([mappings.loc[mappings["status"] == "accepted", MAPPING_COLUMNS], inferred])
    keys = accepted[KEY_COLUMNS].itertuples(index=False, name=None)
    said = dict(zip(keys, accepted["relation"], strict=True))
    agrees = [
        said.get((*key[2:], *key[:2]), INVERSE[relation]) in (INVERSE[relation], "related")
        for key, relation in zip(
            inferred[KEY_COLUMNS].itertuples(index=False, name=None), inferred["relation"], strict=True
        )
    ]
    return inferred[pd.Series(agrees, inferred.index, bool)].reset_index(drop=True)


def _in_one_line(one: str, other: str) -> bool:
    return one == other or one in category_path.ancestors(other) or other in category_path.ancestors(one)
