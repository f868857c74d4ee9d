"""The exported model: its rows are those of sentence-transformers; exported once, and again when it is not whole."""

import json
import logging
import re
import shutil
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.embedding import exported_model, fast_encoder
from subs_assets.embedding.encoder import SentenceTransformerEncoder
from subs_assets.embedding.exported_model import (
    MODEL,
    PROBES,
    RECORD,
    TOKENIZER,
    NotExported,
    batches_of_one_length,
    open_exported,
)
from subs_assets.embedding.fast_encoder import FastEncoder, may_have_device, open_store
from subs_assets.embedding.packaged_model import NAME

THINGS = (
    "full cream milk",
    "beurre demi-sel",
    "Ei",
    "dishwashing tablets lemon",
    "extra virgin olive oil cold pressed",
)
NAMES = [
    f"{brand} {thing} {size}"
    for brand in ("Coles", "Süßmilch", "IGA")
    for thing in THINGS
    for size in ("", "2L", "6 x 375 ml")
]


@pytest.fixture(scope="module")
def reference() -> SentenceTransformerEncoder:
    loaded = SentenceTransformerEncoder()
    loaded.encode(["milk"])
    return loaded


@pytest.fixture
def copy(vectors: Path, tmp_path: Path) -> Path:
    """The exported model's folder, to be spoilt."""
    (exported,) = vectors.glob("*/onnx")
    return Path(shutil.copytree(exported, tmp_path / "onnx"))


def never() -> Any:
    raise AssertionError("the model was loaded although its export is there")


def test_rows_are_those_of_sentence_transformers(vectors: Path, reference: SentenceTransformerEncoder) -> None:
    fast = FastEncoder(NAME, vectors)
    assert fast.fingerprint == reference.fingerprint
    texts = [*NAMES, *(probe for probe in PROBES if len(probe) < 100)]
    ours, right = fast.encode(texts), reference.encode(texts)
    assert ours.dtype == np.float32 and ours.shape == (len(texts), 384)
    assert np.abs(ours - right).max() < 1e-6
    # Because of the fingerprint: no further apart than the reference's own rows in batches of another make-up.
    alone = np.vstack([reference.encode([text]) for text in texts[:8]])
    assert 0 < np.abs(alone - right[:8]).max() < 1e-6


def test_a_row_does_not_depend_on_what_it_is_encoded_with(vectors: Path) -> None:
    encoder = FastEncoder(NAME, vectors)
    words = ["milk", "oat milk", "full cream milk", "crunchy peanut butter", "sourdough"]
    texts = [f"{word} {number}" for number in range(31) for word in words]
    together = encoder.encode(texts)
    for size in (1, 2, 3, 7, 50):
        some = texts[: 20 * size : 2]
        parts = [encoder.encode(some[start : start + size]) for start in range(0, len(some), size)]
        assert np.array_equal(np.concatenate(parts), together[: 20 * size : 2])


def test_a_second_run_encodes_without_torch(vectors: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from subs_assets.embedding.fast_encoder import FastEncoder\n"
        f"rows = FastEncoder({NAME!r}, Path(sys.argv[1])).encode(['milk'])\n"
        "assert rows.shape == (1, 384)\n"
        "assert not {'torch', 'sentence_transformers', 'transformers', 'onnx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(vectors)], check=True)


def test_nothing_heavy_is_imported_before_the_first_text(vectors: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from subs_assets.embedding.fast_encoder import open_store\n"
        f"open_store(Path(sys.argv[1]), {NAME!r}).vectors([])\n"
        "assert not {'torch', 'onnxruntime', 'tokenizers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(vectors)], check=True)


def test_progress_ends_at_the_total(vectors: Path) -> None:
    told: list[tuple[int, int]] = []
    FastEncoder(NAME, vectors).encode(["milk"] * 400 + NAMES, lambda *counts: told.append(counts))
    assert told[-1] == (445, 445) and [done for done, _ in told] == sorted({done for done, _ in told})


def test_a_killed_run_keeps_its_whole_shards(vectors: Path, tmp_path: Path) -> None:
    """The real encoder in a process that is killed as by a power cut, in its third shard."""
    home = Path(shutil.copytree(vectors, tmp_path / "vectors"))
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from subs_assets.embedding import vector_store\n"
        "from subs_assets.embedding.fast_encoder import open_store\n"
        "vector_store.SHARD = 16\n"
        "def die(done, total):\n"
        "    if done > 32:\n"
        "        print(done, flush=True)\n"
        "        os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))\n"
        f"open_store(Path(sys.argv[1]), {NAME!r}).vectors({NAMES!r}, die)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(home)], capture_output=True, text=True)
    assert killed.returncode and int(killed.stdout) > 32, killed.stderr
    told: list[tuple[int, int]] = []
    rows = open_store(home, NAME).vectors(NAMES, lambda *counts: told.append(counts))
    assert told[-1] == (len(NAMES) - 32, len(NAMES) - 32)
    assert np.allclose(rows, FastEncoder(NAME, vectors).encode(NAMES), atol=1e-6)


# --- the folder -------------------------------------------------------------------------------------------------------


def test_a_whole_export_is_used_as_it_is(copy: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in copy.iterdir()}
    open_exported(copy, never)
    assert {file: file.stat().st_mtime_ns for file in copy.iterdir()} == before


def cut_the_model(folder: Path) -> None:
    content = (folder / MODEL).read_bytes()
    (folder / MODEL).write_bytes(content[: len(content) // 2])


def change_a_weight(folder: Path) -> None:
    with (folder / MODEL).open("r+b") as file:
        file.seek(40_000_000)
        file.write(b"\x01")


def change_the_tokenizer(folder: Path) -> None:
    path = folder / TOKENIZER
    path.write_text(path.read_text(encoding="utf-8").replace("[UNK]", "[SEP]"), encoding="utf-8")


def cut_the_record(folder: Path) -> None:
    (folder / RECORD).write_text('{"versions": {', encoding="utf-8")


def empty_the_record(folder: Path) -> None:
    (folder / RECORD).write_text("[]", encoding="utf-8")


def lose_the_model(folder: Path) -> None:
    (folder / MODEL).unlink()


def lose_the_record(folder: Path) -> None:
    """What a kill in the middle of an export leaves."""
    (folder / RECORD).unlink()
    (folder / f"{MODEL}.part").write_bytes(b"half")


def another_version(folder: Path) -> None:
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    record["versions"]["torch"] = "2.0.0"
    (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")


class Asked(Exception):
    """The model was asked for: it would be exported."""


def ask() -> Any:
    raise Asked


@pytest.mark.parametrize(
    "spoil, warned",
    [
        (cut_the_model, True),
        (change_a_weight, True),
        (change_the_tokenizer, True),
        (cut_the_record, True),
        (empty_the_record, True),
        (lose_the_model, False),
        (lose_the_record, False),
        (another_version, False),
    ],
)
def test_what_is_not_whole_is_exported_again(
    copy: Path, spoil: Callable[[Path], None], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(copy)
    with pytest.raises(Asked):
        open_exported(copy, ask)
    assert (f"The exported model in {copy} is damaged (" in caplog.text) == warned


def test_one_of_two_processes_exports(copy: Path) -> None:
    """The second waits for the first, then finds what it made."""
    record = (copy / RECORD).read_text(encoding="utf-8")
    lose_the_record(copy)
    with exported_model.FileLock(copy / exported_model.LOCK):
        program = (
            "import sys\nfrom pathlib import Path\nfrom subs_assets.embedding.exported_model import open_exported\n"
            "print('asks', flush=True)\nprint(open_exported(Path(sys.argv[1]), None).dimension)"
        )
        second = subprocess.Popen([sys.executable, "-c", program, str(copy)], stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None and second.stdout.readline() == "asks\n"
        (copy / RECORD).write_text(record, encoding="utf-8")
    assert second.communicate(timeout=60)[0] == "384\n" and second.returncode == 0


def test_threads_that_come_at_once_open_one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def slowly(folder: Path, _: Any) -> Any:
        opened.append(folder)
        time.sleep(0.3)
        return exported

    exported = types.SimpleNamespace(encode=lambda texts, progress: texts)
    monkeypatch.setattr(exported_model, "open_exported", slowly)
    encoder = FastEncoder(NAME, tmp_path)
    together = threading.Barrier(4, timeout=60)

    def encode(name: str) -> Any:
        together.wait()
        return encoder.encode([name])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(encode, "abcd")) == [["a"], ["b"], ["c"], ["d"]]
    assert len(opened) == 1


# --- falling back -----------------------------------------------------------------------------------------------------


class OtherRows:
    """A model whose rows are right in its own eyes, and not what its export gives."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def encode(self, texts: list[str], **options: Any) -> Any:
        rows = self.model.encode(texts, **options)
        rows[PROBES.index("milk")] = rows[PROBES.index("")]
        return rows


def test_an_export_with_other_rows_is_refused_once(
    copy: Path, reference: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are those of a real export; only what is held against it differs."""
    monkeypatch.setattr(exported_model, "_write_onnx", lambda model, folder: None)
    lose_the_record(copy)
    reason = "its row of 'milk' differs (cosine "
    with pytest.raises(NotExported, match=re.escape(reason)):
        open_exported(copy, lambda: OtherRows(reference._loaded))  # type: ignore[arg-type, return-value]
    with pytest.raises(NotExported, match=re.escape(reason)):
        open_exported(copy, never)
    assert not (copy / MODEL).exists()


def test_a_model_that_cannot_be_exported_is_refused_once(copy: Path, reference: SentenceTransformerEncoder) -> None:
    model = reference.load("eager")
    model._modules.pop("0")  # a pooling without anything to pool
    another_version(copy)
    with pytest.raises(NotExported, match=rf"it cannot be exported \(.+\); delete {re.escape(str(copy))} to have it"):
        open_exported(copy, lambda: model)
    with pytest.raises(NotExported, match="it cannot be exported"):
        open_exported(copy, never)


def test_without_onnxruntime_the_reference_encodes_and_one_warning_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    fast = FastEncoder(NAME, tmp_path)
    assert np.linalg.norm(fast.encode(["milk"])) == pytest.approx(1)
    fast.encode(["bread"])
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "Names are encoded by sentence-transformers, at half the speed" in warning
    assert "onnxruntime cannot be loaded" in warning and "pip install onnxruntime" in warning


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "vectors"
    in_the_way.write_text("no folder", encoding="utf-8")
    FastEncoder(NAME, in_the_way).encode(["milk"])
    assert str(in_the_way) in caplog.text and "sentence-transformers" in caplog.text


# --- pure -------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 64))
def test_batches_hold_every_text_once_and_one_length(lengths: list[int], tokens: int) -> None:
    batches = list(batches_of_one_length(lengths, tokens))
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(lengths)))
    for batch in batches:
        (length,) = {lengths[row] for row in batch}
        assert len(batch) == 1 or len(batch) * length <= tokens
    sizes = [lengths[batch[0]] for batch in batches]
    assert sizes == sorted(sizes, reverse=True)


def test_batches_are_as_large_as_may_be() -> None:
    assert [len(batch) for batch in batches_of_one_length([10] * 250 + [7] * 3)] == [102, 102, 46, 3]


@pytest.mark.parametrize(
    "system, processor, torch, has_driver, expected",
    [
        ("Linux", "x86_64", "2.13.0+cpu", False, False),
        ("Linux", "x86_64", "2.13.0+cpu", True, False),  # the build has no CUDA, whatever the machine has
        ("Linux", "x86_64", "2.13.0", False, False),
        ("Linux", "x86_64", "2.13.0", True, True),
        ("Linux", "x86_64", "2.13.0+cu130", True, True),
        ("Windows", "AMD64", "2.13.0+cu130", True, True),
        ("Windows", "AMD64", "2.13.0", False, False),
        ("Darwin", "arm64", "2.13.0", False, True),
        ("Darwin", "x86_64", "2.2.2", False, False),
    ],
)
def test_torch_is_asked_for_a_device_where_there_may_be_one(
    system: str, processor: str, torch: str, has_driver: bool, expected: bool
) -> None:
    assert may_have_device(system, processor, torch, has_driver) is expected


def test_a_device_is_used_through_sentence_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """``meta`` is the one other device that torch has everywhere; it takes the model, and gives no rows."""
    monkeypatch.setattr(fast_encoder, "_facts", lambda: ("Linux", "x86_64", "2.13.0", True))
    monkeypatch.setattr(fast_encoder, "device_of_torch", lambda: "meta")
    fast = FastEncoder(NAME, tmp_path)
    with caplog.at_level(logging.INFO), pytest.raises(RuntimeError):
        fast.encode(["milk"])
    assert "Names are encoded by sentence-transformers on meta." in caplog.text
    assert list(tmp_path.iterdir()) == []
