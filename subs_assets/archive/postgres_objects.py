"""The DDL of everything in a PostgreSQL database but its tables: schemas, types, functions, sequences, views, triggers,
policies, comments.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from subs_assets.archive.postgres_catalogue import (
    Catalogue,
    Graph,
    Key,
    Statement,
    closure,
    literal,
    options,
    qualified,
    quote,
)
from subs_assets.archive.postgres_tables import sequence_options

ALWAYS_THERE = "plpgsql"  # an extension of every new database
STANDARD_COMMENT = "standard public schema"  # of every new database's "public"

_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}
_TRIGGER_STATES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS", "O": "ENABLE"}
_COMMENTED = {
    "composite type": "TYPE", "composite type column": "COLUMN", "domain constraint": "CONSTRAINT",
    "table column": "COLUMN",
    "table constraint": "CONSTRAINT", "view column": "COLUMN", "materialized view column": "COLUMN",
    "statistics object": "STATISTICS", "index column": "COLUMN",
}  # fmt: skip
_COMMENTABLE = frozenset(
    {"table", "view", "materialized view", "sequence", "index", "function", "procedure", "type", "schema", "extension",
     "trigger", "rule", "policy"}
)  # fmt: skip


def object_statements(catalogue: Catalogue) -> Iterator[Statement]:
    """What makes everything but tables, keys, indexes and comments."""
    parts: tuple[Callable[[Catalogue], Iterator[Statement]], ...] = (
        _schemas, _extensions, _types, _domains, _functions, _sequences, _views, _rules, _triggers, _policies,
        _statistics,
    )  # fmt: skip
    for part in parts:
        yield from part(catalogue)


def refreshes(catalogue: Catalogue, statements: Sequence[Statement], graph: Graph) -> Iterator[Statement]:
    """What fills the materialised views, each after those that it reads."""
    needs = graph.needs()
    filled = {Key("pg_class", row.oid) for row in catalogue.rows(_MATERIALIZED) if row.relispopulated}
    for statement in statements:
        if statement.kind == "materialized view" and statement.makes in filled:
            read = closure([statement.makes], needs) & filled - {statement.makes}
            sql = f"REFRESH MATERIALIZED VIEW {statement.sql.split(chr(10), 1)[0].removeprefix(_MATERIALIZED_VIEW)}"
            yield Statement(
                "refresh", statement.name, "", sql, _refreshed(statement.makes),
                frozenset({statement.makes, *map(_refreshed, read)}),
            )  # fmt: skip


def comments(catalogue: Catalogue, graph: Graph, problems: list[str]) -> Iterator[Statement]:
    """The comments on what the statements make; what kind of object cannot be named goes to ``problems``."""
    for row in catalogue.rows(_COMMENTS):
        maker = graph.maker(Key(row.catalogue, row.objoid))
        if maker is None or (row.type == "schema" and row.description == STANDARD_COMMENT):
            continue
        if maker.catalogue == "pg_extension" and row.catalogue != "pg_extension":
            continue  # comes with the extension
        kind = _COMMENTED.get(row.type) or (row.type.upper() if row.type in _COMMENTABLE else None)
        if kind is None or row.type == "index column":
            problems.append(f"{row.type} {row.identity}: its comment is not archived")
            continue
        identity = row.identity
        if row.type == "domain constraint":
            identity = identity.replace(" on ", " ON DOMAIN ", 1) if identity.count(" on ") == 1 else identity
        kind = "DOMAIN" if row.is_domain else kind
        sql = f"COMMENT ON {kind} {identity} IS {literal(row.description)}"
        yield Statement("comment", f"{row.type} {row.identity}", "", sql, needs=frozenset({maker}))


def problems_of(catalogue: Catalogue) -> Iterator[str]:
    """What is in the database and in no statement, beyond whole objects: a sentence each."""
    for row in catalogue.rows(_EXTENSION_TABLES):
        (count,) = catalogue.rows(f"SELECT count(*) FROM {row.table} {row.condition or ''}")[0]
        if count:
            yield f"extension {row.extname}: {count} rows of its own table {row.table} are not archived"
    if catalogue.scope.only is not None:
        return
    (large_objects,) = catalogue.rows("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata")[0]
    if large_objects:
        yield f"{large_objects} large objects are not archived"
    (labels,) = catalogue.rows("SELECT count(*) FROM pg_catalog.pg_seclabel")[0]
    if labels:
        yield f"{labels} security labels are not archived"


def _schemas(catalogue: Catalogue) -> Iterator[Statement]:
    for oid, name in catalogue.schemas.items():
        yield Statement("schema", name, "", f"CREATE SCHEMA {quote(name)}", Key("pg_namespace", oid))


def _extensions(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_EXTENSIONS):
        if row.extname == ALWAYS_THERE:
            continue
        if row.extnamespace in catalogue.schemas or (catalogue.scope.only is None and row.is_systems):
            sql = f"CREATE EXTENSION {quote(row.extname)} SCHEMA {quote(row.nspname)} VERSION {literal(row.extversion)}"
            yield Statement("extension", row.extname, "", sql, Key("pg_extension", row.oid))


def _types(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_ENUMS):
        labels = ", ".join(literal(label) for label in row.labels or ())
        sql = f"CREATE TYPE {qualified(row.nspname, row.typname)} AS ENUM ({labels})"
        yield Statement("enum", catalogue.name(row.nspname, row.typname), "", sql, Key("pg_type", row.oid))
    for row in catalogue.rows(_COMPOSITES):
        sql = f"CREATE TYPE {qualified(row.nspname, row.typname)} AS ({', '.join(row.attributes or ())})"
        yield Statement("composite type", catalogue.name(row.nspname, row.typname), "", sql, Key("pg_type", row.oid))
    for row in catalogue.rows(_RANGES):
        if row.canonical:
            continue  # needs a type that is only half made; no statement makes it, so it is named
        settings = [f"SUBTYPE = {row.subtype}", f"SUBTYPE_OPCLASS = {row.opclass}"]
        settings += [f"COLLATION = {row.collation}"] if row.collation else []
        settings += [f"SUBTYPE_DIFF = {row.difference}"] if row.difference else []
        settings += [f"MULTIRANGE_TYPE_NAME = {row.multirange}"]
        sql = f"CREATE TYPE {qualified(row.nspname, row.typname)} AS RANGE ({', '.join(settings)})"
        yield Statement("range type", catalogue.name(row.nspname, row.typname), "", sql, Key("pg_type", row.oid))


def _domains(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_DOMAINS):
        key, name, type_name = (
            Key("pg_type", row.oid),
            catalogue.name(row.nspname, row.typname),
            qualified(row.nspname, row.typname),
        )
        sql = f"CREATE DOMAIN {type_name} AS {row.base}"
        sql += f" COLLATE {row.collation}" if row.collation else ""
        sql += f" DEFAULT {row.expression}" if row.expression is not None else ""
        sql += " NOT NULL" if row.typnotnull else ""
        checks = [check for check in catalogue.rows(_DOMAIN_CHECKS) if check.contypid == row.oid]
        for check in checks:
            if check.convalidated:
                sql += f" CONSTRAINT {quote(check.conname)} {check.definition}"
        yield Statement("domain", name, "", sql, key)
        for check in checks:
            made = Key("pg_constraint", check.oid)
            if not check.convalidated:
                later = f"ALTER DOMAIN {type_name} ADD CONSTRAINT {quote(check.conname)} {check.definition}"
                yield Statement("check", check.conname, name, later, made, frozenset({key}))


def _functions(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_FUNCTIONS):
        kind = "procedure" if row.prokind == "p" else "function"
        name = f"{catalogue.name(row.nspname, row.proname)}({row.arguments})"
        yield Statement(kind, name, "", row.definition.strip(), Key("pg_proc", row.oid))


def _sequences(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_SEQUENCES):
        key, name = Key("pg_class", row.oid), catalogue.name(row.nspname, row.relname)
        sequence = qualified(row.nspname, row.relname)
        unlogged = "UNLOGGED " if row.relpersistence == "u" else ""
        yield Statement(
            "sequence", name, "", f"CREATE {unlogged}SEQUENCE {sequence} AS {row.type} {sequence_options(row)}", key
        )
        if row.owner is not None:
            sql = (
                f"ALTER SEQUENCE {sequence} OWNED BY {qualified(row.owner_schema, row.owner)}.{quote(row.owner_column)}"
            )
            needs = frozenset({key, Key("pg_class", row.owner_oid)})
            yield Statement("sequence owner", name, catalogue.name(row.owner_schema, row.owner), sql, needs=needs)


_MATERIALIZED_VIEW = "CREATE MATERIALIZED VIEW "


def _views(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_VIEWS):
        key, name, view = (
            Key("pg_class", row.oid),
            catalogue.name(row.nspname, row.relname),
            qualified(row.nspname, row.relname),
        )
        settings = f" WITH ({options(row.reloptions)})" if row.reloptions else ""
        sql = f"CREATE VIEW {view}\n{settings} AS\n{row.definition.rstrip(';')}"
        yield Statement("view", name, "", sql, key)
    for row in catalogue.rows(_VIEW_DEFAULTS):
        view = qualified(row.nspname, row.relname)
        sql = f"ALTER VIEW {view} ALTER COLUMN {quote(row.attname)} SET DEFAULT {row.expression}"
        name = catalogue.name(row.nspname, row.relname)
        yield Statement("view column", row.attname, name, sql, needs=frozenset({Key("pg_class", row.oid)}))
    for row in catalogue.rows(_MATERIALIZED):
        key, name, view = (
            Key("pg_class", row.oid),
            catalogue.name(row.nspname, row.relname),
            qualified(row.nspname, row.relname),
        )
        method = f" USING {quote(row.access_method)}" if row.access_method not in (None, "heap") else ""
        settings = f" WITH ({options(row.reloptions)})" if row.reloptions else ""
        sql = f"{_MATERIALIZED_VIEW}{view}\n{method}{settings} AS\n{row.definition.rstrip(';')}\nWITH NO DATA"
        yield Statement("materialized view", name, "", sql, key)


def _rules(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_RULES):
        key, table = Key("pg_rewrite", row.oid), catalogue.name(row.nspname, row.relname)
        yield Statement("rule", row.rulename, table, row.definition.rstrip(";"), key)
        if row.ev_enabled != "O":
            state = _TRIGGER_STATES[row.ev_enabled]
            sql = f"ALTER TABLE {qualified(row.nspname, row.relname)} {state} RULE {quote(row.rulename)}"
            yield Statement("trigger state", row.rulename, table, sql, needs=frozenset({key}))


def _triggers(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_TRIGGERS):
        table = catalogue.name(row.nspname, row.relname)
        key = Key("pg_trigger", row.parent_oid or row.oid)
        if row.parent_oid is None:
            yield Statement("trigger", row.tgname, table, row.definition, key)
        if row.tgenabled != (row.parent_enabled or "O"):
            table_name = qualified(row.nspname, row.relname)
            sql = f"ALTER TABLE ONLY {table_name} {_TRIGGER_STATES[row.tgenabled]} TRIGGER {quote(row.tgname)}"
            # A partitioned table hands its state on to its partitions, so theirs come afterwards.
            needs = {key} if row.parent_oid is None else {key, _state(row.parent_oid)}
            yield Statement("trigger state", row.tgname, table, sql, _state(row.oid), frozenset(needs))


def _policies(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_POLICIES):
        table = catalogue.name(row.nspname, row.relname)
        sql = (
            f"CREATE POLICY {quote(row.polname)} ON {qualified(row.nspname, row.relname)} "
            f"AS {'PERMISSIVE' if row.polpermissive else 'RESTRICTIVE'} FOR {_COMMANDS[row.polcmd]} "
            f"TO {', '.join(quote(role) if role else 'PUBLIC' for role in row.roles)}"
        )
        sql += f" USING ({row.condition})" if row.condition is not None else ""
        sql += f" WITH CHECK ({row.check})" if row.check is not None else ""
        yield Statement("policy", row.polname, table, sql, Key("pg_policy", row.oid))


def _statistics(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_STATISTICS):
        key, name = Key("pg_statistic_ext", row.oid), catalogue.name(row.nspname, row.stxname)
        yield Statement("statistics object", name, "", row.definition, key)
        if row.stxstattarget is not None and row.stxstattarget >= 0:
            sql = f"ALTER STATISTICS {qualified(row.nspname, row.stxname)} SET STATISTICS {row.stxstattarget}"
            yield Statement("statistics object", f"{name} target", "", sql, needs=frozenset({key}))


def _refreshed(view: Key) -> Key:
    return Key("refreshed", view.oid)


def _state(trigger: int) -> Key:
    return Key("trigger state", trigger)


def _members(catalogue: str) -> str:
    """OIDs of that catalogue's objects that belong to extensions, and are made by them."""
    return (
        "SELECT objid FROM pg_catalog.pg_depend WHERE deptype = 'e' "
        f"AND classid = 'pg_catalog.{catalogue}'::pg_catalog.regclass"
    )


_EXTENSIONS: Any = """
    SELECT e.oid, e.extname, e.extversion, e.extnamespace, n.nspname,
        n.nspname ~ '^pg_' OR n.nspname = 'information_schema' AS is_systems
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
"""

# Of the tables that an extension calls its configuration, those rows that it says are the user's; of others, all rows.
_EXTENSION_TABLES: Any = """
    SELECT e.extname, c.oid::pg_catalog.regclass::pg_catalog.text AS table,
        e.extcondition[pg_catalog.array_position(e.extconfig, c.oid)] AS condition
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        AND (e.extnamespace = ANY (%(schemas)s) OR c.relnamespace = ANY (%(schemas)s))
    ORDER BY 1, 2
"""

_ENUMS: Any = f"""
    SELECT t.oid, n.nspname, t.typname,
        (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_catalog.pg_enum
         WHERE enumtypid = t.oid) AS labels
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'e' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({_members("pg_type")})
"""

_COMPOSITES: Any = f"""
    SELECT t.oid, n.nspname, t.typname,
        (SELECT array_agg(
            pg_catalog.format('%%I %%s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
            || CASE WHEN a.attcollation <> at.typcollation AND a.attcollation <> 0
                THEN pg_catalog.format(' COLLATE %%I.%%I', cn.nspname, co.collname) ELSE '' END
            ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type at ON at.oid = a.atttypid
         LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
         LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
         WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
    WHERE t.typtype = 'c' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({_members("pg_type")})
"""

_RANGES: Any = f"""
    SELECT t.oid, n.nspname, t.typname, pg_catalog.format_type(r.rngsubtype, NULL) AS subtype,
        pg_catalog.format('%%I.%%I', opn.nspname, op.opcname) AS opclass,
        CASE WHEN r.rngcollation <> st.typcollation AND r.rngcollation <> 0
            THEN pg_catalog.format('%%I.%%I', cn.nspname, co.collname) END AS collation,
        CASE WHEN r.rngsubdiff <> 0 THEN
            (SELECT pg_catalog.format('%%I.%%I', pn.nspname, p.proname) FROM pg_catalog.pg_proc p
             JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace WHERE p.oid = r.rngsubdiff)
        END AS difference,
        r.rngcanonical <> 0 AS canonical, pg_catalog.format('%%I.%%I', mn.nspname, m.typname) AS multirange
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
    JOIN pg_catalog.pg_type st ON st.oid = r.rngsubtype
    JOIN pg_catalog.pg_type m ON m.oid = r.rngmultitypid
    JOIN pg_catalog.pg_namespace mn ON mn.oid = m.typnamespace
    JOIN pg_catalog.pg_opclass op ON op.oid = r.rngsubopc
    JOIN pg_catalog.pg_namespace opn ON opn.oid = op.opcnamespace
    LEFT JOIN pg_catalog.pg_collation co ON co.oid = r.rngcollation
    LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
    WHERE t.typtype = 'r' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({_members("pg_type")})
"""

_DOMAINS: Any = f"""
    SELECT t.oid, n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull,
        CASE WHEN t.typcollation <> b.typcollation AND t.typcollation <> 0
            THEN pg_catalog.format('%%I.%%I', cn.nspname, co.collname) END AS collation,
        COALESCE(pg_catalog.pg_get_expr(t.typdefaultbin, 0), pg_catalog.quote_literal(t.typdefault)) AS expression
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
    LEFT JOIN pg_catalog.pg_collation co ON co.oid = t.typcollation
    LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
    WHERE t.typtype = 'd' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({_members("pg_type")})
"""

_DOMAIN_CHECKS: Any = """
    SELECT oid, contypid, conname, convalidated, pg_catalog.pg_get_constraintdef(oid) AS definition
    FROM pg_catalog.pg_constraint WHERE contypid <> 0 AND contype = 'c' ORDER BY conname COLLATE "C"
"""

_FUNCTIONS: Any = f"""
    SELECT p.oid, n.nspname, p.proname, p.prokind::text,
        pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
        pg_catalog.pg_get_functiondef(p.oid) AS definition
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prokind <> 'a' AND p.pronamespace = ANY (%(schemas)s) AND p.oid NOT IN ({_members("pg_proc")})
        AND p.oid NOT IN (SELECT objid FROM pg_catalog.pg_depend
            WHERE deptype = 'i' AND classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
"""

_SEQUENCES: Any = f"""
    SELECT c.oid, n.nspname, c.relname, c.relpersistence::text, pg_catalog.format_type(s.seqtypid, NULL) AS type,
        s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, o.oid AS owner_oid, o.relname AS owner,
        ons.nspname AS owner_schema, a.attname AS owner_column
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_class o ON o.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_namespace ons ON ons.oid = o.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
    WHERE c.relnamespace = ANY (%(schemas)s) AND d.deptype IS DISTINCT FROM 'i'
        AND c.oid NOT IN ({_members("pg_class")})
"""

_VIEWS: Any = f"""
    SELECT c.oid, n.nspname, c.relname, c.reloptions, pg_catalog.pg_get_viewdef(c.oid) AS definition
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v' AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({_members("pg_class")})
"""

_VIEW_DEFAULTS: Any = f"""
    SELECT c.oid, n.nspname, c.relname, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression
    FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid AND c.relkind = 'v'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
    WHERE c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({_members("pg_class")})
"""

_MATERIALIZED: Any = f"""
    SELECT c.oid, n.nspname, c.relname, c.reloptions, c.relispopulated, a.amname AS access_method,
        pg_catalog.pg_get_viewdef(c.oid) AS definition
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
    WHERE c.relkind = 'm' AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({_members("pg_class")})
"""

_RULES: Any = f"""
    SELECT r.oid, n.nspname, c.relname, r.rulename, r.ev_enabled::text, pg_catalog.pg_get_ruledef(r.oid) AS definition
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({_members("pg_class")})
"""

_TRIGGERS: Any = f"""
    SELECT g.oid, n.nspname, c.relname, g.tgname, g.tgenabled::text, pg_catalog.pg_get_triggerdef(g.oid) AS definition,
        p.oid AS parent_oid, p.tgenabled::text AS parent_enabled
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_trigger p ON p.oid = g.tgparentid
    WHERE NOT g.tgisinternal AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({_members("pg_class")})
"""

_POLICIES: Any = f"""
    SELECT p.oid, n.nspname, c.relname, p.polname, p.polpermissive, p.polcmd::text,
        pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS condition,
        pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check,
        (SELECT array_agg(r.rolname::text ORDER BY r.rolname COLLATE "C")
         FROM unnest(p.polroles) AS role (oid) LEFT JOIN pg_catalog.pg_roles r ON r.oid = role.oid) AS roles
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({_members("pg_class")})
"""

_STATISTICS: Any = """
    SELECT s.oid, n.nspname, s.stxname, s.stxstattarget, pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition
    FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
    WHERE s.stxnamespace = ANY (%(schemas)s)
"""

_COMMENTS: Any = """
    SELECT k.relname AS catalogue, d.objoid, d.description, i.type, i.identity, t.typtype = 'd' AS is_domain
    FROM pg_catalog.pg_description d
    JOIN pg_catalog.pg_class k ON k.oid = d.classoid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    LEFT JOIN pg_catalog.pg_type t ON t.oid = d.objoid AND k.relname = 'pg_type'
    WHERE d.objoid >= 16384 OR k.relname = 'pg_namespace'
    ORDER BY i.type, i.identity
"""
