"""Digests of live tables, equal to those in a manifest where the rows are equal; nothing is written, and none is
judged.
"""

import sqlite3

from sqlalchemy import URL

from subs_assets.archive.databases import open_source
from subs_assets.archive.manifest import Scope, TableDigest
from subs_assets.archive.sqlite.source import SqliteSource


def digests(database: str | URL | sqlite3.Connection, scope: Scope | None = None) -> dict[str, TableDigest]:
    """table -> (rows, SHA-256 of its lines), to be compared with ``Manifest.digests``.

    ``database`` is a URL, of which one consistent snapshot is read, or an open ``sqlite3`` connection: then its
    transaction is what is read, and it stays as it is. ``scope`` is the manifest's (``DatabaseEntry.scope``), where a
    part of a PostgreSQL database is meant.

    Raises:
        UnsupportedDatabase: the URL is of a kind that cannot be archived.
        UnreadableDatabase: a table cannot be read.
    """
    if not isinstance(database, sqlite3.Connection):
        with open_source(database, scope) as source:
            return source.digests()
    text_factory, row_factory = database.text_factory, database.row_factory
    try:
        database.row_factory = None
        return SqliteSource(database, "the open database").digests()
    finally:
        database.text_factory, database.row_factory = text_factory, row_factory
