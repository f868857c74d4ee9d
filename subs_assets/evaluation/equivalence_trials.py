"""What can be said of category equivalences without any label: whether chance would do as well, whether a few listings
more or less change them, and whether they find what was hidden from them.

``python -m subs_assets.evaluation.equivalence_trials`` runs all trials on what SUBS_HOME has published. Hidden
products, twin trees and what all trials share are beside (hidden_products.py, twin_tree.py, mapping_run.py).
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from subs_assets.evaluation.hidden_products import HiddenProducts, hidden_products
from subs_assets.evaluation.intervals import Share
from subs_assets.evaluation.mapping_run import (
    MappingInputs,
    MappingRun,
    PairShare,
    Report,
    find_mappings,
    listing_keys,
    pooled,
    published_inputs,
    shuffled_over_categories,
    silent,
)
from subs_assets.evaluation.twin_tree import TwinTree, twin_tree

NULL_SEEDS = (1, 2, 3)
STABILITY_SEEDS = (1, 2, 3, 4, 5)
REMOVED_SHARE = 0.05


@dataclass(frozen=True)
class NullMappings:
    """Mappings accepted after one company's listings were shuffled over its categories (successes), out of those
    accepted before (cases), over all seeds and both companies of each pair.

    Two nulls, because they answer two questions. ``rerun``: what does the whole graph accept for a company whose
    shelves say nothing? Its catalogue is shuffled as it comes in, so facets and shelves are found again, and both may
    notice that the shelves are nonsense. ``facets_kept``: how much is accepted where the search for facets notices
    nothing? The shelves of the true run are shuffled, and only what follows is done again. The larger of the two is
    the one to go by.
    """

    rerun: Share
    facets_kept: Share
    rerun_by_pair: tuple[PairShare, ...]
    facets_kept_by_pair: tuple[PairShare, ...]


def null_mappings(inputs: MappingInputs, seeds: Sequence[int] = NULL_SEEDS, report: Report = silent) -> NullMappings:
    """Shuffle each company's listings over its categories, one company and seed at a time."""
    alike = inputs.alike()
    report("mappings as they are")
    before = find_mappings(inputs, alike)
    true_count = _accepted_by_pair(before)
    pairs = list(combinations(inputs.companies, 2))
    counts = {way: dict.fromkeys(pairs, 0) for way in ("rerun", "facets kept")}
    for company in inputs.companies:
        skus = inputs.listings.loc[inputs.listings["company_slug"] == company, "sku"]
        for seed in seeds:
            report(f"{company} shuffled, seed {seed}")
            standing = shuffled_over_categories(inputs.listing_categories, skus, company, seed)
            shelves = shuffled_over_categories(before.shelving.shelves, skus, company, seed)
            runs = {
                "rerun": find_mappings(replace(inputs, listing_categories=standing), alike),
                "facets kept": find_mappings(inputs, alike, replace(before.shelving, shelves=shelves)),
            }
            for way, run in runs.items():
                for pair, count in _accepted_by_pair(run).items():
                    # What the two other companies have in common was not shuffled.
                    counts[way][pair] += count * (company in pair)
    runs_a_pair = 2 * len(seeds)
    by_pair = {
        way: tuple(PairShare(*pair, Share(found[pair], runs_a_pair * true_count.get(pair, 0))) for pair in pairs)
        for way, found in counts.items()
    }
    return NullMappings(
        pooled(by_pair["rerun"]), pooled(by_pair["facets kept"]), by_pair["rerun"], by_pair["facets kept"]
    )


def _accepted_by_pair(run: MappingRun) -> dict[tuple[str, str], int]:
    sides = np.sort(run.accepted[["company_slug", "target_company_slug"]].to_numpy(object), axis=1)
    return pd.Series(1, index=pd.MultiIndex.from_arrays(sides.T)).groupby(level=[0, 1]).sum().to_dict()


@dataclass(frozen=True)
class Stability:
    """What ``REMOVED_SHARE`` of the listings less changes, as counts over all seeds.

    ``lost``: accepted before and not after, both categories still there; ``demoted`` of them are proposed now.
    ``gained``: accepted only after; ``promoted`` of them were proposed. ``vanished``: a category lost its last listing,
    so no algorithm could keep the mapping. ``relation_changed``: accepted both times, with another relation.
    """

    seeds: int
    accepted: int
    lost: int
    demoted: int
    gained: int
    promoted: int
    vanished: int
    relation_changed: int

    @property
    def changed(self) -> Share:
        """(lost + gained) / accepted before: the figure that should stay below 5 %."""
        return Share(self.lost + self.gained, self.accepted)

    @property
    def other_relation(self) -> Share:
        return Share(self.relation_changed, self.accepted)


def stability(
    inputs: MappingInputs,
    seeds: Sequence[int] = STABILITY_SEEDS,
    removed_share: float = REMOVED_SHARE,
    report: Report = silent,
) -> Stability:
    """Remove listings at random, of all companies together, and make everything again: facets, shelves, mappings.

    Which listings are one product is not decided again.
    """
    report("mappings as they are")
    before = find_mappings(inputs)
    counts = np.zeros(7, np.int64)
    for seed in seeds:
        report(f"{removed_share:.0%} of the listings removed, seed {seed}")
        keys = listing_keys(inputs.listings).sort_values()
        chosen = np.random.default_rng(seed).choice(len(keys), round(removed_share * len(keys)), replace=False)
        fewer = inputs.without(keys[chosen])
        counts += _changes(before, find_mappings(fewer), fewer.categories)
    return Stability(len(seeds), *counts.tolist())


def _changes(before: MappingRun, after: MappingRun, categories: pd.DataFrame) -> list[int]:
    """The counts of ``Stability`` from ``accepted`` on."""
    known = set(zip(categories["company_slug"], categories["path"], strict=True))
    then, now = before.relations(), after.relations()
    missing = then.keys() - now.keys()
    vanished = {key for key in missing if key[:2] not in known or key[2:] not in known}
    lost, gained = missing - vanished, now.keys() - then.keys()
    other_relation = [key for key in then.keys() & now.keys() if then[key] != now[key]]
    return [
        len(then),
        len(lost),
        len(lost & after.relations("proposed").keys()),
        len(gained),
        len(gained & before.relations("proposed").keys()),
        len(vanished),
        len(other_relation),
    ]


@dataclass(frozen=True)
class Trials:
    """All of them."""

    null_mappings: NullMappings
    stability: Stability
    hidden_products: HiddenProducts
    twin_trees: tuple[TwinTree, ...]


def all_trials(inputs: MappingInputs, seeds: int = 3, report: Report = silent) -> Trials:
    """Every trial; ``seeds``: how many shuffles and removals. Of the companies the one with most listings gets a twin,
    with other labels and with its own."""
    largest = inputs.listings["company_slug"].value_counts().sort_index().idxmax()
    return Trials(
        null_mappings(inputs, range(1, seeds + 1), report),
        stability(inputs, range(1, seeds + 1), report=report),
        hidden_products(inputs, report=report),
        tuple(twin_tree(inputs, largest, labels_kept, report=report) for labels_kept in (False, True)),
    )


def readable(trials: Trials) -> str:
    """For people, a line a figure."""
    null, stable, hidden = trials.null_mappings, trials.stability, trials.hidden_products
    lines = [f"null mappings, everything run again: {null.rerun}", *_lines(null.rerun_by_pair)]
    lines += [f"null mappings, facets kept:          {null.facets_kept}", *_lines(null.facets_kept_by_pair)]
    lines += [
        f"changed by fewer listings: {stable.changed}",
        f"  lost {stable.lost} (proposed now: {stable.demoted}), gained {stable.gained} (proposed before: "
        f"{stable.promoted}), with another relation {stable.relation_changed}, category gone {stable.vanished}; "
        f"in {stable.seeds} removals together",
    ]
    for way, found in (("not identified", hidden.unidentified), ("left out", hidden.left_out)):
        lines += [
            f"hidden products, {way}: {found.covered}",
            f"  other than related: {found.mapped}; by chance: {found.by_chance}",
            *_lines(found.covered_by_pair),
        ]
    for twin in trials.twin_trees:
        lines += [
            f"twin of {twin.company_slug}, labels {'kept' if twin.labels_kept else 'changed'}: leaves recovered "
            f"{twin.recovered}; as themselves {twin.as_themselves}",
            f"  right: exact or close {twin.exact_or_close}; broad or narrow {twin.broad_or_narrow}; related "
            f"{twin.related}; any, in line {twin.in_line}; facets mapped {twin.facets_mapped}",
        ]
    return "\n".join(lines)


def _lines(shares: Sequence[PairShare]) -> list[str]:
    return [f"  {pair.company_slug} and {pair.other_company_slug}: {pair.share}" for pair in shares]


def main() -> None:
    """Run all trials on the published tables of this installation, and print what came of them."""
    inputs = published_inputs()
    started = time.perf_counter()
    print(readable(all_trials(inputs, report=lambda sentence: print(sentence, file=sys.stderr))))
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
