"""The pairs of categories that people label: what any method proposes and what only looks plausible, drawn by strata,
shuffled, and written without any answer.

``python -m subs_assets.evaluation.equivalence_pool FOLDER [LABELS]`` reads what SUBS_HOME has published and writes
``sheet.csv`` (for labellers: two paths, ten product names a side) and ``strata.csv`` (for the evaluation: which
stratum each pair is from, how many it has and how many were drawn). Pairs that the file LABELS holds are not drawn
again, and more is drawn where a pair counts for many. docs/labelling-equivalences.md is the guideline.
"""

import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.evaluation.equivalence_methods import (
    CompanyPair,
    by_components,
    by_counts,
    by_label,
    by_ours,
    by_shared_products,
    company_pairs,
)

SEED = 20261125
FURTHER_SEED = 20261126
NAMES = 10
NEAR_MISSES = 3
"""For every category so many of those on the other side with which it shares most evidence join the pool anyway."""

QUOTAS: Mapping[str, int] = {
    "three methods or more": 32,
    "two methods": 26,
    "only ours": 26,
    "only counts": 10,
    "only labels": 8,
    "only shared products": 6,
    "only components": 6,
    "none, shared evidence": 12,
    "none, beside a proposal": 8,
}
"""Pairs to draw for each pair of companies. Weighted by the size of its stratum, every drawn pair counts for its own
share of the pool."""

FURTHER_QUOTAS: Mapping[str, int] = {
    "none, beside a proposal": 60,
    "none, shared evidence": 25,
    "only ours": 14,
    "two methods": 10,
    "only labels": 8,
    "only counts": 6,
    "only components": 4,
}
"""For a second sheet: with 8 of 3,100 drawn, one pair counted for 388 and made every figure shaky."""


def pool(pair: CompanyPair, mappings: pd.DataFrame) -> pd.DataFrame:
    """All pairs worth asking about between two companies: ``KEY_COLUMNS`` and ``stratum``."""
    methods = {
        "ours": by_ours(pair, mappings),
        "counts": by_counts(pair),
        "labels": by_label(pair),
        "shared products": by_shared_products(pair),
        "components": by_components(pair),
    }
    proposed: dict[tuple[str, ...], list[str]] = {}
    for method, pairs in methods.items():
        for key in pairs[KEY_COLUMNS].itertuples(index=False, name=None):
            proposed.setdefault(key, []).append(method)
    stratum = {key: _stratum(found) for key, found in proposed.items()}
    for key in _keys(_near_misses(pair)):
        stratum.setdefault(key, "none, shared evidence")
    for key in _beside(pair, methods["ours"]):
        stratum.setdefault(key, "none, beside a proposal")
    rows = [(*key, name) for key, name in sorted(stratum.items())]
    return pd.DataFrame(rows, columns=[*KEY_COLUMNS, "stratum"])


def draw(
    pooled: pd.DataFrame,
    random: np.random.Generator,
    quotas: Mapping[str, int] = QUOTAS,
    labelled: Collection[tuple[str, ...]] = (),
) -> pd.DataFrame:
    """Pairs for labelling, so many of each stratum, with ``pooled`` and ``drawn``: how many the stratum has, and how
    many of those that are not ``labelled`` yet were drawn."""
    is_left = pd.Series([key not in labelled for key in _keys(pooled)], index=pooled.index)
    parts = []
    for name, quota in quotas.items():
        stratum = pooled["stratum"] == name
        left = pooled[stratum & is_left]
        chosen = random.choice(len(left), min(quota, len(left)), replace=False)
        parts.append(left.iloc[np.sort(chosen)].assign(pooled=int(stratum.sum()), drawn=len(chosen)))
    return pd.concat(parts, ignore_index=True)


def _stratum(methods: list[str]) -> str:
    # What connected components find beside others is those others' own proposal.
    found = [method for method in methods if method != "components"] or methods
    return {1: f"only {found[0]}", 2: "two methods"}.get(len(found), "three methods or more")


def _near_misses(pair: CompanyPair) -> pd.DataFrame:
    between = pair.evidence_between()
    chosen = np.zeros(between.shape, bool)
    for axis in (0, 1):
        best = np.argsort(-between, axis=axis, kind="stable").take(range(NEAR_MISSES), axis=axis, mode="clip")
        np.put_along_axis(chosen, best, True, axis=axis)
    return pair.pairs(*np.nonzero(chosen & (between > 0)))


def _beside(pair: CompanyPair, ours: pd.DataFrame) -> list[tuple[str, ...]]:
    """Parents, children and siblings of what we map to: where a mapping that is a little wrong would go."""
    relatives = _relatives(pair.other.paths)
    return [
        (company, path, target, other)
        for company, path, target, target_path in _keys(ours)
        for other in relatives.get(target_path, ())
    ]


def _relatives(paths: tuple[str, ...]) -> dict[str, list[str]]:
    parent = {path: category_path.decode(path)[:-1] for path in paths}
    return {
        path: [
            other
            for other in paths
            if other != path
            and (
                parent[other] == parent[path]
                or category_path.decode(other) == parent[path]
                or parent[other] == category_path.decode(path)
            )
        ]
        for path in paths
    }


def _keys(pairs: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(pairs[KEY_COLUMNS].itertuples(index=False, name=None))


def sheet(drawn: pd.DataFrame, names: Mapping[tuple[str, str], list[str]], random: np.random.Generator) -> pd.DataFrame:
    """What a labeller sees, in random order: ``pair`` (a number), two paths and the names of ten products each."""
    rows = []
    for number, (company, path, target, target_path) in enumerate(_keys(drawn), start=1):
        sides = [(company, path), (target, target_path)]
        shown = [
            text
            for side in sides
            for text in (category_path.readable(side[1]), " | ".join(_sample(names[side], random)))
        ]
        rows.append((number, *shown))
    columns = ["pair", "path_a", "products_a", "path_b", "products_b"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.iloc[random.permutation(len(frame))].reset_index(drop=True)


def _sample(names: list[str], random: np.random.Generator) -> list[str]:
    chosen: NDArray[np.intp] = random.choice(len(names), min(NAMES, len(names)), replace=False)
    return [names[place] for place in np.sort(chosen)]


def _names_below(listings: pd.DataFrame, listing_categories: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """(company, path) -> the names of the listings below it."""
    below: dict[tuple[str, str], dict[str, None]] = {}
    named = listing_categories.merge(listings[["company_slug", "sku", "name"]], on=["company_slug", "sku"])
    for company, path, name in zip(named["company_slug"], named["path"], named["name"], strict=True):
        for node in (*category_path.ancestors(path), path):
            below.setdefault((company, node), {})[name] = None
    return {key: list(found) for key, found in below.items()}


def main(folder: Path, labels: Path | None = None) -> None:
    """Draw from the published tables of this installation, and write the two files into ``folder``; with ``labels``, a
    further sheet."""
    from subs_assets.database.engine import open_engine
    from subs_assets.database.warehouse import Warehouse
    from subs_assets.embedding.fast_encoder import open_store
    from subs_assets.embedding.name_store import NameStore
    from subs_assets.model.trained import SHIPPED, load
    from subs_assets.settings import Settings

    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    warehouse = Warehouse(engine, settings.staging)
    listings, listing_categories, facets = (
        warehouse.read(table) for table in ("listings", "listing_categories", "category_facets")
    )
    store = open_store(settings.vectors, settings.encoder)
    model = load(settings.model or SHIPPED)
    roots = facets[facets["kind"] == "universal_root"]
    pairs = company_pairs(
        listings,
        warehouse.read("product_listings"),
        listing_categories,
        set(zip(roots["company_slug"], roots["path"], strict=True)),
        NameStore(store, model.names).alike(listings["core_name"].tolist()),
        model.same_shelf,
        store,
    )
    random = np.random.default_rng(SEED if labels is None else FURTHER_SEED)
    quotas = QUOTAS if labels is None else FURTHER_QUOTAS
    labelled = set() if labels is None else set(_keys(pd.read_csv(labels, encoding="utf-8")))
    mappings = warehouse.read("category_equivalences")
    drawn = pd.concat([draw(pool(pair, mappings), random, quotas, labelled) for pair in pairs], ignore_index=True)
    engine.dispose()
    folder.mkdir(parents=True, exist_ok=True)
    shown = sheet(drawn, _names_below(listings, listing_categories), random)
    shown.to_csv(folder / "sheet.csv", index=False, encoding="utf-8")
    drawn.insert(0, "pair", range(1, len(drawn) + 1))
    drawn.to_csv(folder / "strata.csv", index=False, encoding="utf-8")
    print(drawn.groupby(["company_slug", "target_company_slug", "stratum"])[["pooled", "drawn"]].first().to_string())
    print(f"{len(drawn)} pairs in {folder / 'sheet.csv'}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
