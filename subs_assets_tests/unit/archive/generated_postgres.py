"""PostgreSQL databases as Hypothesis makes them up; what an archive makes of them is not known here."""

import json
from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import strategies as st

Steps = tuple[tuple[str, tuple[object, ...]], ...]
"""Statements in their order, each executed by itself. Those that PostgreSQL refuses leave nothing behind."""

_NAMES = (
    "select", "Table", "table", "TABLE", "a b", 'q"1"', "it's", "a;b--", "/*", "a.b", "a/b\\c", "$rowid", "$1", " ",
    "%s", "%%", "%(x)s", "{}", "?", "é", "É", "e\u0301", "ß", "\u2028", "\ufeff", "\r\n", "\t", "😀", "x" * 63, "null",
    "user", "ctid2", "this", "public", "pg_mine", "_", "0", "1e1", "\x01", "\x7f", "\\N", "\\.", "$$", "on", "E'x'",
)  # fmt: skip
_TEXTS = (
    "", "null", "NULL", "\\N", "\\.", "\\", "\\\\", "\\x", "\t", "\n", "\r\n", "\b\f\v\x01\x7f", "a\\tb", '"', "'",
    "{}", '{"a","b"}', "(1,)", "\u2028\ufeff\u0085", "\uffff", "\U0010ffff", "é", "e\u0301", "😀", " ", "a ", "  a",
    ",", "%s", "$1", "NaN", "x" * 3000,
)  # fmt: skip
_letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
_text = st.one_of(st.sampled_from(_TEXTS), st.text(_letters, max_size=6))
_json = st.one_of(
    st.sampled_from(
        [
            "null", " 1 ", "[ ]", '{"a": 1, "a": 2,   "b": null}', '{"a": 1e400, "b": [1.10, 1.1, -0]}',
            '{"": {"": []}}', '"\\u00e9\\u2028"', "12345678901234567890.12345678901234567890",
        ]
    ),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(_letters, max_size=4)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "é", ""]), inner, max_size=3),
        max_leaves=5,
    ).map(json.dumps),
)  # fmt: skip


def _some(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


_numbers = _some(
    "0", "-0", "1", "-1.50", "1.5000", "NaN", "Infinity", "-Infinity", "1e-20", "99999999.9999", "0.1" + "0" * 60 + "1",
    "9" * 40, "1e400", "123456789012345678901234567890.123456789", "1e16000", "1e-16000",
)  # fmt: skip
_reals = _some(
    "0",
    "-0",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-45",
    "3.4028235e38",
    "0.1",
    "1e16",
    "5e-324",
    "1.7976931348623157e308",
)
_dates = _some(
    "2026-02-28", "4713-01-01 BC", "0044-03-15 BC", "infinity", "-infinity", "0001-01-01", "5874897-12-31",
    "1900-02-28", "2000-02-29",
)  # fmt: skip
_moments = _some(
    "2026-11-25 12:00:00.123456", "4714-11-24 00:00:00 BC", "0044-03-15 12:00 BC", "infinity", "-infinity",
    "294276-12-31 23:59:59.999999", "1895-02-01 00:00:00", "2026-04-05 02:30:00", "1969-12-31 23:59:59.9999995",
)  # fmt: skip

_VALUES: dict[str, st.SearchStrategy[str]] = {
    "smallint": _some("0", "-32768", "32767", "7"),
    "integer": _some("1", "1", "1", "2", "2", "3", "0", "-2147483648", "2147483647"),
    "bigint": _some("0", "9007199254740993", "9223372036854775807", "-9223372036854775808"),
    "numeric": st.one_of(_numbers, st.decimals(allow_nan=False, allow_infinity=False).map(str)),
    "numeric(12,4)": _some("0", "-0.0001", "99999999.9999", "NaN", "1.5"),
    "numeric(3,-2)": _some("12345", "-99900", "0", "NaN", "149"),
    "real": _reals,
    "double precision": st.one_of(_reals, st.floats().map(repr)),
    "boolean": _some("true", "false"),
    "text": _text,
    'text COLLATE "C"': _text,
    "character varying(5)": _text,
    "character(6)": _text,
    "bpchar": _text,
    '"char"': _some("a", "", "\\200", "\\"),
    "name": _text,
    "bytea": st.binary(max_size=8).map(lambda raw: f"\\x{raw.hex()}"),
    "date": _dates,
    "time": _some("24:00", "00:00:00.000001", "23:59:59.999999", "12:00"),
    "time(3) with time zone": _some("24:00:00+15:59", "00:00-15:59", "12:00:00.1234+05:30"),
    "timestamp": _moments,
    "timestamp with time zone": _moments,
    "timestamp(2) with time zone": _moments,
    "interval": _some(
        "0",
        "-1 year 2 mons -3 days +04:05:06.789",
        "178000000 years",
        "1 mon -1 day",
        "-00:00:00.000001",
        "-99 days 24:00:00",
    ),
    "interval day to second(2)": _some("1 day 02:03:04.567", "-1 day", "0"),
    "uuid": st.uuids().map(str),
    "inet": _some("10.1.2.3/8", "::1", "::ffff:1.2.3.4/128", "192.168.0.1"),
    "cidr": _some("10.0.0.0/8", "::/0"),
    "macaddr": _some("08:00:2b:01:02:03"),
    "money": _some("-92233720368547758.08", "0.01", "92233720368547758.07"),
    "json": _json,
    "jsonb": _json,
    "xml": _some("<a>x &amp; y</a>", "just text", "", "<a/><!-- c -->"),
    "bit(5)": _some("10110", "00000"),
    "bit varying": _some("", "1", "0101010101"),
    "point": _some("(1e-300,Infinity)", "(-0,0)", "(NaN,0)"),
    "box": _some("(2,2),(0,0)"),
    "path": _some("[(0,0),(1,1)]", "((0,0),(1,1))"),
    "tsvector": _some("'a b':1A cat:2B,3", "", "'it''s' '\\\\':7"),
    "tsquery": _some("'fat' & !cat:*", "", "a <2> b"),
    "int4range": _some("[1,10)", "empty", "(,)", "(1,5]"),
    "numrange": _some("(,1.50]", "[NaN,NaN]", "[-Infinity,1.0)"),
    "tstzrange": _some("[2020-01-01 00:00+00,infinity)", "empty", '(,"0044-03-15 12:00:00+00 BC")'),
    "int8multirange": _some("{}", "{[1,3),[7,9)}"),
    "oid": _some("0", "4294967295"),
    "pg_lsn": _some("0/0", "16/B374D848"),
    "xid8": _some("18446744073709551615"),
    "jsonpath": _some('$."a"[*] ? (@ > 1)', "strict $.*"),
    "regtype": _some("integer[]", "pg_catalog.text"),
}
_ARRAYS = tuple(one for one in _VALUES if "COLLATE" not in one and one != "regtype")
_SORTABLE = ("integer", "numeric", "text", "date", "interval", "boolean", "bytea")
_OPTIONS = (
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "NOT NULL",
    "UNIQUE",
    "UNIQUE NULLS NOT DISTINCT",
    "CHECK ({0} IS NOT NULL OR 1 = 1)",
    "DEFAULT NULL",
    "STORAGE",
)


def quote(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _one_in(number: int) -> st.SearchStrategy[bool]:
    """True as often as that; a failure shrinks to False."""
    return st.sampled_from([False] * (number - 1) + [True])


_names = st.one_of(st.sampled_from(_NAMES), st.text(_letters, min_size=1, max_size=5)).filter(
    lambda name: name.lower() not in ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
)


@dataclass(frozen=True)
class _Table:
    name: str  # quoted, with its schema
    columns: tuple[tuple[str, str], ...]  # (quoted name, type) of those that can be written
    key: str | None  # a quoted integer column that is the primary key


class _Maker:
    """One database being made up: what was drawn, and the statements so far."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.steps: list[tuple[str, tuple[object, ...]]] = []
        self.values = dict(_VALUES)
        self.schemas = ["public"]
        self.tables: list[_Table] = []
        self._names: set[str] = set()

    def say(self, *statements: str) -> None:
        self.steps += [(statement, ()) for statement in statements]

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def seldom(self, one_in: int) -> bool:
        return self.draw(_one_in(one_in))

    def name(self) -> str:
        """A new name, quoted, without its schema."""
        drawn = self.draw(_names)
        if drawn in self._names:
            drawn = f"{drawn[:20]}-{len(self._names)}"
        self._names.add(drawn)
        return quote(drawn)

    def qualified(self) -> str:
        return f"{quote(self.pick(*self.schemas))}.{self.name()}"

    def value(self, kind: str) -> str:
        """A value of a type as SQL."""
        if self.seldom(6):
            return "NULL"
        if not kind.endswith("[]"):
            return literal(self.draw(self.values[kind]))
        element = self.values[kind[:-2]]
        cells = self.draw(st.lists(st.one_of(st.none(), element), max_size=3))
        items = ["NULL" if cell is None else self._array_element(cell) for cell in cells]
        if not items:
            return "'{}'"
        match self.pick("plain", "bounds", "two"):
            case "bounds":
                lowest = self.pick(-2, 0, 7)
                return literal(f"[{lowest}:{lowest + len(items) - 1}]={{{','.join(items)}}}")
            case "two":
                return literal(f"{{{{{','.join(items)}}},{{{','.join(items)}}}}}")
        return literal(f"{{{','.join(items)}}}")

    @staticmethod
    def _array_element(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def make_schemas_and_types(self) -> None:
        if self.seldom(3):
            self.schemas.append('We ird "1"')
            self.say(f"CREATE SCHEMA {quote(self.schemas[-1])}")
            if self.seldom(8):
                self.say(f"DROP SCHEMA {quote(self.schemas.pop(0))}")
        if self.seldom(12):
            self.say(f"CREATE EXTENSION hstore SCHEMA {quote(self.schemas[-1])}")
            self.values[f"{quote(self.schemas[-1])}.hstore"] = _some('"k"=>"v w", "n"=>NULL', "", '"q\\""=>""')
        if self.seldom(3):
            self._make_enum()
        if self.seldom(3):
            self._make_domain()
        if self.seldom(4):
            self._make_composite()
        if self.seldom(5):
            self._make_range()
        if self.seldom(8):
            collation = self.qualified()
            self.say(
                f"CREATE COLLATION {collation} (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            )
            self.values[f"text COLLATE {collation}"] = _text

    def _make_enum(self) -> None:
        name, labels = (
            self.qualified(),
            self.draw(st.lists(_text.filter(lambda one: len(one) < 60), max_size=4, unique=True)),
        )
        self.say(f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, labels))})")
        if labels:
            self.say(f"ALTER TYPE {name} ADD VALUE 'between' BEFORE {literal(labels[-1])}")
        self.values[name] = _some(*labels, *(["between"] if labels else ["refused"]))

    def _make_domain(self) -> None:
        name, base = self.qualified(), self.pick("text", "integer", "numeric(12,4)", "integer[]")
        rule = self.pick("", "NOT NULL", f"CONSTRAINT {self.name()} CHECK (VALUE IS NOT NULL OR true)", "DEFAULT NULL")
        self.say(f"CREATE DOMAIN {name} AS {base} {rule}")
        self.values[name] = self.values[base] if base in self.values else _some("{1,NULL}", "[0:1]={3,4}")
        if self.seldom(3):
            self.say(f"ALTER DOMAIN {name} ADD CONSTRAINT {self.name()} CHECK (VALUE IS NOT NULL) NOT VALID")

    def _make_composite(self) -> None:
        name, kinds = self.qualified(), self.draw(st.lists(st.sampled_from([*self.values]), min_size=1, max_size=3))
        self.say(f"CREATE TYPE {name} AS ({', '.join(f'{self.name()} {kind}' for kind in kinds)})")
        cells = st.tuples(*(st.one_of(st.none(), self.values[kind]) for kind in kinds))
        self.values[name] = cells.map(
            lambda row: "(" + ",".join("" if cell is None else self._array_element(cell) for cell in row) + ")"
        )
        if self.seldom(3):
            table = self.qualified()
            self.say(f"CREATE TABLE {table} OF {name}")
            self.say(f"INSERT INTO {table} VALUES ({', '.join(self.value(kind) for kind in kinds)})")

    def _make_range(self) -> None:
        name = self.qualified()
        subtype = self.pick("float8, SUBTYPE_DIFF = float8mi", 'text, COLLATION = "C"')
        self.say(f"CREATE TYPE {name} AS RANGE (SUBTYPE = {subtype}, MULTIRANGE_TYPE_NAME = {self.qualified()})")
        self.values[name] = (
            _some("empty", "(,)", "[0.1,NaN)") if "float8" in subtype else _some("empty", '["a,b","c""d")')
        )

    def make_table(self) -> None:
        name, key = self.qualified(), None
        if self.seldom(25):
            self.say(f"CREATE TABLE {name} ()", *[f"INSERT INTO {name} DEFAULT VALUES"] * self.pick(0, 1, 3))
            return
        kinds = self.draw(st.lists(self._kinds(), min_size=2, max_size=9))
        columns = [(self.name(), kind) for kind in kinds]
        lines = [self._column(column, kind) for column, kind in columns]
        match self.pick("none", "number", "number", "all", "identity", "serial"):
            case "number":
                key = self.name()
                columns.insert(0, (key, "integer"))
                lines.insert(self.pick(0, len(lines)), f"{key} integer PRIMARY KEY")
            case "all":
                # What PostgreSQL cannot sort can be a key's column as long as there is one row.
                sortable = [
                    column for column, kind in columns if kind in _VALUES or kind.removesuffix("[]") in _SORTABLE
                ]
                lines += [f"PRIMARY KEY ({', '.join(sortable[:2])})"] if sortable else []
            case "identity":
                always, start = (
                    self.pick("ALWAYS", "BY DEFAULT"),
                    self.pick("", "(START WITH -5 INCREMENT BY -3 CACHE 7 CYCLE)"),
                )
                lines.append(f"{self.name()} bigint GENERATED {always} AS IDENTITY {start}")
            case "serial":
                lines.append(f"{self.name()} {self.pick('bigserial PRIMARY KEY', 'smallserial')}")
        if self.seldom(4):
            source, kind = self.pick(*columns)
            form = self.pick("({0} IS NULL)", "(coalesce({0}, {0}))") if "[]" not in kind else "({0} IS NULL)"
            made = "boolean" if "IS NULL" in form else kind
            lines.append(f"{self.name()} {made} GENERATED ALWAYS AS {form.replace('{0}', source)} STORED")
        if self.seldom(8):
            lines.append(f"{self.name()} int4range, EXCLUDE USING gist ({self._last_name(lines)} WITH &&) DEFERRABLE")
        unlogged, after = (
            self.pick("", "", "", "UNLOGGED "),
            self.pick("", "", " WITH (fillfactor = 70, parallel_workers = 3)"),
        )
        self.say(f"CREATE {unlogged}TABLE {name} ({', '.join(lines)}){after}")
        self.tables.append(_Table(name, tuple(columns), key))

    def _last_name(self, lines: list[str]) -> str:
        made = self.name()
        lines.append(f"{made} int4range")
        return made

    def _kinds(self) -> st.SearchStrategy[str]:
        plain, own = st.sampled_from([*_VALUES]), [kind for kind in self.values if kind not in _VALUES]
        arrays = st.sampled_from(_ARRAYS).map(lambda kind: f"{kind}[]")
        return st.one_of(plain, plain, arrays, st.sampled_from(own)) if own else st.one_of(plain, plain, arrays)

    def _column(self, column: str, kind: str) -> str:
        option = self.pick(*_OPTIONS)
        if option == "STORAGE":
            option = self.pick("COMPRESSION pglz", f"DEFAULT {self.value(kind)}", f"CONSTRAINT {self.name()} NOT NULL")
        return f"{column} {kind} {option.replace('{0}', column)}"

    def insert(self, table: _Table) -> None:
        names = ", ".join(column for column, _ in table.columns)
        for _ in range(self.pick(0, 2, 4, 8)):
            row = ", ".join(self.value(kind) for _, kind in table.columns)
            statement = f"INSERT INTO {table.name} ({names}) VALUES ({row})"
            self.say(*[statement] * self.pick(1, 1, 2))

    def make_partitions(self) -> None:
        parent, low, rest, deep = (self.qualified() for _ in range(4))
        key, at, value = (self.name() for _ in range(3))
        kind = self.pick("text", "jsonb", "numeric", "integer[]")
        self.say(
            f"CREATE TABLE {parent} ({key} int, {at} date NOT NULL DEFAULT '2020-01-01', {value} {kind}) "
            f"PARTITION BY RANGE ({at})",
            f"CREATE TABLE {low} ({value} {kind}, {at} date NOT NULL, {key} int)",
            f"ALTER TABLE {parent} ATTACH PARTITION {low} FOR VALUES FROM (MINVALUE) TO ('2021-01-01')",
            f"CREATE TABLE {rest} PARTITION OF {parent} DEFAULT PARTITION BY {self.pick('HASH', 'LIST')} ({key})",
        )
        bound = "DEFAULT" if "LIST" in self.steps[-1][0] else "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
        self.say(f"CREATE {self.pick('', 'UNLOGGED ')}TABLE {deep} PARTITION OF {rest} {bound}")
        extra = self.pick(
            "", f"ALTER TABLE {parent} ADD PRIMARY KEY ({key}, {at})", f"CREATE INDEX {self.name()} ON {parent} ({key})"
        )
        self.say(*([extra] if extra else []))
        for _ in range(self.draw(st.integers(0, 3))):
            row = f"{self.pick(1, 2, 3)}, {self.value('date')}, {self.value(kind)}"
            self.say(f"INSERT INTO {parent} ({key}, {at}, {value}) VALUES ({row})")
        self.say(
            f"ALTER TABLE {parent} ADD CONSTRAINT {self.name()} CHECK ({key} < {self.pick(9, 2)}) "
            f"{self.pick('', 'NOT VALID')}"
        )

    def make_heirs(self) -> None:
        base, second, child, grandchild = (self.qualified() for _ in range(4))
        key, shared, own = (self.name() for _ in range(3))
        # Here only: of a table that loses its long columns, not even pg_dump brings the TOAST table's settings back.
        toast = self.pick("", " WITH (toast.autovacuum_enabled = false)")
        self.say(
            f"CREATE TABLE {base} ({key} int PRIMARY KEY, {shared} text DEFAULT 'n' NOT NULL){toast}",
            f"CREATE TABLE {second} ({key} int, more jsonb)",
            f"CREATE TABLE {child} ({own} numeric) INHERITS ({base})",
            f"CREATE TABLE {grandchild} (last int) INHERITS ({child}, {second})",
            f"ALTER TABLE {child} ALTER {shared} {self.pick('DROP DEFAULT', 'DROP NOT NULL', 'SET DEFAULT $$o$$')}",
            f"ALTER TABLE {base} ADD CONSTRAINT {self.name()} CHECK ({key} > {self.pick(0, 2)}) "
            f"{self.pick('', 'NO INHERIT', 'NOT VALID')}",
            f"INSERT INTO {base} VALUES (1, {self.value('text')})",
            f"INSERT INTO {child} VALUES (1, {self.value('text')}, {self.value('numeric')})",
            f"INSERT INTO {grandchild} VALUES (3, 'g', {self.value('numeric')}, {self.value('jsonb')}, 5)",
        )

    def make_keys(self) -> None:
        parents = [table for table in self.tables if table.key]
        for table in self.tables:
            numbers = [column for column, kind in table.columns if kind == "integer"]
            if not parents or not numbers or self.seldom(3):
                continue
            parent, column = self.pick(*parents), self.pick(*numbers)
            how = self.pick(
                "", "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED", "ON UPDATE SET NULL", "NOT VALID", "NOT VALID"
            )
            self.say(
                f"ALTER TABLE {table.name} ADD CONSTRAINT {self.name()} FOREIGN KEY ({column}) "
                f"REFERENCES {parent.name} {how}"
            )

    def make_cycle(self) -> None:
        """Two tables that refer to each other, and at times a row that refers to nothing, though the key is valid."""
        hens, eggs = self.qualified(), self.qualified()
        self.say(
            f"CREATE TABLE {hens} (id int PRIMARY KEY, egg int)",
            f"CREATE TABLE {eggs} (id int PRIMARY KEY, hen int REFERENCES {hens} {self.pick('', 'ON DELETE CASCADE')})",
            f"INSERT INTO {hens} VALUES (1, 1)",
            f"INSERT INTO {eggs} VALUES (1, 1), (2, NULL)",
            f"ALTER TABLE {hens} ADD CONSTRAINT {self.name()} FOREIGN KEY (egg) REFERENCES {eggs} "
            f"{self.pick('', 'DEFERRABLE INITIALLY DEFERRED')}",
        )
        if self.pick(False, True):
            self.say(
                "SET session_replication_role = replica",
                f"DELETE FROM {self.pick(hens, eggs)} WHERE id = 1",
                "SET session_replication_role = origin",
            )

    def change(self, table: _Table) -> None:
        column, _ = self.pick(*table.columns)
        on, alter = table.name, f"ALTER TABLE {table.name}"
        self.say(
            self.pick(
                f"{alter} DROP COLUMN {column} CASCADE",
                f"{alter} ADD COLUMN {self.name()} int DEFAULT 42 NOT NULL",
                f"{alter} ADD COLUMN {self.name()} text COLLATE \"C\" DEFAULT 'it''s'",
                f"{alter} RENAME COLUMN {column} TO {self.name()}",
                f"{alter} ALTER {column} SET STORAGE {self.pick('EXTERNAL', 'MAIN')}",
                f"{alter} ALTER {column} SET STATISTICS 500, ALTER {column} SET (n_distinct = -0.5)",
                f"{alter} ALTER {column} SET COMPRESSION pglz",
                f"{alter} REPLICA IDENTITY {self.pick('FULL', 'NOTHING')}",
                f"{alter} ADD CONSTRAINT {self.name()} CHECK ({column} IS NOT NULL) NOT VALID",
                f"{alter} ADD CONSTRAINT {self.name()} CHECK ({column} IS NULL OR true) NO INHERIT",
                f"{alter} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                f"{alter} SET (autovacuum_enabled = false)",
                f"UPDATE {on} SET {column} = {column}",
                f"TRUNCATE {on} RESTART IDENTITY CASCADE",
            )
        )

    def make_object(self, table: _Table) -> None:
        (column, _), (last, _) = self.pick(*table.columns), table.columns[-1]
        on, name, full = table.name, self.name(), self.qualified()
        made = self.pick(
            f"CREATE INDEX {name} ON {on} ({column} DESC NULLS LAST) INCLUDE ({last})",
            f"CREATE UNIQUE INDEX {name} ON {on} ({column}) WHERE {last} IS NOT NULL",
            f"CREATE INDEX {name} ON {on} (({column} IS NULL), md5('x')) WITH (fillfactor = 80)",
            f"CREATE INDEX {name} ON {on} USING {self.pick('hash', 'brin', 'gin', 'gist')} ({column})",
            f"CREATE UNIQUE INDEX {name} ON {on} ({column}, {last}) NULLS NOT DISTINCT",
            f"CREATE STATISTICS {full} (ndistinct, mcv) ON {column}, {last} FROM {on}",
            f"CREATE VIEW {full} WITH (security_barrier = true) AS SELECT {column} AS {name} FROM {on} "
            "WHERE '100 %' <> '\\'",
            f"CREATE VIEW {full} AS SELECT count(*), 'it''s' AS {name} FROM {on} GROUP BY {column}",
            f"CREATE MATERIALIZED VIEW {full} AS SELECT {column}, count(*) AS {name} FROM {on} GROUP BY 1",
            f"CREATE MATERIALIZED VIEW {full} AS SELECT * FROM {on} WITH NO DATA",
            f"CREATE POLICY {name} ON {on} AS RESTRICTIVE FOR UPDATE TO PUBLIC "
            f"USING ({column} IS NOT NULL) WITH CHECK (true)",
            f"CREATE RULE {name} AS ON INSERT TO {on} WHERE new.{column} IS NULL DO INSTEAD NOTHING",
            f"CREATE RULE {name} AS ON DELETE TO {on} DO ALSO SELECT 1",
            f"CREATE SEQUENCE {full} AS smallint START WITH 10 INCREMENT BY -2 "
            "MINVALUE -32000 MAXVALUE 100 CACHE 5 CYCLE",
            f"CREATE SEQUENCE {full} OWNED BY {on}.{column}",
            f"CREATE FUNCTION {full}(a int, {name} {self.pick('text', 'integer[]')} DEFAULT NULL) RETURNS int "
            "LANGUAGE sql STABLE "
            f"SET work_mem = '8MB' AS {literal('SELECT $1 -- $$ ' + name)}",
            f"CREATE PROCEDURE {full}(INOUT x int) LANGUAGE plpgsql SECURITY DEFINER AS $a$ BEGIN x := x + 1; END $a$",
            "TRIGGER",
        )
        if made == "TRIGGER":
            state = self.pick("DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA", "ENABLE")
            self.say(
                f"CREATE FUNCTION {full}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
                f"CREATE TRIGGER {name} {self.pick('BEFORE', 'AFTER')} INSERT OR UPDATE OF {column} ON {on} "
                "FOR EACH ROW "
                f"WHEN (NEW.{column} IS NOT NULL) EXECUTE FUNCTION {full}('x y')",
                f"ALTER TABLE {on} {state} TRIGGER {name}",
            )
            return
        self.say(made)
        if made.startswith("CREATE SEQUENCE"):
            self.say(f"SELECT nextval({literal(full)})")
        if self.seldom(4):
            kind = (
                made.removeprefix("CREATE UNIQUE")
                .removeprefix("CREATE")
                .split(full if full in made else name)[0]
                .strip()
            )
            target = full if full in made else name if "INDEX" not in kind else f"{on.split('.')[0]}.{name}"
            where = f" ON {on}" if kind in ("RULE", "POLICY") else ""
            arguments = {"PROCEDURE": "(int)"}.get(kind, "")
            self.say(f"COMMENT ON {kind} {target}{arguments}{where} IS {literal(self.draw(_text))}")


@st.composite
def databases(draw: st.DrawFn) -> Steps:
    """The statements that make a database of some tables with all that can stand on them."""
    maker = _Maker(draw)
    maker.make_schemas_and_types()
    for _ in range(draw(st.sampled_from([1, 2, 3]))):
        maker.make_table()
    for table in maker.tables:
        maker.insert(table)
    if maker.seldom(5):
        maker.make_partitions()
    if maker.seldom(6):
        maker.make_heirs()
    maker.make_keys()
    if maker.seldom(8):
        maker.make_cycle()
    for _ in range(draw(st.sampled_from([0, 2, 4, 6])) if maker.tables else 0):
        maker.make_object(draw(st.sampled_from(maker.tables)))
    for _ in range(draw(st.sampled_from([0, 1, 2])) if maker.tables else 0):
        maker.change(draw(st.sampled_from(maker.tables)))
    if maker.tables and maker.seldom(4):
        table = draw(st.sampled_from(maker.tables))
        maker.say(
            f"COMMENT ON {maker.pick('TABLE ' + table.name, f'COLUMN {table.name}.{table.columns[0][0]}')} IS 'it''s'"
        )
    return tuple(maker.steps)


def build(connection: psycopg.Connection[Any], steps: Steps) -> int:
    """Make the database, outside of any transaction; how many of its statements PostgreSQL refused."""
    refused = 0
    for sql, _ in steps:
        try:
            connection.execute(sql)
        except (psycopg.Error, UnicodeError):
            refused += 1
    # A restore fills materialised views anew, so here they must not be older than their tables.
    stale = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'm' AND relispopulated"
    for (view,) in connection.execute(stale).fetchall():
        connection.execute(f"REFRESH MATERIALIZED VIEW {view}")
    return refused
