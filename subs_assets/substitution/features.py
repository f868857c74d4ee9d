"""What the acceptance model sees of a pair of products, one number a feature; which of them count, and how much, is
the model's (acceptance.py)."""

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.substitution import category_relation
from subs_assets.substitution.attributes import UNKNOWN, ProductAttributes
from subs_assets.substitution.differences import TermDifferences, term_differences
from subs_assets.substitution.offers import Offers

LEAST_SHARE, MOST_TOPICS = 0.1, 6
"""Of the logit: a topic that moves it by less is not told; and how many topics at most."""

MOST_DOUBLINGS = 4.0
"""Of size or unit price: sixteen times is as bad as a hundred times."""

TOPICS = {
    "name": "cosine lexical words_kept words_shared similar_name same_product",
    "brand": "same_brand other_brand_kind",
    "size": "size_doublings size_unknown",
    "unit price": "price_doublings price_unknown",
    "category": "same_category matching_category wider_category related_category contradicting_category mapping_bound",
    "department": "other_department",
    "preferences": "preferences_lost",
    "kind": "same_kind kindred_kind",
    "ingredients": "ingredients_missing ingredients_added substances_unlike animals_unlike",
    "flavours": "flavours_missing flavours_added",
    "variety": "varieties_contradict varieties_missing varieties_added",
    "state": "states_differ",
    "use": "uses_differ",
}
"""What a feature is about, for whoever asks why."""

TOPIC_OF = {name: topic for topic, names in TOPICS.items() for name in names.split()}

FEATURES = tuple(TOPIC_OF)
"""``cosine``, ``lexical``: of the names; ``words_kept``, ``words_shared``: how many of the product's, of the
substitute's words are common; ``similar_name``: level 2, 3 or 4; ``same_product``: level 1; ``other_brand_kind``: a
brand of one company for one of several, or the reverse; ``..._doublings``: how often the one doubles to make the other;
``matching_category``: exact or close, ``wider_category``: broad or narrow, ``contradicting_category``: the product's is
mapped there, but to another; ``mapping_bound``: of the mapping; the differences are told in differences.py."""

SPEAK_FOR = frozenset(
    {
        "cosine",
        "lexical",
        "words_kept",
        "words_shared",
        "similar_name",
        "same_product",
        "same_brand",
        "same_category",
        "matching_category",
        "wider_category",
        "related_category",
        "mapping_bound",
        "same_kind",
        "kindred_kind",
    }
)
"""Features of which more speaks for a pair; of all others more speaks against it."""


@dataclass(frozen=True)
class PairFeatures:
    """Of n products, what features are made of: ``differences`` of what names state, ``words`` sparse float32 (n,
    words) of ones, ``word_count`` (n,), ``is_national`` (n,): its brand is sold by several companies, ``department``
    int32 codes, -1 unknown."""

    attributes: ProductAttributes
    differences: TermDifferences
    words: Any
    word_count: NDArray[np.float32]
    is_national: NDArray[np.bool_]
    department: NDArray[np.int32]

    def of(self, judged: pd.DataFrame) -> pd.DataFrame:
        """The columns ``FEATURES`` as float32 for rows of ``Judge.judge`` before they have a score."""
        i, j = judged["left"].to_numpy(np.intp), judged["right"].to_numpy(np.intp)
        shared = _row_products(self.words, i, j)
        relation, bits = judged["relation"].to_numpy(), judged["bits"].to_numpy()
        ratio, price = judged["ratio"].to_numpy(), judged["unit_price_ratio"].to_numpy()
        brand = self.attributes.brand
        department, kind, group = self.department, self.attributes.kind, self.attributes.kind_group
        same_kind = (kind[i] == kind[j]) & (kind[i] != UNKNOWN)
        columns = {
            "cosine": judged["cosine"],
            "lexical": judged["lexical"],
            "words_kept": shared / self.word_count[i],
            "words_shared": shared / self.word_count[j],
            "same_brand": (brand[i] == brand[j]) & (brand[i] != UNKNOWN),
            "other_brand_kind": self.is_national[i] != self.is_national[j],
            "size_doublings": _doublings(ratio),
            "size_unknown": np.isnan(ratio),
            "price_doublings": _doublings(price),
            "price_unknown": np.isnan(price),
            "same_category": relation == category_relation.SAME,
            "matching_category": np.isin(relation, (category_relation.EXACT, category_relation.CLOSE)),
            "wider_category": np.isin(relation, (category_relation.BROAD, category_relation.NARROW)),
            "related_category": relation == category_relation.RELATED,
            "contradicting_category": relation == category_relation.CONTRADICTS,
            "mapping_bound": judged["bound"],
            "other_department": (department[i] != department[j])
            & (department[i] != UNKNOWN)
            & (department[j] != UNKNOWN),
            "same_product": bits & 1 != 0,
            "similar_name": bits & 0b1110 != 0,
            "preferences_lost": judged["lowered"],
            "same_kind": same_kind,
            "kindred_kind": (group[i] == group[j]) & (group[i] != UNKNOWN) & ~same_kind,
            **self.differences.of(i, j),
        }
        return pd.DataFrame({name: np.asarray(columns[name], np.float32) for name in FEATURES})


def told_shares(shares: pd.DataFrame) -> list[str]:
    """For each pair what its score owes to each topic, against a typical pair, the largest first: "name +1.4, size
    -0.3". ``shares``: as ``AcceptanceModel.shares`` gives them."""
    topics = sorted({TOPIC_OF[name] for name in shares})
    of_topic = [[name for name in shares if TOPIC_OF[name] == topic] for topic in topics]
    values = np.column_stack([shares[names].sum(axis=1) for names in of_topic]).round(4)
    topic = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :MOST_TOPICS]
    value = np.take_along_axis(values, topic, axis=1)
    is_told = np.abs(value) >= LEAST_SHARE
    # Millions of them, and a few ten thousand different ones.
    number = np.rint(value[is_told] * 10_000).astype(np.intp) * len(topics) + topic[is_told]
    numbers, which = np.unique(number, return_inverse=True)
    words = [f"{topics[one % len(topics)]} {one // len(topics) / 10_000:+.1f}" for one in numbers.tolist()]
    told = np.array(words, object)[which].tolist()
    ends = np.r_[0, np.cumsum(is_told.sum(axis=1))].tolist()
    return [", ".join(told[start:end]) or "as of a typical pair" for start, end in pairwise(ends)]


def pair_features(attributes: ProductAttributes, product_claims: pd.DataFrame, offers: Offers) -> PairFeatures:
    """What the features of pairs are made of; ``product_claims`` is in the order of the products."""
    from scipy import sparse

    number: dict[str, int] = {}
    stated = [sorted({number.setdefault(word, len(number)) for word in _words(name)}) for name in attributes.words]
    ends = np.cumsum([0, *map(len, stated)])
    which = np.fromiter(chain.from_iterable(stated), np.int32, ends[-1])
    words = sparse.csr_matrix((np.ones(len(which), np.float32), which, ends), shape=(len(stated), max(len(number), 1)))
    return PairFeatures(
        attributes,
        term_differences(attributes.stated),
        words,
        np.maximum(np.asarray(words.sum(axis=1), np.float32).ravel(), 1),
        _is_national(attributes, offers),
        pd.factorize(product_claims["department"], sort=True)[0].astype(np.int32),
    )


def _words(name: str) -> list[str]:
    """Words without the s of a plural: "apples" and "apple" are one."""
    return [word.removesuffix("s") for word in name.split() if word.isalpha()]


def _is_national(attributes: ProductAttributes, offers: Offers) -> NDArray[np.bool_]:
    sold = offers.rows.assign(brand=attributes.brand[offers.rows["product"]])
    companies = sold[sold["brand"] != UNKNOWN].groupby("brand")["company"].nunique()
    return np.isin(attributes.brand, companies.index[companies > 1])


def _row_products(matrix: Any, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.float32]:
    return np.asarray(matrix[i].multiply(matrix[j]).sum(axis=1), np.float32).ravel()


def _doublings(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 where the ratio is unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        doublings = np.abs(np.log2(ratio))
    return np.nan_to_num(np.minimum(doublings, MOST_DOUBLINGS), nan=0.0)
