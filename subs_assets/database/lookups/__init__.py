"""The questions that people ask of the published tables, as SQL; nothing here writes or knows a command line.

A module for each subject, and all their questions by one name: ``lookups.find_products``.
"""

from subs_assets.database.lookups.coverage import coverage
from subs_assets.database.lookups.judging import equivalences_to_judge, substitutions_to_judge
from subs_assets.database.lookups.mappings import (
    ANSWERS,
    absences,
    equivalences,
    equivalences_page,
    evidence,
    mapping_counts,
)
from subs_assets.database.lookups.matrix import losses, outcomes_page, precision_by_pair, rates
from subs_assets.database.lookups.one_product import (
    SHOWN_OF_A_LISTING,
    SHOWN_OF_A_PRODUCT,
    companies,
    listings_of,
    product_row,
)
from subs_assets.database.lookups.pairs import companies_with_categories, mappings_between, nodes
from subs_assets.database.lookups.products import (
    exact_products,
    listing_names,
    names_of,
    products_of_listings,
)
from subs_assets.database.lookups.questions import (
    listings_of_products,
    outcomes_among,
    pairs_worth_most,
    paths_of,
    substitutions_among,
)
from subs_assets.database.lookups.repaired import repaired_listings
from subs_assets.database.lookups.search import Found, find_products, search
from subs_assets.database.lookups.shelves import listings_in, paths_of_listings, shelves_with_listings
from subs_assets.database.lookups.substitutes import (
    cheapest_offers,
    outcomes_of,
    substitute_counts,
    substitutes_of,
)
from subs_assets.database.lookups.trees import categories, categories_page, category_row, facets

__all__ = [
    "ANSWERS",
    "SHOWN_OF_A_LISTING",
    "SHOWN_OF_A_PRODUCT",
    "Found",
    "absences",
    "categories",
    "categories_page",
    "category_row",
    "cheapest_offers",
    "companies",
    "companies_with_categories",
    "coverage",
    "equivalences",
    "equivalences_page",
    "equivalences_to_judge",
    "evidence",
    "exact_products",
    "facets",
    "find_products",
    "listing_names",
    "listings_in",
    "listings_of",
    "listings_of_products",
    "losses",
    "mapping_counts",
    "mappings_between",
    "names_of",
    "nodes",
    "outcomes_among",
    "outcomes_of",
    "outcomes_page",
    "pairs_worth_most",
    "paths_of",
    "paths_of_listings",
    "precision_by_pair",
    "product_row",
    "products_of_listings",
    "rates",
    "repaired_listings",
    "search",
    "shelves_with_listings",
    "substitute_counts",
    "substitutes_of",
    "substitutions_among",
    "substitutions_to_judge",
]
