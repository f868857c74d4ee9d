"""What of a database must be there after an upgrade, and whether it is: every value of every column, and every index,
view, trigger and constraint, unless a revision declares that it goes. What was there is read from the archive.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import orjson
from sqlalchemy import Connection, inspect

from subs_assets.archive.data_file import hash_lines, read_lines
from subs_assets.archive.manifest import Manifest, TableDigest, TableEntry, data_path
from subs_assets.archive.protocols import Migration, Source, Table
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


@dataclass(frozen=True)
class Structure:
    """What a database has beside tables and rows."""

    objects: frozenset[tuple[str, str, str]]
    constraints: frozenset[tuple[str, str, tuple[str, ...], str]]
    checks: dict[str, int]
    sequences: dict[str, object]
    broken_keys: dict[tuple[str, str], int]


def table_survivals(
    archive: Path, manifest: Manifest, database: str, now: Source, declared: Declarations
) -> Iterator[Survival]:
    """Each archived table of a database, and what became of it."""
    tables = {table.name: table for table in now.tables}
    for entry in manifest.tables_of(database):
        if entry.name != VERSION_TABLE and entry.kind != "statistics":
            name = declared.after(entry.name)
            yield _survival(archive, entry, tables.get(name), now, declared)


def structure(migration: Migration) -> Structure:
    """What is there now beside tables and rows."""
    constraints, checks = _constraints(migration.connection)
    return Structure(
        frozenset(migration.objects()), constraints, checks, migration.sequences(), migration.broken_keys()
    )


def lost_structure(before: Structure, after: Structure, declared: Declarations) -> list[str]:
    """What was there beside tables and rows and is not any more, a sentence each."""
    lost = [
        f"the {kind} {name}{f' on {table}' if table and table != name else ''} is gone"
        for kind, name, table in sorted(before.objects)
        if not (declared.loses(name) or declared.loses(table))
        and (kind, declared.after(name) if name == table else name, declared.after(table)) not in after.objects
    ]
    lost += [
        f"the {kind} of {table} ({', '.join(columns)}){f' to {target}' if target else ''} is gone"
        for kind, table, columns, target in sorted(before.constraints)
        if not (declared.loses(table) or any(declared.loses(f"{table}.{column}") for column in columns))
        and _renamed(kind, table, columns, target, declared) not in after.constraints
    ]
    lost += [
        f"{table} has {after.checks.get(declared.after(table), 0)} CHECK constraints, it had {count}"
        for table, count in before.checks.items()
        if not declared.loses(table) and after.checks.get(declared.after(table), 0) < count
    ]
    lost += [
        f"the sequence {name} stands at {after.sequences[name]}, it stood at {value}"
        for name, value in before.sequences.items()
        if name in after.sequences and after.sequences[name] != value
    ]
    broken_before = {
        (declared.after(table), declared.after(parent)): rows for (table, parent), rows in before.broken_keys.items()
    }
    lost += [
        f"{rows} rows of {table} lead to no row of {parent}, before {broken_before.get((table, parent), 0)}"
        for (table, parent), rows in after.broken_keys.items()
        if rows > broken_before.get((table, parent), 0)
    ]
    return lost


def _survival(archive: Path, entry: TableEntry, table: Table | None, now: Source, declared: Declarations) -> Survival:
    if table is None:
        lost = () if declared.loses(entry.name) else (f"the table {entry.name} is gone ({entry.rows} rows)",)
        return Survival(entry.name, None, entry.rows, None, lost)
    with closing(now.lines(table)) as lines:
        found = TableDigest(*hash_lines(lines))
    losses: list[str] = []
    if declared.loses(entry.name):  # and another one was made under its name
        return Survival(entry.name, table.name, entry.rows, found.rows, ())
    if found != entry.digest or _columns(table) != _columns(entry):
        losses = list(_losses(archive, entry, table, found.rows, now, declared))
    return Survival(entry.name, table.name, entry.rows, found.rows, tuple(losses))


def _losses(
    archive: Path, entry: TableEntry, table: Table, rows: int, now: Source, declared: Declarations
) -> Iterator[str]:
    if entry.kind == "sequences":
        yield from _moved_sequences(archive, entry, table, now, declared)
        return
    there = _columns(table)
    kept: list[tuple[str, str]] = []
    for column in _columns(entry):
        name = f"{entry.name}.{column}"
        after = declared.after(name).rpartition(".")[2]
        if declared.loses(name) or name in declared.rewrites:
            continue
        if after in there:
            kept.append((column, after))
        else:
            yield f"the column {name} is gone"
    if entry.name in declared.rewrites:
        return
    if rows != entry.rows:
        yield f"{table.name} has {rows} rows, {entry.rows} were archived"
    elif _fingerprint(_archived(archive, entry), [old for old, _ in kept]) != _fingerprint_now(
        now, table, [new for _, new in kept]
    ):
        changed = [
            old
            for old, new in kept
            if _fingerprint(_archived(archive, entry), [old]) != _fingerprint_now(now, table, [new])
        ]
        yield (
            f"{entry.name} has as many rows as were archived, {rows}, but not the same"
            + (f": {', '.join(changed)} differs" if changed else "")
        )


def _moved_sequences(
    archive: Path, entry: TableEntry, table: Table, now: Source, declared: Declarations
) -> Iterator[str]:
    """SQLite keeps in a table where AUTOINCREMENT stands, by the names of the tables."""
    with closing(now.lines(table)) as lines:
        found = {row["name"]: row["seq"] for row in map(orjson.loads, lines)}
    for row in map(orjson.loads, _archived(archive, entry)):
        name = declared.after(row["name"])
        if not declared.loses(row["name"]) and found.get(name) != row["seq"]:
            yield f"AUTOINCREMENT of {row['name']} stands at {found.get(name, 'nothing')}, it stood at {row['seq']}"


def _archived(archive: Path, entry: TableEntry) -> Iterator[bytes]:
    return read_lines(data_path(archive, entry), entry.facts)


def _fingerprint_now(now: Source, table: Table, columns: Sequence[str]) -> int:
    with closing(now.lines(table)) as lines:
        return _fingerprint(lines, columns)


def _fingerprint(lines: Iterable[bytes], columns: Sequence[str]) -> int:
    """One number for rows in these columns, whatever the rows' order: the sum of their hashes. (Bellare and Micciancio,
    "A new paradigm for collision-free hashing", 1997; a migration is no adversary, so 128 bits do.)"""
    total = 0
    for row in map(orjson.loads, lines):
        values = orjson.dumps([row[column] for column in columns])
        total += int.from_bytes(blake2b(values, digest_size=HASH_BYTES).digest())
    return total % 2 ** (8 * HASH_BYTES)


def _columns(table: Table | TableEntry) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.generated is None)


def _constraints(
    connection: Connection,
) -> tuple[frozenset[tuple[str, str, tuple[str, ...], str]], dict[str, int]]:
    """(kind, table, columns, what they lead to) of keys, and table -> number of CHECK constraints, as SQLite has them
    too: without names of their own.
    """
    inspector = inspect(connection)
    found = set()
    checks = {}
    for table in inspector.get_table_names():
        found.add(("primary key", table, tuple(inspector.get_pk_constraint(table)["constrained_columns"]), ""))
        for key in inspector.get_foreign_keys(table):
            target = f"{key['referred_table']}.{', '.join(key['referred_columns'])}"
            found.add(("foreign key", table, tuple(key["constrained_columns"]), target))
        for unique in inspector.get_unique_constraints(table):
            found.add(("unique constraint", table, tuple(unique["column_names"]), ""))
        checks[table] = len(inspector.get_check_constraints(table))
    return frozenset(found), checks


def _renamed(
    kind: str, table: str, columns: tuple[str, ...], target: str, declared: Declarations
) -> tuple[str, str, tuple[str, ...], str]:
    referred, _, referred_columns = target.partition(".")
    return (
        kind,
        declared.after(table),
        tuple(_column(table, column, declared) for column in columns),
        f"{declared.after(referred)}."
        + ", ".join(_column(referred, column, declared) for column in referred_columns.split(", "))
        if target
        else "",
    )


def _column(table: str, column: str, declared: Declarations) -> str:
    return declared.after(f"{table}.{column}").rpartition(".")[2]
