"""What of a database's tables must be there after an upgrade, and whether it is: every value of every column, unless a
revision declares that it goes. What was there is read from the archive.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import orjson

from subs_assets.archive.data_file import hash_lines, read_lines
from subs_assets.archive.manifest import Manifest, TableDigest, TableEntry, data_path
from subs_assets.archive.protocols import Source, Table
from subs_assets.database.declarations import Declarations
from subs_assets.database.guard import VERSION_TABLE

HASH_BYTES = 16


@dataclass(frozen=True)
class Survival:
    """What became of one table; ``after`` and ``rows_after`` are None where it is gone, and ``losses`` says, a sentence
    each, what should be there and is not.
    """

    table: str
    after: str | None
    rows: int
    rows_after: int | None
    losses: tuple[str, ...]


def table_survivals(
    archive: Path, manifest: Manifest, database: str, now: Source, declared: Declarations
) -> Iterator[Survival]:
    """Each archived table of a database, and what became of it."""
    tables = {table.name: table for table in now.tables}
    for entry in manifest.tables_of(database):
        if entry.name != VERSION_TABLE and entry.kind != "statistics":
            yield _survival(archive, entry, tables.get(declared.table_after(entry.name)), now, declared)


def _survival(archive: Path, entry: TableEntry, table: Table | None, now: Source, declared: Declarations) -> Survival:
    if table is None:
        lost = () if declared.loses_table(entry.name) else (f"the table {entry.name} is gone ({entry.rows} rows)",)
        return Survival(entry.name, None, entry.rows, None, lost)
    with closing(now.lines(table, _archived_keys(entry, table, declared))) as lines:
        found = TableDigest(*hash_lines(lines))
    losses: list[str] = []
    if not declared.loses_table(entry.name):  # or it is another one, made under its name
        losses += _lost_columns(entry, table, declared)
        if found != entry.digest:
            losses += _lost_rows(archive, entry, table, found.rows, now, declared)
    return Survival(entry.name, table.name, entry.rows, found.rows, tuple(losses))


def _archived_keys(entry: TableEntry, table: Table, declared: Declarations) -> dict[str, str] | None:
    """Column as it is called now -> as it was archived, of all that were: in this form rows that are the same, in the
    same order, have the archive's hash. None where a column is gone.
    """
    there = _columns(table)
    keys = {declared.column_after(entry.name, name): name for name, is_stored in _columns(entry).items() if is_stored}
    return keys if all(there.get(name) for name in keys) else None


def _lost_columns(entry: TableEntry, table: Table, declared: Declarations) -> Iterator[str]:
    there = _columns(table)
    for column, is_stored in _columns(entry).items():
        after = declared.column_after(entry.name, column)
        if declared.loses_column(entry.name, column):
            continue
        if after not in there:
            yield f"the column {entry.name}.{column} is gone"
        elif is_stored and not there[after] and not declared.rewrites_column(entry.name, column):
            yield f"the column {entry.name}.{column} is generated now, and its values are gone"


def _lost_rows(
    archive: Path, entry: TableEntry, table: Table, rows: int, now: Source, declared: Declarations
) -> Iterator[str]:
    if entry.kind == "sequences":
        yield from _moved_sequences(archive, entry, table, now, declared)
        return
    if entry.name in declared.rewrites:
        return
    if rows != entry.rows:
        yield f"{table.name} has {rows} rows, {entry.rows} were archived"
        return
    kept = [
        (name, key)
        for key, is_stored in _columns(entry).items()
        if is_stored
        and _columns(table).get(name := declared.column_after(entry.name, key))
        and not declared.loses_column(entry.name, key)
        and not declared.rewrites_column(entry.name, key)
    ]
    if _is_same(archive, entry, table, now, kept):
        return
    changed = [key for name, key in kept if not _is_same(archive, entry, table, now, [(name, key)])]
    yield (
        f"{entry.name} has as many rows as were archived, {rows}, but not the same"
        + (f": {', '.join(changed)} {'differs' if len(changed) == 1 else 'differ'}" if changed else "")
    )


def _moved_sequences(
    archive: Path, entry: TableEntry, table: Table, now: Source, declared: Declarations
) -> Iterator[str]:
    """SQLite keeps in a table where AUTOINCREMENT stands, by the names of the tables."""
    with closing(now.lines(table)) as lines:
        found = {row["name"]: row["seq"] for row in map(orjson.loads, lines)}
    for row in map(orjson.loads, _archived(archive, entry)):
        name = declared.table_after(row["name"])
        if not declared.loses_table(row["name"]) and found.get(name) != row["seq"]:
            yield f"AUTOINCREMENT of {row['name']} stands at {found.get(name, 'nothing')}, it stood at {row['seq']}"


def _archived(archive: Path, entry: TableEntry) -> Iterator[bytes]:
    return read_lines(data_path(archive, entry), entry.facts)


def _is_same(archive: Path, entry: TableEntry, table: Table, now: Source, kept: Sequence[tuple[str, str]]) -> bool:
    """Whether the rows are the same in these columns, (name now, name then), whatever their order."""
    with closing(now.lines(table)) as lines:
        return _fingerprint(lines, [name for name, _ in kept]) == _fingerprint(
            _archived(archive, entry), [key for _, key in kept]
        )


def _fingerprint(lines: Iterable[bytes], columns: Sequence[str]) -> int:
    """One number for rows in these columns, whatever the rows' order: the sum of their hashes. (Bellare and Micciancio,
    "A new paradigm for collision-free hashing", 1997; a migration is no adversary, so 128 bits do.)"""
    total = 0
    for row in map(orjson.loads, lines):
        values = orjson.dumps([row[column] for column in columns])
        total += int.from_bytes(blake2b(values, digest_size=HASH_BYTES).digest())
    return total % 2 ** (8 * HASH_BYTES)


def _columns(table: Table | TableEntry) -> dict[str, bool]:
    """Every column, and whether its values are stored."""
    return {column.name: column.generated is None for column in table.columns}
