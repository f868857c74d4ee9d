"""Opening a catalogue file, plain or compressed, as a stream of bytes; what the bytes mean is ``readers.py``'s
business.
"""

import gzip
import io
from pathlib import Path
from typing import BinaryIO

import zstandard

COMPRESSED_CHUNK = 1 << 17
"""Bytes read from a .zst file at a time."""


class TruncatedFile(OSError):
    """A compressed file that ends before its end-of-stream mark."""


class _ZstandardStream(io.RawIOBase):
    """Frames of a .zst file, one after the other.

    ``ZstdDecompressor.stream_reader`` takes a file that lost its last byte for complete; ``decompressobj`` says
    whether a frame ended.
    """

    def __init__(self, compressed: BinaryIO) -> None:
        self._compressed = compressed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._frame_started = False
        self._buffer = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:  # type: ignore[no-untyped-def]
        while not self._buffer:
            chunk = self._compressed.read(COMPRESSED_CHUNK)
            if not chunk:
                if self._frame_started:
                    raise TruncatedFile("the zstd frame has no end")
                return 0
            self._buffer = self._decompress(chunk)
        taken = min(len(target), len(self._buffer))
        target[:taken] = self._buffer[:taken]
        self._buffer = self._buffer[taken:]
        return taken

    def _decompress(self, chunk: bytes) -> bytes:
        parts = []
        while chunk:
            self._frame_started = True
            parts.append(self._frame.decompress(chunk))
            chunk = b""
            if self._frame.eof:
                chunk = self._frame.unused_data
                self._frame = zstandard.ZstdDecompressor().decompressobj()
                self._frame_started = False
        return b"".join(parts)

    def close(self) -> None:
        if not self.closed:
            self._compressed.close()
        super().close()


def open_decompressed(path: Path) -> BinaryIO:
    """The decompressed bytes of ``path``; ``.gz`` and ``.zst`` are told by the suffix.

    Reading raises ``EOFError``, ``TruncatedFile``, ``zlib.error`` or ``zstandard.ZstdError`` where the compressed
    stream is damaged.
    """
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if path.suffix == ".zst":
        return io.BufferedReader(_ZstandardStream(path.open("rb")), 1 << 20)
    return path.open("rb")
