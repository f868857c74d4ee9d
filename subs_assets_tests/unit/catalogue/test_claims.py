import pytest

from subs_assets.catalogue.claims import CLAIMS, find_claims


@pytest.mark.parametrize(
    "text, claims",
    [
        ("Dairy & Gluten Free Green Olive Dip", {"dairy_free", "lactose_free", "gluten_free"}),
        ("Gluten, Dairy & Egg Free Cake", {"dairy_free", "lactose_free", "gluten_free", "egg_free"}),
        ("Gluten Free Dairy Free Cake", {"dairy_free", "lactose_free", "gluten_free"}),
        ("Free From Gluten Pasta", {"gluten_free"}),
        ("Gluten-Free", {"gluten_free"}),
        ("glutenfreie Nudeln", {"gluten_free"}),
        ("Brot ohne Gluten", {"gluten_free"}),
        ("Laktosefreie Milch", {"lactose_free"}),
        ("Nut Free Muesli", {"nut_free"}),
        ("Soy Free Spread", {"soy_free"}),
        ("Wheat Free Oats", {"wheat_free"}),
        ("Vegan Cheese", {"vegan", "vegetarian"}),
        ("Vegetarische Wurst", {"vegetarian"}),
        ("Halal Chicken", {"halal"}),
        ("Kosher Salt", {"kosher"}),
        ("Chewing Gum Sugar Free", {"sugar_free", "no_added_sugar"}),
        ("zuckerfrei", {"sugar_free", "no_added_sugar"}),
        ("No Sugar Cola", {"sugar_free", "no_added_sugar"}),
        ("Baked Beans No Added Sugar", {"no_added_sugar"}),
        ("Saft ohne Zuckerzusatz", {"no_added_sugar"}),
        ("Decaf Coffee", {"decaf"}),
        ("Kaffee entkoffeiniert", {"decaf"}),
        ("Caffeine Free Tea", {"decaf"}),
        ("Non Alcoholic Wine", {"alcohol_free"}),
        ("Alkoholfreies Bier", {"alcohol_free"}),
        ("Bier 0,0 %", {"alcohol_free"}),
        ("Salt Reduced Stock", {"low_salt"}),
        ("Unsalted Butter", {"no_added_salt", "low_salt"}),
        ("Free Range Eggs", {"free_range"}),
        ("Bio-Maischips", {"organic"}),
        ("Organic Oats", {"organic"}),
        ("99% Fat Free Yoghurt", {"low_fat"}),
        ("Lactose Free Skim Milk", {"lactose_free", "low_fat"}),
    ],
)
def test_claims_in_words(text: str, claims: set[str]) -> None:
    assert find_claims(text) == claims


@pytest.mark.parametrize(
    "text",
    [
        "not gluten free bread",
        "not suitable for vegans",
        "97% Sugar Free Jelly",
        "Low Gluten Beer",
        "Bio Oil 60ml",
        "Probiotic Drink",
        "Coconut Free",
        "Preservative Free",
        "free gift inside",
        "Nothing But Nuts",
        "Lindor Milk Chocolate",
    ],
)
def test_words_that_only_look_like_claims(text: str) -> None:
    assert find_claims(text) == frozenset()


def test_a_free_range_egg_is_not_free_from_egg() -> None:
    assert find_claims("12 Eggs Free Range") == {"free_range"}


def test_every_claim_that_is_found_is_listed() -> None:
    found = find_claims("Vegan gluten free dairy free unsalted sugar free halal")
    assert found <= set(CLAIMS)
