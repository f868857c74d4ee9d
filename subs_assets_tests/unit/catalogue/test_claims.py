import pytest

from subs_assets.catalogue.claim_table import CLAIM_TABLE
from subs_assets.catalogue.claims import find_claims

VEGAN = {"vegan", "plant_based", "vegetarian"}
SUGAR_FREE = {"sugar_free", "no_added_sugar", "low_sugar"}
ALCOHOL_FREE = {"alcohol_free", "low_alcohol"}


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
        ("Vegan Cheese", VEGAN),
        ("Vegetarische Wurst", {"vegetarian"}),
        ("Halal Chicken", {"halal"}),
        ("Kosher Pickles", {"kosher"}),
        ('Cream Cheese Frischk.Natur"Koscher"', {"kosher"}),
        ("Chewing Gum Sugar Free", SUGAR_FREE),
        ("zuckerfrei", SUGAR_FREE),
        ("No Sugar Cola", SUGAR_FREE),
        ("Baked Beans No Added Sugar", {"no_added_sugar"}),
        ("Saft ohne Zuckerzusatz", {"no_added_sugar"}),
        ("Decaf Coffee", {"decaf"}),
        ("Kaffee entkoffeiniert", {"decaf"}),
        ("Caffeine Free Tea", {"decaf"}),
        ("Non Alcoholic Wine", ALCOHOL_FREE),
        ("Alkoholfreies Bier", ALCOHOL_FREE),
        ("Bier 0,0 %", ALCOHOL_FREE),
        ("Salt Reduced Stock", {"low_salt"}),
        ("Unsalted Butter", {"no_added_salt", "low_salt"}),
        ("Free Range Eggs", {"free_range"}),
        ("Bio-Maischips", {"organic"}),
        ("Organic Oats", {"organic"}),
        ("99% Fat Free Yoghurt", {"low_fat"}),
        ("Lactose Free Skim Milk", {"lactose_free", "low_fat"}),
        ("KM laktofrei Joghurt Vanille", {"lactose_free"}),
        ("Heumilch laktosefr. 3,6%", {"lactose_free"}),
        ("Minus L H-Milch 3,8%", {"lactose_free"}),
        ("Nöm- Mixlaktosefrei Vanille", {"lactose_free"}),
        ("Gluten- & Laktosefreies Knäckebrot", {"gluten_free", "lactose_free"}),
        ("PEANUT-FREE snack", {"peanut_free"}),
        ("Low FODMAP Sauce", {"low_fodmap"}),
        ("Exquisa 100% Vegan Kräuter", VEGAN),
        ("easyVEGAN Linsen-Burger", VEGAN),
        ("Plant-Based Cookies", {"plant_based", "vegetarian"}),
        ("Rama 100% pflanzlich", {"plant_based", "vegetarian"}),
        ("Meat Free Mince", {"vegetarian"}),
        ("Faschiertes ohne Fleisch", {"vegetarian"}),
        ("Classic Veggie Burger", {"vegetarian"}),
        ("Coke Zero", SUGAR_FREE),
        ("Coca Cola light", SUGAR_FREE),
        ("Diet Ginger Beer", SUGAR_FREE),
        ("Pepsi Max 2L", SUGAR_FREE),
        ("Cola 99.99% Sugar Free", SUGAR_FREE),
        ("Sirup 0% Zucker", SUGAR_FREE),
        ("Wrigley's Sugarfree Gum", SUGAR_FREE),
        ("97% Sugar Free Jelly", {"low_sugar"}),
        ("25% Less Sugar Malt", {"low_sugar"}),
        ("Leibniz Zoo -30% Zucker", {"low_sugar"}),
        ("Unsweetened Almond Milk", {"no_added_sugar"}),
        ("Chocolate Dark No Sugar Add", {"no_added_sugar"}),
        ("Knusperli 0% Zuckerzusatz Nuss", {"no_added_sugar"}),
        ("Milchreis Zero Zimt", {"no_added_sugar"}),
        ("Espresso Decaffeinato", {"decaf"}),
        ("Decaffi Coffee Capsules", {"decaf"}),
        ("Coke Zero Zuk Zero Koff.", SUGAR_FREE | {"decaf"}),
        ("Villacher Alk.Frei", ALCOHOL_FREE),
        ("Schlossgold Alkfr. Bier", ALCOHOL_FREE),
        ("Zipfer Hell alkoholfrei330ml", ALCOHOL_FREE),
        ("Zero Bottle 330ml | Carlton", ALCOHOL_FREE),
        ("Heineken 0.0", ALCOHOL_FREE),
        ("Light Beer 12x330ml", {"low_alcohol"}),
        ("Ultra Low Alcohol 750ml", {"low_alcohol"}),
        ("m.österr.Freilandeiern", {"free_range"}),
        ("Light Tasty Shredded Cheese", {"low_fat"}),
        ("Leichte Muh Frühstücksmilch 0,7% Fett", {"low_fat"}),
        ("Grain Free Flakes", {"grain_free"}),
        ("Slipeinlagen ohne Duft", {"fragrance_free"}),
        ("Mandelmus", set()),
    ],
)
def test_claims_in_words(text: str, claims: set[str]) -> None:
    assert find_claims(text) == claims


@pytest.mark.parametrize(
    "text",
    [
        "not gluten free bread",
        "not suitable for vegans",
        "may contain traces of gluten",
        "nicht vegan",
        "Kosher Salt Flakes",
        "Free Country Angus Beef",
        "Cage Free Eggs",
        "Light Soy Sauce",
        "Light Rye Bread",
        "Light Tasting Olive Oil",
        "Light Bulbs",
        "Lightly Salted Chips",
        "Cream Cleanser",
        "Dietary Supplement",
        "Frosch ZERO% Sensitiv",
        "Pf Shiraz | Hero of Zero",
        "Make-up Zero To Brow",
        "Nutmeg Ground",
        "Cinnamon Donuts",
        "Vegetable Chips",
        "Chicken & Veggie Feast",
        "Milch fr.Vollmilch 3,5%",
        "Erdnüsse ohne Fett geröstet",
        "Freilandgurken",
        "Zuckermais",
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
    assert find_claims("Vegan gluten free dairy free unsalted sugar free halal puppy food 6+ months") <= set(
        CLAIM_TABLE
    )


@pytest.mark.parametrize("text", ["VEGAN GLUTEN-FREE CAKE", "vegan gluten free cake", "Gluten  Free Vegan Cake"])
def test_capital_letters_hyphens_and_spaces_change_nothing(text: str) -> None:
    assert find_claims(text) == {"gluten_free", *VEGAN}
