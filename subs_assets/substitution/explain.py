"""Why one product is, or is not, a substitute for another: the same judgement as in build.py, told for one pair."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.embedding.similarity import NameFeatures, Pairs
from subs_assets.substitution import scoring
from subs_assets.substitution.attributes import product_attributes
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.gates import CLAIM, CLASS, DIMENSION, Gates
from subs_assets.substitution.judge import judge, sellers
from subs_assets.substitution.rows import LEVEL_RULES
from subs_assets.substitution.shelves import ShelfRelations, shelf_relations


@dataclass(frozen=True)
class Explanation:
    """Sentences about a pair at one company that sells the substitute, and whether it is one there."""

    company_slug: str
    is_substitute: bool
    score: float
    lines: tuple[str, ...]
    conclusion: str


def explain_pair(
    inputs: SubstitutionInputs, features: NameFeatures, product_id: str, substitute_id: str
) -> list[Explanation]:
    """One explanation for each company that sells the substitute, judged by itself: of those that are good enough, only
    the best are published.

    Raises ValueError when one of the two is not among the products, or they are the same one.
    """
    ids = inputs.products["product_id"].tolist()
    for asked in (product_id, substitute_id):
        if asked not in ids:
            raise ValueError(f"there is no product {asked}")
    if product_id == substitute_id:
        raise ValueError(f"both are the product {product_id}; the identical product is no substitution")
    i, j = np.array([ids.index(product_id)]), np.array([ids.index(substitute_id)])
    cosine, lexical = features.similarities(i, j)
    attributes = product_attributes(inputs.products, inputs.product_claims)
    gates, sold_by = Gates(attributes), sellers(inputs.products, inputs.product_listings)
    relations = shelf_relations(inputs.blocks, inputs.category_equivalences, inputs.category_facets)
    judged = judge(Pairs(i, j, cosine.ravel(), lexical.ravel()), attributes, gates, relations, sold_by)
    return [
        _explain(row, gates, relations, sold_by.companies[row.company], inputs.product_claims)
        for row in judged.itertuples(index=False)
    ]


def _explain(row, gates: Gates, relations: ShelfRelations, company: str, claims: pd.DataFrame) -> Explanation:  # type: ignore[no-untyped-def]  # a named tuple of pandas
    lines = [
        f"names: {(row.cosine + row.lexical) / 2:.2f} alike "
        f"({row.cosine:.2f} in meaning, {row.lexical:.2f} in spelling)",
        _levels(row),
        _categories(row, relations, company),
        f"size: {row.ratio:.3g} of the substitute make up one product"
        if row.ratio == row.ratio
        else "size: not comparable",
    ]
    if row.lowered:
        lines.append(f"{row.lowered} preference(s) of the product are not stated by the substitute")
    lines.append(_gate(row, gates, claims))
    lines.append(f"score: {row.score:.2f}; shown from {scoring.MINIMUM_SCORE:.2f} on")
    is_substitute = bool(row.accepted and row.level > 0)
    if is_substitute:
        conclusion = f"It is a substitute at {company}, on level {row.level}."
    elif row.gate:
        conclusion = f"It is no substitute at {company}: a gate refuses it."
    elif row.level == 0:
        conclusion = f"It is no substitute at {company}: no level applies."
    else:
        conclusion = f"It is no substitute at {company}: its score is too low."
    return Explanation(company, is_substitute, float(row.score), tuple(lines), conclusion)


def _levels(row) -> str:  # type: ignore[no-untyped-def]
    rules = [rule for level, rule in LEVEL_RULES.items() if row.bits & (1 << (level - 1))]
    return "; ".join(rules) or "levels 1 to 4: none applies"


def _categories(row, relations: ShelfRelations, company: str) -> str:  # type: ignore[no-untyped-def]
    if row.mapping >= 0:
        pair = relations.pairs.iloc[row.mapping]
        here, there = category_path.readable(pair["path"]), category_path.readable(pair["target_path"])
        return f"level 5: {here} ~ {there} ({scoring.RELATIONS[row.relation]})"
    if row.relation == scoring.CONTRADICTS:
        return f"level 5: the product's category is mapped to {company}, but not to the substitute's"
    return f"level 5: no accepted mapping leads from the product's category to the substitute's at {company}"


def _gate(row, gates: Gates, claims: pd.DataFrame) -> str:  # type: ignore[no-untyped-def]
    product, substitute = claims.iloc[row.left], claims.iloc[row.right]
    if row.gate == CLASS:
        return f"refused by class: {product['product_class']} is not {substitute['product_class']}"
    if row.gate == CLAIM:
        return f"refused by claim: the substitute does not state {', '.join(gates.missing_claims(row.left, row.right))}"
    if row.gate == DIMENSION:
        return "refused by dimension: one is measured in another dimension than the other (mass, volume, count ...)"
    return "gates: none refuses it"
