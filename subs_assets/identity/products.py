"""Listings to products: which listings are one trade item, and which cannot be told; names are normalised elsewhere."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import pandas as pd

from subs_assets.database import frames, tables
from subs_assets.identity.contradiction import contradiction
from subs_assets.identity.likeness import likenesses
from subs_assets.identity.pairs import MARGIN, doubt, judge

MOST_LISTINGS_OF_A_GTIN = 50
"""Beyond this a barcode is a placeholder. Twelve companies with a handful of variants each stay far below."""

PRODUCTS_NAMED = 4
"""How many products a reason names, so that it stays a sentence."""


@dataclass(frozen=True)
class Identity:
    """The tables ``products``, ``product_listings`` and ``identity_conflicts``."""

    products: pd.DataFrame
    product_listings: pd.DataFrame
    identity_conflicts: pd.DataFrame


class _Listing(NamedTuple):
    company_slug: str
    sku: str
    brand: str | None
    brand_key: str | None
    name: str
    core_name: str
    gtin: str | None
    quantity: float | None
    total: float | None
    unit: str | None
    pack_count: int | None
    approximate: bool
    claims: str

    @property
    def reference(self) -> str:
        return f"{self.company_slug}:{self.sku}"


@dataclass
class _Group:
    """Listings that are one product; ``disputed``: they stood under a GTIN that others have a better claim to."""

    listings: list[_Listing]
    gtin: str | None = None
    disputed: bool = False

    @property
    def companies(self) -> set[str]:
        return {listing.company_slug for listing in self.listings}

    @property
    def product_id(self) -> str:
        return self.gtin or min(self.listings).reference


class _Link(NamedTuple):
    """Two groups, by their numbers, that two of their listings say are one product."""

    one: int
    other: int
    likeness: float


@dataclass
class _Conflicts:
    """(conflict_id, kind, reason, listings) as they are found; product ids are known only at the end."""

    found: list[tuple[str, str, str, list[_Listing]]] = field(default_factory=list)

    def add(self, kind: str, subject: str, reason: str, listings: Iterable[_Listing]) -> None:
        self.found.append((f"{kind}: {subject}", kind, reason, list(listings)))


def identify(listings: pd.DataFrame) -> Identity:
    """GTIN, then brand, name and size; what is ambiguous or uncertain stays apart and is listed as a conflict.

    Listings with one GTIN are one product, unless their names or sizes plainly contradict. Listings of *different*
    companies join by brand, name and size where neither company has another listing that comes near
    (``identity/pairs.py``), and no product has two listings of a company but by GTIN, or two that were found ambiguous
    or contradictory. The order of the rows and of the companies is without influence. A product's attributes are those
    of its first listing, in key order, that has them.
    """
    ordered = listings.sort_values(["company_slug", "sku"], ignore_index=True)
    rows = _rows(ordered)
    conflicts = _Conflicts()
    groups = _join_by_name(ordered, rows, _group_by_gtin(rows, conflicts), conflicts)
    product_listings = _product_listings(groups)
    return Identity(
        products=_products(listings, product_listings, groups),
        product_listings=product_listings,
        identity_conflicts=_conflict_frame(conflicts, product_listings),
    )


def _rows(listings: pd.DataFrame) -> list[_Listing]:
    ordered = listings[list(_Listing._fields)].astype(object)
    ordered = ordered.where(ordered.notna(), None)
    return [_Listing(*row) for row in ordered.itertuples(index=False, name=None)]


def _group_by_gtin(rows: list[_Listing], conflicts: _Conflicts) -> list[_Group]:
    by_gtin: defaultdict[str, list[_Listing]] = defaultdict(list)
    groups = []
    for listing in rows:
        if listing.gtin is None:
            groups.append(_Group([listing]))
        else:
            by_gtin[listing.gtin].append(listing)
    for gtin, together in sorted(by_gtin.items()):
        groups.extend(_split_contradicting(gtin, together, conflicts))
    return groups


def _split_contradicting(gtin: str, together: list[_Listing], conflicts: _Conflicts) -> Iterator[_Group]:
    """One group where nothing contradicts; else one for each version of the story, and a conflict.

    The version that most listings tell keeps the GTIN; where two are told equally often nobody can say, and neither
    has it.
    """
    if len(together) > MOST_LISTINGS_OF_A_GTIN:
        reason = f"GTIN {gtin} stands on {len(together)} listings and is taken for a placeholder"
        conflicts.add("gtin_name_mismatch", gtin, reason, together)
        yield from (_Group([listing], disputed=True) for listing in together)
        return
    versions: list[list[_Listing]] = []
    differences: list[str] = []
    for listing in together:
        against = None
        for version in versions:
            against = next((why for other in version if (why := contradiction(other, listing))), None)
            if against is None:
                version.append(listing)
                break
            differences.append(against)
        else:
            versions.append([listing])
    if len(versions) == 1:
        yield _Group(together, gtin=gtin)
        return
    conflicts.add("gtin_name_mismatch", gtin, f"GTIN {gtin} stands on {differences[0]}; kept apart", together)
    versions.sort(key=len, reverse=True)
    decided = len(versions[0]) > len(versions[1])
    for place, version in enumerate(versions):
        keeps = decided and place == 0
        yield _Group(version, gtin=gtin if keeps else None, disputed=not keeps)


def _join_by_name(
    listings: pd.DataFrame, rows: list[_Listing], groups: list[_Group], conflicts: _Conflicts
) -> list[_Group]:
    """``rows`` are the listings in the order of the frame."""
    number_of = {listing: number for number, group in enumerate(groups) for listing in group.listings}
    numbers = np.array([number_of[listing] for listing in rows], dtype=np.int64)
    pairs = likenesses(listings)
    undecided, contradicted = _what_gtins_leave(pairs, rows, groups, numbers)
    for pair in judge(pairs[contradicted], listings, numbers).itertuples(index=False):
        if pair.alone and pair.doubt is None:
            apart = [[rows[pair.left]], [rows[pair.right]]]
            gtins = " and ".join(str(listing.gtin) for [listing] in apart)
            _report("contradicting_gtin", f"same brand, name and size, but GTINs {gtins}", apart, conflicts)

    judged = judge(pairs[undecided], listings, numbers)
    doubtful = judged["doubt"].notna()
    links, ambiguous = (_links(judged[those], numbers) for those in (judged["alone"] & ~doubtful, ~judged["alone"]))
    refused = {(link.one, link.other) for link in ambiguous}
    products, product_of = dict(enumerate(groups)), {number: number for number in range(len(groups))}
    for members in _settled(links, groups, refused):
        products[members[0]] = _whole([groups[number] for number in members])
        product_of |= dict.fromkeys(members, members[0])

    for pair in judged[judged["alone"] & doubtful].itertuples(index=False):
        if product_of[numbers[pair.left]] != product_of[numbers[pair.right]]:  # else a third listing has joined them
            apart = [[rows[pair.left]], [rows[pair.right]]]
            _report("uncertain_name", f"alike in brand, name and size, but {pair.doubt}", apart, conflicts)
    between = [_Link(product_of[link.one], product_of[link.other], link.likeness) for link in ambiguous + links]
    for alike, _ in _hanging_together([link for link in between if link.one != link.other]):
        parts = [products[number] for number in alike]
        reason = _problem(parts) or "another product, too, has this brand, name and size"
        _report("ambiguous_name", reason, [sorted(part.listings) for part in parts], conflicts)
    return [products[number] for number in sorted(set(product_of.values()))]


def _links(pairs: pd.DataFrame, numbers: np.ndarray) -> list[_Link]:
    ends = np.sort(numbers[pairs[["left", "right"]].to_numpy()], axis=1)
    return [_Link(*link) for link in zip(*ends.T.tolist(), pairs["likeness"].tolist(), strict=True)]


def _hanging_together(links: list[_Link]) -> list[tuple[list[int], list[_Link]]]:
    """What the links join, by numbers, each part with its links."""
    part_of: dict[int, tuple[list[int], list[_Link]]] = {
        end: ([end], []) for link in links for end in (link.one, link.other)
    }
    for link in links:
        smaller, larger = sorted((part_of[link.one], part_of[link.other]), key=lambda part: len(part[0]))
        if smaller is not larger:
            larger[0].extend(smaller[0])
            larger[1].extend(smaller[1])
            part_of.update(dict.fromkeys(smaller[0], larger))
        larger[1].append(link)
    parts = {id(part): part for part in part_of.values()}
    return [(sorted(members), inside) for members, inside in parts.values()]


def _settled(links: list[_Link], groups: list[_Group], refused: set[tuple[int, int]]) -> Iterator[list[int]]:
    """What the links join and may be one product.

    Where something stands against it, nobody can say which of two links that are as alike is the wrong one: the least
    alike go, and all that come near them.
    """
    for members, inside in _hanging_together(links):
        if _may_be_one(members, groups, refused):
            yield members
        else:
            enough = min(link.likeness for link in inside) + MARGIN
            yield from _settled([link for link in inside if link.likeness >= enough], groups, refused)


def _may_be_one(members: list[int], groups: list[_Group], refused: set[tuple[int, int]]) -> bool:
    return refused.isdisjoint(combinations(members, 2)) and _problem([groups[number] for number in members]) is None


def _what_gtins_leave(
    pairs: pd.DataFrame, rows: list[_Listing], groups: list[_Group], numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """bool (pairs,) twice: what GTINs leave undecided, and what two GTINs contradict.

    Neither holds where a GTIN is disputed, nor where it has joined one listing with the other's company already.
    ``numbers``: int64 (listings,), the group of each.
    """
    companies = pd.factorize(np.array([listing.company_slug for listing in rows], dtype=object))[0]
    has_gtin = np.array([group.gtin is not None for group in groups], dtype=bool)[numbers]
    disputed = np.array([group.disputed for group in groups], dtype=bool)[numbers]
    count = companies.max(initial=0) + 1
    taken = np.unique(numbers * count + companies)
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    free = ~(disputed[left] | disputed[right])
    for one, other in ((left, right), (right, left)):
        free &= ~np.isin(numbers[one] * count + companies[other], taken)
    both = has_gtin[left] & has_gtin[right]
    return free & ~both, free & both


def _problem(parts: list[_Group]) -> str | None:
    """Why these are not one product, as a sentence without its end; None where nothing speaks against it."""
    repeated = _repeated_companies(parts)
    if repeated:
        return f"more than one product of {' and of '.join(repeated)} has this brand, name and size"
    gtins = sorted({part.gtin for part in parts if part.gtin})
    if len(gtins) > 1:
        return f"joined, they would have GTINs {' and '.join(gtins)}"
    for one, other in combinations(parts, 2):
        for pair in product(one.listings, other.listings):
            if (against := contradiction(*pair)) is not None:
                return f"joined, they would be {against}"
            if (against := doubt(*pair)) is not None:
                return f"alike in brand, name and size by a third, but {against}"
    return None


def _whole(parts: list[_Group]) -> _Group:
    gtin = next((part.gtin for part in parts if part.gtin), None)
    return _Group([listing for part in parts for listing in part.listings], gtin, parts[0].disputed)


def _repeated_companies(parts: list[_Group]) -> list[str]:
    counts = Counter(company for part in parts for company in part.companies)
    return sorted(company for company, count in counts.items() if count > 1)


def _report(kind: str, reason: str, apart: list[list[_Listing]], conflicts: _Conflicts) -> None:
    """``apart``: the listings by the products that they ended in."""
    first = ", ".join(together[0].reference for together in apart[:PRODUCTS_NAMED])
    named = ", ".join(" with ".join(listing.reference for listing in together) for together in apart[:PRODUCTS_NAMED])
    more = f" and {len(apart) - PRODUCTS_NAMED} more" if len(apart) > PRODUCTS_NAMED else ""
    involved = [listing for together in apart for listing in together]
    conflicts.add(kind, first, f"{reason} ({named}{more}); kept apart", involved)


def _product_listings(groups: list[_Group]) -> pd.DataFrame:
    """``matched_by``: gtin where the listing carries the product's, name where it joined without, sku where alone."""
    rows = []
    for group in groups:
        product_id = group.product_id
        for listing in group.listings:
            alone = len(group.listings) == 1
            matched_by = "gtin" if group.gtin and listing.gtin == group.gtin else "sku" if alone else "name"
            rows.append((listing.company_slug, listing.sku, product_id, matched_by))
    frame = pd.DataFrame(rows, columns=tables.product_listings.columns.keys())
    return frames.conform(frame, tables.product_listings)


def _products(listings: pd.DataFrame, product_listings: pd.DataFrame, groups: list[_Group]) -> pd.DataFrame:
    described = listings.merge(product_listings, on=["company_slug", "sku"]).sort_values(["company_slug", "sku"])
    first = described.drop_duplicates("product_id")[["product_id", "name", "core_name"]]
    # Taken whole from one listing each: a brand with its key, a size with its unit and pack.
    brand = _first_having(described, "brand_key", ["brand", "brand_key"])
    size = _first_having(described, "total", ["quantity", "unit", "pack_count", "total", "dimension", "approximate"])
    by_product = described.groupby("product_id")
    counts = by_product.agg(listing_count=("sku", "size"), company_count=("company_slug", "nunique")).reset_index()
    gtins = pd.DataFrame(
        {"product_id": [group.product_id for group in groups], "gtin": [group.gtin for group in groups]}, dtype="str"
    )
    products = first
    for attributes in (brand, size, counts, gtins):
        products = products.merge(attributes, on="product_id")
    return frames.conform(products[tables.products.columns.keys()], tables.products)


def _first_having(described: pd.DataFrame, needed: str, columns: list[str]) -> pd.DataFrame:
    """Per product the columns of its first listing that has the needed one; of its first, where none has."""
    having_first = described.assign(lacking=described[needed].isna()).sort_values("lacking", kind="stable")
    return having_first.drop_duplicates("product_id")[["product_id", *columns]]


def _conflict_frame(conflicts: _Conflicts, product_listings: pd.DataFrame) -> pd.DataFrame:
    keys = zip(product_listings["company_slug"], product_listings["sku"], strict=True)
    product_of = dict(zip(keys, product_listings["product_id"], strict=True))
    rows = [
        (conflict_id, listing.company_slug, listing.sku, kind, reason, product_of[listing.company_slug, listing.sku])
        for conflict_id, kind, reason, involved in conflicts.found
        for listing in involved
    ]
    frame = pd.DataFrame(rows, columns=tables.identity_conflicts.columns.keys())
    return frames.conform(frame, tables.identity_conflicts)
