import pytest

from subs_assets.catalogue.brand import (
    Branded,
    brand_key,
    display_form,
    is_legal_entity,
    resolve_brands,
    without_legal_form,
)


@pytest.mark.parametrize(
    "brand, shown",
    [
        ("CHEFS' CUPBOARD", "Chefs' Cupboard"),
        ("READY, SET…COOK!", "Ready, Set…Cook!"),
        ("BELMONT BISCUIT CO.", "Belmont Biscuit Co."),
        ("CHEESE OF THE DAY", "Cheese of the Day"),
        ("CSR", "CSR"),
        ("DJ & A", "DJ & A"),
        ("MCCALLUM", "McCallum"),
        ("KB's", "KB's"),
        ("dairy fine", "dairy fine"),
        ("100", "100"),
    ],
)
def test_display_form(brand: str, shown: str) -> None:
    assert display_form(brand) == shown


@pytest.mark.parametrize(
    "brand, key",
    [
        ("Nestlé", "nestle"),
        ("NESTLE", "nestle"),
        ("Arnott's", "arnotts"),
        ("Up & Go", "upgo"),
        ("Dr. Oetker", "droetker"),
        (None, None),
    ],
)
def test_brand_key(brand: str | None, key: str | None) -> None:
    assert brand_key(brand) == key


@pytest.mark.parametrize(
    "entity, rest",
    [
        ("R. Twining and Company Limited", "Twining"),
        ("Mondelez Australia Pty Limited", "Mondelez"),
        ("HJ Heinz Company Australia Limited", "Heinz"),
        ("Hoyt Food Manufacturing Industries Pty. Limited", "Hoyt"),
        ("Lee Kum Kee Co. Ltd", "Lee Kum Kee"),
        ("GENERAL MILLS IBERICA S.A.U", "GENERAL MILLS"),
        ("MAICAP UNIT TRUST", "MAICAP"),
        ("Kellogg (Aust) Pty Ltd", "Kellogg"),
        ("Red Bull GmbH", "Red Bull"),
        ("Luigi Lavazza SpA", "Luigi Lavazza"),
        ("MY MUSCLE CHEF PTY. LTD", "MY MUSCLE CHEF"),
        ("THE YOGHURT COMPANY PTY LTD", "THE YOGHURT COMPANY"),
    ],
)
def test_a_legal_entity_loses_what_is_legal_about_it(entity: str, rest: str) -> None:
    assert is_legal_entity(entity)
    assert without_legal_form(entity) == rest


@pytest.mark.parametrize(
    "brand", ["Belmont Biscuit Co.", "Community Co", "The Incredible Bakery", "Limitless", "Sage & Co"]
)
def test_a_brand_is_no_legal_entity(brand: str) -> None:
    assert not is_legal_entity(brand)


@pytest.mark.parametrize(
    "brand, reason",
    [
        ("Licensee name withheld for privacy reasons", "says that it is not told"),
        ("NEW", "is a filler"),
        ("N/A", "is a filler"),
        ("-", "is a filler"),
        ("舒适刀片(广州)有限公司", "is written in a script (CJK)"),
    ],
)
def test_a_brand_that_cannot_be_true_is_left_out(brand: str, reason: str) -> None:
    (found,) = resolve_brands([Branded("Washed Potatoes", brand)])
    assert found.display is None
    assert reason in (found.note or "")


def test_a_brand_in_the_script_of_the_names_stays() -> None:
    (found,) = resolve_brands([Branded("舒适 刀片", "舒适刀片")])
    assert found.display == "舒适刀片"


LEADING = [Branded(f"Saxa Salt {number}", "Saxa") for number in range(4)] + [Branded("SPC Peaches", "SPC")]
"""A company whose names start with their brand."""


def test_the_name_tells_the_brand_behind_a_legal_entity() -> None:
    owned = [
        Branded("Old El Paso Salsa Mild", "GENERAL MILLS IBERICA S.A.U"),
        Branded("Old El Paso Taco Kit", "GENERAL MILLS IBERICA S.A.U"),
        Branded("Betty Crocker Frosting", "GENERAL MILLS IBERICA S.A.U"),
        Branded("Betty Crocker Brownies", "GENERAL MILLS IBERICA S.A.U"),
        Branded("SPC Diced Tomatoes", "Riviana Foods Pty Ltd"),
        Branded("Riviana Arborio Rice", "Riviana Foods Pty Ltd"),
        Branded("Toblerone", "Mondelez Australia Pty Limited"),
    ]
    found = resolve_brands(LEADING + owned)[len(LEADING) :]
    assert [brand.display for brand in found] == [
        "Old El Paso", "Old El Paso", "Betty Crocker", "Betty Crocker", "SPC", "Riviana", None
    ]  # fmt: skip
    assert found[0].note == (
        'brand "GENERAL MILLS IBERICA S.A.U" is a legal entity; the name starts with "Old El Paso"'
    )


def test_a_brand_that_is_withheld_gives_way_to_the_start_of_the_name() -> None:
    withheld = [
        Branded(f"LINDT EXCELLENCE {kind}", "Licensee name withheld for privacy reasons")
        for kind in ("DARK", "MILK", "ORANGE")
    ]
    others = [Branded(f"SAXA EXCELLENCE SALT {number}", "Saxa") for number in range(4)]
    found = resolve_brands(LEADING + others + withheld)[-1]
    assert found.display == "Lindt"
    assert found.note == (
        'brand "Licensee name withheld for privacy reasons" is withheld; the name starts with "Lindt"'
    )


def test_a_product_word_is_no_part_of_a_shared_start() -> None:
    tuna = [Branded(f"Sirena Tuna {kind}", "Iconic Food Distribution Pty Ltd") for kind in ("Oil", "Chilli")]
    others = [Branded(f"{brand} Tuna", brand) for brand in ("Greenseas", "John West", "Safcol")]
    assert [brand.display for brand in resolve_brands(LEADING + others + tuna)[-2:]] == ["Sirena", "Sirena"]


def test_where_names_do_not_lead_the_entity_itself_is_the_brand() -> None:
    listings = [Branded("Tasty Cheese Block", "Bega Cheese Limited"), Branded("Peanut Butter", "Bega Cheese Limited")]
    listings += [Branded("Vegemite Cheese", "Kraft"), Branded("Soy Sauce", "Lee Kum Kee Co. Ltd")]
    assert [brand.display for brand in resolve_brands(listings)] == ["Bega", "Bega", "Kraft", "Lee Kum Kee"]


def test_an_entity_in_every_aisle_whose_names_never_say_it_is_no_brand() -> None:
    aisles = ["Pantry", "Drinks", "Snacks", "Freezer"]
    listings = [
        Branded(f"Thing {number}", "Mondelez Australia Pty Limited", aisles[number % 4]) for number in range(12)
    ]
    assert {brand.display for brand in resolve_brands(listings)} == {None}
    one_aisle = [Branded(item.name, item.brand, "Pantry") for item in listings]
    assert {brand.display for brand in resolve_brands(one_aisle)} == {"Mondelez"}
