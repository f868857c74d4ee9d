"""How alike two names are: half meaning, half spelling; which names to compare, and why, is decided elsewhere.

On 497 pairs of equivalent own-brand products of two companies among 24,396 candidates (German names without brand), the
partner was among the first ten for .77 by MiniLM alone, .88 by TF-IDF of character 3-4-grams alone, and .90 by their
sum (DESIGN, "What text to compare"): hence the plain mean of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subs_assets.embedding.encoder import Progress
from subs_assets.embedding.name_weights import COLUMNS, NGRAMS, NameWeights
from subs_assets.embedding.vector_store import VectorStore

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
        return Pairs(left, right, cosines(self.vectors, left, right), lexical)


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


def cosines(vectors: NDArray[np.float32], left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.float32]:
    """The product of each left row with the right row at its place."""
    cosines = np.empty(len(left), np.float32)
    for start in range(0, len(left), COSINES_AT_ONCE):
        part = slice(start, start + COSINES_AT_ONCE)
        np.einsum("nd,nd->n", vectors[left[part]], vectors[right[part]], out=cosines[part])
    return cosines
