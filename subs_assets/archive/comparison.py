"""Whether two sets of tables hold the same rows, in words; where the digests come from is not known here."""

import hashlib
from collections.abc import Mapping

from subs_assets.archive.manifest import TableDigest

STATISTICS_PREFIX = "sqlite_stat"  # what ANALYZE noted for the query planner: derived, and no loss
EMPTY = TableDigest(0, hashlib.sha256().hexdigest())


def differences(archived: Mapping[str, TableDigest], found: Mapping[str, TableDigest]) -> list[str]:
    """What tells two sets of digests apart, a sentence for each table; the planner's statistics do not count."""
    expected, present = without_statistics(archived), without_statistics(found)
    sentences = []
    for table in sorted({*expected, *present}):
        if table not in present:
            sentences.append(f"table {table} is in the archive and not in the database")
        elif table not in expected:
            sentences.append(f"table {table} is in the database and not in the archive")
        elif present[table].rows != expected[table].rows:
            sentences.append(f"table {table} has {present[table].rows} rows, {expected[table].rows} were archived")
        elif present[table] != expected[table]:
            sentences.append(
                f"table {table} has as many rows as were archived, {present[table].rows}, but not the same"
            )
    return sentences


def without_statistics(found: Mapping[str, TableDigest]) -> dict[str, TableDigest]:
    """The digests of all tables whose rows somebody would miss."""
    return {table: digest for table, digest in found.items() if not table.lower().startswith(STATISTICS_PREFIX)}
