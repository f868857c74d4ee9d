import pytest

from subs_assets.catalogue.gtin import read_barcode


@pytest.mark.parametrize(
    "text, gtin",
    [
        ("9319133338081", "09319133338081"),
        ("93 191333-38081", "09319133338081"),
        ("036000291452", "00036000291452"),
        ("36000291452", "00036000291452"),  # an integer that lost its zero
        ("96385074", "00000096385074"),
        ("10614141000415", "10614141000415"),
    ],
)
def test_gtin_is_padded_to_fourteen_digits(text: str, gtin: str) -> None:
    barcode = read_barcode(text)
    assert (barcode.gtin, barcode.in_store_code, barcode.note) == (gtin, None, None)


@pytest.mark.parametrize(
    "text", ["2000000000015", "0212345678909", "0400000000008", "2912345678906", "4011", "02345673"]
)
def test_in_store_codes_are_no_gtin(text: str) -> None:
    barcode = read_barcode(text)
    assert (barcode.gtin, barcode.in_store_code) == (None, text)


@pytest.mark.parametrize(
    "text, note",
    [
        ("9319133338082", "wrong check digit"),
        ("93191333380811234", "more than 14 digits"),
        ("ABC-123", "is no number"),
        ("٩٣١٩١٣٣٣٣٨٠٨١", "is no number"),
    ],
)
def test_a_wrong_barcode_is_left_out_with_a_note(text: str, note: str) -> None:
    barcode = read_barcode(text)
    assert (barcode.gtin, barcode.in_store_code) == (None, None)
    assert note in (barcode.note or "")


@pytest.mark.parametrize("text", [None, "", "0", "0000000000000"])
def test_no_barcode(text: str | None) -> None:
    assert read_barcode(text).note is None
    assert read_barcode(text).gtin is None
