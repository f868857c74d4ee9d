"""How many of a company's listings stand in a category with an accepted mapping to each other company."""

import pandas as pd

from subs_assets.catalogue import category_path

PAIR = ["company_slug", "target_company_slug"]
"""The columns that name a pair of companies: who sells the product, and who the substitute."""

COVERAGE_COLUMNS = [*PAIR, "department", "listings", "mapped", "share"]


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
    accepted = mappings.loc[mappings["status"] == "accepted", [*PAIR, "path"]].drop_duplicates().assign(mapped=True)
    companies = standing["company_slug"].unique()
    if len(companies) < 2:
        return pd.DataFrame(columns=COVERAGE_COLUMNS)
    parts = []
    for company, own in standing.groupby("company_slug", sort=True):
        reached = accepted[accepted["company_slug"] == company]
        # A row a place where a listing stands, a column a company: all pairs at once, since 80 companies have 6,320.
        wide = reached.pivot(index="path", columns="target_company_slug", values="mapped")
        wide = wide.reindex(index=own["path"], columns=companies[companies != company]).notna()
        by_listing = wide.groupby([own["department"].to_numpy(), own["sku"].to_numpy()]).any()
        by_department = by_listing.groupby(level=0)
        counts = by_department.sum().rename_axis(index="department").stack().rename("mapped").reset_index()
        counts["listings"] = counts["department"].map(by_department.size())
        parts.append(counts.assign(company_slug=company, share=counts["mapped"] / counts["listings"]))
    frame = pd.concat(parts, ignore_index=True)[COVERAGE_COLUMNS]
    return frame.sort_values(COVERAGE_COLUMNS[:3], ignore_index=True)


def pair_coverage(standing: pd.DataFrame, mappings: pd.DataFrame) -> pd.DataFrame:
    """The same without departments: DataFrame[company_slug, target_company_slug, listings, mapped, share]."""
    return mapping_coverage(standing.assign(department=""), mappings).drop(columns="department")
