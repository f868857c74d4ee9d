"""How a person goes back to an archive: the command, and the setting that follows it."""

from sqlalchemy import URL, make_url

from subs_assets.archive.databases import SQLITE, dialect_of
from subs_assets.archive.sqlite.source import database_path
from subs_assets.settings import sqlite_url

CONTROL = "control"


def restoring(archive: str, database: str, url: str | URL) -> str:
    """How to restore ``database``, which is at ``url``, into a new one, and go over to that; to be pasted into a shell.
    ``archive`` is the archive's path or URL."""
    if dialect_of(url) == SQLITE:
        file = database_path(url)
        new, kind = sqlite_url(file.with_name(f"restored_{file.name}")), ""
    else:
        there = make_url(url)
        renamed = there.set(database=f"restored_{there.database}").difference_update_query(["password"])
        new, kind = renamed.render_as_string(), " (a new, empty database)"
    command = f'run `subs archive restore "{archive}" --into "{new}"'
    if database == CONTROL:
        return f"{command} --database {CONTROL}`{kind}, set SUBS_CONTROL_URL to that"
    then = f"{command}`{kind}, set SUBS_DATABASE_URL to that"
    if dialect_of(url) == SQLITE:
        return then
    # Else it would be looked for in the new database, and the decisions of since the archive would be out of sight.
    return f"{then} and SUBS_CONTROL_URL to the control state of now (docs/database.md)"
