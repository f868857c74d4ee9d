"""Exports: whole files, formulas made harmless, keys with readable texts beside them."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.report.exports import (
    formula_safe,
    named_substitutions,
    readable_equivalences,
    without_guard,
    write_export,
)
from subs_assets_tests.small_shops import equivalences, item, path, shops


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+61 2 9999", "'+61 2 9999"),
        ("-2 kg", "'-2 kg"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("2 + 2", "2 + 2"),
        ("oats", "oats"),
        ("", ""),
        ("'=1", "'=1"),
        ("Milk;=1", "Milk;'=1"),  # with a semicolon as separator, what begins a cell
        ("-1;=2;+3;4", "'-1;'=2;'+3;4"),
        ("Salt; pepper", "Salt; pepper"),
    ],
)
@pytest.mark.parametrize("dtype", ["str", object])
def test_formulas_are_made_harmless(text: str, safe: str, dtype: object) -> None:
    frame = pd.DataFrame({"name": pd.Series([text, None], dtype=dtype)})
    assert formula_safe(frame)["name"].iloc[0] == safe
    assert formula_safe(frame)["name"].isna().tolist() == [False, True]
    assert frame["name"].iloc[0] == text
    assert without_guard(safe) == (text if text != "'=1" else "=1")  # an apostrophe of one's own is taken for the guard


def test_an_apostrophe_that_guards_nothing_stays() -> None:
    assert without_guard("'tis") == "'tis"


def test_numbers_stay_numbers() -> None:
    frame = pd.DataFrame({"ratio": [-1.5, 2.0], "rank": pd.array([-1, None], "Int64"), "found": [True, False]})
    pd.testing.assert_frame_equal(formula_safe(frame), frame)


def test_files_are_whole_and_hold_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ['=HYPERLINK("x")', 'Müsli, "fein"\nund zart', None], "score": [0.5, -1.0, None]})
    folder = tmp_path / "exports" / "new"
    parquet, table = write_export("substitutions", frame, folder)
    assert sorted(found.name for found in folder.iterdir()) == ["substitutions.csv", "substitutions.parquet"]
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), frame, check_dtype=False)
    with table.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.reader(text))
    assert rows == [
        ["name", "score"],
        ['\'=HYPERLINK("x")', "0.5"],
        ['Müsli, "fein"\nund zart', "-1"],
        ["", ""],
    ]
    assert b"\r\n" not in table.read_bytes()


def test_a_second_export_takes_the_place_of_the_first(tmp_path: Path) -> None:
    write_export("rates", pd.DataFrame({"a": [1, 2]}), tmp_path)
    parquet, table = write_export("rates", pd.DataFrame({"a": [3]}), tmp_path)
    assert pd.read_parquet(parquet)["a"].tolist() == pd.read_csv(table)["a"].tolist() == [3]


@pytest.mark.parametrize("table", [tables.category_equivalences, tables.substitutions])
def test_an_empty_table_is_exported_with_its_columns(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    frame = frames.empty(table)
    for written in write_export(table.name, frame, tmp_path):
        read = pd.read_parquet(written) if written.suffix == ".parquet" else pd.read_csv(written)
        assert list(read.columns) == list(frame.columns) and len(read) == 0


def test_equivalences_with_paths_as_people_write_them() -> None:
    mappings = equivalences(("aldi", "Pantry > Muesli", "coles", "Breakfast", "close"))
    readable = readable_equivalences(mappings)
    assert readable.loc[0, ["category", "target_category"]].tolist() == ["Pantry > Muesli", "Breakfast"]
    assert readable.loc[0, "path"] == path("Pantry > Muesli")
    pd.testing.assert_frame_equal(readable.drop(columns=["category", "target_category"]), mappings)
    assert list(readable.columns)[:6] == [
        "company_slug", "path", "category", "target_company_slug", "target_path", "target_category",
    ]  # fmt: skip


def test_substitutions_with_names() -> None:
    products = shops([item("aldi", "1", "Oats"), item("coles", "1", "Porridge")]).products
    rows = pd.DataFrame(
        {"product_id": ["coles:1", "aldi:1"], "company_slug": "iga", "substitute_id": ["aldi:1", "gone"]}
    )
    named = named_substitutions(rows, products)
    assert list(named.columns) == ["product_id", "product", "company_slug", "substitute_id", "substitute"]
    assert named["product"].tolist() == ["Porridge", "Oats"]
    assert named["substitute"].iloc[0] == "Oats" and pd.isna(named["substitute"].iloc[1])
