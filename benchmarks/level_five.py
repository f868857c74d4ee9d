"""Level 5 over all blocks beside the bare matrix products of the same blocks: of the vectors alone, and of the n-grams
too, without which no similarity is known.

The shelves are the categories of the names' source. In place of equivalences each stands beside the shelf of every
other company whose names mean most nearly the same, in both directions. No gate refuses, and what gates look up is
unknown; they are asked all the same. Bare products and ours have the same threads, and take turns.
"""

from collections.abc import Callable
from statistics import median

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import inputs
from benchmarks.machine import options_of, timed, write_json
from benchmarks.rows import Row, Size, print_rows
from subs_assets.compute.local import LOCAL
from subs_assets.embedding.similarity import NameFeatures, lexical_features
from subs_assets.model.trained import SHIPPED, load
from subs_assets.substitution import category_relation
from subs_assets.substitution.candidates import shelf_neighbours
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.shelves import ShelfRelations
from subs_assets_tests.small_shops import attributes_of

LISTINGS = {Size.TINY: (1_500,), Size.USUAL: (30_000, 120_000), Size.FULL: (8_000, 30_000, 120_000)}
ROUNDS = 5
BUDGET = 1.35

STRIP, CELLS = 512, 2**22
"""Of the bare products; larger ones spend more time on new pages of memory."""

Block = tuple[NDArray[np.intp], NDArray[np.intp]]


def rows(size: Size) -> list[Row]:
    rounds = 1 if size is Size.TINY else ROUNDS
    return [row for listings in LISTINGS[size] for row in measured(listings, rounds)]


def measured(listings: int, rounds: int) -> list[Row]:
    """At most so many listings: the first of an order by chance that stand in a category."""
    features, relations = night(listings)
    gates = Gates(attributes_of(*[{}] * len(features)))
    blocks = blocks_of(relations)
    # Without the columns that no name has: to turn those over for each block would be no part of a product.
    used = NameFeatures(features.vectors, features.lexical[:, np.unique(features.lexical.indices)])
    ways: dict[str, Callable[[], object]] = {
        "vectors": lambda: bare(vectors_multiplied, used, blocks),
        "n-grams": lambda: bare(ngrams_multiplied, used, blocks),
        "ours": lambda: shelf_neighbours(features, relations, gates),
    }
    for work in ways.values():
        work()
    took = [{name: timed(work) for name, work in ways.items()} for _ in range(rounds)]
    ours, vectors = (median(seconds[name] for seconds in took) for name in ("ours", "vectors"))
    both = median(seconds["vectors"] + seconds["n-grams"] for seconds in took)
    what = "level 5 over all blocks"
    return [
        Row(what, len(features), ours, beside="bare products, vectors and n-grams", other=both, at_most=BUDGET),
        Row(what, len(features), ours, beside="bare products of the vectors alone", other=vectors),
    ]


def bare(function: Callable[[NameFeatures, Block], None], features: NameFeatures, blocks: list[Block]) -> None:
    for _ in LOCAL.map(function, features, blocks):
        pass


def vectors_multiplied(features: NameFeatures, block: Block) -> None:
    rows, columns = (features.vectors[side] for side in block)
    for start in range(0, len(rows), STRIP):
        for at in range(0, len(columns), CELLS // STRIP):
            rows[start : start + STRIP] @ columns[at : at + CELLS // STRIP].T


def ngrams_multiplied(features: NameFeatures, block: Block) -> None:
    rows, columns = features.lexical[block[0]], features.lexical[block[1]].T.tocsr()
    for start in range(0, rows.shape[0], STRIP):
        rows[start : start + STRIP] @ columns


def blocks_of(relations: ShelfRelations) -> list[Block]:
    """Each shelf with what it may be compared with at one company, the largest first; two shelves that may replace each
    other make one block, not two."""
    on_shelf = relations.products.groupby("shelf")["product"].apply(lambda found: found.to_numpy(np.intp)).to_dict()
    once = relations.pairs[relations.pairs["shelf"] <= relations.pairs["other"]]
    blocks = [
        (on_shelf[shelf], np.unique(np.concatenate([on_shelf[other] for other in others])))
        for (shelf, _), others in once.groupby(["shelf", "company"])["other"]
    ]
    return sorted(blocks, key=lambda block: len(block[0]) * len(block[1]), reverse=True)


def night(count: int) -> tuple[NameFeatures, ShelfRelations]:
    """The features of the names, and their shelves."""
    shelved = inputs.listings().dropna(subset="path")
    drawn = shelved.sample(min(count, len(shelved)), random_state=inputs.SEED).reset_index(drop=True)
    names = drawn["core_name"].tolist()
    features = NameFeatures(inputs.vectors(names), lexical_features(names, load(SHIPPED).names))
    standing = drawn.groupby(["company_slug", "path"], sort=True).ngroup().to_numpy(np.intp)
    shelves = drawn[["company_slug", "path"]].drop_duplicates().sort_values(["company_slug", "path"], ignore_index=True)
    products = pd.DataFrame({"product": np.arange(len(drawn)), "shelf": standing})
    return features, ShelfRelations(shelves, products, _pairs(features, shelves, standing))


def _pairs(features: NameFeatures, shelves: pd.DataFrame, standing: NDArray[np.intp]) -> pd.DataFrame:
    centre = np.zeros((len(shelves), features.vectors.shape[1]), np.float32)
    np.add.at(centre, standing, features.vectors)
    centre /= np.maximum(np.linalg.norm(centre, axis=1, keepdims=True), 1e-9)
    company = shelves["company_slug"].to_numpy()
    alike = centre @ centre.T
    itself = np.arange(len(shelves))
    ways = [(itself, itself)]
    for other in np.unique(company):
        there = np.flatnonzero(company == other)
        nearest = there[alike[:, there].argmax(axis=1)]
        here = np.flatnonzero(company != other)
        ways += [(here, nearest[here]), (nearest[here], here)]
    shelf, to = np.unique(np.hstack([np.stack(way) for way in ways]), axis=1)
    relation = np.where(shelf == to, category_relation.SAME, category_relation.CLOSE)
    return pd.DataFrame({"shelf": shelf, "other": to, "company": company[to], "relation": relation, "bound": 1.0})


if __name__ == "__main__":
    options = options_of(__doc__, listings=120_000, rounds=ROUNDS)
    found = measured(options.listings, options.rounds)
    print_rows(found)
    write_json(options.json, {"rows": [vars(row) | {"ratio": row.ratio, "met": row.met} for row in found]})
