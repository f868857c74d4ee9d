import pytest

from subs_assets.catalogue.validate import parse_price, shown


@pytest.mark.parametrize(
    "value, price",
    [
        (3, 3.0),
        (3.99, 3.99),
        ("3.99", 3.99),
        ("$3.99", 3.99),
        ("3,99 €", 3.99),
        ("AUD 3.99", 3.99),
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1,234", 1234.0),
        ("0,125", 0.125),
        ("12,5", 12.5),
        ("-3.00", -3.0),
        ("-$3.00", None),
        ("5,-", 5.0),
        ("2 for 5", None),
        ("free", None),
        (True, None),
        (float("nan"), None),
        (10**400, None),
        ([3], None),
    ],
)
def test_parse_price(value: object, price: float | None) -> None:
    assert parse_price(value) == price


@pytest.mark.parametrize(
    "value, text", [(None, None), ("a\0b", "a\\0b"), ({"a": 1}, '{"a": 1}'), ("\udcff", "\\udcff")]
)
def test_an_offending_value_is_shown_as_text_that_every_store_holds(value: object, text: str | None) -> None:
    assert shown(value) == text


def test_a_long_value_is_shortened() -> None:
    assert len(shown("x" * 10_000) or "") == 200
