"""The pairs of products that people label: what any method would offer and what it would not, drawn by strata,
shuffled, and written without any score or level.

``python -m subs_assets.evaluation.substitution_pool FOLDER SEED [LABELS]`` reads what SUBS_HOME has published and
writes ``sheet.csv`` (for labellers: both products as a shopper sees them) and ``strata.csv`` (which stratum each pair
is from, how many pairs that has and how many were drawn). No product that the file LABELS holds is drawn again.
docs/labelling-substitutions.md is the guideline.
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.embedding.similarity import NameFeatures, Pairs
from subs_assets.substitution.acceptance import shipped_acceptance
from subs_assets.substitution.build import SubstitutionInputs, candidate_pairs, night_judge
from subs_assets.substitution.candidates import together
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.offers import Offers

NEAREST = 5
"""For every product and company so many by meaning, by spelling and by both join the pool, whatever stands where."""

BANDS = (0.5, 0.6, 0.7, 0.8)
"""Scores at which a new stratum begins."""

QUOTA = 6
LOW_QUOTA = 2
"""Pairs to draw of each stratum between two companies; less of those that nobody doubts: refused, or unlike and without
level."""

STRATUM = ["company_slug", "target_company_slug", "stratum"]
KEYS = ["company_slug", "sku", "target_company_slug", "target_sku"]


LOW_STRATA = ("refused", "level 0, band 0", "level 0, band 1", "level 0, band 2")


def pool(inputs: SubstitutionInputs, features: NameFeatures, judge: Judge) -> pd.DataFrame:
    """Judged pairs (``Judge.judge``) that any method might offer, with ``stratum``: gate or level, and band of the
    score."""
    pairs = together([candidate_pairs(inputs, features, judge), nearest_everywhere(features, judge.offers)])
    judged = judge.judge(pairs)
    band = np.searchsorted(BANDS, judged["score"], side="right")
    level = "level " + judged["level"].astype(str)
    kind = level.where(judged["gate"] == 0, "refused")
    judged["stratum"] = kind + ", band " + band.astype(str)
    first = judge.offers.rows.drop_duplicates("product").set_index("product")["company"]
    slugs = np.array(judge.offers.companies, object)
    judged["company_slug"] = slugs[first[judged["left"]]]
    judged["target_company_slug"] = slugs[judged["company"]]
    return judged


def nearest_everywhere(features: NameFeatures, offers: Offers) -> Pairs:
    """For every product its nearest at every company, by meaning, by spelling and by both."""
    found = []
    for _, sold in offers.rows.groupby("company")["product"]:
        columns = sold.to_numpy(np.intp)
        for rows in np.array_split(np.arange(len(features)), max(1, len(features) // 500)):
            cosine, lexical = features.similarities(rows, columns)
            same = rows[:, None] == columns[None, :]
            for similarity in (cosine, lexical, (cosine + lexical) / 2):
                order = np.argpartition(np.where(same, -1.0, similarity), -NEAREST, axis=1)[:, -NEAREST:]
                i = np.repeat(np.arange(len(rows)), NEAREST)
                j = order.ravel()
                keep = rows[i] != columns[j]
                i, j = i[keep], j[keep]
                found.append(Pairs(rows[i], columns[j], cosine[i, j], lexical[i, j]))
    return together(found)


def draw(pooled: pd.DataFrame, random: np.random.Generator, taken: Collection[int]) -> pd.DataFrame:
    """Some pairs of each stratum, with ``pooled`` and ``drawn``: how many pairs the stratum has, and how many
    of them were drawn. No product is drawn twice, nor one that is ``taken``."""
    used = set(taken)
    parts = []
    for (_, _, name), stratum in pooled.groupby(STRATUM, sort=True):
        quota = LOW_QUOTA if name.startswith(LOW_STRATA) else QUOTA
        order = random.permutation(len(stratum))
        chosen: list[int] = []
        for place in order:
            left, right = int(stratum["left"].iloc[place]), int(stratum["right"].iloc[place])
            if len(chosen) < quota and left not in used and right not in used:
                chosen.append(place)
                used |= {left, right}
        parts.append(stratum.iloc[np.sort(chosen)].assign(pooled=len(stratum), drawn=len(chosen)))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Shown:
    """The listings that stand for products on a sheet: the first at the product's company, the cheapest at the
    substitute's."""

    listings: pd.DataFrame

    def of(self, product_ids: NDArray[np.object_], companies: NDArray[np.object_], prefix: str) -> pd.DataFrame:
        """``<prefix>company_slug``, ``sku``, and what a shopper sees."""
        keys = pd.MultiIndex.from_arrays([product_ids, companies])
        found = self.listings.reindex(keys).reset_index(drop=True)
        return found.add_prefix(prefix)


def shown_listings(listings: pd.DataFrame, product_listings: pd.DataFrame, listing_categories: pd.DataFrame) -> Shown:
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
    return Shown(seen.set_index(["product_id", "company_slug"]))


def main(folder: Path, seed: int, labels: Path | None = None) -> None:
    """Draw from the published tables of this installation, and write the two files into ``folder``."""
    from subs_assets.commands.published import substitution_inputs
    from subs_assets.database import frames, tables
    from subs_assets.database.engine import open_engine
    from subs_assets.settings import Settings

    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    with engine.connect() as connection:
        inputs, features = substitution_inputs(connection, settings)
        categories = frames.read(connection, tables.listing_categories)
    engine.dispose()
    ids = inputs.products["product_id"].to_numpy(object)
    taken: set[int] = set()
    if labels is not None:
        before = pd.read_csv(labels, encoding="utf-8", dtype=str)
        number = {product: place for place, product in enumerate(ids)}
        known = inputs.product_listings.set_index(["company_slug", "sku"])["product_id"].to_dict()
        for side in (["company_slug", "sku"], ["target_company_slug", "target_sku"]):
            held = before[side].itertuples(index=False, name=None)
            taken |= {number[known[key]] for key in held if key in known}
    random = np.random.default_rng(seed)
    drawn = draw(pool(inputs, features, night_judge(inputs, shipped_acceptance())), random, taken)
    shown = shown_listings(inputs.listings, inputs.product_listings, categories)
    product = shown.of(ids[drawn["left"]], drawn["company_slug"].to_numpy(object), "product_")
    substitute = shown.of(ids[drawn["right"]], drawn["target_company_slug"].to_numpy(object), "substitute_")
    sheet = pd.concat([pd.Series(np.arange(1, len(drawn) + 1), name="pair"), product, substitute], axis=1)
    strata = pd.DataFrame(
        {
            "pair": sheet["pair"],
            "company_slug": drawn["company_slug"],
            "sku": sheet["product_sku"],
            "target_company_slug": drawn["target_company_slug"],
            "target_sku": sheet["substitute_sku"],
            "stratum": drawn["stratum"],
            "pooled": drawn["pooled"],
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    shuffled = sheet.iloc[random.permutation(len(sheet))].drop(columns=["product_sku", "substitute_sku"])
    shuffled.to_csv(folder / "sheet.csv", index=False, encoding="utf-8")
    strata.to_csv(folder / "strata.csv", index=False, encoding="utf-8")
    print(drawn.groupby("stratum")[["pooled"]].agg(["size"]).to_string())
    print(f"{len(drawn)} pairs in {folder / 'sheet.csv'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(Path, sys.argv[3:4]))
