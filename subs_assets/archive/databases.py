"""Which kinds of database can be archived, restored and wiped, and which module does it; every other module asks
here.
"""

from contextlib import AbstractContextManager

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from subs_assets.archive import sqlite_source, sqlite_target, sqlite_wipe
from subs_assets.archive.errors import UnsupportedDatabase
from subs_assets.archive.manifest import DatabaseEntry

SUPPORTED = ("sqlite",)


def open_source(url: str | URL) -> AbstractContextManager[sqlite_source.SqliteSource]:
    """A consistent snapshot of a database, to be read. Raises UnsupportedDatabase, UnreadableDatabase."""
    _refuse_unsupported(url)
    return sqlite_source.open_snapshot(sqlite_source.database_path(url))


def open_target(url: str | URL, entry: DatabaseEntry) -> AbstractContextManager[sqlite_target.SqliteTarget]:
    """An empty database, to be filled with what ``entry`` describes. Raises UnsupportedDatabase, RestoreRefused."""
    _refuse_unsupported(url)
    if entry.dialect not in SUPPORTED:
        raise UnsupportedDatabase(f"an archive of {entry.dialect} cannot be restored into SQLite")
    return sqlite_target.open_target(sqlite_source.database_path(url), entry)


def open_for_wiping(url: str | URL) -> AbstractContextManager[sqlite_wipe.SqliteWipe]:
    """A database that nobody else can write to until the block ends. Raises UnsupportedDatabase, UnreadableDatabase."""
    _refuse_unsupported(url)
    return sqlite_wipe.open_for_wiping(sqlite_source.database_path(url))


def _refuse_unsupported(url: str | URL) -> None:
    try:
        dialect = make_url(url).get_backend_name()
    except ArgumentError:
        # Not chained, and not quoted: what is no URL may still hold a password.
        raise UnsupportedDatabase("this is no database URL; write sqlite:///folder/name.db") from None
    if dialect not in SUPPORTED:
        raise UnsupportedDatabase(
            f"a {dialect} database cannot be archived, restored or reset; supported: {', '.join(SUPPORTED)}"
        )
