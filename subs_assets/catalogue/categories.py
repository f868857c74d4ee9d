"""Category trees and their inventory from where the listings stand; which nodes are facets is decided elsewhere."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.catalogue.category_path import ROOT
from subs_assets.database import frames, tables

SAMPLES_PER_LEVEL = 5
"""As many paths as a person takes in at a glance; the largest categories of a level."""


def build_categories(listing_categories: pd.DataFrame) -> pd.DataFrame:
    """One row per company and node: every path that a listing has, and all the paths above it (table ``categories``).

    A listing counts once per node, even where two of its paths lie under that node. A company may shelve one category
    in several places: the nodes of one company that carry the same ``category_id`` all get the parents of all of them.
    """
    shelved = listing_categories.loc[listing_categories["path"] != ROOT, ["company_slug", "sku", "path"]]
    shelved = shelved.drop_duplicates()
    under = _under_each_node(shelved)

    own = shelved.groupby(["company_slug", "path"]).size()
    subtree = under.groupby(["company_slug", "path"]).size()
    ids = _category_ids(listing_categories)
    nodes: list[tuple[str, str]] = list(subtree.index)
    parents = _parents(nodes, ids)
    above = {(company, parent) for company, path in nodes for parent in category_path.ancestors(path)}

    rows = []
    for company, path in nodes:
        names = category_path.decode(path)
        rows.append(
            {
                "company_slug": company,
                "path": path,
                "name": names[-1],
                "depth": len(names),
                "category_id": ids.get((company, path)),
                "parents": parents[company, path],
                "own_listings": int(own.get((company, path), 0)),
                "listings": int(subtree[company, path]),
                "is_leaf": (company, path) not in above,
            }
        )
    return frames.conform(pd.DataFrame(rows, columns=tables.categories.columns.keys()), tables.categories)


def build_inventory(
    categories: pd.DataFrame, listing_categories: pd.DataFrame, product_listings: pd.DataFrame
) -> pd.DataFrame:
    """Per company and level what there is (table ``category_inventory``); every company has a level 0, its orphans.

    ``listings`` and ``products`` are distinct within their level; ``empty_categories`` shelve no listing themselves,
    only below; ``shared_names`` are this level's names that another company uses at any level, whatever their case.
    """
    product_of = product_listings[["company_slug", "sku", "product_id"]]
    under = _under_each_node(
        listing_categories.loc[listing_categories["path"] != ROOT, ["company_slug", "sku", "path"]]
    )
    under = under.merge(categories[["company_slug", "path", "depth"]], on=["company_slug", "path"])
    orphans = _orphans(listing_categories).assign(depth=0)
    counted = pd.concat([orphans, under[["company_slug", "sku", "depth"]]], ignore_index=True).drop_duplicates()
    counted = counted.merge(product_of, on=["company_slug", "sku"], how="left")
    counts = counted.groupby(["company_slug", "depth"]).agg(
        listings=("sku", "nunique"), products=("product_id", "nunique")
    )

    companies_using: defaultdict[str, set[str]] = defaultdict(set)
    for company, name in zip(categories["company_slug"], categories["name"], strict=True):
        companies_using[name.casefold()].add(company)
    levels = dict(iter(categories.groupby(["company_slug", "depth"])))
    companies = set(listing_categories["company_slug"])
    rows = [
        _inventory_row(company, depth, levels.get((company, depth), categories.iloc[:0]), counts, companies_using)
        for company, depth in sorted({(company, 0) for company in companies} | set(levels))
    ]
    return frames.conform(
        pd.DataFrame(rows, columns=tables.category_inventory.columns.keys()), tables.category_inventory
    )


def _inventory_row(
    company: str, depth: int, level: pd.DataFrame, counts: pd.DataFrame, companies_using: dict[str, set[str]]
) -> tuple[str, int, int, int, int, int, int, str, str]:
    listings, products = counts.loc[(company, depth)] if (company, depth) in counts.index else (0, 0)
    shared = sorted({name for name in level["name"] if len(companies_using[name.casefold()]) > 1})
    largest = level.sort_values(["listings", "path"], ascending=[False, True])["path"].head(SAMPLES_PER_LEVEL)
    return (
        company,
        int(depth),
        len(level),
        int(level["is_leaf"].sum()),
        int(listings),
        int(products),
        int((level["own_listings"] == 0).sum()),
        category_path.encode(shared),
        _array_of_paths(largest),
    )


def _orphans(listing_categories: pd.DataFrame) -> pd.DataFrame:
    """Listings none of whose rows names a category."""
    keys = listing_categories[["company_slug", "sku"]]
    shelved = keys[listing_categories["path"] != ROOT].drop_duplicates()
    marked = keys.drop_duplicates().merge(shelved, on=["company_slug", "sku"], how="left", indicator=True)
    return marked.loc[marked["_merge"] == "left_only", ["company_slug", "sku"]]


def _under_each_node(shelved: pd.DataFrame) -> pd.DataFrame:
    """(company_slug, sku, path) for every node on a listing's way from the root; each triple once."""
    prefixes = pd.Series(
        {path: [*category_path.ancestors(path), path] for path in shelved["path"].unique()}, dtype=object
    )
    exploded = shelved.assign(path=shelved["path"].map(prefixes).astype(object)).explode("path", ignore_index=True)
    exploded["path"] = exploded["path"].astype("str")
    return exploded.drop_duplicates()


def _category_ids(listing_categories: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The company's own id of each node: the most frequent one where its listings disagree, the smallest of equals.

    ``category_ids`` stand beside the names of the path; an array of another length says nothing and is passed over.
    """
    having = listing_categories.dropna(subset=["category_ids"])
    votes: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (company, path, ids_text), count in having.groupby(["company_slug", "path", "category_ids"]).size().items():
        names, ids = category_path.decode(path), json.loads(ids_text)
        if len(names) != len(ids):
            continue
        for node, own_id in zip([*category_path.ancestors(path), path], ids, strict=True):
            if own_id is not None:
                votes[company, node][str(own_id)] += count
    return {node: min(ids, key=lambda own_id: (-ids[own_id], own_id)) for node, ids in votes.items()}


def _parents(nodes: Iterable[tuple[str, str]], ids: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Node -> JSON array of its parents' paths; empty for a root."""
    places: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for (company, path), own_id in ids.items():
        places[company, own_id].append(path)

    parents = {}
    for company, path in nodes:
        same = places[company, ids[company, path]] if (company, path) in ids else [path]
        direct = {category_path.ancestors(place)[-1] for place in same if category_path.ancestors(place)}
        # A company that gives parent and child the same id must not make a node its own parent.
        parents[company, path] = _array_of_paths(sorted(direct - {path}))
    return parents


def _array_of_paths(paths: Iterable[str]) -> str:
    """JSON array of arrays of names: ``[["Pantry","Oils"],["Sale"]]``."""
    return "[" + ",".join(paths) + "]"
