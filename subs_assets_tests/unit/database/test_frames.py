from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import Boolean, Column, Engine, Float, LargeBinary, MetaData, Table, event, func, select
from sqlalchemy.exc import DBAPIError

from subs_assets.database.control_tables import control_metadata
from subs_assets.database.engine import open_engine, writing
from subs_assets.database.frames import conform, dtype_of, empty, fetch, insert, read
from subs_assets.database.tables import TEXT, WHOLE_NUMBER, categories, metadata
from subs_assets_tests.unit.database.conftest import on_postgresql

things = Table(
    "things",
    MetaData(),
    Column("shop", TEXT, primary_key=True),
    Column("number", WHOLE_NUMBER, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("note", TEXT),
    Column("count", WHOLE_NUMBER),
    Column("ratio", Float),
    Column("good", Boolean),
)
DTYPES = {
    "shop": "str",
    "number": "Int64",
    "name": "str",
    "note": "str",
    "count": "Int64",
    "ratio": "float64",
    "good": "boolean",
}


def frame(**columns: Any) -> pd.DataFrame:
    defaults: dict[str, Any] = {
        "shop": ["b", "a"],
        "number": [2, 1],
        "name": ["y", "x"],
        "note": None,
        "count": None,
        "ratio": None,
    }
    return pd.DataFrame({**defaults, "good": None, **columns})


def test_conform_brings_columns_dtypes_and_rows_into_the_tables_form() -> None:
    given = frame(ratio=[1, 2], good=[True, None], shop=["b", "B"])[
        ["good", "ratio", "count", "note", "name", "number", "shop"]
    ]
    given.index = pd.Index([7, 7])
    conformed = conform(given, things)
    assert conformed.dtypes.astype(str).to_dict() == DTYPES
    assert list(conformed.columns) == list(DTYPES)
    assert conformed["shop"].tolist() == ["B", "b"], "sorted by code point, as SQLite does"
    assert conformed["ratio"].tolist() == [2.0, 1.0]
    assert isinstance(conformed.index, pd.RangeIndex)
    assert_frame_equal(conform(conformed, things), conformed)
    assert given.columns[0] == "good", "the given frame is left alone"


@pytest.mark.parametrize(
    "table", [*metadata.sorted_tables, *control_metadata.sorted_tables], ids=lambda table: table.name
)
def test_every_table_has_an_empty_frame_in_its_form(table: Table) -> None:
    assert_frame_equal(conform(empty(table), table), empty(table))
    assert_frame_equal(conform(pd.DataFrame(columns=[c.name for c in table.columns]), table), empty(table))


@pytest.mark.parametrize(
    "column, values, expected",
    [
        ("note", ["", None], ["", None]),
        ("note", [np.nan, pd.NA], [None, None]),
        ("note", pd.Categorical(["k", None]), ["k", None]),
        ("note", pd.array(["k", None], dtype="string"), ["k", None]),
        ("count", [1.0, np.nan], [1, None]),
        ("count", pd.array([2**63 - 1, None], dtype="Int64"), [2**63 - 1, None]),
        ("count", pd.Series([2**53 + 1, None], dtype=object), [2**53 + 1, None]),
        ("count", np.array([1, 2], dtype="uint8"), [1, 2]),
        ("ratio", pd.array([1, None], dtype="Int64"), [1.0, None]),
        ("ratio", pd.array([1.5, None], dtype="Float64"), [1.5, None]),
        ("ratio", [np.inf, 5e-324], [np.inf, 5e-324]),
        ("good", [True, None], [True, None]),
        ("good", np.array([True, False]), [True, False]),
    ],
)
def test_values_that_are_taken(column: str, values: Any, expected: list[object]) -> None:
    conformed = conform(frame(shop=["a", "b"], **{column: values}), things)[column]
    assert conformed.astype(object).where(conformed.notna(), None).tolist() == expected
    assert str(conformed.dtype) == DTYPES[column]


@pytest.mark.parametrize("values", [[-0.0, 1.0], pd.array([-0.0, None], dtype="Float64"), [-0.0, None]])
def test_minus_zero_becomes_zero(values: Any) -> None:
    conformed = conform(frame(shop=["a", "b"], ratio=values), things)["ratio"]
    assert conformed[0] == 0
    assert not np.signbit(conformed[0])


@pytest.mark.parametrize(
    "column, values, message",
    [
        ("name", ["y", None], r"things.name has no value in 1 rows, and needs one; the first is shop='a', number=1"),
        ("shop", ["b", np.nan], r"things.shop has no value in 1 rows"),
        ("note", [None, 7], r"things.note must hold text and does not; the first is shop='a', number=1"),
        ("note", ["k", 7], r"things.note must hold text and does not; the first is shop='a', number=1"),
        (
            "note",
            pd.Series(["k", "\ud800"], dtype=object),
            r"things.note must hold text and does not; the first is shop='a', number=1",
        ),
        ("count", [1, 1.5], r"things.count must hold whole numbers and does not; the first is shop='a', number=1"),
        ("count", [1, np.inf], r"things.count must hold whole numbers and does not; the first is shop='a', number=1"),
        ("count", [1, 2**63], r"things.count must hold whole numbers and does not; the first is shop='a', number=1"),
        ("count", np.array([1, 2**63], dtype="uint64"), r"things.count must hold whole numbers and does not"),
        ("count", [1, "2"], r"things.count must hold whole numbers and does not; the first is shop='a', number=1"),
        ("count", [True, False], r"things.count must hold whole numbers"),
        ("ratio", [1, "2"], r"things.ratio must hold numbers and does not; the first is shop='a', number=1"),
        ("good", [True, 1], r"things.good must hold true or false and does not; the first is shop='a', number=1"),
        (
            "good",
            ["true", "false"],
            r"things.good must hold true or false and does not; the first is shop='b', number=2",
        ),
    ],
)
def test_values_that_are_refused_are_named(column: str, values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        conform(frame(**{column: values}), things)


def test_a_key_that_stands_twice_is_named() -> None:
    with pytest.raises(ValueError, match=r"things has 1 rows whose key \(shop, number\).*first is shop='a', number=1"):
        conform(frame(shop=["a", "a"], number=[1, 1]), things)


@pytest.mark.parametrize(
    "given, message",
    [
        (frame().drop(columns=["name", "good"]), "the frame for things lacks name, good"),
        (frame().assign(colour="red"), "the frame for things has unknown colour"),
        (pd.concat([frame(), frame()[["note"]]], axis=1), "the frame for things repeats note"),
    ],
)
def test_columns_that_are_not_the_tables_are_named(given: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        conform(given, things)


@pytest.fixture
def engine_with_things(url: str) -> Engine:
    engine = open_engine(url)
    with writing(engine) as connection:
        things.create(connection)
    return engine


def test_what_is_inserted_is_read_back_exactly(engine_with_things: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subs_assets.database.frames.ROWS_PER_BATCH", 3)  # several batches, the last not full
    odd = ["", "\t\\", "🥝 ½ „Bio“", "line\r\n\\.\nbreak", "' OR 1=1; --", ' x,"', "\ufeff", "שָׁלוֹם", "e\u0301", None]
    if engine_with_things.dialect.name == "sqlite":
        odd[1] = "a\x00b"  # PostgreSQL keeps no NUL
    given = conform(
        pd.DataFrame(
            {
                "shop": ["ä", "Z", "a", "z", "A", "", "𝄞", "\uffff", "1", "10"],
                "number": [2**63 - 1, -(2**63), 0, 1, 2, 3, 4, 5, 6, 7],
                "name": [text or "\\." for text in odd],
                "note": odd,
                "count": [None, 2**53 + 1, 0, 1, None, 3, 4, 5, 6, 7],
                "ratio": [0.1, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 1 / 3, 1e22, 2.0],
                "good": [True, False, None, True, False, None, True, False, None, True],
            }
        ),
        things,
    )
    with writing(engine_with_things) as connection:
        assert insert(connection, things, given) == 10
    with engine_with_things.connect() as connection:
        found = read(connection, things)
        nulls = connection.execute(select(func.count()).where(things.c.ratio.is_(None))).scalar_one()
    assert_frame_equal(found, given, check_exact=True)
    assert (np.signbit(found["ratio"]) == np.signbit(given["ratio"])).all(), "no -0.0 on either side"
    assert nulls == 1, "NaN is NULL"


@on_postgresql
@pytest.mark.parametrize("column", ["shop", "note"])
def test_text_that_postgresql_does_not_keep_is_named(engine_with_things: Engine, column: str) -> None:
    given = conform(frame(**{column: ["b", "a\0b"]}), things)
    shop = "a\\\\x00b" if column == "shop" else "a"
    with (
        writing(engine_with_things) as connection,
        pytest.raises(
            ValueError, match=rf"things.{column} has a NUL character, .*; the first is shop='{shop}', number=1"
        ),
    ):
        insert(connection, things, given)


@on_postgresql
def test_another_error_of_copy_is_an_error_of_the_database(engine_with_things: Engine) -> None:
    given = conform(frame(), things)
    with writing(engine_with_things) as connection:
        insert(connection, things, given)
    with writing(engine_with_things) as connection, pytest.raises(DBAPIError, match="duplicate key value") as caught:
        insert(connection, things, given)
    assert not caught.value.connection_invalidated


@on_postgresql
def test_rows_stay_on_the_server_until_their_batch_is_wanted(
    engine_with_things: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the driver would hold all of a table before we see a row of it."""
    monkeypatch.setattr("subs_assets.database.frames.ROWS_PER_BATCH", 2)
    given = conform(frame(shop=list("abcde"), number=1, name="x"), things)
    cursors: list[object] = []
    event.listen(engine_with_things, "after_cursor_execute", lambda _, cursor, *rest: cursors.append(cursor))
    with writing(engine_with_things) as connection:
        insert(connection, things, given)
        assert_frame_equal(read(connection, things), given)
    assert type(cursors[-1]).__name__ == "ServerCursor"


def test_rows_are_read_in_key_order_however_they_were_inserted(engine_with_things: Engine) -> None:
    given = conform(frame(shop=["b", "B"]), things)
    with writing(engine_with_things) as connection:
        for position in (1, 0):
            insert(connection, things, given.iloc[[position]])
        assert_frame_equal(read(connection, things), given)


def test_rows_equal_to_values_only(engine_with_things: Engine) -> None:
    with writing(engine_with_things) as connection:
        insert(connection, things, conform(frame(), things))
        assert read(connection, things, shop="a", number=1)["name"].tolist() == ["x"]
        assert_frame_equal(read(connection, things, shop="nowhere"), empty(things))


def test_fetch_keeps_the_querys_order_and_gives_dtypes(engine_with_things: Engine) -> None:
    with writing(engine_with_things) as connection:
        insert(connection, things, conform(frame(), things))
        statement = select(things.c.shop, func.count().label("rows"), func.max(things.c.ratio).label("ratio"))
        found = fetch(connection, statement.group_by(things.c.shop).order_by(things.c.shop.desc()))
    assert found["shop"].tolist() == ["b", "a"]
    assert found.dtypes.astype(str).to_dict() == {"shop": "str", "rows": "Int64", "ratio": "float64"}


def test_insert_wants_a_conformed_frame(engine_with_things: Engine) -> None:
    with (
        writing(engine_with_things) as connection,
        pytest.raises(ValueError, match=r"things .*pass it through conform"),
    ):
        insert(connection, things, frame()[["number", "shop", "name", "note", "count", "ratio", "good"]])


def test_a_column_type_without_a_place_in_a_frame_is_refused() -> None:
    with pytest.raises(TypeError, match="have no place in a frame"):
        dtype_of(LargeBinary())


def test_real_tables_make_the_round_trip(engine: Engine, rows_of: Callable[..., pd.DataFrame]) -> None:
    given = rows_of(
        categories,
        {"company_slug": "aldi", "path": '["Öl & Essig"]', "is_leaf": True},
        {"company_slug": "aldi", "path": "[]"},
    )
    with writing(engine) as connection:
        insert(connection, categories, given)
        assert_frame_equal(read(connection, categories), given)
