"""The table ``substitutions`` from judged pairs: ranked, capped per target company, priced, and each row with its
reasons."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.substitution import category_relation
from subs_assets.substitution.features import told_shares
from subs_assets.substitution.gates import GATES
from subs_assets.substitution.judge import Judge

CAP = 10
"""Substitutes kept for each product and target company: per company, or the large chains crowd out the small one."""

LEVEL_RULES = {
    1: "level 1: same brand, same product, other size",
    2: "level 2: same brand, similar product, similar size",
    3: "level 3: other brand, similar product, similar size",
    4: "level 4: other brand, similar product, other or unknown size",
}

SCORE_OWES = "score: "
"""How the last reason of a row begins."""

ACCEPTED_BY_PERSON = '["accepted by '
"""How the reasons of a row that a person accepted begin."""

COLUMNS = [
    "product_id", "company_slug", "substitute_id", "sku", "level", "score", "rank", "cosine", "lexical", "pack_ratio",
    "unit_price_ratio", "path", "target_path", "relation", "reasons",
]  # fmt: skip


def ranked(judged: pd.DataFrame) -> pd.DataFrame:
    """The accepted pairs with their ``rank``: best score first, then lower level, then the substitute; at most ``CAP``
    a product and company, of which none is cut off that a person accepted, were there more. Of each product all pairs
    are here, or none."""
    rows = judged[judged["accepted"]]
    rows = rows.assign(by_evidence=rows["decision"] < 0)
    order = ["left", "company", "by_evidence", "score", "level", "right"]
    rows = rows.sort_values(order, ascending=[True, True, True, False, True, True])
    place = rows.groupby(["left", "company"]).cumcount()
    rows = rows[(place < CAP) | ~rows["by_evidence"]].drop(columns="by_evidence")
    rows = rows.sort_values(["left", "company", "score", "level", "right"], ascending=[True, True, False, True, True])
    return rows.assign(rank=rows.groupby(["left", "company"]).cumcount() + 1)


def substitution_rows(best: pd.DataFrame, products: pd.DataFrame, judge: Judge) -> pd.DataFrame:
    """The ranked pairs as rows of the table, in the order of its key."""
    relations, offers = judge.relations, judge.offers
    # Products and companies are numbered in the order of their ids.
    best = best.iloc[np.lexsort((best["right"], best["company"], best["left"]))].reset_index(drop=True)
    ids, mapping = products["product_id"].array, best["mapping"].to_numpy(np.intp)
    rows = best.assign(
        product_id=ids.take(best["left"]),
        substitute_id=ids.take(best["right"]),
        company_slug=pd.array(offers.companies, "str").take(best["company"]),
        sku=offers.rows["sku"].array.take(best["offer"]),
        pack_ratio=best["ratio"].round(4),
        unit_price_ratio=best["unit_price_ratio"].round(4),
        relation=pd.array(category_relation.RELATIONS, "str").take(best["relation"]),
        path=relations.pairs["path"].array.take(mapping, allow_fill=True),
        target_path=relations.pairs["target_path"].array.take(mapping, allow_fill=True),
        said=judge.decided.said(best["decision"].to_numpy(np.intp)),
        alone=_alone(best, judge.model.shown_from),
    )
    shares = told_shares(judge.model.shares(judge.features.of(best)))
    return rows.assign(reasons=pd.array(_reasons(rows, shares), "str"))[COLUMNS]


def is_accepted_by_person(reasons: str) -> bool:
    """Whether these reasons of a row begin with a person's."""
    return reasons.startswith(ACCEPTED_BY_PERSON)


def _alone(best: pd.DataFrame, shown_from: float) -> NDArray[np.object_]:
    """How each pair would have fared by the evidence alone, where a person decided otherwise."""
    gate = np.array(GATES, object)[best["gate"]]
    too_low = np.where(best["score"] < shown_from, "below score", "")
    return np.where(gate != "", "refused: " + gate, too_low).astype(object)


def _reasons(rows: pd.DataFrame, shares: Sequence[str]) -> list[str]:
    """JSON arrays: told once for all rows that have the same, and at their ends what each score owes to which topic."""
    same = rows.groupby(["bits", "mapping", "relation", "lowered", "said", "alone"], dropna=False, sort=False).ngroup()
    told = [_reasons_of(row) for row in rows[~same.duplicated()].itertuples(index=False)]
    return [f'{told[number][:-1]}, "{SCORE_OWES}{share}"]' for number, share in zip(same.tolist(), shares, strict=True)]


def _reasons_of(row: Any) -> str:
    """JSON array: what a person decided, every level that applied, and what spoke against the pair without refusing
    it."""
    reasons = [row.said] if row.said else []
    if row.alone:
        reasons.append(f"the evidence alone: {row.alone}")
    reasons += [rule for level, rule in LEVEL_RULES.items() if row.bits & (1 << (level - 1))]
    if row.mapping >= 0 and row.relation == "same":
        reasons.append(f"level 5: both in {category_path.readable(row.path)}")
    elif row.mapping >= 0:
        here, there = category_path.readable(row.path), category_path.readable(row.target_path)
        reasons.append(f"level 5: {here} ~ {there} ({row.relation})")
    else:
        reasons.append("no category speaks for it")
    if row.lowered:
        reasons.append(f"{row.lowered} preference(s) of the product not stated by the substitute")
    return json.dumps(reasons, ensure_ascii=False)
