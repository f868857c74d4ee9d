"""Makes tables of a Django dump in an empty database, all of them or none; how a dump is read is not known here."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL

from subs_assets.archive.comparison import differences
from subs_assets.archive.databases import POSTGRESQL, dialect_of, open_target
from subs_assets.archive.django.dump import PAGE_SIZE, Dump, Field, Model, Type, open_dump
from subs_assets.archive.errors import BadDump, RestoreRefused
from subs_assets.archive.manifest import ColumnEntry, DatabaseEntry, SchemaObject, Scope, TableDigest, TableEntry
from subs_assets.archive.protocols import Progress
from subs_assets.archive.values import RowForm

LONGEST_NAME = 63
"""Bytes of a name on PostgreSQL, which cuts a longer one in silence."""

SQLITE_TYPES: dict[Type, str] = {
    "boolean": "bool", "integer": "integer", "real": "real", "signed real": "", "text": "text", "json": "text",
    "loose json": "text",
}  # fmt: skip
POSTGRES_TYPES: dict[Type, str] = {
    "boolean": "boolean", "integer": "bigint", "real": "double precision", "signed real": "double precision",
    "text": "text", "json": "json", "loose json": "text",
}  # fmt: skip

Row = tuple[Any, ...]

_JSON = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True)
class Column:
    """``leads_to`` is the table whose keys a foreign key says that its values are."""

    name: str
    type: Type
    leads_to: str | None = None


@dataclass(frozen=True)
class Table:
    """A model's table, or with ``field`` the one between a model and what its many-to-many field leads to. The first
    column is the primary key; ``unique`` columns are so together.
    """

    name: str
    columns: tuple[Column, ...]
    model: Model
    field: str | None = None
    unique: tuple[str, ...] = ()

    @property
    def made_of(self) -> str:
        return self.model.name + (f".{self.field}" if self.field else "")


@dataclass(frozen=True)
class ImportedTable:
    """A table, and the model or the many-to-many field (``app.model.field``) that it was made of."""

    table: str
    made_of: str
    rows: int


@dataclass(frozen=True)
class Imported:
    """What was imported: file -> model -> objects, the tables, and notes on what was taken for what."""

    files: dict[str, dict[str, int]]
    tables: tuple[ImportedTable, ...]
    notes: tuple[str, ...]


def import_dump(folder: Path, into: str | URL, progress: Progress | None = None) -> Imported:
    """Import the ``dumpdata`` files of a folder into an empty database: a table for each model, and one for each
    many-to-many field.

    What is in the database in the end is read back and compared before it is published. Memory does not grow with the
    dump; its objects are kept in a scratch file meanwhile. ``progress`` is told of the files, then of the tables.

    Raises:
        BadDump: files cannot be imported; all problems are in it, and nothing was changed.
        RestoreRefused: the database is not empty, or cannot hold the dump; nothing was changed.
        ArchiveLocked: another restore into the same place is at work.
        UnsupportedDatabase: it is of a kind that cannot be filled.
    """
    form = _PostgresForm(into) if dialect_of(into) == POSTGRESQL else _SqliteForm()
    with open_target(into, form.entry([], 0)) as target:  # refused before minutes of reading, if at all
        target.create_tables([])
    with open_dump(folder, progress) as dump:
        tables = tables_of(dump.models)
        if problems := [*_clashes(tables), *form.problems(dump.models)]:
            raise BadDump(f"{folder} was not imported", problems)
        entry = form.entry(tables, dump.pages)
        entries = [_table_entry(table) for table in tables]
        digests: dict[str, TableDigest] = {}
        with open_target(into, entry) as target:
            target.create_tables(entries)
            for table, its_entry in zip(tables, entries, strict=True):
                counted = _Counted(form.lines(table, _rows(dump, table)))
                target.load(its_entry, counted)
                digests[table.name] = counted.digest
                if progress is not None:
                    progress(folder.name, table.name, counted.rows)
            target.finish(())
            if unequal := differences(digests, target.digests()):
                raise RestoreRefused(
                    f"what was imported differs from the dump, so it was discarded: {'; '.join(unequal)}"
                )
            target.publish()
        made = tuple(ImportedTable(table.name, table.made_of, digests[table.name].rows) for table in tables)
        return Imported(dump.files, made, tuple(dump.notes))


def tables_of(models: dict[str, Model]) -> list[Table]:
    """The tables of a dump, each after those that its foreign keys lead to, as far as cycles allow; those between
    models come last.
    """
    own, between = [], []
    for model in _ordered(models):
        columns = [Column(model.key_column, model.key_type)]
        for name, found in model.fields.items():
            if found.is_many_to_many:
                between.append(_table_between(model, name, found, models))
            else:
                columns.append(Column(name, found.type, _foreign_key(found)))
        own.append(Table(table_name(model.name), tuple(columns), model))
    return own + between


def table_name(*parts: str) -> str:
    """``companies_category`` of ``companies.category``; too long ones end in a part of their hash, as Django's do."""
    name = "_".join(parts).replace(".", "_")
    if len(name.encode()) <= LONGEST_NAME:
        return name
    ending = f"_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore") + ending


def _table_between(model: Model, name: str, found: Field, models: dict[str, Model]) -> Table:
    other = models[str(found.target)]
    near, far = (one.name.split(".")[1] for one in (model, other))
    if near == far:
        near, far = f"from_{near}", f"to_{far}"
    columns = (
        Column("id", "integer"),
        Column(f"{near}_id", model.key_type, table_name(model.name)),
        Column(f"{far}_id", other.key_type, _foreign_key(found)),
    )
    return Table(table_name(model.name, name), columns, model, name, (columns[1].name, columns[2].name))


def _foreign_key(found: Field) -> str | None:
    return table_name(found.target) if found.target is not None and not found.unresolved else None


def _ordered(models: dict[str, Model]) -> list[Model]:
    ordered: dict[str, Model] = {}
    begun: set[str] = set()

    def add(name: str) -> None:
        if name in begun:
            return  # done, or a cycle
        begun.add(name)
        for found in models[name].fields.values():
            if found.target is not None and not found.is_many_to_many:
                add(found.target)
        ordered[name] = models[name]

    for name in sorted(models):
        add(name)
    return list(ordered.values())


def _rows(dump: Dump, table: Table) -> Iterator[Row]:
    if table.field is None:
        names = [column.name for column in table.columns[1:]]
        for key, fields in dump.objects(table.model):
            yield (key, *(fields.get(name) for name in names))
        return
    number = 0
    for key, fields in dump.objects(table.model):
        for other in fields.get(table.field, ()):
            number += 1
            yield number, key, other


def _clashes(tables: list[Table]) -> Iterator[str]:
    """Names that are one to a database and two to Django."""
    seen: dict[str, Table] = {}
    for table in tables:
        other = seen.setdefault(table.name.lower(), table)
        if other is not table:
            yield (
                f"{other.made_of} and {table.made_of} would both become the table {table.name}; "
                "import them from two folders into two databases"
            )
        columns: dict[str, str] = {}
        for column in table.columns:
            same = columns.setdefault(column.name.lower(), column.name)
            if same != column.name:
                yield (
                    f"{table.made_of}: the fields {same} and {column.name} would be one column; rename one in the dump"
                )


def _json(value: Any) -> str:
    text = _JSON.encode(value)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a character may stand in JSON, escaped
        return json.dumps(value)
    return text


def _table_entry(table: Table) -> TableEntry:
    columns = tuple(
        ColumnEntry(name=column.name, type=column.type, primary_key=int(number == 0), generated=None)
        for number, column in enumerate(table.columns)
    )
    return TableEntry(
        database="", name=table.name, kind="table", file="", columns=columns, rowid_key=None, rows=0,
        raw_bytes=0, raw_sha256="", compressed_bytes=0, compressed_sha256="",
    )  # fmt: skip


class _Counted:
    """Passes lines on, and knows how many they were and their hash."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self._hash = hashlib.sha256()
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.rows += 1
            self._hash.update(line)
            yield line

    @property
    def digest(self) -> TableDigest:
        return TableDigest(self.rows, self._hash.hexdigest())


class _SqliteForm:
    """Tables and rows as SQLite has them."""

    def problems(self, models: dict[str, Model]) -> Iterator[str]:
        yield from ()

    def entry(self, tables: list[Table], pages: int) -> DatabaseEntry:
        settings: dict[str, int | str] = {
            "encoding": "UTF-8", "page_size": PAGE_SIZE, "auto_vacuum": 0, "user_version": 0, "application_id": 0,
            "journal_mode": "delete",
        }  # fmt: skip
        ddl = [SchemaObject(kind="table", name=one.name, table=one.name, sql=self._create(one)) for one in tables]
        return _database_entry("sqlite", ddl, settings, {"page_count": pages, "freelist_count": 0})

    def lines(self, table: Table, rows: Iterable[Row]) -> Iterator[bytes]:
        form = RowForm(tuple(column.name for column in table.columns))
        types = [column.type for column in table.columns]
        for row in rows:
            yield form.encode([self._cell(type_, value) for type_, value in zip(types, row, strict=True)])

    def _create(self, table: Table) -> str:
        key, *others = table.columns
        parts = [f'"{key.name}" {SQLITE_TYPES[key.type]} NOT NULL PRIMARY KEY', *map(self._column, others)]
        if table.unique:
            parts.append(f"UNIQUE ({', '.join(map(_quoted, table.unique))})")
        # With a text key, so that its rows stand in the order of their keys.
        end = " WITHOUT ROWID" if key.type == "text" else ""
        return f'CREATE TABLE "{table.name}" ({", ".join(parts)}){end}'

    def _column(self, column: Column) -> str:
        sql = f'"{column.name}" {SQLITE_TYPES[column.type]}'.rstrip()
        if column.type == "json":
            sql += f' CHECK ((JSON_VALID("{column.name}") OR "{column.name}" IS NULL))'
        if column.leads_to is not None:
            sql += f' REFERENCES "{column.leads_to}" DEFERRABLE INITIALLY DEFERRED'
        return sql

    def _cell(self, type_: Type, value: Any) -> Any:
        if value is None:
            return None
        if type_ in ("json", "loose json"):
            return _json(value)
        if type_ in ("real", "signed real"):
            # SQLite would make NULL of NaN; a word in a column of reals stays a word.
            return "NaN" if math.isnan(value) else float(value)
        return int(value) if type_ == "boolean" else value


class _PostgresForm:
    """Tables and rows as PostgreSQL has them, values as COPY's text."""

    def __init__(self, into: str | URL) -> None:
        from subs_assets.archive.postgres.connection import scope_of

        self._scope: Scope = scope_of(into)

    def problems(self, models: dict[str, Model]) -> Iterator[str]:
        for model in models.values():
            for name, found in model.fields.items():
                if found.has_nul:
                    yield (
                        f"{model.name}.{name}: holds text with U+0000, which PostgreSQL does not take; "
                        "mend it, or import into SQLite"
                    )

    def entry(self, tables: list[Table], pages: int) -> DatabaseEntry:
        schema = self._scope.default_schema
        ddl = [SchemaObject(kind="schema", name=schema, table="", sql=f"CREATE SCHEMA {_quoted(schema)}")]
        later = []
        for table in tables:
            qualified = f"{_quoted(schema)}.{_quoted(table.name)}"
            columns = ", ".join(
                f"{_quoted(column.name)} {POSTGRES_TYPES[column.type]}" + (" NOT NULL" if number == 0 else "")
                for number, column in enumerate(table.columns)
            )
            ddl.append(
                SchemaObject(kind="table", name=table.name, table="", sql=f"CREATE TABLE {qualified} ({columns})")
            )
            for kind, name, definition in self._constraints(table, schema):
                sql = f"ALTER TABLE ONLY {qualified} ADD CONSTRAINT {_quoted(name)} {definition}"
                later.append(SchemaObject(kind=kind, name=name, table=table.name, sql=sql))
        later.sort(key=lambda one: one.kind == "foreign key")
        return _database_entry("postgresql", ddl + later, {"server_encoding": "UTF8"}, {}, self._scope)

    def lines(self, table: Table, rows: Iterable[Row]) -> Iterator[bytes]:
        for row in rows:
            cells = {
                column.name: self._cell(column.type, value) for column, value in zip(table.columns, row, strict=True)
            }
            yield orjson.dumps(cells, option=orjson.OPT_APPEND_NEWLINE)

    def _constraints(self, table: Table, schema: str) -> Iterator[tuple[str, str, str]]:
        """(kind, name, definition)"""
        yield "primary key", table_name(table.name, "pkey"), f"PRIMARY KEY ({_quoted(table.columns[0].name)})"
        if table.unique:
            columns = ", ".join(map(_quoted, table.unique))
            yield "unique constraint", table_name(table.name, "key"), f"UNIQUE ({columns})"
        for column in table.columns:
            if column.leads_to is not None:
                parent = f"{_quoted(schema)}.{_quoted(column.leads_to)}"
                definition = f"FOREIGN KEY ({_quoted(column.name)}) REFERENCES {parent} DEFERRABLE INITIALLY DEFERRED"
                yield "foreign key", table_name(table.name, column.name, "fkey"), definition

    def _cell(self, type_: Type, value: Any) -> str | None:
        if value is None:
            return None
        if type_ in ("json", "loose json"):
            return _json(value)
        if type_ == "boolean":
            return "t" if value else "f"
        return float8_text(float(value)) if type_ in ("real", "signed real") else str(value)


def float8_text(value: float) -> str:
    """A double as PostgreSQL writes it: with an exponent from 1e15 on, and with the fewest digits that are nearer to it
    than to any other. Python's ``repr`` also takes digits that lie right between two.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if abs(value) < 1e15:  # what lies between two of these has more digits than either would take
        return repr(value).removesuffix(".0")
    exact, below = Fraction(abs(value)), Fraction(math.nextafter(abs(value), 0))
    between = ((exact + below) / 2, exact + Fraction(math.ulp(value)) / 2)
    texts = (f"{value:.{digits}e}" for digits in range(17))
    return next(text for text in texts if float(text) == value and abs(Fraction(text)) not in between)


def _quoted(name: str) -> str:
    """A name as an SQL identifier; quotation marks were refused with the dump."""
    return f'"{name}"'


def _database_entry(
    dialect: str,
    ddl: list[SchemaObject],
    settings: dict[str, int | str],
    snapshot: dict[str, int | str],
    scope: Scope | None = None,
) -> DatabaseEntry:
    return DatabaseEntry(
        dialect=dialect, server_version="none", url="", alembic_heads=(), ddl=tuple(ddl), sequences=(),
        settings=settings, snapshot=snapshot, foreign_key_violations=(), foreign_key_problem=None, scope=scope,
    )  # fmt: skip
