"""Categories without an accepted mapping to a company, with the best refused candidate: the table
``category_absences``."""

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.mapping import CANDIDATE_COLUMNS

ABSENCE_COLUMNS = [
    "company_slug", "path", "target_company_slug", "answer", "listings", "through_path", "candidate_path",
    "candidate_support", "reason",
]  # fmt: skip

SPEAKS_FOR_PARTS = ("exact", "close", "broad")
"""Relations of a category whose target holds what is below that category too."""


def find_absences(
    categories: pd.DataFrame, facets: pd.DataFrame, mappings: pd.DataFrame, candidates: pd.DataFrame
) -> pd.DataFrame:
    """One row for each category and other company to which it has no accepted mapping; facets are left out.

    ``candidates``: the best refused target of each category at each company, columns ``CANDIDATE_COLUMNS``.
    """
    pair = ["company_slug", "path", "target_company_slug"]
    accepted, waiting = (
        {key: set(part["relation"]) for key, part in mappings[mappings["status"] == status].groupby(pair)}
        for status in ("accepted", "proposed")
    )
    refused = {tuple(row[:3]): row[3:] for row in candidates[CANDIDATE_COLUMNS].itertuples(index=False, name=None)}
    mapped_below = {
        (company, above, target) for company, path, target in accepted for above in category_path.ancestors(path)
    }
    is_facet = set(zip(facets["company_slug"], facets["path"], strict=True))
    companies = sorted(categories["company_slug"].unique())
    rows = []
    for company, path, listings in categories[["company_slug", "path", "listings"]].itertuples(index=False, name=None):
        if (company, path) in is_facet:
            continue
        for target in companies:
            key = (company, path, target)
            if target == company or key in accepted:
                continue
            through = _through(accepted, key)
            candidate, support, reason = refused.get(key, (None, None, "no listing in it resembles one there"))
            answer = _answer(through, key in waiting, key in mapped_below)
            rows.append((*key, answer, int(listings), through, candidate, support, reason))
    return pd.DataFrame(rows, columns=ABSENCE_COLUMNS).sort_values(pair, ignore_index=True)


def _through(accepted: dict[tuple[str, str, str], set[str]], key: tuple[str, str, str]) -> str | None:
    company, path, target = key
    for above in reversed(category_path.ancestors(path)):
        if accepted.get((company, above, target), set()).intersection(SPEAKS_FOR_PARTS):
            return above
    return None


def _answer(through: str | None, is_waiting: bool, is_mapped_below: bool) -> str:
    if through is not None:
        return "above"
    if is_mapped_below:
        return "parts"
    return "undecided" if is_waiting else "none"
