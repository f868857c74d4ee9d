"""Candidate pairs with everything that decides about them: relation of the shelves, level, gate, score; one table for
rows and outcomes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.embedding.similarity import Pairs
from subs_assets.substitution import scoring
from subs_assets.substitution.attributes import ProductAttributes
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.levels import levels_1_to_4, size_ratio, strongest_level
from subs_assets.substitution.shelves import ShelfRelations


@dataclass(frozen=True)
class Sellers:
    """``companies``: slugs in order; ``sold``: DataFrame[product, company], both int: who sells what, sorted."""

    companies: tuple[str, ...]
    sold: pd.DataFrame


def sellers(products: pd.DataFrame, product_listings: pd.DataFrame) -> Sellers:
    companies = tuple(sorted(product_listings["company_slug"].unique()))
    product_number = pd.Series(np.arange(len(products)), index=products["product_id"])
    company_number = {company: index for index, company in enumerate(companies)}
    sold = pd.DataFrame(
        {
            "product": product_number[product_listings["product_id"]].to_numpy(np.intp),
            "company": product_listings["company_slug"].map(company_number).to_numpy(np.intp),
        }
    )
    return Sellers(companies, sold.drop_duplicates().sort_values(["product", "company"], ignore_index=True))


def judge(
    pairs: Pairs, attributes: ProductAttributes, gates: Gates, relations: ShelfRelations, sold_by: Sellers
) -> pd.DataFrame:
    """Each pair once for every company that sells its right product; level 0 where no level applies.

    Columns: left, right, company (ints), cosine, lexical, ratio (pack ratio, NaN unknown), relation (code of
    scoring.py), mapping (row of ``relations.pairs`` or -1), bits (levels 1 to 4), level, gate (index into ``GATES``),
    lowered, score, accepted.
    """
    per_pair = pd.DataFrame(
        {
            "left": pairs.left,
            "right": pairs.right,
            "cosine": pairs.cosine,
            "lexical": pairs.lexical,
            "ratio": size_ratio(attributes, pairs.left, pairs.right),
            "bits": levels_1_to_4(attributes, pairs.left, pairs.right),
            "gate": gates.refusal(pairs.left, pairs.right),
            "lowered": gates.lowered(pairs.left, pairs.right),
        }
    )
    judged = per_pair.merge(sold_by.sold, left_on="right", right_on="product").drop(columns="product")
    judged = judged.sort_values(["left", "right", "company"], ignore_index=True)
    relation, mapping = _relations(judged, relations, sold_by)
    by_shelf = (relation >= scoring.SAME) & (relation <= scoring.RELATED)
    judged["relation"], judged["mapping"] = relation, mapping
    judged["level"] = strongest_level(judged["bits"].to_numpy(), by_shelf)
    similarity = ((judged["cosine"] + judged["lexical"]) / 2).to_numpy(np.float32)
    judged["score"] = scoring.score(similarity, relation, judged["lowered"].to_numpy(), judged["ratio"].to_numpy())
    judged["accepted"] = (judged["gate"] == 0) & (judged["score"] >= scoring.MINIMUM_SCORE)
    return judged


def _relations(
    judged: pd.DataFrame, relations: ShelfRelations, sold_by: Sellers
) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
    """The best relation between any shelf of the left product and any shelf of the right one at the pair's company."""
    company_number = {company: index for index, company in enumerate(sold_by.companies)}
    at_company = relations.shelves["company_slug"].map(company_number)
    right_shelves = relations.products.assign(company=at_company.to_numpy()[relations.products["shelf"]])
    numbered = judged[["left", "right", "company"]].assign(row=np.arange(len(judged)))
    shelved = numbered.merge(relations.products, left_on="left", right_on="product").merge(
        right_shelves, left_on=["right", "company"], right_on=["product", "company"], suffixes=("", "_other")
    )
    at = relations.lookup(shelved["shelf"].to_numpy(np.intp), shelved["shelf_other"].to_numpy(np.intp))
    codes = relations.pairs["relation"].to_numpy(np.int8)
    count = len(sold_by.companies)
    mapped_to = relations.pairs["shelf"] * count + relations.pairs["company"].map(company_number)
    could = np.isin(shelved["shelf"] * count + shelved["company"], mapped_to.unique())
    same_company = at_company.to_numpy()[shelved["shelf"]] == shelved["company"].to_numpy()
    unrelated = np.where(could & ~same_company, scoring.CONTRADICTS, scoring.NO_RELATION)
    shelved["relation"] = np.where(at >= 0, codes[at], unrelated) if len(codes) else unrelated
    shelved["mapping"] = at
    shelved["order"] = np.where(shelved["relation"] == scoring.NO_RELATION, scoring.RELATED + 0.5, shelved["relation"])
    best = shelved.sort_values(["row", "order", "mapping"]).drop_duplicates("row").set_index("row")
    relation = best["relation"].reindex(range(len(judged))).fillna(scoring.NO_RELATION).to_numpy(np.int8)
    mapping = best["mapping"].reindex(range(len(judged))).fillna(-1).to_numpy(np.intp)
    return relation, mapping
