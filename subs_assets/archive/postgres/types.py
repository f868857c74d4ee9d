"""The DDL of what PostgreSQL's tables are made with: schemas, extensions, types, functions, sequences."""

from collections.abc import Callable, Iterator
from typing import Any

from subs_assets.archive.postgres.catalogue import (
    Catalogue,
    Key,
    Statement,
    literal,
    members,
    options,
    qualified,
    quote,
)

ALWAYS_THERE = "plpgsql"  # an extension of every new database


def type_statements(catalogue: Catalogue) -> Iterator[Statement]:
    """What makes schemas, extensions, types, functions and sequences."""
    parts: tuple[Callable[[Catalogue], Iterator[Statement]], ...] = (
        _schemas, _extensions, _collations, _types, _domains, _functions, _sequences,
    )  # fmt: skip
    for part in parts:
        yield from part(catalogue)


_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}


def column_settings(column: Any) -> Iterator[str]:
    """What stands behind ALTER COLUMN name, for what a column has beyond its definition."""
    if column.attcompression:
        yield f"SET COMPRESSION {_COMPRESSION[column.attcompression]}"
    if column.attstorage != column.typstorage:
        yield f"SET STORAGE {_STORAGE[column.attstorage]}"
    if column.attstattarget is not None and column.attstattarget >= 0:
        yield f"SET STATISTICS {column.attstattarget}"
    if column.attoptions:
        yield f"SET ({options(column.attoptions)})"


def sequence_options(row: Any) -> str:
    """The options of ``CREATE SEQUENCE``, of a row of ``pg_sequence``."""
    return (
        f"START WITH {row.seqstart} INCREMENT BY {row.seqincrement} MINVALUE {row.seqmin} MAXVALUE {row.seqmax} "
        f"CACHE {row.seqcache} {'CYCLE' if row.seqcycle else 'NO CYCLE'}"
    )


def _schemas(catalogue: Catalogue) -> Iterator[Statement]:
    made_by_extensions = {row.objid for row in catalogue.rows(members("pg_namespace"))}
    for oid, name in catalogue.schemas.items():
        if oid in made_by_extensions:
            continue
        yield Statement("schema", name, "", f"CREATE SCHEMA {quote(name)}", Key("pg_namespace", oid))


def _extensions(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_EXTENSIONS):
        if row.extname == ALWAYS_THERE:
            continue
        if row.extnamespace in catalogue.schemas or (catalogue.scope.only is None and row.is_systems):
            sql = f"CREATE EXTENSION {quote(row.extname)} SCHEMA {quote(row.nspname)} VERSION {literal(row.extversion)}"
            yield Statement("extension", row.extname, "", sql, Key("pg_extension", row.oid))


def _collations(catalogue: Catalogue) -> Iterator[Statement]:
    for row in catalogue.rows(_COLLATIONS):
        # As JSON, because the columns differ from version to version.
        found = row.settings
        locale = found.get("colllocale") or found.get("colliculocale")
        settings = {
            "provider": {"i": "icu", "c": "libc", "b": "builtin"}[found["collprovider"]],
            "lc_collate": None if locale else found["collcollate"],
            "lc_ctype": None if locale else found["collctype"],
            "locale": locale,
            "rules": found.get("collicurules"),
            "deterministic": "true" if found["collisdeterministic"] else "false",
        }
        pairs = ", ".join(f"{name} = {literal(value)}" for name, value in settings.items() if value is not None)
        sql = f"CREATE COLLATION {qualified(row.nspname, row.collname)} ({pairs})"
        yield Statement("collation", catalogue.name(row.nspname, row.collname), "", sql, Key("pg_collation", row.oid))


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
    all_checks = catalogue.rows(_DOMAIN_CHECKS)
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
        checks = [check for check in all_checks if check.contypid == row.oid]
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


_EXTENSIONS: Any = """
    SELECT e.oid, e.extname, e.extversion, e.extnamespace, n.nspname,
        n.nspname ~ '^pg_' OR n.nspname = 'information_schema' AS is_systems
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
"""

_COLLATIONS: Any = f"""
    SELECT c.oid, n.nspname, c.collname, pg_catalog.to_jsonb(c) AS settings
    FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
    WHERE c.collnamespace = ANY (%(schemas)s) AND c.oid NOT IN ({members("pg_collation")})
"""

_ENUMS: Any = f"""
    SELECT t.oid, n.nspname, t.typname,
        (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_catalog.pg_enum
         WHERE enumtypid = t.oid) AS labels
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'e' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({members("pg_type")})
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
    WHERE t.typtype = 'c' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({members("pg_type")})
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
    WHERE t.typtype = 'r' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({members("pg_type")})
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
    WHERE t.typtype = 'd' AND t.typnamespace = ANY (%(schemas)s) AND t.oid NOT IN ({members("pg_type")})
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
    WHERE p.prokind <> 'a' AND p.pronamespace = ANY (%(schemas)s) AND p.oid NOT IN ({members("pg_proc")})
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
        AND c.oid NOT IN ({members("pg_class")})
"""
