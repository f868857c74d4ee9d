"""Text to unit vectors: what an encoder is, and one that runs any sentence-transformers model; nothing is kept here."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from subs_assets.embedding import packaged_model

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Progress = Callable[[int, int], None]
"""Told (texts done, texts in all) after every batch."""

NORMALISATION = "unit length, float32, 1"
"""Part of every fingerprint: raise the number when anything between the model and the stored row changes."""

BATCH = 64
"""Texts a forward pass; with texts sorted by length, larger batches were no faster on two cores."""


class Encoder(Protocol):
    """Turns texts into rows of unit length; the same fingerprint always means the same rows."""

    @property
    def fingerprint(self) -> str:
        """Plain hexadecimal text that may name a folder."""
        ...

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 of shape (len(texts), dimension), row i for text i."""
        ...


class SentenceTransformerEncoder:
    """A sentence-transformers model, loaded when the first text is encoded: the reference of what its rows are.

    ``model`` is ``all-MiniLM-L6-v2`` (the packaged one, without network), a folder that holds a model, or the name of a
    model on the hub. ``device`` is a name that torch knows.
    """

    def __init__(self, model: str = packaged_model.NAME, device: str = "cpu") -> None:
        self.model = model
        self.device = device
        self._loading = Lock()
        self._model: SentenceTransformer | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what determines the vectors; neither torch nor the model is loaded for it.

        The packaged model and a folder: the content of the model's files. A name: the name, the revision that the hub
        (or, offline, its cache) holds, and the version of sentence-transformers.
        """
        if self._folder is not None:
            return _digest({**self._file_hashes(), "normalisation": NORMALISATION})
        return _digest(
            {
                "name": self._repository,
                "revision": self._revision,
                "library": f"sentence-transformers {version('sentence-transformers')}",
                "normalisation": NORMALISATION,
            }
        )

    @cached_property
    def dimension(self) -> int:
        if self.is_packaged:
            return packaged_model.DIMENSION
        return int(self._loaded.get_embedding_dimension())

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 of shape (len(texts), dimension), rows of unit length.

        Texts are sorted by length, so that a batch holds little padding. Raises ``ModelFilesDiffer`` when the packaged
        model is not the published one.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: (len(texts[row]), texts[row]))
        for start in range(0, len(texts), BATCH):
            rows = by_length[start : start + BATCH]
            vectors[rows] = self._loaded.encode(
                [texts[row] for row in rows], batch_size=BATCH, convert_to_numpy=True, show_progress_bar=False
            )
            if progress is not None:
                progress(start + len(rows), len(texts))
        return unit_rows(vectors)

    @property
    def is_packaged(self) -> bool:
        return self.model == packaged_model.NAME

    @cached_property
    def _folder(self) -> Path | None:
        if self.is_packaged:
            return packaged_model.packaged_folder()
        folder = Path(self.model)
        return folder if folder.is_dir() else None

    def _file_hashes(self) -> dict[str, str]:
        assert self._folder is not None
        if self.is_packaged:
            return packaged_model.verify(self._folder)
        files = sorted(path for path in self._folder.rglob("*") if path.is_file())
        return {path.relative_to(self._folder).as_posix(): packaged_model.file_sha256(path) for path in files}

    @property
    def _repository(self) -> str:
        # sentence-transformers finds names without an owner under its own.
        return self.model if "/" in self.model else f"sentence-transformers/{self.model}"

    @cached_property
    def _revision(self) -> str:
        """The commit that the name stands for now; ``hf_hub_download`` answers from its cache when offline."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        try:
            configuration = Path(hf_hub_download(self._repository, "config.json"))
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
            raise FileNotFoundError(
                f'The encoder "{self.model}" is neither a folder nor a model that is cached or can be reached '
                f"({error}). Set SUBS_ENCODER to a folder, or leave it away for the packaged {packaged_model.NAME}."
            ) from error
        return configuration.parent.name

    def load(self, attention: str | None = None) -> "SentenceTransformer":
        """The model, read anew; ``attention`` is an implementation that transformers knows, None its own choice.

        Raises ``ModelFilesDiffer`` when the packaged model is not the published one.
        """
        options = {} if attention is None else {"attn_implementation": attention}
        if self._folder is None:
            return _load(self._repository, self.device, options, revision=self._revision, local_files_only=False)
        if self.is_packaged:
            packaged_model.verify(self._folder)
        return _load(str(self._folder), self.device, options, revision=None, local_files_only=True)

    @property
    def _loaded(self) -> "SentenceTransformer":
        with self._loading:
            if self._model is None:
                self._model = self.load()
            return self._model


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same rows at length one; a row of zeros has no direction and becomes NaN, which no store keeps."""
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled.astype(np.float32, copy=False)


def _load(
    name_or_folder: str, device: str, options: Mapping[str, str], *, revision: str | None, local_files_only: bool
) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # The bar over the hundred weights would stand in the middle of our own progress.
    bar_was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return SentenceTransformer(
            name_or_folder,
            device=device,
            model_kwargs=dict(options),
            revision=revision,
            local_files_only=local_files_only,
            trust_remote_code=False,
        )
    finally:
        if bar_was_on:
            logging.enable_progress_bar()


def _digest(parts: Mapping[str, str]) -> str:
    hashed = hashlib.sha256()
    for name, value in sorted(parts.items()):
        hashed.update(f"{len(name)}:{name}={len(value)}:{value}\n".encode())
    return hashed.hexdigest()[:32]
