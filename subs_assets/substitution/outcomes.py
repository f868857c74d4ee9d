"""What became of every product at every company: found, or at which stage it was lost; it answers why a rate is low."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.substitution import category_relation
from subs_assets.substitution.gates import GATES, Gates
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.offers import Offers

STAGES = (
    "uncategorised",
    "no mapping",
    "no candidate",
    "refused: class",
    "refused: form",
    "refused: claim",
    "refused: dimension",
    "refused: decision",
    "below score",
    "found",
)

COLUMNS = [
    "company_slug", "target_company_slug", "product_id", "stage", "levels_1_to_4", "level_5", "level_5_own_tree",
    "nearest_id", "nearest_score", "detail",
]  # fmt: skip


KEYS = ["product", "target"]


def build_outcomes(
    found: pd.DataFrame,
    nearest: pd.DataFrame,
    products: pd.DataFrame,
    judge: Judge,
) -> pd.DataFrame:
    """Table ``substitution_outcomes``: one row for each product, company that sells it, and target company.

    ``found`` and ``nearest``: ``found_at`` and ``nearest_at`` of all judged pairs.

    A product is lost at the first stage that stops it: it has no shelf at its company; no shelf of the target may be
    compared; no candidate is alike enough; a gate, or else a person, refuses a candidate that would be shown, or all
    candidates; or the best that is allowed scores below what is shown.
    """
    companies, ids = pd.array(judge.offers.companies, "str"), products["product_id"].array
    every = _every_outcome(judge.offers, len(ids))
    found_row, nearest_row = _row_in(found, every), _row_in(nearest, every)
    # What has no row, -1, takes the value at the end.
    gate = np.r_[nearest["gate"].to_numpy(np.intp), 0][nearest_row]
    decision = np.r_[nearest["decision"].to_numpy(np.intp), -1][nearest_row]
    right = np.r_[nearest["right"].to_numpy(np.intp), -1][nearest_row]
    is_shelved, is_mapped = _shelved_and_mapped(every, judge)
    # The gates stand among the stages in their order, and after them the decision.
    refused_by = np.where((gate == 0) & judge.decided.is_rejected(decision), len(GATES), gate)
    number = STAGES.index
    stage = np.select(
        [found_row >= 0, refused_by > 0, nearest_row >= 0, ~is_shelved, ~is_mapped],
        [
            number("found"),
            number("refused: class") - 1 + refused_by,
            number("below score"),
            number("uncategorised"),
            number("no mapping"),
        ],
        number("no candidate"),
    )
    frame = pd.DataFrame(
        {
            "company_slug": companies.take(every.company),
            "target_company_slug": companies.take(every.target),
            "product_id": ids.take(every.product),
            "stage": pd.array(STAGES, "str").take(stage),
            "nearest_id": ids.take(right, allow_fill=True),
            "nearest_score": np.r_[nearest["score"].to_numpy(np.float64), np.nan][nearest_row],
            "detail": _details(stage, every.product, right, judge.gates, judge.decided.said(decision)),
        }
    )
    for flag in FLAGS:
        frame[flag] = np.r_[found[flag].to_numpy(bool), False][found_row]
    return frame[COLUMNS]


FLAGS = ["levels_1_to_4", "level_5", "level_5_own_tree"]


@dataclass(frozen=True)
class _Every:
    """A product, a company that sells it, a target company: one of each for every outcome, by company, target, product;
    ``companies``: how many there are."""

    product: NDArray[np.intp]
    company: NDArray[np.intp]
    target: NDArray[np.intp]
    companies: int


def _every_outcome(offers: Offers, products: int) -> _Every:
    count = len(offers.companies)
    product, company = (np.repeat(offers.rows[name].to_numpy(np.intp), count) for name in ("product", "company"))
    target = np.tile(np.arange(count), len(offers.rows))
    order = np.argsort((company * count + target) * products + product)
    return _Every(product[order], company[order], target[order], count)


def _row_in(known: pd.DataFrame, every: _Every) -> NDArray[np.intp]:
    """The row of each product and target, -1 where there is none."""
    at = np.full((every.product.max(initial=-1) + 1, every.companies), -1, np.intp)
    at[known["product"], known["target"]] = np.arange(len(known))
    return at[every.product, every.target]


def found_at(judged: pd.DataFrame) -> pd.DataFrame:
    """Which products have a substitute at which company, and on which levels: product, target, ``FLAGS``."""
    accepted = judged[judged["accepted"]]
    flags = pd.DataFrame(
        {
            "product": accepted["left"],
            "target": accepted["company"],
            "levels_1_to_4": accepted["level"] <= 4,
            "level_5": accepted["level"] == 5,
            # What a person accepts rests on no equivalence, as little as levels 1 to 4 do.
            "level_5_own_tree": (accepted["level"] == 5)
            & ((accepted["relation"] == category_relation.SAME) | (accepted["decision"] >= 0)),
        }
    )
    return flags.groupby(KEYS, as_index=False).any()


def nearest_at(judged: pd.DataFrame, shown_from: float) -> pd.DataFrame:
    """The candidate that tells most for every product and company: product, target, right, score, gate, decision.

    The best accepted one; else the best that is refused although its score would show it; else the best allowed one;
    else the best refused one.
    """
    would_be_shown, is_allowed = judged["score"] >= shown_from, judged["gate"] == 0
    order = np.select([judged["accepted"], would_be_shown, is_allowed], [0, 1, 2], 3)
    best = judged.assign(order=order).sort_values(
        ["left", "company", "order", "score", "right"], ascending=[True, True, True, False, True]
    )
    best = best.drop_duplicates(["left", "company"])
    return best.rename(columns={"left": "product", "company": "target"})[[*KEYS, "right", "score", "gate", "decision"]]


def _shelved_and_mapped(every: _Every, judge: Judge) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    number = {company: index for index, company in enumerate(judge.offers.companies)}
    relations, count = judge.relations, every.companies
    at_company = relations.shelves["company_slug"].map(number).to_numpy(np.intp)
    standing = relations.products.assign(company=at_company[relations.products["shelf"]])
    reachable = standing.merge(
        relations.pairs[["shelf", "company"]].drop_duplicates(), on="shelf", suffixes=("", "_other")
    )
    here = standing["product"] * count + standing["company"]
    there = (reachable["product"] * count + reachable["company"]) * count + reachable["company_other"].map(number)
    place = every.product * count + every.company
    # By hashing: numpy's own sorts, and took three times as long.
    return pd.Series(place).isin(here).to_numpy(), pd.Series(place * count + every.target).isin(there).to_numpy()


def _details(
    stage: NDArray[np.intp],
    product: NDArray[np.intp],
    right: NDArray[np.intp],
    gates: Gates,
    said: NDArray[np.object_],
) -> NDArray[np.object_]:
    details = np.full(len(stage), None, object)
    for row in np.flatnonzero(stage == STAGES.index("refused: claim")):
        details[row] = gates.claim_refusal(product[row], right[row])
    by_decision = stage == STAGES.index("refused: decision")
    details[by_decision] = said[by_decision]
    return details
