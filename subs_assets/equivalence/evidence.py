"""What says that two companies' categories hold the same kind of thing: pairs of listings with a weight; no category is
judged here.

Hard evidence is a product that both companies list (weight 1). Soft evidence is a pair of listings that are among each
other's nearest by name; its weight is the chance that two listings so alike share a shelf. That chance is a curve of
the trained model; how training measures it on companies' own shelves is here too.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.embedding.alike import AlikeRows, alike_pairs
from subs_assets.embedding.similarity import NameFeatures

NEIGHBOURS = 5
"""Two listings vouch for each other when each is among the other's five nearest at the other company."""

CALIBRATION_FLOOR = 0.55
"""There a nearest neighbour is on the same shelf in .37 (Coles) to .53 (Aldi) of the cases of au/: about even odds."""

CALIBRATION_LISTINGS = 4_000
"""Per company, evenly spread: enough for a curve of two parameters."""

MINIMUM_CALIBRATION_PAIRS = 200

FLATTEST_CURVE = 1.0
"""The slope that a curve must exceed. The flattest of seven Austrian companies has 1.8 (13,070 listings, 29 shelves);
shelves dealt by chance have none."""


@dataclass(frozen=True)
class Calibration:
    """P(same shelf | similarity) as a logistic curve, the similarity below which a pair is no evidence, and the number
    of pairs that both were measured on."""

    slope: float
    intercept: float
    null_margin: float
    pairs: int

    def probability(self, similarity: NDArray[np.float32]) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-(self.slope * similarity.astype(np.float64) + self.intercept)))


@dataclass(frozen=True)
class ListingEvidence:
    """Weighted pairs of listing rows, source company first; ``hard`` says which rest on a shared product."""

    source: NDArray[np.intp]
    target: NDArray[np.intp]
    weight: NDArray[np.float64]
    hard: NDArray[np.bool_]

    def reversed(self) -> "ListingEvidence":
        return ListingEvidence(self.target, self.source, self.weight, self.hard)


def calibrate(features: NameFeatures, company: pd.Series, shelf: pd.Series) -> Calibration:
    """Measure P(same shelf | similarity) on every listing's nearest other listing in its own company.

    ``company`` and ``shelf`` are aligned with the rows of ``features``; rows whose shelf is missing are left out.
    Raises ValueError where there are too few neighbours, or where these shelves say nothing about names.
    """
    similarity, same = [], []
    for _, rows in company[shelf.notna()].groupby(company, sort=True):
        every = max(1, len(rows) // CALIBRATION_LISTINGS)
        sample = rows.index.to_numpy()[::every].astype(np.intp)
        pairs = alike_pairs(features, sample, sample, CALIBRATION_FLOOR)
        pairs = pairs.where(pairs.left != pairs.right)
        order = np.lexsort((pairs.right, -pairs.similarity, pairs.left))
        nearest = order[np.unique(pairs.left[order], return_index=True)[1]]
        similarity.append(pairs.similarity[nearest])
        shelves = shelf.to_numpy()
        same.append(shelves[pairs.left[nearest]] == shelves[pairs.right[nearest]])
    return _fit(np.concatenate([*similarity, np.empty(0, np.float32)]), np.concatenate([*same, np.empty(0, bool)]))


def _fit(similarity: NDArray[np.float32], same: NDArray[np.bool_]) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    if len(same) < MINIMUM_CALIBRATION_PAIRS:
        raise ValueError(
            f"{len(same)} listings have a near neighbour in their own company, and {MINIMUM_CALIBRATION_PAIRS} are "
            "needed to measure how often such neighbours share a shelf"
        )
    if same.all() or not same.any():
        raise ValueError(f"of {len(same)} nearest neighbours {'all' if same.all() else 'none'} share a shelf")
    model = LogisticRegression(C=1e6).fit(similarity.reshape(-1, 1).astype(np.float64), same)
    # Rounded, because the last digits are the machine's.
    slope, intercept = round(float(model.coef_[0, 0]), 4), round(float(model.intercept_[0]), 4)
    if slope <= FLATTEST_CURVE:
        raise ValueError(
            f"of {len(same)} nearest neighbours the more alike hardly share a shelf more often (slope {slope:.2f})"
        )
    return Calibration(slope, intercept, null_margin(slope, intercept), len(same))


def null_margin(slope: float, intercept: float) -> float:
    """The similarity at which two listings are as likely on different shelves as on the same; at least the floor."""
    return max(CALIBRATION_FLOOR, round(-intercept / slope, 4))


def listing_evidence(
    alike: AlikeRows,
    source_rows: NDArray[np.intp],
    target_rows: NDArray[np.intp],
    product: NDArray[np.object_],
    calibration: Calibration,
) -> ListingEvidence:
    """Hard and soft pairs between two companies' listings.

    ``product`` is the product of every row of ``alike``. A listing with a hard pair needs, and gets, no soft one.
    """
    hard = _shared_products(source_rows, target_rows, product)
    soft = alike.mutual_nearest(source_rows, target_rows, calibration.null_margin, NEIGHBOURS)
    soft = soft.where(~np.isin(soft.left, hard[0]) & ~np.isin(soft.right, hard[1]))
    weight = np.r_[np.ones(len(hard[0])), calibration.probability(soft.similarity)]
    is_hard = np.r_[np.ones(len(hard[0]), bool), np.zeros(len(soft), bool)]
    return ListingEvidence(np.r_[hard[0], soft.left], np.r_[hard[1], soft.right], weight, is_hard)


def _shared_products(
    source_rows: NDArray[np.intp], target_rows: NDArray[np.intp], product: NDArray[np.object_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    source = pd.DataFrame({"row": source_rows, "product": product[source_rows]})
    target = pd.DataFrame({"row": target_rows, "product": product[target_rows]})
    shared = source.merge(target, on="product").sort_values(["row_x", "row_y"])
    return shared["row_x"].to_numpy(np.intp), shared["row_y"].to_numpy(np.intp)


def listing_masses(listing: NDArray[np.intp], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each pair's share of its listing's evidence: a listing speaks once, as loud as its best pair, for all its pairs
    together."""
    if not len(listing):
        return weight
    total = np.bincount(listing, weight)
    loudest = np.zeros(len(total))
    np.maximum.at(loudest, listing, weight)
    return loudest[listing] * weight / total[listing]
