"""A listing is covered by its own shelf's mapping only; departments are a company's own."""

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.equivalence.coverage import departments, mapping_coverage, pair_coverage, standing_listings
from subs_assets_tests.small_shops import equivalences, item, path, shops

SHOP = shops(
    [
        item("aldi", "1", "Muesli", "Pantry > Muesli"),
        item("aldi", "2", "Oats", "Pantry > Muesli", "Baking > Oats"),
        item("aldi", "3", "Salt", "Pantry > Salt"),
        item("aldi", "4", "Mystery"),
        item("iga", "1", "Muesli", "Grocery > Breakfast > Muesli"),
    ]
)
FACETS = pd.DataFrame(
    [("iga", path("Grocery"), "universal_root"), ("iga", path("Vegan"), "dietary")],
    columns=["company_slug", "path", "kind"],
)


def shelves() -> pd.DataFrame:
    own = SHOP.listing_categories.query("path != '[]'")[["company_slug", "sku", "path"]]
    return frames.conform(own.assign(origin="own", weight=1.0), tables.listing_shelves)


STANDING = standing_listings(SHOP.listings, shelves(), FACETS)


@pytest.mark.parametrize(
    "company, category, department",
    [
        ("aldi", "Pantry > Muesli", "Pantry"),
        ("aldi", "Grocery > Breakfast", "Grocery"),
        ("iga", "Grocery > Breakfast > Muesli", "Breakfast"),
        ("iga", "Grocery", "Grocery"),
        ("iga", "Vegan > Tofu", "Vegan"),
        ("iga", "", "(no category)"),
    ],
)
def test_the_department_is_the_first_name_that_is_not_a_root_over_everything(
    company: str, category: str, department: str
) -> None:
    asked = pd.DataFrame([(company, path(category))], columns=["company_slug", "path"])
    assert departments(asked, FACETS).tolist() == [department]


def test_every_listing_stands_somewhere() -> None:
    aldi = STANDING[STANDING["company_slug"] == "aldi"]
    assert list(aldi[["sku", "department"]].itertuples(index=False, name=None)) == [
        ("1", "Pantry"),
        ("2", "Baking"),
        ("2", "Pantry"),
        ("3", "Pantry"),
        ("4", "(no category)"),
    ]


def counts(frame: pd.DataFrame) -> list[tuple]:
    return list(frame.itertuples(index=False, name=None))


def test_only_an_accepted_mapping_of_the_shelf_itself_covers() -> None:
    mappings = equivalences(
        ("aldi", "Pantry", "iga", "Grocery > Breakfast", "broad"),
        ("aldi", "Pantry > Salt", "iga", "Grocery > Breakfast", "related", "proposed"),
        ("aldi", "Pantry > Muesli", "iga", "Grocery > Breakfast > Muesli", "exact"),
    )
    assert counts(mapping_coverage(STANDING, mappings)) == [
        ("aldi", "iga", "(no category)", 1, 0, 0.0),
        ("aldi", "iga", "Baking", 1, 0, 0.0),
        ("aldi", "iga", "Pantry", 3, 2, 2 / 3),
        ("iga", "aldi", "Breakfast", 1, 0, 0.0),
    ]
    assert counts(pair_coverage(STANDING, mappings)) == [("aldi", "iga", 4, 2, 0.5), ("iga", "aldi", 1, 0, 0.0)]


def test_a_listing_on_two_mapped_shelves_counts_once() -> None:
    mappings = equivalences(
        ("aldi", "Pantry > Muesli", "iga", "Grocery > Breakfast > Muesli", "exact"),
        ("aldi", "Baking > Oats", "iga", "Grocery > Breakfast > Muesli", "broad"),
        ("aldi", "Baking > Oats", "iga", "Grocery > Breakfast", "broad"),
    )
    assert counts(pair_coverage(STANDING, mappings).head(1)) == [("aldi", "iga", 4, 2, 0.5)]


def test_one_company_or_none_has_no_pair() -> None:
    columns = ["company_slug", "target_company_slug", "department", "listings", "mapped", "share"]
    for standing in (STANDING[STANDING["company_slug"] == "iga"], STANDING.head(0)):
        assert list(mapping_coverage(standing, equivalences()).columns) == columns
        assert mapping_coverage(standing, equivalences()).empty and pair_coverage(standing, equivalences()).empty
