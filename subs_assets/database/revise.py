"""Writes the revision that brings the newest schema to what ``tables.py`` says.

Autogenerate takes a thing under a new name for one lost and another added. So nothing is dropped here unless a person
said that it is meant, and a rename is the database's own. How the module is worded is ``revision_source.py``'s.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Dialect, Engine, MetaData, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from subs_assets.database.declarations import Declarations
from subs_assets.database.engine import open_engine, reason_of
from subs_assets.database.frames import primary_key
from subs_assets.database.migrate import alembic_config, upgrade
from subs_assets.database.revision_source import LINE, module_source
from subs_assets.database.tables import metadata
from subs_assets.settings import sqlite_url

SLUG_LENGTH = 40

BY_HAND = "SQLite cannot do that in place, so write the revision by hand (docs/database.md, Add a column or a table)"

DIALECTS: tuple[Dialect, ...] = (sqlite.dialect(), postgresql.dialect())


class RevisionRefused(ValueError):
    """No revision is written; the message says why, and what to say or to do instead."""


def meant(renames: Iterable[str], drops: Iterable[str]) -> Declarations:
    """What a person says of a change: ``OLD=NEW`` of each rename, the name of each drop.

    Raises RevisionRefused where a rename is not of that form, or gives one name to two things.
    """
    pairs: dict[str, str] = {}
    for rename in renames:
        old, _, new = rename.partition("=")
        if not (old and new) or old in pairs or new in pairs.values():
            raise RevisionRefused(
                f"--rename {rename} is not understood: write --rename table.old=table.new for a column or "
                "--rename old_table=new_table for a table, and each name once"
            )
        pairs[old] = new
    return Declarations(pairs, frozenset(drops), frozenset())


def write_revision(message: str, annotated: Declarations, target: MetaData = metadata) -> Path | None:
    """Write the next revision beside those that are there; None where there is nothing to do.

    Raises RevisionRefused where something would be lost that nobody said is meant, where what was said fits nothing,
    and where SQLite has no ALTER TABLE for it. No database is touched but a scratch one.
    """
    slug = _slug(message)
    script = ScriptDirectory.from_config(alembic_config())
    heads = script.get_heads()
    if len(heads) > 1:
        raise RevisionRefused(
            f"the revisions {' and '.join(heads)} are both the newest: let one follow the other by its down_revision"
        )
    revision = f"{int(heads[0]) + 1:04}"
    with TemporaryDirectory(prefix="subs-revision-") as folder:
        url = sqlite_url(Path(folder) / "scratch.db")
        upgrade(url)
        scratch = open_engine(url)
        try:
            source = revision_source(scratch, target, message, annotated, revision, heads[0])
        finally:
            scratch.dispose()
    if source is None:
        return None
    file = Path(script.versions) / f"revision_{revision}_{slug}.py"
    file.write_text(source, encoding="utf-8", newline="\n")
    return file


def revision_source(
    scratch: Engine, target: MetaData, message: str, annotated: Declarations, revision: str, down_revision: str
) -> str | None:
    """The text of the revision that brings a database like ``scratch`` to ``target``; None where it is so already.

    ``scratch`` is a migrated SQLite database without rows, and stays as it is. Raises as ``write_revision``.
    """
    with scratch.connect() as connection:
        renames = _rename(connection, target, annotated)
        changes = _changes(connection, target, annotated)
        refusals = [*_losses(changes, annotated, message), *_done_by_hand(connection, target, changes, annotated)]
        connection.rollback()
    if refusals:
        raise RevisionRefused("\n".join(refusals))
    if not renames and not changes.operations:
        return None
    constants = {
        "RENAMES": dict(annotated.renames),
        "DROPS": tuple(sorted(annotated.drops | changes.indexes_going_along())),
    }
    source = module_source(
        message,
        revision,
        down_revision,
        {name: value for name, value in constants.items() if value},
        [f"op.execute({statement!r})" for statement in renames] + [*map(_rendered, changes.operations)],
    )
    with scratch.connect() as connection:
        _try(connection, source, target)
        connection.rollback()
    return source


@dataclass(frozen=True)
class _Changes:
    """What autogenerate finds between a database and the tables; what goes has the name of before the renames."""

    operations: tuple[ops.MigrateOperation, ...]
    dropped: dict[str, ops.MigrateOperation]
    added: dict[str, ops.MigrateOperation]

    def new_names(self, old: str) -> list[str]:
        """What a dropped thing could be called now: a new table, or a column that its table gains."""
        match self.dropped.get(old):
            case ops.DropTableOp():
                return [new for new, gained in self.added.items() if isinstance(gained, ops.CreateTableOp)]
            case ops.DropColumnOp(table_name=table):
                columns = {new: gained for new, gained in self.added.items() if isinstance(gained, ops.AddColumnOp)}
                return [new for new, gained in columns.items() if gained.table_name == table]
        return []

    def indexes_going_along(self) -> set[str]:
        """Dropped indexes that need no word of their own: of a dropped column, or made again in another form."""
        made = [operation for operation in self.operations if isinstance(operation, ops.CreateIndexOp)]
        lost = {
            (operation.table_name, operation.column_name)
            for operation in self.operations
            if isinstance(operation, ops.DropColumnOp)
        }
        return {
            name
            for name, index in self.dropped.items()
            if isinstance(index, ops.DropIndexOp)
            and (
                any((index.table_name, column) in lost for column in _columns(index))
                or any(
                    other.table_name == index.table_name
                    and (other.index_name == name or _columns(other) == _columns(index))
                    for other in made
                )
            )
        }


def _changes(connection: Connection, target: MetaData, annotated: Declarations) -> _Changes:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = [*_flat(produce_migrations(context, target).upgrade_ops)]
    tables_going = {operation.table_name for operation in found if isinstance(operation, ops.DropTableOp)}
    operations = tuple(
        operation
        for operation in found
        if not (isinstance(operation, ops.DropIndexOp) and operation.table_name in tables_going)  # goes with its table
    )
    former = {new: old for old, new in annotated.renames.items()}
    dropped: dict[str, ops.MigrateOperation] = {}
    added: dict[str, ops.MigrateOperation] = {}
    for operation in operations:
        match operation:
            case ops.DropTableOp(table_name=table):
                dropped[table] = operation
            case ops.DropColumnOp(table_name=table, column_name=column):
                dropped[f"{former.get(table, table)}.{column}"] = operation
            case ops.DropIndexOp(index_name=index):
                dropped[str(index)] = operation
            case ops.CreateTableOp(table_name=table):
                added[table] = operation
            case ops.AddColumnOp(table_name=table, column=column):
                added[f"{table}.{column.name}"] = operation
    return _Changes(operations, dropped, added)


def _flat(container: Any) -> Iterator[ops.MigrateOperation]:
    for operation in container.ops:
        if isinstance(operation, ops.ModifyTableOps):
            yield from _flat(operation)
        else:
            yield operation


def _columns(index: ops.CreateIndexOp | ops.DropIndexOp) -> list[str]:
    return [column.name for column in index.to_index().columns]


def _rename(connection: Connection, target: MetaData, annotated: Declarations) -> list[str]:
    """Carry out the renames that a person annotated, so that autogenerate sees none of them; returns the statements.

    Tables come first: the columns of one that is called otherwise cannot be compared before.
    """
    statements = []
    for of_columns in (False, True):
        changes = _changes(connection, target, annotated)
        for old, new in annotated.renames.items():
            if ("." in old) != of_columns:
                continue
            if new not in changes.new_names(old):
                dropped = [name for name, lost in changes.dropped.items() if not isinstance(lost, ops.DropIndexOp)]
                raise RevisionRefused(
                    f"--rename {old}={new} fits nothing; dropped: {_listed(dropped)}; added: {_listed(changes.added)}"
                )
            table, _, column = new.partition(".")
            statement = f"ALTER TABLE {_quoted(old)} RENAME TO {_quoted(new)}"
            if of_columns:
                found = old.partition(".")[2]
                statement = f"ALTER TABLE {_quoted(table)} RENAME COLUMN {_quoted(found)} TO {_quoted(column)}"
            connection.exec_driver_sql(statement)
            statements.append(statement)
    return statements


def _losses(changes: _Changes, annotated: Declarations, message: str) -> Iterator[str]:
    """What would be lost unmeant, and what was said to be meant and is not there."""
    for name in sorted(annotated.drops - set(changes.dropped)):
        yield f"--drop {name} fits nothing; dropped: {_listed(changes.dropped)}"
    command = " ".join(
        [
            f'subs db revision "{message}"',
            *(f"--rename {old}={new}" for old, new in annotated.renames.items()),
            *(f"--drop {name}" for name in sorted(annotated.drops)),
        ]
    )
    for name, operation in changes.dropped.items():
        if name in annotated.drops or name in changes.indexes_going_along():
            continue
        drop = f"`{command} --drop {name}`"
        if isinstance(operation, ops.DropIndexOp):
            yield f"the index {name} would be dropped: if that is meant, {drop}"
        elif gained := changes.new_names(name):
            rename = " or ".join(f"`{command} --rename {name}={new}`" for new in gained)
            yield (
                f"{name} would be dropped and {_listed(gained)} added, and no value would pass over: if it is only "
                f"called otherwise now, {rename}; if its values are meant to go, {drop}"
            )
        else:
            yield f"{name} would be dropped with all its values: if that is meant, {drop}"


def _done_by_hand(
    connection: Connection, target: MetaData, changes: _Changes, annotated: Declarations
) -> Iterator[str]:
    """What no statement of this command's does."""
    # Asked about by ``_losses``; under a new name it has its values.
    perhaps_renamed = {new for old in changes.dropped if old not in annotated.drops for new in changes.new_names(old)}
    for operation in changes.operations:
        match operation:
            case ops.AddColumnOp(table_name=table, column=column):
                name = f"{table}.{column.name}"
                if not column.nullable and column.server_default is None and name not in perhaps_renamed:
                    yield (
                        f"{name} may not be NULL, and the rows that are there have no value for it: let "
                        "it be NULL in tables.py, or give it a server_default"
                    )
            case ops.AlterColumnOp(table_name=table, column_name=column):
                if (expected := operation.modify_type) is not None:
                    yield f"{table}.{column} is {operation.existing_type} where {expected} is expected: {BY_HAND}"
                if (nullable := operation.modify_nullable) is not None:
                    yield f"{table}.{column} {'shall' if nullable else 'may not'} be NULL: {BY_HAND}"
            case ops.AddConstraintOp() | ops.DropConstraintOp():
                name = getattr(operation, "constraint_name", None) or "without a name"
                yield f"a constraint of a table that is there changes ({name}): {BY_HAND}"
    yield from _changed_keys(connection, target)


def _changed_keys(connection: Connection, target: MetaData) -> Iterator[str]:
    """Autogenerate does not compare them."""
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    for table in target.sorted_tables:
        expected = primary_key(table)
        if (
            table.name in present
            and (found := inspector.get_pk_constraint(table.name)["constrained_columns"]) != expected
        ):
            yield (
                f"the primary key of {table.name} is ({', '.join(found)}) where ({', '.join(expected)}) is expected: "
                f"{BY_HAND}"
            )


def _rendered(operation: ops.MigrateOperation) -> str:
    """The one Python expression that Alembic writes for it."""
    code = render_python_code(ops.UpgradeOps(ops=[operation]))
    [block] = ast.parse(f"if True:\n    {code}").body
    [statement] = block.body  # type: ignore[attr-defined]
    return ast.unparse(statement)


def _try(connection: Connection, source: str, target: MetaData) -> None:
    """Run the revision's own text. Raises RevisionRefused where it fails, or does not bring the tables about."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "the new revision", "exec"), namespace)
    try:
        with Operations.context(MigrationContext.configure(connection)):
            namespace["upgrade"]()
    except DBAPIError as error:
        raise RevisionRefused(f"the revision would fail ({reason_of(error)}): {BY_HAND}") from error
    if left := _changes(connection, target, Declarations({}, frozenset(), frozenset())).operations:
        raise RevisionRefused(f"the revision would leave this undone: {'; '.join(map(_rendered, left))}: {BY_HAND}")


def _slug(message: str) -> str:
    """The message in a file's name. Raises RevisionRefused of one that cannot stand in the module's first line."""
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:SLUG_LENGTH].strip("_")
    if not slug or not message.isprintable() or set(message) & set('"\\') or len(message) > LINE - len('""""""'):
        raise RevisionRefused(
            f"the message {message!r} cannot be a revision's first line: one short line that says what it does, "
            'without " and \\, and with a latin letter or a digit'
        )
    return slug


def _quoted(name: str) -> str:
    """In quotation marks where either database needs them."""
    return max((dialect.identifier_preparer.quote(name) for dialect in DIALECTS), key=len)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
