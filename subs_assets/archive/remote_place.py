"""Archives in a store that fsspec reaches: made and verified on this machine first, then written there once; what a
local folder promises and a store cannot stands in docs/archive.md.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from subs_assets.archive import snapshot, store
from subs_assets.archive.durable import make_folder, new_file, remove_folder, require_space
from subs_assets.archive.errors import ArchiveError, BadArchive, in_a_sentence
from subs_assets.archive.manifest import (
    MANIFEST,
    MANIFEST_HASH,
    Manifest,
    TableEntry,
    parse_manifest,
    read_manifest,
)
from subs_assets.archive.place_url import CREDENTIALS_ELSEWHERE
from subs_assets.archive.protocols import Progress
from subs_assets.archive.scratch import passing_folder
from subs_assets.archive.store import FOLDER_NAME, ArchiveSummary

IN_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"})
"""Stores whose first name is a bucket, which somebody must have made."""
WRITE_ONCE = IN_BUCKETS | {"memory"}
"""Stores that write a file whole, and refuse one that is there (``xb``); all others move it there."""
LEFT_BEHIND = timedelta(days=1)
"""What is no whole archive after that time is no longer being written, by whatever machine."""
BLOCK = 2**20  # bytes that are handled at once
PART = 2**23  # bytes of a part of an upload or download; more where a file would have too many of them
MOST_PARTS = 9_000  # S3 admits 10,000 a file
UNFINISHED = ".unfinished"


class RemotePlace:
    """A folder of a store. Every method raises ArchiveError where the store cannot be reached or refuses.

    ``filesystem`` is fsspec's, ``root`` the folder's path in it, ``url`` how a person names it; ``scratch`` is a local
    folder for what is on its way.
    """

    def __init__(self, url: str, filesystem: Any, root: str, scratch: Path) -> None:
        self._url = url
        self._scheme = url.partition(":")[0].lower()
        self._files = filesystem
        self._root = root.rstrip("/")
        # One for each place: what is made for it is made after what lies there.
        self._spool = scratch / "archiving" / hashlib.sha256(url.encode("utf-8")).hexdigest()[:16]
        self._fetching = scratch / "fetched"

    def create(
        self,
        databases: Mapping[str, str | URL],
        note: str | None = None,
        producer: str | None = None,
        wait_seconds: float = 60,
        progress: Progress | None = None,
    ) -> str:
        with in_a_sentence(ArchiveError, f"no archive was made in {self._url}"), self.exclusive(wait_seconds):
            for left in self._spool.iterdir():  # of creations that were killed
                if left.is_dir():
                    remove_folder(left)
            # Before the databases are read: a store that cannot be reached costs nothing.
            previous = store.previous_archive(self.summaries(), self.manifest_sha256)
            self._sweep()
            made = snapshot.make(databases, self._spool, previous, note, producer, progress)
            try:
                self._upload(made)
            finally:
                remove_folder(made)
        return made.name

    def summaries(self) -> list[ArchiveSummary]:
        contents = ((name, self._content(name, MANIFEST)) for name in self._folders())
        return store.newest_first(
            store.summary(name, partial(self._parsed, name, content))
            for name, content in contents
            if content is not None
        )

    def manifest(self, name: str) -> Manifest:
        content = self._content(name, MANIFEST)
        if content is None:
            raise BadArchive(f"{self.location(name)}: {MANIFEST} is missing, so this is no archive")
        return self._parsed(name, content)

    def manifest_sha256(self, name: str) -> str | None:
        content = self._content(name, MANIFEST)
        return None if content is None else hashlib.sha256(content).hexdigest()

    @contextmanager
    def fetched(self, name: str, table: TableEntry | None = None) -> Iterator[Path]:
        files = self._files_of(name)
        if table is not None:
            files = {file: files[file] for file in (MANIFEST, MANIFEST_HASH, table.file) if file in files}
        if not files:
            raise BadArchive(f"there is no archive {self.location(name)}")
        with passing_folder(self._fetching) as folder:
            require_space(folder, sum(size or 0 for size in files.values()), f"a copy of {self.location(name)}")
            copy = folder / name
            with in_a_sentence(ArchiveError, f"{self.location(name)} cannot be fetched"):
                make_folder(copy)
                for file in files:
                    make_folder((copy / file).parent)
                    with new_file(copy / file) as handle:
                        for block in self._blocks(name, file):
                            handle.write(block)
            yield copy

    def remove(self, name: str) -> None:
        if not FOLDER_NAME.fullmatch(name):
            raise ArchiveError(f"{self.location(name)} is not named like an archive, so it was not removed")
        with self._reaching(f"removing {name}"):
            self._forget()
            self._files.rm_file(self._path(name, MANIFEST))
        # It is no archive any more; what is left of it is swept.
        with suppress(ArchiveError), self._reaching(f"removing {name}"):
            self._files.rm(self._path(name), recursive=True)

    def exclusive(self, wait_seconds: float) -> AbstractContextManager[None]:
        """Only among processes with the same scratch folder: a store has no lock that ends with its holder."""
        return snapshot.alone_in(self._spool, wait_seconds, self._url)

    def location(self, name: str | None = None) -> str:
        return self._url if name is None else f"{self._url}/{name}"

    def _upload(self, made: Path) -> None:
        """Write an archive that was made here; what makes it one comes last, when all else was read back."""
        manifest = read_manifest(made)
        name = made.name
        with self._reaching(f"writing {name}"):
            if self._listed(name):
                raise ArchiveError(f"{self.location(name)} is there already, and was left as it is; try again")
        try:
            for table in manifest.tables:
                self._write(made / table.file, name, table.file)
            self._write(made / MANIFEST_HASH, name, MANIFEST_HASH)
            for table in manifest.tables:
                self._compare(name, table.file, table.compressed_sha256)
            self._compare(name, MANIFEST_HASH, _sha256(made / MANIFEST_HASH))
            self._write_last(made / MANIFEST, name, MANIFEST)
            self._compare(name, MANIFEST, _sha256(made / MANIFEST))
            self._require_whole(made, [MANIFEST, MANIFEST_HASH, *(table.file for table in manifest.tables)])
        except BaseException:
            with suppress(ArchiveError):
                self._discard(made)
            raise

    def _discard(self, made: Path) -> None:
        """Remove what was written of an archive, unless somebody else's manifest is there."""
        content = self._content(made.name, MANIFEST)
        # The beginning of it may be there where a store copies what it is told to move.
        if content is not None and not (made / MANIFEST).read_bytes().startswith(content):
            return
        with self._reaching(f"removing {made.name}"):
            if content is not None:
                self._files.rm_file(self._path(made.name, MANIFEST))
            self._files.rm(self._path(made.name), recursive=True)

    def _write(self, local: Path, name: str, file: str) -> None:
        mode = "xb" if self._scheme in WRITE_ONCE else "wb"
        part = max(PART, (local.stat().st_size // MOST_PARTS // BLOCK + 1) * BLOCK)
        with self._reaching(f"writing {name}"):
            if self._scheme not in WRITE_ONCE:
                self._files.makedirs(self._path(name, file).rpartition("/")[0], exist_ok=True)
            # That it is there already is what a store says, too, when its first answer was lost. What is there is
            # compared in any case.
            with (
                suppress(FileExistsError),
                local.open("rb") as source,
                self._files.open(self._path(name, file), mode, block_size=part) as target,
            ):
                shutil.copyfileobj(source, target, BLOCK)

    def _write_last(self, local: Path, name: str, file: str) -> None:
        """Write a file in one step, as far as the store can: not each renames what it moves. Half a manifest does not
        bear the hash that lies there already, so it is seen as damage and never as a whole archive.
        """
        if self._scheme in WRITE_ONCE:
            self._write(local, name, file)
            return
        self._write(local, name, f"{file}{UNFINISHED}")
        with self._reaching(f"writing {name}"):
            self._files.mv(self._path(name, f"{file}{UNFINISHED}"), self._path(name, file))

    def _compare(self, name: str, file: str, expected: str) -> None:
        found = hashlib.sha256()
        for block in self._blocks(name, file):
            found.update(block)
        if found.hexdigest() != expected:
            raise BadArchive(f"{self.location(name)}/{file} was written and reads otherwise: do not trust that store")

    def _require_whole(self, made: Path, files: Iterable[str]) -> None:
        """Raise ArchiveError where not all of an archive lies in the store, or more: until its manifest was there, it
        looked to others like something left behind.
        """
        written = {file: (made / file).stat().st_size for file in files}
        found = self._files_of(made.name)
        changed = {file for file, size in written.items() if found.get(file, -1) not in (size, None)}
        if wrong := sorted(changed | found.keys() - written.keys()):
            others = f" (and {len(wrong) - 1} files more)" if wrong[1:] else ""
            raise ArchiveError(
                f"{self.location(made.name)}: {wrong[0]}{others} is not as it was written a moment ago; somebody took "
                "it for left behind (is a machine's clock wrong, or did this take longer than a day?), or changed it, "
                "or the store lost it; try again"
            )

    def _sweep(self) -> None:
        """Remove what creations and removals left that ended half-way, unless somebody may still be at it."""
        for name in self._folders():
            # It is rubbish, and another try comes: a store that lets nobody remove has archives all the same.
            with suppress(ArchiveError), self._reaching(f"sweeping {name}"):
                if self._content(name, MANIFEST) is None:
                    files = self._listed(name)
                    if files is not None and MANIFEST not in files and self._age(name, files) > LEFT_BEHIND:
                        self._files.rm(self._path(name), recursive=True)

    def _age(self, name: str, files: Iterable[str]) -> timedelta:
        """Since something was written there last, as far as the store knows; else since its name was given."""
        begun = datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        written = (self._written(self._path(name, file)) for file in files)
        return datetime.now(UTC) - max([begun, *(time for time in written if time is not None)])

    def _written(self, path: str) -> datetime | None:
        """When a file was written; None where the store cannot tell."""
        try:
            time = self._files.modified(path)
        except OSError:  # it may tell the next time
            raise
        except Exception:  # each says in its own way that it does not know
            return None
        if not isinstance(time, datetime):
            return None
        # Without a zone it is UTC or this machine's time, as the store has it: the later one spares more.
        return time if time.tzinfo else max(time.replace(tzinfo=UTC), time.astimezone(UTC))

    def _folders(self) -> list[str]:
        """The names that archives may have; whether they are whole is not looked at."""
        with self._reaching("looking for archives"):
            self._forget()
            try:
                entries = self._files.ls(self._root, detail=True)
            except FileNotFoundError:
                # An empty folder of a bucket is no folder. But a bucket that is not there is no empty one.
                bucket = self._root.partition("/")[0]
                if self._scheme in IN_BUCKETS and not self._files.exists(bucket):
                    raise ArchiveError(
                        f"there is no bucket {bucket}, or it may not be read: make it, or see that its name and the "
                        f"credentials are right; {CREDENTIALS_ELSEWHERE}"
                    ) from None
                return []
        names = (entry["name"].rstrip("/").rpartition("/")[2] for entry in entries if entry["type"] == "directory")
        return [name for name in names if FOLDER_NAME.fullmatch(name)]

    def _files_of(self, name: str) -> dict[str, int | None]:
        """path within the archive -> bytes, of whatever lies in it. Raises BadArchive for a name that could lead out of
        the folder that it is fetched into.
        """
        with self._reaching(f"reading {name}"):
            files = self._listed(name) or {}
        # What web pages show as an empty folder is a file whose name ends with a slash.
        files = {file: size for file, size in files.items() if size or not f"/{file}".endswith("/")}
        for file in files:
            if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", file, re.ASCII) or {".", ".."} & {*file.split("/")}:
                raise BadArchive(f"{self.location(name)} holds {file!r}, which does not belong to an archive")
        return files

    def _content(self, name: str, file: str) -> bytes | None:
        """A small file; None where there is none."""
        with self._reaching(f"reading {name}"):
            for _ in range(2):  # it may come between the two questions
                try:
                    return bytes(self._files.cat_file(self._path(name, file)))
                except FileNotFoundError:
                    # FTP's file system says so of whatever goes wrong.
                    if file not in (self._listed(name) or ()):
                        return None
        raise ArchiveError(f"{self.location(name)}/{file} is listed and cannot be read; try again")

    def _listed(self, name: str) -> dict[str, int | None] | None:
        """path within the archive -> bytes, if the store says how many; None where there is no such folder."""
        self._forget()
        try:
            found = self._below(self._path(name))
        except FileNotFoundError:
            return None
        return {path.partition(f"/{name}/")[2]: entry.get("size") for path, entry in found.items()}

    def _below(self, path: str) -> dict[str, Any]:
        """path -> what the store says, of all files below a folder."""
        if self._scheme in WRITE_ONCE:  # a bucket has no folders, only names, and is asked once
            return dict(self._files.find(path, detail=True))
        # fsspec's ``find`` leaves out, without a word, what cannot be listed just now.
        found: dict[str, Any] = {}
        for entry in self._files.ls(path, detail=True):
            if entry["type"] != "directory":
                found[entry["name"]] = entry
            elif len(entry["name"].rstrip("/")) > len(path):  # web pages lead upwards, too
                found |= self._below(entry["name"].rstrip("/"))
        return found

    def _parsed(self, name: str, content: bytes) -> Manifest:
        hash_line = self._content(name, MANIFEST_HASH)
        if hash_line is None:
            raise BadArchive(f"{name}: {MANIFEST_HASH} is missing, so this is no archive")
        return parse_manifest(name, content, hash_line)

    def _blocks(self, name: str, file: str) -> Iterator[bytes]:
        with (
            self._reaching(f"reading {name}"),
            self._files.open(self._path(name, file), "rb", block_size=PART) as handle,
        ):
            while block := handle.read(BLOCK):
                yield block

    def _path(self, *parts: str) -> str:
        return "/".join((self._root, *parts))

    def _forget(self) -> None:
        """Have the next answer from the store, and not from what this process remembers of it."""
        self._files.invalidate_cache()

    @contextmanager
    def _reaching(self, doing: str) -> Iterator[None]:
        """Turn whatever a store's library raises, which is of no common kind, into a sentence without secrets."""
        try:
            yield
        except ArchiveError:
            raise
        except Exception as problem:
            # Not chained: the original may quote an address with a password, and tracebacks end in Dagster's log.
            raise ArchiveError(f"{self._url}: {doing} failed: {in_words(problem)}; {remedy(problem)}") from None


def in_words(problem: Exception) -> str:
    """What an error says, in one line, without what addresses may hold of secrets."""
    text = " ".join(str(problem).split()) or type(problem).__name__
    # A password may hold slashes; whatever it costs of an address, none is shown.
    return re.sub(r"(?<=://)(?:\S*:\S*|[^/\s@]*)@|\?[^\s\"']*", "", text)


def remedy(problem: Exception) -> str:
    """What to do about a store that failed."""
    if isinstance(problem, NotImplementedError):
        return "choose a kind of store that can be written to, and be listed"
    return f"see that the store can be reached and admits you; {CREDENTIALS_ELSEWHERE}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def open_remote(url: str, scratch: Path) -> RemotePlace:
    """The place of a URL that is none of this machine. Raises ArchiveError: there is no such kind of store, its package
    is not installed, or it cannot be reached.
    """
    import fsspec  # which few need

    scheme = url.partition(":")[0].lower()
    try:
        filesystem, root = fsspec.url_to_fs(url, skip_instance_cache=True)
    except ImportError as problem:
        # fsspec's own words say which package.
        extra = " (pip install 'subs_assets[s3]')" if scheme in ("s3", "s3a") else ""
        raise ArchiveError(f"{scheme}:// needs a Python package that is not installed: {problem}{extra}") from None
    except ValueError as problem:
        if scheme not in fsspec.available_protocols():
            raise ArchiveError(f"{url}: fsspec knows no {scheme}://; see its documentation for what it knows") from None
        raise ArchiveError(f"{url} cannot be opened: {in_words(problem)}") from None
    except Exception as problem:  # some connect at once
        raise ArchiveError(f"{url} cannot be opened: {in_words(problem)}; {remedy(problem)}") from None
    return RemotePlace(url, filesystem, root, scratch)
