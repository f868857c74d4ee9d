"""The search of the first system beside the same pairs by exact blocks, found and stored; real names and categories.

The first system compared the products of each category of one company in two nested loops, one cosine at a time, and
wrote each pair as it was found. Written here as such code is at its better: numpy's dot and norm, each pair once and
not in both directions, one transaction a category and not one a row.
"""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks import inputs
from benchmarks.machine import facts, heading, timed
from benchmarks.rows import Row, Size, print_rows
from subs_assets.compute.local import Threads
from subs_assets.database import frames
from subs_assets.database.engine import open_engine, writing
from subs_assets.settings import sqlite_url

THRESHOLD = 0.75
"""Cosine, as the first system had it."""

STRIP = 256
"""Rows of a category that are multiplied at once, by at most ``WIDTH`` columns: fewer, and BLAS is slower; more, and
more of the lower triangle is multiplied in vain, and what does not fit into the caches costs as much as the product."""
WIDTH = 16_384

ROUNDS = 5
BUDGET_FOR = 25_000
SEARCH_BUDGET, STORE_BUDGET = 1 / 400, 1 / 200
SIZES = {
    Size.TINY: (300, 600),
    Size.USUAL: (2_500, 25_000, 100_000, 1_000_000),
    Size.FULL: (2_500, 25_000, 100_000, 1_000_000),
}
FIRST_SYSTEM_UP_TO = {Size.TINY: 300, Size.USUAL: 25_000, Size.FULL: 25_000}
MOST_DIFFERENT = 100_000
"""Beyond it the categories come again, with the same vectors."""


Found = list[tuple[int, int, float]]
"""Two products and their cosine."""


@dataclass
class Product:
    """What an ORM would give for a row of its table."""

    id: int
    embedding: NDArray[np.float32]


class Base(DeclarativeBase):
    pass


class Pair(Base):
    __tablename__ = "pairs"
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    substitute_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    similarity: Mapped[float]


# --- the first system -------------------------------------------------------------------------------------------------


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))


def similar_products(products: Sequence[Product]) -> Iterator[tuple[Product, Product, float]]:
    for place, product in enumerate(products):
        for other in products[place + 1 :]:
            similarity = cosine(product.embedding, other.embedding)
            if similarity >= THRESHOLD:
                yield product, other, similarity


def first_system(categories: Sequence[Sequence[Product]]) -> list[Found]:
    return [
        [(one.id, other.id, similarity) for one, other, similarity in similar_products(products)]
        for products in categories
    ]


def store_one_by_one(session: Session, found: Sequence[Found]) -> None:
    for of_category in found:
        for product_id, substitute_id, similarity in of_category:
            session.add(Pair(product_id=product_id, substitute_id=substitute_id, similarity=similarity))
            session.flush()  # one INSERT a pair: else SQLAlchemy would collect them
        session.commit()


# --- ours -------------------------------------------------------------------------------------------------------------

Part = tuple[slice, slice]
"""Rows, and columns that begin with the first of the rows or behind the last: each pair is in one part."""


def parts(categories: Sequence[slice]) -> list[Part]:
    """The upper triangles of all categories, in pieces; the largest first."""
    found = [
        (slice(first, min(first + STRIP, category.stop)), slice(left, min(left + WIDTH, category.stop)))
        for category in categories
        for first in range(category.start, category.stop, STRIP)
        for left in range(first, category.stop, WIDTH)
    ]
    return sorted(found, key=lambda part: -(part[0].stop - part[0].start) * (part[1].stop - part[1].start))


def products_alone(vectors: NDArray[np.float32], part: Part) -> None:
    vectors[part[0]] @ vectors[part[1]].T


def pairs_of(
    vectors: NDArray[np.float32], part: Part
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Left, right and cosine of each pair in the part that reaches the threshold."""
    rows, columns = part
    alike = vectors[rows] @ vectors[columns].T
    left, right = np.divmod(np.flatnonzero(alike >= THRESHOLD), alike.shape[1])
    once = right + columns.start > left + rows.start
    left, right = left[once], right[once]
    return left + rows.start, right + columns.start, alike[left, right]


def exact_blocks(vectors: NDArray[np.float32], todo: Sequence[Part]) -> pd.DataFrame:
    """The same pairs, in order of their key."""
    left, right, similarity = (
        np.concatenate(kind) for kind in zip(*Threads().map(pairs_of, vectors, todo), strict=True)
    )
    found = pd.DataFrame({"product_id": left, "substitute_id": right, "similarity": similarity})
    return found.sort_values(["product_id", "substitute_id"], ignore_index=True)


def require_the_same(theirs: Sequence[Found], ours: pd.DataFrame) -> None:
    """Raises AssertionError unless both found the same pairs; at the threshold the last bit of a cosine decides."""
    other = pd.DataFrame(
        [pair for of_category in theirs for pair in of_category], columns=["product_id", "substitute_id", "similarity"]
    )
    merged = ours.merge(other, on=["product_id", "substitute_id"], how="outer", suffixes=("_ours", "_theirs"))
    cosines = merged[["similarity_ours", "similarity_theirs"]]
    alone = merged[cosines.isna().any(axis=1)]
    assert (alone[cosines.columns].max(axis=1) < THRESHOLD + 1e-6).all(), alone
    assert (cosines["similarity_ours"] - cosines["similarity_theirs"]).abs().max() < 1e-5
    assert len(ours), "no pair at all was found"


# --- side by side -----------------------------------------------------------------------------------------------------


def rows(size: Size) -> list[Row]:
    found = []
    vectors = np.empty((0, 384), np.float32)
    for count in SIZES[size]:
        names, categories = inputs.categories(min(count, MOST_DIFFERENT))
        if len(vectors) != len(names):
            vectors = inputs.vectors(names)
        todo = parts(categories) * max(1, count // MOST_DIFFERENT)
        ours, alone = _side_by_side(vectors, todo, ROUNDS if count <= MOST_DIFFERENT else 1)
        found.append(Row("search in categories", count, ours, beside="matrix products alone", other=alone))
        if count <= FIRST_SYSTEM_UP_TO[size]:
            found += _beside_the_first_system(count, vectors, categories, ours)
    return found


def _side_by_side(vectors: NDArray[np.float32], todo: Sequence[Part], rounds: int) -> tuple[float, float]:
    """Seconds of the search and of the matrix products alone, medians of as many turns."""
    ours, alone = [], []
    for _ in range(rounds):
        alone.append(timed(lambda: list(Threads().map(products_alone, vectors, todo))))
        ours.append(timed(lambda: exact_blocks(vectors, todo)))
    return statistics.median(ours), statistics.median(alone)


def _beside_the_first_system(
    count: int, vectors: NDArray[np.float32], categories: Sequence[slice], search: float
) -> list[Row]:
    products = [[Product(row, vectors[row]) for row in range(c.start, c.stop)] for c in categories]
    theirs: list[Found] = []
    their_search = timed(lambda: theirs.extend(first_system(products)))
    ours = exact_blocks(vectors, parts(categories))
    require_the_same(theirs, ours)
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        their_store = _stored(Path(folder) / "theirs.db", theirs)
        our_store = _stored(Path(folder) / "ours.db", ours)
    is_budget = count == BUDGET_FOR
    beside = "the first system"
    return [
        Row(
            "search in categories", count, search, beside=beside, other=their_search,
            at_most=SEARCH_BUDGET if is_budget else None,
        ),
        Row(
            "search and store", count, search + our_store, beside=beside, other=their_search + their_store,
            at_most=STORE_BUDGET if is_budget else None,
        ),
    ]  # fmt: skip


def _stored(file: Path, pairs: Sequence[Found] | pd.DataFrame) -> float:
    """Seconds to write the pairs into an empty table of a new SQLite file, and to commit."""
    engine = open_engine(sqlite_url(file))
    Base.metadata.create_all(engine)
    table = Base.metadata.tables[Pair.__tablename__]

    def ours(frame: pd.DataFrame) -> None:
        with writing(engine) as connection:
            frames.insert(connection, table, frames.conform(frame, table))

    def theirs(found: Sequence[Found]) -> None:
        with Session(engine) as session:
            store_one_by_one(session, found)

    seconds = timed(lambda: ours(pairs) if isinstance(pairs, pd.DataFrame) else theirs(pairs))
    engine.dispose()
    return seconds


if __name__ == "__main__":
    print(heading(facts()))
    print_rows(rows(Size.USUAL))
