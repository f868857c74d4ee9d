"""The questions that people ask of the published tables, as SQL; nothing here writes or knows a command line."""

import json
from collections.abc import Collection
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, case, cast, func, or_, select, union

from subs_assets.database import frames
from subs_assets.database.engine import fold
from subs_assets.database.tables import categories as categories_table
from subs_assets.database.tables import (
    category_absences,
    category_equivalences,
    category_evidence,
    category_facets,
    evaluation,
    listing_shelves,
    listings,
    product_listings,
    products,
    substitution_outcomes,
    substitution_rates,
    substitutions,
)

GTIN_LENGTHS = (8, 12, 13, 14)
"""Digits of a barcode as it is printed; shorter ones are filled up with zeros on the left to a GTIN-14 (GS1)."""

EXAMPLES_PER_STAGE = 5

MOST_KEYS = 10_000
"""In one question: SQLite takes 32,766 parameters, and so many rows are read faster with all others."""


def find_products(connection: Connection, words_or_sku: str, limit: int = 20) -> pd.DataFrame:
    """Listings by words, or by an exact sku, barcode or product id; a row a listing, exact ones first, then names that
    have all the words, then shorter ones.

    Every word must stand in the listing's name or brand, whatever its case. Columns: product_id, company_slug, sku,
    name, brand, size_text, price, currency, unit_price. Raises ValueError when nothing is asked for.
    """
    wanted = words_or_sku.strip()
    if not wanted:
        raise ValueError("say what to look for: words of a name, a sku, a barcode or a product id")
    is_exact = or_(*_exactly(wanted))
    words = [word.casefold() for word in wanted.split()]
    # "oat milk" is rather a name that says oat than a brand Oatbarrow, and rather a word's beginning than its middle.
    is_in_name = and_(*((" " + fold(listings.c.name)).contains(f" {word}", autoescape=True) for word in words))
    has_every_word = and_(
        *(
            or_(
                fold(listings.c.name).contains(word, autoescape=True),
                fold(listings.c.brand).contains(word, autoescape=True),
            )
            for word in words
        )
    )
    statement = (
        select(
            product_listings.c.product_id,
            listings.c.company_slug,
            listings.c.sku,
            listings.c.name,
            listings.c.brand,
            listings.c.size_text,
            listings.c.price,
            listings.c.currency,
            listings.c.unit_price,
        )
        .join(product_listings, _same_listing(product_listings, listings))
        .where(or_(is_exact, has_every_word))
        .order_by(
            case((is_exact, 0), (is_in_name, 1), else_=2),
            func.length(listings.c.name),
            listings.c.company_slug,
            listings.c.sku,
        )
        .limit(limit)
    )
    return frames.fetch(connection, statement)


def exact_products(connection: Connection, key: str) -> list[str]:
    """The ids of the products that a sku, a barcode or a product id names, in order; several companies may use one
    sku."""
    wanted = key.strip()
    of_listing = select(product_listings.c.product_id).join(listings, _same_listing(product_listings, listings))
    # Not one query with OR: its parts lie in two tables, and a database then reads both from end to end.
    statement = union(*(of_listing.where(is_it) for is_it in _exactly(wanted))).order_by("product_id")
    return [row.product_id for row in connection.execute(statement)]


def products_of_listings(connection: Connection, company_slugs: Collection[str], skus: Collection[str]) -> pd.DataFrame:
    """Which products the listings with these skus at these companies are, in the form of ``product_listings``."""
    if len(skus) > MOST_KEYS:
        return frames.read(connection, product_listings)
    statement = select(product_listings).where(
        product_listings.c.company_slug.in_(company_slugs), product_listings.c.sku.in_(skus)
    )
    return frames.fetch(connection, statement)


def substitutes_of(connection: Connection, product_id: str) -> pd.DataFrame:
    """What to buy instead of a product, company by company, best first; with the listing that is the substitute there.

    Columns: company_slug, substitute_id, sku, name, brand, size_text, price, currency, unit_price, level, score, rank,
    pack_ratio, unit_price_ratio, reasons (JSON array).
    """
    statement = (
        select(
            substitutions.c.company_slug,
            substitutions.c.substitute_id,
            substitutions.c.sku,
            listings.c.name,
            listings.c.brand,
            listings.c.size_text,
            listings.c.price,
            listings.c.currency,
            listings.c.unit_price,
            substitutions.c.level,
            substitutions.c.score,
            substitutions.c.rank,
            substitutions.c.pack_ratio,
            substitutions.c.unit_price_ratio,
            substitutions.c.reasons,
        )
        .join(listings, _same_listing(listings, substitutions))
        .where(substitutions.c.product_id == product_id)
        .order_by(substitutions.c.company_slug, substitutions.c.rank, substitutions.c.substitute_id)
    )
    return frames.fetch(connection, statement)


def names_of(connection: Connection, product_ids: Collection[str]) -> dict[str, str]:
    """Product id -> the product's name, of those that are published."""
    statement = select(products.c.product_id, products.c.name).where(products.c.product_id.in_(product_ids))
    return {row.product_id: row.name for row in connection.execute(statement)}


def listing_names(connection: Connection, skus: Collection[str]) -> dict[tuple[str, str], str]:
    """(company_slug, sku) -> the listing's name, of those that are published."""
    statement = select(listings.c.company_slug, listings.c.sku, listings.c.name).where(listings.c.sku.in_(skus))
    return {(row.company_slug, row.sku): row.name for row in connection.execute(statement)}


def outcomes_of(connection: Connection, product_id: str) -> pd.DataFrame:
    """What became of one product at each company; one row a target company, the furthest that any of its own
    companies' shelves led.

    Columns: target_company_slug, stage, detail, nearest_id, nearest_name, nearest_score.
    """
    nearest = products.alias("nearest")
    statement = (
        select(
            substitution_outcomes.c.target_company_slug,
            substitution_outcomes.c.stage,
            substitution_outcomes.c.detail,
            substitution_outcomes.c.nearest_id,
            nearest.c.name.label("nearest_name"),
            substitution_outcomes.c.nearest_score,
        )
        .outerjoin(nearest, nearest.c.product_id == substitution_outcomes.c.nearest_id)
        .where(substitution_outcomes.c.product_id == product_id)
        .order_by(
            substitution_outcomes.c.target_company_slug,
            case(
                {"no candidate": 1, "no mapping": 2, "uncategorised": 3}, value=substitution_outcomes.c.stage, else_=0
            ),
            substitution_outcomes.c.company_slug,
        )
    )
    return frames.fetch(connection, statement).drop_duplicates("target_company_slug", ignore_index=True)


def rates(connection: Connection) -> pd.DataFrame:
    """The company-by-company matrix, in the form of the table ``substitution_rates``."""
    return frames.read(connection, substitution_rates)


def precision_by_pair(connection: Connection) -> dict[tuple[str, str], float]:
    """(company, target company) -> precision on the labelled pairs that are shown, where it is measured."""
    rows = frames.read(connection, evaluation, measure="precision", part="").dropna(subset="value")
    return {
        (company, target): value
        for company, target, value in rows[["company_slug", "target_company_slug", "value"]].itertuples(index=False)
        if company
    }


def losses(connection: Connection, company_slug: str, target_company_slug: str) -> pd.DataFrame:
    """What became of one company's products on the way to the other: found, then where they are lost, the largest loss
    first.

    Columns: stage, products (how many; they add up to all of the company's), examples: a JSON array of up to five
    objects (product_id, name, detail, nearest_id, nearest_name, nearest_score), those with the best candidate first.
    """
    nearest = products.alias("nearest")
    here = and_(
        substitution_outcomes.c.company_slug == company_slug,
        substitution_outcomes.c.target_company_slug == target_company_slug,
    )
    place = func.row_number().over(
        partition_by=substitution_outcomes.c.stage,
        order_by=(substitution_outcomes.c.nearest_score.desc().nulls_last(), substitution_outcomes.c.product_id),
    )
    ranked = select(substitution_outcomes, cast(place, Integer).label("place")).where(here).subquery("ranked")
    examples = frames.fetch(
        connection,
        select(
            ranked.c.stage,
            ranked.c.product_id,
            products.c.name,
            ranked.c.detail,
            ranked.c.nearest_id,
            nearest.c.name.label("nearest_name"),
            ranked.c.nearest_score,
        )
        .select_from(ranked)
        .outerjoin(products, products.c.product_id == ranked.c.product_id)
        .outerjoin(nearest, nearest.c.product_id == ranked.c.nearest_id)
        .where(ranked.c.place <= EXAMPLES_PER_STAGE)
        .order_by(ranked.c.stage, ranked.c.place),
    )
    count = func.count().label("products")
    stages = frames.fetch(
        connection,
        select(substitution_outcomes.c.stage, count)
        .where(here)
        .group_by(substitution_outcomes.c.stage)
        .order_by(
            case((substitution_outcomes.c.stage == "found", 0), else_=1), count.desc(), substitution_outcomes.c.stage
        ),
    )
    by_stage = {
        stage: json.dumps(_records(rows.drop(columns="stage")), ensure_ascii=False)
        for stage, rows in examples.groupby("stage")
    }
    return stages.assign(examples=stages["stage"].map(by_stage).astype(frames.TEXT_DTYPE))


def equivalences(
    connection: Connection,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
    path: str | None = None,
) -> pd.DataFrame:
    """Category equivalences in the form of their table, of one company, to one company, of one category, or all."""
    wanted = {"company_slug": company_slug, "target_company_slug": target_company_slug, "path": path}
    return frames.read(connection, category_equivalences, **_given(wanted))


def evidence(connection: Connection, company_slug: str, target_company_slug: str) -> pd.DataFrame:
    """The strongest pairs of listings behind one company's mappings to another, in the form of their table."""
    return frames.read(
        connection, category_evidence, company_slug=company_slug, target_company_slug=target_company_slug
    )


def absences(
    connection: Connection,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
    path: str | None = None,
) -> pd.DataFrame:
    """Categories without an accepted mapping, in the form of ``category_absences``; filtered like ``equivalences``."""
    wanted = {"company_slug": company_slug, "target_company_slug": target_company_slug, "path": path}
    return frames.read(connection, category_absences, **_given(wanted))


def facets(connection: Connection, company_slug: str | None = None, path: str | None = None) -> pd.DataFrame:
    """Facets in the form of ``category_facets``, of one company, of one path, or all."""
    return frames.read(connection, category_facets, **_given({"company_slug": company_slug, "path": path}))


ANSWERS = ("above", "parts", "undecided", "none")
"""Of ``category_absences``: from what another category answers for to where there is nothing of the kind."""


def mapping_counts(
    connection: Connection, company_slug: str | None = None, target_company_slug: str | None = None
) -> pd.DataFrame:
    """How far each company's categories are mapped to each other company.

    DataFrame[company_slug, target_company_slug, categories, mapped, above, parts, undecided, none, facets, listings,
    mapped_listings], a row a pair, sorted. The counts from ``mapped`` to ``facets`` add up to ``categories`` where the
    other company has categories at all. A listing is mapped when it stands on a shelf with an accepted mapping.
    """
    pair = ["company_slug", "target_company_slug"]
    accepted = (
        select(*category_equivalences.c[*pair, "path"])
        .where(category_equivalences.c.status == "accepted")
        .distinct()
        .subquery("accepted")
    )
    on_its_shelf = and_(
        listing_shelves.c.company_slug == accepted.c.company_slug, listing_shelves.c.path == accepted.c.path
    )
    own = {
        name: _counted(connection, select(table.c.company_slug), ["company_slug"])
        for name, table in (("categories", categories_table), ("facets", category_facets), ("listings", listings))
    }
    answers = _counted(connection, select(*category_absences.c[*pair, "answer"]), [*pair, "answer"])
    between = {
        "mapped": _counted(connection, select(*accepted.c[*pair]), pair),
        "mapped_listings": _counted(
            connection,
            select(*accepted.c[*pair], listing_shelves.c.sku)
            .join_from(accepted, listing_shelves, on_its_shelf)
            .distinct(),
            pair,
        ),
    }
    companies = sorted(company for (company,) in own["listings"])
    rows = [
        {
            **dict(zip(pair, key, strict=True)),
            **{name: counts.get(key[:1], 0) for name, counts in own.items()},
            **{name: counts.get(key, 0) for name, counts in between.items()},
            **{answer: answers.get((*key, answer), 0) for answer in ANSWERS},
        }
        for key in ((one, other) for one in companies for other in companies if one != other)
        if company_slug in (None, key[0]) and target_company_slug in (None, key[1])
    ]
    columns = [*pair, "categories", "mapped", *ANSWERS, "facets", "listings", "mapped_listings"]
    return pd.DataFrame(rows, columns=columns)


def _counted(connection: Connection, rows: Select[Any], by: list[str]) -> dict[tuple[str, ...], int]:
    """Values of the columns ``by`` -> how many rows have them."""
    inner = rows.subquery("counted")
    keys = [inner.c[name] for name in by]
    found = connection.execute(select(*keys, func.count()).group_by(*keys))
    return {tuple(key): int(count) for *key, count in found}


def categories(connection: Connection, company_slug: str | None = None) -> pd.DataFrame:
    """The nodes of one company's tree, or of all, in the form of the table ``categories``."""
    return frames.read(connection, categories_table, **_given({"company_slug": company_slug}))


def _exactly(wanted: str) -> list[ColumnElement[bool]]:
    """In which ways a listing and its product can be meant by a sku, a barcode or a product id."""
    barcode = wanted.zfill(14) if wanted.isdigit() and len(wanted) in GTIN_LENGTHS else wanted
    return [
        listings.c.sku == wanted,
        listings.c.gtin == barcode,
        product_listings.c.product_id.in_([wanted, barcode]),
    ]


def _same_listing(left: Any, right: Any) -> Any:
    return and_(left.c.company_slug == right.c.company_slug, left.c.sku == right.c.sku)


def _given(filters: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value is not None}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
