"""Vectors on disk by the content of their text: a text is encoded once; what they are for is decided elsewhere."""

import hashlib
import logging
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from subs_assets.compute.local import Compute
from subs_assets.embedding.encoder import Encoder, Progress

logger = logging.getLogger(__name__)

SHARD = 2_048
"""Texts a shard: some seconds of encoding, which is what an interruption costs."""

KEY = np.dtype("S16")
"""A 16-byte blake2b of the UTF-8 text. numpy compares all 16 bytes; a single key taken out loses trailing zeros."""

ATTEMPTS = 3
"""How often a request starts again because a shard proved damaged; a disk that fails each time is not ours to mend."""

LENGTH_TOLERANCE = 1e-3
"""How far a row's length may be from 1; float32 rounding stays below 1e-6, a damaged page does not."""


@dataclass(frozen=True)
class _Shard:
    name: str
    keys: NDArray[np.bytes_]
    width: int


class VectorStore:
    """The vectors of one encoder, in ``<folder>/<fingerprint>/<uuid>.npy`` with their keys in ``<uuid>.keys.npy``.

    The keys are renamed into place last: a shard is there as a whole or not at all, and an interrupted run keeps those
    it finished. Shards are never changed, so any number of processes may read and add at once; at worst a text is
    encoded twice.

    ``elsewhere``: where shards are encoded, several at once; None: one after the other by ``encoder`` itself, which has
    threads of its own. Whoever asks writes them.
    """

    def __init__(self, folder: Path, encoder: Encoder, elsewhere: Compute | None = None) -> None:
        self.folder = folder / encoder.fingerprint
        self.encoder = encoder
        self.elsewhere = elsewhere
        self._shards: dict[str, _Shard] = {}
        self._refused: set[str] = set()

    def vectors(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 of shape (len(texts), dimension), row i for text i; only texts that are not in the store are encoded.

        ``progress`` is told how many of the unknown texts are encoded. The encoder is not loaded when all are known.
        Raises ValueError naming the text when the encoder gives a row that is no direction (NaN, zero, another length).
        """
        keys = text_keys(texts)
        if len(keys) == 0:
            return np.empty((0, self.encoder.dimension), dtype=np.float32)
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        for _ in range(ATTEMPTS):
            shard_of, row_of = self._find(unique)
            unknown = np.flatnonzero(shard_of < 0)
            if len(unknown):
                self._encode([texts[row] for row in first[unknown]], unique[unknown], progress)
                shard_of, row_of = self._find(unique)
            if (shard_of >= 0).all():
                found = self._gather(shard_of[inverse], row_of[inverse])
                if found is not None:
                    return found
        raise OSError(
            f"{self.folder} does not give back what was written to it; look at the disk, or delete the folder"
        )

    def _find(self, unique: NDArray[np.bytes_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where each key lies: number of the shard (-1: nowhere) and row in it."""
        self._read_new_shards()
        shards = self._in_order()
        shard_of = np.full(len(unique), -1, dtype=np.intp)
        row_of = np.zeros(len(unique), dtype=np.intp)
        if not shards:
            return shard_of, row_of
        stored = np.concatenate([shard.keys for shard in shards])
        # Stable: of two copies the one in the shard that is first by name, whichever process asks.
        order = np.argsort(stored, kind="stable")
        place = np.minimum(np.searchsorted(stored[order], unique), len(stored) - 1)
        at = order[place]
        known = stored[at] == unique
        starts = np.cumsum([0, *(len(shard.keys) for shard in shards)])
        shard_of[known] = np.searchsorted(starts, at[known], side="right") - 1
        row_of[known] = at[known] - starts[shard_of[known]]
        return shard_of, row_of

    def _gather(self, shard_of: NDArray[np.intp], row_of: NDArray[np.intp]) -> NDArray[np.float32] | None:
        """The rows, or None when a shard turned out to be damaged and was refused."""
        shards = self._in_order()
        vectors = np.empty((len(shard_of), shards[0].width), dtype=np.float32)
        by_shard = np.argsort(shard_of, kind="stable")
        numbers, starts = np.unique(shard_of[by_shard], return_index=True)
        sound = True
        for number, wanted in zip(numbers, np.split(by_shard, starts[1:]), strict=True):
            shard = shards[number]
            try:
                vectors[wanted] = _take(self.folder, shard, row_of[wanted])
            except (OSError, ValueError) as error:
                self._refuse(shard.name, f"cannot be used any more ({error})")
                sound = False
        return vectors if sound else None

    def _encode(self, texts: list[str], keys: NDArray[np.bytes_], progress: Progress | None) -> None:
        # By length over all shards, so that the encoder's batches hold texts of one length; the longest first, so that
        # the time left is over- rather than underestimated.
        order = sorted(range(len(texts)), key=lambda row: (-len(texts[row]), texts[row]))
        shards = [order[start : start + SHARD] for start in range(0, len(order), SHARD)]
        shard_texts = [[texts[row] for row in rows] for rows in shards]
        self.folder.mkdir(parents=True, exist_ok=True)
        for rows, own, vectors in zip(shards, shard_texts, self._encoded(shard_texts, progress), strict=True):
            self._write(own, keys[rows], vectors)

    def _encoded(self, shards: list[list[str]], progress: Progress | None) -> Iterator[NDArray[np.float32]]:
        done, total = 0, sum(map(len, shards))
        if self.elsewhere is None:
            for texts in shards:
                yield self.encoder.encode(texts, _continued(progress, done, total))
                done += len(texts)
            return
        for vectors in self.elsewhere.map(encoded, self.encoder, shards):
            yield vectors
            done += len(vectors)
            if progress is not None:
                progress(done, total)

    def _write(self, texts: list[str], keys: NDArray[np.bytes_], vectors: NDArray[np.float32]) -> None:
        expected = (len(texts), self.encoder.dimension)
        if vectors.shape != expected or vectors.dtype != np.float32:
            raise ValueError(
                f"the encoder gave {vectors.dtype} of shape {vectors.shape} for {len(texts)} texts instead of "
                f"float32 of shape {expected}; nothing was stored"
            )
        wrong = np.flatnonzero(_not_unit(vectors))
        if len(wrong):
            raise ValueError(
                f"the encoder gave no vector of unit length for {len(wrong)} of {len(texts)} texts, the first is "
                f"{texts[wrong[0]][:200]!r}; none of these {len(texts)} was stored"
            )
        name = uuid.uuid4().hex
        _save_durably(self.folder / f"{name}.npy", vectors)
        unnamed = self.folder / f"{name}.keys.tmp"
        _save_durably(unnamed, keys)
        unnamed.replace(self.folder / f"{name}.keys.npy")

    def _read_new_shards(self) -> None:
        present = {path.name.removesuffix(".keys.npy") for path in self.folder.glob("*.keys.npy")}
        for name in [known for known in self._shards if known not in present]:
            del self._shards[name]
        for name in sorted(present - self._shards.keys() - self._refused):
            try:
                self._shards[name] = _read_shard(self.folder, name)
            except (OSError, ValueError, EOFError) as error:
                self._refuse(name, f"cannot be used ({error})")
        if len({shard.width for shard in self._shards.values()}) > 1:
            for shard in [shard for shard in self._shards.values() if shard.width != self.encoder.dimension]:
                self._refuse(shard.name, f"has {shard.width} columns instead of {self.encoder.dimension}")

    def _in_order(self) -> list[_Shard]:
        return [self._shards[name] for name in sorted(self._shards)]

    def _refuse(self, name: str, why: str) -> None:
        logger.warning(
            "%s %s; its texts are encoded again. Both files of that name may be deleted.",
            self.folder / f"{name}.npy",
            why,
        )
        self._shards.pop(name, None)
        self._refused.add(name)


def encoded(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """What ``encoder`` gives for the texts."""
    return encoder.encode(texts)


def text_keys(texts: Sequence[str]) -> NDArray[np.bytes_]:
    """(n,) of ``KEY``, a key for each text."""
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=KEY.itemsize).digest() for text in texts)
    return np.frombuffer(digests, dtype=KEY)


def _read_shard(folder: Path, name: str) -> _Shard:
    keys = np.load(folder / f"{name}.keys.npy", allow_pickle=False)
    vectors = _map_vectors(folder, name)
    if keys.dtype != KEY or keys.ndim != 1 or vectors.dtype != np.float32 or vectors.ndim != 2:
        raise ValueError(f"it holds {vectors.dtype} {vectors.shape} and keys {keys.dtype} {keys.shape}")
    if len(keys) != len(vectors):
        raise ValueError(f"{len(vectors)} vectors for {len(keys)} keys")
    return _Shard(name, keys, vectors.shape[1])


def _take(folder: Path, shard: _Shard, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    vectors = _map_vectors(folder, shard.name)
    if vectors.shape != (len(shard.keys), shard.width):
        raise ValueError(f"its shape is now {vectors.shape} instead of {(len(shard.keys), shard.width)}")
    taken: NDArray[np.float32] = vectors[rows]
    if _not_unit(taken).any():
        raise ValueError("it holds rows that are not of unit length")
    return taken


def _map_vectors(folder: Path, name: str) -> NDArray[np.float32]:
    """Mapped only while its rows are taken: a map holds its file open, and a year of nights makes many shards."""
    vectors: NDArray[np.float32] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return vectors


def _save_durably(path: Path, array: NDArray[np.generic]) -> None:
    """Written through to the disk, so that a name never stands for pages that a power cut left empty."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _not_unit(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    return ~(np.abs(lengths - 1) <= LENGTH_TOLERANCE)  # written so that NaN counts as wrong


def _continued(progress: Progress | None, before: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, _: progress(before + done, total)
