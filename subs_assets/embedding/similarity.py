"""How alike two names are: half meaning, half spelling; which names to compare, and why, is decided elsewhere.

On 497 pairs of equivalent own-brand products of two companies among 24,396 candidates (German names without brand), the
partner was among the first ten for .77 by MiniLM alone, .88 by TF-IDF of character 3-4-grams alone, and .90 by their
sum (DESIGN, "What text to compare"): hence the plain mean of both.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subs_assets.embedding.encoder import Progress
from subs_assets.embedding.name_weights import COLUMNS, NGRAMS, NameWeights
from subs_assets.embedding.vector_store import VectorStore

STRIP = 512
"""Rows of one side whose spelling is compared at once. 4,096 were no faster on 113,335 names, and where many names are
equal a strip holds all its pairs at once: with 4,000 equal ones among 20,000 it took 2.1 GB, with 512 rows 0.5 GB."""

ROOM = 1_000
"""Pairs of a row that the sparse product has room for. The few rows that have more are compared again with room for
all: to give it to every row took three times as long (0.97 and 3.16 s for 2,048 of 121,704 names)."""

MOST_ALIKE = 200
"""Other rows of each row that ``alike_names`` keeps: without a bound, 10,000 equal names would be 100 million pairs. In
at/ and au/ no name has more than 130."""

COSINES_AT_ONCE = 50_000
"""Pairs whose vectors are gathered at once: 150 MB for 384 dimensions."""


@dataclass(frozen=True)
class NameFeatures:
    """What is compared of n names: ``vectors`` float32 (n, d) of unit length, ``lexical`` sparse float32 (n, COLUMNS),
    rows of unit length."""

    vectors: NDArray[np.float32]
    lexical: Any

    def __len__(self) -> int:
        return len(self.vectors)

    def similarities(
        self, left: NDArray[np.intp], right: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Cosine and lexical similarity of every left row with every right row, each dense (left, right)."""
        cosine = self.vectors[left] @ self.vectors[right].T
        lexical = (self.lexical[left] @ self.lexical[right].T).toarray()
        return cosine, lexical

    def pairs(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> "Pairs":
        """Each left row with the right row at its place."""
        lexical = np.asarray(self.lexical[left].multiply(self.lexical[right]).sum(axis=1), np.float32).ravel()
        return Pairs(left, right, _cosines(self.vectors, left, right), lexical)


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows with how alike their names are; five arrays of one length."""

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    cosine: NDArray[np.float32]
    lexical: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.left)

    @property
    def similarity(self) -> NDArray[np.float32]:
        similarity: NDArray[np.float32] = (self.cosine + self.lexical) / np.float32(2)
        return similarity

    def where(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> "Pairs":
        """The pairs that a mask or their numbers choose."""
        return Pairs(self.left[mask], self.right[mask], self.cosine[mask], self.lexical[mask])


def lexical_features(core_names: Sequence[str], weights: NameWeights) -> Any:
    """Sparse float32 (n, COLUMNS) TF-IDF of hashed character 3- and 4-grams, rows of unit length.

    A row depends on its name and the weights only, so rows of two nights or of two companies can be compared. A name
    without any n-gram is a row of zeros, alike to nothing.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    if not len(core_names):
        return sparse.csr_matrix((0, COLUMNS), dtype=np.float32)
    vectorizer = HashingVectorizer(**NGRAMS, n_features=COLUMNS, norm=None, alternate_sign=False, dtype=np.float32)
    found = vectorizer.transform(core_names)
    found.data = (1 + np.log(found.data)) * weights.by_column[found.indices]
    return normalize(found, copy=False)


def name_features(
    core_names: Sequence[str], weights: NameWeights, store: VectorStore, progress: Progress | None = None
) -> NameFeatures:
    """Vectors and character n-grams of the names."""
    lexical = lexical_features(core_names, weights)
    return NameFeatures(store.vectors(core_names, progress), lexical)


def alike_pairs(features: NameFeatures, left: NDArray[np.intp], right: NDArray[np.intp], minimum: float) -> Pairs:
    """Every (left, right) whose mean similarity is at least ``minimum``, in order of left, then right.

    A cosine is at most 1, so the lexical half alone must reach ``2 * minimum - 1``: the sparse product finds those few,
    and only they need a cosine. Therefore ``minimum`` must be above 0.5.
    """
    if minimum <= 0.5:
        raise ValueError(f"minimum is {minimum}; below 0.5 the lexical half cannot choose the candidates")
    return joined(list(_strips(features, left, right, minimum)))


def joined(parts: Sequence[Pairs]) -> Pairs:
    """The pairs of all parts, one part after the other."""
    if not parts:
        return Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32), np.empty(0, np.float32))
    return Pairs(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.cosine for part in parts]),
        np.concatenate([part.lexical for part in parts]),
    )


def alike_names(features: NameFeatures, minimum: float) -> Pairs:
    """Ordered pairs of different rows whose mean similarity is at least ``minimum``: of each left row those with the
    ``MOST_ALIKE`` most similar others, equal similarities by row number; in order of left, then right."""
    rows = np.arange(len(features), dtype=np.intp)
    return joined([_most_alike(strip) for strip in _strips(features, rows, rows, minimum)])


def _most_alike(strip: Pairs) -> Pairs:
    """Of whole left rows, what ``alike_names`` keeps."""
    others = strip.where(strip.left != strip.right)
    return others.where(_rank(others.left, others.right, others.similarity) < MOST_ALIKE)


def _strips(features: NameFeatures, left: NDArray[np.intp], right: NDArray[np.intp], minimum: float) -> Iterator[Pairs]:
    columns = features.lexical[right].T.tocsr()
    for start in range(0, len(left), STRIP):
        rows = left[start : start + STRIP]
        i, j, lexical = _spelled_alike(features.lexical[rows], columns, 2 * minimum - 1)
        pairs = Pairs(rows[i], right[j], _cosines(features.vectors, rows[i], right[j]), lexical)
        yield pairs.where(pairs.similarity >= minimum)


def _spelled_alike(
    rows: Any, columns: Any, minimum: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The cells of the sparse product that reach ``minimum``: row, column, value, in order of row, then column."""
    from scipy import sparse
    from sparse_dot_topn import sp_matmul_topn

    def product(rows: Any, room: int) -> Any:
        below = np.nextafter(np.float32(minimum), np.float32(0))  # it keeps what is above its threshold
        return sp_matmul_topn(rows, columns, top_n=room, threshold=float(below), n_threads=os.cpu_count() or 1)

    every = columns.shape[1]
    found = product(rows, min(ROOM, every))
    full = np.flatnonzero(np.diff(found.indptr) == ROOM) if every > ROOM else np.empty(0, np.intp)
    cells = found.tocoo()
    i, j, value = cells.row.astype(np.intp), cells.col.astype(np.intp), cells.data
    if len(full):
        more = sparse.coo_matrix(product(rows[full], every))
        others = ~np.isin(i, full)
        i, j = np.r_[i[others], full[more.row]], np.r_[j[others], more.col.astype(np.intp)]
        value = np.r_[value[others], more.data]
    order = np.lexsort((j, i))
    return i[order], j[order], value[order].astype(np.float32)


def _cosines(vectors: NDArray[np.float32], left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.float32]:
    cosines = np.empty(len(left), np.float32)
    for start in range(0, len(left), COSINES_AT_ONCE):
        part = slice(start, start + COSINES_AT_ONCE)
        np.einsum("nd,nd->n", vectors[left[part]], vectors[right[part]], out=cosines[part])
    return cosines


def mutual_nearest(pairs: Pairs, neighbours: int) -> Pairs:
    """Those pairs in which each is among the other's ``neighbours`` most similar; equal similarities by row number."""
    among = _rank(pairs.left, pairs.right, pairs.similarity) < neighbours
    among &= _rank(pairs.right, pairs.left, pairs.similarity) < neighbours
    return pairs.where(among)


def _rank(group: NDArray[np.intp], other: NDArray[np.intp], similarity: NDArray[np.float32]) -> NDArray[np.intp]:
    """Each pair's place within its group, 0 the most similar."""
    order = np.lexsort((other, -similarity, group))
    starts = np.r_[True, group[order][1:] != group[order][:-1]] if len(order) else np.empty(0, bool)
    position = np.arange(len(order))
    first = np.maximum.accumulate(np.where(starts, position, 0)) if len(order) else position
    rank = np.empty(len(order), np.intp)
    rank[order] = position - first
    return rank
