"""What of a database beside its rows must be there after an upgrade, and say what it said: indexes, views, triggers,
functions, constraints, sequences, and what is said of columns; unless a revision declares otherwise.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, Inspector, inspect, text

from subs_assets.archive.protocols import ColumnFacts, Migration, Object, SequenceState
from subs_assets.archive.same_sql import Wording, names_in
from subs_assets.database.declarations import Declarations

_CONSTRAINTS = frozenset({"primary key", "unique constraint", "exclusion constraint", "check", "foreign key"})
_WITH_ARGUMENTS = frozenset({"function", "procedure"})
_OF_SEQUENCES = frozenset({"sequence", "sequence owner"})


@dataclass(frozen=True)
class Constraint:
    """A key or CHECK, as SQLite has them too: its name is nothing that it must keep."""

    kind: str
    table: str
    columns: tuple[str, ...]
    referred: tuple[str, tuple[str, ...]] | None = None
    options: str = ""
    check: str = ""
    name: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        if self.check:
            return f"the CHECK ({self.check}) of {self.table}"
        target = f" to {self.referred[0]}.{', '.join(self.referred[1])}" if self.referred else ""
        return f"the {self.kind} of {self.table} ({', '.join(self.columns)}){target}{self.options}"


@dataclass(frozen=True)
class Structure:
    """What a database has beside tables and rows."""

    objects: Mapping[Object, frozenset[str]]
    constraints: tuple[Constraint, ...]
    columns: Mapping[tuple[str, str], ColumnFacts]
    sequences: Mapping[str, SequenceState]
    broken_keys: Mapping[tuple[str, str], int]


def structure(migration: Migration) -> Structure:
    """What is there now beside tables and rows."""
    return Structure(
        migration.objects(),
        tuple(_constraints(migration.connection)),
        migration.columns(),
        migration.sequences(),
        migration.broken_keys(),
    )


def lost_structure(before: Structure, after: Structure, declared: Declarations) -> list[str]:
    """What was there beside tables and rows and is not any more, or not so, a sentence each."""
    wording = Wording(declared.renames)
    return [
        *_lost_objects(before, after, declared, wording),
        *_lost_constraints(before, after, declared, wording),
        *_lost_facts(before, after, declared, wording),
        *_lost_sequences(before, after, declared),
        *_broken_keys(before, after, declared),
    ]


def _lost_objects(before: Structure, after: Structure, declared: Declarations, wording: Wording) -> Iterator[str]:
    def key(kind: str, name: str, table: str) -> tuple[str, tuple[str, ...], str]:
        return kind, wording.of(name), table

    def said(statements: frozenset[str]) -> set[tuple[str, ...]]:
        return {wording.of(sql) for sql in statements}

    there = {key(*one): statements for one, statements in after.objects.items()}
    for one, statements in sorted(before.objects.items()):
        if _may_go(one, statements, before, declared):
            continue
        kind, name, table = one
        label = f"the {kind} {name}{f' on {table}' if table and table != name else ''}"
        found = there.get(key(kind, name, declared.table_after(table)))
        if found is None:
            if kind not in _OF_SEQUENCES or ("sequence", wording.of(name), "") in there:  # else said as a sequence
                yield f"{label} is gone"
        elif said(found) != said(statements) and not _is_rewritten(one, declared):
            yield f"{label} is not defined as it was"


def _may_go(one: Object, statements: frozenset[str], before: Structure, declared: Declarations) -> bool:
    kind, name, table = one
    if declared.loses_table(_own_name(kind, name)) or declared.loses_table(table):
        return True
    if kind in _OF_SEQUENCES:
        return any(each.name == name and _goes_with_column(each, declared) for each in before.sequences.values())
    if kind == "comment":
        return _is_on_any(name, declared.drops)
    return kind in _CONSTRAINTS and any(
        any(column.lower() in names_in(sql) for sql in statements)
        for of_table, column in before.columns
        if of_table == table and declared.loses_column(table, column)
    )


def _is_rewritten(one: Object, declared: Declarations) -> bool:
    kind, name, _ = one
    return _own_name(kind, name) in declared.rewrites or (kind == "comment" and _is_on_any(name, declared.rewrites))


def _own_name(kind: str, name: str) -> str:
    return name.partition("(")[0] if kind in _WITH_ARGUMENTS else name


def _is_on_any(comment: str, names: frozenset[str]) -> bool:
    """Whether a comment, called by what it is on, is on one of these tables, their columns, or other things."""
    return any(names_in(name) <= names_in(comment) for name in names)


def _lost_constraints(before: Structure, after: Structure, declared: Declarations, wording: Wording) -> Iterator[str]:
    def compared(one: Constraint, table: str, columns: tuple[str, ...], referred: object) -> tuple[object, ...]:
        return one.kind, table, columns, referred, one.options, wording.of(one.check)

    left = [compared(one, one.table, one.columns, one.referred) for one in after.constraints]
    for one in sorted(before.constraints, key=str):
        columns = tuple(declared.column_after(one.table, column) for column in one.columns)
        wanted = compared(one, declared.table_after(one.table), columns, _referred_after(one, declared))
        if wanted in left:
            left.remove(wanted)
        elif not _may_change(one, before, declared):
            yield f"{one} is gone"


def _referred_after(one: Constraint, declared: Declarations) -> tuple[str, tuple[str, ...]] | None:
    if one.referred is None:
        return None
    table, columns = one.referred
    return declared.table_after(table), tuple(declared.column_after(table, column) for column in columns)


def _may_change(one: Constraint, before: Structure, declared: Declarations) -> bool:
    if declared.loses_table(one.table) or (one.name is not None and one.name in declared.drops | declared.rewrites):
        return True
    named = names_in(one.check)
    columns = {*one.columns, *(name for table, name in before.columns if table == one.table and name.lower() in named)}
    return any(declared.loses_column(one.table, name) or declared.rewrites_column(one.table, name) for name in columns)


def _lost_facts(before: Structure, after: Structure, declared: Declarations, wording: Wording) -> Iterator[str]:
    for (table, column), facts in sorted(before.columns.items()):
        if declared.loses_column(table, column) or declared.rewrites_column(table, column):
            continue
        now = after.columns.get((declared.table_after(table), declared.column_after(table, column)))
        if now is None:
            continue  # the column is gone, which is said with the table's rows
        for fact, said in facts.items():
            if fact not in now:
                yield f"{table}.{column} has lost its {' '.join((fact, said)).strip()}"
            elif wording.of(now[fact]) != wording.of(said):
                yield f"the {fact} of {table}.{column} is {now[fact]}, it was {said}"


def _lost_sequences(before: Structure, after: Structure, declared: Declarations) -> Iterator[str]:
    there = {one.name: one for one in after.sequences.values()}
    for label, one in before.sequences.items():
        if declared.loses_table(one.name) or _goes_with_column(one, declared):
            continue
        now = there.get(declared.table_after(one.name))
        if now is None:
            yield f"the sequence {label} is gone"
        elif now.value != one.value and one.name not in declared.rewrites:
            yield f"the sequence {label} stands at {now.value}, it stood at {one.value}"


def _goes_with_column(one: SequenceState, declared: Declarations) -> bool:
    return one.owner is not None and declared.loses_column(*one.owner)


def _broken_keys(before: Structure, after: Structure, declared: Declarations) -> Iterator[str]:
    broken_before = {
        (declared.table_after(table), declared.table_after(parent)): rows
        for (table, parent), rows in before.broken_keys.items()
    }
    for (table, parent), rows in after.broken_keys.items():
        if rows > broken_before.get((table, parent), 0):
            yield f"{rows} rows of {table} lead to no row of {parent}, before {broken_before.get((table, parent), 0)}"


def _constraints(connection: Connection) -> Iterator[Constraint]:
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        primary = inspector.get_pk_constraint(table)
        yield Constraint("primary key", table, tuple(primary["constrained_columns"]), name=primary["name"])
        yield from _foreign_keys(connection, inspector, table)
        for unique in inspector.get_unique_constraints(table):
            yield Constraint("unique constraint", table, tuple(unique["column_names"]), name=unique["name"])
        if connection.dialect.name != "postgresql":  # whose checks are objects, with names
            for check in inspector.get_check_constraints(table):
                yield Constraint("check", table, (), check=check["sqltext"], name=check["name"])


def _foreign_keys(connection: Connection, inspector: Inspector, table: str) -> Iterator[Constraint]:
    actions = defaultdict(list)
    if connection.dialect.name != "postgresql":  # where they are in the object's definition
        query = text('SELECT id, "from", on_delete, on_update FROM pragma_foreign_key_list(:table) ORDER BY id, seq')
        for number, column, on_delete, on_update in connection.execute(query, {"table": table}):
            actions[number, _action("DELETE", on_delete) + _action("UPDATE", on_update)].append(column)
    for key in inspector.get_foreign_keys(table):
        columns = tuple(key["constrained_columns"])
        referred = key["referred_table"], tuple(key["referred_columns"])
        options = "".join(option for (_, option), of_columns in actions.items() if of_columns == [*columns])
        yield Constraint("foreign key", table, columns, referred, options, name=key["name"])


def _action(event: str, action: str) -> str:
    return "" if action == "NO ACTION" else f" ON {event} {action}"
