"""Gate violations on flipped claims: real pairs, of which one side gains or loses one claim in its words, are judged
anew; each has to be refused.

``claim_wordings.csv`` holds how catalogues write each claim. It is not made from the patterns that read them.
"""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b
from importlib.resources import files

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue.claim_table import CLAIM_TABLE
from subs_assets.catalogue.listing import listing_claims
from subs_assets.evaluation.substitution_labels import LISTING
from subs_assets.substitution.attributes import product_attributes
from subs_assets.substitution.gates import CLAIM, REFUSING, Gates, claim_masks, served_by
from subs_assets.substitution.kinds import build_product_kinds
from subs_assets.substitution.product_claims import build_product_claims

STATES, LOSES, ALONE = "the product states it", "the substitute loses it", "only the substitute states it"

CASES = 100
"""Pairs that are tried for each claim and change."""

ONLY_FOR = {"age": "baby", "formula": "baby"}
"""Groups of claims that only products of one class make: "aged 6 months" is a cheese."""

_RIVALS = {
    "age": ("age",),
    "formula": ("formula",),
    "species": ("species", "life stage"),
    "life stage": ("species", "life stage"),
}
"""Groups of claims that a name makes one of: two ages in one name are no flip but a riddle."""

EXAMPLES = 5

STYLES: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.lower,
    str.title,
    str.swapcase,
    lambda words: words.replace(" ", "  "),
    lambda words: words.replace("-", "\N{NON-BREAKING HYPHEN}").replace(" ", "\N{NO-BREAK SPACE}"),
)
"""How careless or tasteful the same words may be set."""

WORDS_OF = {
    "gluten_free": ("gluten",),
    "wheat_free": ("wheat", "weizen"),
    "lactose_free": ("lact", "lakt", "minus"),
    "dairy_free": ("dairy", "milk", "milch"),
    "egg_free": ("egg", "ei", "eier", "eifrei"),
    "nut_free": ("nut", "nuss", "nüsse"),
    "peanut_free": ("peanut", "erdnuss"),
    "soy_free": ("soy", "soja"),
    "low_fodmap": ("fodmap",),
    "vegan": ("vegan",),
    "plant_based": ("plant", "pflanz"),
    "vegetarian": ("vegetari", "meat", "fleisch", "veggie"),
    "halal": ("halal",),
    "kosher": ("kosher", "koscher"),
    "sugar_free": ("sugar", "zucker", "zero", "diet", "light", "max"),
    "no_added_sugar": ("added", "add", "sweet", "gesüss", "gesüß"),
    "decaf": ("decaf", "caffein", "koff", "coffein"),
    "alcohol_free": ("alc", "alk", "0.0", "0,0", "zero"),
    **dict.fromkeys(
        (claim.claim for claim in CLAIM_TABLE.values() if claim.group in {"age", "formula"}),
        ("month", "monat", "mth", "year", "jahr", "toddler", "birth", "geburt", "m+", "formula", "milch", "nahrung"),
    ),
    **dict.fromkeys(
        (claim.claim for claim in CLAIM_TABLE.values() if claim.group in {"species", "life stage"}),
        ("dog", "cat", "bird", "fish", "rabbit", "horse", "pupp", "kitten", "hund", "katze", "senior", "7+"),
    ),
}
"""Pieces of words; a name that loses the claim loses every word with one of them."""


@dataclass(frozen=True)
class Flips:
    """What came of one change of one claim.

    ``cases``: pairs that no gate refused before. ``violations``: those that the gate of claims does not refuse after.
    ``still_stated``: pairs that are no case, because a shelf or the brand states what the name has lost.
    ``examples``: the changed names of some violations.
    """

    claim: str
    change: str
    cases: int
    violations: int
    still_stated: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Catalogues:
    """The tables of these names of one night."""

    listings: pd.DataFrame
    listing_categories: pd.DataFrame
    products: pd.DataFrame
    product_listings: pd.DataFrame

    def kinds(self) -> pd.DataFrame:
        """Table ``product_kinds``."""
        return build_product_kinds(self.products, self.product_listings, self.listings, self.listing_categories)

    def claims(self, kinds: pd.DataFrame) -> pd.DataFrame:
        """Table ``product_claims`` of products of these kinds."""
        return build_product_claims(self.products, self.product_listings, self.listings, self.listing_categories, kinds)


def flipped_claims(
    catalogues: Catalogues, pairs: Iterable[tuple[str, str]], most: int = CASES, flipped: Sequence[str] = REFUSING
) -> list[Flips]:
    """Each claim of ``flipped`` changed in each way, on at most ``most`` of ``pairs`` (product id, substitute id).

    The same pairs give the same cases in whatever order they come.
    """
    products, kinds = catalogues.products, catalogues.kinds()
    claims = catalogues.claims(kinds)
    known = _known_pairs(products, claims, kinds, pairs)
    changes = _changes(flipped)
    cases = pd.concat([_cases(known, claim, change, most) for claim, change in changes], ignore_index=True)
    if cases.empty:
        return [Flips(claim, change, 0, 0, 0, ()) for claim, change in changes]
    cases["case"] = [f"case {number}" for number in range(len(cases))]
    changed = _changed(catalogues, cases)
    nameless = replace(changed, listings=_with_names(changed.listings, [""] * len(changed.listings)))
    changed_kinds = _kinds_of_cases(kinds, cases)
    still_said = nameless.claims(changed_kinds)["claims"].map(json.loads).map(frozenset).map(served_by)
    cases["still_stated"] = [
        change == LOSES and claim in said
        for change, claim, said in zip(cases["change"], cases["claim"], still_said, strict=True)
    ]
    cases["refused"] = _refused(
        pd.concat([products, changed.products[products.columns]], ignore_index=True),
        pd.concat([claims, changed.claims(changed_kinds)], ignore_index=True),
        pd.concat([kinds, changed_kinds], ignore_index=True),
        cases,
    )
    cases["name"] = changed.listings.groupby("case")["name"].agg(" / ".join).reindex(cases["case"]).array
    return [_flips(claim, change, cases) for claim, change in changes]


def _changes(flipped: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (claim, change)
        for claim in flipped
        for change in (STATES, LOSES, *([ALONE] if CLAIM_TABLE[claim].added else []))
    ]


@dataclass(frozen=True)
class _KnownPairs:
    """Pairs that no gate refuses; ``own`` and ``served``: masks of ``REFUSING`` per pair and side."""

    product_ids: NDArray[np.object_]
    substitute_ids: NDArray[np.object_]
    own: tuple[NDArray[np.int64], NDArray[np.int64]]
    served: NDArray[np.int64]
    product_class: NDArray[np.object_]


def _known_pairs(
    products: pd.DataFrame, claims: pd.DataFrame, kinds: pd.DataFrame, pairs: Iterable[tuple[str, str]]
) -> _KnownPairs:
    number = pd.Series(np.arange(len(products)), index=products["product_id"])
    asked = sorted(set(pairs))
    i = number[[product for product, _ in asked]].to_numpy(np.intp)
    j = number[[substitute for _, substitute in asked]].to_numpy(np.intp)
    kept = Gates(product_attributes(products, claims, kinds)).refusal(i, j) == 0
    i, j = i[kept], j[kept]
    stated = claims["claims"].map(json.loads).map(frozenset)
    own, served = claim_masks(stated, REFUSING), claim_masks(stated.map(served_by), REFUSING)
    ids, classes = products["product_id"].to_numpy(object), claims["product_class"].to_numpy(object)
    return _KnownPairs(ids[i], ids[j], (own[i], own[j]), served[j], classes[i])


def _cases(known: _KnownPairs, claim: str, change: str, most: int) -> pd.DataFrame:
    """DataFrame[claim, change, product_id, substitute_id, chance]: the pairs on which the flip is tried."""
    row = CLAIM_TABLE[claim]
    alike = [other for other in REFUSING if CLAIM_TABLE[other].group in _RIVALS.get(row.group, ())]
    bit, rivals = (int(claim_masks([frozenset(some)], REFUSING)[0]) for some in ({claim}, alike))
    product, substitute = known.own
    if change == LOSES:
        fits = (product & bit) != 0
    elif change == ALONE:
        fits = ((product | substitute) & rivals) == 0
    else:
        fits = ((product & (bit | rivals)) == 0) & ((known.served & bit) == 0)
    if change != LOSES and row.group in ONLY_FOR:
        fits &= known.product_class == ONLY_FOR[row.group]
    cases = pd.DataFrame({"product_id": known.product_ids[fits], "substitute_id": known.substitute_ids[fits]})
    chances = [_chance(claim, change, *pair) for pair in cases.itertuples(index=False, name=None)]
    cases = cases.assign(claim=claim, change=change, chance=pd.Series(chances, dtype=object))
    return cases.sort_values("chance", ignore_index=True).head(most)


def _chance(*words: str) -> int:
    return int.from_bytes(blake2b("\t".join(words).encode(), digest_size=6).digest(), "big")


def _changed(catalogues: Catalogues, cases: pd.DataFrame) -> Catalogues:
    """A copy of the changed side of each case, as a product whose id is the case."""
    copied = cases.assign(product_id=_changed_side(cases))[["case", "claim", "change", "chance", "product_id"]]
    product_listings = copied.merge(catalogues.product_listings[[*LISTING, "product_id"]], on="product_id")
    listings = product_listings.merge(catalogues.listings.drop(columns="claims"), on=LISTING)
    listings = listings.sort_values(["case", *LISTING], ignore_index=True)
    first = ~listings["case"].duplicated()  # what one listing states holds for the product
    rows = listings[["claim", "change", "name", "chance"]].itertuples(index=False, name=None)
    names = [
        _flipped_name(claim, change, name, chance, is_first)
        for (claim, change, name, chance), is_first in zip(rows, first, strict=True)
    ]
    shelves = product_listings.merge(catalogues.listing_categories, on=LISTING)
    products = copied.merge(catalogues.products, on="product_id")
    return Catalogues(
        _of_case(_with_names(listings, names)),
        _of_case(shelves),
        products.assign(product_id=products["case"]),
        _of_case(product_listings).assign(product_id=product_listings["case"]),
    )


def _changed_side(cases: pd.DataFrame) -> NDArray[np.object_]:
    return np.where(cases["change"] == STATES, cases["product_id"], cases["substitute_id"])


def _kinds_of_cases(kinds: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """A changed claim makes nothing another thing: the kind is that of the product as it was, or the gate of forms
    would speak where the gate of claims is asked."""
    as_they_were = kinds.set_index("product_id").loc[_changed_side(cases)].reset_index(drop=True)
    return as_they_were.assign(product_id=cases["case"].array)[kinds.columns]


def _flipped_name(claim: str, change: str, name: str, chance: int, is_first: bool) -> str:
    if change == LOSES:
        return name_without(claim, name)
    return name_with(claim, name, chance) if is_first else name


def _with_names(listings: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    brands = listings["brand"].astype(object).where(listings["brand"].notna(), None)
    claims = [json.dumps(listing_claims(name, brand)) for name, brand in zip(names, brands, strict=True)]
    return listings.assign(name=names, claims=claims)


def _of_case(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(sku=rows["case"] + " " + rows["sku"])


def _refused(
    products: pd.DataFrame, claims: pd.DataFrame, kinds: pd.DataFrame, cases: pd.DataFrame
) -> NDArray[np.bool_]:
    """Whether the gate of claims refuses each case; the tables hold the products as they were and the changed ones."""
    gates = Gates(product_attributes(products, claims, kinds))
    number = pd.Series(np.arange(len(products)), index=products["product_id"])
    product = np.where(cases["change"] == STATES, cases["case"], cases["product_id"])
    substitute = np.where(cases["change"] == STATES, cases["substitute_id"], cases["case"])
    return gates.refusal(number[product].to_numpy(np.intp), number[substitute].to_numpy(np.intp)) == CLAIM


def _flips(claim: str, change: str, cases: pd.DataFrame) -> Flips:
    tried = cases[(cases["claim"] == claim) & (cases["change"] == change)]
    flips = tried[~tried["still_stated"]]
    violations = flips[~flips["refused"]]
    return Flips(
        claim, change, len(flips), len(violations), len(tried) - len(flips), tuple(violations["name"].head(EXAMPLES))
    )


@cache
def wordings() -> dict[str, tuple[str, ...]]:
    """Per claim how catalogues write it, with ``{name}`` for the rest of the name."""
    text = files("subs_assets.evaluation").joinpath("claim_wordings.csv").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["claim"], []).append(row["wording"])
    return {claim: tuple(written) for claim, written in found.items()}


def name_with(claim: str, name: str, chance: int) -> str:
    """``name`` with the claim's words, in the wording and style that ``chance`` picks."""
    written = wordings()[claim]
    before, after = written[chance % len(written)].split("{name}")
    style = STYLES[chance // len(written) % len(STYLES)]
    return f"{style(before)}{name}{style(after)}"


def name_without(claim: str, name: str) -> str:
    """``name`` without the words of ``claim`` and of those that imply it or serve for it."""
    pieces = {
        piece
        for other in CLAIM_TABLE.values()
        if claim in (other.claim, *other.implies, *other.serves)
        for piece in WORDS_OF.get(other.claim, ())
    }
    kept = [word for word in name.split() if not any(piece in word.casefold() for piece in pieces)]
    return " ".join(kept) or "thing"
