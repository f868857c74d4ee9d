"""PostgreSQL's catalogue as a graph: which statement makes which object, what each needs before it, and which objects
no statement makes; how the statements read is not known here.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

from subs_assets.archive.manifest import Scope
from subs_assets.archive.postgres.connection import Connection

FIRST_OWN_OID = 16384  # what initdb made has smaller ones

KINDS = (
    "schema", "extension", "collation", "enum", "composite type", "range type", "domain", "function", "procedure",
    "sequence", "table", "column", "inheritance", "partition",
    # The rows are loaded here.
    "primary key", "unique constraint", "exclusion constraint", "index", "attached index", "index option", "check",
    "foreign key", "replica identity", "clustering", "sequence owner", "statistics object", "view", "view column",
    "materialized view", "refresh", "rule", "trigger", "trigger state", "row security", "policy",
    "extension dependency", "comment",
)  # fmt: skip
"""All kinds of statements, in the order in which they come as far as what they need allows."""

WITH_ROWS = frozenset({"table", "column", "inheritance", "partition"})
EARLY = frozenset(KINDS[: KINDS.index("partition") + 1])
"""What there must be, and what there may be, before rows are loaded; indexes, keys and triggers are made afterwards."""


class Key(NamedTuple):
    """An object in the catalogue: the catalogue table that lists it, and its OID there."""

    catalogue: str
    oid: int


@dataclass(frozen=True)
class Statement:
    """One statement of the DDL; ``makes`` is what exists through it, ``needs`` what must exist before."""

    kind: str
    name: str
    table: str
    sql: str
    makes: Key | None = None
    needs: frozenset[Key] = frozenset()

    @property
    def sort_key(self) -> tuple[int, str, str, str]:
        return KINDS.index(self.kind), self.table, self.name, self.sql


class Catalogue:
    """The catalogue of one database, as far as a scope covers it."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self._connection = connection
        self.scope = scope
        names = {row.oid: row.nspname for row in self.rows("SELECT oid, nspname FROM pg_catalog.pg_namespace")}
        self.schemas: dict[int, str] = {oid: name for oid, name in names.items() if scope.covers(name)}
        # Other sessions' temporary tables, and what PostgreSQL keeps beside each table by itself.
        self.uncovered = {oid for oid, name in names.items() if name.startswith(("pg_temp_", "pg_toast"))}

    def rows(self, query: LiteralString) -> list[Any]:
        """The rows of a query on the catalogue; ``%(schemas)s`` are the OIDs of the schemas that are covered."""
        parameters = {"schemas": list(self.schemas)} if "%(schemas)s" in query else None
        return self._connection.execute(query, parameters).fetchall()

    def identity(self, key: Key) -> str:
        """An object in words, for a sentence."""
        row = self._connection.execute(
            "SELECT type, identity FROM pg_catalog.pg_identify_object(%s::pg_catalog.regclass, %s, 0)",
            (f"pg_catalog.{key.catalogue}", key.oid),
        ).fetchone()
        return f"{row.type} {row.identity}" if row and row.type else f"{key.catalogue} {key.oid}"

    def name(self, schema: str, name: str) -> str:
        """How a table or another object is called in the manifest: by its bare name in the default schema, else
        ``schema.name``, quoted where it could be mistaken.
        """
        if schema == self.scope.default_schema and not {".", '"'} & {*name}:
            return name
        quoted = ".".join(_quoted_where_needed(part) for part in (schema, name))
        return quoted if schema != self.scope.default_schema else quote(name)


class Graph:
    """Which objects depend on which (``pg_depend``), in terms of the statements that make them."""

    def __init__(self, catalogue: Catalogue, statements: Sequence[Statement]) -> None:
        self._catalogue = catalogue
        self._statements = statements
        self._made = {statement.makes for statement in statements if statement.makes is not None}
        self._parts: dict[Key, Key] = {}  # what comes with another object -> that object
        self._references: list[tuple[Key, Key]] = []
        sequences = {
            Key("pg_class", row.oid)
            for row in catalogue.rows("SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'S'")
        }
        for row in catalogue.rows(_DEPENDENCIES):
            dependent, referenced = Key(row.classid, row.objid), Key(row.refclassid, row.refobjid)
            if row.deptype in ("i", "e", "P", "S"):
                # An index of a partition has two of these; the first will do.
                self._parts.setdefault(dependent, referenced)
            if row.deptype == "a" and dependent in sequences and referenced.catalogue == "pg_class":
                continue  # OWNED BY is a statement of its own
            if row.deptype in ("P", "S") and row.classid in ("pg_constraint", "pg_trigger"):
                continue  # a partition's key comes with its parent's, or is made before it and adopted
            self._references.append((dependent, referenced))
        for row in catalogue.rows("SELECT oid, adrelid FROM pg_catalog.pg_attrdef"):
            self._parts.setdefault(Key("pg_attrdef", row.oid), Key("pg_class", row.adrelid))
        for row in catalogue.rows(_CONSTRAINTS_OF_OTHERS):
            part_of = Key("pg_type", row.contypid) if row.contypid else Key("pg_class", row.conrelid)
            self._parts.setdefault(Key("pg_constraint", row.oid), part_of)

    def maker(self, key: Key) -> Key | None:
        """The object whose statement makes ``key`` too: itself, or what it is a part of; None where none does."""
        seen: set[Key] = set()
        while key not in self._made:
            if key in seen or key not in self._parts:
                return None
            seen.add(key)
            key = self._parts[key]
        return key

    def needs(self) -> dict[Key, set[Key]]:
        """object that has a statement -> the objects that must be made before."""
        found: dict[Key, set[Key]] = {key: set() for key in self._made}
        for dependent, referenced in self._references:
            maker, needed = self.maker(dependent), self.maker(referenced)
            if maker is not None and needed is not None and maker != needed:
                found[maker].add(needed)
        return found

    def ordered(self, problems: list[str]) -> list[Statement]:
        """The statements in an order in which they can be executed, the same for the same schema whatever its OIDs.

        Those that need each other come last, and a sentence about them to ``problems``.
        """
        needs = self.needs()
        waiting = [
            {*statement.needs, *(needs[statement.makes] if statement.makes else ())} & self._made - {statement.makes}
            for statement in self._statements
        ]
        waited_for: dict[Key, list[int]] = {}
        for number, needed in enumerate(waiting):
            for key in needed:
                waited_for.setdefault(key, []).append(number)
        before_rows = self._before_rows(waiting)
        sort_keys = [
            (statement.kind not in WITH_ROWS and statement.makes not in before_rows, *statement.sort_key)
            for statement in self._statements
        ]
        ready = [(sort_keys[number], number) for number in range(len(waiting)) if not waiting[number]]
        heapq.heapify(ready)
        ordered: list[Statement] = []
        while ready:
            _, number = heapq.heappop(ready)
            statement = self._statements[number]
            ordered.append(statement)
            if statement.makes is None:
                continue
            for other in waited_for.get(statement.makes, ()):
                waiting[other].discard(statement.makes)
                if not waiting[other]:
                    heapq.heappush(ready, (sort_keys[other], other))
        if len(ordered) < len(self._statements):
            done = {id(statement) for statement in ordered}
            left = sorted((one for one in self._statements if id(one) not in done), key=lambda one: one.sort_key)
            shown = ", ".join(f"{one.kind} {one.name}" for one in left if one.makes is not None)
            problems.append(f"these, or some of them, need each other, so a restore can make none first: {shown}")
            ordered += left
        return ordered

    def _before_rows(self, waiting: Sequence[set[Key]]) -> set[Key]:
        """What tables need, and besides all types and functions that need nothing that comes later: values may name
        them (``regproc``).
        """
        needs = {one.makes: needed for one, needed in zip(self._statements, waiting, strict=True) if one.makes}
        early = {one.makes for one in self._statements if one.kind in EARLY and one.makes}
        for_tables = {
            key
            for one, needed in zip(self._statements, waiting, strict=True)
            if one.kind in WITH_ROWS
            for key in (*needed, *([one.makes] if one.makes else ()))
        }
        return closure(for_tables, needs) | {key for key in early if closure({key}, needs) <= early}

    def missing(self) -> Iterator[str]:
        """Objects that are covered and that no statement makes, and what others need outside; a sentence each."""
        identity = self._catalogue.identity
        listed = {Key(row.classid, row.oid) for row in self._catalogue.rows(_OBJECTS) if self._is_covered(row)}
        if self._catalogue.scope.only is None:
            others = {
                dependent
                for dependent, _ in self._references
                if dependent.catalogue not in _LISTED and dependent.oid >= FIRST_OWN_OID
            }
            # The parts of an extension's operator families are not marked as its members.
            listed |= others - {
                dependent
                for dependent, referenced in self._references
                if (maker := self.maker(referenced)) and maker.catalogue == "pg_extension"
            }
        for key in sorted(listed):
            if self.maker(key) is None:
                yield f"{identity(key)}: an object of a kind, or in a state, that is not archived"
        outside = {
            (maker, referenced)
            for dependent, referenced in self._references
            if (maker := self.maker(dependent)) and self.maker(referenced) is None and _may_be_missing(referenced)
        }
        for maker, referenced in sorted(outside):
            if referenced not in listed:
                yield f"{identity(maker)} needs {identity(referenced)}, which is not in this archive"

    def _is_covered(self, row: Any) -> bool:
        if row.namespace in self._catalogue.schemas:
            return True
        if row.namespace is not None and (not row.is_systems or row.namespace in self._catalogue.uncovered):
            return False
        return self._catalogue.scope.only is None and row.oid >= FIRST_OWN_OID


def quote(name: str) -> str:
    """A name as an SQL identifier."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def qualified(schema: str, name: str) -> str:
    """A name with its schema, both quoted."""
    return f"{quote(schema)}.{quote(name)}"


def literal(text: str) -> str:
    """Text as an SQL literal, with standard_conforming_strings."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def options(pairs: Iterable[str]) -> str:
    """``name=value`` pairs, as the catalogue has them, as SQL."""
    split = (pair.partition("=") for pair in pairs)
    return ", ".join(
        f"{'.'.join(quote(part) for part in name.split('.'))}={literal(value)}" for name, _, value in split
    )


def members(catalogue: str) -> str:
    """OIDs of that catalogue's objects that belong to extensions, and are made by them."""
    return (
        "SELECT objid FROM pg_catalog.pg_depend WHERE deptype = 'e' "
        f"AND classid = 'pg_catalog.{catalogue}'::pg_catalog.regclass"
    )


def closure(start: Iterable[Key], needs: Mapping[Key, Iterable[Key]]) -> set[Key]:
    """``start`` and everything that it needs, directly or not."""
    found: set[Key] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(needs.get(key, ()))
    return found


def _may_be_missing(key: Key) -> bool:
    return key.oid >= FIRST_OWN_OID and key.catalogue != "pg_namespace"


def _quoted_where_needed(name: str) -> str:
    is_plain = name.isascii() and name.replace("_", "a").isalnum() and name.lower() == name and not name[0].isdigit()
    return name if is_plain else quote(name)


_DEPENDENCIES: LiteralString = """
    SELECT class.relname AS classid, objid, refclass.relname AS refclassid, refobjid, deptype::text
    FROM pg_catalog.pg_depend
    JOIN pg_catalog.pg_class class ON class.oid = classid
    JOIN pg_catalog.pg_class refclass ON refclass.oid = refclassid
    WHERE objid >= 16384 OR refobjid >= 16384
    ORDER BY 1, 2, deptype, 3, 4
"""

# Those that no statement of their own makes: a domain's come with the domain, inherited ones with their parents', NOT
# NULL (from PostgreSQL 18 on) with the column, a constraint trigger's with the trigger.
_CONSTRAINTS_OF_OTHERS: LiteralString = """
    SELECT oid, conrelid, contypid FROM pg_catalog.pg_constraint
    WHERE contype = 'c' AND (contypid <> 0 OR NOT conislocal) OR contype = 'n' AND convalidated AND NOT connoinherit
        OR contype = 't' OR conparentid <> 0
"""

_BY_NAMESPACE = (
    ("pg_class", "relnamespace"), ("pg_type", "typnamespace"), ("pg_proc", "pronamespace"),
    ("pg_operator", "oprnamespace"), ("pg_opclass", "opcnamespace"), ("pg_opfamily", "opfnamespace"),
    ("pg_collation", "collnamespace"), ("pg_conversion", "connamespace"), ("pg_ts_config", "cfgnamespace"),
    ("pg_ts_dict", "dictnamespace"), ("pg_ts_parser", "prsnamespace"), ("pg_ts_template", "tmplnamespace"),
    ("pg_statistic_ext", "stxnamespace"), ("pg_constraint", "connamespace"), ("pg_namespace", "oid"),
)  # fmt: skip
_BY_TABLE = (
    ("pg_trigger", "tgrelid"), ("pg_rewrite", "ev_class"), ("pg_policy", "polrelid"), ("pg_attrdef", "adrelid"),
)  # fmt: skip
_BY_DATABASE = (
    "pg_cast", "pg_am", "pg_language", "pg_event_trigger", "pg_foreign_data_wrapper", "pg_foreign_server",
    "pg_publication", "pg_transform", "pg_extension",
)  # fmt: skip
# Default privileges are left out with all other privileges, and large objects are counted elsewhere.
_LISTED = frozenset(
    {*(name for name, _ in (*_BY_NAMESPACE, *_BY_TABLE)), *_BY_DATABASE, "pg_default_acl", "pg_largeobject_metadata"}
)

_OBJECTS: Any = "SELECT * FROM ({}) o WHERE o.oid >= 16384 OR o.namespace = ANY (%(schemas)s)".format(
    " UNION ALL ".join(
        [
            f"SELECT {literal(catalogue)} AS classid, o.oid, n.oid AS namespace, "
            "n.nspname ~ '^pg_' OR n.nspname = 'information_schema' AS is_systems "
            f"FROM pg_catalog.{catalogue} o JOIN pg_catalog.pg_namespace n ON n.oid = o.{column}"
            for catalogue, column in _BY_NAMESPACE
        ]
        + [
            f"SELECT {literal(catalogue)}, o.oid, n.oid, "
            "n.nspname ~ '^pg_' OR n.nspname = 'information_schema' "
            f"FROM pg_catalog.{catalogue} o JOIN pg_catalog.pg_class c ON c.oid = o.{column} "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            for catalogue, column in _BY_TABLE
        ]
        + [f"SELECT {literal(name)}, oid, NULL, false FROM pg_catalog.{name}" for name in _BY_DATABASE]
        + [
            "SELECT 'pg_subscription', oid, NULL, false FROM pg_catalog.pg_subscription "
            "WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
            "SELECT 'pg_user_mapping', umid, NULL, false FROM pg_catalog.pg_user_mappings",
        ]
    )
)
