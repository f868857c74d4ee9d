"""Which way the rows of a model are made on this machine, and the store that keeps them; how is in encoder.py and
exported_model.py."""

import logging
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from subs_assets.compute.local import Compute, threads
from subs_assets.embedding import exported_model, packaged_model
from subs_assets.embedding.encoder import Progress, SentenceTransformerEncoder
from subs_assets.embedding.exported_model import ExportedModel, NotExported
from subs_assets.embedding.vector_store import VectorStore

logger = logging.getLogger(__name__)

FOLDER = "onnx"
"""Beside the shards of the same fingerprint: who deletes those is rid of this too."""

ATTENTION = "eager"
"""Exported from it, a row costs 5 % less than from torch's fused attention."""

OWN_EXPORTS = Path("~/.cache/subs_assets")
"""Where a worker keeps the exported model that does not see the folder of the vectors."""

DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd", "C:/Windows/System32/nvcuda.dll")
"""What a machine with a device for torch has: NVIDIA on Linux, under WSL, AMD, NVIDIA on Windows."""


class FastEncoder:
    """A sentence-transformers model by the fastest way on this machine that gives the same rows.

    The fingerprint is the model's, whichever way is taken: a row of ONNX Runtime differs from that of
    sentence-transformers by at most 1e-6, as the latter's own rows do from one batch to another, so a store may hold
    both. The exported model is kept in ``vectors``, beside the shards.
    """

    def __init__(self, model: str, vectors: Path) -> None:
        self.reference = SentenceTransformerEncoder(model)
        self.vectors = vectors
        self._opening = Lock()
        self._opened: SentenceTransformerEncoder | ExportedModel | None = None

    @property
    def fingerprint(self) -> str:
        return self.reference.fingerprint

    @property
    def dimension(self) -> int:
        return packaged_model.DIMENSION if self.reference.is_packaged else self._way.dimension

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 of shape (len(texts), dimension), rows of unit length.

        Raises ``ModelFilesDiffer`` when the packaged model is not the published one.
        """
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self._way.encode(texts, progress)

    def __reduce__(self) -> tuple[Callable[..., "FastEncoder"], tuple[str, Path, str]]:
        """What another process makes its own one from; nothing that is loaded here goes there."""
        return _of_another_process, (self.reference.model, self.vectors, self.fingerprint)

    @property
    def _way(self) -> SentenceTransformerEncoder | ExportedModel:
        with self._opening:  # a worker's threads come all at once, and each model would take all cores
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> SentenceTransformerEncoder | ExportedModel:
        device = device_of_torch() if may_have_device(*_facts()) else None
        if device is not None:
            logger.info("Names are encoded by sentence-transformers on %s.", device)
            self.reference.device = device
            return self.reference
        folder = self.vectors / self.fingerprint / FOLDER
        try:
            exported = exported_model.open_exported(folder, lambda: self.reference.load(ATTENTION))
        except (NotExported, OSError) as reason:
            logger.warning(
                "Names are encoded by sentence-transformers, at half the speed: the model %s is not used by ONNX "
                "Runtime, because %s.",
                self.reference.model,
                reason,
            )
            return self.reference
        logger.info("Names are encoded by ONNX Runtime, %d threads, with %s.", threads(), folder)
        return exported


def open_store(vectors: Path, model: str, elsewhere: Compute | None = None) -> VectorStore:
    """The kept vectors of a model; what they lack is encoded by the fastest way, here or ``elsewhere``."""
    return VectorStore(vectors, FastEncoder(model, vectors), elsewhere)


def _of_another_process(model: str, vectors: Path, fingerprint: str) -> FastEncoder:
    encoder = FastEncoder(model, vectors if (vectors / fingerprint).is_dir() else OWN_EXPORTS.expanduser())
    if encoder.fingerprint != fingerprint:
        raise ValueError(
            f"{platform.node()} has another model by the name {model} than the run that wants it (fingerprint "
            f"{encoder.fingerprint} instead of {fingerprint}): bring its files there, and start the worker again"
        )
    return encoder


def may_have_device(system: str, processor: str, torch_version: str, has_driver: bool) -> bool:
    """Whether torch may see another device than the processor, which is worth the 10 s of importing it to ask."""
    if torch_version.endswith("+cpu"):
        return False
    return has_driver or (system == "Darwin" and processor == "arm64")


def device_of_torch() -> str | None:
    """``cuda`` (AMD's too), ``mps``, or None where torch sees none that it can use."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def _facts() -> tuple[str, str, str, bool]:
    return platform.system(), platform.machine(), version("torch"), any(Path(driver).exists() for driver in DRIVERS)
