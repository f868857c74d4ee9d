"""Encoding of names, three ways side by side in one run, against the processor's own rate of multiplying matrices.

``python -m benchmarks.encoding [--names 5000] [--rounds 5]``. The ways take turns on parts of the names, and float32
sgemm of numpy stands between them: what else runs on the machine slows all of them. Ratios are medians over the parts;
a bound of 1 is the time of the matrix products alone, 21.3 million operations a token.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import inputs
from benchmarks.machine import QUIET, Sgemm, options_of, sgemm, write_json
from benchmarks.rows import Row, Size
from subs_assets.compute.local import threads
from subs_assets.embedding.encoder import SentenceTransformerEncoder
from subs_assets.embedding.exported_model import open_exported

OPERATIONS_A_TOKEN = 21.3e6
"""Of all-MiniLM-L6-v2: six layers of four 384 x 384 and two 384 x 1536 products."""

QUIET_BUDGET, BUSY_BUDGET = 1.35, 1.6
NAMES = {Size.TINY: (100,), Size.USUAL: (2_500,), Size.FULL: (2_500, 25_000, 100_000)}
ROUNDS = 5
THEIRS, SORTED, OURS = "sentence-transformers, its defaults", "the same, sorted, 64 a batch", "ONNX, one length"


@dataclass(frozen=True)
class Part:
    """Some of the names, encoded in every way: way -> seconds."""

    texts: int
    tokens: int
    seconds: dict[str, float]
    sgemm: Sgemm

    def over_bound(self, way: str) -> float:
        return self.seconds[way] * self.sgemm.rate / (self.tokens * OPERATIONS_A_TOKEN)


@dataclass(frozen=True)
class Measured:
    """``furthest``: the largest difference of a component between the first way's rows and the last's."""

    parts: list[Part]
    furthest: float

    def median(self, figure: Callable[[Part], float]) -> float:
        return statistics.median(figure(part) for part in self.parts)


def rows(size: Size) -> list[Row]:
    found = []
    for count in NAMES[size]:
        names = inputs.some_names(count)
        measured = measure(names, ROUNDS, (THEIRS, OURS))
        seconds = sum(part.seconds[OURS] for part in measured.parts)
        is_quiet = measured.median(lambda part: part.sgemm.share) >= QUIET
        found += [
            Row(
                "encode names, none of them known", len(names), seconds, beside="matrix products alone",
                other=seconds / measured.median(lambda part: part.over_bound(OURS)),
                at_most=QUIET_BUDGET if is_quiet else BUSY_BUDGET,
            ),
            Row(
                "encode names, none of them known", len(names), seconds, beside=THEIRS,
                other=seconds * measured.median(lambda part: part.seconds[THEIRS] / part.seconds[OURS]),
            ),
        ]  # fmt: skip
    return found


def measure(names: Sequence[str], rounds: int, wanted: Sequence[str]) -> Measured:
    """The wanted ways take turns on ``rounds`` parts of the names, each of which holds all lengths."""
    import torch

    torch.set_num_threads(threads())
    reference = SentenceTransformerEncoder(inputs.MODEL)
    model = reference.load()
    with tempfile.TemporaryDirectory(prefix="subs-benchmark-") as folder:
        exported = open_exported(Path(folder), lambda: reference.load("eager"))
    every: dict[str, Callable[[Sequence[str]], NDArray[np.float32]]] = {
        THEIRS: lambda part: model.encode(list(part), show_progress_bar=False),
        SORTED: reference.encode,
        OURS: exported.encode,
    }
    ways = {name: every[name] for name in wanted}
    for encode in ways.values():
        encode(names[:64])
    parts, furthest = [], 0.0
    for number in range(rounds):
        # By length, as the store asks for them.
        texts = sorted(names[number::rounds], key=len, reverse=True)
        tokens = sum(len(one.ids) for one in exported.tokenizer.encode_batch_fast(texts))
        around = [sgemm()]
        encoded, seconds = [], {}
        for name, encode in ways.items():
            started = time.perf_counter()
            encoded.append(encode(texts))
            seconds[name] = time.perf_counter() - started
            around.append(sgemm())
        furthest = max(furthest, float(np.abs(encoded[-1] - encoded[0]).max()))
        between = Sgemm(statistics.median(s.rate for s in around), statistics.median(s.share for s in around))
        parts.append(Part(len(texts), tokens, seconds, between))
    return Measured(parts, furthest)


def main() -> None:
    options = options_of(__doc__, names=5_000, rounds=ROUNDS)
    names = inputs.some_names(options.names)
    ways = (THEIRS, SORTED, OURS)
    measured = measure(names, options.rounds, ways)
    tokens = sum(part.tokens for part in measured.parts) / sum(part.texts for part in measured.parts)
    origin = "real" if inputs.are_real() else "made-up"
    table = Table(title=f"{len(names):,} {origin} names of {tokens:.1f} tokens", title_justify="left")
    for heading in ("way", "names/s", "x the first", "time / matrix products"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for way in ways:
        pace = measured.median(lambda part: part.texts / part.seconds[way])  # noqa: B023 (called at once)
        faster = measured.median(lambda part: part.seconds[THEIRS] / part.seconds[way])  # noqa: B023
        over = measured.median(lambda part: part.over_bound(way))  # noqa: B023
        table.add_row(way, f"{pace:.0f}", f"{faster:.2f}", f"{over:.2f}")
    Console().print(table)
    rate, share = measured.median(lambda part: part.sgemm.rate), measured.median(lambda part: part.sgemm.share)
    print(f"float32 sgemm {rate / 1e9:.0f} GFLOP/s, with {share:.0%} of the cores' time")
    print(f"largest difference of a component from sentence-transformers' rows: {measured.furthest:.1e}")
    write_json(options.json, {"parts": [vars(part) | {"sgemm": vars(part.sgemm)} for part in measured.parts]})


if __name__ == "__main__":
    main()
