"""Listings to products: which listings are one trade item, and which cannot be told; names are normalised elsewhere."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from subs_assets.database import frames, tables
from subs_assets.identity.contradiction import contradiction
from subs_assets.identity.match_key import MatchKey, match_key

MOST_LISTINGS_OF_A_GTIN = 50
"""Beyond this a barcode is a placeholder. Twelve companies with a handful of variants each stay far below."""

LISTINGS_NAMED = 4
"""How many listings a reason names, so that it stays a sentence."""


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
    core_name: str
    gtin: str | None
    quantity: float | None
    total: float | None
    unit: str | None
    pack_count: int | None
    approximate: bool

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


@dataclass
class _Conflicts:
    """(conflict_id, kind, reason, listings) as they are found; product ids are known only at the end."""

    found: list[tuple[str, str, str, list[_Listing]]] = field(default_factory=list)

    def add(self, kind: str, subject: str, reason: str, listings: Iterable[_Listing]) -> None:
        self.found.append((f"{kind}: {subject}", kind, reason, list(listings)))


def identify(listings: pd.DataFrame) -> Identity:
    """GTIN, then the normalised key of brand, name and size; what is ambiguous stays apart and is listed as a conflict.

    Listings with one GTIN are one product, unless their names or sizes plainly contradict. Listings of *different*
    companies join by the key when each company has at most one product with it, and GTINs and pack counts agree. The
    order of the rows is without influence. A product's attributes are those of its first listing, in key order, that
    has them.
    """
    conflicts = _Conflicts()
    groups = _join_by_key(_group_by_gtin(_rows(listings), conflicts), conflicts)
    product_listings = _product_listings(groups)
    return Identity(
        products=_products(listings, product_listings, groups),
        product_listings=product_listings,
        identity_conflicts=_conflict_frame(conflicts, product_listings),
    )


def _rows(listings: pd.DataFrame) -> list[_Listing]:
    ordered = listings.sort_values(["company_slug", "sku"])[list(_Listing._fields)].astype(object)
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


def _join_by_key(groups: list[_Group], conflicts: _Conflicts) -> list[_Group]:
    holders: defaultdict[MatchKey, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        for key in _keys(group):
            holders[key].append(number)
    joined = _Partition(len(groups))
    keys_joining: list[tuple[MatchKey, int]] = []
    for key, numbers in holders.items():
        same = [groups[number] for number in numbers]
        if len({company for group in same for company in group.companies}) < 2 or len(same) < 2:
            continue
        problem = _problem(same)
        if problem:
            _report(problem, key, same, conflicts)
            continue
        keys_joining.append((key, numbers[0]))
        for number in numbers[1:]:
            joined.join(numbers[0], number)

    key_of = {joined.root(number): key for key, number in reversed(keys_joining)}
    result = []
    for root, numbers in joined.parts():
        parts = [groups[number] for number in numbers]
        # Each key alone was clear; a product whose listings have two keys can still chain others that are not.
        problem = _problem(parts) if len(parts) > 1 else None
        if problem:
            _report(problem, key_of[root], parts, conflicts)
            result.extend(parts)
        else:
            gtin = next((part.gtin for part in parts if part.gtin), None)
            result.append(_Group([listing for part in parts for listing in part.listings], gtin, parts[0].disputed))
    return result


def _keys(group: _Group) -> set[MatchKey]:
    if group.disputed:
        return set()
    keys = (match_key(listing.brand_key, listing.core_name, listing.total, listing.unit) for listing in group.listings)
    return {key for key in keys if key is not None}


def _problem(same: list[_Group]) -> tuple[str, str] | None:
    """(kind, reason) why these groups are not one product, though their keys say so."""
    companies = [company for group in same for company in sorted(group.companies)]
    repeated = sorted({company for company in companies if companies.count(company) > 1})
    if repeated:
        return "ambiguous_key", f"more than one product of {' and of '.join(repeated)} has this brand, name and size"
    gtins = sorted({group.gtin for group in same if group.gtin})
    if len(gtins) > 1:
        return "contradicting_gtin", f"same brand, name and size, but GTINs {' and '.join(gtins)}"
    # A pack of one is what a company writes that tells only the total.
    packs = sorted({int(listing.pack_count or 1) for group in same for listing in group.listings} - {1})
    if len(packs) > 1:
        return "ambiguous_key", f"same brand, name and total, but in packs of {' and '.join(map(str, packs))}"
    return None


def _report(problem: tuple[str, str], key: MatchKey, same: list[_Group], conflicts: _Conflicts) -> None:
    kind, reason = problem
    involved = sorted(listing for group in same for listing in group.listings)
    named = ", ".join(listing.reference for listing in involved[:LISTINGS_NAMED])
    more = f" and {len(involved) - LISTINGS_NAMED} more" if len(involved) > LISTINGS_NAMED else ""
    conflicts.add(kind, key.readable(), f"{reason} ({named}{more}); kept apart", involved)


class _Partition:
    """Union-find over group numbers; a part's root is its smallest number."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

    def join(self, left: int, right: int) -> None:
        low, high = sorted((self.root(left), self.root(right)))
        self._above[high] = low

    def parts(self) -> Iterable[tuple[int, list[int]]]:
        members: defaultdict[int, list[int]] = defaultdict(list)
        for number in range(len(self._above)):
            members[self.root(number)].append(number)
        return members.items()


def _product_listings(groups: list[_Group]) -> pd.DataFrame:
    """``matched_by``: gtin where the listing carries the product's, key where it joined without, sku where alone."""
    rows = []
    for group in groups:
        product_id = group.product_id
        for listing in group.listings:
            alone = len(group.listings) == 1
            matched_by = "gtin" if group.gtin and listing.gtin == group.gtin else "sku" if alone else "key"
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
