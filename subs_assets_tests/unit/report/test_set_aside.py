"""Rows set aside are counted by reason, not by the row's own values."""

import json

import pandas as pd
import pytest

from subs_assets.assets.catalogue import set_aside_by_field
from subs_assets.report.repairs import REPAIRS_OF_A_COMPANY, repairs_by_kind
from subs_assets.report.set_aside import EXAMPLES, REASONS_OF_A_COMPANY, kind_of_reason, set_aside_by_reason


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("is negative; row set aside", "is negative"),
        ('"-3.00" is no number; row set aside', "… is no number"),
        ("repeats line 12; row set aside", "repeats …"),
        ("repeats today.jsonl line 12; its category path was added there; row set aside",
         "repeats …; its category path was added there"),
        ("stands in a/b.csv line 1204 already, with another price; row set aside",
         "stands in … already, with another price"),
        ("has 1,204 characters; 1,000 are possible; row set aside", "has … characters; … are possible"),
        ("is not UTF-8; row set aside", "is not UTF-8"),
        ('brand "Joe "Best" Ltd" is a legal entity; "Joe "B" was taken', "brand … is a legal entity; … was taken"),
        ('barcode "5" pipe" is no number; left out', "barcode … is no number; left out"),
    ],
)  # fmt: skip
def test_what_is_the_row_s_own_is_no_part_of_the_reason(reason: str, kind: str) -> None:
    assert kind_of_reason(reason) == kind


def rows(*given: tuple[str, int, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(given, columns=["company_slug", "line", "field", "reason"])
    return frame.assign(file="today.csv", value=None)


def test_reasons_are_counted_and_have_the_first_rows_as_examples() -> None:
    found = set_aside_by_reason(
        rows(
            *(("aldi", line, "sku", f"repeats line {line - 1}; row set aside") for line in (9, 4, 7, 5)),
            ("aldi", 2, "price", "is negative; row set aside"),
            ("iga", 3, "price", "is negative; row set aside"),
            ("iga", 0, "file", "the file is empty"),
        )
    )
    assert [(reason.company_slug, reason.field, reason.rows) for reason in found.reasons] == [
        ("aldi", "sku", 4),
        ("aldi", "price", 1),
        ("iga", "price", 1),
    ]
    assert [example.line for example in found.reasons[0].examples] == [4, 5, 7] and EXAMPLES == 3
    assert (found.rows, found.rows_left_out) == (6, 0)


def test_a_file_as_a_whole_is_no_row_in_the_ui_either() -> None:
    given = rows(("iga", 0, "file", "is empty"), ("iga", 3, "price", "is negative"), ("iga", 4, "price", "is missing"))
    assert set_aside_by_field(given).to_dict("records") == [{"field": "price", "rows": 2, "example": "is negative"}]


def test_rare_reasons_of_a_company_are_counted_as_left_out() -> None:
    many = [("aldi", line, f"field {line}", "is missing") for line in range(1, REASONS_OF_A_COMPANY + 4)]
    found = set_aside_by_reason(rows(*many, ("iga", 1, "name", "is missing")))
    assert len(found.reasons) == REASONS_OF_A_COMPANY + 1 and found.rows_left_out == 3
    assert sum(reason.rows for reason in found.reasons) + found.rows_left_out == found.rows == len(many) + 1


def test_nothing_set_aside() -> None:
    assert set_aside_by_reason(rows()) == type(set_aside_by_reason(rows()))((), 0, 0)


def test_repairs_are_counted_by_kind_with_a_listing_of_each() -> None:
    brands = [f'brand "{letter}" is a filler; left out' for letter in "ab"]
    alike = [
        ("aldi", json.dumps(["name: HTML was removed"]), 2, "Tea", "1"),
        ("aldi", json.dumps([brands[0], "name: HTML was removed"]), 1, "Milk", "2"),
        ("aldi", json.dumps(brands[1:]), 5, "Rice", "3"),
        *(("iga", json.dumps(["x" * kind]), 1, "Oats", "4") for kind in range(1, REPAIRS_OF_A_COMPANY + 2)),
    ]
    columns = ["company_slug", "repairs", "listings", "name", "product_id"]
    found = repairs_by_kind(pd.DataFrame(alike, columns=columns))
    assert [(one.kind, one.listings, one.example, one.name, one.product_id) for one in found[:2]] == [
        ("brand … is a filler; left out", 6, brands[0], "Milk", "2"),
        ("name: HTML was removed", 3, "name: HTML was removed", "Tea", "1"),
    ]
    assert [one.company_slug for one in found] == ["aldi"] * 2 + ["iga"] * REPAIRS_OF_A_COMPANY
    assert repairs_by_kind(pd.DataFrame([], columns=columns)) == []
