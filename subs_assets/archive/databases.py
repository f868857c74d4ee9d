"""Which kinds of database can be archived, restored, wiped and migrated, and which module does it; every other
module asks here.
"""

import hashlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from subs_assets.archive.errors import UnsupportedDatabase
from subs_assets.archive.manifest import DatabaseEntry, Scope
from subs_assets.archive.protocols import Migration, Source, Target, Wipe
from subs_assets.archive.sqlite import migration as sqlite_migration
from subs_assets.archive.sqlite import source as sqlite_source
from subs_assets.archive.sqlite import target as sqlite_target
from subs_assets.archive.sqlite import wipe as sqlite_wipe

SQLITE, POSTGRESQL = "sqlite", "postgresql"
PLACE_OPTIONS = ("dbname", "host", "hostaddr", "port", "service")
"""What libpq takes from a URL's query instead of what stands before it."""


def source_of(url: str | URL) -> str:
    """What tells a database from all others, without telling where it is: a hash of its place as this machine calls it.

    A file is another one on a machine of another name, for its path says nothing there.

    Raises:
        UnsupportedDatabase: the URL is of no kind that can be archived.
    """
    if dialect_of(url) == POSTGRESQL:
        from subs_assets.archive.postgres import source as postgres_source

        parsed = make_url(url)
        place: tuple[object, ...] = (
            parsed.host, parsed.port or 5432, parsed.database, postgres_source.scope_of(url).only,
            *((name, parsed.query[name]) for name in PLACE_OPTIONS if name in parsed.query),
        )  # fmt: skip
    else:
        place = (socket.gethostname(), sqlite_source.database_path(url).resolve().as_posix())
    return hashlib.sha256(repr(place).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def sources_of(databases: Mapping[str, str | URL]) -> tuple[str, ...]:
    """Of what an archive of these databases (name -> URL) would be, as ``ArchiveSummary.sources`` says it."""
    return tuple(sorted(f"{name} {source_of(url)}" for name, url in databases.items()))


@contextmanager
def open_sources(urls: Mapping[str, str | URL]) -> Iterator[dict[str, Source]]:
    """Consistent snapshots of the databases (name -> URL) of one archive, to be read.

    A URL of a whole PostgreSQL database leaves out what another one of them covers.

    Raises:
        UnsupportedDatabase, UnreadableDatabase: one of them cannot be archived.
    """
    postgres = {name: url for name, url in urls.items() if dialect_of(url) == POSTGRESQL}
    scopes: dict[str, Scope] = {}
    if postgres:
        from subs_assets.archive.postgres import source as postgres_source

        scopes = postgres_source.scopes(postgres)
    with ExitStack() as stack:
        yield {name: stack.enter_context(open_source(url, scopes.get(name))) for name, url in urls.items()}


def open_source(url: str | URL, scope: Scope | None = None) -> AbstractContextManager[Source]:
    """A consistent snapshot of a database; ``scope`` is what is read of PostgreSQL, by default what the URL stands for.

    Raises:
        UnsupportedDatabase, UnreadableDatabase: it cannot be read whole.
    """
    if dialect_of(url) == POSTGRESQL:
        from subs_assets.archive.postgres import source as postgres_source

        return postgres_source.open_snapshot(url, scope or postgres_source.scope_of(url))
    return sqlite_source.open_snapshot(sqlite_source.database_path(url))


def open_target(url: str | URL, entry: DatabaseEntry) -> AbstractContextManager[Target]:
    """An empty database, to be filled with what ``entry`` describes. Raises UnsupportedDatabase, RestoreRefused."""
    dialect = dialect_of(url)
    if entry.dialect != dialect:
        raise UnsupportedDatabase(f"an archive of {entry.dialect} cannot be restored into {dialect}")
    if dialect == POSTGRESQL:
        from subs_assets.archive.postgres import target as postgres_target

        return postgres_target.open_target(url, entry)
    return sqlite_target.open_target(sqlite_source.database_path(url), entry)


def open_for_wiping(url: str | URL, entry: DatabaseEntry) -> AbstractContextManager[Wipe]:
    """What ``entry`` covers of a database, which nobody else can write to until the block ends.

    Raises:
        UnsupportedDatabase, UnreadableDatabase: it cannot be locked and read.
        ResetRefused: ``entry`` covers what must not be wiped.
    """
    dialect = dialect_of(url)
    if entry.dialect != dialect:
        raise UnsupportedDatabase(f"an archive of {entry.dialect} cannot stand for a database of {dialect}")
    if dialect == POSTGRESQL:
        from subs_assets.archive.postgres import wipe as postgres_wipe

        return postgres_wipe.open_for_wiping(url, entry)
    return sqlite_wipe.open_for_wiping(sqlite_source.database_path(url))


def open_for_migrating(url: str | URL, entry: DatabaseEntry) -> AbstractContextManager[Migration]:
    """What ``entry`` covers of a database, which nobody else can write to until the block ends.

    Raises:
        UnreadableDatabase: it cannot be locked and read.
    """
    if dialect_of(url) == POSTGRESQL:
        from subs_assets.archive.postgres import migration as postgres_migration

        return postgres_migration.open_for_migrating(url, entry)
    return sqlite_migration.open_for_migrating(url)


@contextmanager
def open_scratch(path: Path, entry: DatabaseEntry, beside: str | URL | None) -> Iterator[str | URL]:
    """The URL of a scratch database for ``entry``, gone when the block ends: the SQLite file ``path``, or a database on
    the PostgreSQL server of ``beside``, which is the archived database's URL.

    Raises:
        UnsupportedDatabase: ``entry`` is of PostgreSQL, and no such URL was given.
        ArchiveError: no database can be made there.
    """
    if entry.dialect != POSTGRESQL:
        yield URL.create("sqlite", database=str(path))
        return
    if beside is None or dialect_of(beside) != POSTGRESQL:
        raise UnsupportedDatabase(
            f"an archive of {entry.url} is proven by restoring it beside that database; its URL was not given"
        )
    from subs_assets.archive.postgres import scratch as postgres_scratch

    with postgres_scratch.scratch_database(beside) as url:
        yield url


def dialect_of(url: str | URL) -> str:
    """ "sqlite" or "postgresql"; whatever else raises UnsupportedDatabase."""
    try:
        dialect = make_url(url).get_backend_name()
    except (ArgumentError, ValueError):
        # Not chained, and not quoted: what is no URL may still hold a password.
        raise UnsupportedDatabase(
            "this is no database URL; write sqlite:///folder/name.db or postgresql+psycopg://user@host/name"
        ) from None
    if dialect not in (SQLITE, POSTGRESQL):
        raise UnsupportedDatabase(
            f"a {dialect} database cannot be archived, restored or reset; supported: {SQLITE}, {POSTGRESQL}"
        )
    if dialect == POSTGRESQL:
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise UnsupportedDatabase(
                "a PostgreSQL database needs the Python package psycopg: pip install 'subs_assets[postgresql]'"
            ) from None
    return dialect
