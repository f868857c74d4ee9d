"""What is asked of the published tables for a key, by the program and by an app, and how a database goes about it.

Tests hold the plans, benchmarks/lookups.py the times.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, event, text

from subs_assets.database import lookups
from subs_assets.database.tables import metadata

Key = dict[str, Any]
"""One listing's ``company_slug`` and ``sku``, its product's ``product_id`` and ``gtin``, and a ``word`` of its name."""


@dataclass(frozen=True)
class LookUp:
    """One question, whoever asks it."""

    name: str
    ask: Callable[[Connection, Key], object]


def by_an_app(name: str, statement: str) -> LookUp:
    def ask(connection: Connection, key: Key) -> object:
        wanted = {name: key[name] for name in re.findall(r":(\w+)", statement)}
        return connection.execute(text(statement), wanted).all()

    return LookUp(f"app: {name}", ask)


LOOK_UPS = (
    LookUp("subs substitutes: what to buy", lambda asked, key: lookups.substitutes_of(asked, key["product_id"])),
    LookUp("subs substitutes: where it is lost", lambda asked, key: lookups.outcomes_of(asked, key["product_id"])),
    LookUp(
        "subs substitutes: what was decided",
        lambda asked, key: lookups.products_of_listings(asked, [key["company_slug"]], [key["sku"]]),
    ),
    LookUp("subs explain: a sku", lambda asked, key: lookups.exact_products(asked, key["sku"])),
    LookUp("subs explain: a barcode", lambda asked, key: lookups.exact_products(asked, key["gtin"])),
    LookUp("names of products", lambda asked, key: lookups.names_of(asked, [key["product_id"]])),
    LookUp("names of listings", lambda asked, key: lookups.listing_names(asked, [key["sku"]])),
    LookUp("subs categories COMPANY", lambda asked, key: lookups.categories(asked, key["company_slug"])),
    LookUp(
        "explorer: the best three at a company",
        lambda asked, key: lookups.substitutes_of(asked, key["product_id"], key["company_slug"], 4, 0.7, at_most=3),
    ),
    LookUp("explorer: a tree beside a company", lambda asked, key: lookups.coverage(asked, key["company_slug"], "dm")),
    LookUp(
        "explorer: what a mapping rests on",
        lambda asked, key: lookups.evidence(asked, key["company_slug"], "dm", '["Abteilung 1"]'),
    ),
    LookUp("explorer: a tree", lambda asked, key: lookups.nodes(asked, key["company_slug"])),
    LookUp(
        "explorer: two trees' mappings", lambda asked, key: lookups.mappings_between(asked, key["company_slug"], "dm")
    ),
    LookUp("explorer: shelves", lambda asked, key: lookups.shelves_with_listings(asked, key["company_slug"])),
    LookUp(
        "explorer: a category", lambda asked, key: lookups.category_row(asked, key["company_slug"], '["Abteilung 1"]')
    ),
    LookUp(
        "explorer: listings of a category",
        lambda asked, key: lookups.listings_in(asked, key["company_slug"], '["Abteilung 1"]', 50),
    ),
    LookUp(
        "explorer: categories of listings",
        lambda asked, key: lookups.paths_of_listings(asked, [(key["company_slug"], key["sku"])]),
    ),
    LookUp(
        "explorer: the cheapest listings of products",
        lambda asked, key: lookups.cheapest_offers(asked, [key["product_id"]], [key["company_slug"]]),
    ),
    LookUp(
        "explorer: products of a stage",
        lambda asked, key: lookups.outcomes_page(asked, key["company_slug"], "dm", "no mapping", 50, 50),
    ),
    by_an_app("a product", "SELECT * FROM products WHERE product_id = :product_id"),
    by_an_app("a product by its barcode", "SELECT * FROM products WHERE gtin = :gtin"),
    by_an_app("a listing", "SELECT * FROM listings WHERE company_slug = :company_slug AND sku = :sku"),
    by_an_app(
        "the product of a listing",
        "SELECT product_id FROM product_listings WHERE company_slug = :company_slug AND sku = :sku",
    ),
    by_an_app(
        "the listings of a product",
        "SELECT l.* FROM product_listings p JOIN listings l ON l.company_slug = p.company_slug AND l.sku = p.sku "
        "WHERE p.product_id = :product_id",
    ),
    by_an_app(
        "the best three at a company",
        "SELECT s.*, l.name, l.price FROM substitutions s "
        "JOIN listings l ON l.company_slug = s.company_slug AND l.sku = s.sku "
        "WHERE s.product_id = :product_id AND s.company_slug = :company_slug AND s.level <= 4 AND s.score >= 0.7 "
        "ORDER BY s.rank LIMIT 3",
    ),
    by_an_app(
        "what it replaces",
        "SELECT s.product_id, p.name, s.company_slug, s.score FROM substitutions s "
        "JOIN products p ON p.product_id = s.product_id "
        "WHERE s.substitute_id = :product_id ORDER BY s.score DESC, s.product_id LIMIT 20",
    ),
    by_an_app(
        "each the other's substitute",
        "SELECT * FROM substitutions_symmetric WHERE product_a = :product_id "
        "UNION ALL SELECT * FROM substitutions_symmetric WHERE product_b = :product_id",
    ),
    by_an_app("the rates of a company", "SELECT * FROM substitution_rates WHERE company_slug = :company_slug"),
)

BY_WORDS = LookUp("subs substitutes: a word", lambda asked, key: lookups.find_products(asked, key["word"]))
"""Reads the words of all listings: no index knows the inside of a word."""


def keys_of(night: dict[str, pd.DataFrame], count: int, seed: int = 0) -> list[Key]:
    """Listings with a barcode, chosen by chance, as keys."""
    rows = night["listings"].dropna(subset="gtin").merge(night["product_listings"], on=["company_slug", "sku"])
    rows = rows.sample(count, replace=True, random_state=seed)
    keys = rows[["company_slug", "sku", "product_id", "gtin"]].to_dict("records")
    return [{**key, "word": max(name.split(), key=len)} for key, name in zip(keys, rows["name"], strict=True)]


@dataclass(frozen=True)
class Plan:
    """What a database does for a question: the indexes that it looks into, by their first column at least, and what it
    reads from end to end: tables (on SQLite by the names that the question gives them), or an index."""

    looked_into: frozenset[str]
    read_whole: frozenset[str]


def plan_of(connection: Connection, look_up: LookUp, key: Key) -> Plan:
    """The plan of all statements of a question."""
    with _overheard(connection) as statements:
        look_up.ask(connection, key)
    plans = [_PLANS[connection.dialect.name](connection, *statement) for statement in statements]
    return Plan(
        frozenset().union(*(plan.looked_into for plan in plans)),
        frozenset().union(*(plan.read_whole for plan in plans)),
    )


@contextmanager
def _overheard(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


_INDEXED: list[Any] = [index for table in metadata.tables.values() for index in (*table.indexes, table.primary_key)]
_FIRST_COLUMNS = {index.name: next(iter(index.columns)).name for index in _INDEXED}


def _sqlite_plan(connection: Connection, statement: str, parameters: Any) -> Plan:
    """Its lines are such as "SEARCH l USING INDEX sqlite_autoindex_listings_1 (company_slug=?)", "SCAN products"."""
    lines = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    made_here = {line.split()[1] for line in lines if line.startswith(("CO-ROUTINE", "MATERIALIZE"))}
    indexes = (re.search(r"^SEARCH .* INDEX (\w+) \(", line) for line in lines)
    scanned = {line.split()[1] for line in lines if line.startswith("SCAN")}
    return Plan(
        frozenset(re.sub(r"^sqlite_autoindex_(\w+)_1$", r"pk_\1", index[1]) for index in indexes if index),
        frozenset(name for name in scanned - made_here if not name.startswith("(")),
    )


def _postgresql_plan(connection: Connection, statement: str, parameters: Any) -> Plan:
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    nodes = [found[0]["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
    looked_into, read_whole = set(), set()
    for node in nodes:
        index = node.get("Index Name")
        # A condition on other columns alone reads the whole index.
        if index and re.search(rf"\b{_FIRST_COLUMNS[index]}\b", node.get("Index Cond", "")):
            looked_into.add(index)
        elif index or ("Relation Name" in node and node["Node Type"] != "Bitmap Heap Scan"):
            read_whole.add(index or node["Relation Name"])
    return Plan(frozenset(looked_into), frozenset(read_whole))


_PLANS = {"sqlite": _sqlite_plan, "postgresql": _postgresql_plan}
