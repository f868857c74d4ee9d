"""The queue for a person: the substitutions whose decision is worth most, with what is needed to decide them.

How the filled-in queue is read is review_file.py's, what a decision does decisions.py's.
"""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from subs_assets.report.exports import digits_guarded
from subs_assets.substitution.decisions import StandingDecisions

PERSONS_COLUMNS = ["verdict", "reason"]
"""Empty: what the person fills in."""

DESCRIBED = ["name", "brand", "size_text", "price"]
"""Columns of ``listings`` that a person reads of each side."""

QUEUE_COLUMNS = [
    *PERSONS_COLUMNS, "company_slug", *DESCRIBED, "target_company_slug", *(f"target_{name}" for name in DESCRIBED),
    "why", "level", "score", "listings", "sku", "target_sku",
]  # fmt: skip

NOTHING_THERE = "below score"
"""The stage of ``substitution_outcomes`` whose best candidate an acceptance would show."""

PRODUCTS = ["product_id", "substitute_id"]
KEY = ["company_slug", "sku"]


@dataclass(frozen=True)
class PublishedSubstitutions:
    """The published tables that the questions are made from, by their names."""

    listings: pd.DataFrame
    product_listings: pd.DataFrame
    substitutions: pd.DataFrame
    substitution_outcomes: pd.DataFrame


@dataclass(frozen=True)
class Queue:
    """``rows``: DataFrame[QUEUE_COLUMNS], what is worth most first; ``shown``: how many of them are shown today, the
    others are the best candidates of products without any substitute there; ``left``: how many questions more there
    are."""

    rows: pd.DataFrame
    shown: int
    left: int


def review_queue(
    published: PublishedSubstitutions,
    standing: StandingDecisions,
    shown_from: float,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
    limit: int = 200,
) -> Queue:
    """What a person should decide of one company's products, of substitutes at one company, or of all.

    A question is a product and a substitute that are shown, or the best candidate of a product that finds nothing at a
    company since its score is below ``shown_from``; never a pair that is decided. What it is worth is the listings that
    an answer reaches times the doubt, which is 1 where the score is ``shown_from`` and 0 where it is 1 or 0. A shown
    substitute reaches a listing by its rank: the second one half as often as the first.
    """
    asked = open_questions(published, standing, shown_from, company_slug, target_company_slug)
    chosen = asked.head(limit)
    own = _sold(published, company_slug)
    return Queue(_rows(chosen, own, published.listings), int(chosen["level"].notna().sum()), len(asked) - len(chosen))


def open_questions(
    published: PublishedSubstitutions,
    standing: StandingDecisions,
    shown_from: float,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
) -> pd.DataFrame:
    """All questions of ``review_queue``, what is worth most first, each pair once: at the company where it is worth
    most.

    DataFrame[*PRODUCTS, target_company_slug, target_sku, level, score, rank, reasons, doubt, listings, worth];
    ``level`` is missing where nothing is shown, ``worth`` is summed over the companies.
    """
    sold = _sold(published)
    questions = pd.concat([_shown(published, shown_from), _nothing_there(published, sold, shown_from)])
    questions = questions[_is_open(questions, standing)]
    if target_company_slug is not None:
        questions = questions[questions["target_company_slug"] == target_company_slug]
    own = _sold(published, company_slug)
    questions = questions[questions["product_id"].isin(own["product_id"])]
    questions["listings"] = questions["product_id"].map(own["product_id"].value_counts()).astype("int64")
    questions["worth"] = questions["listings"] * questions["doubt"] / questions["rank"]
    # A rejection holds at all companies that sell the substitute: the pair is asked about once, for all of them.
    pairs = questions.groupby(PRODUCTS, as_index=False)["worth"].sum()
    asked = questions.sort_values([*PRODUCTS, "worth", "target_company_slug"], ascending=[True, True, False, True])
    asked = asked.drop_duplicates(PRODUCTS).drop(columns="worth").merge(pairs, on=PRODUCTS)
    return asked.sort_values(["worth", *PRODUCTS], ascending=[False, True, True])


def _sold(published: PublishedSubstitutions, company_slug: str | None = None) -> pd.DataFrame:
    """The listings of one company, or of all, with the products that they are."""
    sold = published.product_listings.merge(published.listings, on=KEY)
    return sold if company_slug is None else sold[sold["company_slug"] == company_slug]


def _shown(published: PublishedSubstitutions, shown_from: float) -> pd.DataFrame:
    """PRODUCTS, target_company_slug, target_sku, level, score, rank, reasons, doubt of what is published."""
    shown = published.substitutions.rename(columns={"company_slug": "target_company_slug", "sku": "target_sku"})
    return shown[[*PRODUCTS, "target_company_slug", "target_sku", "level", "score", "rank", "reasons"]].assign(
        doubt=((1 - shown["score"]) / (1 - shown_from)).clip(0, 1)
    )


def _nothing_there(published: PublishedSubstitutions, sold: pd.DataFrame, shown_from: float) -> pd.DataFrame:
    """The same of the best candidates of products that find nothing at a company, for want of score alone."""
    outcomes = published.substitution_outcomes
    lost = outcomes[(outcomes["stage"] == NOTHING_THERE) & outcomes["nearest_id"].notna()]
    lost = lost.rename(columns={"nearest_id": "substitute_id", "nearest_score": "score"})
    lost = lost.drop_duplicates([*PRODUCTS, "target_company_slug"])
    cheapest = sold.sort_values(["price", *KEY], na_position="last").drop_duplicates(["product_id", "company_slug"])
    cheapest = cheapest[["product_id", *KEY]].set_axis(["substitute_id", "target_company_slug", "target_sku"], axis=1)
    lost = lost[[*PRODUCTS, "target_company_slug", "score"]].merge(
        cheapest, on=["substitute_id", "target_company_slug"]
    )
    return lost.assign(
        level=pd.array([pd.NA] * len(lost), "Int64"),
        rank=1,
        reasons=None,
        doubt=(lost["score"] / shown_from).clip(0, 1),
    )


def _is_open(questions: pd.DataFrame, standing: StandingDecisions) -> pd.Series:
    """Whether nobody has decided on the pair: a rejection closes it everywhere, an acceptance at its company."""
    decided = standing.pairs
    everywhere = decided[decided["verdict"] == "reject"]
    here = decided[decided["verdict"] == "accept"]
    pair, there = (
        pd.MultiIndex.from_frame(questions[names]) for names in (PRODUCTS, [*PRODUCTS, "target_company_slug"])
    )
    rejected = pair.isin(pd.MultiIndex.from_frame(everywhere[PRODUCTS]))
    accepted = there.isin(pd.MultiIndex.from_frame(here[[*PRODUCTS, "company_slug"]]))
    return pd.Series(~(rejected | accepted), questions.index)


def _rows(chosen: pd.DataFrame, own: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """The questions as a person reads them; the product by its first listing of those asked about."""
    first = own.sort_values(KEY).drop_duplicates("product_id")[["product_id", *KEY, *DESCRIBED]]
    there = listings[[*KEY, *DESCRIBED]].add_prefix("target_")
    rows = chosen.merge(first, on="product_id").merge(there, on=["target_company_slug", "target_sku"])
    rows["why"] = [why_asked(row) for row in rows.itertuples(index=False)]
    for column in PERSONS_COLUMNS:
        rows[column] = ""
    for column in ("sku", "target_sku"):
        rows[column] = digits_guarded(rows[column])
    rows["score"] = rows["score"].round(2)
    return rows[QUEUE_COLUMNS]


def why_asked(row: Any) -> str:
    """Of a row of ``open_questions``."""
    if pd.isna(row.level):
        return f"not shown: its score is too low; nothing else at {row.target_company_slug}"
    return f"shown: {'; '.join(json.loads(row.reasons))}"
