"""The DDL of PostgreSQL's tables: columns, partitions, keys, indexes, checks; the rows and all other objects are not
known here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from subs_assets.archive.manifest import ColumnEntry
from subs_assets.archive.postgres.catalogue import Catalogue, Key, Statement, members, options, qualified, quote
from subs_assets.archive.postgres.types import column_settings, sequence_options

BY_BYTES = ' COLLATE pg_catalog."C"'

_TOAST_SETTINGS = re.compile(
    r""" WITH \(((?:"[a-z_]+"='[^']*'(?:, (?!"toast))?)*)(?:, )?(?:"toast"\."[a-z_]+"='[^']*'(?:, )?)+\)$"""
)

_GENERATED: dict[str, Literal["virtual", "stored"]] = {"s": "stored", "v": "virtual"}
_CONSTRAINT_KINDS = {
    "p": "primary key", "u": "unique constraint", "x": "exclusion constraint", "c": "check", "f": "foreign key",
}  # fmt: skip


@dataclass(frozen=True)
class PostgresTable:
    """A table that has rows of its own; ``order`` is what stands behind ORDER BY."""

    name: str
    kind: Literal["table"]
    columns: tuple[ColumnEntry, ...]
    rowid_key: None
    qualified_name: str
    order: str

    @property
    def row_keys(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.generated is None)


@dataclass(frozen=True)
class Relation:
    """A table, partitioned or not, with what the catalogue says of its columns and its parents."""

    row: Any
    columns: tuple[Any, ...]
    parents: tuple[Any, ...]

    @property
    def key(self) -> Key:
        return Key("pg_class", self.row.oid)

    @property
    def qualified_name(self) -> str:
        return qualified(self.row.nspname, self.row.relname)

    @property
    def is_partition(self) -> bool:
        return bool(self.row.relispartition)

    @property
    def has_rows(self) -> bool:
        return bool(self.row.relkind == "r")


def read_relations(catalogue: Catalogue) -> list[Relation]:
    """The tables that the scope covers, sorted by name; those of extensions left out."""
    columns, parents = defaultdict(list), defaultdict(list)
    for column in catalogue.rows(_COLUMNS):
        columns[column.attrelid].append(column)
    for parent in catalogue.rows(_PARENTS):
        parents[parent.inhrelid].append(parent)
    return [Relation(row, tuple(columns[row.oid]), tuple(parents[row.oid])) for row in catalogue.rows(_RELATIONS)]


def tables_of(catalogue: Catalogue, relations: Sequence[Relation]) -> tuple[PostgresTable, ...]:
    """Those of the relations that have rows of their own, as they are archived."""
    return tuple(_table(catalogue, relation) for relation in relations if relation.has_rows)


def table_statements(catalogue: Catalogue, relations: Sequence[Relation]) -> Iterator[Statement]:
    """What makes the tables, without anything that would hinder or follow the loading of rows."""
    by_oid = {relation.row.oid: relation for relation in relations}
    for relation in relations:
        name = catalogue.name(relation.row.nspname, relation.row.relname)
        inherits = bool(relation.parents) and not relation.is_partition
        is_adopted = inherits and _inherited_order(relation, by_oid) is None
        yield Statement("table", name, "", _create_table(relation, inherits and not is_adopted), relation.key)
        if is_adopted:
            for number, parent in enumerate(relation.parents, start=1):
                sql = f"ALTER TABLE ONLY {relation.qualified_name} INHERIT {qualified(parent.nspname, parent.relname)}"
                needs = frozenset({relation.key, Key("pg_class", parent.inhparent)})
                yield Statement("inheritance", f"{name} {number}", name, sql, needs=needs)
        for sql in _column_changes(relation, by_oid):
            yield Statement("column", name, name, sql, needs=frozenset({relation.key}))
        if relation.is_partition:
            (parent,) = relation.parents
            parent_name = qualified(parent.nspname, parent.relname)
            sql = f"ALTER TABLE ONLY {parent_name} ATTACH PARTITION {relation.qualified_name}"
            needs = frozenset({relation.key, Key("pg_class", parent.inhparent)})
            yield Statement("partition", name, name, f"{sql} {relation.row.bound}", needs=needs)
        row = relation.row
        if row.relrowsecurity or row.relforcerowsecurity:
            for is_on, words in ((row.relrowsecurity, "ENABLE"), (row.relforcerowsecurity, "FORCE")):
                if is_on:
                    sql = f"ALTER TABLE {relation.qualified_name} {words} ROW LEVEL SECURITY"
                    yield Statement(
                        "row security", f"{words.lower()} {name}", name, sql, needs=frozenset({relation.key})
                    )
        if row.relreplident in ("n", "f"):
            word = "NOTHING" if row.relreplident == "n" else "FULL"
            sql = f"ALTER TABLE ONLY {relation.qualified_name} REPLICA IDENTITY {word}"
            yield Statement("replica identity", name, name, sql, needs=frozenset({relation.key}))
    yield from _constraints(catalogue, by_oid)
    yield from _indexes(catalogue)


def problems_of(catalogue: Catalogue, relations: Sequence[Relation]) -> Iterator[str]:
    """What the statements for tables cannot bring back, a sentence each."""
    by_oid = {relation.row.oid: relation for relation in relations}
    for relation in relations:
        name = catalogue.name(relation.row.nspname, relation.row.relname)
        if any(parent.inhdetachpending for parent in relation.parents):
            yield f"table {name}: it is being detached from its partitioned table; finish that first"
        if (
            relation.parents
            and not relation.is_partition
            and _inherited_order(relation, by_oid) is None
            and not all(column.attislocal for column in relation.columns)
        ):
            yield (
                f"table {name}: it inherits columns that came to its parent later and stand elsewhere than in a new "
                "table, so a restore would put its columns in another order"
            )
    for row in catalogue.rows(_SWITCHED_OFF_KEYS):
        yield (
            f"table {catalogue.name(row.nspname, row.relname)}: the checks of its foreign key {row.conname} are "
            "switched off (DISABLE TRIGGER ALL), which a restore cannot bring back"
        )


def without_toast(sql: str) -> str:
    """A table's statement as it is where PostgreSQL gives the table no TOAST table, and so forgets its settings."""
    return _TOAST_SETTINGS.sub(lambda settings: f" WITH ({settings[1]})" if settings[1] else "", sql)


def _table(catalogue: Catalogue, relation: Relation) -> PostgresTable:
    columns = tuple(
        ColumnEntry(
            name=column.attname,
            type=column.type,
            primary_key=column.key_position or 0,
            generated=_GENERATED.get(column.attgenerated),
        )
        for column in relation.columns
    )
    key = sorted((column for column in relation.columns if column.key_position), key=lambda column: column.key_position)
    # By bytes: what a locale puts first may change with a library. Rows without a key: by all of their text.
    order = ", ".join(quote(column.attname) + (BY_BYTES if column.attcollation else "") for column in key)
    return PostgresTable(
        name=catalogue.name(relation.row.nspname, relation.row.relname),
        kind="table",
        columns=columns,
        rowid_key=None,
        qualified_name=relation.qualified_name,
        order=order or (f"(this.*)::pg_catalog.text{BY_BYTES}" if columns else ""),
    )


def _create_table(relation: Relation, inherits: bool) -> str:
    row = relation.row
    lines = [_column(column, relation) for column in relation.columns if not inherits or column.attislocal]
    sql = f"CREATE {'UNLOGGED ' if row.relpersistence == 'u' else ''}TABLE {relation.qualified_name} ("
    sql += ",".join(f"\n    {line}" for line in lines) + ("\n)" if lines else ")")
    if inherits:
        sql += f" INHERITS ({', '.join(qualified(parent.nspname, parent.relname) for parent in relation.parents)})"
    if row.partition_key:
        sql += f" PARTITION BY {row.partition_key}"
    if row.access_method not in (None, "heap"):
        sql += f" USING {quote(row.access_method)}"
    settings = [*(row.reloptions or ()), *(f"toast.{option}" for option in row.toast_options or ())]
    return sql + (f" WITH ({options(settings)})" if settings else "")


def _column(column: Any, relation: Relation) -> str:
    parts = [quote(column.attname), column.type]
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.attgenerated:
        kind = "STORED" if column.attgenerated == "s" else "VIRTUAL"
        parts.append(f"GENERATED ALWAYS AS ({column.expression}) {kind}")
    elif column.expression is not None:
        parts.append(f"DEFAULT {column.expression}")
    if column.attidentity and not relation.is_partition:
        always = "ALWAYS" if column.attidentity == "a" else "BY DEFAULT"
        name = qualified(column.sequence_schema, column.sequence)
        parts.append(f"GENERATED {always} AS IDENTITY (SEQUENCE NAME {name} {sequence_options(column)})")
    if column.attnotnull:
        parts.append("NOT NULL" if column.not_null is None else f"CONSTRAINT {quote(column.not_null)} NOT NULL")
    return " ".join(parts)


def _column_changes(relation: Relation, by_oid: dict[int, Relation]) -> Iterator[str]:
    alter = f"ALTER TABLE ONLY {relation.qualified_name} ALTER COLUMN"
    never_null = {
        column.attname for above in _ancestors(relation, by_oid) for column in above.columns if column.attnotnull
    }
    for column in relation.columns:
        name = quote(column.attname)
        if relation.parents and not relation.is_partition and not column.attislocal and not column.attgenerated:
            # Inherited with the column, or its own: either way it is said.
            default = "DROP DEFAULT" if column.expression is None else f"SET DEFAULT {column.expression}"
            yield f"{alter} {name} {default}"
            if column.attnotnull:
                yield f"{alter} {name} SET NOT NULL"
        if column.attname in never_null and not column.attnotnull:
            yield f"{alter} {name} DROP NOT NULL"  # which a child table may, before PostgreSQL 18
        for change in column_settings(column):
            yield f"{alter} {name} {change}"
    if relation.row.type_name:
        yield f"ALTER TABLE ONLY {relation.qualified_name} OF {relation.row.type_name}"


def _ancestors(relation: Relation, by_oid: dict[int, Relation]) -> Iterator[Relation]:
    for parent in relation.parents:
        if (above := by_oid.get(parent.inhparent)) is not None:
            yield above
            yield from _ancestors(above, by_oid)


def _inherited_order(relation: Relation, by_oid: dict[int, Relation]) -> list[str] | None:
    """The columns in their order if CREATE TABLE ... INHERITS makes them in that order, else None."""
    if any(parent.inhparent not in by_oid for parent in relation.parents):
        return None
    made = dict.fromkeys(column.attname for parent in relation.parents for column in by_oid[parent.inhparent].columns)
    made.update(dict.fromkeys(column.attname for column in relation.columns))
    actual = [column.attname for column in relation.columns]
    return actual if actual == list(made) else None


def _constraints(catalogue: Catalogue, by_oid: dict[int, Relation]) -> Iterator[Statement]:
    local_checks: dict[tuple[int, str], Key] = {}
    rows = [row for row in catalogue.rows(_CONSTRAINTS) if row.contype in _CONSTRAINT_KINDS and row.conrelid in by_oid]
    for row in rows:
        if row.contype == "c" and row.conislocal:
            local_checks[row.conrelid, row.conname] = Key("pg_constraint", row.oid)
    by_key = {row.oid: row for row in rows}
    renamed = {row.oid: row for row in rows if _is_named_otherwise(row, by_key.get(row.conparentid))}
    adopted: dict[int, set[Key]] = defaultdict(set)
    for row in renamed.values():
        above = row
        while (above := by_key.get(above.conparentid)) is not None:
            adopted[above.oid].add(Key("pg_constraint", row.oid))
    children: dict[int, list[int]] = defaultdict(list)
    for relation in by_oid.values():
        for parent in relation.parents:
            children[parent.inhparent].append(relation.row.oid)
    for row in rows:
        relation = by_oid[row.conrelid]
        name = catalogue.name(relation.row.nspname, relation.row.relname)
        if (row.contype == "c" and not row.conislocal) or (
            row.contype == "f" and row.conparentid and row.oid not in renamed
        ):
            continue  # comes with its parent's
        # A partition's key that has a name of its own is made first: then its parent's adopts it as it is.
        needs = {relation.key} | adopted[row.oid]
        if row.contype == "c":
            # One that a child has too is merged with the child's, not the other way round.
            below = list(children[row.conrelid])
            while below:
                child = below.pop()
                below.extend(children[child])
                if (key := local_checks.get((child, row.conname))) is not None:
                    needs.add(key)
            only = ""
        else:
            only = "" if row.contype == "f" and relation.row.relkind == "p" else "ONLY "
        sql = f"ALTER TABLE {only}{relation.qualified_name} ADD CONSTRAINT {quote(row.conname)} {row.definition}"
        key = Key("pg_constraint", row.oid)
        yield Statement(_CONSTRAINT_KINDS[row.contype], row.conname, name, sql, key, frozenset(needs))


def _is_named_otherwise(row: Any, parent: Any) -> bool:
    """Whether a partition's foreign key is called otherwise than its partitioned table's."""
    return (
        row.contype == "f" and parent is not None and parent.conrelid != row.conrelid and parent.conname != row.conname
    )


def _indexes(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_INDEXES):
        table = catalogue.name(row.nspname, row.table)
        table_name, index_name = qualified(row.nspname, row.table), qualified(row.nspname, row.relname)
        if row.constraint_oid is not None:
            maker = Key("pg_constraint", row.constraint_oid)
            if row.reloptions:
                sql = f"ALTER INDEX {index_name} SET ({options(row.reloptions)})"
                yield Statement("index option", row.relname, table, sql, needs=frozenset({maker}))
        elif row.indisvalid or row.relkind == "I":
            maker = Key("pg_class", row.oid)
            yield Statement("index", row.relname, table, row.definition, maker)
        else:
            continue  # what a failed CREATE INDEX CONCURRENTLY left: no statement makes it, so it is named
        made = frozenset({maker})
        for number, target in zip(row.statistics_columns or (), row.statistics_targets or (), strict=True):
            sql = f"ALTER INDEX {index_name} ALTER COLUMN {number} SET STATISTICS {target}"
            yield Statement("index option", row.relname, table, sql, needs=made)
        if row.indisreplident:
            sql = f"ALTER TABLE ONLY {table_name} REPLICA IDENTITY USING INDEX {quote(row.relname)}"
            yield Statement("replica identity", table, table, sql, needs=made)
        if row.indisclustered:
            sql = f"ALTER TABLE {table_name} CLUSTER ON {quote(row.relname)}"
            yield Statement("clustering", row.relname, table, sql, needs=made)
        if row.parent_oid is not None:
            parent = (
                Key("pg_class", row.parent_oid)
                if row.parent_constraint is None
                else Key("pg_constraint", row.parent_constraint)
            )
            sql = f"ALTER INDEX {qualified(row.parent_schema, row.parent)} ATTACH PARTITION {index_name}"
            yield Statement("attached index", row.relname, table, sql, needs=made | {parent})


_RELATIONS: Any = f"""
    SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.relpersistence::text, c.relispartition, c.reloptions,
        c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text, t.reloptions AS toast_options,
        a.amname AS access_method, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key,
        pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
        CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END AS type_name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
    LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""

_COLUMNS: Any = """
    SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attcollation,
        CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0 THEN
            (SELECT pg_catalog.format('%%I.%%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation co
             JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation)
        END AS collation,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression, a.attgenerated::text, a.attidentity::text,
        a.attnotnull, a.attislocal, a.attstorage::text, t.typstorage::text, a.attcompression::text,
        a.attstattarget, a.attoptions,
        array_position(k.indkey::int2[], a.attnum) - array_lower(k.indkey::int2[], 1) + 1 AS key_position,
        nn.conname AS not_null,
        sn.nspname AS sequence_schema, sc.relname AS sequence, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
        s.seqcache, s.seqcycle
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_index k ON k.indrelid = a.attrelid AND k.indisprimary
        AND a.attnum = ANY ((k.indkey::int2[])[0:k.indnkeyatts - 1])
    LEFT JOIN pg_catalog.pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum
    LEFT JOIN pg_catalog.pg_depend own ON a.attidentity <> '' AND own.deptype = 'i'
        AND own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND own.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND own.refobjid = a.attrelid AND own.refobjsubid = a.attnum
    LEFT JOIN pg_catalog.pg_class sc ON sc.oid = own.objid AND sc.relkind = 'S'
    LEFT JOIN pg_catalog.pg_namespace sn ON sn.oid = sc.relnamespace
    LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = sc.oid
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ANY (%(schemas)s) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
"""

_PARENTS: Any = """
    SELECT i.inhrelid, i.inhparent, n.nspname, p.relname, i.inhdetachpending
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
    JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ANY (%(schemas)s)
    ORDER BY i.inhrelid, i.inhseqno
"""

_CONSTRAINTS: Any = """
    SELECT oid, conname, contype::text, conrelid, conislocal, conparentid,
        pg_catalog.pg_get_constraintdef(oid) AS definition
    FROM pg_catalog.pg_constraint WHERE connamespace = ANY (%(schemas)s) AND conrelid <> 0
"""

_INDEXES: Any = f"""
    SELECT c.oid, n.nspname, t.relname AS table, c.relname, c.relkind::text, i.indisvalid, i.indisreplident,
        i.indisclustered, c.reloptions, pg_catalog.pg_get_indexdef(c.oid) AS definition, k.oid AS constraint_oid,
        p.oid AS parent_oid, p.relname AS parent, pn.nspname AS parent_schema, pk.oid AS parent_constraint,
        (SELECT array_agg(attnum ORDER BY attnum) FROM pg_catalog.pg_attribute
         WHERE attrelid = c.oid AND attstattarget >= 0) AS statistics_columns,
        (SELECT array_agg(attstattarget ORDER BY attnum) FROM pg_catalog.pg_attribute
         WHERE attrelid = c.oid AND attstattarget >= 0) AS statistics_targets
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid
    LEFT JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
    LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    LEFT JOIN pg_catalog.pg_constraint pk ON pk.conindid = p.oid AND pk.conrelid <> 0 AND pk.contype IN ('p', 'u', 'x')
    WHERE c.relnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({members("pg_class")})
"""

_SWITCHED_OFF_KEYS: Any = """
    SELECT DISTINCT n.nspname, c.relname, k.conname
    FROM pg_catalog.pg_trigger g
    JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
    WHERE g.tgisinternal AND g.tgenabled <> 'O' AND c.relnamespace = ANY (%(schemas)s)
"""
