"""One company's catalogue given twice under two names, the second as another shop might sell it: is the tree recovered?

What the second shop, the twin, is: the same listings on the same shelves. A share of them is kept as it is and is known
to be the same product. All others are rewritten as own brand: products of their own, with another brand, without a
GTIN; of a name of three words or more one word is dropped half the time, and of those of two or more the first word
moves to the end half the time; size and price are changed by up to a fifth. Categories are renamed one by one to
"Section 17" and the like, so that no label helps; or they keep their names, which is a test of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import Table

from subs_assets.catalogue import category_path
from subs_assets.catalogue.categories import build_categories
from subs_assets.database import frames, tables
from subs_assets.evaluation.intervals import Share
from subs_assets.evaluation.mapping_run import MappingInputs, MappingRun, Report, find_mappings, silent

KEPT_SHARE = 0.3
LEAST_LISTINGS = 5
SEED = 1

OWN_BRAND = "Millbrook"
SHORTEST_TO_DROP_FROM = 3
HALF_THE_TIME = 0.5
FACTORS = (0.8, 0.9, 1.1, 1.2)


@dataclass(frozen=True)
class TwinTree:
    """What was recovered of a tree that was given twice, both directions together.

    ``leaves``: leaf categories of at least so many listings, no facets. ``recovered``: mapped to their counterpart, or
    to one above it, in any relation but ``related``; ``as_themselves``: to the counterpart as exact or close.

    Of the accepted mappings those are right that say how the two nodes stand to each other: exact or close for a node
    and its own counterpart, broad for one above it, narrow for one below; related for any of these. ``in_line`` is the
    share of all of them whose target is the counterpart, above or below it, whatever the relation. ``facets_mapped``
    are apart from these: of all accepted mappings those from or to a node that is a facet under its own name. Where
    labels are changed only its listings can tell that it is one.
    """

    company_slug: str
    labels_kept: bool
    recovered: Share
    as_themselves: Share
    exact_or_close: Share
    broad_or_narrow: Share
    related: Share
    in_line: Share
    facets_mapped: Share


def twin_tree(
    inputs: MappingInputs,
    company: str,
    labels_kept: bool = False,
    kept_share: float = KEPT_SHARE,
    least_listings: int = LEAST_LISTINGS,
    seed: int = SEED,
    report: Report = silent,
) -> TwinTree:
    """Map one company's tree to its twin's; names that the store does not know yet are encoded."""
    twin = company + "_twin"
    both, counterpart = with_twin(inputs, company, twin, labels_kept, kept_share, seed)
    report(f"{company} and its twin, {'labels kept' if labels_kept else 'renamed'}")
    run = find_mappings(both)
    return _judged(run, both.categories, company, labels_kept, counterpart, least_listings)


def with_twin(
    inputs: MappingInputs, company: str, twin: str, labels_kept: bool, kept_share: float, seed: int
) -> tuple[MappingInputs, dict[str, str]]:
    """The company's tables and its twin's together, without any other company; and path -> the twin's path."""
    random = np.random.default_rng(seed)
    listings, standing, products = (
        frame[frame["company_slug"] == company].sort_values(order, ignore_index=True)
        for frame, order in (
            (inputs.listings, ["sku"]),
            (inputs.listing_categories, ["sku", "position"]),
            (inputs.product_listings, ["sku"]),
        )
    )
    counterpart = _counterparts(standing["path"], labels_kept, random)
    kept = random.random(len(listings)) < kept_share
    rewritten = _rewritten(listings[~kept], random)
    their_listings = pd.concat([listings[kept], rewritten]).sort_index().assign(company_slug=twin)
    alone = twin + ":" + products["sku"]
    their_products = products.assign(
        company_slug=twin, product_id=products["product_id"].where(products["sku"].isin(listings["sku"][kept]), alone)
    )
    their_standing = standing.assign(company_slug=twin, path=standing["path"].map(counterpart))
    both_standing = _together(standing, their_standing, tables.listing_categories)
    both = MappingInputs(
        _together(listings, their_listings, tables.listings),
        both_standing,
        _together(products, their_products, tables.product_listings),
        build_categories(both_standing),
        inputs.store,
        inputs.model,
    )
    return both, counterpart


def _together(own: pd.DataFrame, theirs: pd.DataFrame, table: Table) -> pd.DataFrame:
    return frames.conform(pd.concat([own, theirs], ignore_index=True), table)


def _counterparts(paths: pd.Series, labels_kept: bool, random: np.random.Generator) -> dict[str, str]:
    """Each path, and each one above, to the twin's; numbers are dealt by chance, so that their order says nothing."""
    nodes = sorted({node for path in paths.unique() for node in (*category_path.ancestors(path), path)})
    if labels_kept:
        return {node: node for node in nodes}
    section = dict(zip(nodes, (f"Section {number}" for number in random.permutation(len(nodes))), strict=True))
    return {
        node: category_path.encode(section[above] for above in (*category_path.ancestors(node), node))
        if node != category_path.ROOT
        else node
        for node in nodes
    }


def _rewritten(listings: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    names = [_reworded(name, random) for name in listings["core_name"]]
    size_factor, price_factor = random.choice(FACTORS, (2, len(listings)))
    return listings.assign(
        name=[f"{OWN_BRAND} {name}" for name in names],
        core_name=names,
        brand=OWN_BRAND,
        brand_key=OWN_BRAND.casefold(),
        gtin=None,
        size_text=None,
        quantity=listings["quantity"] * size_factor,
        total=listings["total"] * size_factor,
        price=listings["price"] * price_factor,
        unit_price=listings["unit_price"] * price_factor / size_factor,
    )


def _reworded(name: str, random: np.random.Generator) -> str:
    words = name.split()
    dropped, moved = random.random(2) < HALF_THE_TIME
    if dropped and len(words) >= SHORTEST_TO_DROP_FROM:
        del words[random.integers(len(words))]
    return " ".join([*words[1:], *words[:1]] if moved else words)


def _judged(
    run: MappingRun,
    categories: pd.DataFrame,
    company: str,
    labels_kept: bool,
    counterpart: dict[str, str],
    least_listings: int,
) -> TwinTree:
    own_path = {theirs: own for own, theirs in counterpart.items()}
    facets = run.shelving.facets
    own_facets = set(facets.loc[facets["company_slug"] == company, "path"])
    nodes = categories[categories["company_slug"] == company].set_index("path")
    listings = nodes["listings"].to_dict()
    large_leaves = nodes.index[nodes["is_leaf"] & (nodes["listings"] >= least_listings)]
    leaves = [path for path in large_leaves if path not in own_facets]
    # (direction, path, place of the target seen from there, relation), paths as the company's own
    judged: list[tuple[bool, str, str, str]] = []
    facets_mapped = 0
    for (slug, path, _, target), relation in run.relations().items():
        forward = slug == company
        here, there = (path, own_path[target]) if forward else (own_path[path], target)
        if {here, there} & own_facets:
            facets_mapped += 1
        else:
            judged.append((forward, here, _place(here, there, listings), relation))
    stronger = {(forward, path, place) for forward, path, place, relation in judged if relation != "related"}
    close = {(forward, path) for forward, path, place, relation in judged if (place, relation) in ITSELF}
    ways = [(forward, leaf) for leaf in leaves for forward in (True, False)]
    return TwinTree(
        company,
        labels_kept,
        recovered=Share(sum((*way, "itself") in stronger or (*way, "above") in stronger for way in ways), len(ways)),
        as_themselves=Share(sum(way in close for way in ways), len(ways)),
        exact_or_close=_right(judged, ("exact", "close")),
        broad_or_narrow=_right(judged, ("broad", "narrow")),
        related=_right(judged, ("related",)),
        in_line=Share(sum(place in ("itself", "above", "below") for _, _, place, _ in judged), len(judged)),
        facets_mapped=Share(facets_mapped, facets_mapped + len(judged)),
    )


ITSELF = {("itself", "exact"), ("itself", "close")}
RIGHT = {
    *ITSELF, ("above", "broad"), ("below", "narrow"), ("itself", "related"), ("above", "related"), ("below", "related"),
}  # fmt: skip


def _right(judged: Sequence[tuple[bool, str, str, str]], relations: tuple[str, ...]) -> Share:
    places = [(place, relation) for _, _, place, relation in judged if relation in relations]
    return Share(sum(pair in RIGHT for pair in places), len(places))


def _place(path: str, other: str, listings: dict[str, int]) -> str:
    """Where ``other`` stands seen from ``path`` in one tree; a parent that holds nothing else is its only child."""
    if path == other:
        return "itself"
    above = other in category_path.ancestors(path)
    if not above and path not in category_path.ancestors(other):
        return "elsewhere"
    if listings[path] == listings[other]:
        return "itself"
    return "above" if above else "below"
