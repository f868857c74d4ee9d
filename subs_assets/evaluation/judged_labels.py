"""Labelled pairs in a night's catalogues: from keys of listings to products, and to features, gate, level and score as
the judge of the night sees them."""

import numpy as np
import pandas as pd

from subs_assets.embedding.similarity import NameFeatures
from subs_assets.evaluation.substitution_labels import LABEL_KEYS, LISTING
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.judge import Judge


def judged_labels(
    labels: pd.DataFrame, inputs: SubstitutionInputs, features: NameFeatures, judge: Judge
) -> pd.DataFrame:
    """``labels_of_products``, in order, with the columns of ``Judge.judge`` at the substitute's company."""
    placed = labels_of_products(labels, inputs.listings, inputs.product_listings)
    number = pd.Series(np.arange(len(inputs.products)), index=inputs.products["product_id"])
    left, right = (number[placed[side]].to_numpy(np.intp) for side in ("product_id", "substitute_id"))
    judged = judge.judge(features.pairs(left, right))
    place, _ = judge.offers.at(right)
    at_company = judged.assign(place=place)[
        np.array(judge.offers.companies, object)[judged["company"]] == placed["target_company_slug"].to_numpy()[place]
    ]
    return pd.concat([placed.drop(columns=["product_id", "substitute_id"]), at_company.set_index("place")], axis=1)


def labels_of_products(labels: pd.DataFrame, listings: pd.DataFrame, product_listings: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``labels`` whose listings are both there and are two products, in order, with ``product_id`` and
    ``substitute_id``.

    Another shop of the same name may sell something else under a sku: a listing is the labelled one only if its name
    still has one of the words that the label keeps of it.
    """
    wanted = pd.MultiIndex.from_frame(
        pd.concat([labels[LISTING], labels[LABEL_KEYS[2:]].set_axis(LISTING, axis=1)], ignore_index=True)
    )
    listed = listings[[*LISTING, "core_name"]]  # of millions of listings few are labelled
    listed = listed[pd.MultiIndex.from_frame(listed[LISTING]).isin(wanted)]
    listed = listed.merge(product_listings[[*LISTING, "product_id"]], on=LISTING)
    substitutes = listed.set_axis([*LABEL_KEYS[2:], "substitute_name", "substitute_id"], axis=1)
    placed = labels.merge(listed, on=LISTING).merge(substitutes, on=LABEL_KEYS[2:])
    is_known = _has_a_word_of(placed["core_name"], placed["words"])
    is_known &= _has_a_word_of(placed["substitute_name"], placed["target_words"])
    is_known &= placed["product_id"] != placed["substitute_id"]
    return placed[is_known].drop(columns=["core_name", "substitute_name"]).reset_index(drop=True)


def _has_a_word_of(names: pd.Series, words: pd.Series) -> pd.Series:
    found = [not set(name.split()).isdisjoint(kept.split()) for name, kept in zip(names, words, strict=True)]
    return pd.Series(found, index=names.index, dtype=bool)
