"""The archive that leads back from a damaged database, in a sentence; which one it is, is ``archive/way_back.py``'s."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.database.check import Problem


def way_back_of(settings: Settings, database: str, problems: "Sequence[Problem]") -> str | None:
    """How to go back with that one of ``settings.databases``, where one of its problems is mended so. Where nothing
    leads back, that is said if there is no other remedy."""
    from subs_assets.archive.databases import source_of
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place
    from subs_assets.archive.restore_command import CONTROL, restoring
    from subs_assets.archive.way_back import way_back
    from subs_assets.database.history import our_history

    is_needed = any(problem.needs_archive for problem in problems)
    if not is_needed and not any(problem.archive_would_do for problem in problems):
        return None
    url = settings.databases[database]
    try:
        place = open_place(settings.archives, settings.scratch)
        readable = [summary.name for summary in place.summaries() if summary.problem is None]
        manifests = ((name, place.manifest(name)) for name in readable)
        found = way_back(manifests, database, source_of(url), None if database == CONTROL else our_history())
    except ArchiveError as problem:
        return f"whether an archive leads back is not known: {problem}" if is_needed else None
    if found is None:
        nothing = (
            f"no archive leads back: none of the {len(readable)} in {place.location()} is of this database, whole, and "
            "as this program knows it"
        )
        return nothing if is_needed else None
    name, manifest = found
    rows = sum(table.rows for table in manifest.tables_of(database) if table.name != "alembic_version")
    at = "".join(f"at revision {head} " for head in manifest.databases[database].alembic_heads)
    then = "" if database == CONTROL else ", and run `subs db upgrade`"
    return (
        f"the way back is the archive of {manifest.created[:19]}, {at}with {rows:,} rows: "
        f"{restoring(place.location(name), database, url)}{then}; the database of now stays as it is"
    )
