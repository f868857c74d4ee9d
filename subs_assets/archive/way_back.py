"""Which archive leads back to a database that this program can work with; what is wrong with the present one is
``database/check.py``'s."""

from collections.abc import Iterable

from subs_assets.archive.manifest import Manifest
from subs_assets.database.drift import LEFTOVER
from subs_assets.database.history import History, Part


def way_back(
    archives: Iterable[tuple[str, Manifest]], database: str, source: str, history: History | None = None
) -> tuple[str, Manifest] | None:
    """The first of the archives (name, manifest; newest first) to go back to, None where there is none.

    It is complete, and ``database`` of it is of that ``source`` (``DatabaseEntry.source``). Where the database has a
    ``history`` of revisions, it had the tables and columns of the one that it says: an archive of the damage itself
    leads nowhere.
    """
    for name, manifest in archives:
        entry = manifest.databases.get(database)
        if entry is None or entry.source != source or not manifest.complete:
            continue
        if history is None or _stands(manifest, database, history):
            return name, manifest
    return None


def _stands(manifest: Manifest, database: str, history: History) -> bool:
    heads = manifest.databases[database].alembic_heads
    tables = manifest.tables_of(database)
    if len(heads) != 1 or heads[0] not in history.parts or any(table.name.startswith(LEFTOVER) for table in tables):
        return False
    found = {
        *(Part("table", table.name, table.name) for table in tables),
        *(Part("column", table.name, column.name) for table in tables for column in table.columns),
    }
    return found & history.known == {part for part in history.parts[heads[0]] if part.kind in ("table", "column")}
