"""From products and their shelves to directed, ranked substitutions and to what became of every product.

Candidates -> relations, levels, gates, score -> rank and cap; each rule is in the module that is named after it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from subs_assets.embedding.similarity import NameFeatures
from subs_assets.substitution.attributes import product_attributes
from subs_assets.substitution.candidates import shelf_neighbours, similar_names, together
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.judge import Sellers, judge, sellers
from subs_assets.substitution.outcomes import build_outcomes
from subs_assets.substitution.rows import substitution_rows
from subs_assets.substitution.shelves import ShelfRelations, shelf_relations


@dataclass(frozen=True)
class SubstitutionInputs:
    """What substitutions are made from: the tables of these names, and the blocks of ``EmbeddingMatrices``."""

    listings: pd.DataFrame
    products: pd.DataFrame
    product_listings: pd.DataFrame
    product_claims: pd.DataFrame
    category_equivalences: pd.DataFrame
    blocks: pd.DataFrame


@dataclass(frozen=True)
class Substitutions:
    """Tables ``substitutions`` and ``substitution_outcomes``, and how many candidates were judged."""

    substitutions: pd.DataFrame
    outcomes: pd.DataFrame
    candidates: int


def build_substitutions(
    inputs: SubstitutionInputs, features: NameFeatures, progress: Callable[[int, int], None] | None = None
) -> Substitutions:
    """All substitutions of levels 1 to 5, and one outcome for every product at every company.

    ``features`` are aligned with ``inputs.products``; ``progress`` is told how many shelf blocks are done, and of how
    many.
    """
    judged, outcomes, relations, sold_by = _judge(inputs, features, progress)
    rows = substitution_rows(judged, inputs.products, inputs.product_listings, inputs.listings, relations, sold_by)
    return Substitutions(rows, outcomes, len(judged))


def null_outcomes(
    inputs: SubstitutionInputs, features: NameFeatures, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """What would become of every product if the shelves were dealt by chance: ``substitution_outcomes`` of the null."""
    return _judge(with_shuffled_shelves(inputs), features, progress)[1]


def _judge(
    inputs: SubstitutionInputs, features: NameFeatures, progress: Callable[[int, int], None] | None
) -> tuple[pd.DataFrame, pd.DataFrame, ShelfRelations, Sellers]:
    attributes = product_attributes(inputs.products, inputs.product_claims)
    gates = Gates(attributes)
    sold_by = sellers(inputs.products, inputs.product_listings)
    relations = shelf_relations(inputs.blocks, inputs.category_equivalences)
    pairs = together([similar_names(features), shelf_neighbours(features, relations, gates, progress)])
    judged = judge(pairs, attributes, gates, relations, sold_by)
    judged = judged[judged["level"] > 0].reset_index(drop=True)
    return judged, build_outcomes(judged, inputs.products, relations, sold_by, gates), relations, sold_by


def with_shuffled_shelves(inputs: SubstitutionInputs, seed: int = 0) -> SubstitutionInputs:
    """The same inputs with each company's shelves dealt anew to its products: the permutation null of the rates.

    The trees, their sizes and the equivalences stay; only what stands where is chance.
    """
    random = np.random.default_rng(seed)
    shuffled = inputs.blocks.copy()
    for rows in shuffled.groupby("company_slug", sort=True).groups.values():
        shuffled.loc[rows, "path"] = random.permutation(shuffled.loc[rows, "path"].to_numpy(object))
    return replace(inputs, blocks=shuffled.drop_duplicates(ignore_index=True))
