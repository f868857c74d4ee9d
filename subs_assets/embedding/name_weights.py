"""How much each character n-gram of a name tells, learned once from many names; which names are compared is decided
elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

NGRAMS: Mapping[str, Any] = {"analyzer": "char_wb", "ngram_range": (3, 4)}

COLUMNS = 2**18
"""N-grams are hashed onto so many columns, so that one that no training saw has its column too, the same in every
night. 61,528 different ones are in au/ and at/; with 2**16 to 2**20 columns 99 or 100 of 135 products that two
companies share were found first, and more columns cost nothing."""

RAREST_SHARE = 2e-4
"""An n-gram in fewer names (one of 5,000) weighs as much as one that was never seen. From 1e-4 to 1e-3 as many shared
products were found on au/, and within .001 as many German neighbours on at/; this lists a third of the n-grams."""

FEWEST_NAMES = 2
"""One name alone does not tell how frequent its n-grams are."""


@dataclass(frozen=True)
class NameWeights:
    """Inverse document frequency of the n-grams that are not rare, and the weight of all others."""

    ngrams: Mapping[str, float]
    highest: float

    @cached_property
    def by_column(self) -> NDArray[np.float32]:
        """float32 (COLUMNS,); where two n-grams share a column, the more frequent one's."""
        from sklearn.feature_extraction import FeatureHasher

        weights = np.full(COLUMNS, self.highest, np.float32)
        hasher = FeatureHasher(COLUMNS, input_type="string", alternate_sign=False)
        if self.ngrams:
            columns = hasher.transform([ngram] for ngram in self.ngrams).indices
            np.minimum.at(weights, columns, np.fromiter(self.ngrams.values(), np.float32))
        return weights

    def to_text(self) -> str:
        """A line ``weight<tab>n-gram`` for each, by n-gram."""
        return "".join(f"{weight:.4f}\t{ngram}\n" for ngram, weight in sorted(self.ngrams.items()))

    @classmethod
    def from_text(cls, text: str, highest: float) -> "NameWeights":
        """What ``to_text`` wrote; raises ValueError for anything else."""
        rows = (line.split("\t") for line in text.removesuffix("\n").split("\n") if line)
        return cls({ngram: float(weight) for weight, ngram in rows}, highest)


def train_name_weights(sets: Sequence[Sequence[str]]) -> NameWeights:
    """Weights from several sets of core names, such as one for each language.

    An n-gram is as frequent as in the set where it is most frequent: a name is of one language, and however large
    another set is, or however many there are, its own weights stay what they were. With the mean over the sets
    97 instead of 100 of 135 shared products were found first.
    """
    shares: dict[str, float] = {}
    for names in sets:
        for ngram, share in _shares(names).items():
            shares[ngram] = max(share, shares.get(ngram, 0.0))
    # Rounded, because the last digits of a logarithm are the machine's.
    return NameWeights({ngram: _weight(share) for ngram, share in sorted(shares.items())}, _weight(RAREST_SHARE))


def _shares(names: Sequence[str]) -> dict[str, float]:
    """The share of the names that hold each n-gram which is not rare among them."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not any(names):
        return {}
    vectorizer = CountVectorizer(**NGRAMS, binary=True)
    holding = np.asarray(vectorizer.fit_transform(names).sum(axis=0)).ravel()
    listed = (holding >= FEWEST_NAMES) & (holding > RAREST_SHARE * len(names))
    found = vectorizer.get_feature_names_out()[listed].tolist()
    return dict(zip(found, (holding[listed] / len(names)).tolist(), strict=True))


def _weight(share: float) -> float:
    return round(1 - float(np.log(share)), 4)
