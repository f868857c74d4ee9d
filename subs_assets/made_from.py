"""What each output of a run was made from, noted beside it, so that the next night can take what nothing has changed
for; no Dagster, and whether something may be taken is asked in assets/unchanged.py."""

import hashlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

from subs_assets.disk import naming_full_disk

PACKAGE = Path(__file__).parent

PUBLISHED = "published"
"""An empty file in the staging of a run that was published: of another run nothing is taken."""

MATRICES = "embedding_matrices"
"""The one output that is no table."""

AssetPath = Sequence[str]
"""An asset's key: ``["products"]``, or ``["catalogue", "aldi"]`` for a company's part."""


@dataclass(frozen=True)
class Made:
    """Of one output: ``key`` is the hash of all that decided it (None: it is not to be taken again), ``run_id`` the run
    that computed it or the one that this continued, ``files`` the digest of each of its files, ``digests`` those of its
    content: of each column of a table, of each file of anything else; ``said``: what was shown of it then."""

    key: str | None
    run_id: str
    files: Mapping[str, str]
    digests: Mapping[str, str]
    said: str = ""


class Outputs:
    """What a run has staged, and what the last published one has: tables, companies' parts of them, and matrices.

    Each lies under ``<staging>/<run>/`` or ``<matrices>/<run>/``, and its ``Made`` in ``<staging>/<run>/made_from/``.
    """

    def __init__(self, staging: Path, matrices: Path, run_id: str) -> None:
        self._staging = staging
        self._matrices = matrices
        self.run_id = run_id
        self.last_run_id = last_published(staging, run_id)

    def made(self, asset: AssetPath) -> Made | None:
        """Of this run; None where it has not staged that output, or nothing was noted."""
        return self._noted(self.run_id, asset)

    def unchanged(self, asset: AssetPath, key: str) -> Made | None:
        """What the last published run made from the same key, if its files are still those that it wrote."""
        if self.last_run_id is None:
            return None
        made = self._noted(self.last_run_id, asset)
        if made is None or made.key != key:
            return None
        try:
            # Before anything else reads them: a damaged footer ends the process that opens it with pyarrow.
            return made if file_digests(self._files(self.last_run_id, asset)) == made.files else None
        except OSError:
            return None

    def take(self, asset: AssetPath, made: Made) -> None:
        """Make an unchanged output this run's own: another name for the same files, or a copy where the disk has no
        second names."""
        assert self.last_run_id is not None
        for source in self._files(self.last_run_id, asset):
            root = self._matrices if source.is_relative_to(self._matrices) else self._staging
            _link(source, root / self.run_id / source.relative_to(root / self.last_run_id))
        self._write(asset, made)

    def note(self, asset: AssetPath, key: str | None, said: str = "") -> None:
        """What this run has just staged was made from ``key``."""
        files = self._files(self.run_id, asset)
        self._write(asset, Made(key, self.run_id, file_digests(files), digests(files), said))

    def forget(self, asset: AssetPath) -> None:
        """It is about to be staged anew: from now on until ``note`` nothing is known of it."""
        self._note_file(self.run_id, asset).unlink(missing_ok=True)

    def rows(self, asset: AssetPath) -> int | None:
        """How many rows this run has staged; None where it is no table."""
        (first, *others) = self._files(self.run_id, asset)
        return None if others else pq.read_metadata(first).num_rows

    def withdraw(self) -> None:
        """Of a run that is done again: from now on until ``publish`` it counts as not published."""
        (self._staging / self.run_id / PUBLISHED).unlink(missing_ok=True)

    def publish(self) -> None:
        """From now on this run is the last published one; not where the program was changed while it went on, since
        nobody knows which parts of it were at work."""
        folder = self._staging / self.run_id
        if folder.is_dir() and is_program_as_loaded():
            (folder / PUBLISHED).touch()

    def _files(self, run_id: str, asset: AssetPath) -> list[Path]:
        """The files of an output, sorted; raises FileNotFoundError where there are none."""
        if len(asset) == 2:
            found = sorted((self._staging / run_id / f"part-{asset[1]}").glob("*.parquet"))
        elif asset[0] == MATRICES:
            found = sorted((self._matrices / run_id).glob("*"))
        else:
            found = sorted((self._staging / run_id).glob(f"{asset[0]}.parquet"))
        if not found:
            raise FileNotFoundError(f"run {run_id} has staged nothing of {'/'.join(asset)}")
        return found

    def _note_file(self, run_id: str, asset: AssetPath) -> Path:
        return self._staging / run_id / "made_from" / f"{'-'.join(['asset', *asset])}.json"

    def _noted(self, run_id: str, asset: AssetPath) -> Made | None:
        try:
            return Made(**json.loads(self._note_file(run_id, asset).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, asset: AssetPath, made: Made) -> None:
        file = self._note_file(self.run_id, asset)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.{uuid.uuid4().hex}.unfinished")
        try:
            with naming_full_disk(file.parent):
                unfinished.write_text(json.dumps(asdict(made)), encoding="utf-8")
                unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)


def last_published(staging: Path, other_than: str) -> str | None:
    """The run whose outputs may be taken; the later one where a run died before it had swept the earlier."""
    marks = [mark for mark in staging.glob(f"*/{PUBLISHED}") if mark.parent.name != other_than]
    return max(marks, key=lambda mark: mark.stat().st_mtime).parent.name if marks else None


def key_of(asset: AssetPath, made_from: Mapping[str, object]) -> str:
    """A hash of which output it is, of all that it is made from, and of the program."""
    return _digest({"asset": list(asset), "made from": made_from, "program": program()})


@cache
def program() -> str:
    """A hash of this package's own files, and of the names and versions of everything that is installed beside it.

    Whatever is installed, because nobody can list what a result may depend on: after an update a night computes all.
    """
    installed = {path.name for folder in sys.path for path in Path(folder).glob("*-info")}
    return _digest(
        {
            "files": {file.relative_to(PACKAGE).as_posix(): file_digest(file) for file in _own_files()},
            "installed": sorted(name for name in installed if not name.startswith(PACKAGE.name)),
            "python": sys.version,
        }
    )


def is_program_as_loaded() -> bool:
    """Whether the program on disk is still the one that this process has loaded, and was not another in between: much
    of it is imported only in the middle of a run."""
    return program() == program.__wrapped__() and _written() == _WRITTEN


def _own_files() -> list[Path]:
    # What Python compiles comes and goes while other processes start.
    return sorted(file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def _written() -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in _own_files()}


def file_digests(files: Sequence[Path]) -> dict[str, str]:
    """By name."""
    return {file.name: file_digest(file) for file in files}


def digests(files: Sequence[Path]) -> dict[str, str]:
    """Of the content: by column where it is one Parquet file, else by the files' names."""
    if len(files) == 1 and files[0].suffix == ".parquet":
        return column_digests(files[0])
    return file_digests(files)


def column_digests(file: Path) -> dict[str, str]:
    """A hash of what each column of a Parquet file holds, in the order of the rows.

    Of the stored bytes: they are the same for the same values, since nothing is stored for a missing one.
    """
    metadata = pq.read_metadata(file)
    hashes = {name: hashlib.sha256(str(metadata.num_rows).encode()) for name in metadata.schema.names}
    with file.open("rb") as stream:
        for group in range(metadata.num_row_groups):
            for number, name in enumerate(metadata.schema.names):
                chunk = metadata.row_group(group).column(number)
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                stream.seek(start)
                hashes[name].update(stream.read(chunk.total_compressed_size))
    return {name: column.hexdigest() for name, column in hashes.items()}


def file_digest(file: Path) -> str:
    """SHA-256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.{uuid.uuid4().hex}.unfinished")
    try:
        try:
            os.link(source, unfinished)
        except OSError:
            with naming_full_disk(target.parent):
                shutil.copy2(source, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)  # two names of one file: POSIX's rename then does nothing


# Now, since what is on disk when a run ends may be another program.
program()
_WRITTEN = _written()
