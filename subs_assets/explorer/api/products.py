"""Products: found by words or by what is printed on them, and one with its listings."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, Field

from subs_assets.database import lookups
from subs_assets.database.tables import listings, product_claims, product_listings, products
from subs_assets.explorer.api.answers import NIGHTLY, NOT_FOUND, Limit, Offset, Page, ThisNight, next_offset, not_found
from subs_assets.explorer.limits import LONGEST_QUERY, LONGEST_TEXT, Text
from subs_assets.explorer.shapes import row_of, row_shape, rows_of

router = APIRouter(tags=["products"], responses=NIGHTLY)

FOUND = ("company_slug", "sku", "name", "brand", "size_text", "price", "currency", "unit_price")

FoundListing: Any = row_shape("FoundListing", [product_listings.c.product_id, *listings.c[*FOUND]])
Listing: Any = row_shape("Listing", [*listings.c[*lookups.SHOWN_OF_A_LISTING], product_listings.c.matched_by])
Product: Any = row_shape(
    "Product",
    [*products.c[*lookups.SHOWN_OF_A_PRODUCT], product_claims.c.claims, product_claims.c.product_class],
    published=(str | None, None),
    listings=(list[Listing], ...),
)


class FoundListings(Page[FoundListing]):
    """One page of a search."""

    total: int = Field(description="How many there are on all pages.")
    corrected: dict[str, str] = Field(description="A word that no listing has: the one that was looked for instead.")
    has_every_word: bool = Field(
        description="False where no listing has every word: then these have most of them, or one of two."
    )


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing to look for")
    return text


@router.get("/products", response_model=FoundListings, summary="Search listings")
def search(
    night: ThisNight,
    q: Annotated[
        Text,
        AfterValidator(_not_blank),
        Query(
            min_length=1,
            max_length=LONGEST_QUERY,
            json_schema_extra={"pattern": "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"},
            description="Words of a name, a brand or a size, or a whole sku, barcode or product id.",
        ),
    ],
    limit: Limit = 20,
    offset: Offset = 0,
) -> Any:
    """Listings that have every word, a row each, the best first; `product_id` says which of them are one product.

    Where there is none, words that no listing has are replaced by the nearest one; else most of the words are enough.
    """
    found = lookups.search(night.connection, q, limit, offset)
    return {
        "published": night.mark,
        "items": rows_of(found.listings),
        "next_offset": next_offset(found.total, limit, offset),
        "total": found.total,
        "corrected": found.corrected,
        "has_every_word": found.has_every_word,
    }


@router.get(
    "/products/{product_id:path}", response_model=Product, responses=NOT_FOUND, summary="One product with its listings"
)
def product(
    night: ThisNight,
    product_id: Annotated[Text, Path(max_length=LONGEST_TEXT, description=products.c.product_id.doc)],
) -> Any:
    """The product, and what each company sells it for."""
    found = lookups.product_row(night.connection, product_id)
    if found is None:
        raise not_found(
            f'No product "{product_id}" is published; /api/v1/products?q= finds products by a sku, a barcode or words.'
        )
    own = lookups.listings_of(night.connection, product_id)
    return {**row_of(found), "published": night.mark, "listings": rows_of(own)}
