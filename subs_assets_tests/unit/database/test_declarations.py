from types import SimpleNamespace

import pytest

from subs_assets.database.declarations import Declarations, composed, declarations_of, declared_by, former_names


def module(**constants: object) -> SimpleNamespace:
    return SimpleNamespace(__file__="/anywhere/revision_0009_made_up.py", **constants)


def all_of(*modules: dict[str, object]) -> Declarations:
    return composed(declared_by(module(**constants)) for constants in modules)


def test_the_second_revision_declares_its_rename() -> None:
    expected = {"categories.store_product_id": "categories.category_id"}
    assert declarations_of(["0003", "0002"]) == Declarations(expected, frozenset(), frozenset())
    assert declarations_of(["0003"]).renames == {}
    assert former_names()["categories.store_product_id"] == "categories.category_id"


@pytest.mark.parametrize(
    "renames, expected",
    [
        ([{"t.a": "t.b"}, {"t.b": "t.c"}], {"t.a": "t.c"}),
        ([{"t.a": "t.b"}, {"t.b": "t.a"}], {}),
        ([{"t.a": "t.b", "t.b": "t.a"}], {"t.a": "t.b", "t.b": "t.a"}),
        ([{"t.a": "t.b"}, {"t": "u"}], {"t.a": "u.b", "t": "u"}),
        ([{"t": "u"}, {"u.a": "u.b"}], {"t.a": "u.b", "t": "u"}),
        ([{"t": "u", "t.a": "u.b"}, {"u": "v"}], {"t.a": "v.b", "t": "v"}),
        ([{"t.a": "t.b"}, {"t.c": "t.a"}], {"t.a": "t.b", "t.c": "t.a"}),
        # The second t.a, and the second t, came in between.
        ([{"t.a": "t.b"}, {"t.a": "t.c"}], {"t.a": "t.b"}),
        ([{"t": "u"}, {"t.a": "t.b"}], {"t": "u"}),
        ([{"t": "u", "t.a": "u.b"}, {"u.a": "u.c"}], {"t": "u", "t.a": "u.b"}),
    ],
)
def test_renames_of_several_revisions_are_one(renames: list[dict[str, str]], expected: dict[str, str]) -> None:
    assert all_of(*({"RENAMES": one} for one in renames)).renames == expected


def test_what_is_renamed_and_then_dropped_or_rewritten_is_named_as_it_was_before() -> None:
    found = all_of(
        {"RENAMES": {"t.a": "t.b", "old": "new"}, "DROPS": ("gone", "ix_t_a")},
        {"DROPS": ("t.b",), "REWRITES": ("new.price",)},
        # Made anew since, so nothing of before is lost or renamed by these.
        {"DROPS": ("old",), "RENAMES": {"t.a": "t.d", "gone.x": "gone.y"}},
    )
    assert found.drops == {"t.a", "gone", "ix_t_a"}
    assert found.rewrites == {"old.price"}
    assert found.renames == {"old": "new"}
    assert found.loses_column("gone", "x") and found.loses_column("t", "a") and not found.loses_column("t", "x")


def test_a_name_is_followed_through_its_table() -> None:
    declarations = all_of({"RENAMES": {"t": "u", "t.a": "u.b"}})
    assert [declarations.table_after(name) for name in ("t", "other")] == ["u", "other"]
    columns = [("t", "a"), ("t", "x"), ("other", "a")]
    assert [declarations.column_after(*column) for column in columns] == ["b", "x", "a"]


def test_a_schema_or_a_column_with_a_dot_is_no_table() -> None:
    found = all_of(
        {
            "DROPS": ("notes", "measured.wide.word"),
            "REWRITES": ("prices",),
            "RENAMES": {"t": "u", "measured.old.word": "measured.word", "shop.t.a": "shop.t.b"},
        }
    )
    assert found.loses_table("notes") and not found.loses_table("notes.kept")
    assert found.loses_column("measured", "wide.word") and not found.loses_column("notes.kept", "word")
    assert found.table_after("t.kept") == "t.kept"
    assert found.column_after("measured", "old.word") == "word"
    assert found.column_after("measured", "x.y") == "x.y"
    assert found.column_after("shop.t", "a") == "b"


@pytest.mark.parametrize(
    "constants, sentence",
    [
        ({"DROPS": "listings.url"}, r"revision_0009_made_up.py: DROPS is 'listings.url'; write DROPS = \("),
        ({"DROPS": 7}, "DROPS is 7; write"),
        ({"REWRITES": ("a..c",)}, r"REWRITES is \('a..c',\); write"),
        ({"REWRITES": ("a.",)}, "REWRITES is"),
        ({"RENAMES": ("a.b", "a.c")}, "RENAMES is .*; write RENAMES = {"),
        ({"RENAMES": {"a.b": None}}, "RENAMES is"),
        ({"RENAMES": {"a.b": "c"}}, "turns a.b into c, which is no rename within a table"),
        ({"RENAMES": {"a.b": "c.b"}}, "turns a.b into c.b, which is no rename within a table"),
        ({"RENAMES": {"a": "b", "a.x": "a.y"}}, "turns a.x into a.y"),
        ({"RENAMES": {"a.b": "a.d", "a.c": "a.d"}}, "gives one name to two things"),
    ],
)
def test_a_constant_that_is_not_of_its_form_is_said(constants: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        all_of(constants)
