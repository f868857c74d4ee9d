"""How well identity finds what the barcodes tell, with the barcodes hidden, and how often it joins what cannot be one.

``python -m subs_assets_tests.unit.identity.measure`` prints figures of docs/identity.md, which says which;
the floors are held by test_real_catalogues.py. The products that Coles and IGA share by GTIN are divided by a hash: the
rule was made looking at the development half alone. Whoever changes it looks at that half, and at the other one only to
report.
"""

import argparse
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pandas as pd

from subs_assets.catalogue.companies import find_sources
from subs_assets.catalogue.company import combine, read_company
from subs_assets.identity.products import identify
from subs_assets.identity.words import words

SOURCES = Path(__file__).parents[2] / "catalogues"
BESIDE_THE_REPOSITORY = Path(__file__).parents[4] / "shared" / "catalogues"


@dataclass(frozen=True)
class Measured:
    """Products that two companies share by GTIN; ``found`` were joined without it, ``wrong`` is how often two GTINs."""

    shared: int
    found: int
    wrong: int

    @property
    def recall(self) -> float:
        return self.found / self.shared

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrong)


def real_catalogues() -> Path:
    return Path(os.environ.get("SUBS_REAL_CATALOGUES") or BESIDE_THE_REPOSITORY)


def read_listings(country: str) -> pd.DataFrame:
    sources = find_sources([SOURCES / country], {"SUBS_REAL_CATALOGUES": str(real_catalogues())})
    return combine(read_company(source) for source in sources.values()).listings


def is_held_out(gtin: str) -> bool:
    return hashlib.sha256(gtin.encode()).digest()[0] % 2 == 1


def measure(listings: pd.DataFrame, held_out: bool, others_hidden: bool) -> Measured:
    """Over one half of the GTINs, which are hidden; ``others_hidden``: so are those of the other half.

    A wrong join counts for the half of its first company's GTIN. What joins a listing without a GTIN is not judged.
    """
    known = listings.dropna(subset=["gtin"])
    half = {gtin for gtin in known["gtin"].unique() if is_held_out(gtin) == held_out}
    companies = known[known["gtin"].isin(half)].groupby("gtin")["company_slug"].nunique()
    hidden = listings["gtin"].notna() if others_hidden else listings["gtin"].isin(half)
    identity = identify(listings.assign(gtin=listings["gtin"].mask(hidden)))
    truth = known.set_index(["company_slug", "sku"])["gtin"]
    joined = [(truth.get(left), truth.get(right)) for left, right in joined_pairs(identity.product_listings)]
    judged = [(left, right) for left, right in joined if left in half and right is not None]
    found = {left for left, right in judged if left == right}
    return Measured(int((companies > 1).sum()), len(found), sum(left != right for left, right in judged))


def joined_pairs(product_listings: pd.DataFrame) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(company_slug, sku) twice, of listings of two companies in one product; the first company sorts first."""
    several = product_listings[product_listings.duplicated("product_id", keep=False)]
    for _, product in several.groupby("product_id"):
        listings = sorted(zip(product["company_slug"], product["sku"], strict=True))
        yield from ((left, right) for left, right in combinations(listings, 2) if left[0] != right[0])


LABELS = Path(__file__).with_name("merge_labels.csv")
"""100 of the 118 Australian joins of September 2025 that no two GTINs decide, each judged by two readers, language
models that were given the sheet and the guideline and nothing else: same, different, cannot tell. Not to be edited; the
joins of a new rule want labels of their own.
"""


@dataclass(frozen=True)
class Read:
    """The joins of a run that were read, and how many of them each of both readers calls different, or cannot tell."""

    joins: int
    read: int
    different: int
    undecided: int


def read_joins(listings: pd.DataFrame) -> Read:
    """Over the joins that two GTINs do not decide."""
    labels = pd.read_csv(LABELS, dtype="str").set_index(["company_slug", "sku", "other_company_slug", "other_sku"])
    gtin = listings.set_index(["company_slug", "sku"])["gtin"]
    joined = joined_pairs(identify(listings).product_listings)
    open_joins = [(*left, *right) for left, right in joined if pd.isna(gtin[left]) or pd.isna(gtin[right])]
    answers = labels.reindex(pd.MultiIndex.from_tuples(open_joins)).dropna()
    different, undecided = ((answers == answer).any(axis=1).sum() for answer in ("different", "cannot tell"))
    return Read(len(open_joins), len(answers), int(different), int(undecided))


@dataclass(frozen=True)
class Cut:
    """One company's listings as if they were two companies', so that every join is wrong; ``same_words`` of the joins
    have the same words, and are mostly one thing listed twice.
    """

    listings: int
    joins: int
    same_words: int


def cut_in_two(listings: pd.DataFrame) -> Cut:
    """Cut by a hash of the sku."""
    halves = [f"half_{hashlib.sha256(sku.encode()).digest()[0] % 2}" for sku in listings["sku"]]
    joined = list(joined_pairs(identify(listings.assign(company_slug=halves, gtin=None)).product_listings))
    bags = dict(zip(listings["sku"], map(words, listings["core_name"]), strict=True))
    return Cut(len(listings), len(joined), sum(bags[left[1]] == bags[right[1]] for left, right in joined))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", action="store_true", help="measure the held-out half too")
    parser.add_argument("--austria", action="store_true", help="count wrong joins on the Austrian catalogues too")
    given = parser.parse_args()
    listings = read_listings("au")
    for held_out in (False, True) if given.held_out else (False,):
        for others_hidden in (True, False):
            measured = measure(listings, held_out, others_hidden)
            half, hidden = "held out" if held_out else "development", "every GTIN" if others_hidden else "its GTINs"
            print(
                f"{half}, {hidden} hidden: "
                f"{measured.found} of {measured.shared} found (recall {measured.recall:.2f}), {measured.wrong} wrong "
                f"(precision {measured.precision:.3f})"
            )
    read = read_joins(listings)
    print(
        f"{read.joins} joins that two GTINs do not decide, {read.read} judged by two readers: "
        f"{read.different} different, {read.undecided} cannot be told"
    )
    for country in ("au", "at") if given.austria else ("au",):
        for company, own in read_listings(country).groupby("company_slug"):
            cut = cut_in_two(own)
            print(f"{company} cut in two: {cut.joins} of {cut.listings} joined, {cut.same_words} with the same words")


if __name__ == "__main__":
    main()
