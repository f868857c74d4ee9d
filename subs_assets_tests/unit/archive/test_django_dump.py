"""What is deduced from a dump: the types of its fields, and which model a field leads to."""

import math
from typing import Any

import pytest

from subs_assets.archive.django.dump import kind_of, leads_to, type_of
from subs_assets.archive.django.tables import table_name

MODELS = {
    "auth.group", "auth.permission", "auth.user", "companies.company", "companies.category", "contenttypes.contenttype",
    "products.product", "products.storeproduct", "products.price", "products.category", "other.user",
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([None], "text"),
        (["a", None, ""], "text"),
        (["1.50", "2025-10-06"], "text"),  # decimals and dates stay the text that they are
        ([True, False, None], "boolean"),
        ([1, 2**63 - 1, -(2**63)], "integer"),
        ([1, 2**63], "json"),  # no database's integer
        ([1, True], "json"),
        ([1.0, 2], "real"),
        ([1.0, 2, -0.0], "signed real"),
        ([1.5, math.nan, math.inf], "real"),
        ([1.5, 2**53], "real"),
        ([1.5, 2**53 + 1], "json"),  # no double
        ([1, "1"], "json"),
        ([[1, 2], []], "json"),  # as long as it leads nowhere
        ([{"a": [1.5, None]}], "json"),
        ([{"a": [math.nan]}], "loose json"),
        (["a", math.inf], "loose json"),
    ],
)
def test_a_type_takes_all_values_and_changes_none(values: list[Any], type_: str) -> None:
    assert type_of({kind_of(value) for value in values}) == type_


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([], "empty"),
        ([3, 1], "integers"),
        (["a", "b"], "texts"),
        ([1, 1], "nested"),  # a many-to-many field has each key once
        ([1, None], "nested"),
        ([True], "nested"),
        ([["aldi"]], "nested"),  # natural keys
        ([1, "a"], "nested"),
    ],
)
def test_which_lists_may_be_keys(value: list[Any], kind: str) -> None:
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("field", "own_model", "is_list", "models"),
    [
        ("company", "companies.category", False, {"companies.company"}),
        ("companies", "auth.user", True, {"companies.company"}),
        ("content_type", "auth.permission", False, {"contenttypes.contenttype"}),
        ("store_product", "products.price", False, {"products.storeproduct"}),
        ("category", "products.product", False, {"products.category"}),  # its own app first
        ("category", "auth.user", False, {"products.category", "companies.category"}),  # nobody can tell
        ("user", "products.price", False, {"auth.user", "other.user"}),
        ("user", "other.thing", False, {"other.user"}),
        ("parent", "companies.category", False, {"companies.category"}),
        ("parents", "companies.category", True, {"companies.category"}),
        ("user_permissions", "auth.user", True, {"auth.permission"}),
        ("units_per_product", "products.price", False, set()),  # a number, though its name ends so
        ("price", "products.price", False, set()),  # in cents
        ("related_products", "products.product", True, {"products.product"}),
        ("tags", "products.product", True, set()),
    ],
)
def test_where_a_name_leads(field: str, own_model: str, is_list: bool, models: set[str]) -> None:
    assert leads_to(field, own_model, MODELS, is_list) == models


def test_a_long_name_is_cut_as_postgresql_would_not_cut_it() -> None:
    assert table_name("companies.category", "parents") == "companies_category_parents"
    longest, longer, other = (table_name("a.b", letters) for letters in ("c" * 59, "ü" * 30, "ü" * 31))
    assert longest == "a_b_" + "c" * 59
    assert len(longer.encode()) <= 63 and len(other.encode()) <= 63 and longer != other
