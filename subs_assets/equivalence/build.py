"""All company pairs' category equivalences from listings and their shelves; the rules themselves are in the modules
beside."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.equivalence.absences import find_absences
from subs_assets.equivalence.decisions import apply_decisions
from subs_assets.equivalence.evidence import Calibration, listing_evidence
from subs_assets.equivalence.facets import effective_shelves, find_facets
from subs_assets.equivalence.inference import DirectEvidence, direct_evidence, infer_mappings
from subs_assets.equivalence.mapping import (
    CANDIDATE_COLUMNS,
    EVIDENCE_COLUMNS,
    KEY_COLUMNS,
    MAPPING_COLUMNS,
    Mappings,
    map_categories,
)
from subs_assets.equivalence.relations import THRESHOLDS, Thresholds
from subs_assets.equivalence.shares import category_shares
from subs_assets.equivalence.tree import Tree, build_tree

SURE_SHELF = 0.75
"""A listing that only its relatives give a shelf is evidence where so much of them agree. With all of them, a company
whose shelves mean nothing was put in order by its listings' names, and mapped."""


@dataclass(frozen=True)
class Equivalences:
    """The tables ``category_equivalences``, ``category_evidence`` and ``category_absences``, and the decisions whose
    category is gone (sentences)."""

    mappings: pd.DataFrame
    evidence: pd.DataFrame
    absences: pd.DataFrame
    vanished_decisions: list[str]


def facets_and_shelves(
    listings: pd.DataFrame, listing_categories: pd.DataFrame, categories: pd.DataFrame, alike: AlikeRows
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``category_facets`` and ``listing_shelves``; ``alike``: of the rows of ``listings``."""
    shelves = with_rows(listing_categories, listings)
    shelved = shelves[shelves["path"] != category_path.ROOT]
    facets = find_facets(categories, shelved, alike)
    return facets, effective_shelves(shelves, facets, alike).drop(columns="row")


def with_rows(frame: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """``frame`` (keyed by company_slug and sku) with each listing's row number in ``listings`` as column ``row``."""
    numbered = listings[["company_slug", "sku"]].assign(row=np.arange(len(listings)))
    return frame.merge(numbered, on=["company_slug", "sku"], validate="many_to_one")


def build_equivalences(
    listings: pd.DataFrame,
    product_listings: pd.DataFrame,
    categories: pd.DataFrame,
    facets: pd.DataFrame,
    shelves: pd.DataFrame,
    decisions: pd.DataFrame,
    alike: AlikeRows,
    calibration: Calibration,
    store: VectorStore,
    thresholds: Thresholds = THRESHOLDS,
) -> Equivalences:
    """Mappings in both directions of every pair of companies, decisions applied."""
    numbered = with_rows(shelves[shelves["weight"] >= SURE_SHELF], listings)
    product = with_rows(product_listings, listings).sort_values("row")["product_id"].to_numpy(object)
    trees = {
        company: build_tree(company, part, set(facets.loc[facets["company_slug"] == company, "path"]), len(listings))
        for company, part in numbered.groupby("company_slug", sort=True)
    }
    rows = {company: np.flatnonzero(listings["company_slug"] == company) for company in trees}
    labels = {company: path_vectors(tree, store) for company, tree in trees.items()}
    found: list[Mappings] = []
    direct: dict[tuple[str, str], DirectEvidence] = {}
    for one, other in combinations(sorted(trees), 2):
        pairs = listing_evidence(alike, rows[one], rows[other], product, calibration)
        shares = category_shares(trees[one], trees[other], pairs, alike_paths(labels[one], labels[other]))
        for directed, directed_pairs in ((shares, pairs), (shares.reversed(), pairs.reversed())):
            found.append(map_categories(directed, directed_pairs, listings, thresholds))
            direct[directed.source.company_slug, directed.target.company_slug] = direct_evidence(
                directed, directed_pairs
            )
    mappings = _together([part.mappings for part in found], MAPPING_COLUMNS)
    sides = ["company_slug", "path"]
    is_facet = pd.MultiIndex.from_frame(categories[sides]).isin(pd.MultiIndex.from_frame(facets[sides]))
    decided, vanished = apply_decisions(mappings, decisions, categories[~is_facet])
    inferred = infer_mappings(decided, direct, thresholds)
    decided = _together([decided, inferred], MAPPING_COLUMNS).sort_values(KEY_COLUMNS, ignore_index=True)
    candidates = _together([part.candidates for part in found], CANDIDATE_COLUMNS)
    absences = find_absences(categories, facets, decided, candidates, sorted(listings["company_slug"].unique()))
    evidence = _together([part.evidence for part in found], EVIDENCE_COLUMNS)
    return Equivalences(decided, evidence, absences, vanished)


def own_shelves(listings: pd.DataFrame, shelves: pd.DataFrame) -> pd.Series:
    """The first shelf that each listing's own company gave it, aligned with the rows of ``listings``; missing where
    only relatives tell."""
    numbered = with_rows(shelves[shelves["origin"] == "own"], listings)
    return numbered.drop_duplicates("row").set_index("row")["path"].reindex(range(len(listings)))


def alike_paths(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """How alike the paths of two companies are, from their ``path_vectors``: (nodes, other nodes). Rounded, because the
    last digits of a matrix product depend on the number of threads."""
    alike: NDArray[np.float32] = np.round(one @ other.T, 4)
    return alike


def path_vectors(tree: Tree, store: VectorStore) -> NDArray[np.float32]:
    """What each category's own name and its whole path say: (nodes, d), so that the product of two companies' is the
    mean of the cosines of names and of paths."""
    names = [tree.names(node) for node in range(len(tree.paths))]
    own = store.vectors([one[-1].casefold() for one in names])
    whole = store.vectors([", ".join(one).casefold() for one in names])
    vectors: NDArray[np.float32] = np.hstack([own, whole]) / np.float32(np.sqrt(2))
    return vectors


def _together(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)
