"""Who eats: ages, stages of formula, animals and their life stages; and words that only look like these."""

import pytest

from subs_assets.catalogue.claims import find_claims


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Apple & Oatmeal 6+ Months Baby Food 120g", {"from_6_months"}),
        ("Rice Puffs 8+ months", {"from_8_months"}),
        ("Porridge from 10 months", {"from_10_months"}),
        ("dmBio Porridge 10M+, 190 g", {"from_10_months"}),
        ("Schnabelbecher 9 Monate+", {"from_9_months"}),
        ("Trinkbecher +6 Monate", {"from_6_months"}),
        ("Schnuller 6-16 Monate sortiert", {"from_6_months"}),
        ("Schnuller 16+ Monate", {"from_18_months"}),
        ("Folgemilch 2 nach dem 6. Monat", {"from_6_months", "formula_2"}),
        ("Menüs ab dem 5. Monat Kürbis", {"from_4_months"}),
        ("Babygläschen (ab 8. Mon.)", {"from_7_months"}),
        ("Sauger ab 6 Monaten", {"from_6_months"}),
        ("Kekse Kinder ab 3 Jahren", {"from_36_months"}),
        ("Night Pants 4-7 Years", {"from_48_months"}),
        ("Toddler Snack Bar", {"from_12_months"}),
        ("Anfangsmilch PRE von Geburt an, 800 g", {"from_0_months", "formula_pre"}),
        ("Töpfer Lactana Bio Folgemilch 3, 600 g", {"formula_3", "organic"}),
        ("Milumil 1 Anfangsmilch", {"formula_1"}),
        ("Kindermilch 1+", {"formula_toddler", "from_12_months"}),
        ("Infant Formula Stage 1 900g", {"formula_1"}),
        ("Follow-On Formula 900g", {"formula_2"}),
        ("Gold Formula Stage 3 Toddler", {"formula_toddler", "from_12_months"}),
        ("Junior Formula Stage 4", {"formula_junior"}),
        ("Adult Dry Cat Food 1kg", {"for_cats", "for_grown_animals"}),
        ("Puppy Dog Food 100g", {"for_dogs", "for_puppies"}),
        ("Kangaroo Chunks for Cats", {"for_cats"}),
        ("Whiskas 7+ Jahre mit Huhn", {"for_cats", "for_old_animals"}),
        ("Felix Junior Katzenfutter", {"for_cats", "for_kittens"}),
        ("Wow Hundefutter Senior Ente", {"for_dogs", "for_old_animals"}),
        ("Ocean Fish Treats for Dogs", {"for_dogs"}),
        ("Wild Bird Seeds 2kg", {"for_birds"}),
        ("Fish Food Flakes 36g", {"for_fish"}),
        ("Rabbit & Guinea Pig Food 2kg", {"for_small_pets"}),
        ("Hauptfutter für Zwergkaninchen", {"for_small_pets"}),
        ("Pferdeleckerli Apfel", {"for_horses"}),
    ],
)
def test_who_eats(text: str, claims: set[str]) -> None:
    assert find_claims(text) == claims


@pytest.mark.parametrize(
    "text",
    [
        "Parmigiano Reggiano 24 Months",
        "Irish 24 Month Aged Cheddar",
        "Bergkäse 6 Monate gereift",
        "Whisky 12 Years",
        "Sonnencreme LSF 50+",
        "Baby Spinach 120g",
        "Baby Wipes",
        "Physicians Formula Powder Stage",
        "Hot Dog Rolls 6",
        "Smart Dog Shiraz",
        "Catrice Nagellack Cat Eye",
        "The Bare Bird Chicken",
        "Smoked Fish",
        "Rabbit Legs",
        "Horseradish Cream",
        "Hundreds And Thousands",
        "Katzenzungen Schokolade",
        "Puppy House Lollies",
        "High Strength Adult Vita Gummies",
        "Stages Power Zahnbürste",
    ],
)
def test_words_that_only_look_like_an_eater(text: str) -> None:
    assert find_claims(text) == frozenset()
