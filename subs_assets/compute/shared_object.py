"""One object for many processes: its large arrays lie as files where each of them maps them; what it is for is said
elsewhere."""

import pickle
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

FOLDER = "compute"
"""In the place that all processes see; each object has a folder of its own in it."""

OBJECT = "object.pickle"

LARGE = 1_000_000
"""Bytes from which on an array becomes a file: mapped, it is in memory once for all processes of a machine."""

LEFT_OVER = timedelta(days=2)
"""How old the folder is of a run that was killed; nothing is computed that long."""

STAMP = "%Y%m%dT%H%M%SZ"


@contextmanager
def laid_out(shared: Any, place: str) -> Iterator[str]:
    """The folder or URL from which ``opened`` reads ``shared``; it is deleted at the end.

    ``place``: a folder, or a URL that fsspec knows. An array that is a whole mapped ``.npy`` file within that folder is
    not written again, but goes by its name. Raises OSError where the place cannot be written.
    """
    import fsspec

    system, root = fsspec.url_to_fs(place)
    _sweep(system, f"{root}/{FOLDER}")
    name = f"{FOLDER}/{datetime.now(UTC).strftime(STAMP)}-{uuid.uuid4().hex}"
    system.makedirs(f"{root}/{name}")
    try:
        with system.open(f"{root}/{name}/{OBJECT}", "wb") as file:
            _Pickler(file, system, root, name).dump(shared)
        yield f"{place}/{name}"
    finally:
        _delete(system, f"{root}/{name}")


def opened(place: str) -> Any:
    """What lies at the place that ``laid_out`` gave: its large arrays mapped, from a URL read.

    It is pickled, so whoever may write to that place may run code here. Raises FileNotFoundError.
    """
    import fsspec

    system, folder = fsspec.url_to_fs(place)
    root = folder.rpartition(f"/{FOLDER}/")[0]
    with system.open(f"{folder}/{OBJECT}", "rb") as file:
        return _Unpickler(file, system, root).load()


def is_visible(place: str) -> bool:
    """Whether this process can read what ``laid_out`` put there."""
    import fsspec

    system, folder = fsspec.url_to_fs(place)
    return bool(system.exists(f"{folder}/{OBJECT}"))


class _Pickler(pickle.Pickler):
    def __init__(self, file: IO[bytes], system: Any, root: str, name: str) -> None:
        super().__init__(file, protocol=5)
        self._system = system
        self._root = root
        self._name = name
        self._files: dict[int, tuple[Any, str]] = {}
        """By an array's identity: the array, kept so that no other one gets that identity, and its file."""

    def persistent_id(self, obj: Any) -> str | None:
        if not isinstance(obj, np.ndarray) or obj.nbytes < LARGE or obj.dtype.hasobject:
            return None
        if id(obj) not in self._files:
            self._files[id(obj)] = (obj, self._mapped_file(obj) or self._written(obj))
        return self._files[id(obj)][1]

    def _mapped_file(self, array: Any) -> str | None:
        # A part of a mapped array names the same file, but is based on that array.
        base: Any = array.base
        if not _is_local(self._system) or not isinstance(array, np.memmap) or not isinstance(base, mmap):
            return None
        file = Path(array.filename or "")
        is_here = file.suffix == ".npy" and file.is_relative_to(self._root)
        return file.relative_to(self._root).as_posix() if is_here else None

    def _written(self, array: NDArray[Any]) -> str:
        name = f"{self._name}/{len(self._files)}.npy"
        with self._system.open(f"{self._root}/{name}", "wb") as file:
            np.save(file, array, allow_pickle=False)
        return name


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], system: Any, root: str) -> None:
        super().__init__(file)
        self._system = system
        self._root = root

    def persistent_load(self, pid: str) -> NDArray[Any]:
        path = f"{self._root}/{pid}"
        if _is_local(self._system):
            mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return mapped
        with self._system.open(path, "rb") as file:
            read: NDArray[Any] = np.load(file, allow_pickle=False)
            return read


def _is_local(system: Any) -> bool:
    return "file" in ((system.protocol,) if isinstance(system.protocol, str) else system.protocol)


def _sweep(system: Any, folder: str) -> None:
    """Delete what killed runs left in ``folder``."""
    oldest = (datetime.now(UTC) - LEFT_OVER).strftime(STAMP)
    try:
        found = system.ls(folder, detail=False)
    except FileNotFoundError:
        return
    for path in found:
        if path.rpartition("/")[2] < oldest:
            _delete(system, path)


def _delete(system: Any, folder: str) -> None:
    with suppress(OSError):  # Windows keeps a file that some process has mapped; a later sweep gets it
        system.rm(folder, recursive=True)
