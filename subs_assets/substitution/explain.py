"""Why one product is, or is not, a substitute for another: the same judgement as in build.py, told for one pair."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.embedding.similarity import NameFeatures
from subs_assets.substitution import category_relation
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.features import MEANINGS
from subs_assets.substitution.gates import CLAIM, CLASS, DIMENSION, FORM
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.rows import LEVEL_RULES

LEAST_SHARE = 0.1
"""Of the logit: a feature that moves it by less is not told."""


@dataclass(frozen=True)
class Explanation:
    """Sentences about a pair at one company that sells the substitute, whether it is one there, and whether a person
    said so."""

    company_slug: str
    is_substitute: bool
    is_decided: bool
    score: float
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
        _gate(row, judge, inputs),
        *told_shares(shares),
        f"a shopper would accept it with probability {row.score:.2f}; shown from {judge.model.shown_from:.2f} on",
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
    return Explanation(company, is_substitute, is_decided, float(row.score), tuple(lines), conclusion)


def told_shares(shares: pd.Series) -> list[str]:
    """What raises and what lowers the score against a typical pair, the largest share first, in two lines at most."""
    large = shares[shares.abs() >= LEAST_SHARE].sort_values(key=abs, ascending=False, kind="stable")
    told = []
    for verb, part in (("raises", large[large > 0]), ("lowers", large[large < 0])):
        if len(part):
            told.append(
                f"{verb} the score: " + ", ".join(f"{MEANINGS[name][0]} ({share:+.1f})" for name, share in part.items())
            )
    return told


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
    packs = "" if ratio < 1.5 else f": buy {round(ratio)}"
    return f"size: {ratio:.3g} of the substitute make up one product{packs}"


def _unit_price(ratio: float) -> str:
    if ratio != ratio:
        return "unit price: not comparable"
    return f"unit price: {ratio - 1:+.0%} against the product's"


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
    return "gates: none refuses it"
