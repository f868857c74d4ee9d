"""Which features of PostgreSQL a database really has, so that one sees what was met; nothing is judged here."""

from collections.abc import Iterable
from typing import Any

import psycopg

FEATURES = (
    "schema beside public", "no schema public", "extension", "table", "table without columns", "UNLOGGED table",
    "typed table", "partitioned table", "partition below a partition", "inheritance from two", "dropped column",
    "identity column", "generated column", "storage other than the type's", "compression", "statistics target",
    "storage parameter", "primary key", "exclusion constraint", "no key", "duplicate rows", "check", "check NOT VALID",
    "foreign key NOT VALID", "foreign key to itself", "cycle of foreign keys",
    "broken foreign key that is called valid", "index", "partial index", "expression index", "covering index",
    "index other than btree", "NULLS NOT DISTINCT", "replica identity", "row level security", "policy", "enum",
    "domain", "composite type", "range type", "collation", "sequence that counts down", "sequence owned by a column",
    "function", "procedure", "trigger", "trigger that is switched off", "rule", "view", "materialized view",
    "materialized view without rows", "statistics object", "comment", "hostile name", "names equal but for case",
    "numeric NaN", "numeric infinity", "numeric of 20 digits and more behind the point", "trailing zeros of a numeric",
    "negative scale", "-0 and NaN of float8", "subnormal", "2^63-1", "BC date", "infinite date", "BC moment",
    "infinite moment", "24:00", "interval of several signs", "duplicate keys in json", "jsonb", "array with bounds",
    "array of two dimensions", "array", "NULL in an array", "empty range", "infinite range", "multirange", "bytea",
    "empty text", "U+2028, BOM or CRLF", "backslash in text", "xml", "NULL",
)  # fmt: skip
"""What ``features`` tells apart, in the order in which it is shown."""


_OURS = "(SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
_CLASSES = f"pg_class c WHERE c.relnamespace IN {_OURS}"
_COLUMNS = (
    f"pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid "
    f"WHERE c.relnamespace IN {_OURS} AND a.attnum > 0 AND c.relkind IN ('r', 'p')"
)
_INDEXES = (
    "pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam "
    f"WHERE c.relnamespace IN {_OURS}"
)
_KEYS = f"pg_constraint k WHERE k.connamespace IN {_OURS}"
_EXISTS: dict[str, str] = {
    "schema beside public": f"pg_namespace WHERE oid IN {_OURS} AND nspname <> 'public'",
    "extension": "pg_extension WHERE extname <> 'plpgsql'",
    "table": f"{_CLASSES} AND relkind = 'r'",
    "table without columns": f"{_CLASSES} AND relkind = 'r' "
    "AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)",
    "UNLOGGED table": f"{_CLASSES} AND relkind = 'r' AND relpersistence = 'u'",
    "typed table": f"{_CLASSES} AND reloftype <> 0",
    "partitioned table": f"{_CLASSES} AND relkind = 'p'",
    "partition below a partition": f"{_CLASSES} AND relkind = 'p' AND relispartition",
    "inheritance from two": "pg_inherits WHERE inhseqno > 1",
    "dropped column": "pg_attribute WHERE attisdropped",
    "identity column": f"{_COLUMNS} AND attidentity <> ''",
    "generated column": f"{_COLUMNS} AND attgenerated <> ''",
    "storage other than the type's": f"{_COLUMNS} AND attstorage <> typstorage AND NOT attisdropped",
    "compression": f"{_COLUMNS} AND attcompression <> ''",
    "statistics target": f"{_COLUMNS} AND attstattarget > 0",
    "storage parameter": f"{_CLASSES} AND reloptions IS NOT NULL AND relkind = 'r'",
    "primary key": f"{_KEYS} AND contype = 'p'",
    "exclusion constraint": f"{_KEYS} AND contype = 'x'",
    "no key": f"{_CLASSES} AND relkind = 'r' "
    "AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)",
    "check": f"{_KEYS} AND contype = 'c'",
    "check NOT VALID": f"{_KEYS} AND contype = 'c' AND NOT convalidated",
    "foreign key NOT VALID": f"{_KEYS} AND contype = 'f' AND NOT convalidated",
    "foreign key to itself": f"{_KEYS} AND contype = 'f' AND conrelid = confrelid",
    "cycle of foreign keys": "pg_constraint one JOIN pg_constraint two "
    "ON one.conrelid = two.confrelid AND one.confrelid = two.conrelid "
    "AND one.oid <> two.oid AND one.conrelid <> one.confrelid",
    "index": _INDEXES,
    "partial index": f"{_INDEXES} AND indpred IS NOT NULL",
    "expression index": f"{_INDEXES} AND indexprs IS NOT NULL",
    "covering index": f"{_INDEXES} AND indnatts > indnkeyatts",
    "index other than btree": f"{_INDEXES} AND amname <> 'btree'",
    "NULLS NOT DISTINCT": f"{_INDEXES} AND indnullsnotdistinct",
    "replica identity": f"{_CLASSES} AND relreplident IN ('f', 'n') AND relkind = 'r'",
    "row level security": f"{_CLASSES} AND relforcerowsecurity",
    "policy": "pg_policy",
    "enum": f"pg_type WHERE typtype = 'e' AND typnamespace IN {_OURS}",
    "domain": f"pg_type WHERE typtype = 'd' AND typnamespace IN {_OURS}",
    "composite type": f"{_CLASSES} AND relkind = 'c'",
    "range type": f"pg_type WHERE typtype = 'r' AND typnamespace IN {_OURS}",
    "collation": f"pg_collation WHERE collnamespace IN {_OURS}",
    "sequence that counts down": "pg_sequence WHERE seqincrement < 0",
    "sequence owned by a column": "pg_depend d JOIN pg_sequence s ON d.objid = s.seqrelid "
    "AND deptype = 'a' AND refobjsubid > 0",
    "function": f"pg_proc WHERE prokind = 'f' AND pronamespace IN {_OURS}",
    "procedure": f"pg_proc WHERE prokind = 'p' AND pronamespace IN {_OURS}",
    "trigger": "pg_trigger WHERE NOT tgisinternal",
    "trigger that is switched off": "pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'",
    "rule": "pg_rewrite WHERE rulename <> '_RETURN' AND ev_class >= 16384",
    "view": f"{_CLASSES} AND relkind = 'v'",
    "materialized view": f"{_CLASSES} AND relkind = 'm' AND relispopulated",
    "materialized view without rows": f"{_CLASSES} AND relkind = 'm' AND NOT relispopulated",
    "statistics object": "pg_statistic_ext",
    "comment": "pg_description WHERE objoid >= 16384",
    "hostile name": f"{_CLASSES} AND relname !~ '^[a-z_0-9]+$'",
    "names equal but for case": f"{_CLASSES} AND EXISTS (SELECT FROM pg_class d WHERE d.relname <> c.relname "
    "AND d.relnamespace = c.relnamespace AND lower(d.relname) = lower(c.relname))",
}

_OF_VALUES: dict[str, dict[str, str]] = {
    "numeric": {
        "numeric NaN": "{0} = 'NaN'",
        "numeric infinity": "{0} IN ('Infinity', '-Infinity')",
        "negative scale": "{0} = 12300",
        "numeric of 20 digits and more behind the point": "scale({0}) >= 20",
        "trailing zeros of a numeric": "scale({0}) > min_scale({0})",
    },
    "float8": {"-0 and NaN of float8": "{0}::text IN ('-0', 'NaN')", "subnormal": "abs({0}) < '2.2e-308' AND {0} <> 0"},
    "int8": {"2^63-1": "{0} = 9223372036854775807"},
    "date": {"BC date": "{0} < '0001-01-01' AND isfinite({0})", "infinite date": "NOT isfinite({0})"},
    "timestamptz": {"BC moment": "{0} < '0001-01-01' AND isfinite({0})", "infinite moment": "NOT isfinite({0})"},
    "time": {"24:00": "{0} = '24:00'"},
    "interval": {"interval of several signs": "{0}::text ~ '-.*\\+|[0-9] .*-'"},
    "json": {"duplicate keys in json": '{0}::text LIKE \'{"a": 1, "a"%\''},
    "jsonb": {"jsonb": "{0} IS NOT NULL"},
    "int4range": {"empty range": "isempty({0})", "infinite range": "lower_inf({0})"},
    "int8multirange": {"multirange": "NOT isempty({0})"},
    "bytea": {"bytea": "length({0}) > 0"},
    "xml": {"xml": "{0} IS NOT NULL"},
    "text": {
        "empty text": "length({0}) = 0",
        "U+2028, BOM or CRLF": "{0} COLLATE \"C\" ~ E'\\u2028|\\ufeff|\\r\\n'",
        "backslash in text": "position('\\' IN ({0} COLLATE \"C\")) > 0",
    },
}
_OF_ARRAYS = {
    "array": "{0} IS NOT NULL",
    "array with bounds": "array_lower({0}, 1) <> 1",
    "array of two dimensions": "array_ndims({0}) = 2",
    "NULL in an array": "{0}::text ~ 'NULL'",
}


def features(connection: psycopg.Connection[Any]) -> set[str]:
    """Those of ``FEATURES`` that a database has."""
    query = ", ".join(f"EXISTS (SELECT FROM {source})" for source in _EXISTS.values())
    (row,) = connection.execute(f"SELECT {query}").fetchall()
    found = {name for name, is_there in zip(_EXISTS, row, strict=True) if is_there}
    if connection.execute("SELECT to_regnamespace('public') IS NULL").fetchone() == (True,):
        found.add("no schema public")
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(
        "SELECT c.oid::regclass::text, quote_ident(attname), "
        "CASE WHEN typlen = -1 AND typelem <> 0 THEN '[]' WHEN t.oid < 16384 THEN typname ELSE '' END "
        f"FROM {_COLUMNS} AND relkind = 'r' AND NOT attisdropped"
    ):
        columns.setdefault(table, []).append((column, kind))
    for table, of_table in columns.items():
        wanted = [*_value_features(of_table)]
        tests = ", ".join(f"coalesce(bool_or({test}), false)" for _, test in wanted)
        (row,) = connection.execute(
            f"SELECT {tests}, count(*) > count(DISTINCT this.*::text) FROM ONLY {table} this"
        ).fetchall()
        found |= {
            name
            for name, is_there in zip([*(name for name, _ in wanted), "duplicate rows"], row, strict=True)
            if is_there
        }
    return found


def _value_features(columns: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for column, kind in columns:
        yield "NULL", f"{column} IS NULL"
        for name, test in (_OF_ARRAYS if kind == "[]" else _OF_VALUES.get(kind, {})).items():
            yield name, test.replace("{0}", column)
