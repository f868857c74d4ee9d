"""A tiny encoder for tests that are not about a language model: character n-grams hashed onto a few dimensions."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from subs_assets.embedding.encoder import Progress, unit_rows


class HashingEncoder:
    """Similar spellings get similar vectors, one text the same vector in every process. ``encoded`` lists its work."""

    def __init__(self, dimension: int = 64, batch: int = 64) -> None:
        self.dimension = dimension
        self.batch = batch
        self.fingerprint = f"{dimension:032x}"
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for gram in _grams(text):
                digest = hashlib.blake2b(gram.encode(), digest_size=8).digest()
                place = int.from_bytes(digest[:4], "little") % self.dimension
                vectors[row, place] += 1 if digest[4] % 2 else -1
            self.encoded.append(text)
            if progress is not None and ((row + 1) % self.batch == 0 or row + 1 == len(texts)):
                progress(row + 1, len(texts))
        return unit_rows(vectors)


def _grams(text: str) -> list[str]:
    padded = f" {text.casefold()} "
    # The whole text is a gram too, so that the signs of the others cannot cancel out to a row of zeros unnoticed.
    return [padded, *(padded[start : start + 3] for start in range(len(padded) - 2))]
