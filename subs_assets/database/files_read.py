"""Which files the last published run has read; what was in them stands in other tables."""

from sqlalchemy import inspect, select

from subs_assets.database.engine import answering, sqlite_file
from subs_assets.database.tables import catalogue_files


def files_read(database_url: str) -> dict[str, dict[str, str | None]]:
    """By company the SHA-256 of each file, by its name (None: it could not be opened); nothing where nothing was
    published. Raises DatabaseNotReady where the database does not answer."""
    file = sqlite_file(database_url)
    if file is not None and not file.exists():
        return {}  # to open it would make it
    read: dict[str, dict[str, str | None]] = {}
    columns = catalogue_files.c
    with answering(database_url) as engine, engine.connect() as connection:
        if not inspect(connection).has_table(catalogue_files.name):
            return {}
        for slug, name, sha256 in connection.execute(select(columns.company_slug, columns.file, columns.sha256)):
            read.setdefault(slug, {})[name] = sha256
    return read
