"""What an archive says of itself: the manifest's fields, and its form on disk; the tables' rows are not read here."""

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from subs_assets.archive.data_file import FileFacts
from subs_assets.archive.durable import is_link, new_file
from subs_assets.archive.errors import BadArchive

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MANIFEST_HASH = "manifest.json.sha256"
DATA_FOLDER = "data"


class TableDigest(NamedTuple):
    """What makes two tables equal: the number of rows, and the SHA-256 of their lines."""

    rows: int
    sha256: str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ColumnEntry(_Part):
    """A column: its declared type, its place in the primary key (from 1; 0 outside), and how it is computed, if it
    is.
    """

    name: str
    type: str
    primary_key: int
    generated: Literal["virtual", "stored"] | None


class TableEntry(_Part):
    """A table and its file. A row's keys are ``row_keys``; its hidden rowid stands under ``rowid_key``, if it has
    one.
    """

    database: str
    name: str
    kind: Literal["table", "shadow", "sequences", "statistics"]
    file: str
    columns: tuple[ColumnEntry, ...]
    rowid_key: str | None
    rows: int
    raw_bytes: int
    raw_sha256: str
    compressed_bytes: int
    compressed_sha256: str

    @property
    def row_keys(self) -> tuple[str, ...]:
        stored = tuple(column.name for column in self.columns if column.generated is None)
        return stored if self.rowid_key is None else (self.rowid_key, *stored)

    @property
    def facts(self) -> FileFacts:
        return FileFacts(self.rows, self.raw_bytes, self.raw_sha256, self.compressed_bytes, self.compressed_sha256)

    @property
    def digest(self) -> TableDigest:
        return TableDigest(self.rows, self.raw_sha256)


class SchemaObject(_Part):
    """One statement of the DDL: of SQLite as the database keeps it, of PostgreSQL as its catalogue says it."""

    kind: str  # "table", "index", "view", "trigger" ...
    name: str
    table: str  # the one it belongs to; "" where it belongs to none
    sql: str


class Scope(_Part):
    """Which schemas of a PostgreSQL database are meant: ``only`` one, or all but the system's and those ``left_out``
    (which are archived under another name in the same archive).
    """

    only: str | None
    left_out: tuple[str, ...]

    def covers(self, schema: str) -> bool:
        if schema.startswith("pg_") or schema == "information_schema":
            return False
        return schema == self.only if self.only is not None else schema not in self.left_out

    @property
    def default_schema(self) -> str:
        """The schema whose tables are called by their bare names."""
        return self.only or "public"


class ForeignKeyViolations(_Part):
    """Rows of ``table`` whose foreign key of that number leads to no row of ``parent``; they were so when they were
    archived.
    """

    table: str
    parent: str
    foreign_key: int
    rows: int


class DatabaseEntry(_Part):
    """One database as its snapshot was."""

    dialect: str
    server_version: str
    url: str  # without password, user or folder
    alembic_heads: tuple[str, ...]
    ddl: tuple[SchemaObject, ...]  # in an order in which it can be executed
    sequences: tuple[dict[str, JsonValue], ...]
    settings: dict[str, int | str]  # what a restore sets again
    snapshot: dict[str, int | str]  # what tells this snapshot from another of the same database
    foreign_key_violations: tuple[ForeignKeyViolations, ...]
    foreign_key_problem: str | None  # why the database cannot check its foreign keys, in its own words
    scope: Scope | None = None  # of PostgreSQL
    schemas: tuple[str, ...] = ()  # of PostgreSQL: those that the scope found
    source: str | None = None  # a hash of where the database is: ``url`` alone may be the name of many


class PreviousArchive(_Part):
    """The archive that was the newest of its folder when this one was made."""

    folder: str
    number: int
    manifest_sha256: str


class Manifest(_Part):
    """The whole of it; ``complete`` says that nothing had to be left out (``not_represented`` is empty)."""

    format_version: int
    id: str
    number: int  # counts within the folder, and keeps counting when a clock is set back
    created: str  # ISO 8601, UTC
    note: str | None
    producer: str
    previous: PreviousArchive | None
    complete: bool
    not_represented: tuple[str, ...]
    databases: dict[str, DatabaseEntry]
    tables: tuple[TableEntry, ...]

    def tables_of(self, database: str) -> tuple[TableEntry, ...]:
        return tuple(table for table in self.tables if table.database == database)

    def digests(self, database: str) -> dict[str, TableDigest]:
        """table -> (rows, SHA-256), to be compared with ``digest.digests``."""
        return {table.name: table.digest for table in self.tables_of(database) if table.kind != "statistics"}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` and its hash, in the form that ``sha256sum --check`` reads."""
    content = manifest.model_dump_json(indent=2).encode("utf-8") + b"\n"
    with new_file(folder / MANIFEST) as handle:
        handle.write(content)
    with new_file(folder / MANIFEST_HASH) as handle:
        handle.write(_hash_line(content))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an archive's folder, checked against its hash.

    Raises:
        BadArchive: the folder is no archive, its manifest was changed, or its format version is not known.
    """
    content = _plain_content(folder / MANIFEST)
    return parse_manifest(folder.name, content, _plain_content(folder / MANIFEST_HASH))


def parse_manifest(name: str, content: bytes, hash_line: bytes) -> Manifest:
    """The manifest that ``MANIFEST`` of the archive ``name`` holds, checked against ``MANIFEST_HASH``.

    Raises:
        BadArchive: it was changed, or its format version is not known.
    """
    if hash_line != _hash_line(content):
        raise BadArchive(f"{name}: {MANIFEST} was changed: its SHA-256 is not that of {MANIFEST_HASH}")
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise BadArchive(f"{name}: {MANIFEST} is no JSON: {problem}") from problem
    version = raw.get("format_version") if isinstance(raw, dict) else None
    if type(version) is not int or version != FORMAT_VERSION:
        raise BadArchive(
            f"{name}: has the format version {version!r}, this release reads {FORMAT_VERSION}; "
            "use the release that wrote it"
        )
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadArchive(f"{name}: {MANIFEST} is not as it should be: {where}: {first['msg']}") from problem


def manifest_sha256(folder: Path) -> str:
    """The SHA-256 of ``manifest.json``, which stands for the whole archive."""
    return hashlib.sha256(_plain_content(folder / MANIFEST)).hexdigest()


def data_path(folder: Path, table: TableEntry) -> Path:
    """Where a table's file lies.

    Raises:
        BadArchive: the manifest names a place outside the archive's data folder.
    """
    parts = PurePosixPath(table.file).parts
    if len(parts) != 2 or parts[0] != DATA_FOLDER or parts[1] == ".." or not _is_plain_name(parts[1]):
        raise BadArchive(
            f"{folder.name}: the manifest names the file {table.file!r}, which is no place in its data folder"
        )
    return folder / DATA_FOLDER / parts[1]


def _is_plain_name(name: str) -> bool:
    return all(character.isascii() and (character.isalnum() or character in "._-") for character in name)


def _hash_line(content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode("ascii")


def _plain_content(path: Path) -> bytes:
    try:
        if is_link(path) or not path.is_file():
            raise BadArchive(f"{path.parent.name}: {path.name} is a link or no file")
        return path.read_bytes()
    except FileNotFoundError as problem:
        raise BadArchive(f"{path.parent.name}: {path.name} is missing, so this is no archive") from problem
    except OSError as problem:
        raise BadArchive(f"{path.parent.name}: {path.name} cannot be read: {problem.strerror or problem}") from problem
