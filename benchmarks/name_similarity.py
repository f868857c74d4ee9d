"""How well meaning, spelling and both find the listing that belongs to another one.

``python -m benchmarks.name_similarity`` needs the real catalogues (SUBS_REAL_CATALOGUES) and, the first time, minutes
of encoding, whose vectors are kept. SUBS_ENCODER and SUBS_MODEL say what is measured.

- au/: the products that Coles and IGA share by GTIN. A Coles listing asks, all IGA listings answer.
- at/: German names. A listing of one of five companies asks, all listings of another answer; right is an answer with
  the same ``category_code``, two characters that these companies have in common (the first: the department).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.inputs import CACHE, SOURCES, are_real
from benchmarks.rows import Row, Size
from subs_assets.catalogue.companies import find_sources
from subs_assets.catalogue.company import combine, read_company
from subs_assets.embedding.fast_encoder import open_store
from subs_assets.embedding.similarity import NameFeatures, name_features
from subs_assets.model.trained import SHIPPED, load
from subs_assets.settings import Settings

CODED = ("billa", "hofer", "mpreis", "penny", "unimarkt")
QUESTIONS = 400
"""For each ordered pair of companies."""

KINDS = ("meaning", "spelling", "both")


@dataclass(frozen=True)
class Found:
    """Of ``asked`` listings, the share that was answered rightly, for each of ``KINDS``."""

    what: str
    asked: int
    shares: dict[str, float]


def rows(size: Size) -> list[Row]:
    """Shares and no times: what both together find, beside what spelling finds alone."""
    return [
        Row(one.what, one.asked, one.shares["both"], "", beside="spelling alone", other=one.shares["spelling"])
        for one in measure(Settings.from_environment())
    ]


def measure(settings: Settings) -> Iterator[Found]:
    if not are_real():
        raise LookupError("it needs the real catalogues: set SUBS_REAL_CATALOGUES to their folder")
    model = load(settings.model or SHIPPED)
    store = open_store(CACHE / "vectors", settings.encoder)
    listings = read("au")
    yield from shared_products(listings, name_features(listings["core_name"].tolist(), model.names, store))
    listings = read("at")
    listings = listings[listings["company_slug"].isin(CODED)].merge(codes(), on=["company_slug", "sku"])
    yield from common_codes(listings, name_features(listings["core_name"].tolist(), model.names, store))


def main() -> None:
    settings = Settings.from_environment()
    print(f"encoder {settings.encoder}")
    for one in measure(settings):
        print(f"{one.what} ({one.asked:,}): " + ", ".join(f"{kind} {share:.3f}" for kind, share in one.shares.items()))


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


def shared_products(listings: pd.DataFrame, features: NameFeatures) -> Iterator[Found]:
    numbered = listings.assign(row=np.arange(len(listings))).dropna(subset="gtin")
    coles, iga = (numbered[numbered["company_slug"] == company] for company in ("coles", "iga"))
    pairs = coles.merge(iga, on="gtin").drop_duplicates("gtin")
    answers = np.flatnonzero(listings["company_slug"] == "iga")
    ranks: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for asked, right in zip(pairs["row_x"], pairs["row_y"], strict=True):
        for kind, alike in similarities(features, np.array([asked]), answers).items():
            ranks[kind].append(int((alike[0] > alike[0][answers == right]).sum()))
    for what, within in (("the same product is first", 1), ("the same product is among the first ten", 10)):
        shares = {kind: float(np.mean(np.array(found) < within)) for kind, found in ranks.items()}
        yield Found(f"au/: {what}", len(pairs), shares)


def common_codes(listings: pd.DataFrame, features: NameFeatures) -> Iterator[Found]:
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
    for what, answers_of in (("same code", right), ("same department", department)):
        shares = {kind: float(np.mean(answers_of[kind])) for kind in KINDS}
        yield Found(f"at/: the nearest listing elsewhere has the {what}", len(right["both"]), shares)


def similarities(features: NameFeatures, left: np.ndarray, right: np.ndarray) -> dict[str, np.ndarray]:
    cosine, lexical = features.similarities(left, right)
    return dict(zip(KINDS, (cosine, lexical, (cosine + lexical) / 2), strict=True))


if __name__ == "__main__":
    main()
