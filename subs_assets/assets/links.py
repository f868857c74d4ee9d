"""Which pages of the explorer an asset's page in Dagster's UI leads to; the addresses are those of
explorer/addresses.py."""

from collections.abc import Sequence

from dagster import MetadataValue, UrlMetadataValue

from subs_assets.explorer import addresses

RATES = {"Look up rates": addresses.OVERVIEW}
PRODUCTS = {"Look up products": addresses.SEARCH}
CATEGORIES = {"Look up categories": addresses.CATEGORIES}
SET_ASIDE = {"Look up rows set aside": addresses.SET_ASIDE}

PAGES: dict[str, dict[str, str]] = {
    "listings": PRODUCTS,
    "catalogue_files": SET_ASIDE,
    "set_aside_rows": SET_ASIDE,
    "products": PRODUCTS,
    "categories": CATEGORIES,
    "category_facets": CATEGORIES,
    "category_equivalences": CATEGORIES | {"Decide": addresses.review_address("equivalence")},
    "category_evidence": CATEGORIES,
    "category_absences": CATEGORIES,
    "category_equivalence_changes": CATEGORIES,
    "substitutions": PRODUCTS | {"Decide": addresses.review_address("substitution")},
    "substitution_outcomes": RATES,
    "substitution_rates": RATES,
    "evaluation": RATES,
    "publication": RATES,
    "report": RATES,
}
"""Asset -> what a link is called -> the page; an asset that is not here has nothing that the explorer shows."""


def explorer_links(asset: Sequence[str], explorer_url: str) -> dict[str, UrlMetadataValue]:
    """Metadata of the asset of this key; a company's leads to what is its own."""
    if len(asset) == 2:
        company = asset[1]
        pages = {
            "Look up categories": addresses.tree_address(company),
            "Look up rows set aside": addresses.set_aside_address(company),
        }
    else:
        pages = PAGES.get(asset[0], {})
    return {name: MetadataValue.url(explorer_url + page) for name, page in pages.items()}
