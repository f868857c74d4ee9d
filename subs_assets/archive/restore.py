"""Brings an archive back into empty databases, exactly, or not at all; how a database is filled is left to its own
module.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from subs_assets.archive.comparison import differences
from subs_assets.archive.data_file import read_lines
from subs_assets.archive.databases import open_target
from subs_assets.archive.errors import ArchiveError, RestoreRefused
from subs_assets.archive.manifest import Manifest, TableEntry, data_path
from subs_assets.archive.protocols import Progress, Target
from subs_assets.archive.store import read_manifest
from subs_assets.archive.verify import verify

ROWS_BETWEEN_NEWS = 20_000
AFTER_THE_TABLES = frozenset({"sequences", "statistics"})  # loading the others writes into these


@dataclass(frozen=True)
class RestoredDatabase:
    """What one database got, and the revisions at which Alembic finds it."""

    tables: int
    rows: int
    alembic_heads: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """What was restored, by database; ``not_represented`` is what the archive never held, ``broken`` the constraints
    that archived rows break, and that are NOT VALID now.
    """

    databases: dict[str, RestoredDatabase]
    not_represented: tuple[str, ...]
    broken: tuple[str, ...] = ()

    @property
    def tables(self) -> int:
        return sum(database.tables for database in self.databases.values())

    @property
    def rows(self) -> int:
        return sum(database.rows for database in self.databases.values())


def restore(path: Path, into: Mapping[str, str | URL], progress: Progress | None = None) -> Restored:
    """Verify an archive, then restore the databases that ``into`` names (name -> URL of an empty or missing
    database).

    Every database is filled aside and compared with the manifest, table by table, before the first one gets its name.
    Databases of the archive that ``into`` does not name are left out.

    Raises:
        RestoreRefused: the archive is damaged, a target is not empty, or what was restored differs; the targets are
            as they were; or a target could not be given what was restored, then those that got it before are named.
        ArchiveLocked: another restore into the same place is at work.
        UnsupportedDatabase: a target is of a kind that cannot be restored into.
    """
    verification = verify(path)
    if not verification.ok:
        raise RestoreRefused(f"{path} is damaged, nothing was restored: {'; '.join(verification.problems)}")
    manifest = read_manifest(path)
    if unknown := sorted({*into} - {*manifest.databases}):
        raise RestoreRefused(
            f"{path} holds no database {', '.join(unknown)}; it holds {', '.join(manifest.databases)}; "
            "nothing was restored"
        )
    with ExitStack() as stack:
        targets = {name: stack.enter_context(open_target(url, manifest.databases[name])) for name, url in into.items()}
        for name, target in targets.items():
            _fill(target, path, manifest, name, progress)
            if unequal := differences(manifest.digests(name), target.digests()):
                raise RestoreRefused(
                    f"what was restored differs from the archive, so it was discarded: {'; '.join(unequal)}"
                )
        _publish(targets)
        broken = tuple(f"{name}: {sentence}" for name, target in targets.items() for sentence in target.broken)
    return Restored({name: _counts(manifest, name) for name in into}, manifest.not_represented, broken)


def _fill(target: Target, path: Path, manifest: Manifest, database: str, progress: Progress | None) -> None:
    tables = manifest.tables_of(database)
    target.create_tables(tables)
    for table in tables:
        if table.kind not in AFTER_THE_TABLES:
            target.load(table, _told(_lines(path, table), table, progress))
            if progress is not None:
                progress(database, table.name, table.rows)
    target.finish((table, _lines(path, table)) for table in tables if table.kind in AFTER_THE_TABLES)


def _told(lines: Iterator[bytes], table: TableEntry, progress: Progress | None) -> Iterator[bytes]:
    for done, line in enumerate(lines):
        if done and done % ROWS_BETWEEN_NEWS == 0 and progress is not None:
            progress(table.database, table.name, done)
        yield line


def _publish(targets: Mapping[str, Target]) -> None:
    restored: list[str] = []
    for name, target in targets.items():
        try:
            target.publish()
        except ArchiveError as problem:
            if not restored:
                raise
            raise type(problem)(
                f"{name}: {problem}; already restored, and there to stay: {', '.join(restored)}"
            ) from None
        restored.append(name)


def _lines(path: Path, table: TableEntry) -> Iterator[bytes]:
    return read_lines(data_path(path, table), table.facts)


def _counts(manifest: Manifest, database: str) -> RestoredDatabase:
    tables = manifest.tables_of(database)
    return RestoredDatabase(
        len(tables), sum(table.rows for table in tables), manifest.databases[database].alembic_heads
    )
