"""Claims by word and by shelf, departments by the words of a path."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.substitution.departments import department_of
from subs_assets.substitution.kinds import build_product_kinds
from subs_assets.substitution.product_claims import build_product_claims, path_claims, pet_claims
from subs_assets_tests.small_shops import Shops, item, path, shops

GTIN = "09300601001231"


@pytest.mark.parametrize(
    ("readable", "claims"),
    [
        ("Gluten Free > Biscuits", {"gluten_free"}),
        ("Dietary > Vegan & Vegetarian", {"vegetarian"}),
        ("Vegetarian or Vegan", {"vegetarian"}),
        ("Vegan", {"vegan", "plant_based", "vegetarian"}),
        ("Dairy & Lactose Free", {"lactose_free"}),
        ("Halal and Kosher", set()),
        ("Free From", set()),
        ("Pantry > Muesli", set()),
        ("Meat > Free Range Chicken", {"free_range"}),
        ("Gluten Free > Vegan", {"gluten_free", "vegan", "plant_based", "vegetarian"}),
        ("", set()),
    ],
)
def test_path_claims(readable: str, claims: set[str]) -> None:
    assert path_claims(path(readable)) == claims


@pytest.mark.parametrize(
    ("readable", "department", "product_class"),
    [
        ("Pantry > Muesli", "pantry", "food"),
        ("Grocery > Meat, Seafood And Deli > Sausages", "meat_seafood", "food"),
        ("Pet > Meat", "pet", "pet"),
        ("Baby > Baby Food", "baby", "baby"),
        ("Liquor > Beer", "alcohol", "alcohol"),
        ("Drinks > Ginger Beer", "drinks", "food"),
        ("Cleaning & Household", "household", "household"),
        ("Health & Beauty > Tea Tree Oil", "health_beauty", "personal_care"),
        ("Getränke", "drinks", "food"),
        ("HAUSTIER > Katzen", "pet", "pet"),
        ("Catering", None, None),  # "cat" is a word, not a part of one
        ("Half Price", None, None),
        ("", None, None),
    ],
)
def test_department_of(readable: str, department: str | None, product_class: str | None) -> None:
    assert department_of(path(readable)) == (department, product_class)


def claims_of(shop: Shops) -> pd.DataFrame:
    described = shop.products, shop.product_listings, shop.listings, shop.listing_categories
    frame = build_product_claims(*described, build_product_kinds(*described))
    assert frame["product_id"].tolist() == shop.products["product_id"].tolist()
    return frames.conform(frame, tables.product_claims).set_index("product_id")


def test_words_and_shelves_of_every_listing_make_the_claims_of_a_product() -> None:
    shop = shops(
        [
            item("aldi", "1", "oat biscuits", "Bakery", gtin=GTIN, claims={"vegan"}),
            item("coles", "1", "oat biscuits", "Gluten Free", gtin=GTIN),
            item("coles", "2", "rye bread", "Bakery"),
        ]
    )
    shared = shop.product_id("aldi", "1")
    assert shared == shop.product_id("coles", "1")
    claims = claims_of(shop)["claims"].map(json.loads)
    assert claims[shared] == ["gluten_free", "vegan"]
    assert claims[shop.product_id("coles", "2")] == []


@pytest.mark.parametrize(
    ("name", "shelf", "claims"),
    [
        ("Chicken in Gravy", "Pets > Cat & Kitten", {"for_cats"}),
        ("Junior Chicken", "Pets > Cat & Kitten", {"for_cats", "for_kittens"}),
        ("Puppy Beef", "Pets > Cat & Kitten", {"for_dogs", "for_puppies"}),  # words before shelves
        ("Ocean Fish", "Pets > Dogs & Puppy", {"for_dogs"}),
        ("Seed Bell", "Pets > Birds", {"for_birds"}),
        ("Flakes", "Pets > Fish", {"for_fish"}),
        ("Lucerne Hay", "Pets > Small Pets", {"for_small_pets"}),
        ("Huhn", "Haustier > Katzen", {"for_cats"}),
        ("Brush", "Pets > Accessories", set()),
        ("Brush", "Pets > Cats & Dogs", set()),
    ],
)
def test_the_animal_is_in_the_words_or_else_on_the_shelf(name: str, shelf: str, claims: set[str]) -> None:
    assert pet_claims([name], [path(shelf)]) == claims


def test_only_what_stands_among_pets_is_for_the_animal_of_its_shelf() -> None:
    shop = shops([item("aldi", "1", "chunks", "Pets > Dogs & Puppy"), item("aldi", "2", "frankfurts", "Pantry > Dogs")])
    claims = claims_of(shop)["claims"].map(json.loads)
    assert claims[shop.product_id("aldi", "1")] == ["for_dogs"]
    assert claims[shop.product_id("aldi", "2")] == []


def test_a_pet_product_that_stands_nowhere_is_for_the_animal_of_its_words() -> None:
    shop = shops([item("aldi", "1", "dog food", "Pets"), item("aldi", "2", "cat litter", "Pets > Cats")])
    first = shop.listing_categories["sku"] == "1"
    for standing in (shop.listing_categories[~first], shop.listing_categories.iloc[:0]):
        claims = claims_of(replace(shop, listing_categories=standing))
        assert json.loads(claims.loc[shop.product_id("aldi", "1"), "claims"]) == ["for_dogs"]


def test_the_department_is_the_one_named_most_often() -> None:
    shop = shops(
        [
            item("aldi", "1", "cat biscuits", "Pet Care", "Bakery", "Cat Food"),
            item("aldi", "2", "oat cakes", "Pantry", "Bakery"),  # a draw: by name
            item("aldi", "3", "surprise", "Half Price"),
            item("aldi", "5", "gift card", "Half Price"),
            item("aldi", "4", "lemonade", "Half Price", "Drinks"),
        ]
    )
    claims = claims_of(shop)
    departments = {sku: claims.loc[shop.product_id("aldi", sku), "department"] for sku in "124"}
    assert departments == {"1": "pet", "2": "bakery", "4": "drinks"}
    assert claims.loc[shop.product_id("aldi", "3"), ["department", "product_class"]].isna().all()
    by_kind = claims.loc[shop.product_id("aldi", "5")]
    assert (by_kind.isna()["department"], by_kind["product_class"]) == (True, "household")


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_the_rows_changes_nothing(seed: int) -> None:
    shop = shops([item("aldi", str(n), f"thing {n}", "Pantry", "Bakery", claims={"vegan"}) for n in range(9)])
    mixed = build_product_claims(
        shop.products,
        shop.product_listings.sample(frac=1, random_state=seed),
        shop.listings.sample(frac=1, random_state=seed),
        shop.listing_categories.sample(frac=1, random_state=seed),
        build_product_kinds(shop.products, shop.product_listings, shop.listings, shop.listing_categories),
    )
    pd.testing.assert_frame_equal(frames.conform(mixed, tables.product_claims).set_index("product_id"), claims_of(shop))


@pytest.mark.parametrize("items", [[], [item("aldi", "1", "oats")]], ids=["no product", "no category"])
def test_little_or_nothing(items: list[dict[str, object]]) -> None:
    assert claims_of(shops(items))["claims"].tolist() == ["[]"] * len(items)
