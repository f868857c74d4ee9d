"""A person's decisions on substitutions, held against tonight's products: which pairs are never shown, which are always
shown, and which decisions count for nothing tonight.

A decision names two listings; it is about the two products that these belong to tonight, in that direction. A rejection
holds wherever the substitute is sold: whether a shopper would take one trade item for another does not depend on the
shop. An acceptance holds at the company of the listing that the person saw: were another company's listing in that
product by mistake, it would be shown with a person's word for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.review.decided import said, said_with_reason

STANDING_COLUMNS = ["product_id", "substitute_id", "company_slug", "verdict", "said"]

Pair = tuple[str, str]
"""product_id, substitute_id"""


@dataclass(frozen=True)
class StandingDecisions:
    """``pairs``: DataFrame[STANDING_COLUMNS], each product, substitute and company once; ``verdict``: accept, or reject
    with the ``company_slug`` None: everywhere; ``said``: who, when and why. ``idle``: a sentence for each decision that
    counts for nothing tonight."""

    pairs: pd.DataFrame
    idle: list[str]

    def of(self, product_id: str, substitute_id: str | None = None) -> pd.DataFrame:
        """The pairs of one product, or the one pair."""
        here = self.pairs[self.pairs["product_id"] == product_id]
        return here if substitute_id is None else here[here["substitute_id"] == substitute_id]


def no_decisions() -> StandingDecisions:
    """Where nobody has decided anything."""
    return StandingDecisions(pd.DataFrame(columns=STANDING_COLUMNS, dtype=object), [])


def standing_decisions(decisions: pd.DataFrame, product_listings: pd.DataFrame) -> StandingDecisions:
    """What the decisions come to with these products.

    Where decisions on different listings contradict each other, since the listings are of the same two products now,
    the later one wins; of two of one file the rejection. ``decisions``: the substitution decisions of the control
    state.
    """
    listed = zip(product_listings["company_slug"], product_listings["sku"], strict=True)
    product_of = dict(zip(listed, product_listings["product_id"], strict=True))
    rejected: dict[Pair, Any] = {}
    accepted: dict[Pair, dict[str, Any]] = {}
    idle = []
    in_order = decisions.sort_values(["decided_at", "verdict", "company_slug", "subject", "target_company_slug"])
    for decision in in_order.itertuples(index=False):
        sides = (decision.company_slug, decision.subject), (decision.target_company_slug, decision.target_subject)
        gone = [f'{company} sells no listing "{sku}"' for company, sku in sides if (company, sku) not in product_of]
        if gone:
            idle.append(f"{_about(decision)}: {' and '.join(gone)} any more; the decision is kept and waits for it")
            continue
        pair = product_of[sides[0]], product_of[sides[1]]
        if pair[0] == pair[1]:
            idle.append(f"{_about(decision)}: both listings are of one product now; the decision is kept")
            continue
        if decision.verdict == "reject":
            contrary = list(accepted.pop(pair, {}).values())
            rejected[pair] = decision
        else:
            contrary = [rejected.pop(pair)] if pair in rejected else []
            accepted.setdefault(pair, {})[decision.target_company_slug] = decision
        idle += [
            f"{_about(earlier)}: now about the same two products as {_about(decision)}, which is later and wins"
            for earlier in contrary
        ]
    rows: list[tuple[str, str, str | None, str, str]] = [
        (*pair, None, "reject", said_with_reason(decision)) for pair, decision in rejected.items()
    ]
    rows += [
        (*pair, company, "accept", said_with_reason(decision))
        for pair, companies in accepted.items()
        for company, decision in companies.items()
    ]
    rows.sort(key=lambda row: (*row[:2], row[2] or ""))
    return StandingDecisions(pd.DataFrame(rows, columns=STANDING_COLUMNS, dtype=object), sorted(idle))


@dataclass(frozen=True)
class DecidedPairs:
    """Standing decisions by row of one night's products, to find them among many pairs: row k of ``rows`` is decision
    k. ``rows``: DataFrame[left, right, company (int; -1: everywhere), is_accepted, said]."""

    rows: pd.DataFrame

    @property
    def accepted(self) -> pd.DataFrame:
        return self.rows[self.rows["is_accepted"]]

    def at(self, judged: pd.DataFrame) -> NDArray[np.intp]:
        """The decision on each row (left, right, company), -1 where there is none."""
        found = np.full(len(judged), -1, np.intp)
        if self.rows.empty:
            return found
        # Told by the left product first: few have a decision, and a part of a night has half a million pairs.
        some = np.flatnonzero(np.isin(judged["left"].to_numpy(), self.rows["left"].to_numpy()))
        number = {
            (row.left, row.right, row.company): place for place, row in enumerate(self.rows.itertuples(index=False))
        }
        for place, left, right, company in zip(
            some, *(judged[name].to_numpy()[some] for name in ("left", "right", "company")), strict=True
        ):
            found[place] = number.get((left, right, -1), number.get((left, right, company), -1))
        return found

    def is_accepted(self, decision: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether each of these (-1: none) is an acceptance."""
        return np.r_[self.rows["is_accepted"].to_numpy(bool), False][decision]

    def is_rejected(self, decision: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether each of these (-1: none) is a rejection."""
        return np.r_[~self.rows["is_accepted"].to_numpy(bool), False][decision]

    def said(self, decision: NDArray[np.intp]) -> NDArray[np.object_]:
        """Who, when and why; empty where there is no decision."""
        return np.array([*self.rows["said"], ""], object)[decision]


def decided_pairs(standing: StandingDecisions, product_ids: Sequence[str], companies: Sequence[str]) -> DecidedPairs:
    """The decisions as numbers of these products and companies, in whose order the rows of a night are."""
    product = {product_id: row for row, product_id in enumerate(product_ids)}
    company = {slug: number for number, slug in enumerate(companies)}
    pairs = standing.pairs
    return DecidedPairs(
        pd.DataFrame(
            {
                "left": pairs["product_id"].map(product).to_numpy(np.intp),
                "right": pairs["substitute_id"].map(product).to_numpy(np.intp),
                "company": pairs["company_slug"].map(company).fillna(-1).to_numpy(np.intp),
                "is_accepted": (pairs["verdict"] == "accept").to_numpy(bool),
                "said": pairs["said"].to_numpy(object),
            }
        )
    )


def _about(decision: Any) -> str:
    sides = f"{decision.company_slug} {decision.subject} -> {decision.target_company_slug} {decision.target_subject}"
    return f"{sides}, {said(decision)}"
