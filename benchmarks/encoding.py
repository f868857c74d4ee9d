"""Encoding of names, three ways side by side in one run, against the processor's own rate of multiplying matrices.

``python benchmarks/encoding.py [--names 5000] [--rounds 5]`` takes real names from SUBS_REAL_CATALOGUES (where that is
not set, made-up ones). The ways take turns on parts of the names, and float32 sgemm of numpy stands between them: what
else runs on the machine slows all of them. Ratios are medians over the parts; a bound of 1 is the time of the matrix
products alone, 21.3 million operations a token.
"""

import argparse
import gzip
import json
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from subs_assets.compute import threads
from subs_assets.embedding.encoder import SentenceTransformerEncoder
from subs_assets.embedding.exported_model import open_exported
from subs_assets.embedding.packaged_model import NAME

OPERATIONS_A_TOKEN = 21.3e6
"""Of all-MiniLM-L6-v2: six layers of four 384 x 384 and two 384 x 1536 products."""

SIDE = 1_536
"""Of the square matrices of sgemm; larger ones are no faster."""

BUDGET = "1.35 (busy 1.6)"
WORDS = ("fresh", "organic", "sweet", "dark", "smooth", "oat", "barley", "almond", "apple", "mango", "cocoa", "mint")


@dataclass(frozen=True)
class Way:
    """A way of encoding, and what each round of it took."""

    name: str
    encode: Callable[[Sequence[str]], NDArray[np.float32]]
    seconds: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5, help="Parts of the names, each encoded in all ways.")
    arguments = parser.parse_args()
    names, origin = some_names(arguments.names)
    print(f"{len(names):,} {origin} names; {threads()} threads of {os.cpu_count()} cores{load()}")
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        + ", ".join(f"{library} {version(library)}" for library in ("onnxruntime", "torch", "sentence-transformers"))
    )
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        measure(names, arguments.rounds, Path(folder))


def measure(names: Sequence[str], rounds: int, folder: Path) -> None:
    import torch

    torch.set_num_threads(threads())
    reference = SentenceTransformerEncoder(NAME)
    model = reference.load()
    exported = open_exported(folder, lambda: reference.load("eager"))
    ways = [
        Way("s.-t., its defaults", lambda part: model.encode(list(part), show_progress_bar=False), []),
        Way("s.-t., sorted, 64 a batch", reference.encode, []),
        Way("ONNX, one length", exported.encode, []),
    ]
    for way in ways:
        way.encode(names[:64])
    tokens, rates, texts, furthest = [], [], [], 0.0
    for number in range(rounds):
        # By length, as the store asks for them; every part holds all lengths.
        part = sorted(names[number::rounds], key=len, reverse=True)
        texts.append(len(part))
        tokens.append(sum(len(one.ids) for one in exported.tokenizer.encode_batch_fast(part)))
        rows = []
        around = [sgemm()]
        for way in ways:
            started = time.perf_counter()
            rows.append(way.encode(part))
            way.seconds.append(time.perf_counter() - started)
            around.append(sgemm())
        rates.append(statistics.median(around))
        furthest = max(furthest, float(np.abs(rows[-1] - rows[0]).max()))
    table = Table(title=f"{sum(tokens) / sum(texts):.1f} tokens a name{load()}", title_justify="left")
    for heading in ("way", "names/s", "GFLOP/s", "x the first", "time / bound", "budget"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for way in ways:
        pace = statistics.median(count / seconds for count, seconds in zip(texts, way.seconds, strict=True))
        flops = [count * OPERATIONS_A_TOKEN / seconds for count, seconds in zip(tokens, way.seconds, strict=True)]
        faster = statistics.median(first / own for first, own in zip(ways[0].seconds, way.seconds, strict=True))
        over = statistics.median(rate / flop for rate, flop in zip(rates, flops, strict=True))
        table.add_row(
            way.name,
            f"{pace:.0f}",
            f"{statistics.median(flops) / 1e9:.0f}",
            f"{faster:.2f}",
            f"{over:.2f}",
            BUDGET if way is ways[-1] else "",
        )
    Console().print(table)
    print(
        f"float32 sgemm {statistics.median(rates) / 1e9:.0f} GFLOP/s ({min(rates) / 1e9:.0f} to {max(rates) / 1e9:.0f})"
    )
    print(f"largest difference of a component from sentence-transformers' rows: {furthest:.1e}")


def sgemm() -> float:
    """Operations a second of numpy's float32 matrix product now, the median of a few."""
    left = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    rates = []
    for _ in range(5):
        started = time.perf_counter()
        left @ left
        rates.append(2 * SIDE**3 / (time.perf_counter() - started))
    return statistics.median(rates)


def load() -> str:
    return f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""


def some_names(count: int) -> tuple[list[str], str]:
    """The same each time, and where they are from."""
    chance = random.Random(0)
    real = os.environ.get("SUBS_REAL_CATALOGUES")
    if not real:
        return [" ".join(chance.choices(WORDS, k=chance.randint(2, 12))) for _ in range(count)], "made-up"
    names = sorted({name for path in sorted(Path(real).glob("au/*/*.jsonl.gz")) for name in names_in(path)} - {""})
    return chance.sample(names, min(count, len(names))), "real"


def names_in(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["product"]["name"] or "" for line in lines]


if __name__ == "__main__":
    main()
