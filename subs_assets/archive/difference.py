"""What two archives differ in: their schema, and which rows of which table; no database is looked at here."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from subs_assets.archive.data_file import read_lines
from subs_assets.archive.manifest import DatabaseEntry, Manifest, TableEntry, data_path
from subs_assets.archive.store import find_table, read_manifest

Hashes = NDArray[np.uint64]
"""One for each row. That two of ten million rows share one has a chance of 1 in 400,000; it would hide a difference in
a list for a person. What decides (verify, drill, reset) compares SHA-256."""


@dataclass(frozen=True)
class TableDifference:
    """How many rows of a table are only in the second archive, only in the first, or in both under the same primary key
    with other values; rows are compared by the columns that both have.

    ``rows_before`` and ``rows_after`` are None where the table is not in that archive.
    """

    database: str
    table: str
    rows_before: int | None
    rows_after: int | None
    added: int
    removed: int
    changed: int
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """Tables that are the same are left out; ``schema`` is a sentence for each statement or revision that differs."""

    schema: tuple[str, ...]
    tables: tuple[TableDifference, ...]

    @property
    def is_empty(self) -> bool:
        return not self.schema and not self.tables


def difference(before: Path, after: Path) -> Difference:
    """Compare two archives; tables of equal hash are not read. Takes 32 bytes of memory for each row of a table.

    Raises:
        BadArchive: one of them is damaged.
    """
    old, new = read_manifest(before), read_manifest(after)
    names = dict.fromkeys((table.database, table.name) for table in (*old.tables, *new.tables))
    compared = (_compared(before, _find(old, *name), after, _find(new, *name)) for name in names)
    return Difference(tuple(_schema_sentences(old, new)), tuple(one for one in compared if one is not None))


def differing_rows(
    before: Path, after: Path, database: str, table: str
) -> Iterator[tuple[Literal["-", "+"], dict[str, object]]]:
    """The rows of a table that are only in the first archive ("-"), then those only in the second ("+"), as they are
    archived; a changed row is in both.

    Raises:
        ArchiveError: one of them has no such table.
        BadArchive: one of them is damaged.
    """
    old, new = (find_table(read_manifest(path), database, table) for path in (before, after))
    if _holds_the_same(old, new):
        return
    key, shared = _common_key(old, new), _shared_columns(old, new)
    old_hashes, new_hashes = _hashes(before, old, key, shared)[1], _hashes(after, new, key, shared)[1]
    for path, entry, hashes, others in ((before, old, old_hashes, new_hashes), (after, new, new_hashes, old_hashes)):
        only_here = np.zeros(len(hashes), dtype=bool)
        only_here[_unmatched(hashes, others)] = True
        for is_only_here, line in zip(only_here, _lines(path, entry), strict=True):
            if is_only_here:
                yield ("-" if entry is old else "+"), orjson.loads(line)


def _find(manifest: Manifest, database: str, table: str) -> TableEntry | None:
    return next((entry for entry in manifest.tables_of(database) if entry.name == table), None)


def _compared(before: Path, old: TableEntry | None, after: Path, new: TableEntry | None) -> TableDifference | None:
    if old is None or new is None:
        entry = old or new
        assert entry is not None
        return TableDifference(
            entry.database,
            entry.name,
            None if old is None else old.rows,
            None if new is None else new.rows,
            added=new.rows if new else 0,
            removed=old.rows if old else 0,
            changed=0,
            columns_added=(),
            columns_removed=(),
        )
    if _holds_the_same(old, new):
        return None
    key, shared = _common_key(old, new), _shared_columns(old, new)
    old_keys, old_rows = _hashes(before, old, key, shared)
    new_keys, new_rows = _hashes(after, new, key, shared)
    removed, added = _unmatched(old_rows, new_rows), _unmatched(new_rows, old_rows)
    changed = len(removed) - len(_unmatched(old_keys[removed], new_keys[added])) if key else 0
    old_columns, new_columns = _columns(old), _columns(new)
    if not len(removed) and not len(added) and old_columns == new_columns:
        return None  # only rowids differ, which a table is given anew when it is filled anew
    return TableDifference(
        old.database,
        old.name,
        old.rows,
        new.rows,
        added=len(added) - changed,
        removed=len(removed) - changed,
        changed=changed,
        columns_added=tuple(name for name in new_columns if name not in old_columns),
        columns_removed=tuple(name for name in old_columns if name not in new_columns),
    )


def _holds_the_same(old: TableEntry, new: TableEntry) -> bool:
    return old.digest == new.digest and old.row_keys == new.row_keys


def _columns(entry: TableEntry) -> tuple[str, ...]:
    return tuple(column.name for column in entry.columns if column.generated is None)


def _shared_columns(old: TableEntry, new: TableEntry) -> tuple[str, ...]:
    return tuple(name for name in _columns(old) if name in _columns(new))


def _common_key(old: TableEntry, new: TableEntry) -> tuple[str, ...]:
    """The columns of the primary key, if both have the same one."""
    keys = [
        tuple(
            column.name for column in sorted(entry.columns, key=lambda column: column.primary_key) if column.primary_key
        )
        for entry in (old, new)
    ]
    return keys[0] if keys[0] == keys[1] else ()


def _hashes(path: Path, entry: TableEntry, key: tuple[str, ...], shared: tuple[str, ...]) -> tuple[Hashes, Hashes]:
    """The hashes of every row's key, and of its values in the columns that are shared."""
    values = chain.from_iterable(
        (_hash(row, key), _hash(row, shared)) for row in map(orjson.loads, _lines(path, entry))
    )
    found = np.fromiter(values, np.uint64, 2 * entry.rows).reshape(entry.rows, 2)
    return found[:, 0], found[:, 1]


def _hash(row: dict[str, object], columns: tuple[str, ...]) -> int:
    return int.from_bytes(blake2b(orjson.dumps([row[name] for name in columns]), digest_size=8).digest())


def _lines(path: Path, entry: TableEntry) -> Iterator[bytes]:
    return read_lines(data_path(path, entry), entry.facts)


def _unmatched(rows: Hashes, others: Hashes) -> NDArray[np.intp]:
    """Where the rows stand that ``others`` lacks; of rows that are there several times, those beyond its number."""
    return np.flatnonzero(~np.isin(_numbered(rows), _numbered(others)))


def _numbered(hashes: Hashes) -> Hashes:
    """Hashes that tell the first of several equal ones from the second."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    is_first = np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]
    place = np.arange(len(ordered), dtype=np.uint64)
    occurrence = place - np.maximum.accumulate(np.where(is_first, place, np.uint64(0)))
    numbered = np.empty_like(hashes)
    numbered[order] = ordered + occurrence * np.uint64(0x9E3779B97F4A7C15)  # odd: every occurrence another number
    return numbered


def _schema_sentences(old: Manifest, new: Manifest) -> Iterator[str]:
    for name in dict.fromkeys((*old.databases, *new.databases)):
        if name not in new.databases or name not in old.databases:
            yield f"database {name} is only in the {'first' if name in old.databases else 'second'}"
            continue
        before, after = old.databases[name], new.databases[name]
        if before.alembic_heads != after.alembic_heads:
            heads = [", ".join(entry.alembic_heads) or "none" for entry in (before, after)]
            yield f"{name}: Alembic revision {heads[0]} became {heads[1]}"
        yield from (f"{name}: {sentence}" for sentence in _statement_sentences(before, after))


def _statement_sentences(before: DatabaseEntry, after: DatabaseEntry) -> Iterator[str]:
    old, new = ({(one.kind, one.name, one.table): one.sql for one in entry.ddl} for entry in (before, after))
    for statement in dict.fromkeys((*old, *new)):
        if old.get(statement) != new.get(statement):
            kind, name, _ = statement
            verb = "was dropped" if statement not in new else "was made" if statement not in old else "was altered"
            yield f"{kind} {name} {verb}"
