"""What became of every product at every company: found, or at which stage it was lost; it answers why a rate is low."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.substitution import category_relation
from subs_assets.substitution.gates import GATES, Gates
from subs_assets.substitution.judge import Judge

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
    companies = np.array(judge.offers.companies, object)
    every = judge.offers.rows[["product", "company"]].merge(
        pd.DataFrame({"target": np.arange(len(companies))}), how="cross"
    )
    every = every.merge(found, on=KEYS, how="left").merge(nearest, on=KEYS, how="left")
    shelved, mapped = _shelved_and_mapped(every, judge)
    is_found = every["levels_1_to_4"].notna()
    candidate = every["score"].notna()
    gate = np.array(GATES, object)[every["gate"].fillna(0).astype(int)]
    decision = every["decision"].fillna(-1).to_numpy(np.intp)
    refused_by = np.where((gate == "") & judge.decided.is_rejected(decision), "decision", gate)
    refused = candidate & (refused_by != "")
    every["stage"] = np.select(
        [is_found, refused, candidate, ~shelved, ~mapped],
        ["found", "refused: " + refused_by, "below score", "uncategorised", "no mapping"],
        "no candidate",
    )
    ids = products["product_id"].to_numpy(object)
    frame = pd.DataFrame(
        {
            "company_slug": companies[every["company"]],
            "target_company_slug": companies[every["target"]],
            "product_id": ids[every["product"]],
            "stage": every["stage"],
            "nearest_id": np.where(candidate, ids[every["right"].fillna(0).astype(np.intp)], None),
            "nearest_score": every["score"],
            "detail": _details(every, judge.gates, judge.decided.said(decision)),
        }
    )
    for flag in FLAGS:
        frame[flag] = every[flag].astype("boolean").fillna(False)
    return frame[COLUMNS].sort_values(COLUMNS[:3], ignore_index=True)


FLAGS = ["levels_1_to_4", "level_5", "level_5_own_tree"]


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


def _shelved_and_mapped(every: pd.DataFrame, judge: Judge) -> tuple[pd.Series, pd.Series]:
    number = {company: index for index, company in enumerate(judge.offers.companies)}
    relations = judge.relations
    standing = relations.products.assign(
        company=relations.shelves["company_slug"].map(number).to_numpy()[relations.products["shelf"]]
    )
    shelved = pd.MultiIndex.from_frame(standing[["product", "company"]])
    reachable = relations.pairs[["shelf", "company"]].drop_duplicates()
    reachable = standing.merge(
        reachable.assign(target=reachable["company"].map(number)).drop(columns="company"), on="shelf"
    )
    mapped = pd.MultiIndex.from_frame(reachable[["product", "company", "target"]])
    return (
        pd.Series(pd.MultiIndex.from_frame(every[["product", "company"]]).isin(shelved)),
        pd.Series(pd.MultiIndex.from_frame(every[["product", "company", "target"]]).isin(mapped)),
    )


def _details(every: pd.DataFrame, gates: Gates, said: NDArray[np.object_]) -> list[str | None]:
    by_claim = every["stage"] == "refused: claim"
    details: list[str | None] = [None] * len(every)
    lost = every.loc[by_claim, ["product", "right"]].astype(np.intp)
    for row, product, right in zip(np.flatnonzero(by_claim), lost["product"], lost["right"], strict=True):
        details[row] = gates.claim_refusal(product, right)
    for row in np.flatnonzero(every["stage"] == "refused: decision"):
        details[row] = said[row]
    return details
