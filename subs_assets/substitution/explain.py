"""Why one product is, or is not, a substitute for another: the same judgement as in build.py, told for one pair."""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.embedding.similarity import NameFeatures
from subs_assets.substitution import category_relation
from subs_assets.substitution.attributes import UNKNOWN
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.differences import told_differences
from subs_assets.substitution.features import told_shares
from subs_assets.substitution.gates import CLAIM, CLASS, DIMENSION, FORM, GATES
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.rows import LEVEL_RULES

ROUNDING = 0.1
"""Of a pack: three of 330 ml are told for a litre."""


@dataclass(frozen=True)
class Explanation:
    """Sentences about a pair at one company that sells the substitute, whether it is one there, and whether a person
    said so. ``shares``: what each feature adds to the logit of the score, over what it adds to a typical pair's."""

    company_slug: str
    is_substitute: bool
    is_decided: bool
    score: float
    shares: dict[str, float]
    lines: tuple[str, ...]
    conclusion: str


def explain_pair(
    inputs: SubstitutionInputs, features: NameFeatures, judge: Judge, product_id: str, substitute_id: str
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
    judged = judge.judge(features.pairs(i, j))
    shares = judge.model.shares(judge.features.of(judged))
    return [_explain(row, shares.loc[place], judge, inputs) for place, row in enumerate(judged.itertuples(index=False))]


def _explain(row: Any, shares: pd.Series, judge: Judge, inputs: SubstitutionInputs) -> Explanation:
    company = judge.offers.companies[row.company]
    lines = [
        _levels(row),
        _categories(row, judge, company),
        _size(row.ratio),
        _unit_price(row.unit_price_ratio),
        *_differences(row, judge),
        _gate(row, judge, inputs),
        f"a shopper would accept it with probability {row.score:.2f}; shown from {judge.model.shown_from:.2f} on "
        f"({told_shares(shares.to_frame().T)[0]})",
    ]
    is_substitute, is_decided = bool(row.accepted and row.level > 0), row.decision >= 0
    if is_decided:
        lines.append(f"a person decided: {judge.decided.rows['said'][row.decision]}")
        what = f"a substitute at {company}, on level {row.level}" if is_substitute else f"no substitute at {company}"
        conclusion = f"It is {what}: a person decided so."
    elif is_substitute:
        conclusion = f"It is a substitute at {company}, on level {row.level}."
    elif row.gate:
        conclusion = f"It is no substitute at {company}: a gate refuses it."
    elif row.level == 0:
        conclusion = f"It is no substitute at {company}: no level applies."
    else:
        conclusion = f"It is no substitute at {company}: its score is too low."
    told = {str(name): round(float(share), 3) for name, share in shares.items()}
    return Explanation(company, is_substitute, is_decided, float(row.score), told, tuple(lines), conclusion)


def _levels(row: Any) -> str:
    rules = [rule for level, rule in LEVEL_RULES.items() if row.bits & (1 << (level - 1))]
    return "; ".join(rules) or "levels 1 to 4: none applies"


def _categories(row: Any, judge: Judge, company: str) -> str:
    if row.mapping >= 0:
        pair = judge.relations.pairs.iloc[row.mapping]
        here, there = category_path.readable(pair["path"]), category_path.readable(pair["target_path"])
        relation = category_relation.RELATIONS[row.relation]
        return f"level 5: {here} ~ {there} ({relation}, bound {row.bound:.2f})"
    if row.relation == category_relation.CONTRADICTS:
        return f"level 5: the product's category is mapped to {company}, but not to the substitute's"
    return f"level 5: no accepted mapping leads from the product's category to the substitute's at {company}"


def _size(ratio: float) -> str:
    if ratio != ratio:
        return "size: not comparable"
    packs = "" if ratio < 1.5 else f": buy {ceil(ratio - ROUNDING)}"
    return f"size: {ratio:.3g} of the substitute make up one product{packs}"


def _unit_price(ratio: float) -> str:
    if ratio != ratio:
        return "unit price: not comparable"
    return f"unit price: {round(100 * (ratio - 1)) or 0:+d} % against the product's"


def _gate(row: Any, judge: Judge, inputs: SubstitutionInputs) -> str:
    if row.gate == CLASS:
        classes = inputs.product_claims["product_class"]
        return f"refused by class: {classes.iloc[row.left]} is not {classes.iloc[row.right]}"
    if row.gate == FORM:
        kinds = inputs.product_kinds["kind"]
        return f"refused by form: {kinds.iloc[row.left]} cannot be replaced by {kinds.iloc[row.right]}"
    if row.gate == CLAIM:
        return f"refused by claim: {judge.gates.claim_refusal(row.left, row.right)}"
    if row.gate == DIMENSION:
        return "refused by dimension: one is measured in another dimension than the other (mass, volume ...)"
    return f"gates: none refuses it; {_nearest_gate(row, judge)}"


def _nearest_gate(row: Any, judge: Judge) -> str:
    """What came nearest to a refusal: what is not known, else what the reverse would be refused for."""
    attributes = judge.attributes
    sides = {"product": row.left, "substitute": row.right}
    for gate, codes in (
        ("class", attributes.product_class),
        ("form", attributes.kind_group),
        ("dimension", attributes.dimension),
    ):
        unknown = [side for side, place in sides.items() if codes[place] == UNKNOWN]
        if unknown:
            return f"{gate} could not: it is not known of the {' and the '.join(unknown)}"
    reverse = GATES[int(judge.gates.refusal(np.array([row.right]), np.array([row.left]))[0])]
    if reverse:
        return f"the reverse would be refused by {reverse}"
    kept = judge.attributes.claims[row.left] & judge.attributes.claims[row.right]
    return f"both state {', '.join(sorted(kept))}" if kept else "none comes near"


def _differences(row: Any, judge: Judge) -> list[str]:
    """What the substitute is instead, and the preferences that are lost."""
    told = told_differences(judge.attributes.stated, row.left, row.right)
    lost = judge.gates.lowered_claims(row.left, row.right)
    lines = [f"differs: {', '.join(told)}"] if told else []
    return lines + ([f"no longer stated: {', '.join(lost)}"] if lost else [])
