"""Other ways to choose a substitute, and ours: what each would offer first for every product at every company."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.embedding.similarity import NameFeatures
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.judge import Judge

OURS = "ours"
METHODS: Mapping[str, str] = {
    OURS: "levels, gates and the fitted probability",
    "one category": "the first system: cosine of the names within one category of one company",
    "linked categories": "the first system's cosine, within one category or an accepted equivalence",
    "tf-idf": "character n-gram TF-IDF over the whole company",
    "nearest": "cosine of the names over the whole company",
    "rough trial": "0.6 cosine + 0.4 word TF-IDF over the whole company, and a bonus where the categories agree",
}
"""All compare the names without brand and size, which flatters the first system: it compared whole names."""

CATEGORY_BONUS = 0.05
ROWS_AT_ONCE = 500

CHOICE_COLUMNS = ["left", "company", "right", "score"]

Rows = NDArray[np.intp]


def first_choices(
    inputs: SubstitutionInputs, features: NameFeatures, judge: Judge, ours: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Method -> ``CHOICE_COLUMNS``: for each product (left) and company the product that it would offer first, where it
    offers one; the identical product is none. ``ours``: ``ours_first`` of all candidates."""
    words = _word_tf_idf(inputs)
    stand = _shelves(judge)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in METHODS if name != OURS}
    for company, columns, rows in _strips(judge, len(features)):
        cosine, lexical = features.similarities(rows, columns)
        own, linked = stand(company, rows, columns)
        scores = {
            "one category": np.where(own, cosine, -1),
            "linked categories": np.where(linked, cosine, -1),
            "tf-idf": lexical,
            "nearest": cosine,
            "rough trial": 0.6 * cosine + 0.4 * words(rows, columns) + CATEGORY_BONUS * linked,
        }
        for name, score in scores.items():
            parts[name].append(_best(company, rows, columns, score))
    return {OURS: ours, **{name: pd.concat(found) for name, found in parts.items()}}


def ours_first(judged: pd.DataFrame) -> pd.DataFrame:
    """What we would offer first if every allowed one of these candidates were shown; of each product all candidates
    are here, or none."""
    allowed = judged[(judged["level"] > 0) & (judged["gate"] == 0)]
    ranked = allowed.sort_values(
        ["left", "company", "score", "level", "right"], ascending=[True, True, False, True, True]
    )
    return ranked.drop_duplicates(["left", "company"])[CHOICE_COLUMNS]


def _strips(judge: Judge, count: int) -> Iterator[tuple[int, Rows, Rows]]:
    """(company, the products that it sells, some of all products)."""
    for company, sold in judge.offers.rows.groupby("company")["product"]:
        for start in range(0, count, ROWS_AT_ONCE):
            rows = np.arange(start, min(start + ROWS_AT_ONCE, count), dtype=np.intp)
            yield int(company), sold.to_numpy(np.intp), rows


def _best(company: int, rows: Rows, columns: Rows, score: NDArray[np.float32]) -> pd.DataFrame:
    masked = np.where(rows[:, None] == columns[None, :], -1.0, np.round(score, 5))
    place = masked.argmax(axis=1)
    best = masked[np.arange(len(rows)), place]
    found = pd.DataFrame({"left": rows, "company": company, "right": columns[place], "score": best})
    return found[found["score"] > 0]


def _word_tf_idf(inputs: SubstitutionInputs) -> Callable[[Rows, Rows], NDArray[np.float32]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = TfidfVectorizer(token_pattern=r"\w+", dtype=np.float32).fit_transform(inputs.products["core_name"])

    def similarity(rows: Rows, columns: Rows) -> NDArray[np.float32]:
        dense: NDArray[np.float32] = (weights[rows] @ weights[columns].T).toarray()
        return dense

    return similarity


def _shelves(judge: Judge) -> Callable[[int, Rows, Rows], tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Which products stand in one category of a company, and which in categories that may be compared."""
    from scipy import sparse

    relations = judge.relations
    count, shelves = len(judge.attributes.words), len(relations.shelves)
    ones = np.ones(len(relations.products), np.float32)
    standing = sparse.csr_matrix((ones, (relations.products["product"], relations.products["shelf"])), (count, shelves))
    pairs = relations.pairs
    linked = sparse.csr_matrix((np.ones(len(pairs), np.float32), (pairs["shelf"], pairs["other"])), (shelves, shelves))
    company_of = relations.shelves["company_slug"].to_numpy(object)

    def stand(company: int, rows: Rows, columns: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        here = sparse.diags((company_of == judge.offers.companies[company]).astype(np.float32))
        there = (standing[columns] @ here).T
        own = (standing[rows] @ there).toarray() > 0
        return own, (standing[rows] @ linked @ there).toarray() > 0

    return stand
