"""From products and their shelves to directed, ranked substitutions and to what became of every product.

Candidates -> relations, levels, gates, score -> rank and cap; each rule is in the module that is named after it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from subs_assets.compute.local import LOCAL, Compute
from subs_assets.embedding.similarity import NameFeatures, Pairs
from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.attributes import product_attributes
from subs_assets.substitution.candidates import shelf_neighbours, together
from subs_assets.substitution.decisions import StandingDecisions, decided_pairs, no_decisions
from subs_assets.substitution.features import pair_features
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.offers import offers
from subs_assets.substitution.outcomes import build_outcomes, found_at, nearest_at
from subs_assets.substitution.rows import ranked, substitution_rows
from subs_assets.substitution.shelves import shelf_relations

PAIRS_AT_ONCE = 200_000
"""Candidates judged at once. All columns of the judgement of 10 million pairs took 4 GB; what is kept of them is
small."""


@dataclass(frozen=True)
class SubstitutionInputs:
    """What substitutions are made from: the tables of these names, these parts of ``EmbeddingMatrices``, and what
    people decided."""

    listings: pd.DataFrame
    products: pd.DataFrame
    product_listings: pd.DataFrame
    product_claims: pd.DataFrame
    product_kinds: pd.DataFrame
    category_facets: pd.DataFrame
    category_equivalences: pd.DataFrame
    blocks: pd.DataFrame
    alike_names: Pairs
    decisions: StandingDecisions = field(default_factory=no_decisions)


@dataclass(frozen=True)
class Substitutions:
    """Tables ``substitutions`` and ``substitution_outcomes``, and how many candidates were judged."""

    substitutions: pd.DataFrame
    outcomes: pd.DataFrame
    candidates: int


def night_judge(inputs: SubstitutionInputs, model: AcceptanceModel) -> Judge:
    """The judge of pairs of these inputs' products."""
    attributes = product_attributes(inputs.products, inputs.product_claims, inputs.product_kinds)
    sold = offers(inputs.products, inputs.product_listings, inputs.listings)
    return Judge(
        attributes,
        Gates(attributes),
        shelf_relations(inputs.blocks, inputs.category_equivalences, inputs.category_facets),
        sold,
        pair_features(attributes, inputs.product_claims, sold),
        model,
        decided_pairs(inputs.decisions, inputs.products["product_id"].tolist(), sold.companies),
    )


def candidate_pairs(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    judge: Judge,
    compute: Compute = LOCAL,
    progress: Callable[[int, int], None] | None = None,
) -> Pairs:
    """All pairs that are judged: names that are alike, neighbours on shelves that may be compared, and what a person
    accepted."""
    neighbours = shelf_neighbours(features, judge.relations, judge.gates, compute, progress)
    accepted = judge.decided.accepted
    decided = features.pairs(accepted["left"].to_numpy(np.intp), accepted["right"].to_numpy(np.intp))
    return together([inputs.alike_names, neighbours, decided])


def build_substitutions(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    model: AcceptanceModel,
    compute: Compute = LOCAL,
    progress: Callable[[int, int], None] | None = None,
) -> Substitutions:
    """All substitutions of levels 1 to 5, and one outcome for every product at every company.

    ``features`` are aligned with ``inputs.products``; ``compute`` runs the tiles of level 5; ``progress`` is told how
    many of them are done, and of how many.
    """
    judge = night_judge(inputs, model)
    judged = _judge_all(inputs, features, judge, compute, progress)
    rows = [substitution_rows(best, inputs.products, judge) for best in judged.best]
    return Substitutions(pd.concat(rows, ignore_index=True), judged.outcomes, judged.candidates)


def null_outcomes(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    model: AcceptanceModel,
    compute: Compute = LOCAL,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """What would become of every product if the shelves were dealt by chance: ``substitution_outcomes`` of the null."""
    shuffled = with_shuffled_shelves(inputs)
    return _judge_all(shuffled, features, night_judge(shuffled, model), compute, progress).outcomes


def judged_in_parts(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    judge: Judge,
    compute: Compute = LOCAL,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[pd.DataFrame]:
    """``Judge.judge`` of all candidates, about ``PAIRS_AT_ONCE`` at a time; all pairs of one left product are in one
    frame, and there is one where there are none."""
    for part in _parts(candidate_pairs(inputs, features, judge, compute, progress)):
        yield judge.judge(part)


@dataclass(frozen=True)
class _Judged:
    """What is kept of the judgement of all candidates; ``best``: of each part, the ranked rows of ``Judge.judge``."""

    best: list[pd.DataFrame]
    outcomes: pd.DataFrame
    candidates: int


def _judge_all(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    judge: Judge,
    compute: Compute,
    progress: Callable[[int, int], None] | None,
) -> _Judged:
    best, found, nearest, candidates = [], [], [], 0
    for part in judged_in_parts(inputs, features, judge, compute, progress):
        judged = part[part["level"] > 0]
        candidates += len(judged)
        best.append(ranked(judged))
        found.append(found_at(judged))
        nearest.append(nearest_at(judged, judge.model.shown_from))
    outcomes = build_outcomes(pd.concat(found), pd.concat(nearest), inputs.products, judge)
    return _Judged(best, outcomes, candidates)


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    """The pairs in pieces, all pairs of one left product in the same; one empty piece where there are none."""
    begins = np.flatnonzero(np.diff(pairs.left)) + 1
    at = np.searchsorted(begins, np.arange(PAIRS_AT_ONCE, len(pairs), PAIRS_AT_ONCE))
    cuts = np.unique(begins[at[at < len(begins)]])
    for part in np.split(np.arange(len(pairs)), cuts):
        yield pairs.where(part)


def with_shuffled_shelves(inputs: SubstitutionInputs, seed: int = 0) -> SubstitutionInputs:
    """The same inputs with each company's shelves dealt anew to its products: the permutation null of the rates.

    The trees, their sizes and the equivalences stay; only what stands where is chance.
    """
    random = np.random.default_rng(seed)
    shuffled = inputs.blocks.copy()
    for rows in shuffled.groupby("company_slug", sort=True).groups.values():
        shuffled.loc[rows, "path"] = random.permutation(shuffled.loc[rows, "path"].to_numpy(object))
    return replace(inputs, blocks=shuffled.drop_duplicates(ignore_index=True))
