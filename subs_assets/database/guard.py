"""Which statements a migration may execute without an archive: those that are known to add and to take nothing away.

What a statement does is told by the SQLAlchemy construct that it was made from, never guessed from its text: of raw SQL
only the plainest forms are known, and whatever is not known needs an archive.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic.ddl.base import AddColumn
from sqlalchemy import Connection, Executable, Select, inspect, literal, select, table, text
from sqlalchemy.event import listen, remove
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ReleaseSavepointClause, RollbackToSavepointClause, SavepointClause
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate

from subs_assets.database.engine import DatabaseNotReady

VERSION_TABLE = "alembic_version"

ADDITIVE = (CreateTable, CreateIndex, AddConstraint, AddColumn)
SAVEPOINTS = (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)

ADDITIVE_SQL = re.compile(r"\s*CREATE\s+(?:VIEW|(?:UNIQUE\s+)?INDEX)\s[^;]*;?\s*", re.IGNORECASE)
"""One statement: what stands behind a semicolon could be anything."""

READING_SQL = re.compile(r"\s*(?:SELECT\s|PRAGMA\s+(?:\w+\.)?\w+\s*(?:\(\s*[\"'\w]+\s*\))?\s*;?\s*$)", re.IGNORECASE)
"""On SQLite, where a function changes no row and this is how SQLAlchemy reads the schema."""

OF_TRANSACTIONS = re.compile(
    r"\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|PREPARE|SAVEPOINT|RELEASE|ATTACH|DETACH|VACUUM)\b", re.IGNORECASE
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


class EndsTransaction(DatabaseNotReady):
    """A migration tried to end the transaction in which all of it runs."""

    def __init__(self, statement: str) -> None:
        super().__init__(
            f"a revision says `{statement}`: all revisions of an upgrade are one transaction, so that the database is "
            "upgraded or as it was; take this out of the revision"
        )


@contextmanager
def guarded(connection: Connection, is_archived: bool = False, heard: Heard | None = None) -> Iterator[None]:
    """Within the block, execute on ``connection``, which is in a transaction, what is additive; the rest only in a
    database without a row, or where ``is_archived`` says that an archive stands for the data.

    Raises:
        NeedsArchive, EndsTransaction: instead of executing such a statement.
    """
    gate = _Gate(connection, is_archived, heard)
    listen(connection, "before_cursor_execute", gate.before_statement)
    listen(connection, "commit", gate.before_commit)
    try:
        yield
    finally:
        remove(connection, "before_cursor_execute", gate.before_statement)
        remove(connection, "commit", gate.before_commit)


class _Gate:
    def __init__(self, connection: Connection, is_archived: bool, heard: Heard | None) -> None:
        self._connection = connection
        self._heard = heard
        self._is_open = is_archived
        self._is_asking = False

    def before_statement(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if self._is_asking:
            return
        construct = context.compiled.statement if context.compiled is not None else text(statement)
        line = " ".join(statement.split())
        if isinstance(construct, SAVEPOINTS):
            return
        if OF_TRANSACTIONS.match(statement):
            raise EndsTransaction(line)
        if reads(construct, connection.dialect.name) or keeps_revision(construct):
            return
        is_additive = adds(construct)
        if self._heard is not None:
            self._heard(line, is_additive)
        if not is_additive and not self._may_lose():
            raise NeedsArchive(line)

    def before_commit(self, connection: Connection) -> None:
        # SQLAlchemy takes its transaction for ended, and would not roll it back any more.
        connection.connection.rollback()
        raise EndsTransaction("COMMIT")

    def _may_lose(self) -> bool:
        if not self._is_open:
            self._is_asking = True
            try:
                self._is_open = not has_rows(self._connection)
            finally:
                self._is_asking = False
        return self._is_open


def adds(construct: Executable) -> bool:
    """Whether executing it leaves all that is there as it is."""
    raw = _raw_sql(construct)
    return isinstance(construct, ADDITIVE) if raw is None else ADDITIVE_SQL.fullmatch(raw) is not None


def reads(construct: Executable, dialect: str) -> bool:
    """Whether executing it changes nothing."""
    raw = _raw_sql(construct)
    if raw is not None:
        return dialect == "sqlite" and READING_SQL.match(raw) is not None
    return isinstance(construct, SelectBase) and not any(isinstance(part, UpdateBase) for part in iterate(construct))


def keeps_revision(construct: Executable) -> bool:
    """Whether it is Alembic's own note of the revision."""
    return isinstance(construct, UpdateBase) and getattr(construct.table, "name", None) == VERSION_TABLE


def has_rows(connection: Connection) -> bool:
    """Whether any table but Alembic's has a row. On PostgreSQL nobody can add one until the transaction ends."""
    names = [name for name in inspect(connection).get_table_names() if name != VERSION_TABLE]
    if names and connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        connection.execute(text(f"LOCK TABLE {', '.join(map(quote, names))} IN ACCESS EXCLUSIVE MODE"))
    return any(connection.scalar(_any_row(name)) is not None for name in names)


def _any_row(name: str) -> Select[int]:
    return select(literal(1)).select_from(table(name)).limit(1)


def _raw_sql(construct: Executable) -> str | None:
    """The text of what was written as text, in ``text`` or in ``DDL``."""
    for attribute in ("text", "statement"):
        found = getattr(construct, attribute, None)
        if isinstance(found, str):
            return found
    return None
