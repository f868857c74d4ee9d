"""All methods of category equivalence side by side on the labelled pairs, and the trials that need no label."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from itertools import combinations
from typing import Any

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.coverage import pair_coverage, standing_listings
from subs_assets.equivalence.relations import INVERSE
from subs_assets.evaluation.equivalence_labels import HALVES
from subs_assets.evaluation.equivalence_methods import (
    CompanyPair,
    by_components,
    by_counts,
    by_label,
    by_shared_products,
    company_pairs,
)
from subs_assets.evaluation.equivalence_scores import (
    Scores,
    Statement,
    relation_scores,
    said_pairs,
    scores,
)
from subs_assets.evaluation.equivalence_trials import Trials, all_trials
from subs_assets.evaluation.intervals import Estimate, Share
from subs_assets.evaluation.mapping_run import MappingInputs, MappingRun, Report, find_mappings, silent

BASELINES: Mapping[str, Callable[[CompanyPair], pd.DataFrame]] = {
    "shared products": by_shared_products,
    "label similarity": by_label,
    "connected components": by_components,
    "instance counts": by_counts,
}

FITTED, REPORTED = HALVES

Companies = tuple[str, str]
Stated = Mapping[Companies, frozenset[Statement]]


@dataclass(frozen=True)
class MethodResult:
    """``stated``: how many mappings the method makes; ``coverage``: listings whose own category has one, out of all
    listings, over both directions of all pairs of companies."""

    stated: int
    scores: Scores
    coverage: Estimate


@dataclass(frozen=True)
class Evaluation:
    """``methods``: on the half of the labels that nothing was fitted to; ``fitted``: ours on the other half;
    ``relations``: by the relation that ours states, how often the labels say that one holds the other (of ``related``:
    that they overlap), and how often that very relation. ``labels``: how many pairs each half has, ``unknown`` of them
    of a category that there is not."""

    methods: dict[str, MethodResult]
    fitted: Scores
    relations: dict[str, tuple[Estimate, Estimate]]
    labels: dict[str, int]
    unknown: int
    trials: Trials

    def to_json(self) -> dict[str, Any]:
        """Every figure with its number of cases and its 95 % interval; ``null_mappings`` is the larger of the two
        nulls."""
        null = self.trials.null_mappings
        return {
            "methods": {name: _plain(result) for name, result in self.methods.items()},
            "null_mappings": max(null.rerun, null.facets_kept, key=lambda share: share.rate or 0.0).rate,
            "stability": self.trials.stability.changed.rate,
            "ours_on_the_fitted_half": asdict(self.fitted),
            "ours_by_relation": {
                name: {"holds": asdict(holds), "same_relation": asdict(same)}
                for name, (holds, same) in self.relations.items()
            },
            "labels": self.labels,
            "labels_of_unknown_categories": self.unknown,
            "trials": _told(self.trials),
        }


def _told(value: Any) -> Any:
    """Dataclasses as objects, a share with its rate and interval."""
    if isinstance(value, Share):
        low, high = value.interval
        return {"rate": value.rate, "low": low, "high": high, "cases": value.cases}
    if is_dataclass(value):
        return {field.name: _told(getattr(value, field.name)) for field in fields(value)}
    return [_told(item) for item in value] if isinstance(value, tuple) else value


def _plain(result: MethodResult) -> dict[str, Any]:
    figures = {name: getattr(result.scores, name) for name in ("precision", "recall", "f1")}
    figures["coverage"] = result.coverage
    return {
        **{name: figure.value for name, figure in figures.items()},
        "cases": result.scores.f1.cases,
        "intervals": {name: [figure.low, figure.high] for name, figure in figures.items()},
        "cases_of": {name: figure.cases for name, figure in figures.items()},
        "stated": result.stated,
    }


def evaluate_equivalences(
    inputs: MappingInputs, labels: pd.DataFrame, seeds: int, report: Report = silent
) -> Evaluation:
    """``labels``: as ``labelled_pairs`` gives them; ``seeds``: how many shuffles and removals the trials make. What
    people decided is left out.

    Raises ValueError when most labels are of categories that are not here.
    """
    unknown = _unknown(labels, inputs.categories)
    if 2 * unknown > len(labels):
        companies = sorted({*labels["company_slug"], *labels["target_company_slug"]})
        raise ValueError(
            f"{unknown} of the {len(labels)} labelled pairs are of categories that these catalogues have not: the "
            f"labels are of the real catalogues of {', '.join(companies)} (docs/labelling-equivalences.md); set "
            "SUBS_HOME to a home with those"
        )
    report("mappings as they are")
    alike = inputs.alike()
    run = find_mappings(inputs, alike)
    facets = run.shelving.facets
    roots = facets[facets["kind"] == "universal_root"]
    pairs = company_pairs(
        inputs.listings, inputs.product_listings, inputs.listing_categories,
        set(zip(roots["company_slug"], roots["path"], strict=True)), alike, inputs.model.same_shelf,
        inputs.store,
    )  # fmt: skip
    stated: dict[str, Stated] = {"ours": stated_by_ours(run, inputs.companies)}
    for name, method in BASELINES.items():
        report(name)
        stated[name] = {_companies(pair): _as_statements(method(pair)) for pair in pairs}
    nodes = paths_that_inherit(inputs.categories, facets)
    halves = {half: labels[labels["half"] == half] for half in HALVES}
    said = {name: said_of(by_pair, nodes) for name, by_pair in stated.items()}
    standing = standing_listings(inputs.listings, run.shelving.shelves, facets)
    return Evaluation(
        {
            name: MethodResult(
                sum(map(len, by_pair.values())), scores(halves[REPORTED], said[name]), _coverage(standing, by_pair)
            )
            for name, by_pair in stated.items()
        },
        scores(halves[FITTED], said["ours"]),
        relation_scores(halves[REPORTED], stated["ours"]),
        {half: len(part) for half, part in halves.items()},
        unknown,
        all_trials(inputs, seeds, report),
    )


def _unknown(labels: pd.DataFrame, categories: pd.DataFrame) -> int:
    known = pd.MultiIndex.from_frame(categories[["company_slug", "path"]])
    ends = (labels[[f"{side}company_slug", f"{side}path"]] for side in ("", "target_"))
    is_known = [pd.MultiIndex.from_frame(end).isin(known) for end in ends]
    return int((~is_known[0] | ~is_known[1]).sum())


def _companies(pair: CompanyPair) -> Companies:
    return pair.one.company_slug, pair.other.company_slug


def _as_statements(pairs: pd.DataFrame) -> frozenset[Statement]:
    """A method that knows no relation says that the two are the same."""
    return frozenset((path, target, "exact") for path, target in zip(pairs["path"], pairs["target_path"], strict=True))


def stated_by_ours(run: MappingRun, companies: list[str]) -> Stated:
    """What is accepted, seen from the first company of each pair, whichever direction says it."""
    found: dict[Companies, set[Statement]] = {pair: set() for pair in combinations(sorted(companies), 2)}
    for (company, path, target, target_path), relation in run.relations().items():
        if (company, target) in found:
            found[company, target].add((path, target_path, relation))
        else:
            found[target, company].add((target_path, path, INVERSE[relation]))
    return {pair: frozenset(statements) for pair, statements in found.items()}


def paths_that_inherit(categories: pd.DataFrame, facets: pd.DataFrame) -> dict[str, set[str]]:
    """Company -> the paths of its categories; a facet has no counterpart, and takes none from above."""
    keys = set(zip(categories["company_slug"], categories["path"], strict=True))
    keys -= set(zip(facets["company_slug"], facets["path"], strict=True))
    paths: dict[str, set[str]] = {company: set() for company in categories["company_slug"].unique()}
    for company, path in keys:
        paths[company].add(path)
    return paths


def said_of(stated: Stated, nodes: Mapping[str, set[str]]) -> dict[Companies, set[tuple[str, str]]]:
    """Of each pair of companies the pairs of categories that a method states, and those that follow; ``nodes``: which
    categories inherit."""
    return {
        (one, other): said_pairs(statements, nodes[one], nodes[other]) for (one, other), statements in stated.items()
    }


def _coverage(standing: pd.DataFrame, stated: Stated) -> Estimate:
    rows = [
        row
        for (one, other), statements in stated.items()
        for path, target, _ in statements
        for row in ((one, path, other), (other, target, one))
    ]
    mappings = pd.DataFrame(rows, columns=["company_slug", "path", "target_company_slug"]).assign(status="accepted")
    found = pair_coverage(standing[standing["path"] != category_path.ROOT], mappings)
    mapped, listings = int(found["mapped"].sum()), int(found["listings"].sum())
    share = Share(mapped, listings)
    return Estimate(share.rate, *share.interval, listings)
