"""The ONNX form of a sentence-transformers model in a folder: exported once, checked, read again without torch; when it
is used is decided elsewhere."""

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from subs_assets.compute.local import threads
from subs_assets.embedding import packaged_model
from subs_assets.embedding.encoder import Progress, unit_rows

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

logger = logging.getLogger(__name__)

MODEL, TOKENIZER, RECORD, LOCK = "model.onnx", "tokenizer.json", "exported.json", "export.lock"

LIBRARIES = ("onnx", "onnxruntime", "sentence-transformers", "tokenizers", "torch", "transformers")
"""When one of these changes its version, the model is exported and checked anew: seconds, once an upgrade."""

EXPORT = "1"
"""Raise it when this module writes or probes something else."""

TOKENS = 1_024
"""Tokens a batch; half of it is as fast, four times as many leave the processor's cache."""

SAME = 0.9999
"""The least cosine between a probe's two rows. An export that is right gives 0.999999; one that cuts, pads, pools or
lowers case differently falls below it with some probe."""

OPSET = 17
"""The first with LayerNormalization as one node; later ones were no faster."""

PROBES = (
    "",
    "milk",
    "full cream milk 2 l",
    "  spaces  before,\tbetween\nand behind  ",
    "UPPER and Mixed Case: NESCAFÉ Gold",
    "Käse & Brot, süß-saure Gurken, Crème fraîche, piñata, ½ l, 75 °C, €",
    "cafe\u0301 with its accent apart, and a zero\u200bwidth space",
    "牛奶 500 ml 茶",
    "молоко сгущённое",
    "🥛🍞 2 x 500g",
    "[SEP] [MASK] [UNK] <s> </s>",
    "antidisestablishmentarianism " + "a" * 120,
    *(" ".join(f"word{number}" for number in range(words)) for words in (3, 5, 9, 14, 22, 40, 90)),
    "longer than any model reads " * 120,
)
"""What encoders are known to treat differently: nothing, white space, case, accents, scripts, words that no vocabulary
holds, marks that mean something to a tokenizer, lengths, and what is cut off."""


class NotExported(RuntimeError):
    """This model has no ONNX form that may be used; the message is the reason, and what to do about it."""


@dataclass(frozen=True)
class ExportedModel:
    """A checked ONNX model with its tokenizer."""

    session: "InferenceSession"
    tokenizer: "Tokenizer"
    dimension: int

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 of shape (len(texts), dimension), rows of unit length."""
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        for rows in batches_of_one_length([len(one) for one in tokens]):
            vectors[rows] = _run(self.session, [tokens[row] for row in rows])
            done += len(rows)
            if progress is not None:
                progress(done, len(texts))
        return unit_rows(vectors)


def open_exported(folder: Path, load_model: "Callable[[], SentenceTransformer]") -> ExportedModel:
    """The ONNX form in ``folder``; where none is there that is whole and of the installed versions, it is made now.

    ``load_model`` is called only then. Several processes may ask at once: one exports, the others wait for it. Raises
    ``NotExported``, OSError when the folder cannot be written, and what ``load_model`` raises.
    """
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise NotExported(f'onnxruntime cannot be loaded ({error}); "pip install onnxruntime" brings it') from error
    found = _read(folder)
    if found is None:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK):
            found = _read(folder) or _export(folder, load_model())
    return found


def damage(folder: Path) -> str | None:
    """Why a run would export the model again instead of using what is in ``folder``; None where it would use it.

    Nothing is loaded. Raises ``NotExported`` when these versions refused it, FileNotFoundError when there is none yet.
    """
    try:
        record = _record(folder)
    except (NotExported, FileNotFoundError):
        raise
    except Exception as error:
        return _first_line(error)
    return None if record else f"other versions of {', '.join(LIBRARIES)} exported it"


def batches_of_one_length(lengths: Sequence[int], tokens: int = TOKENS) -> Iterator[NDArray[np.intp]]:
    """Positions of texts with one number of tokens, so that nothing is padded: at most ``tokens`` tokens a batch, or a
    single text; the longest first."""
    of_text = np.asarray(lengths, dtype=np.intp)
    for length in np.unique(of_text)[::-1]:
        positions = np.flatnonzero(of_text == length)
        texts = max(1, tokens // max(1, int(length)))
        for start in range(0, len(positions), texts):
            yield positions[start : start + texts]


def _read(folder: Path) -> ExportedModel | None:
    """None when there is nothing to use: never exported, by other versions, cut off, or damaged.

    Raises ``NotExported`` when these versions tried it and refused.
    """
    try:
        record = _record(folder)
        return None if record is None else _load(folder, record["dimension"])
    except NotExported:
        raise
    except FileNotFoundError:
        return None
    except Exception as error:  # of the disk, of a record that is none, or of what onnxruntime makes of the files
        logger.warning("The exported model in %s is damaged (%s); it is exported again.", folder, error)
        return None


def _record(folder: Path) -> dict[str, Any] | None:
    """What is noted of the files that are in the folder; None where other versions exported them.

    Raises ``NotExported`` when these versions tried it and refused, FileNotFoundError, and whatever a damaged record
    or file leads to.
    """
    record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if record["versions"] != _versions():
        return None
    if record["refused"] is not None:
        raise NotExported(record["refused"])
    for name, expected in record["sha256"].items():
        if packaged_model.file_sha256(folder / name) != expected:
            raise ValueError(f"{name} is not as it was written")
    return record


def _export(folder: Path, model: "SentenceTransformer") -> ExportedModel:
    """Called under the lock. The record comes last, so what an interruption leaves counts for nothing."""
    (folder / RECORD).unlink(missing_ok=True)
    try:
        _write_onnx(model, folder)
        _tokenizer_of(model).save(str(folder / TOKENIZER))
        exported = _load(folder, int(model.get_embedding_dimension()))
        least_cosine = _check(exported, model)
    except OSError:
        raise  # a full disk is no property of the model
    except Exception as error:
        # Whatever the exporter or the runtime makes of a foreign model, its own rows stay right. The refusal is kept:
        # else every process of every night tries again.
        (folder / MODEL).unlink(missing_ok=True)
        reason = str(error) if isinstance(error, NotExported) else f"it cannot be exported ({_first_line(error)})"
        _write_record(folder, refused=f"{reason}; delete {folder} to have it tried again")
        raise NotExported(f"{reason}; delete {folder} to have it tried again") from error
    hashes = {name: packaged_model.file_sha256(folder / name) for name in (MODEL, TOKENIZER)}
    _write_record(folder, refused=None, sha256=hashes, dimension=exported.dimension, least_cosine=least_cosine)
    return exported


def _write_record(folder: Path, **content: Any) -> None:
    unnamed = folder / f"{RECORD}.part"
    unnamed.write_text(json.dumps({"versions": _versions(), **content}, indent=2), encoding="utf-8")
    unnamed.replace(folder / RECORD)


def _versions() -> dict[str, str]:
    return {"export": EXPORT, **{library: _version(library) for library in LIBRARIES}}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def _load(folder: Path, dimension: int) -> ExportedModel:
    import onnxruntime
    from tokenizers import Tokenizer

    onnxruntime.disable_telemetry_events()  # on Windows it would report to the system
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    session = onnxruntime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])
    return ExportedModel(session, Tokenizer.from_file(str(folder / TOKENIZER)), dimension)


def _run(session: "InferenceSession", tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """The rows of texts of one length; an odd number of them is made even.

    With odd numbers the last bit of a text's row depended on how many it was encoded with (99 of 100 real names alone
    and among others); with even ones it never did, on one thread or two. So a night that encodes its new names alone
    gets what a run of all of them gets.
    """
    even = [*tokens, *tokens[: len(tokens) % 2]]
    rows: NDArray[np.float32] = session.run(None, {"tokens": np.array(even, dtype=np.int64)})[0]
    return rows[: len(tokens)]


def _write_onnx(model: "SentenceTransformer", folder: Path) -> None:
    """All modules of the model, pooling and normalisation too. There is no mask: texts of one length need none."""
    import torch

    class Rows(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, tokens: Any) -> Any:
            return self.model({"input_ids": tokens})["sentence_embedding"]

    # Moved into place as a whole: a process with other versions may be about to read the old one.
    unnamed = folder / f"{MODEL}.part"
    example = torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1]])
    with warnings.catch_warnings():
        # That the exporter is the older one, and of every branch that depends on a shape: the probes are the test.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Rows().eval(),
            (example,),
            str(unnamed),
            dynamo=False,
            opset_version=OPSET,
            input_names=["tokens"],
            output_names=["rows"],
            dynamic_axes={"tokens": {0: "texts", 1: "length"}, "rows": {0: "texts"}},
        )
    unnamed.replace(folder / MODEL)


def _tokenizer_of(model: "SentenceTransformer") -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    if model.max_seq_length is not None:
        tokenizer.enable_truncation(model.max_seq_length)
    return tokenizer


def _check(exported: ExportedModel, model: "SentenceTransformer") -> float:
    """The least cosine between the two rows of a probe; raises ``NotExported`` when it is too low."""
    # One at a time: together they would all be padded to the longest.
    right = unit_rows(model.encode(list(PROBES), batch_size=1, convert_to_numpy=True, show_progress_bar=False))
    cosines = np.einsum("pd,pd->p", exported.encode(PROBES), right, dtype=np.float64)
    worst = int(np.argmin(np.nan_to_num(cosines, nan=-1)))
    if not cosines[worst] > SAME:  # written so that NaN counts as different
        raise NotExported(f"its row of {PROBES[worst][:40]!r} differs (cosine {cosines[worst]:.5f})")
    return float(cosines[worst])


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
