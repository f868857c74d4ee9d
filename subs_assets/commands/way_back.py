"""The archive that leads back from a damaged database, in a sentence; which one it is, is ``archive/way_back.py``'s."""

from subs_assets.settings import Settings, sqlite_url


def way_back_of(settings: Settings) -> str:
    """How to go back, or that there is no archive to go back to."""
    from subs_assets.archive.databases import source_of
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place
    from subs_assets.archive.reset import WAREHOUSE
    from subs_assets.archive.way_back import way_back
    from subs_assets.database.history import our_history

    try:
        place = open_place(settings.archives, settings.scratch)
        readable = [summary.name for summary in place.summaries() if summary.problem is None]
        manifests = ((name, place.manifest(name)) for name in readable)
        found = way_back(manifests, WAREHOUSE, source_of(settings.database_url), our_history())
    except ArchiveError as problem:
        return f"whether an archive leads back is not known: {problem}"
    if found is None:
        return (
            f"no archive leads back: none of the {len(readable)} in {place.location()} is of this database, whole, and "
            "at a revision that this program knows"
        )
    name, manifest = found
    (head,) = manifest.databases[WAREHOUSE].alembic_heads
    rows = sum(table.rows for table in manifest.tables_of(WAREHOUSE) if table.name != "alembic_version")
    return (
        f"the way back is the archive of {manifest.created[:19]}, at revision {head} with {rows:,} rows: "
        f"run `subs archive restore {place.location(name)} --into {_new_database(settings)}`, "
        f"{_settings_then(settings)}, and run `subs db upgrade`; the database of now stays as it is"
    )


def _new_database(settings: Settings) -> str:
    if settings.database_kind == "sqlite":
        return sqlite_url(settings.home / "restored.db")
    return "URL_OF_AN_EMPTY_DATABASE"


def _settings_then(settings: Settings) -> str:
    if settings.database_kind == "sqlite":
        return "set SUBS_DATABASE_URL to that"
    # Else it would be looked for in the new database, and the decisions of since the archive would be out of sight.
    return "set SUBS_DATABASE_URL to that and SUBS_CONTROL_URL to the control state of now (docs/database.md)"
