"""Whether two sets of tables hold the same rows, in words; where the digests come from is not known here."""

import hashlib
from collections.abc import Mapping

from subs_assets.archive.manifest import TableDigest

EMPTY = TableDigest(0, hashlib.sha256().hexdigest())


def differences(expected: Mapping[str, TableDigest], present: Mapping[str, TableDigest]) -> list[str]:
    """What tells two sets of digests apart, a sentence for each table."""
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
