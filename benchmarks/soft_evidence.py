"""Soft evidence: which names are alike and the mutual neighbours of every two companies, beside the cosines of all
their pairs."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benchmarks import inputs
from benchmarks.machine import facts, heading, timed
from benchmarks.rows import Row, Size, print_rows
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.similarity import NameFeatures, joined, lexical_features
from subs_assets.equivalence.evidence import NEIGHBOURS
from subs_assets.model.trained import SHIPPED, load

STRIP = 512
BUDGET = 1.0
"""No more than the exhaustive product, of which nothing is lost here either."""

LISTINGS = {Size.TINY: 1_500, Size.USUAL: 30_000, Size.FULL: 121_704}
CHECKED = 100
"""Rows of each company whose pairs are held against all cells of the exhaustive product."""

Companies = list[NDArray[np.intp]]


def rows(size: Size) -> list[Row]:
    every = inputs.listings()
    drawn = every.sample(min(LISTINGS[size], len(every)), random_state=inputs.SEED).reset_index(drop=True)
    names = drawn["core_name"].tolist()
    model = load(SHIPPED)
    features = NameFeatures(inputs.vectors(names), lexical_features(names, model.names))
    companies = [rows.to_numpy(np.intp) for _, rows in drawn.index.to_series().groupby(drawn["company_slug"])]
    minimum = model.same_shelf.null_margin
    require_no_loss(features, companies, minimum)
    ours = timed(lambda: mutual_neighbours(AlikeRows.of(features), companies, minimum))
    exhaustive = timed(lambda: every_cosine(features.vectors, companies))
    return [
        Row(
            "soft evidence", len(drawn), ours, beside="cosines of all pairs of two companies", other=exhaustive,
            at_most=BUDGET,
        )
    ]  # fmt: skip


def mutual_neighbours(alike: AlikeRows, companies: Companies, minimum: float) -> None:
    for one, other in combinations(companies, 2):
        alike.mutual_nearest(one, other, minimum, NEIGHBOURS)


def every_cosine(vectors: NDArray[np.float32], companies: Companies) -> None:
    """The matrix products alone; what would have to be done with their cells is not in it."""
    of_company = [vectors[rows] for rows in companies]
    for one, other in combinations(of_company, 2):
        for start in range(0, len(one), STRIP):
            one[start : start + STRIP] @ other.T


def require_no_loss(features: NameFeatures, companies: Companies, minimum: float) -> None:
    """Raises AssertionError unless exactly the cells that reach the minimum are found, of some rows."""
    alike = AlikeRows.of(features)
    for one, other in combinations(companies, 2):
        some = one[:CHECKED]
        cosine, lexical = features.similarities(some, other)
        similarity = (cosine + lexical) / 2
        found = np.zeros(similarity.shape, bool)
        pairs = joined(list(alike.between(some, other, minimum)))
        found[np.searchsorted(some, pairs.left), np.searchsorted(other, pairs.right)] = True
        differ = found != (similarity >= minimum)
        # At the minimum the last bit of a similarity decides.
        assert (abs(similarity[differ] - minimum) < 1e-5).all(), (some[0], other[0], int(differ.sum()))


if __name__ == "__main__":
    print(heading(facts()))
    print_rows(rows(Size.USUAL))
