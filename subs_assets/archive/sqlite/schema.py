"""What an SQLite database consists of, asked of the database itself: its tables, DDL and settings; no row is read
here.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from subs_assets.archive.errors import UnreadableDatabase
from subs_assets.archive.manifest import ColumnEntry, ForeignKeyViolations, SchemaObject
from subs_assets.archive.values import TEXT_FORMS, TextForm

OLDEST_SQLITE = (3, 37)  # the first with PRAGMA table_list, which tells WITHOUT ROWID and shadow tables apart

# https://www.sqlite.org/vtab.html#the_xshadowname_method and the modules that SQLite's own source ships.
MODULES_WITH_SHADOW_TABLES = frozenset({"fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"})
MODULES_WITHOUT_OWN_ROWS = frozenset({"fts5vocab", "fts4aux", "fts3tokenize", "dbstat", "sqlite_dbpage"})

_ROWID_NAMES = ("rowid", "_rowid_", "oid")
_DDL_ORDER = ("table", "virtual table", "index", "view", "trigger")
_GENERATED: dict[int, Literal["virtual", "stored"]] = {2: "virtual", 3: "stored"}  # PRAGMA table_xinfo, column "hidden"


@dataclass(frozen=True)
class SqliteTable:
    """A table that has rows of its own. ``rowid_name`` is a name under which its hidden rowid can be read, if it has
    one.
    """

    name: str
    kind: Literal["table", "shadow", "sequences", "statistics"]
    columns: tuple[ColumnEntry, ...]
    rowid_name: str | None
    rowid_key: str | None
    order: str  # what stands behind ORDER BY; "" where the order of storage has to do

    @property
    def stored_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.generated is None)

    def of_columns(self, names: Iterable[str]) -> "SqliteTable":
        """The same rows, with these columns only, in this order."""
        columns = {column.name: column for column in self.columns}
        return replace(self, columns=tuple(columns[name] for name in names))

    @property
    def row_keys(self) -> tuple[str, ...]:
        return self.stored_columns if self.rowid_key is None else (self.rowid_key, *self.stored_columns)

    @property
    def row_expressions(self) -> tuple[str, ...]:
        """SQL for each of the row's keys."""
        columns = tuple(quote(column) for column in self.stored_columns)
        return columns if self.rowid_key is None else (str(self.rowid_name), *columns)


@dataclass(frozen=True)
class SqliteSchema:
    """The whole of it; ``not_represented`` says, a sentence each, what an archive of this database would lack."""

    tables: tuple[SqliteTable, ...]
    ddl: tuple[SchemaObject, ...]
    text: TextForm
    not_represented: tuple[str, ...]


def quote(name: str) -> str:
    """A name as an SQL identifier."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def rowid_name(columns: Iterable[str]) -> str | None:
    """A name under which a table's hidden rowid can be read and set: one that no column of its own has."""
    taken = {column.lower() for column in columns}
    return next((name for name in _ROWID_NAMES if name not in taken), None)


def read_text_as_it_is(connection: sqlite3.Connection) -> None:
    """Let the connection hand out text that is not UTF-8, instead of raising in the middle of a table."""
    # functools.partial(str, ...) is slower than this, measured: 2.0 s against 1.7 s per million rows of ten columns.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")


def read_schema(connection: sqlite3.Connection) -> SqliteSchema:
    """Read the schema within the connection's transaction; the connection must have had ``read_text_as_it_is``.

    Raises:
        UnreadableDatabase: SQLite is too old, or a name is no text.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(str(part) for part in OLDEST_SQLITE)
        raise UnreadableDatabase(
            f"this Python has SQLite {sqlite3.sqlite_version}; an archive needs {wanted} or newer: use a newer Python"
        )
    objects = connection.execute(
        "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master ORDER BY rowid"
    ).fetchall()
    kinds = {
        name: (kind, bool(without_rowid))
        for name, kind, without_rowid in connection.execute(
            "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'"
        )
    }
    tables: list[SqliteTable] = []
    ddl: list[SchemaObject] = []
    problems: list[str] = []
    for kind, name, table, rootpage, sql in objects:
        for text in (name, table, sql or ""):
            _refuse_undecodable(text)
        is_virtual = kind == "table" and not rootpage
        if kind == "table" and not is_virtual:
            listed_kind, without_rowid = kinds[name]
            tables.append(_read_table(connection, name, listed_kind == "shadow", without_rowid, problems))
        if is_virtual:
            problems.extend(_virtual_table_problem(name, sql))
        if sql is not None and not _is_internal(name):
            ddl.append(SchemaObject(kind="virtual table" if is_virtual else kind, name=name, table=table, sql=sql))
    ddl.sort(key=lambda statement: _DDL_ORDER.index(statement.kind))
    problems.extend(_definition_problems(ddl))
    encoding = connection.execute("PRAGMA encoding").fetchone()[0]
    return SqliteSchema(tuple(tables), tuple(ddl), TEXT_FORMS[encoding], tuple(problems))


def read_settings(connection: sqlite3.Connection) -> dict[str, int | str]:
    """What belongs to the file rather than to a table, and is set again by a restore."""
    names = ("encoding", "page_size", "auto_vacuum", "user_version", "application_id", "journal_mode")
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


def read_snapshot_identity(connection: sqlite3.Connection) -> dict[str, int | str]:
    """What tells one state of a file from another, as far as SQLite numbers them."""
    return {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("schema_version", "page_count", "freelist_count")
    }


def used_bytes(snapshot: Mapping[str, int | str], settings: Mapping[str, int | str]) -> int:
    """How much of a file is in use, by what ``read_snapshot_identity`` and ``read_settings`` said of it."""
    return (int(snapshot["page_count"]) - int(snapshot["freelist_count"])) * int(settings["page_size"])


def read_alembic_heads(connection: sqlite3.Connection, schema: SqliteSchema) -> tuple[str, ...]:
    """The revisions that Alembic noted, sorted; none where it was never there."""
    for table in schema.tables:
        if table.name == "alembic_version" and "version_num" in table.stored_columns:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            return tuple(sorted(str(version) for (version,) in rows if version is not None))
    return ()


def read_foreign_key_violations(
    connection: sqlite3.Connection,
) -> tuple[tuple[ForeignKeyViolations, ...], str | None]:
    """How many rows break which foreign key; or why the database cannot tell (a key that leads to no unique column,
    say).
    """
    try:
        counts = Counter(
            (table, parent, number) for table, _, parent, number in connection.execute("PRAGMA foreign_key_check")
        )
    except sqlite3.OperationalError as problem:
        return (), str(problem)
    return tuple(
        ForeignKeyViolations(table=table, parent=parent, foreign_key=number, rows=rows)
        for (table, parent, number), rows in sorted(counts.items())
    ), None


def _read_table(
    connection: sqlite3.Connection, name: str, is_shadow: bool, without_rowid: bool, problems: list[str]
) -> SqliteTable:
    columns = tuple(
        ColumnEntry(name=column, type=declared, primary_key=place, generated=_GENERATED.get(hidden))
        for column, declared, place, hidden in connection.execute(
            "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid", (name,)
        )
    )
    for column in columns:
        _refuse_undecodable(column.name)
        _refuse_undecodable(column.type)
    kind = _kind(name, is_shadow)
    if kind == "table" and _is_internal(name):
        problems.append(
            f"table {name}: a name that SQLite keeps for itself; its rows are here, but no restore can make it"
        )
    if without_rowid:
        return SqliteTable(name, kind, columns, None, None, _order_of_primary_key(connection, name))
    if (alias := _rowid_column(connection, name, columns)) is not None:
        return SqliteTable(name, kind, columns, None, None, quote(alias))
    taken = {column.name.lower() for column in columns}
    readable_name = rowid_name(taken)
    if readable_name is None:
        problems.append(
            f"table {name}: columns of its own have all three names of the hidden rowid, so it cannot be read; "
            "its rows keep their order, but are numbered anew by a restore"
        )
        return SqliteTable(name, kind, columns, None, None, "")
    key = "$rowid"
    while key in taken:
        key = f"${key}"
    return SqliteTable(name, kind, columns, readable_name, key, readable_name)


def _kind(name: str, is_shadow: bool) -> Literal["table", "shadow", "sequences", "statistics"]:
    lowered = name.lower()
    if lowered == "sqlite_sequence":
        return "sequences"
    if lowered.startswith("sqlite_stat"):
        return "statistics"
    return "shadow" if is_shadow else "table"


def _rowid_column(connection: sqlite3.Connection, table: str, columns: Sequence[ColumnEntry]) -> str | None:
    """The column that is the rowid itself (INTEGER PRIMARY KEY), if there is one."""
    keys = [column.name for column in columns if column.primary_key]
    if len(keys) != 1:
        return None
    # Any other primary key has an index of its own. This also tells INTEGER PRIMARY KEY DESC apart, which is none.
    has_index = connection.execute("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'", (table,)).fetchone()
    return None if has_index else keys[0]


def _order_of_primary_key(connection: sqlite3.Connection, table: str) -> str:
    """The order in which a WITHOUT ROWID table is stored, so that reading needs no sorting."""
    (index,) = connection.execute("SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'", (table,)).fetchone()
    key = connection.execute(
        'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno', (index,)
    ).fetchall()
    return ", ".join(
        f"{quote(name)} COLLATE {quote(collation)}{' DESC' if descending else ''}"
        for name, descending, collation in key
    )


def _virtual_table_problem(name: str, sql: str) -> Iterator[str]:
    module = _module(sql)
    if module not in MODULES_WITH_SHADOW_TABLES | MODULES_WITHOUT_OWN_ROWS:
        yield (
            f"virtual table {name}: its module {module} is not known here and may keep rows outside of this database's "
            "tables; its definition is here, and what tables of its own the database has"
        )


def _module(sql: str) -> str:
    """The module in ``CREATE VIRTUAL TABLE name USING module(arguments)``: SQLite offers no other way to ask."""
    candidate = _behind_using(sql).lstrip()
    end = next((place for place, letter in enumerate(candidate) if not (letter.isalnum() or letter == "_")), None)
    return candidate[:end].lower()


def _behind_using(sql: str) -> str:
    """What stands behind the first word USING that is no part of a quoted name."""
    closing = {'"': '"', "'": "'", "`": "`", "[": "]"}
    within = ""
    for place, letter in enumerate(sql):
        if within:
            within = "" if letter == within else within
        elif letter in closing:
            within = closing[letter]
        elif sql[place : place + 5].upper() == "USING" and not (sql[place - 1].isalnum() or sql[place - 1] == "_"):
            return sql[place + 5 :]
    return ""


def _definition_problems(ddl: Sequence[SchemaObject]) -> Iterator[str]:
    """What no restore could make, because it needs a function or a collation that an application gave its connections:
    SQLite itself is asked, in memory.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        unmade: set[str] = set()
        for statement in ddl:
            if statement.kind == "virtual table" or statement.table in unmade:
                continue
            try:
                empty.execute(statement.sql)
            except sqlite3.Error as problem:
                unmade.add(statement.name)
                yield (
                    f"{statement.kind} {statement.name}: SQLite by itself cannot make it ({problem}); its definition "
                    "and all rows are here, but a restore refuses"
                )


def _is_internal(name: str) -> bool:
    return name.lower().startswith("sqlite_")


def _refuse_undecodable(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as problem:
        shown = text.encode("utf-8", "backslashreplace").decode("utf-8")
        raise UnreadableDatabase(
            f"the schema holds text that is not UTF-8, which no manifest can hold: {shown[:200]}"
        ) from problem
