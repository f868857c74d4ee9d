import pytest

from subs_assets.archive.same_sql import Wording, names_in, parts_of_table

RENAMES = {"t": "u", "t.old": "u.new", "t.wide.word": "u.wide", "x.a": "x.b", "x.b": "x.a"}


@pytest.mark.parametrize(
    "before, after",
    [
        ("CREATE INDEX i ON t (old)", 'CREATE  INDEX i\nON "u" ("new")'),
        ("CREATE VIEW v AS SELECT old FROM t", "CREATE VIEW v AS SELECT new AS old FROM u"),
        ("SELECT t.old, o.old AS other FROM t, o", "SELECT u.new AS old, o.old AS other FROM u, o"),
        ("SELECT [old] FROM `t` -- isn't it", 'SELECT "new" FROM "u"'),
        ('CHECK ("wide.word" > 1)', "CHECK (wide > 1)"),
        ("CHECK (a <> b)", "CHECK (b <> a)"),
        ("nextval('public.t_old'::regclass), 't'::regclass", "nextval('public.t_old'::regclass), 'u'::regclass"),
        ("CHECK (x = ANY (ARRAY[old, y]))", "CHECK (x = ANY (ARRAY[new, y]))"),
    ],
)
def test_a_rename_changes_nothing_of_what_is_said(before: str, after: str) -> None:
    wording = Wording(RENAMES)
    assert wording.of(before) == wording.of(after)
    assert Wording({}).of(before) != Wording({}).of(after)


@pytest.mark.parametrize(
    "before, after",
    [
        ("CREATE UNIQUE INDEX i ON t (old)", "CREATE INDEX i ON u (new)"),
        ("CHECK (x = 'a  b')", "CHECK (x = 'a b')"),
        ("CHECK (x = 'a')", "CHECK (x = 'A')"),
        ("CHECK (x = 'a')", 'CHECK (x = "a")'),
        ("SELECT ab", "SELECT a b"),
        ("SELECT old AS o", "SELECT new"),
        ("SELECT y AS z", "SELECT z"),
    ],
)
def test_what_says_something_else_is_told_apart(before: str, after: str) -> None:
    wording = Wording(RENAMES)
    assert wording.of(before) != wording.of(after)


def test_the_parts_of_a_table() -> None:
    sql = """CREATE TABLE "t" (
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- collate, me
        "Wide word" NUMERIC(4, 2) DEFAULT ',collate' CHECK (id COLLATE BINARY > (1)) COLLATE NOCASE,
        twice AS (id * 2),
        FOREIGN KEY (id) REFERENCES u (id)
    ) STRICT"""
    assert parts_of_table(sql) == {
        "id": ("integer", "primary", "key", "autoincrement"),
        "wide word": (
            "numeric", "( 4 , 2 )", "default", "',collate'", "check", "( id collate binary > ( 1 ) )",
            "collate", "nocase",
        ),
        "twice": ("as", "( id * 2 )"),
        "foreign": ("key", "( id )", "references", "u", "( id )"),
    }  # fmt: skip
    assert names_in('(x > "Y z")') >= {"x", "y z"}
