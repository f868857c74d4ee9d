import time

import pytest

from subs_assets.catalogue.measures import fold_size_text
from subs_assets.catalogue.size import Size, StatedUnitPrice, parse_unit_price, read_size, strip_sizes, unit_price


@pytest.mark.parametrize(
    "size_text, name, quantity, unit, pack_count",
    [
        ("6 x 330 ml", "Lager", 330, "ml", 6),
        ("375ML X 24 PACK", "Lager", 375, "ml", 24),
        ("240g Each", "Dip", 240, "g", 1),
        ("240g EachUnit", "Dip", 240, "g", 1),
        ("500 Gram", "Rice", 500, "g", 1),
        ("12 Rolls", "Tissue", 12, "each", 1),
        ("1,000 g", "Flour", 1000, "g", 1),
        ("1.000 g", "Mehl", 1000, "g", 1),
        ("0.5 kg", "Flour", 500, "g", 1),
        ("0,125 l", "Obers", 125, "ml", 1),
        ("1,250 kg", "Reis", 1250, "g", 1),
        ("1,5 l", "Saft", 1500, "ml", 1),
        ("1 Each", "Papaya", 1, "each", 1),
        ("Each", "Papaya", 1, "each", 1),
        ("1 Bunch", "Coriander", 1, "each", 1),
        ("4 pack", "Mango", 4, "each", 1),
        ("2er Pack", "Schwamm", 2, "each", 1),
        ("500 g Packung", "Nudeln", 500, "g", 1),
        ("10 Stk", "Eier", 10, "each", 1),
        ("33 cl", "Bier", 330, "ml", 1),
        ("2 dl", "Rahm", 200, "ml", 1),
        ("25 dag", "Wurst", 250, "g", 1),
        ("500 mg", "Saffron", 0.5, "g", 1),
        ("8 oz", "Cheese", 226.796185, "g", 1),
        ("2 lb", "Sugar", 907.18474, "g", 1),
        ("8 fl oz", "Sauce", 236.588236, "ml", 1),
        ("30 m", "Cling Wrap 30m", 30, "m", 1),
        ("150m x 30cm", "Foil", 150, "m", 1),
        ("2 m²", "Teppich", 2, "m2", 1),
        ("1 100ml", "Shampoo", 100, "ml", 1),
        # only the name tells
        (None, "Traditional Dry Gin 700ml", 700, "ml", 1),
        ("1 Each", "Gin 700ml", 700, "ml", 1),
        (None, "Extra Beer 12x355ml", 355, "ml", 12),
        (None, "Sparkling 4 x 6 x 330ml", 330, "ml", 24),
        (None, "Jim Beam & Cola 10 Pack 375ml", 375, "ml", 10),
        (None, "7 Up 1.25L", 1250, "ml", 1),
        (None, "A2 Milk 2L", 2000, "ml", 1),
        (None, "Vitamin C 1000mg 60 Tablets", 60, "each", 1),
        (None, "Battery AA 24's", 24, "each", 1),
        (None, "Dairy Yoghurt Berry100g", 100, "g", 1),
        (None, "Protein Bar 20g Protein 60g", 60, "g", 1),
        ("1 Each", "Pack of 6 Rolls", 6, "each", 1),
        # name and size field together
        ("6 L", "Lightly Sparkling Spring Water 12x500ml", 500, "ml", 12),
        ("4 each", "Sliced Brioche Buns 4 Pack 200g", 50, "g", 4),
        ("4 pack", "Kombucha 4x250mL", 250, "ml", 4),
        ("4 Pack", "Milk Beverage 145mlx4 Pack", 145, "ml", 4),
        ("195 g", "Multipack Hommus Dip 3 Pack 65g", 65, "g", 3),
        ("475 ml", "Vanilla Cones 4 Pack 475ml", 118.75, "ml", 4),
        ("2.64 L", "Sparkling Water 8 Pack 330ml", 330, "ml", 8),
        ("12 Pack", "Classic Yoghurt 12 X100g", 100, "g", 12),
        ("10 Pack", "& Cola Can 375ml 10 Pack", 375, "ml", 10),
        ("24 Pack", "& Cola 101 Can 375ml", 375, "ml", 24),
        ("85 g", "Katzenfutter 24x85g", 85, "g", 24),
        ("1,440 sheets", "Toilet Tissue Double Length 3 Ply 4 Pack", 360, "each", 4),
        ("20 stk", "Gefrierbeutel 1l 20 Stück", 20, "each", 1),
        ("42 stk", "Windeln Gr. 4 maxi (8-14 kg), 42 St", 42, "each", 1),
        ("22 stk", "Premium Protection Gr. 5 Windeln", 22, "each", 1),
    ],
)
def test_read_size(size_text: str | None, name: str, quantity: float, unit: str, pack_count: int) -> None:
    size = read_size(size_text, name)
    assert size is not None
    assert (size.quantity, size.unit, size.pack_count) == (pytest.approx(quantity), unit, pack_count)
    assert size.total == pytest.approx(quantity * pack_count, abs=0.001)


@pytest.mark.parametrize(
    "name",
    ["3-in-1 Shampoo", "7 Up", "Vitamin B12 5000mcg", "90% Cocoa", "Shiraz 2023 Vintage", "Frypan 28cm", "Zinc 25 mg"],
)
def test_numbers_that_are_no_sizes(name: str) -> None:
    assert read_size(None, name) is None


@pytest.mark.parametrize(
    "text", ["1" * 1000, "1" + " " * 998, "1x" * 500, "1.1," * 250, "1-" * 500, "1 x " * 250, "1pack " * 160]
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    started = time.process_time()  # what else the machine does is not counted
    read_size(text, text, 1.0, text)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "size_text, name, stated",
    [
        (None, f"Oats {'9' * 400} stück", None),
        (None, f"Oats {'9' * 400} pack 2 for 1", None),
        ("3 pack", f"Oats {'9' * 400}.{'9' * 400} stück {'9' * 400} sheets", None),
        ("", "Oats 1 pk", f"$1/{'9' * 400}er pack"),
        ("", "Oats 1 pk", f"$1/{'9' * 400}/{'9' * 400} pieces"),
        ("1 pk", "Oats", f"$0.{'0' * 400}1/each"),
        (f"{'9' * 400} kg each", f"{'9' * 400} x {'9' * 400} g", f"${'9' * 400}/{'9' * 400}g"),
    ],
)
def test_a_number_of_400_digits_is_no_size_and_ends_nothing(
    size_text: str | None, name: str, stated: str | None
) -> None:
    assert (read_size(size_text, name, 4999.0, stated) or Size(1.0, "each")).total <= 10


@pytest.mark.parametrize("size_text", ["99999999 kg", "0 g", "1 Abtr.G.", "-3 g", "g", ""])
def test_a_size_that_cannot_be_is_unknown(size_text: str) -> None:
    assert read_size(size_text, "Something") is None


@pytest.mark.parametrize(
    "size_text, grams, by_weight",
    [
        ("1.5kg Avg.", 1500, False),
        ("approx. 250g", 250, False),
        ("approx.100g", 100, False),
        ("approx .150g", 150, False),
        ("400-500g", 450, False),
        ("PERKG", 1000, True),
        ("per kg", 1000, True),
        ("approx. 1.8 ea per package", 1800, True),
    ],
)
def test_approximate_sizes(size_text: str, grams: float, by_weight: bool) -> None:
    size = read_size(size_text, "Beef")
    assert size is not None
    assert (size.total, size.unit, size.approximate, size.by_weight) == (grams, "g", True, by_weight)


@pytest.mark.parametrize(
    "size_text, name, total, note",
    [
        ("270 g", "Biscuits 250g", 270, "the name says 250 g, the size field 270 g; the size field was taken"),
        ("6 pack", "Cola 4 x 250ml", 1000, "the name says 4 x 250 ml, the size field counts 6; the name was taken"),
        ("8 g", "Vanillezucker 3 x 8g", 24, "the name says 3 x 8 g, the size field 8 g; the name was taken"),
        ("55 each", "Tabs 57 Stück", 55, "the name counts 57, the size field 55; the size field was taken"),
    ],
)
def test_sizes_that_contradict_each_other_are_kept_with_a_note(
    size_text: str, name: str, total: float, note: str
) -> None:
    size = read_size(size_text, name)
    assert size is not None
    assert size.total == total
    assert size.notes == (note,)


@pytest.mark.parametrize(
    "size_text, name, price, stated, expected",
    [
        ("Each", "Muesli Bars", 7.5, "$0.94 each", (8, "each", 1)),
        ("Each", "Kiwifruit", 1.7, "$1.70 each", (1, "each", 1)),
        ("4 Pack", "Muffins", 4.5, "$1.07 per 100g", (105.25, "g", 4)),
        ("425g", "Baked Beans 3 Pack", 3.6, "$0.28 per 100g", (425, "g", 3)),
        ("144g", "Chocolate 12x144g", 4.0, "$2.78 per 100g", (12, "g", 12)),
        ("2.4g", "Bread Mix", 10.9, "$4.54 per 1kg", (2400, "g", 1)),
        ("168 g", "Stock Powder", 2.99, "$1.78 per 10 g", (168, "g", 1)),
    ],
)
def test_a_stated_unit_price_decides_between_readings(
    size_text: str, name: str, price: float, stated: str, expected: tuple[float, str, int]
) -> None:
    size = read_size(size_text, name, price, stated)
    assert size is not None
    assert (size.quantity, size.unit, size.pack_count) == expected


def test_a_price_that_is_the_stated_price_of_a_kilogram_is_one() -> None:
    size = read_size("180g EachUnit", "Bananas", 4.5, "$4.50/kg")
    assert size is not None
    assert (size.total, size.by_weight, size.approximate) == (180, True, True)
    assert unit_price(4.5, size) == 4.5


@pytest.mark.parametrize(
    "text, expected",
    [
        ("$22.00 per 1 kg", StatedUnitPrice(22.0, 1000.0, "g")),
        ("$2.18/100g", StatedUnitPrice(2.18, 100.0, "g")),
        ("$0.94 each", StatedUnitPrice(0.94, 1.0, "each")),
        ("$1,320.00 per 1L", StatedUnitPrice(1320.0, 1000.0, "ml")),
        ("1,99 € / 100 ml", StatedUnitPrice(1.99, 100.0, "ml")),
        ("soon", None),
        (None, None),
    ],
)
def test_parse_unit_price(text: str | None, expected: StatedUnitPrice | None) -> None:
    assert parse_unit_price(text) == expected


@pytest.mark.parametrize(
    "price, size_text, expected",
    [
        (3.0, "500 g", 6.0),
        (3.0, "6 x 500 ml", 1.0),
        (3.0, "30 m", 0.1),
        (3.0, "4 pack", 0.75),
        (None, "500 g", None),
        (3.0, "", None),
    ],
)
def test_unit_price(price: float | None, size_text: str, expected: float | None) -> None:
    assert unit_price(price, read_size(size_text, "Thing")) == expected


@pytest.mark.parametrize(
    "name, rest",
    [
        ("Oats 500g", "Oats"),
        ("Cola 6 x 330 ml Cans", "Cola Cans"),
        ("Omega 3 90 Kapseln", "Omega 3"),
        ("7 Up 1.25L", "7 Up"),
    ],
)
def test_strip_sizes(name: str, rest: str) -> None:
    assert " ".join(strip_sizes(name).split()) == rest


@pytest.mark.parametrize("text", ["ΛΑΔΙΣ 5 KG", "İZMİR 6 × 330 ML", "Größe’s\u00a01 L"])
def test_every_character_keeps_its_place_when_a_size_text_is_folded(text: str) -> None:
    folded = fold_size_text(text)
    assert len(folded) == len(text)
    assert folded == "".join(fold_size_text(character) for character in text)
