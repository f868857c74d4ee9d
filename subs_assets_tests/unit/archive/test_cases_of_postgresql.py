"""Values and structures of PostgreSQL that a copy loses easily, each by itself: what the archive says of them, and that
they come back; the rich database of postgres_rich.sql has them together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from subs_assets.archive import restore, snapshot, store
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.postgres_oracle import content, plain

case = pytest.mark.archive_case

TYPES = """
    CREATE TYPE mood AS ENUM ('sad', 'o''k', ''); CREATE TYPE pair AS (x numeric, "Y z" text, m mood);
    CREATE DOMAIN short AS text CHECK (length(VALUE) < 9); CREATE DOMAIN pairs AS pair[];
    CREATE TYPE word_range AS RANGE (SUBTYPE = text, COLLATION = "C")
"""
VALUES = [
    (13, "float8", ["NaN", "Infinity", "-Infinity"]),
    (13, "real", ["NaN", "-Infinity"]),
    (14, "float8", ["-0", "0", "5e-324", "-5e-324", "2.225e-308"]),
    (14, "real", ["-0", "1e-45"]),
    (15, "bigint", ["9007199254740993", "9223372036854775807", "-9223372036854775808"]),
    (15, "xid8", ["18446744073709551615"]),
    (15, "numeric", ["123456789012345678901234567890"]),
    (16, "bytea", ["\\x00", "\\x610062", "\\x"]),
    (17, "bytea", ["\\xff", "\\xeda080"]),
    (18, "text", ["", None, "null", "\\N"]),
    (18, "json", ["null", '""', None]),
    (18, "jsonb", ["null", '""', None]),
    (21, "numeric", ["NaN", "1.5", "1.50", "1.500", "0.0000000000000000000000001", "Infinity"]),
    (21, "numeric(12,4)", ["1.5000", "NaN", "-0.0001"]),
    (21, "numeric(3,-2)", ["12300", "0"]),
    (22, "date", ["4713-01-01 BC", "infinity", "-infinity", "5874897-12-31"]),
    (22, "timestamptz", ["0044-03-15 12:00:00+00 BC", "infinity", "294276-12-31 23:59:59.999999+00"]),
    (22, "timestamp", ["4713-01-01 00:00:00 BC", "-infinity"]),
    (22, "time", ["24:00:00", "00:00:00"]),
    (22, "timetz", ["24:00:00+15:59", "00:00:00-15:59"]),
    (23, "interval", ["-10 mons -3 days +04:05:06.789", "178000000 years", "1 mon", "30 days", "720:00:00"]),
    (24, "int[]", ["{}", "{NULL}", "[-2:0]={1,NULL,3}", "{{1,2},{3,4}}", "[0:0][2:3]={{1,2}}"]),
    (24, "text[]", ['{NULL,"NULL","","{}","a,b","\\"","\\\\"}']),
    (25, "int4range", ["[1,10)", "empty", "(,)"]),
    (25, "tstzrange", ['["2020-01-01 00:00:00+00",infinity)', "(,)"]),
    (25, "int8multirange", ["{}", "{[1,3),[7,9)}"]),
    (25, "word_range", ['["a,b","c""d")', "empty"]),
    (25, "mood", ["sad", "o'k", ""]),
    (25, "pair", ['(NaN,"a ""q"" (b), \\\\",sad)', "(,,)", '(1.50,"",o\'k)']),
    (25, "short", ["", "eight88", None]),
    (25, "pairs", ['{"(1,a,sad)",NULL}', "{}"]),
    (26, "json", ['{"a": 1, "a": 2,   "b": 1.10}', "[1e400]"]),
    (28, "text", ["\u2028", "\ufeff", "\r\n", "\n", "\r", "a\tb", "\x0b"]),
]


@dataclass(frozen=True)
class CameBack:
    """A database with a table for each of ``VALUES``, its archive, and the database into which that was restored."""

    source: psycopg.Connection
    target: psycopg.Connection
    archive: Path


@pytest.fixture(scope="module")
def came_back(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CameBack]:
    names = [postgres_server.new_database() for _ in range(2)]
    source, target = (psycopg.connect(plain(postgres_server, name), autocommit=True) for name in names)
    for connection in (source, target):
        connection.execute("SET TimeZone = 'UTC'")  # in which the archive writes
    source.execute(TYPES)
    for number, (_, kind, values) in enumerate(VALUES):
        source.execute(f"CREATE TABLE t{number} (n int PRIMARY KEY, v {kind})")
        source.cursor().executemany(f"INSERT INTO t{number} VALUES (%s, %s::text::{kind})", [*enumerate(values)])
    archive = snapshot.create(
        {"w": postgres_server.url(names[0])}, tmp_path_factory.mktemp("postgres-cases") / "archives"
    )
    restore.restore(archive, {"w": postgres_server.url(names[1])})
    yield CameBack(source, target, archive)
    for name, connection in zip(names, (source, target), strict=True):
        connection.close()
        postgres_server.drop_database(name)


@pytest.mark.parametrize(
    ("table", "kind", "values"),
    [
        pytest.param(f"t{number}", kind, values, marks=case(numbered), id=f"{numbered} {kind}")
        for number, (numbered, kind, values) in enumerate(VALUES)
    ],
)
def test_values(came_back: CameBack, table: str, kind: str, values: list[str | None]) -> None:
    assert [row["v"] for row in store.read_rows(came_back.archive, table, "w")] == values
    rows = f"SELECT n, v::text, v IS NULL, encode(convert_to(v::text, 'UTF8'), 'hex') FROM {table} ORDER BY n"
    expected, found = came_back.source.execute(rows).fetchall(), came_back.target.execute(rows).fetchall()
    assert found == expected
    assert [row[1] for row in found] == values


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            ['CREATE SCHEMA "it\'s ""1"""',
             'CREATE TABLE "it\'s ""1"""."a/b\\c;--" ("select" int, "%s" int, "\u2028" int)',
             'INSERT INTO "it\'s ""1"""."a/b\\c;--" VALUES (1, 2, 3)',
             'CREATE TABLE t (a int)', 'CREATE TABLE "T" (a int)',
             'CREATE TABLE "../x" (a int)', 'INSERT INTO "T" VALUES (1)', 'CREATE TABLE "' + "x" * 63 + '" ("😀" int)'],
            marks=case(29), id="hostile names",
        ),
        pytest.param(
            ["CREATE TABLE hens (id int PRIMARY KEY, egg int)", "INSERT INTO hens VALUES (1, 1)",
             "CREATE TABLE eggs (id int PRIMARY KEY, hen int REFERENCES hens, twin int REFERENCES eggs)",
             "INSERT INTO eggs VALUES (1, 1, 1)", "ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs DEFERRABLE"],
            marks=case(30), id="cycles of foreign keys",
        ),
        pytest.param(
            ["CREATE TABLE t (id int PRIMARY KEY, up int, a int)", "INSERT INTO t VALUES (1, 99, -1)",
             "ALTER TABLE t ADD FOREIGN KEY (up) REFERENCES t NOT VALID, ADD CHECK (a > 0) NOT VALID"],
            marks=case(31), id="rows that break what is NOT VALID",
        ),
        pytest.param(
            ["CREATE TABLE t (a text, j json)", "INSERT INTO t SELECT 'x', '{}' FROM generate_series(1, 3)",
             "INSERT INTO t VALUES (NULL, NULL), (NULL, NULL), ('', 'null')"],
            marks=case(32), id="no key, rows that are equal",
        ),
        pytest.param(
            ["CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 3), s serial, a numeric,"
             " twice numeric GENERATED ALWAYS AS (a * 2) STORED)", "INSERT INTO t (a) VALUES (1.10), ('NaN')",
             "CREATE SEQUENCE alone INCREMENT BY -1", "SELECT nextval('alone')", "CREATE SEQUENCE never_used"],
            marks=case(34), id="generated columns, identity, sequences",
        ),
        pytest.param(
            ["CREATE TABLE empty (a int)", "CREATE TABLE nothing ()", "INSERT INTO nothing DEFAULT VALUES",
             "INSERT INTO nothing DEFAULT VALUES", "CREATE TABLE nothing_at_all ()"],
            marks=case(35), id="empty tables, and without columns",
        ),
        pytest.param(
            ["CREATE UNLOGGED TABLE fast (a int)", "INSERT INTO fast VALUES (1)",
             "CREATE TABLE guarded (a int)", "INSERT INTO guarded VALUES (1), (2)",
             "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
             "CREATE POLICY none ON guarded USING (false)",
             "CREATE TABLE parts (a int, b text) PARTITION BY RANGE (a)",
             "CREATE TABLE low PARTITION OF parts FOR VALUES FROM (MINVALUE) TO (10)",
             "CREATE TABLE rest PARTITION OF parts DEFAULT", "INSERT INTO parts VALUES (1, 'x'), (11, 'y')"],
            marks=case(36), id="UNLOGGED, row level security, partitions",
        ),
    ],
)  # fmt: skip
def test_structures(postgres_server: PostgresServer, tmp_path: Path, statements: list[str]) -> None:
    names = [postgres_server.new_database() for _ in range(2)]
    try:
        for statement in statements:
            postgres_server.execute(statement, names[0])
        archive = snapshot.create({"w": postgres_server.url(names[0])}, tmp_path / "archives")
        manifest = store.read_manifest(archive)
        assert manifest.not_represented == ()
        restored = restore.restore(archive, {"w": postgres_server.url(names[1])})
        assert restored.broken == ()
        assert content(postgres_server, names[1]) == content(postgres_server, names[0])
        assert restored.rows == sum(table.rows for table in manifest.tables)
    finally:
        for name in names:
            postgres_server.drop_database(name)


@case(36)
def test_large_objects_are_named(postgres_server: PostgresServer, tmp_path: Path) -> None:
    name = postgres_server.new_database()
    try:
        postgres_server.execute("SELECT lo_from_bytea(0, 'kept elsewhere')", name)
        archive = snapshot.create({"w": postgres_server.url(name)}, tmp_path / "archives")
        manifest = store.read_manifest(archive)
        assert not manifest.complete
        assert manifest.not_represented == ("w: 1 large objects are not archived",)
    finally:
        postgres_server.drop_database(name)
