"""How a database's schema differs from ``tables.py``, in words; what that means for a run is ``check.py``'s."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Index, Inspector, Table, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from subs_assets.database.declarations import former_names
from subs_assets.database.frames import primary_key
from subs_assets.database.history import Part, our_history
from subs_assets.database.tables import metadata

VIEWS = ("substitutions_symmetric",)
"""The views that the migrations make; their SQL stands in the migration alone."""

LEFTOVER = "_alembic_tmp_"
"""How Alembic's batch mode, which no revision of ours uses, calls the copy of a table that it works on."""

REBUILD = (
    "keep a copy (`subs archive create`), move the database away or name a new one in SUBS_DATABASE_URL, and run "
    "`subs run`"
)
"""What mends a table that no statement mends: all that is published can be made again, and decisions live elsewhere."""


@dataclass(frozen=True)
class Difference:
    """One way in which a database is not what the tables say."""

    sentence: str
    mend: str
    upgrade_mends: bool
    """Whether the migrations bring what is missing, if the database is behind."""
    loses_values: bool = False
    """Whether values are gone that no statement brings back."""

    @property
    def needs_archive(self) -> bool:
        return self.loses_values or self.mend == REBUILD


@dataclass(frozen=True)
class Drift:
    """How a database differs from the tables of this program."""

    problems: tuple[Difference, ...]
    """They stop a run."""
    notes: tuple[str, ...]
    """Somebody's additions that no run touches: other tables, indexes, constraints."""


def compare(connection: Connection) -> Drift:
    """Hold the database's schema against the tables: columns, types, nullability, primary keys, indexes, views."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for difference in _flat(compare_metadata(context, metadata)):
        found[difference[0]].append(difference)
    inspector = inspect(connection)
    missing_tables = {table.name: table for _, table in found["add_table"]}
    extra_tables = [table for _, table in found["remove_table"]]
    present = [table for table in metadata.sorted_tables if table.name not in missing_tables]
    problems = [
        *(_missing_table(connection, table) for table in missing_tables.values()),
        *_columns(connection, found["add_column"], found["remove_column"]),
        *_changed_columns(connection, found["modify_type"], found["modify_nullable"]),
        *_primary_keys(inspector, present),
        *_missing_indexes(
            connection, [index for _, index in found["add_index"] if index.table.name not in missing_tables]
        ),
        *_views(connection, inspector),
    ]
    missing_indexes = {index.name for _, index in found["add_index"]}
    notes = [
        *(
            f"the table {table.name} is not one of ours; no run touches it, and the archive keeps it"
            for table in extra_tables
            if not table.name.startswith(LEFTOVER)  # ``check`` says what to do with it
        ),
        *(
            f"the index {index.name} on {index.table.name} is not one of ours; it only slows publication down"
            for _, index in found["remove_index"]
            if index.name not in missing_indexes and index.table.name in metadata.tables
        ),
        *(
            f"{constraint.table.name} has a constraint that is not ours, and a publication that breaks it is undone: "
            f"{_one_line(AddConstraint(constraint), connection)}"
            for kind in ("remove_constraint", "remove_fk")
            for _, constraint in found[kind]
            if constraint.table.name in metadata.tables
        ),
    ]
    return Drift(tuple(problems), tuple(notes))


def _flat(differences: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for difference in differences:
        if isinstance(difference, list):  # the changes of one column come together
            yield from difference
        else:
            yield difference


def _missing_table(connection: Connection, table: Table) -> Difference:
    statement = _one_line(CreateTable(table), connection)
    return Difference(
        f"the table {table.name} is missing", f"run the SQL `{statement}`", upgrade_mends=True, loses_values=True
    )


def _columns(
    connection: Connection, missing: list[tuple[Any, ...]], extra: list[tuple[Any, ...]]
) -> Iterator[Difference]:
    for name in metadata.tables:
        missing_here = {column.name: column for _, _, table, column in missing if table == name}
        extra_here = {column.name: column for _, _, table, column in extra if table == name}
        if not missing_here and not extra_here:
            continue
        for old, new in _renames(name, extra_here, missing_here):
            statement = f"ALTER TABLE {name} RENAME COLUMN {quoted(old, connection)} TO {quoted(new, connection)}"
            yield Difference(
                f"{name} has {old} where {new} is expected", f"run the SQL `{statement}`", upgrade_mends=True
            )
            del missing_here[new], extra_here[old]
        for column in missing_here.values():
            yield _missing_column(connection, name, column)
        for column in extra_here.values():
            # Not a note: publication replaces the rows and knows only its own columns.
            statement = f"ALTER TABLE {name} DROP COLUMN {quoted(column.name, connection)}"
            yield Difference(
                f"{name} has an unexpected column {column.name}, whose values the next publication would lose",
                f"move them to a table of their own, then run the SQL `{statement}`",
                upgrade_mends=False,
            )


def _renames(table: str, extra: dict[str, Column[Any]], missing: dict[str, Column[Any]]) -> list[tuple[str, str]]:
    """(name found, name expected): what a revision renames, then the only two names that are left, if their types
    agree."""
    declared = former_names()
    known = [(old, declared.get(f"{table}.{old}", "").removeprefix(f"{table}.")) for old in extra]
    renames = [(old, new) for old, new in known if new in missing]
    extra_left = [name for name in extra if name not in {old for old, _ in renames}]
    missing_left = [name for name in missing if name not in {new for _, new in renames}]
    if len(extra_left) == 1 and len(missing_left) == 1:
        old, new = extra_left[0], missing_left[0]
        if extra[old].type._type_affinity is missing[new].type._type_affinity:
            renames.append((old, new))
    return renames


def _missing_column(connection: Connection, table: str, column: Column[Any]) -> Difference:
    kind = column.type.compile(dialect=connection.dialect)
    addable = column.nullable and not column.primary_key
    statement = f"ALTER TABLE {table} ADD COLUMN {quoted(column.name, connection)} {kind}"
    return Difference(
        f"{table} lacks the column {column.name} ({kind})",
        f"run the SQL `{statement}`" if addable else REBUILD,
        upgrade_mends=True,
        loses_values=True,
    )


def _changed_columns(
    connection: Connection, types: list[tuple[Any, ...]], nullability: list[tuple[Any, ...]]
) -> Iterator[Difference]:
    for _, _, table, column, _, *kinds in types:
        # As this database spells them: a type of ours may be another one on each.
        found, expected = (kind.compile(dialect=connection.dialect) for kind in kinds)
        yield Difference(f"{table}.{column} is {found} where {expected} is expected", REBUILD, upgrade_mends=False)
    for _, _, table, column, _, found, _ in nullability:
        what = "may be NULL, and should not" if found else "may not be NULL, and should"
        yield Difference(f"{table}.{column} {what}", REBUILD, upgrade_mends=False)


def _primary_keys(inspector: Inspector, tables: list[Table]) -> Iterator[Difference]:
    """Autogenerate does not compare them."""
    constraints = {name: one["constrained_columns"] for (_, name), one in inspector.get_multi_pk_constraint().items()}
    for table in tables:
        found = list(constraints[table.name])
        if found != primary_key(table):
            yield Difference(
                f"the primary key of {table.name} is ({', '.join(found)}), expected ({', '.join(primary_key(table))})",
                REBUILD,
                upgrade_mends=False,
            )


def _missing_indexes(connection: Connection, indexes: list[Index]) -> Iterator[Difference]:
    present = {
        index["name"]
        for table in {index.table.name for index in indexes if index.table is not None}
        for index in inspect(connection).get_indexes(table)
    }
    for index in indexes:
        statement = _one_line(CreateIndex(index), connection)
        table = index.table.name if index.table is not None else ""
        if index.name in present:
            statement = f"DROP INDEX {index.name}; {statement}"
            sentence = f"the index {index.name} on {table} is not what is expected"
        else:
            sentence = f"the index {index.name} on {table} is missing"
        yield Difference(sentence, f"run the SQL `{statement}`", upgrade_mends=True)


def _views(connection: Connection, inspector: Inspector) -> Iterator[Difference]:
    present = inspector.get_view_names()
    for name in VIEWS:
        if name not in present:
            yield Difference(f"the view {name} is missing", f"run the SQL `{_view(name)}`", upgrade_mends=True)
            continue
        try:
            with connection.begin_nested():
                connection.execute(text(f"SELECT * FROM {name} LIMIT 0"))
        except DBAPIError as error:
            yield Difference(
                f"the view {name} cannot be read ({error.orig})",
                f"run the SQL `DROP VIEW {name}; {_view(name)}`",
                upgrade_mends=False,
            )


def _view(name: str) -> str:
    return our_history().statements[Part("view", name, name)]


def quoted(name: str, connection: Connection) -> str:
    """As this database writes it."""
    return connection.dialect.identifier_preparer.quote(name)


def _one_line(statement: Any, connection: Connection) -> str:
    return " ".join(str(statement.compile(dialect=connection.dialect)).split())
