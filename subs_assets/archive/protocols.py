"""What the archive asks of any kind of database: to be read, filled, emptied and migrated; which kinds there are
is not known here.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import Connection

from subs_assets.archive.manifest import ColumnEntry, DatabaseEntry, TableDigest, TableEntry

Progress = Callable[[str, str, int], None]
"""Called with the database's name, the table's and how many of its rows are done: now and then, and at its end."""


Object = tuple[str, str, str]
"""The kind, the name, and the table of what is no table itself."""

ColumnFacts = Mapping[str, str]
"""NOT NULL, DEFAULT, COLLATE ... of a column and what stands behind each; what is not said of it is left out."""


class SequenceState(NamedTuple):
    """A sequence: its name as the archive says it, where it stands, and the (table, column) that it belongs to."""

    name: str
    value: object
    owner: tuple[str, str] | None


class Table(Protocol):
    """A table that has rows of its own."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["table", "shadow", "sequences", "statistics"]: ...
    @property
    def columns(self) -> tuple[ColumnEntry, ...]: ...
    @property
    def rowid_key(self) -> str | None: ...


class Source(Protocol):
    """One consistent state of a database."""

    @property
    def tables(self) -> Sequence[Table]: ...
    @property
    def not_represented(self) -> tuple[str, ...]:
        """What an archive of this database would lack, a sentence each."""

    @property
    def size(self) -> int:
        """Bytes that its tables take on its own disk. In an archive they take less: about a fifth, measured; a third
        more only where they are nothing but random bytes.
        """

    def lines(self, table: Any, keys: Mapping[str, str] | None = None) -> Generator[bytes]:
        """The rows of one of ``tables`` in their order, each as its line of JSON with a line feed. ``keys``: column ->
        its key there, for these columns only and in this order; by default all that are stored, by their names.
        """

    def digests(self) -> dict[str, TableDigest]:
        """table -> (rows, SHA-256 of its lines)."""

    def describe(self) -> DatabaseEntry:
        """What the manifest says of the database; asked for after the rows."""


class Target(Protocol):
    """An empty database that is being filled, and is as it was unless ``publish`` was reached."""

    @property
    def broken(self) -> Sequence[str]:
        """Constraints that archived rows break and that were made without checking them, a sentence each."""

    def create_tables(self, tables: Sequence[TableEntry]) -> None: ...
    def load(self, table: TableEntry, lines: Iterable[bytes]) -> None: ...
    def finish(self, sequences: Iterable[tuple[TableEntry, Iterable[bytes]]]) -> None:
        """Make what follows the rows, and compare the schema with what was archived. Raises RestoreRefused."""

    def digests(self) -> dict[str, TableDigest]: ...
    def publish(self) -> None: ...


class Wipe(Protocol):
    """A database that nobody else can write to; what ``wipe`` deletes is gone only with ``commit``."""

    def differences(self, entry: DatabaseEntry, archived: dict[str, TableDigest]) -> list[str]: ...
    def wipe(self) -> dict[str, int]: ...
    def commit(self) -> None: ...


class Migration(Protocol):
    """A database that nobody else can write to, in a transaction; what ``connection`` executes is there for good only
    with ``commit``.
    """

    @property
    def connection(self) -> Connection: ...
    def differences(self, entry: DatabaseEntry, archived: dict[str, TableDigest]) -> list[str]: ...
    def reading(self) -> AbstractContextManager[Source]:
        """The database as its transaction sees it now."""

    def objects(self) -> dict[Object, frozenset[str]]:
        """All that is no table and can be used (indexes, views, triggers ...), and the statements that make it."""

    def columns(self) -> dict[tuple[str, str], ColumnFacts]:
        """(table, column) -> what is said of it beside its name and its type."""

    def sequences(self) -> dict[str, SequenceState]:
        """The sequences that are not in a table, by their quoted names."""

    def broken_keys(self) -> dict[tuple[str, str], int]:
        """(table, parent) -> rows whose foreign key leads to no row."""

    def commit(self) -> None: ...
