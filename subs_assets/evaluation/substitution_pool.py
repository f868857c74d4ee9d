"""The pairs of products that people label: what we show, what any method would offer first, and what is not shown,
drawn by strata, shuffled, and written without any score or level.

``python -m subs_assets.evaluation.substitution_pool FOLDER [LABELS ...]`` reads what SUBS_HOME has published and writes
``sheet.csv`` (for labellers: both products as a shopper sees them) and ``strata.csv`` (which strata each pair is from,
and how many pairs or products these have). No product that a file LABELS holds is drawn again.
docs/labelling-substitutions.md is the guideline.
"""

import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.embedding.similarity import NameFeatures
from subs_assets.evaluation.substitution_labels import STRATUM
from subs_assets.evaluation.substitution_methods import CHOICE_COLUMNS, OURS, first_choices, ours_first
from subs_assets.substitution.build import SubstitutionInputs, judged_in_parts, night_judge
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.rows import ranked

SEED = 20261127

SHOWN_QUOTA = {1: 20, 2: 20, 3: 16, 4: 16, 5: 22}
"""Pairs to draw of what we show on each level between two companies."""

FIRST_QUOTA, OTHERS_QUOTA = 260, 80
"""Products of a company whose first choice at another one is labelled: ours, and for some of them every method's."""

LOW_QUOTA = 2
LOW_BANDS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Pairs to draw of what is allowed and not shown, from each of these scores on."""


def draw(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    judge: Judge,
    random: np.random.Generator,
    taken: Collection[int],
) -> pd.DataFrame:
    """``left``, ``right``, ``company`` (numbers), the companies' slugs, ``stratum`` and ``pooled``: how many pairs (of
    first choices: how many products) the stratum has. ``taken`` products are left alone."""
    allowed, ours = _allowed_and_first(inputs, features, judge)
    allowed = _of_companies(allowed, judge)
    is_free = ~(allowed["left"].isin(taken) | allowed["right"].isin(taken))
    shown, low = allowed[allowed["is_shown"]], allowed[~allowed["accepted"]]
    band = np.array(LOW_BANDS, str)[np.searchsorted(LOW_BANDS, low["score"], side="right") - 1]
    parts = [*_drawn(low.assign(stratum=[f"not shown, from {start}" for start in band]), is_free, LOW_QUOTA, random)]
    for level, of_level in shown.groupby("level", sort=True):
        parts += _drawn(of_level.assign(stratum=f"shown, level {level}"), is_free, SHOWN_QUOTA[level], random)
    parts += _first(first_choices(inputs, features, judge, ours), judge, random, taken)
    return pd.concat(parts, ignore_index=True)


def _allowed_and_first(
    inputs: SubstitutionInputs, features: NameFeatures, judge: Judge
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What no gate refuses, with ``is_shown``, and ``ours_first``."""
    allowed, ours = [], []
    for judged in judged_in_parts(inputs, features, judge):
        part = judged.loc[
            (judged["level"] > 0) & (judged["gate"] == 0),
            ["left", "right", "company", "level", "score", "accepted", "decision"],
        ]
        allowed.append(part.assign(is_shown=part.index.isin(ranked(part).index)))
        ours.append(ours_first(judged))
    return pd.concat(allowed, ignore_index=True), pd.concat(ours, ignore_index=True)


DRAWN_COLUMNS = ["left", "right", "company", *STRATUM, "pooled"]


def _drawn(pooled: pd.DataFrame, is_free: pd.Series, quota: int, random: np.random.Generator) -> Iterator[pd.DataFrame]:
    used: set[int] = set()
    for _, stratum in pooled.groupby(STRATUM, sort=True):
        free = stratum[is_free[stratum.index]]
        chosen: list[int] = []
        for place in random.permutation(len(free)):
            pair = {int(free["left"].iloc[place]), int(free["right"].iloc[place])}
            if len(chosen) < quota and not pair & used:
                chosen.append(place)
                used |= pair
        yield free.iloc[np.sort(chosen)].assign(pooled=len(stratum))[DRAWN_COLUMNS]


def _first(
    choices: dict[str, pd.DataFrame], judge: Judge, random: np.random.Generator, taken: Collection[int]
) -> Iterator[pd.DataFrame]:
    """First choices for products drawn at random among all that a company sells, whether they have a choice or not."""
    every = {name: _of_companies(found[CHOICE_COLUMNS], judge) for name, found in choices.items()}
    first = judge.offers.rows.drop_duplicates("product")
    slugs = np.array(judge.offers.companies, object)
    for own, products in first.groupby(slugs[first["company"]])["product"]:
        free = np.setdiff1d(products.to_numpy(), list(taken))
        for company, target in enumerate(slugs):
            queries = random.permutation(free)[:FIRST_QUOTA]
            for stratum, names, asked in (
                (f"first choice, {OURS}", [OURS], queries),
                ("first choice, every method", list(every), queries[:OTHERS_QUOTA]),
            ):
                found = pd.concat([every[name] for name in names])
                found = found[found["left"].isin(asked) & (found["company"] == company) & ~found["right"].isin(taken)]
                found = found.drop_duplicates(["left", "right"])
                yield found.assign(company_slug=own, target_company_slug=target, stratum=stratum, pooled=len(products))[
                    DRAWN_COLUMNS
                ]


def _of_companies(pairs: pd.DataFrame, judge: Judge) -> pd.DataFrame:
    """With the companies' slugs. On a sheet a product is its first company's alone, though several may sell it, so that
    no pair is labelled twice."""
    first = judge.offers.rows.drop_duplicates("product").set_index("product")["company"]
    slugs = np.array(judge.offers.companies, object)
    return pairs.assign(
        company_slug=slugs[first[pairs["left"]].to_numpy()], target_company_slug=slugs[pairs["company"]]
    )


@dataclass(frozen=True)
class SheetListings:
    """The listings that stand for products on a sheet: the first at the product's company, the cheapest at the
    substitute's."""

    listings: pd.DataFrame

    def of(self, product_ids: NDArray[np.object_], companies: NDArray[np.object_], prefix: str) -> pd.DataFrame:
        """``<prefix>company_slug``, ``sku``, and what a shopper sees."""
        keys = pd.MultiIndex.from_arrays([product_ids, companies])
        found = self.listings.reindex(keys).reset_index(drop=True)
        return found.add_prefix(prefix)


def sheet_listings(
    listings: pd.DataFrame, product_listings: pd.DataFrame, listing_categories: pd.DataFrame
) -> SheetListings:
    """What a labeller sees of each product at each company: the cheapest listing there, with its shelves."""
    keys = ["company_slug", "sku"]
    paths = listing_categories.sort_values([*keys, "position"]).groupby(keys)["path"]
    shelves = paths.agg(lambda found: " | ".join(dict.fromkeys(category_path.readable(path) for path in found)))
    frame = listings.merge(product_listings[[*keys, "product_id"]], on=keys).merge(
        shelves.rename("shelf").reset_index(), on=keys, how="left"
    )
    frame = frame.sort_values(["price", *keys], na_position="last").drop_duplicates(["product_id", "company_slug"])
    seen = frame.assign(company=frame["company_slug"])[
        ["product_id", "company_slug", "company", "sku", "brand", "name", "size_text", "price", "shelf"]
    ]
    return SheetListings(seen.set_index(["product_id", "company_slug"]))


def main(folder: Path, *labels: Path) -> None:
    """Draw from the published tables of this installation, and write the two files into ``folder``."""
    from subs_assets.commands.published import substitution_inputs
    from subs_assets.database import frames, tables
    from subs_assets.database.engine import open_engine
    from subs_assets.model.trained import SHIPPED, load
    from subs_assets.settings import Settings

    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    with engine.connect() as connection:
        inputs, features = substitution_inputs(connection, settings)
        categories = frames.read(connection, tables.listing_categories)
    engine.dispose()
    ids = inputs.products["product_id"].to_numpy(object)
    random = np.random.default_rng(SEED)
    judge = night_judge(inputs, load(settings.model or SHIPPED).acceptance)
    drawn = draw(inputs, features, judge, random, _products_of(labels, inputs))
    listed = sheet_listings(inputs.listings, inputs.product_listings, categories)
    product = listed.of(ids[drawn["left"]], drawn["company_slug"].to_numpy(object), "product_")
    substitute = listed.of(ids[drawn["right"]], drawn["target_company_slug"].to_numpy(object), "substitute_")
    keys = pd.DataFrame(
        {
            "company_slug": drawn["company_slug"],
            "sku": product["product_sku"],
            "target_company_slug": drawn["target_company_slug"],
            "target_sku": substitute["substitute_sku"],
        }
    )
    number = keys.groupby(list(keys.columns), sort=False).ngroup() + 1
    strata = pd.concat([number.rename("pair"), keys, drawn[["stratum", "pooled"]]], axis=1)
    sheet = pd.concat([number.rename("pair"), product, substitute], axis=1).drop_duplicates("pair")
    folder.mkdir(parents=True, exist_ok=True)
    shuffled = sheet.iloc[random.permutation(len(sheet))].drop(columns=["product_sku", "substitute_sku"])
    shuffled.to_csv(folder / "sheet.csv", index=False, encoding="utf-8")
    strata.to_csv(folder / "strata.csv", index=False, encoding="utf-8")
    print(drawn["stratum"].value_counts().to_string())
    print(f"{len(sheet)} pairs in {folder / 'sheet.csv'}")


def _products_of(labels: Collection[Path], inputs: SubstitutionInputs) -> set[int]:
    """The rows of the products that these label files hold."""
    number = {product: place for place, product in enumerate(inputs.products["product_id"])}
    known = inputs.product_listings.set_index(["company_slug", "sku"])["product_id"].to_dict()
    held: set[int] = set()
    for file in labels:
        before = pd.read_csv(file, encoding="utf-8", dtype=str)
        for side in (["company_slug", "sku"], ["target_company_slug", "target_sku"]):
            keys = before[side].itertuples(index=False, name=None)
            held |= {number[known[key]] for key in keys if key in known}
    return held


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
