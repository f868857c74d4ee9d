"""Do the mappings find the categories of products that two companies share, without being told that they share them?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby

import numpy as np
import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.evaluation.intervals import Share
from subs_assets.evaluation.mapping_run import (
    MappingInputs,
    MappingRun,
    PairShare,
    Report,
    find_mappings,
    listing_keys,
    pooled,
    silent,
)

HIDDEN_SEEDS = (1,)
"""Each seed hides one half, then the other: with one, every shared product was hidden once."""


@dataclass(frozen=True)
class Found:
    """How many of the pairs of categories that hidden products join are covered by accepted mappings.

    A listing's category is the shelf where it counts. Covered: its counterpart's stands at or below a category to which
    the listing's, or one above it that is no root, is mapped: in any relation for ``covered``, ``related`` left out for
    ``mapped``. ``by_chance``: as ``covered``, after the counterparts changed places among the pairs of the same two
    companies.
    """

    covered: Share
    mapped: Share
    by_chance: Share
    covered_by_pair: tuple[PairShare, ...]


@dataclass(frozen=True)
class HiddenProducts:
    """What was found of one half of the products that companies share, from the other half and everything else.

    ``unidentified``: their listings stay, each as a product of its own; they are no hard evidence, but as alike as they
    are they may still vouch for each other. ``left_out``: their listings are not there at all, which is the stricter
    test. ``without_shelf``: pairs of listings one of which counts nowhere; they are no cases.
    """

    unidentified: Found
    left_out: Found
    without_shelf: int


@dataclass(frozen=True, order=True)
class _Case:
    """A hidden product's shelves at two companies; those of the second are to be found from the first."""

    company_slug: str
    target_company_slug: str
    paths: tuple[str, ...]
    target_paths: tuple[str, ...]

    @property
    def direction(self) -> tuple[str, str]:
        return self.company_slug, self.target_company_slug


@dataclass
class _Tally:
    covered: list[tuple[_Case, bool]]
    mapped: list[tuple[_Case, bool]]
    by_chance: list[tuple[_Case, bool]]


def hidden_products(
    inputs: MappingInputs, seeds: Sequence[int] = HIDDEN_SEEDS, report: Report = silent
) -> HiddenProducts:
    """Hide one half of the shared products, then the other, and look for their categories.

    A case is a pair of categories (directed), counted once for each half that hides it, however many products join it.
    With several seeds cases are counted as their mean over the seeds: the same products hidden again are no new cases.
    """
    alike = inputs.alike()
    report("mappings as they are")
    full = find_mappings(inputs, alike)
    shared = _shared_products(inputs.product_listings)
    tallies = {"unidentified": _Tally([], [], []), "left out": _Tally([], [], [])}
    without_shelf = 0
    for seed in seeds:
        random = np.random.default_rng(seed)
        products = random.permutation(np.sort(shared["product_id"].unique().astype(object)))
        for number, hidden in enumerate((products[::2], products[1::2]), start=1):
            report(f"half {number} of the shared products hidden, seed {seed}")
            cases, shelfless = _cases(shared[shared["product_id"].isin(hidden)], full)
            without_shelf += shelfless
            swapped = _swapped(cases, random)
            is_hidden = inputs.product_listings["product_id"].isin(hidden)
            runs = {
                "unidentified": find_mappings(_unidentified(inputs, is_hidden), alike, full.shelving),
                "left out": find_mappings(inputs.without(listing_keys(inputs.product_listings[is_hidden]))),
            }
            for way, run in runs.items():
                _count(tallies[way], cases, swapped, run)
    pairs = list(combinations(inputs.companies, 2))
    found = {way: _found(tally, pairs, max(len(seeds), 1)) for way, tally in tallies.items()}
    return HiddenProducts(found["unidentified"], found["left out"], without_shelf // max(len(seeds), 1))


def _shared_products(product_listings: pd.DataFrame) -> pd.DataFrame:
    """Ordered pairs of listings of two companies that are one product: its id, and company and sku of both."""
    columns = product_listings[["company_slug", "sku", "product_id"]]
    pairs = columns.merge(columns, on="product_id", suffixes=("", "_other"))
    return pairs[pairs["company_slug"] != pairs["company_slug_other"]]


def _unidentified(inputs: MappingInputs, is_hidden: pd.Series) -> MappingInputs:
    """The inputs with these rows of ``product_listings`` as products of their own."""
    rows = inputs.product_listings
    alone = rows["company_slug"] + ":" + rows["sku"]
    return replace(inputs, product_listings=rows.assign(product_id=rows["product_id"].where(~is_hidden, alone)))


def _cases(shared: pd.DataFrame, full: MappingRun) -> tuple[list[_Case], int]:
    """The different cases of these pairs of listings in order, and how many (undirected) pairs lack a shelf."""
    shelves = full.shelving.shelves.groupby(["company_slug", "sku"])["path"].agg(lambda paths: tuple(sorted(paths)))
    at = shelves.to_dict()
    cases, shelfless = set(), 0
    for company, sku, other, other_sku in shared[["company_slug", "sku", "company_slug_other", "sku_other"]].itertuples(
        index=False, name=None
    ):
        here, there = at.get((company, sku)), at.get((other, other_sku))
        if here is None or there is None:
            shelfless += 1
        else:
            cases.add(_Case(company, other, here, there))
    return sorted(cases), shelfless // 2


def _swapped(cases: Sequence[_Case], random: np.random.Generator) -> list[_Case]:
    """Cases with the counterparts of others of the same direction."""
    swapped = []
    for _, group in groupby(cases, key=lambda case: case.direction):
        among = list(group)
        dealt = random.permutation(len(among))
        swapped += [
            replace(case, target_paths=among[other].target_paths) for case, other in zip(among, dealt, strict=True)
        ]
    return swapped


def _count(tally: _Tally, cases: Iterable[_Case], swapped: Iterable[_Case], run: MappingRun) -> None:
    facets = run.shelving.facets
    universal = facets[facets["kind"] == "universal_root"]
    # Below a root over everything, what stands next are the roots.
    root_depth = dict.fromkeys(universal["company_slug"], 2)
    any_relation: dict[tuple[str, str, str], set[str]] = {}
    stronger: dict[tuple[str, str, str], set[str]] = {}
    for (company, path, target, target_path), relation in run.relations().items():
        any_relation.setdefault((company, path, target), set()).add(target_path)
        if relation != "related":
            stronger.setdefault((company, path, target), set()).add(target_path)
    for case in cases:
        tally.covered.append((case, _covers(any_relation, case, root_depth)))
        tally.mapped.append((case, _covers(stronger, case, root_depth)))
    tally.by_chance += [(case, _covers(any_relation, case, root_depth)) for case in swapped]


def _covers(mapped: dict[tuple[str, str, str], set[str]], case: _Case, root_depth: dict[str, int]) -> bool:
    roots = root_depth.get(case.company_slug, 1)
    places = {node for path in case.target_paths for node in (*category_path.ancestors(path), path)}
    sources = {node for path in case.paths for node in (*category_path.ancestors(path)[roots:], path)}
    return any(places & mapped.get((case.company_slug, source, case.target_company_slug), set()) for source in sources)


def _found(tally: _Tally, pairs: Sequence[tuple[str, str]], seeds: int) -> Found:
    def share(verdicts: Iterable[tuple[_Case, bool]]) -> Share:
        counted = list(verdicts)
        return Share(sum(found for _, found in counted) / seeds, len(counted) / seeds)

    by_pair = tuple(
        PairShare(*pair, share(verdict for verdict in tally.covered if tuple(sorted(verdict[0].direction)) == pair))
        for pair in pairs
    )
    return Found(pooled(by_pair), share(tally.mapped), share(tally.by_chance), by_pair)
