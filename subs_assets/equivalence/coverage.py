"""How many of a company's listings stand in a category with an accepted mapping to each other company."""

from collections.abc import Sequence

import pandas as pd

from subs_assets.catalogue import category_path

PAIR = ["company_slug", "target_company_slug"]
COUNTS = ["listings", "mapped", "share"]


def standing_listings(listings: pd.DataFrame, shelves: pd.DataFrame, facets: pd.DataFrame) -> pd.DataFrame:
    """Where every listing stands: DataFrame[company_slug, sku, path, department], one row for each of its
    ``listing_shelves``; one without any, also because it stands under facets only, has the path ``[]``."""
    keys = ["company_slug", "sku"]
    standing = listings[keys].merge(shelves[[*keys, "path"]], on=keys, how="left", validate="one_to_many")
    standing["path"] = standing["path"].fillna(category_path.ROOT)
    return standing.assign(department=departments(standing, facets))


def departments(categories: pd.DataFrame, facets: pd.DataFrame) -> pd.Series:
    """The department of each category (columns company_slug, path): the first name of its path, the second where the
    first is a root over everything; "(no category)" where there is no path."""
    roots = facets[facets["kind"] == "universal_root"]
    universal = set(zip(roots["company_slug"], roots["path"], strict=True))
    keys = list(zip(categories["company_slug"], categories["path"], strict=True))
    named = {(company, path): _department(company, path, universal) for company, path in set(keys)}
    found = [named[key] for key in keys]
    return pd.Series(found, index=categories.index, dtype="str")


def _department(company: str, path: str, universal: set[tuple[str, str]]) -> str:
    names = category_path.decode(path)
    is_under_all = len(names) > 1 and (company, category_path.encode(names[:1])) in universal
    return category_path.readable(category_path.encode(names[int(is_under_all) :][:1]))


def mapping_coverage(standing: pd.DataFrame, mappings: pd.DataFrame) -> pd.DataFrame:
    """Per pair of companies and department of the first: how many of its listings stand in a category that is mapped.

    ``standing``: as ``standing_listings`` gives it; its department may be another division. A listing is mapped when a
    category that it stands in has an accepted mapping itself; one of a category above is not enough. DataFrame[
    company_slug, target_company_slug, department, listings, mapped, share], sorted; a listing of two departments counts
    in both.
    """
    return _coverage(standing, mappings, ["department"])


def pair_coverage(standing: pd.DataFrame, mappings: pd.DataFrame) -> pd.DataFrame:
    """The same without departments: DataFrame[company_slug, target_company_slug, listings, mapped, share]."""
    return _coverage(standing, mappings, [])


def _coverage(standing: pd.DataFrame, mappings: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    accepted = mappings[mappings["status"] == "accepted"]
    mapped_paths = {pair: set(part["path"]) for pair, part in accepted.groupby(PAIR)}
    companies = sorted(standing["company_slug"].unique())
    parts = []
    for company, own in standing.groupby("company_slug", sort=True):
        numbered = own[["path", *by]].assign(listing=pd.factorize(own["sku"])[0])
        listings = _count(numbered, by)
        for target in companies:
            if target == company:
                continue
            is_mapped = numbered["path"].isin(mapped_paths.get((company, target), set()))
            mapped = _count(numbered[is_mapped], by).reindex(listings.index, fill_value=0)
            counts = pd.DataFrame({"listings": listings, "mapped": mapped}).reset_index()
            parts.append(counts.assign(company_slug=company, target_company_slug=target))
    if not parts:
        return pd.DataFrame(columns=[*PAIR, *by, *COUNTS])
    frame = pd.concat(parts, ignore_index=True)
    frame["share"] = frame["mapped"] / frame["listings"]
    return frame[[*PAIR, *by, *COUNTS]].sort_values([*PAIR, *by], ignore_index=True)


def _count(numbered: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    once = numbered[[*by, "listing"]].drop_duplicates()
    return once.groupby(list(by)).size() if by else pd.Series([len(once)], index=pd.Index([0], name="all"))
