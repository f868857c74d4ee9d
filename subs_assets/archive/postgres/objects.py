"""The DDL of what stands on PostgreSQL's tables: views, rules, triggers, policies, statistics, comments."""

from collections.abc import Callable, Iterator
from typing import Any

from subs_assets.archive.postgres.catalogue import (
    Catalogue,
    Graph,
    Key,
    Statement,
    closure,
    literal,
    members,
    options,
    qualified,
    quote,
)
from subs_assets.archive.postgres.types import column_settings

REFRESH = "REFRESH MATERIALIZED VIEW "
STANDARD_COMMENT = "standard public schema"  # of every new database's "public"

_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}
_TRIGGER_STATES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS", "O": "ENABLE"}
_COMMENTED = {
    "composite type": "TYPE", "composite type column": "COLUMN", "domain constraint": "CONSTRAINT",
    "table column": "COLUMN", "table constraint": "CONSTRAINT", "view column": "COLUMN",
    "materialized view column": "COLUMN", "statistics object": "STATISTICS",
}  # fmt: skip
_DEPENDING = frozenset({"function", "procedure", "trigger", "materialized view", "index"})
_COMMENTABLE = frozenset(
    {"table", "view", "materialized view", "sequence", "index", "function", "procedure", "type", "schema", "extension",
     "collation", "trigger", "rule", "policy"}
)  # fmt: skip


def object_statements(catalogue: Catalogue) -> Iterator[Statement]:
    """What makes views, rules, triggers, policies and statistics objects."""
    parts: tuple[Callable[[Catalogue], Iterator[Statement]], ...] = (
        _views, _rules, _triggers, _policies, _statistics,
    )  # fmt: skip
    for part in parts:
        yield from part(catalogue)


def refreshes(catalogue: Catalogue, graph: Graph) -> Iterator[Statement]:
    """What fills the materialised views, each after those that it reads."""
    needs = graph.needs()
    filled = {Key("pg_class", row.oid): row for row in catalogue.rows(_MATERIALIZED) if row.relispopulated}
    for key, row in filled.items():
        read = closure([key], needs) & {*filled} - {key}
        sql = f"{REFRESH}{qualified(row.nspname, row.relname)}"
        name = catalogue.name(row.nspname, row.relname)
        yield Statement("refresh", name, "", sql, _refreshed(key), frozenset({key, *map(_refreshed, read)}))


def extension_dependencies(catalogue: Catalogue, graph: Graph, problems: list[str]) -> Iterator[Statement]:
    """What is dropped with an extension (DEPENDS ON EXTENSION) though it is no part of it."""
    for row in catalogue.rows(_EXTENSION_DEPENDENCIES):
        maker = graph.maker(Key(row.catalogue, row.objid))
        if maker is None:
            continue
        if row.type not in _DEPENDING:
            problems.append(
                f"{row.type} {row.identity}: that it depends on the extension {row.extname} is not archived"
            )
            continue
        sql = f"ALTER {row.type.upper()} {row.identity} DEPENDS ON EXTENSION {quote(row.extname)}"
        needs = frozenset({maker, Key("pg_extension", row.extension_oid)})
        yield Statement("extension dependency", f"{row.type} {row.identity} {row.extname}", "", sql, needs=needs)


def comments(catalogue: Catalogue, graph: Graph, problems: list[str]) -> Iterator[Statement]:
    """The comments on what the statements make; what kind of object cannot be named goes to ``problems``."""
    for row in catalogue.rows(_COMMENTS):
        maker = graph.maker(Key(row.catalogue, row.objoid))
        if maker is None or (row.type == "schema" and row.description == STANDARD_COMMENT):
            continue
        if maker.catalogue == "pg_extension" and row.catalogue != "pg_extension":
            continue  # comes with the extension
        kind = _COMMENTED.get(row.type) or (row.type.upper() if row.type in _COMMENTABLE else None)
        if kind is None:
            problems.append(f"{row.type} {row.identity}: its comment is not archived")
            continue
        kind = "DOMAIN" if row.is_domain else kind
        sql = f"COMMENT ON {kind} {row.domain_constraint or row.identity} IS {literal(row.description)}"
        yield Statement("comment", f"{row.type} {row.identity}", "", sql, needs=frozenset({maker}))


def rows_left_out(catalogue: Catalogue) -> Iterator[str]:
    """The rows that no archive holds, beside those of tables: a sentence each, with how many there are."""
    for row in catalogue.rows(_EXTENSION_TABLES):
        (count,) = catalogue.rows(f"SELECT count(*) FROM {row.table} {row.condition or ''}")[0]
        if count:
            yield f"extension {row.extname}: {count} rows of its own table {row.table} are not archived"
    if catalogue.scope.only is not None:
        return
    (large_objects,) = catalogue.rows("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata")[0]
    if large_objects:
        yield f"{large_objects} large objects are not archived"


def problems_of(catalogue: Catalogue) -> Iterator[str]:
    """What is in the database and in no statement, beyond whole objects: a sentence each."""
    if catalogue.scope.only is not None:
        return
    (labels,) = catalogue.rows("SELECT count(*) FROM pg_catalog.pg_seclabel")[0]
    if labels:
        yield f"{labels} security labels are not archived"


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
        sql = f"CREATE MATERIALIZED VIEW {view}\n{method}{settings} AS\n{row.definition.rstrip(';')}\nWITH NO DATA"
        yield Statement("materialized view", name, "", sql, key)
    for row in catalogue.rows(_MATERIALIZED_COLUMNS):
        name = catalogue.name(row.nspname, row.relname)
        alter = f"ALTER MATERIALIZED VIEW {qualified(row.nspname, row.relname)} ALTER COLUMN {quote(row.attname)}"
        for change in column_settings(row):
            yield Statement(
                "view column", row.attname, name, f"{alter} {change}", needs=frozenset({Key("pg_class", row.oid)})
            )


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

_VIEWS: Any = f"""
    SELECT c.oid, n.nspname, c.relname, c.reloptions, pg_catalog.pg_get_viewdef(c.oid) AS definition
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v' AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
"""

_VIEW_DEFAULTS: Any = f"""
    SELECT c.oid, n.nspname, c.relname, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression
    FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid AND c.relkind = 'v'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
    WHERE c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
"""

_MATERIALIZED: Any = f"""
    SELECT c.oid, n.nspname, c.relname, c.reloptions, c.relispopulated, a.amname AS access_method,
        pg_catalog.pg_get_viewdef(c.oid) AS definition
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
    WHERE c.relkind = 'm' AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
"""

_MATERIALIZED_COLUMNS: Any = f"""
    SELECT c.oid, n.nspname, c.relname, a.attname, a.attstorage::text, t.typstorage::text, a.attcompression::text,
        a.attstattarget, a.attoptions
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind = 'm'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
"""

_RULES: Any = f"""
    SELECT r.oid, n.nspname, c.relname, r.rulename, r.ev_enabled::text, pg_catalog.pg_get_ruledef(r.oid) AS definition
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
"""

_TRIGGERS: Any = f"""
    SELECT g.oid, n.nspname, c.relname, g.tgname, g.tgenabled::text, pg_catalog.pg_get_triggerdef(g.oid) AS definition,
        p.oid AS parent_oid, p.tgenabled::text AS parent_enabled
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_trigger p ON p.oid = g.tgparentid
    WHERE NOT g.tgisinternal AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
"""

_POLICIES: Any = f"""
    SELECT p.oid, n.nspname, c.relname, p.polname, p.polpermissive, p.polcmd::text,
        pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS condition,
        pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check,
        (SELECT array_agg(r.rolname::text ORDER BY r.rolname COLLATE "C")
         FROM unnest(p.polroles) AS role (oid) LEFT JOIN pg_catalog.pg_roles r ON r.oid = role.oid) AS roles
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_class")})
"""

_STATISTICS: Any = """
    SELECT s.oid, n.nspname, s.stxname, s.stxstattarget, pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition
    FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
    WHERE s.stxnamespace = ANY (%(schemas)s)
"""

_EXTENSION_DEPENDENCIES: Any = """
    SELECT k.relname AS catalogue, d.objid, e.oid AS extension_oid, e.extname, i.type, i.identity
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class k ON k.oid = d.classid
    JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i
    WHERE d.deptype = 'x' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
"""

_COMMENTS: Any = """
    SELECT k.relname AS catalogue, d.objoid, d.description, i.type, i.identity, t.typtype = 'd' AS is_domain,
        CASE WHEN con.oid IS NOT NULL
            THEN pg_catalog.format('%I ON DOMAIN %I.%I', con.conname, dn.nspname, dt.typname) END
            AS domain_constraint
    FROM pg_catalog.pg_description d
    JOIN pg_catalog.pg_class k ON k.oid = d.classoid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    LEFT JOIN pg_catalog.pg_type t ON t.oid = d.objoid AND k.relname = 'pg_type'
    LEFT JOIN pg_catalog.pg_constraint con ON con.oid = d.objoid AND k.relname = 'pg_constraint' AND con.contypid <> 0
    LEFT JOIN pg_catalog.pg_type dt ON dt.oid = con.contypid
    LEFT JOIN pg_catalog.pg_namespace dn ON dn.oid = dt.typnamespace
    WHERE d.objoid >= 16384 OR k.relname = 'pg_namespace'
    ORDER BY i.type, i.identity
"""
