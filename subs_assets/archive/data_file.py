"""One table's file in an archive: lines written through zstandard, and read back only as long as every byte is as it
was written.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from subs_assets.archive.durable import is_link, new_file
from subs_assets.archive.errors import BadArchive

COMPRESSION_LEVEL = (
    3  # zstandard's own default: ten times faster than reading rows, and 19 saves a fifth at forty times the time
)
LARGEST_WINDOW = 2**23  # bytes; level 3 uses 2^21. A file that asks for more is none of ours, and would cost memory
BLOCK = 2**18  # bytes that are handled at once

RowsDone = Callable[[int], None]
"""Called with the number of rows so far, between two blocks; a file of one block is over before there is news."""


@dataclass(frozen=True)
class FileFacts:
    """What is true of one file: rows, and the bytes and SHA-256 (hexadecimal) of its lines before and after
    compression.
    """

    rows: int
    raw_bytes: int
    raw_sha256: str
    compressed_bytes: int
    compressed_sha256: str


def write_lines(path: Path, lines: Iterable[bytes], rows_done: RowsDone | None = None) -> FileFacts:
    """Write lines, each with its line feed, to a new file; it is on the disk when this returns."""
    raw_hash = hashlib.sha256()
    rows = raw_bytes = 0
    with new_file(path) as handle:
        compressed = _HashingWriter(handle)
        compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_checksum=True)
        with compressor.stream_writer(compressed, closefd=False) as stream:  # type: ignore[arg-type]
            for count, block in _blocks(lines):
                if rows and rows_done is not None:
                    rows_done(rows)
                rows += count
                raw_bytes += len(block)
                raw_hash.update(block)
                stream.write(block)
    return FileFacts(rows, raw_bytes, raw_hash.hexdigest(), compressed.bytes, compressed.hash.hexdigest())


def hash_lines(lines: Iterable[bytes]) -> tuple[int, str]:
    """(rows, SHA-256) of lines as ``write_lines`` would find them, without writing."""
    raw_hash = hashlib.sha256()
    rows = 0
    for count, block in _blocks(lines):
        rows += count
        raw_hash.update(block)
    return rows, raw_hash.hexdigest()


def check_file(path: Path, facts: FileFacts, rows_done: RowsDone | None = None) -> str | None:
    """The first thing about a file that is not as its facts say, in a sentence; None where all is right."""
    rows = 0
    try:
        for block in _read_blocks(path, facts):
            if rows and rows_done is not None:
                rows_done(rows)
            rows += block.count(b"\n")
    except BadArchive as problem:
        return str(problem)
    return None


def read_lines(path: Path, facts: FileFacts) -> Iterator[bytes]:
    """The file's lines, without their line feeds. Nothing of it may be relied on before the last one came.

    Raises:
        BadArchive: somewhere on the way, or at the end: a byte is not as it was written.
    """
    begun: list[bytes] = []
    for block in _read_blocks(path, facts):
        first, *others = block.split(b"\n")
        begun.append(first)
        if others:
            yield b"".join(begun)
            yield from others[:-1]
            begun = [others[-1]]
    if any(begun):
        raise BadArchive(f"{path.name}: its last line has no end")


def _read_blocks(path: Path, facts: FileFacts) -> Iterator[bytes]:
    """The decompressed content in blocks of bounded size, never more of it than the facts say."""
    try:
        if is_link(path) or not path.is_file():
            raise BadArchive(f"{path.name} is a link or no file; an archive holds plain files only")
        size = path.stat().st_size
        if size != facts.compressed_bytes:
            raise BadArchive(f"{path.name} has {size} bytes, the manifest says {facts.compressed_bytes}")
        with path.open("rb") as handle:
            yield from _checked_blocks(handle, path.name, facts)
    except FileNotFoundError as problem:
        raise BadArchive(f"{path.name} is missing") from problem
    except OSError as problem:
        raise BadArchive(f"{path.name} cannot be read: {problem.strerror or problem}") from problem


def _checked_blocks(handle: BinaryIO, name: str, facts: FileFacts) -> Iterator[bytes]:
    compressed = _HashingReader(handle)
    raw_hash = hashlib.sha256()
    rows = raw_bytes = 0
    decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
    try:
        with decompressor.stream_reader(compressed, read_size=BLOCK, closefd=False) as stream:  # type: ignore[arg-type]
            while block := stream.read(BLOCK):
                raw_bytes += len(block)
                if raw_bytes > facts.raw_bytes:
                    raise BadArchive(f"{name} holds more than the {facts.raw_bytes} bytes that the manifest says")
                rows += block.count(b"\n")
                raw_hash.update(block)
                yield block
    except zstandard.ZstdError as problem:
        raise BadArchive(f"{name} is damaged: {problem}") from problem
    # The decompressor stops in silence both before the end of a cut file and before whatever follows the last frame.
    while compressed.read(BLOCK):
        pass
    if compressed.hash.hexdigest() != facts.compressed_sha256:
        raise BadArchive(f"{name} was changed: its SHA-256 is not the manifest's")
    if raw_bytes != facts.raw_bytes:
        raise BadArchive(f"{name} holds {raw_bytes} bytes, the manifest says {facts.raw_bytes}")
    if raw_hash.hexdigest() != facts.raw_sha256:
        raise BadArchive(f"{name} holds other rows than the manifest says: the SHA-256 of its lines differs")
    if rows != facts.rows:
        raise BadArchive(f"{name} holds {rows} rows, the manifest says {facts.rows}")


def _blocks(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(number of lines, their bytes) in pieces worth hashing and compressing."""
    gathered: list[bytes] = []
    size = 0
    for line in lines:
        gathered.append(line)
        size += len(line)
        if size >= BLOCK:
            yield len(gathered), b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield len(gathered), b"".join(gathered)


class _HashingWriter:
    """Passes bytes on and remembers how many, and their hash."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self.hash = hashlib.sha256()
        self.bytes = 0

    def write(self, block: bytes) -> int:
        self.hash.update(block)
        self.bytes += len(block)
        return self._handle.write(block)


class _HashingReader:
    """Hands out bytes and remembers their hash."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self.hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        block = self._handle.read(size)
        self.hash.update(block)
        return block
