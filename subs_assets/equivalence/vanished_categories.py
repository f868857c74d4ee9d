"""Categories that are published of a company and that nothing stands in tonight: a tree that was renamed, or a part of
a catalogue that was not delivered. How decisions wait for a category is told in decisions.py."""

from collections.abc import Callable, Collection

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.decisions import vanished
from subs_assets.finding import Finding, Gravity, Verdict

MANY = 0.01
FEWEST = 20
"""Listings that a category held, as a share of the company's and at least, for somebody to be told that it is gone. In
au/ a hundredth is some 30, which about fifty categories of each company have; smaller ones come and go."""

COME_AND_GO = ("promotional", "seasonal")
"""Kinds of facets that vanish by themselves."""

NAMED = 5
"""Categories, and decisions, that a sentence names."""


def vanished_categories(
    company_slug: str,
    before: pd.DataFrame,
    facets: pd.DataFrame,
    tonight: pd.DataFrame,
    stood_before: Callable[[], pd.DataFrame],
    decisions: Callable[[], pd.DataFrame],
) -> Verdict:
    """``before`` and ``facets``: the company's published categories and facets; ``tonight``, and ``stood_before`` of
    what is published: its DataFrame[sku, path], a row a listing and path; ``decisions``: all on equivalences. The last
    two are asked only where a category vanished."""
    nodes = _nodes(tonight["path"])
    gone = before[~before["path"].isin(nodes)]
    coming_and_going = facets.loc[facets["kind"].isin(COME_AND_GO), "path"]
    listings = int(before.loc[before["depth"] == 1, "listings"].sum())
    is_large = (gone["listings"] >= max(FEWEST, MANY * listings)) & ~gone["path"].isin(coming_and_going)
    large = gone[is_large & ~gone["path"].map(lambda path: bool({*category_path.ancestors(path)} - nodes))]
    figures = {
        "Categories": len(nodes),
        "Categories gone": len(gone),
        "Large categories gone": len(large),
        "Decisions on categories gone": 0,
    }
    findings = []
    if len(large):
        findings.append(_warning(_sentence(company_slug, large, tonight, stood_before())))
    if len(gone):
        waiting = _decisions_on(company_slug, set(gone["path"]), decisions())
        figures["Decisions on categories gone"] = len(waiting)
        if waiting:
            more = f"; and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
            findings.append(
                _warning(
                    f"decisions have lost a category tonight: {'; '.join(waiting[:NAMED])}{more}; decide on the new "
                    "one with `subs review equivalences`"
                )
            )
    return Verdict(
        f"{len(nodes):,} categories; of those before {len(gone):,} are gone, and no large one", findings, figures
    )


def _sentence(company_slug: str, large: pd.DataFrame, tonight: pd.DataFrame, stood_before: pd.DataFrame) -> str:
    named = large.sort_values(["listings", "path"], ascending=[False, True])
    told = "; ".join(
        f'"{category_path.readable(row.path)}" ({row.listings:,} listings; {_whereto(row.path, tonight, stood_before)})'
        for row in named.head(NAMED).itertuples()
    )
    more = f"; and {len(large) - NAMED} more" if len(large) > NAMED else ""
    return (
        f"{company_slug}: categories are gone: {told}{more}. Where a tree was renamed, its mappings are found anew and "
        "decisions on it wait; where listings are missing, see whether all files came whole"
    )


def _whereto(path: str, tonight: pd.DataFrame, stood_before: pd.DataFrame) -> str:
    """Where most of its listings stand now, on the same level."""
    depth = len(category_path.decode(path))
    is_under = {own: own == path or path in category_path.ancestors(own) for own in stood_before["path"].unique()}
    skus = stood_before.loc[stood_before["path"].map(is_under).astype(bool), "sku"].unique()
    now = tonight[tonight["sku"].isin(skus)]
    cut = {own: category_path.encode(category_path.decode(own)[:depth]) for own in now["path"].unique()}
    places = now.assign(path=now["path"].map(cut)).drop_duplicates(["sku", "path"])["path"].value_counts()
    if places.empty:
        return "none of them was delivered"
    place = category_path.readable(str(places.index[0]))
    return (
        f'{places.iloc[0]:,} of them now stand in "{place}"'
        if places.index[0] != "[]"
        else (f"{places.iloc[0]:,} of them now have no category")
    )


def _decisions_on(company_slug: str, gone: Collection[str], decisions: pd.DataFrame) -> list[str]:
    """A sentence for each pair that is decided and one of whose categories is ``gone``."""
    sides = [
        (decisions[f"{side}company_slug"] == company_slug) & decisions[f"{side}subject"].isin(list(gone))
        for side in ("", "target_")
    ]
    lost = decisions[sides[0] | sides[1]]
    subjects = pd.concat(
        [
            lost[[f"{side}company_slug", f"{side}subject"]].set_axis(["company_slug", "path"], axis=1)
            for side in ("", "target_")
        ]
    )
    others = subjects[~((subjects["company_slug"] == company_slug) & subjects["path"].isin(list(gone)))]
    return sorted(set(vanished(lost, others).values()))


def _nodes(paths: pd.Series) -> set[str]:
    """Every path and all above it."""
    found = set(paths.unique()) - {category_path.ROOT}
    return found.union(*(category_path.ancestors(path) for path in found))


def _warning(sentence: str) -> Finding:
    return Finding(Gravity.WARNING, sentence)
