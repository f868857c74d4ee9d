"""Opening a catalogue file, plain or compressed, as a stream of bytes; what the bytes mean is ``readers.py``'s
business.
"""

import gzip
import io
from pathlib import Path
from typing import BinaryIO

import zstandard

COMPRESSED_CHUNK = 1 << 12
"""Bytes read from a .zst file at a time: zstd makes up to 32,000 bytes of one, all at once."""

MOST_BYTES = 4 * 2**30
"""What one file may hold once it is decompressed; the largest real file has 4 MB."""


class TruncatedFile(OSError):
    """A compressed file that ends before its end-of-stream mark."""


class _LimitedStream(io.RawIOBase):
    """The bytes of another stream, up to ``MOST_BYTES`` of them: ten kilobytes can be made to hold ten gigabytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:  # type: ignore[no-untyped-def]
        count: int = self._stream.readinto(target)  # type: ignore[attr-defined]
        self._read += count
        if self._read > MOST_BYTES:
            raise OSError(f"decompressed it is larger than {MOST_BYTES / 2**20:,.0f} MB; deliver it in parts")
        return count

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _ZstandardStream(io.RawIOBase):
    """Frames of a .zst file, one after the other.

    ``ZstdDecompressor.stream_reader`` takes a file that lost its last byte for complete; ``decompressobj`` says
    whether a frame ended.
    """

    def __init__(self, compressed: BinaryIO) -> None:
        self._compressed = compressed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._frame_started = False
        self._buffer = memoryview(
            b""
        )  # a slice of it is no copy: it may hold 128 MB, of which little is taken at a time

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:  # type: ignore[no-untyped-def]
        while not self._buffer:
            chunk = self._compressed.read(COMPRESSED_CHUNK)
            if not chunk:
                if self._frame_started:
                    raise TruncatedFile("the zstd frame has no end")
                return 0
            self._buffer = memoryview(self._decompress(chunk))
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
    stream is damaged, and ``OSError`` where it goes on beyond ``MOST_BYTES``.
    """
    if path.suffix == ".gz":
        return io.BufferedReader(_LimitedStream(gzip.open(path, "rb")), 1 << 20)  # type: ignore[arg-type]
    if path.suffix == ".zst":
        return io.BufferedReader(_LimitedStream(_ZstandardStream(path.open("rb"))), 1 << 20)  # type: ignore[arg-type]
    return path.open("rb")
