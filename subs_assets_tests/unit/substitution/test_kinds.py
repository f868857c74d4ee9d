"""What a product is, by the head of its name and its shelf."""

import csv
import json
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from subs_assets.catalogue.text import fold
from subs_assets.database import frames, tables
from subs_assets.known_texts import KnownTexts
from subs_assets.substitution.kinds import (
    MAY_STAND_ON,
    build_product_kinds,
    class_of,
    kind_of,
    known_by_department,
    listing_kinds,
    shelf_of,
    unknown_heads,
)
from subs_assets_tests.small_shops import Shops, item, path, shops


def kind(name: str, *shelves: str) -> str | None:
    found = kind_of(fold(name), shelf_of([path(readable) for readable in shelves]), "")
    return found.name if found else None


def group(name: str, *shelves: str) -> str | None:
    found = kind_of(fold(name), shelf_of([path(readable) for readable in shelves]), "")
    return found.group if found else None


@pytest.mark.parametrize(
    ("name", "shelf", "expected"),
    [
        ("Strawberry Greek Yoghurt", "Dairy", "yoghurt"),
        ("Greek Yoghurt with Honey & Muesli", "Dairy", "yoghurt"),
        ("Tuna In Olive Oil", "Canned Food", "canned tuna"),
        ("Straight Cut Chips", "Freezer > Chips & Wedges", "hot chips"),
        ("Crinkle Cut Chips Sea Salt & Vinegar", "Pantry > Snacks", "crisps"),
        ("Sugar Free Chewing Gum", "Pantry", "chewing gum"),
        ("Cream Cleanser", "Cleaning & Household", "cleaner"),
        ("Thickened Cream", "Dairy", "cream"),
        ("Chicken & Rice", "Pets > Dogs & Puppy", "dog food"),
        ("Onions", "Fruit & Vegetables", "onions"),
        ("Onion Rings", "Freezer", "onion rings"),
        ("Doritos Nacho", "", "corn chips"),
        ("Excellence 70%", "Confectionary > Chocolate Blocks", "chocolate"),
        ("Banana Bread Mix", "Pantry > Baking", "cake mix"),
        ("Blueberry Muffins Mixed Pack", "Bakery", "cakes"),
        ("Vegetable Stock Powder", "Pantry", "vegetable stock"),
        ("I'm Free From Self Raising Flour", "Pantry", "flour"),
        ("Dressing from Modena Vinegar", "Pantry", "salad dressing"),
        ("Farmbake Cookies Chocolate Chip", "Snacks > Biscuits And Cookies", "sweet biscuits"),
        ("Rice Crackers Seaweed", "Pantry > Crackers & Crisp Breads", "crackers"),
        ("Simply Nuts Smooth Peanut Butter", "Pantry > Nut Spreads", "peanut butter"),
        ("High Protein Granola Honey Nut", "Pantry > Breakfast", "cereal"),
        ("Surprise", "Pantry", None),
        ("", "Pantry", None),
        ("Rum & Raisin", "Pantry > Chocolate Blocks", "chocolate"),
        ("Natural Almonds", "Pantry > Nuts", "almonds"),
        ("Pistachio Spread", "Pantry > Nuts", None),
        ("Banana Bread Mix", "Pantry", "cake mix"),
        ("Chicken Stock Cubes", "Pantry", "chicken stock"),
        ("Tiny Teddy Biscuits Choc Chip", "Pantry > Snacks", "sweet biscuits"),
        ("Spicy Ramyun Noodle Soup", "Pantry", "instant noodles"),
        ("Onion Soup", "Pantry", "soup"),
        ("Rice Crackers Cheddar Cheese", "Pantry", "crackers"),
        ("Smooth Peanut Butter", "Pantry", "peanut butter"),
        ("Bubblegum Pops", "Freezer > Ice Cream", "ice cream stick"),
        ("Spaghetti Regular", "Pantry > Baked Beans & Spaghetti", "canned spaghetti"),
        ("Erdbeerjoghurt", "Kühlwaren", "yoghurt"),
        ("Bio Vollmilch", "Kühlwaren", "milk"),
        ("Puten Extrawurst geschnitten", "Kühlwaren", "salami"),
        ("I'm Free From English Muffin", "Bakery", "english muffins"),
        ("Raw Prawn Cutlets", "Meat & Seafood", "prawns"),
        ("Pork Fillet", "Meat & Seafood", "steak"),
        ("Smoked Oysters in Oil", "Canned Food", "canned oysters"),
        ("Blueberry Muffin Mix", "Baking", "cake mix"),
        ("Flying Insect Spray Fast Knockdown", "Household", "pest control"),
        ("Protein Bar Chocolate", "Health & Beauty", "protein bar"),
        ("Crispy Skin On Fries", "Freezer", "hot chips"),
        ("Fruit & Oat Bars 12+ Months", "Baby > Baby Food", "baby snack"),
        ("Sheep Cheese Cured 6 Months", "Dairy", None),
        ("Chocolate Body Wash", "Health & Beauty", "body wash"),
    ],
)
def test_kind(name: str, shelf: str, expected: str | None) -> None:
    assert kind(name, *([shelf] if shelf else [])) == expected


PRODUCE, PANTRY, FREEZER, DAIRY, BABY = "Fruit & Vegetables", "Pantry", "Freezer", "Dairy", "Baby > Baby Food"


@pytest.mark.parametrize(
    ("product", "other"),
    [
        (("Limes", PRODUCE), ("Lime Vodka", "Liquor")),
        (("Onion Rings", FREEZER), ("Onion Rings", "Pantry > Potato Chips")),
        (("Rice Puffs", BABY), ("Rice Puffs Cereal", PANTRY)),
        (("Lemon Cordial", "Drinks"), ("Lemon Soft Drink", "Drinks")),
        (("Watermelon", PRODUCE), ("Watermelon Water", "Drinks")),
        (("Almond Rounds", "Biscuits And Cookies"), ("Crumpet Rounds", "Bakery")),
        (("Milk", DAIRY), ("Milk Chocolate", PANTRY)),
        (("Tomato Pasta Sauce", PANTRY), ("Pasta", PANTRY)),
        (("Peanut Butter", PANTRY), ("Butter", DAIRY)),
        (("Tomato Paste", PANTRY), ("Tomatoes", PRODUCE)),
        (("Coconut Milk", PANTRY), ("Coconut Water", "Drinks")),
        (("Coconut Milk", PANTRY), ("Milk", DAIRY)),
        (("Chicken Stock", PANTRY), ("Chicken Soup", PANTRY)),
        (("Beef Stroganoff Recipe Base", PANTRY), ("Beef Stroganoff", FREEZER)),
        (("Vanilla Ice Cream", FREEZER), ("Cream", DAIRY)),
        (("Chocolate Cake Mix", PANTRY), ("Chocolate Cake", "Bakery")),
        (("Strawberry Icy Poles", FREEZER), ("Strawberries", PRODUCE)),
        (("Honey Lip Balm", "Health & Beauty"), ("Honey", "Jam, Honey And Spreads")),
        (("Potatoes", PRODUCE), ("Apples", PRODUCE)),
        (("Dry Yeast", PANTRY), ("Baking Powder", PANTRY)),
        (("Vanilla Essence", PANTRY), ("Blue Food Colour", PANTRY)),
        (("Rice Paper", PANTRY), ("Rice Noodles", PANTRY)),
        (("AA Batteries", "Household"), ("AAA Batteries", "Household")),
        (("Size 2 Nappies", "Baby"), ("Size 4 Nappies", "Baby")),
        (("Oven Cleaner", "Household"), ("Glass Cleaner", "Household")),
        (("Rinse Aid", "Household"), ("Dishwasher Cleaner", "Household")),
        (("Shampoo", "Health & Beauty"), ("Dry Shampoo", "Health & Beauty")),
        (("Coconut Milk", PANTRY), ("Coconut Milk", "Dairy > Long Life Milk")),
        (("Salmon Tempters", "Canned Food"), ("Tuna Tempters", "Canned Food")),
        (("Liquid Real Stock Chicken", PANTRY), ("Stock Liquid Real Beef", PANTRY)),
        (("Lasagne Sheets", PANTRY), ("Beef Lasagne", "Ready To Eat Meals")),
        (("Pasta Salad", PRODUCE), ("Salad Leaf Mix", PRODUCE)),
    ],
)
def test_groups_that_never_replace_each_other(product: tuple[str, str], other: tuple[str, str]) -> None:
    assert group(*product) is not None and group(*other) is not None
    assert group(*product) != group(*other)


@pytest.mark.parametrize(
    ("product", "other"),
    [
        (("Spaghetti", PANTRY), ("Penne", PANTRY)),
        (("Tasty Cheese", DAIRY), ("Cheddar", DAIRY)),
        (("Thickened Cream", DAIRY), ("Pouring Cream", DAIRY)),
        (("White Bread", "Bakery"), ("Wholemeal Bread", "Bakery")),
        (("Oranges", PRODUCE), ("Mandarins", PRODUCE)),
        (("Size 4 Nappies", "Baby"), ("Size 4 Nappy Pants", "Baby")),
        (("Spinach", FREEZER), ("Baby Spinach", PRODUCE)),
        (("Full Cream Milk", DAIRY), ("Milk Full Cream", DAIRY)),
    ],
)
def test_groups_that_may_replace_each_other(product: tuple[str, str], other: tuple[str, str]) -> None:
    assert group(*product) == group(*other) is not None


@pytest.mark.parametrize(
    ("kind_name", "expected"),
    [("vodka", "alcohol"), ("pain relief", "medicine"), ("tobacco", "tobacco"), (None, None), ("no such kind", None)],
)
def test_class_of(kind_name: str | None, expected: str | None) -> None:
    assert class_of(kind_name) == expected


def kinds_of(shop: Shops) -> pd.DataFrame:
    frame = build_product_kinds(shop.products, shop.product_listings, shop.listings, shop.listing_categories)
    assert frame["product_id"].tolist() == shop.products["product_id"].tolist()
    return frames.conform(frame, tables.product_kinds).set_index("product_id")


def one_product(*names: str) -> list[pd.DataFrame]:
    """Tables in which each company calls the same product by another of these names."""
    shop = shops([item(company, "1", name, "Pantry") for company, name in zip("abc", names, strict=False)])
    of_one = shop.product_listings.assign(product_id=shop.products["product_id"].iloc[0])
    return [shop.products.head(1), of_one, shop.listings, shop.listing_categories]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("oat milk", "rolled oats", "porridge"), "oats", id="the majority"),
        pytest.param(("oat milk", "rolled oats"), "oat milk", id="a draw: the first"),
        pytest.param(("surprise", "rolled oats"), "oats", id="an unknown one does not count"),
        pytest.param(("surprise", "surprise"), None, id="unknown"),
    ],
)
def test_the_kind_of_several_listings(names: tuple[str, ...], expected: str | None) -> None:
    products, *rest = one_product(*names)
    for frames_of_rest in (rest, [frame.iloc[::-1] for frame in rest]):
        (found,) = frames.conform(build_product_kinds(products, *frames_of_rest), tables.product_kinds)["kind"]
        assert (found if isinstance(found, str) else None) == expected


@pytest.mark.parametrize(
    ("brand", "name", "expected"),
    [
        pytest.param("Vegemite", "Squeeze", "yeast spread", id="the name says nothing"),
        pytest.param("Soothers", "Blackcurrant Stick", "throat lozenges", id="the name's head is of unknown kind"),
        pytest.param("Cadbury", "Ice Cream", "ice cream", id="the name decides"),
        pytest.param(None, "Squeeze", None, id="without a brand"),
    ],
)
def test_a_brand_says_what_the_name_leaves_out(brand: str | None, name: str, expected: str | None) -> None:
    shop = shops([item("aldi", "1", name, "Pantry", brand=brand)])
    (found,) = listing_kinds(shop.listings, shop.listing_categories)["kind"]
    assert (found if isinstance(found, str) else None) == expected


def test_the_table_states_what_the_name_states() -> None:
    shop = shops([item("aldi", "1", "lamb mince with garlic", "Freezer")])
    row = kinds_of(shop).iloc[0]
    assert (row["kind"], row["ingredients"], row["flavours"]) == ("mince", '["lamb"]', '["garlic"]')
    assert json.loads(row["states"]) == ["frozen"]


def test_what_the_lexicon_lacks_is_counted() -> None:
    shop = shops([item("aldi", str(n), f"{word} gizmo", "Pantry") for n, word in enumerate("ab")])
    shop_kinds = kinds_of(shop).reset_index()
    assert unknown_heads(shop.products, shop_kinds).values.tolist() == [["gizmo", 2, "a gizmo"]]
    known = known_by_department(shop_kinds, shop.product_listings, shop.listing_categories)
    assert known.values.tolist() == [["pantry", 2, 0]]


def test_what_is_known_of_last_night_changes_nothing(tmp_path: Path) -> None:
    known = KnownTexts(tmp_path)
    for names in (["Lamb Mince", "Squeeze", "Sushi Rice"], ["Sushi Rice", "Greek Yoghurt"], ["Squeeze", "Squeeze"]):
        for shelf in ("Freezer", "Pantry"):
            shop = shops([item("aldi", str(n), name, shelf, brand="Vegemite") for n, name in enumerate(names)])
            described = (shop.products, shop.product_listings, shop.listings, shop.listing_categories)
            pd.testing.assert_frame_equal(build_product_kinds(*described, known), build_product_kinds(*described))


def test_without_products() -> None:
    assert kinds_of(shops([])).empty


def test_every_class_of_a_department_says_what_may_stand_there() -> None:
    text = files("subs_assets.substitution").joinpath("departments.csv").read_text(encoding="utf-8")
    assert {row["product_class"] for row in csv.DictReader(text.splitlines())} <= set(MAY_STAND_ON)


def test_every_phrase_of_the_lexicon_is_written_as_names_are_compared() -> None:
    text = files("subs_assets.substitution").joinpath("kinds.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    phrases = [phrase for row in rows for phrase in row["phrases"].split("|") if phrase != "*"]
    assert all(phrase and phrase == phrase.strip() for phrase in phrases)
    assert {row["language"] for row in rows if row["kind"]} <= {"en", "de"}
    assert all(row["group"] and row["class"] for row in rows if row["kind"])
    assert json.dumps(sorted({row["pull"] for row in rows})) == '["plain", "strong", "weak"]'
