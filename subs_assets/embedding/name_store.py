"""What is found out about names once and kept from night to night beside their vectors: their n-grams, and which of
them are alike."""

import hashlib
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from subs_assets.embedding.alike import FLOOR, AlikeRows, alike_among, both_ways, compared, cut_off, most_alike
from subs_assets.embedding.encoder import Progress
from subs_assets.embedding.name_weights import COLUMNS, NameWeights
from subs_assets.embedding.similarity import NameFeatures, Pairs, joined, lexical_features
from subs_assets.embedding.vector_store import KEY, VectorStore, text_keys
from subs_assets.made_from import is_program_as_loaded, program

logger = logging.getLogger(__name__)

UNFINISHED = ".unfinished"

LEFT_OVER = 24 * 3600.0
"""Seconds after which a file that is not finished is that of a killed run."""

MOST_CHANGED = 0.5
"""The share of new names from which on all are compared anew, each pair one way round: that is faster then."""


@dataclass(frozen=True)
class _Kept:
    """n names: ``keys`` (n,), ascending; ``lexical`` sparse float32 (n, COLUMNS); ``pairs`` as
    ``most_alike`` gives them."""

    keys: NDArray[np.bytes_]
    lexical: Any
    pairs: Pairs

    def places(self, keys: NDArray[np.bytes_]) -> NDArray[np.intp]:
        """Where each key stands, -1 where it does not."""
        place = np.searchsorted(self.keys, keys)
        place[place == len(self.keys)] = 0
        return np.where(self.keys[place] == keys, place, -1) if len(self.keys) else np.full(len(keys), -1)

    def to_go_on_with(self, keys: NDArray[np.bytes_]) -> NDArray[np.intp]:
        """``places``, and -1 too where what is kept of a name's pairs is not all that there is without the names that
        are gone."""
        place = self.places(keys)
        gone = np.ones(len(self.keys), bool)
        gone[place[place >= 0]] = False
        incomplete = cut_off(self.pairs, gone)
        known = np.flatnonzero(place >= 0)
        place[known[incomplete[place[known]]]] = -1
        return place


class NameStore:
    """The n-grams of names and the pairs of them that are alike, in one file that is replaced as a whole.

    A night compares its new names with all of its names, and no two that were compared before. The pairs are those of
    a comparison of all with all (``alike_among``), to the last bit: what a pair is worth depends on its two names
    alone.
    """

    def __init__(self, vectors: VectorStore, weights: NameWeights) -> None:
        self.vectors = vectors
        self.weights = weights

    @cached_property
    def file(self) -> Path:
        """Of these weights, and of this program: another one may find something else."""
        return self.vectors.folder / f"names-{self._weights}-{program()[:16]}.npz"

    @cached_property
    def _weights(self) -> str:
        return hashlib.blake2b(self.weights.by_column.tobytes(), digest_size=8).hexdigest()

    def lexical(self, names: Sequence[str]) -> Any:
        """``lexical_features`` of the names."""
        keys, first, inverse = _distinct(names)
        kept = self._read()
        place = kept.places(keys)
        new = np.flatnonzero(place < 0)
        return _stacked(kept.lexical, self._spelled(names, first[new]), place)[inverse]

    def alike(
        self, names: Sequence[str], encoded: Progress | None = None, compared: Progress | None = None
    ) -> AlikeRows:
        """Which of the names are alike; row i is ``names[i]``.

        New names are encoded, compared and kept; names that are not asked for again are forgotten then. ``encoded`` and
        ``compared`` are told how many of the new names are.
        """
        keys, first, inverse = _distinct(names)
        kept = self._read()
        place = kept.to_go_on_with(keys)
        if (place < 0).any():
            kept = self._with_new(keys, [names[row] for row in first], kept, place, encoded, compared)
            self._write(kept)
            place = np.arange(len(keys))
        return AlikeRows(inverse.astype(np.intp), both_ways(_among(kept.pairs, place, len(kept.keys))))

    def _with_new(
        self,
        keys: NDArray[np.bytes_],
        names: Sequence[str],
        kept: _Kept,
        place: NDArray[np.intp],
        encoded: Progress | None,
        told: Progress | None,
    ) -> _Kept:
        """What is to be kept of the distinct ``names``: ``place`` is where each stands in ``kept``."""
        new, known = np.flatnonzero(place < 0), np.flatnonzero(place >= 0)
        lexical = _stacked(kept.lexical, self._spelled(names, new), place)
        features = NameFeatures(self.vectors.vectors(names, encoded), lexical)
        if len(new) > MOST_CHANGED * len(names):
            return _Kept(keys, lexical, alike_among(features, FLOOR, told))
        parts = chain(
            [_among(kept.pairs, place, len(kept.keys))],
            compared(features, new, known, FLOOR, told),
            compared(features, new, new, FLOOR, is_one_way=True),
        )
        return _Kept(keys, lexical, most_alike(parts, len(keys)))

    def _spelled(self, names: Sequence[str], rows: NDArray[np.intp]) -> Any:
        return lexical_features([names[row] for row in rows], self.weights)

    def _read(self) -> _Kept:
        from scipy import sparse

        try:
            with np.load(self.file, allow_pickle=False) as file:
                lexical = sparse.csr_matrix(
                    (file["data"], file["indices"], file["indptr"]), (len(file["keys"]), COLUMNS)
                )
                pairs = Pairs(
                    file["left"].astype(np.intp), file["right"].astype(np.intp), file["cosine"], file["spelling"]
                )
                return _Kept(file["keys"], lexical, pairs)
        except FileNotFoundError:
            pass
        except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
            logger.warning("%s cannot be used (%s): all names are compared anew.", self.file, error)
        return _Kept(np.empty(0, KEY), lexical_features([], self.weights), joined([]))

    def _write(self, kept: _Kept) -> None:
        """Whole or not at all, whoever reads meanwhile; a zip file's checksums tell of a page that a power cut lost.
        What cannot be kept is found out again, and so is what was found while the program was changed."""
        if not is_program_as_loaded():
            return
        fresh = self.file.with_name(f"{self.file.name}.{uuid.uuid4().hex}{UNFINISHED}")
        pairs = kept.pairs
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._sweep()
            with fresh.open("wb") as file:
                np.savez(
                    file,
                    keys=kept.keys,
                    data=kept.lexical.data,
                    indices=kept.lexical.indices,
                    indptr=kept.lexical.indptr,
                    left=pairs.left.astype(np.int32),
                    right=pairs.right.astype(np.int32),
                    cosine=pairs.cosine,
                    spelling=pairs.lexical,
                )
            fresh.replace(self.file)  # refused on Windows while somebody reads it
        except OSError as error:
            logger.warning("%s cannot be written (%s): the next run compares the same names again.", self.file, error)
        finally:
            fresh.unlink(missing_ok=True)

    def _sweep(self) -> None:
        for other in self.file.parent.glob(f"names-{self._weights}-*.npz"):
            if other != self.file:
                other.unlink(missing_ok=True)  # of an earlier program
        for left in self.file.parent.glob(f"{self.file.name}.*{UNFINISHED}"):
            if time.time() - left.stat().st_mtime > LEFT_OVER:
                left.unlink(missing_ok=True)


def _distinct(names: Sequence[str]) -> tuple[NDArray[np.bytes_], NDArray[np.intp], NDArray[np.intp]]:
    """The keys of the different names, ascending, the first row of each, and each row's place among them."""
    keys, first, inverse = np.unique(text_keys(names), return_index=True, return_inverse=True)
    return keys, first, inverse


def _stacked(kept: Any, new: Any, place: NDArray[np.intp]) -> Any:
    """Rows of ``kept`` by their ``place``, and those of ``new``, in their order, where it is -1."""
    from scipy import sparse

    row = place.copy()
    row[place < 0] = kept.shape[0] + np.arange(new.shape[0])
    return sparse.vstack([kept, new], format="csr")[row]


def _among(pairs: Pairs, place: NDArray[np.intp], kept: int) -> Pairs:
    """The pairs both of whose kept names are wanted, numbered anew: name i stood at ``place[i]``."""
    number = np.full(kept, -1, np.intp)
    known = place >= 0
    number[place[known]] = np.flatnonzero(known)
    left, right = number[pairs.left], number[pairs.right]
    return Pairs(left, right, pairs.cosine, pairs.lexical).where((left >= 0) & (right >= 0))
