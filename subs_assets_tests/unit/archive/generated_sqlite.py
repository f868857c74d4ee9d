"""SQLite databases as Hypothesis makes them up; what an archive makes of them is not known here."""

import math
import sqlite3
import string
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

Steps = tuple[tuple[str, tuple[object, ...]], ...]
"""Statements with what is bound to them, in their order. Those that SQLite refuses leave nothing behind."""

_NAMES = (
    "select", "Table", "a", "A b", 'a"b', "a'b", "a`b", "[a]", "a;b--", "/*", "a/b\\c", "../x", "$rowid", "$RowID",
    "$$rowid", "rowid", "oid", "ROWID", " ", "%s", "{}", "?1", ":a", "é", "É", "ß", "ẞ", "\u2028", "\ufeff", "\r\n",
    "\t", "😀", "x" * 200, "null", "CON", "using", "main", "temp", "words", "words_data", "key", "value", "_", "0",
    "\x01", "\x7f", "a\u0301", "á",
)  # fmt: skip
_TYPES = (
    "", "TEXT", "INTEGER", "INT", "REAL", "BLOB", "NUMERIC", "DATETIME", "JSON", "BOOLEAN", "VARCHAR(10)",
    "DECIMAL(10, 2)", "FLOATING POINT", "STRING", "ANY", "UNSIGNED BIG INT", '"quoted, (type)"', "date text",
)  # fmt: skip
_STRICT_TYPES = ("INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY")
_INTEGERS = (0, 1, -1, 127, 128, 2**31, 2**53 - 1, 2**53, -(2**53), 2**53 + 1, 2**63 - 1, -(2**63))
_REALS = (
    1.0, 0.0, -0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 0.1, 1e-05, 1e15, 1e16,
    9007199254740993.0, 9.223372036854775e18, 9.223372036854775807e18, 1.7976931348623157e308, math.inf, -math.inf,
    math.nan,
)  # fmt: skip
_TEXTS = (
    "", "null", "NULL", "nan", "1", "01", "1.0", " 1 ", "1e3", "-0.0", "9223372036854775808", "0x10", "true", "\0",
    "1\0", "a\0b", "\u2028\ufeff\r\n", "\ufeff", "\ufffe", "\uffff", "\U0010ffff", '{"a": 1, "a": 2, "b": NaN',
    '{"$i": "1"}', '{"$t": "AA=="}', "not a date", "2026-02-30", "0000-00-00", "a\u0301", "á", "\x1b[0m", "\\", '"',
    "\x7f\x80\x9f", "😀",
)  # fmt: skip
_UNDECODABLE = (
    b"\xff", b"A\xff\x00B", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"1\xff", b"\x00\xd8", b"\xd8\x00",
    b"\x00\xd8A\x00", b"\x00\xdc\x00\xd8", b"\xff\xfe", b"\xfe\xffA", b"A", b"\xef\xbf\xbd", b"\xef\xbf\xbe\xff",
)  # fmt: skip
# Without lower() and the like: of a BLOB in a UTF-16 database SQLite's own index then says other than its table.
_GENERATED = (
    "GENERATED ALWAYS AS (hex({0}) || '!') VIRTUAL", "AS (typeof({0})) STORED", "AS (coalesce({0}, 7)) STORED",
    "AS ({0} IS NULL)", "TEXT GENERATED ALWAYS AS (quote({0})) VIRTUAL UNIQUE", "INTEGER AS (length({0}) * 2) NOT NULL",
)  # fmt: skip
_DEFAULTS = (
    "7",
    "-0.0",
    "'it''s'",
    "x'00ff'",
    "CURRENT_TIMESTAMP",
    "(1 + 1)",
    "NULL",
    "(random())",
    '"text"',
    "9e999",
    "TRUE",
)
_CONFLICT = ("", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE", " ON CONFLICT ROLLBACK", " ON CONFLICT FAIL")
_ACTIONS = (
    "",
    " ON DELETE CASCADE",
    " ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED",
    " MATCH FULL ON DELETE NO ACTION",
)
_VIRTUAL = (
    ("fts5 (a, b UNINDEXED, tokenize = 'porter unicode61', prefix = '2 3')", "(a, b) VALUES (?, ?)"),
    ("fts5(a, columnsize=0, detail=none)", "(a) SELECT ? || ?"),
    ("fts5(a, content='')", "(rowid, a) SELECT abs(random()) % 100000, ? || ?"),
    ("FTS4 (a, b, order=desc)", "(a, b) VALUES (?, ?)"),
    ("fts3(a)", "(a) SELECT ? || ?"),
    ("rtree(id, x0, x1, +note)", "(x0, x1, note) VALUES (1.5, 2.5, ? || ?)"),
    ("rtree_i32(id, x0, x1, y0, y1)", "(x0, x1, y0, y1) SELECT -7, length(?), 0, length(?)"),
)  # fmt: skip


def quote(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def folded(name: str) -> str:
    """SQLite's own idea of equal names: only ASCII letters have two cases."""
    return name.translate(str.maketrans(string.ascii_uppercase, string.ascii_lowercase))


_letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
_names = st.one_of(st.sampled_from(_NAMES), st.text(_letters, min_size=1, max_size=5)).filter(
    lambda name: not folded(name).startswith("sqlite_") and folded(name) != "_rowid_"
)


def _one_in(number: int) -> st.SearchStrategy[bool]:
    """True as often as that; a failure shrinks to False."""
    return st.sampled_from([False] * (number - 1) + [True])


def _unique_names(least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(_names, min_size=least, max_size=most, unique_by=folded)


def _as_text(raw: bytes) -> tuple[str, tuple[object, ...]]:
    # A literal: of a bound BLOB, SQLite would take the bytes for UTF-8 whatever the database's encoding is.
    return f"CAST(x'{raw.hex()}' AS TEXT)", ()


_cells: st.SearchStrategy[tuple[str, tuple[object, ...]]] = st.one_of(
    st.one_of(
        st.none(),
        st.sampled_from(_TEXTS),
        st.text(max_size=6),
        st.sampled_from(_INTEGERS),
        st.integers(-(2**63), 2**63 - 1),
        st.sampled_from(_REALS),
        st.floats(),
        st.binary(max_size=6),
    ).map(lambda value: ("?", (value,))),
    st.sampled_from(_UNDECODABLE).map(_as_text),
    st.binary(max_size=5).map(_as_text),
    st.integers(1, 40_000).map(lambda size: ("replace(hex(zeroblob(?)), '00', 'aé')", (size,))),
)
"""(SQL, what is bound to it)"""


@dataclass(frozen=True)
class _Table:
    name: str
    columns: tuple[str, ...]  # that can be written
    ddl: str
    rowid: str | None  # a name of the hidden rowid, where there is one


@st.composite
def _tables(draw: st.DrawFn, name: str, all_names: list[str]) -> _Table:
    columns = draw(_unique_names(1, 5))
    is_strict = draw(_one_in(6))
    types = [draw(st.sampled_from(_STRICT_TYPES if is_strict else _TYPES)) for _ in columns]
    key = draw(st.sampled_from(["", "", "rowid", "autoincrement", "descending", "one", "all", "without rowid"]))
    lines = [_column(draw, column, kind, all_names) for column, kind in zip(columns, types, strict=True)]
    integer_key = {"rowid": "", "autoincrement": " AUTOINCREMENT", "descending": " DESC"}.get(key)
    if integer_key is not None:
        integer_key = integer_key if key != "descending" else " DESC ON CONFLICT FAIL"
        lines[0] = f"{quote(columns[0])} INTEGER PRIMARY KEY{integer_key}"
    elif key:
        chosen = columns if key == "all" else columns[: draw(st.integers(1, len(columns)))]
        parts = [quote(column) + draw(st.sampled_from(["", " DESC", " COLLATE NOCASE"])) for column in chosen]
        lines.append(f"PRIMARY KEY ({', '.join(parts)}){draw(st.sampled_from(_CONFLICT))}")
    generated = draw(_unique_names(0, 2)) if draw(st.booleans()) else []
    generated = [one for one in generated if folded(one) not in map(folded, columns)]
    for one in generated:
        form = draw(st.sampled_from(_GENERATED))
        kind = "" if not is_strict or form[0] in "TI" else "ANY "
        lines.insert(len(columns), f"{quote(one)} {kind}{form.format(quote(draw(st.sampled_from(columns))))}")
    if draw(_one_in(4)):
        parent, action = draw(st.sampled_from([*all_names, "nowhere"])), draw(st.sampled_from(_ACTIONS))
        lines.append(f"FOREIGN KEY ({quote(columns[-1])}) REFERENCES {quote(parent)}{action}")
    if draw(_one_in(5)):
        lines.append(f"UNIQUE ({', '.join(map(quote, columns))}){draw(st.sampled_from(_CONFLICT))}")
    options = (["STRICT"] if is_strict else []) + (["WITHOUT ROWID"] if key == "without rowid" else [])
    separator = draw(st.sampled_from([", ", ",\n    ", " /* ), */ , ", ", -- it's\n"]))
    ddl = f"CREATE TABLE {quote(name)} ({separator.join(lines)}) {', '.join(options)}"
    has_rowid = key not in ("rowid", "autoincrement", "without rowid")
    free = [one for one in ("rowid", "oid", "_rowid_") if one not in map(folded, [*columns, *generated])]
    return _Table(name, tuple(columns), ddl, free[0] if has_rowid else None)


def _column(draw: st.DrawFn, name: str, kind: str, all_names: list[str]) -> str:
    column = f"{quote(name)} {kind}".rstrip()
    if draw(st.booleans()):
        return column
    match draw(st.integers(0, 6)):
        case 0:
            return f"{column} NOT NULL{draw(st.sampled_from(_CONFLICT))}"
        case 1:
            return f"{column} UNIQUE{draw(st.sampled_from(_CONFLICT))}"
        case 2:
            return f"{column} CONSTRAINT {quote(name)} CHECK ({quote(name)} <> 'x' AND length({quote(name)}) < 9)"
        case 3:
            return f"{column} DEFAULT {draw(st.sampled_from(_DEFAULTS))}"
        case 4:
            return f"{column} COLLATE {draw(st.sampled_from(['NOCASE', 'RTRIM', 'binary']))}"
        case 5:
            parent = quote(draw(st.sampled_from(all_names)))
            target = f" ({quote(name)})" if draw(st.booleans()) else ""
            return f"{column} REFERENCES {parent}{target}{draw(st.sampled_from(_ACTIONS))}"
        case _:
            return f"{column} CHECK (typeof({quote(name)}) IN ('integer', 'null'))"


@st.composite
def _inserts(draw: st.DrawFn, table: _Table) -> Steps:
    steps: list[tuple[str, tuple[object, ...]]] = []
    if draw(_one_in(61)):
        steps.append(
            (
                "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                f"INSERT OR IGNORE INTO {quote(table.name)} SELECT {', '.join(['i'] * len(table.columns))} FROM n",
                (draw(st.integers(1001, 2100)),),
            )
        )
    for row in draw(st.lists(st.tuples(*[_cells] * len(table.columns)), max_size=5)):
        names = [quote(column) for column in table.columns]
        marks, bound = [mark for mark, _ in row], [value for _, values in row for value in values]
        if table.rowid and draw(_one_in(5)):
            names.append(table.rowid)
            marks.append(str(draw(st.sampled_from([*_INTEGERS, 5, -5]))))
        step = (f"INSERT INTO {quote(table.name)} ({', '.join(names)}) VALUES ({', '.join(marks)})", tuple(bound))
        steps += [step] * draw(st.sampled_from([1, 1, 1, 2, 3]))
    return tuple(steps)


@st.composite
def _changes(draw: st.DrawFn, table: _Table) -> Steps:
    """What makes the text of a table's definition, or its stored rows, other than a new table's."""
    column, new = quote(draw(st.sampled_from(table.columns))), quote(draw(_names))
    return (
        (
            draw(
                st.sampled_from(
                    [
                        f"ALTER TABLE {quote(table.name)} ADD COLUMN {new} INT NOT NULL DEFAULT 42",
                        f"ALTER TABLE {quote(table.name)} ADD COLUMN {new} TEXT REFERENCES nowhere",
                        f"ALTER TABLE {quote(table.name)} ADD COLUMN {new} AS (1)",
                        f"ALTER TABLE {quote(table.name)} RENAME COLUMN {column} TO {new}",
                        f"ALTER TABLE {quote(table.name)} DROP COLUMN {column}",
                        f"ALTER TABLE {quote(table.name)} RENAME TO {new}",
                        f"DELETE FROM {quote(table.name)} WHERE typeof({column}) = 'text'",
                        f"UPDATE {quote(table.name)} SET {column} = {column} || {column}",
                        f"CREATE TABLE {new} AS SELECT * FROM {quote(table.name)}",
                        f"DROP TABLE {quote(table.name)}",
                    ]
                )
            ),
            (),
        ),
    )


@st.composite
def _objects(draw: st.DrawFn, tables: list[_Table]) -> Steps:
    """An index, a view or a trigger."""
    table, other = draw(st.sampled_from(tables)), quote(draw(st.sampled_from(tables)).name)
    name, on = quote(draw(_names)), quote(table.name)
    column, last = quote(draw(st.sampled_from(table.columns))), quote(table.columns[-1])
    return (
        (
            draw(
                st.sampled_from(
                    [
                        f"CREATE INDEX {name} ON {on} ({column} DESC, {last} COLLATE NOCASE)",
                        f"CREATE UNIQUE INDEX {name} ON {on} ({column}) WHERE {last} > 1",
                        f"CREATE INDEX {name} ON {on} (length({column}) + 1, {column} COLLATE RTRIM)",
                        f"CREATE INDEX {name}\non {on} (quote({column}) DESC) where {column} IS NOT NULL -- a comment",
                        f"CREATE VIEW {name} AS SELECT * FROM {on}",
                        f'CREATE VIEW {name} ("a b", c) AS SELECT {column}, count(*) FROM {on} GROUP BY 1 /* why */',
                        f"CREATE VIEW {name} AS SELECT nope FROM missing",
                        f"CREATE VIEW {name} AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) "
                        "SELECT * FROM n LIMIT 3",
                        f"CREATE TRIGGER {name} AFTER INSERT ON {on} BEGIN INSERT INTO {other} DEFAULT VALUES; END",
                        f"CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {on} WHEN new.{column} IS NOT NULL "
                        f"BEGIN SELECT RAISE (IGNORE); DELETE FROM {other}; END",
                        f"CREATE TRIGGER {name} BEFORE INSERT ON {on} BEGIN SELECT RAISE (ABORT, 'no; END'); END",
                        f"CREATE TRIGGER {name} INSTEAD OF INSERT ON looks BEGIN DELETE FROM {other}; END",
                    ]
                )
            ),
            (),
        ),
    )


@st.composite
def _virtual_tables(draw: st.DrawFn) -> Steps:
    name = quote(draw(st.sampled_from(["words", "search me", 'q"1"', "using fts5", "é"])))
    module, values = draw(st.sampled_from(_VIRTUAL))
    steps: list[tuple[str, tuple[object, ...]]] = [(f"CREATE VIRTUAL TABLE {name} USING {module}", ())]
    for bound in draw(st.lists(st.tuples(*[st.sampled_from(["hello", "a b c", "", "é 😀", None])] * 2), max_size=4)):
        steps.append((f"INSERT INTO {name} {values}", bound))
    if "(a" in module and draw(st.booleans()):
        first = draw(st.sampled_from(["'optimize'", "'integrity-check'", "'rebuild'"]))
        steps.append((f"INSERT INTO {name} ({name}) VALUES ({first})", ()))
    if module.startswith("fts5 (") and draw(st.booleans()):
        steps.append((f"CREATE VIRTUAL TABLE vocabulary USING fts5vocab({name}, 'row')", ()))
    return tuple(steps)


_prepared: st.SearchStrategy[Steps] = st.tuples(
    st.sampled_from(["UTF-8", "UTF-8", "UTF-16le", "UTF-16be"]).map(lambda value: (f"PRAGMA encoding = '{value}'", ())),
    st.sampled_from([4096, 4096, 512, 65536]).map(lambda value: (f"PRAGMA page_size = {value}", ())),
    st.sampled_from([0, 0, 1, 2]).map(lambda value: (f"PRAGMA auto_vacuum = {value}", ())),
    st.sampled_from(["delete", "wal", "persist"]).map(lambda value: (f"PRAGMA journal_mode = {value}", ())),
    st.sampled_from([0, 1]).map(lambda value: (f"PRAGMA ignore_check_constraints = {value}", ())),
)
_last: st.SearchStrategy[Steps] = st.lists(
    st.sampled_from(
        [
            "PRAGMA user_version = -7", "PRAGMA application_id = 2147483647", "ANALYZE", "VACUUM",
            "UPDATE sqlite_sequence SET seq = 2305843009213693952", "DELETE FROM sqlite_sequence",
            "INSERT INTO sqlite_sequence VALUES ('nowhere', 'no number')",
        ]
    ).map(lambda sql: (sql, ())),
    max_size=3,
).map(tuple)  # fmt: skip


@st.composite
def databases(draw: st.DrawFn) -> Steps:
    """The statements that make a database of one to three tables with all that can stand on them."""
    names = [*draw(_unique_names(1, 3)), *(["é", "É"] if draw(_one_in(20)) else [])]
    tables = [draw(_tables(name, names)) for name in names]
    steps = [*draw(_prepared), *((table.ddl, ()) for table in tables)]
    for table in tables:
        steps += draw(_inserts(table))
    if draw(st.booleans()):
        steps += draw(_changes(draw(st.sampled_from(tables))))
        steps += draw(_inserts(draw(st.sampled_from(tables))))
    if draw(_one_in(5)):
        steps += draw(_virtual_tables())
    steps.append(("CREATE VIEW looks AS SELECT 1", ()))
    for _ in range(draw(st.sampled_from([0, 1, 2, 4]))):
        steps += draw(_objects(tables))
    steps += draw(_inserts(draw(st.sampled_from(tables))))
    return (*steps, *draw(_last))


def build(path: Path, steps: Steps) -> int:
    """Make the database; how many of its statements SQLite refused."""
    refused = 0
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for sql, bound in steps:
            try:
                connection.execute(sql, bound).fetchall()
            except sqlite3.Error:
                refused += 1
    return refused
