"""Which statements a migration may execute without an archive: those that are known to add and to take nothing away.

What a statement does is told by the SQLAlchemy construct that it was made from, never guessed from its text: of raw SQL
only the plainest forms are known, and whatever is not known needs an archive.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic.ddl.base import AddColumn
from sqlalchemy import CheckConstraint, Connection, Executable, Select, inspect, literal, select, table, text
from sqlalchemy.event import listen, remove
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DefaultClause
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import (
    ColumnClause,
    ReleaseSavepointClause,
    RollbackToSavepointClause,
    SavepointClause,
    TextClause,
)
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate

from subs_assets.database.engine import DatabaseNotReady
from subs_assets.settings import CONTROL_SCHEMA

VERSION_TABLE = "alembic_version"

SAVEPOINTS = (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)

ADDITIVE_SQL = re.compile(r"\s*CREATE\s+(?:VIEW|(?:UNIQUE\s+)?INDEX)\s.*", re.IGNORECASE | re.DOTALL)

LITERAL = re.compile(r"\s*(?:[-+]?[\d.]+|'[^']*'|true|false|null|current_timestamp)\s*", re.IGNORECASE)
"""A default that changes nothing when it is worked out; a function could do anything."""

QUOTED = re.compile(r"'(?:[^']|'')*'" r'|"(?:[^"]|"")*"')

SEVERAL_OR_HIDDEN = re.compile(r";\s*\S|--|/\*|\$")
"""Outside of quotes: a second statement, which PostgreSQL executes too, or a place to hide one."""

READING_SQL = re.compile(
    r"\s*(?:SELECT\s|PRAGMA\s+(?:\w+\.)?(?:table_x?info|table_list|index_list|index_x?info|foreign_key_list"
    r"|database_list)\b)",
    re.IGNORECASE,
)
"""On SQLite, where a function changes no row and this is how SQLAlchemy reads the schema."""

READING_FUNCTION = re.compile(
    r"pg_get_\w+|pg_\w+_is_visible|format_type|generate_subscripts|unnest|array_agg|json_build_object|bool_and|min|max"
    r"|count|sum|coalesce|current_setting|current_schema",
    re.IGNORECASE,
)
"""On PostgreSQL, where a function can do anything: those by which SQLAlchemy reads the schema, and a few plain ones."""

OF_TRANSACTIONS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|PREPARE|SAVEPOINT|RELEASE|ATTACH|DETACH|VACUUM)\b",
    re.IGNORECASE | re.DOTALL,
)

Heard = Callable[[str, bool], None]
"""Called with each statement that changes something, in a line, and whether it is additive; before it is executed."""


class NeedsArchive(DatabaseNotReady):
    """A statement that is not known to be additive was not executed; ``statement`` is it, in a line."""

    def __init__(self, statement: str) -> None:
        super().__init__(
            f"`{statement}` is not known to only add, so an archive that equals the data has to come first; "
            "`subs db upgrade` makes it, and rehearses the migration on a copy (`subs db plan` shows that alone)"
        )
        self.statement = statement


class NotForRevisions(DatabaseNotReady):
    """A statement that no revision may execute, whatever stands for the data; the message says which and why."""

    def __init__(self, statement: str, reason: str) -> None:
        super().__init__(f"a revision says `{statement}`: {reason}; take this out of the revision")


ONE_TRANSACTION = "all revisions of an upgrade are one transaction, so that the database is upgraded or as it was"


@contextmanager
def guarded(connection: Connection, is_archived: bool = False, heard: Heard | None = None) -> Iterator[None]:
    """Within the block, execute on ``connection``, which is in a transaction, what is additive; the rest only in a
    database without a row, or where ``is_archived`` says that an archive stands for the data.

    Raises:
        NeedsArchive, NotForRevisions: instead of executing such a statement, and again at the end of the block, for a
            revision may have caught it.
    """
    gate = _Gate(connection, is_archived, heard)
    listen(connection, "before_cursor_execute", gate.before_statement)
    listen(connection, "commit", gate.before_commit)
    try:
        yield
    finally:
        remove(connection, "before_cursor_execute", gate.before_statement)
        remove(connection, "commit", gate.before_commit)
    gate.refuse_again()


class _Gate:
    def __init__(self, connection: Connection, is_archived: bool, heard: Heard | None) -> None:
        self._connection = connection
        self._heard = heard
        self._is_open = is_archived or is_new(connection)
        self._is_asking = False
        self._refusal: DatabaseNotReady | None = None

    def before_statement(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if self._is_asking:
            return
        self.refuse_again()
        construct = context.compiled.statement if context.compiled is not None else text(statement)
        if isinstance(construct, SAVEPOINTS):
            return
        line = " ".join(statement.split())
        if OF_TRANSACTIONS.match(statement):
            self._refuse(NotForRevisions(line, ONE_TRANSACTION))
        if reads(construct, connection.dialect.name) or keeps_revision(construct):
            return
        if CONTROL_SCHEMA in statement.lower():
            self._refuse(NotForRevisions(line, "the control state is none of the warehouse, and keeps decisions"))
        is_additive = adds(construct, statement)
        if self._heard is not None:
            self._heard(line, is_additive)
        if not is_additive and not self._may_lose():
            self._refuse(NeedsArchive(line))

    def before_commit(self, connection: Connection) -> None:
        # SQLAlchemy takes its transaction for ended, and would not roll it back any more.
        connection.connection.rollback()
        self._refuse(NotForRevisions("COMMIT", ONE_TRANSACTION))

    def refuse_again(self) -> None:
        if self._refusal is not None:
            raise self._refusal

    def _refuse(self, refusal: DatabaseNotReady) -> None:
        self._refusal = refusal
        raise refusal

    def _may_lose(self) -> bool:
        if not self._is_open:
            self._is_asking = True
            try:
                self._is_open = not has_rows(self._connection)
            finally:
                self._is_asking = False
        return self._is_open


def adds(construct: Executable, statement: str) -> bool:
    """Whether executing it, as the text that it was turned into, leaves all that is there as it is."""
    if "\\" in statement or SEVERAL_OR_HIDDEN.search(QUOTED.sub("''", statement)):
        return False
    if (raw := _raw_sql(construct)) is not None:
        return ADDITIVE_SQL.fullmatch(raw) is not None
    if isinstance(construct, CreateTable):
        return not construct.element._prefixes  # a temporary table would stand before another of its name
    if isinstance(construct, AddConstraint):
        return not isinstance(construct.element, CheckConstraint)  # it is worked out for each row
    if isinstance(construct, AddColumn):
        column = construct.column
        return not column.constraints and _is_literal(column.server_default)
    return isinstance(construct, CreateIndex)


def _is_literal(default: object) -> bool:
    if not isinstance(default, DefaultClause):
        return default is None
    return isinstance(default.arg, str) or LITERAL.fullmatch(str(default.arg)) is not None


def reads(construct: Executable, dialect: str) -> bool:
    """Whether executing it changes nothing."""
    raw = _raw_sql(construct)
    if raw is not None:
        return dialect == "sqlite" and READING_SQL.match(raw) is not None
    return isinstance(construct, SelectBase) and all(_only_reads(part, dialect) for part in iterate(construct))


def _only_reads(part: object, dialect: str) -> bool:
    if isinstance(part, UpdateBase):
        return False
    if dialect == "sqlite":
        return True
    if isinstance(part, FunctionElement):
        return READING_FUNCTION.fullmatch(part.name) is not None
    return not isinstance(part, TextClause) and not (isinstance(part, ColumnClause) and part.is_literal)


def keeps_revision(construct: Executable) -> bool:
    """Whether it is Alembic's own note of the revision."""
    return isinstance(construct, UpdateBase) and getattr(construct.table, "name", None) == VERSION_TABLE


def is_new(connection: Connection) -> bool:
    """Whether there is no table but Alembic's where the revisions work, whatever others have beside it."""
    return not set(inspect(connection).get_table_names()) - {VERSION_TABLE}


def has_rows(connection: Connection) -> bool:
    """Whether any table but Alembic's and the control state's has a row. On PostgreSQL nobody can add one until the
    transaction ends.
    """
    names = _tables(connection)
    if names and connection.dialect.name == "postgresql":
        # By the driver, which leaves a per cent sign in a name as it is.
        quoted = (".".join('"' + part.replace('"', '""') + '"' for part in name) for name in names)
        connection.connection.cursor().execute(f"LOCK TABLE {', '.join(quoted)} IN ACCESS EXCLUSIVE MODE")
    return any(connection.scalar(_any_row(*name)) is not None for name in names)


def _tables(connection: Connection) -> list[tuple[str, str]]:
    """(schema, name) of the tables that the database's URL stands for."""
    inspector = inspect(connection)
    own = inspector.default_schema_name or "main"
    schemas = [own]
    if connection.dialect.name == "postgresql" and "search_path" not in str(connection.engine.url.query):
        schemas = [name for name in inspector.get_schema_names() if name not in ("information_schema", CONTROL_SCHEMA)]
    return [(schema, name) for schema in schemas for name in inspector.get_table_names(schema) if name != VERSION_TABLE]


def _any_row(schema: str, name: str) -> Select[int]:
    return select(literal(1)).select_from(table(name, schema=schema)).limit(1)


def _raw_sql(construct: Executable) -> str | None:
    """The text of what was written as text, in ``text`` or in ``DDL``."""
    for attribute in ("text", "statement"):
        found = getattr(construct, attribute, None)
        if isinstance(found, str):
            return found
    return None
