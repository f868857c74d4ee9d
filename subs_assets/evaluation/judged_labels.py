"""Labelled pairs as the judge of a night sees them: from keys of listings to features, gate, level and score."""

import numpy as np
import pandas as pd

from subs_assets.embedding.similarity import NameFeatures
from subs_assets.evaluation.substitution_labels import KEYS
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.judge import Judge


def judged_labels(
    labels: pd.DataFrame, inputs: SubstitutionInputs, features: NameFeatures, judge: Judge
) -> pd.DataFrame:
    """The rows of ``labels`` whose listings are both there, in order, with the columns of ``Judge.judge`` at the
    substitute's company.

    Two listings that have become one product are left out: they are no pair any more.
    """
    known = _numbers(labels, inputs)
    labels = known[known["left"] != known["right"]].reset_index(drop=True)
    left, right = labels["left"].to_numpy(np.intp), labels["right"].to_numpy(np.intp)
    judged = judge.judge(features.pairs(left, right))
    place, _ = judge.offers.at(right)
    at_company = judged.assign(place=place)[
        np.array(judge.offers.companies, object)[judged["company"]] == labels["target_company_slug"].to_numpy()[place]
    ]
    return pd.concat([labels.drop(columns=["left", "right"]), at_company.set_index("place")], axis=1)


def _numbers(labels: pd.DataFrame, inputs: SubstitutionInputs) -> pd.DataFrame:
    """With ``left`` and ``right``, the rows of both products; labels of listings that are not there are left out."""
    number = pd.Series(np.arange(len(inputs.products)), index=inputs.products["product_id"])
    standing = inputs.product_listings[["company_slug", "sku"]].assign(
        row=number[inputs.product_listings["product_id"]].to_numpy()
    )
    left = labels.merge(standing.rename(columns={"row": "left"}), on=KEYS[:2])
    return left.merge(standing.set_axis([*KEYS[2:], "right"], axis=1), on=KEYS[2:])
