"""Which nodes of a tree are no categories but facets: promotional, seasonal, dietary, mixed, or a root over everything.

A facet makes no equivalence. Names tell the dietary, promotional and seasonal ones; the others are told by their
listings, whose nearest relatives stand scattered over the rest of the shop. A listing that is shelved only under
facets is given the shelf of its nearest relatives in its own company, for evidence and for level 5; its own path stays
what it was.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.catalogue.claims import find_claims
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.similarity import Pairs
from subs_assets.equivalence.homes import LEAST_JUDGED, scattered_categories

CLAIM_WORDS = frozenset(
    (  # noqa: SIM905 (thirty words in quotes of their own would be thirty lines)
        "vegan vegetarian plant based halal kosher organic bio free from range no added low reduced gluten lactose "
        "dairy egg nut soy wheat sugar fat salt and or food foods product products diet und frei glutenfrei "
        "laktosefrei vegetarisch"
    ).split()
)
"""The words of a name that says nothing but claims; plurals such as "eggs" name the thing itself."""


@dataclass(frozen=True)
class Topic:
    """What the names of one kind of facets speak of: in a phrase that is enough, wherever it stands, or in a word that
    can also qualify a thing ("Exclusive Wines", "Seasonal Fruit") and so tells a facet only ``beside`` such words."""

    kind: str
    of: str
    phrase: re.Pattern[str]
    word: frozenset[str]
    beside: frozenset[str]

    def is_of(self, name: str, words: set[str]) -> bool:
        bare = not words.isdisjoint(self.word) and words <= self.word | self.beside
        return bare or self.phrase.search(name) is not None


TOPICS = (
    Topic(
        "dietary",
        "a diet",
        re.compile(r"\b(dietary(?! supplements?\b)|free from|special diets?)\b", re.IGNORECASE),
        frozenset({"lifestyle"}),
        CLAIM_WORDS,
    ),
    Topic(
        "promotional",
        "a promotion",
        re.compile(
            r"\b(down down|specials|promotions?|half price|on sale|clearance|bonus credit|credit products|limited time|"
            r"front of store|new arrivals|new in|best sellers?|price drop|only at|exclusive (at|to)|catalogue|"
            r"angebote?|aktion(en)?|neu(heiten)?)\b",
            re.IGNORECASE,
        ),
        frozenset({"exclusive", "exclusives"}),
        frozenset({"offers", "deals", "online", "members", "new", "range", "brands", "products", "and"}),
    ),
    Topic(
        "seasonal",
        "a season",
        re.compile(
            r"\b(best of (spring|summer|autumn|winter)|christmas|easter|halloween|mother's day|father's day|"
            r"back to school|weihnachten|ostern)\b",
            re.IGNORECASE,
        ),
        frozenset({"seasonal", "saison"}),
        # Chocolates and gifts have the seasons of feasts, fruit and beer those of their own.
        frozenset({"chocolates", "confectionery", "gifts", "decorations", "range", "products", "and"}),
    ),
)

UNIVERSAL_SHARE = 0.9
"""A root that holds this share of a company's listings, and has branches, tells nothing."""

RELATIVES = 10
RELATIVE_SIMILARITY = 0.55

MIXED_INSIDE, MIXED_SPREAD = 0.25, 2.5
"""A root is mixed when fewer of its listings' relatives stand within it, and all of them spread over more branches.

Read off those roots of au/ that hold listings enough (share within / branches), a handful of cases, not held out. Of
the facets, "Down Down" .16 / 4.6 lies beyond; "Limited Time Only" .35 / 5.6 and "Dietary & World Foods" .67 / 3.1 do
not. The lowest true roots are IGA's "Health And Beauty" .18 / 1.6 and Aldi's "Snacks & Confectionery" .30 / 4.3. On
au/ this decides nothing: 89 of the 90 facets follow from names, their own or those above or below them, and IGA's root
from its size. With the names masked, "Down Down" with the eight nodes below it and IGA's root are all that is found.
"""

DOUBT = 0.3
"""What speaks against the shelf of a listing's relatives before any of them is seen, in units of similarity: with it,
the share of the votes is the chance that the shelf is right. On 6,364 listings of au/ whose shelf is known, those of
.5 to .6 are right in .61, .6 to .7 in .63, .7 to .8 in .80, .8 to .9 in .89, above in .98."""

LIKELY = 0.5
"""A shelf is given that is more likely right than wrong; the others were right in .42 of the cases."""

CHECKED, LEAST_CHECKED = 500, 20
"""Listings per company on which is checked that relatives find shelves at all: in au/ they are right in .77 to .81 of
the cases. Where a company's shelves were dealt by chance, to move listings to their relatives made clusters out of
nothing, and mappings out of these."""

FACET_CHILDREN = 0.5
"""A node, most of whose listings stand under facets of its own, is a facet."""

FACET_COLUMNS = ["company_slug", "path", "kind", "spread", "reason"]


def find_facets(categories: pd.DataFrame, shelves: pd.DataFrame, alike: AlikeRows) -> pd.DataFrame:
    """The facets of all companies: table ``category_facets``.

    ``shelves``: one row a listing and path, with ``row`` (of ``alike``), ``company_slug``, ``path``.
    """
    found = [
        _company_facets(nodes, shelves[shelves["company_slug"] == company], alike)
        for company, nodes in categories.groupby("company_slug", sort=True)
    ]
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=FACET_COLUMNS)
    return frame.sort_values(["company_slug", "path"], ignore_index=True)


def _company_facets(nodes: pd.DataFrame, shelves: pd.DataFrame, alike: AlikeRows) -> pd.DataFrame:
    company = nodes["company_slug"].iloc[0]
    listings = dict(zip(nodes["path"], nodes["listings"].astype(int), strict=True))
    facets: dict[str, tuple[str, float | None, str]] = {}
    universal = _universal_root(nodes)
    if universal:
        facets[universal] = ("universal_root", None, "holds nearly all of the company's listings")
    for path in nodes["path"]:
        named = facet_by_name(category_path.decode(path)[-1])
        if named:
            facets[path] = (named[0], None, named[1])
    branch_depth = 2 if universal else 1
    relatives = nearest_relatives(alike, np.unique(shelves["row"].to_numpy(np.intp)))
    scattered = scattered_categories(shelves, relatives, branch_depth, _with_all_below(facets, listings, universal))
    for path, scatter in scattered.items():
        reason = (
            f"{scatter.elsewhere:.0%} of its listings are at home elsewhere, spread over {scatter.shelves:.1f} shelves"
        )
        facets[path] = ("mixed", scatter.shelves, reason)
    # A branch is judged without what was found below it: one bargain corner does not make the pantry a mixture.
    plain = shelves[~shelves["path"].isin(_with_all_below(facets, listings, universal))]
    inside, spread = branch_spread(plain, relatives, branch_depth)
    branches = [path for path in nodes["path"] if len(category_path.decode(path)) == branch_depth]
    for path in branches:
        if path in facets or path not in inside:
            continue
        if inside[path] < MIXED_INSIDE and spread[path] > MIXED_SPREAD:
            reason = (
                f"only {inside[path]:.0%} of its listings' nearest relatives stand within it; "
                f"the others spread over {spread[path]:.1f} branches"
            )
            facets[path] = ("mixed", spread[path], reason)
    _raise_to_parents(facets, nodes, _rows_below(shelves), universal)
    _hand_down(facets, nodes, universal)
    rows = [(company, path, *facts) for path, facts in facets.items()]
    return pd.DataFrame(rows, columns=FACET_COLUMNS)


def _with_all_below(facets: Collection[str], paths: Iterable[str], universal: str | None) -> set[str]:
    """Of ``paths`` the facets and what stands below them, but not all that stands below a root over everything."""
    above = set(facets) - {universal}
    return {path for path in paths if path in facets or above.intersection(category_path.ancestors(path))}


def facet_by_name(name: str) -> tuple[str, str] | None:
    """(kind, reason) where a category's own name says that it is a facet.

    A name is dietary when it says nothing but claims: "Gluten Free" is a facet, "Free Range Chicken" a category. So are
    "Seasonal" and "Seasonal Fruit".

    >>> facet_by_name("Gluten Free"), facet_by_name("Free Range Chicken")
    (('dietary', 'its name is a claim'), None)
    """
    words = set(re.findall(r"\w+", name.casefold()))
    if find_claims(name) and words <= CLAIM_WORDS:
        return "dietary", "its name is a claim"
    told = next((topic for topic in TOPICS if topic.is_of(name, words)), None)
    return (told.kind, f"its name speaks of {told.of}") if told else None


def _universal_root(nodes: pd.DataFrame) -> str | None:
    roots = nodes[nodes["depth"] == 1]
    largest = roots.loc[roots["listings"].idxmax()]
    holds_nearly_all = largest["listings"] >= UNIVERSAL_SHARE * roots["listings"].sum()
    return str(largest["path"]) if holds_nearly_all and not largest["is_leaf"] else None


def branch_spread(
    shelves: pd.DataFrame, relatives: Pairs, branch_depth: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Per branch of one company: the share of its listings' nearest relatives within it, and the effective number (exp
    of the entropy, Hill's number of order 1) of branches that all of them stand in. Branches with fewer than
    ``LEAST_JUDGED`` listings that have relatives are left out."""
    branch = shelves["path"].map(lambda path: category_path.encode(category_path.decode(path)[:branch_depth]))
    first = pd.DataFrame({"row": shelves["row"].astype(np.intp), "branch": branch})
    first = first.sort_values(["row", "branch"]).drop_duplicates("row")
    at = pd.Series(first["branch"].to_numpy(), index=first["row"].to_numpy())
    table = pd.DataFrame(
        {"row": relatives.left, "own": at.reindex(relatives.left).array, "other": at.reindex(relatives.right).array}
    ).dropna()
    table = table[table.groupby("own")["row"].transform("nunique") >= LEAST_JUDGED]
    inside = (table["own"] == table["other"]).groupby(table["own"]).mean().to_dict()
    shares = table.groupby("own")["other"].value_counts(normalize=True)
    entropy = -(shares * np.log(shares)).groupby(level=0).sum()
    return inside, np.exp(entropy).to_dict()


def nearest_relatives(alike: AlikeRows, rows: NDArray[np.intp]) -> Pairs:
    """Each row's most similar other rows, at most ``RELATIVES``, most similar first."""
    return alike.nearest(rows, rows, RELATIVE_SIMILARITY, RELATIVES)


def _rows_below(shelves: pd.DataFrame) -> dict[str, set[int]]:
    below: dict[str, set[int]] = {}
    for path, row in zip(shelves["path"], shelves["row"].astype(int), strict=True):
        for node in (*category_path.ancestors(path), path):
            below.setdefault(node, set()).add(row)
    return below


def _raise_to_parents(
    facets: dict[str, tuple], nodes: pd.DataFrame, rows_below: dict[str, set[int]], universal: str | None
) -> None:
    children: dict[str, list[str]] = {}
    for path in facets:
        children.setdefault(_parent(path), []).append(path)
    for path in nodes.sort_values("depth", ascending=False)["path"]:
        if path in facets or path == universal or path not in children:
            continue
        # A listing that stands under two facets counts once.
        under = len(set().union(*(rows_below[child] for child in children[path])))
        all_below = len(rows_below[path])
        if under > FACET_CHILDREN * all_below:
            kinds = {facets[child][0] for child in children[path]}
            kind = kinds.pop() if len(kinds) == 1 else "mixed"
            facets[path] = (kind, None, f"{under} of its {all_below} listings stand under facets of it")
            children.setdefault(_parent(path), []).append(path)


def _parent(path: str) -> str:
    return category_path.encode(category_path.decode(path)[:-1])


def _hand_down(facets: dict[str, tuple], nodes: pd.DataFrame, universal: str | None) -> None:
    for path in nodes.sort_values("depth")["path"]:
        if path in facets:
            continue
        above = [a for a in category_path.ancestors(path) if a in facets and a != universal]
        if above:
            facets[path] = (facets[above[-1]][0], None, f"stands under {category_path.readable(above[-1])}")


def effective_shelves(shelves: pd.DataFrame, facets: pd.DataFrame, alike: AlikeRows) -> pd.DataFrame:
    """Where each listing counts for equivalences and level 5: table ``listing_shelves``.

    Its own paths that are no facets; else, where it stands under facets only, the shelf on which most of its nearest
    relatives in its own company stand (``origin`` "relatives"), if ``weight``, the chance that this is right, is at
    least ``LIKELY``, and if in this company relatives find the known shelves. A listing without any path has no row.
    """
    is_facet = pd.MultiIndex.from_frame(shelves[["company_slug", "path"]]).isin(
        pd.MultiIndex.from_frame(facets[["company_slug", "path"]])
    )
    has_path = (shelves["path"] != category_path.ROOT).to_numpy()
    own = shelves[has_path & ~is_facet].assign(origin="own", weight=1.0)
    lost = shelves[has_path & is_facet & ~shelves["row"].isin(own["row"])].drop_duplicates("row")
    moved = [_shelf_of_relatives(part, own, alike) for _, part in lost.groupby("company_slug", sort=True)]
    columns = ["company_slug", "sku", "path", "origin", "weight", "row"]
    frame = pd.concat([own[columns], *moved], ignore_index=True)[columns]
    return frame.drop_duplicates(["company_slug", "sku", "path"]).sort_values(
        ["company_slug", "sku", "path"], ignore_index=True
    )


def _shelf_of_relatives(lost: pd.DataFrame, own: pd.DataFrame, alike: AlikeRows) -> pd.DataFrame:
    company = lost["company_slug"].iloc[0]
    shelved = own[own["company_slug"] == company].sort_values(["row", "path"])
    found = _likely_shelves(lost["row"].unique(), shelved, alike)
    if not _shelves_follow_names(shelved, alike):
        found = found[:0]
    return lost[["company_slug", "sku", "row"]].merge(found, on="row").assign(origin="relatives")


def _shelves_follow_names(shelved: pd.DataFrame, alike: AlikeRows) -> bool:
    """Whether relatives find the shelf of those listings whose shelf is known; few listings are taken at their word."""
    rows = shelved["row"].unique()
    found = _likely_shelves(rows[:: max(1, len(rows) // CHECKED)], shelved, alike)
    right = pd.MultiIndex.from_frame(found[["row", "path"]]).isin(pd.MultiIndex.from_frame(shelved[["row", "path"]]))
    return len(found) < LEAST_CHECKED or float(right.mean()) >= LIKELY


def _likely_shelves(rows: NDArray[np.intp], shelved: pd.DataFrame, alike: AlikeRows) -> pd.DataFrame:
    """(row, path, weight) of the rows whose relatives among the others agree on a shelf."""
    first = shelved.drop_duplicates("row")
    at = pd.Series(first["path"].to_numpy(), index=first["row"].to_numpy(np.intp))
    relatives = alike.between(rows.astype(np.intp), at.index.to_numpy(np.intp), RELATIVE_SIMILARITY)
    votes = pd.concat([_votes(part, at) for part in relatives] or [pd.DataFrame(columns=["row", "path", "similarity"])])
    share = votes.groupby(["row", "path"], as_index=False)["similarity"].sum()
    share["weight"] = share["similarity"] / (share.groupby("row")["similarity"].transform("sum") + DOUBT)
    likely = share[share["weight"] >= LIKELY].sort_values(["row", "weight", "path"], ascending=[True, False, True])
    return likely.drop_duplicates("row")[["row", "path", "weight"]]


def _votes(relatives: Pairs, at: pd.Series) -> pd.DataFrame:
    """(row, path, similarity) of each row's nearest relatives, among equal ones by path."""
    others = relatives.where(relatives.left != relatives.right)
    votes = pd.DataFrame(
        {"row": others.left, "path": at.reindex(others.right).to_numpy(), "similarity": others.similarity}
    ).sort_values(["row", "similarity", "path"], ascending=[True, False, True])
    return votes[votes.groupby("row").cumcount() < RELATIVES]
