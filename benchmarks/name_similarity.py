"""How well meaning, spelling and both find the listing that belongs to another one.

``python benchmarks/name_similarity.py`` needs the real catalogues (SUBS_REAL_CATALOGUES) and, the first time, minutes
of encoding, whose vectors are kept in SUBS_HOME.

- au/: the products that Coles and IGA share by GTIN. A Coles listing asks, all IGA listings answer.
- at/: German names. A listing of one of five companies asks, all listings of another answer; right is an answer with
  the same ``category_code``, two characters that these companies have in common (the first: the department).
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from subs_assets.catalogue.company import combine, read_company
from subs_assets.catalogue.source import find_sources
from subs_assets.embedding.fast_encoder import open_store
from subs_assets.embedding.similarity import NameFeatures, name_features
from subs_assets.model.trained import SHIPPED, load
from subs_assets.settings import Settings

SOURCES = Path(__file__).parents[1] / "subs_assets_tests" / "catalogues"
CODED = ("billa", "hofer", "mpreis", "penny", "unimarkt")
QUESTIONS = 400
"""For each ordered pair of companies."""

KINDS = ("meaning", "spelling", "both")


def main() -> None:
    settings = Settings.from_environment()
    model = load(settings.model or SHIPPED)
    store = open_store(settings.vectors, settings.encoder)
    print(f"encoder {settings.encoder}\n")
    listings = read("au")
    shared_products(listings, name_features(listings["core_name"].tolist(), model.names, store))
    listings = read("at")
    listings = listings[listings["company_slug"].isin(CODED)].merge(codes(), on=["company_slug", "sku"])
    common_codes(listings, name_features(listings["core_name"].tolist(), model.names, store))


def read(data_set: str) -> pd.DataFrame:
    return combine([read_company(source) for source in find_sources((SOURCES / data_set,)).values()]).listings


def codes() -> pd.DataFrame:
    folder = Path(os.environ["SUBS_REAL_CATALOGUES"]) / "at"
    raw = pd.concat(
        pd.read_csv(folder / company / f"items-{company}.csv.gz", dtype="str")[["store", "id", "category_code"]]
        for company in CODED
    )
    raw = raw[raw["category_code"].notna() & (raw["category_code"] != "A0")]
    return raw.set_axis(["company_slug", "sku", "code"], axis=1).drop_duplicates(["company_slug", "sku"])


def shared_products(listings: pd.DataFrame, features: NameFeatures) -> None:
    numbered = listings.assign(row=np.arange(len(listings))).dropna(subset="gtin")
    coles, iga = (numbered[numbered["company_slug"] == company] for company in ("coles", "iga"))
    pairs = coles.merge(iga, on="gtin").drop_duplicates("gtin")
    answers = np.flatnonzero(listings["company_slug"] == "iga")
    ranks: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for asked, right in zip(pairs["row_x"], pairs["row_y"], strict=True):
        for kind, alike in similarities(features, np.array([asked]), answers).items():
            ranks[kind].append(int((alike[0] > alike[0][answers == right]).sum()))
    print(f"au/: {len(pairs)} products shared by GTIN, among {len(answers):,} listings")
    for kind, found in ranks.items():
        places = np.array(found)
        print(f"  {kind:10}first {np.mean(places == 0):.2f}   among the first ten {np.mean(places < 10):.2f}")


def common_codes(listings: pd.DataFrame, features: NameFeatures) -> None:
    random = np.random.default_rng(0)
    company, code = listings["company_slug"].to_numpy(object), listings["code"].to_numpy(str)
    right: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    department: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for one in CODED:
        own = np.flatnonzero(company == one)
        for other in CODED:
            answers = np.flatnonzero(company == other)
            # Only what the other company has at all can be found there.
            could = own[np.isin(code[own], code[answers])]
            if one == other or not len(could):
                continue
            asked = random.choice(could, min(QUESTIONS, len(could)), replace=False)
            for kind, alike in similarities(features, asked, answers).items():
                nearest = answers[alike.argmax(axis=1)]
                right[kind] += (code[asked] == code[nearest]).tolist()
                department[kind] += [a[0] == b[0] for a, b in zip(code[asked], code[nearest], strict=True)]
    print(f"\nat/: {len(right['both']):,} nearest listings at another of {len(CODED)} companies")
    for kind in KINDS:
        print(f"  {kind:10}same code {np.mean(right[kind]):.3f}   same department {np.mean(department[kind]):.3f}")


def similarities(features: NameFeatures, left: np.ndarray, right: np.ndarray) -> dict[str, np.ndarray]:
    cosine, lexical = features.similarities(left, right)
    return dict(zip(KINDS, (cosine, lexical, (cosine + lexical) / 2), strict=True))


if __name__ == "__main__":
    main()
