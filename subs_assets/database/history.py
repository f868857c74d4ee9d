"""What a database has at each revision, found by running the revisions on an empty one in memory; what a database that
has something else is told is ``check.py``'s."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from subs_assets.database import migrate

BASE = "base"
"""Before the first revision, as Alembic calls it: nothing of ours is there."""


class Part(NamedTuple):
    """A table, column, index or view; ``table`` is the one that it belongs to, or its own name."""

    kind: str
    table: str
    name: str

    def __str__(self) -> str:
        where = {"column": f" of {self.table}", "index": f" on {self.table}"}.get(self.kind, "")
        return f"the {self.kind} {self.name}{where}"


@dataclass(frozen=True)
class History:
    """Every revision, oldest first and after BASE, and what a database at it has."""

    parts: Mapping[str, frozenset[Part]]
    statements: Mapping[Part, str]
    """The SQL of indexes and views, which is the same on every database."""

    @property
    def known(self) -> frozenset[Part]:
        """Whatever a revision ever made; all else in a database is somebody's own."""
        return frozenset().union(*self.parts.values())

    def at(self, found: frozenset[Part], said: Iterable[str]) -> str | None:
        """The one revision that leaves exactly what was found, whatever the database says; where several leave the
        same, the one that it says. None: there is none, or it cannot be told."""
        ours = found & self.known
        fitting = [revision for revision, parts in self.parts.items() if parts == ours]
        claimed = [revision for revision in fitting if revision in set(said)]
        candidates = claimed or fitting
        return candidates[0] if len(candidates) == 1 else None

    def between(self, one: str, other: str) -> list[str]:
        """The revisions after the older of two and up to the newer, oldest first."""
        order = list(self.parts)
        first, last = sorted((order.index(one), order.index(other)))
        return order[first + 1 : last + 1]

    def newest(self, revisions: Iterable[str]) -> str:
        return max(revisions, key=list(self.parts).index)

    def maker(self, part: Part) -> str:
        """The revision that made a part, the first where several did."""
        return next(revision for revision, parts in self.parts.items() if part in parts)


def our_history() -> History:
    """``history_of`` this package's revisions."""
    return history_of(migrate.revisions())


def history_of(script: ScriptDirectory) -> History:
    """Run every revision on an empty SQLite database in memory, which takes a tenth of a second.

    Not while another thread migrates: Alembic's ``op`` is one for the whole process.
    """
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        parts = {BASE: frozenset[Part](), **dict(_steps(connection, script))}
        every = frozenset().union(*parts.values())
        sql = connection.execute(text("SELECT type, tbl_name, name, sql FROM sqlite_master"))
        statements = {Part(kind, table, name): " ".join((said or "").split()) for kind, table, name, said in sql}
    engine.dispose()
    return History(
        parts, {part: said for part, said in statements.items() if part in every and part.kind in ("index", "view")}
    )


def _steps(connection: Connection, script: ScriptDirectory) -> Iterator[tuple[str, frozenset[Part]]]:
    # Not through env.py: it would open the database of the environment.
    with Operations.context(MigrationContext.configure(connection)):
        for revision in reversed(list(script.walk_revisions())):
            revision.module.upgrade()
            yield revision.revision, parts_of(connection)


def parts_of(connection: Connection) -> frozenset[Part]:
    """All tables, columns, indexes and views of a database, Alembic's own table apart."""
    inspector = inspect(connection)
    columns = inspector.get_multi_columns()
    tables = {table for _, table in columns} - {"alembic_version"}
    return frozenset(
        (
            *(Part("table", table, table) for table in tables),
            *(Part("column", table, one["name"]) for (_, table), all_ in columns.items() for one in all_),
            *(
                Part("index", table, one["name"] or "")
                for (_, table), all_ in inspector.get_multi_indexes().items()
                for one in all_
            ),
            *(Part("view", view, view) for view in inspector.get_view_names()),
        )
    )


def outermost(parts: Iterable[Part]) -> list[Part]:
    """In a stable order, without the columns and indexes of tables that are among the parts themselves."""
    tables = {part.table for part in parts if part.kind == "table"}
    return sorted(part for part in parts if part.kind == "table" or part.table not in tables)
