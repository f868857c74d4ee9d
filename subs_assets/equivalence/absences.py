"""Categories without an accepted mapping to a company, with the best refused candidate: the table
``category_absences``."""

from collections.abc import Sequence

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.mapping import CANDIDATE_COLUMNS

ABSENCE_COLUMNS = [
    "company_slug", "path", "target_company_slug", "answer", "listings", "through_path", "candidate_path",
    "candidate_support", "reason",
]  # fmt: skip

SPEAKS_FOR_PARTS = ("exact", "close", "broad")
"""Relations of a category whose target holds what is below that category too."""

NOTHING_ALIKE = (None, None, "no listing in it resembles one there")

Key = tuple[str, str, str]
"""(company_slug, path, target_company_slug)"""


def find_absences(
    categories: pd.DataFrame,
    facets: pd.DataFrame,
    mappings: pd.DataFrame,
    candidates: pd.DataFrame,
    companies: Sequence[str],
) -> pd.DataFrame:
    """One row for each category and other company to which it has no accepted mapping; facets are left out.

    ``answer`` is the first that holds of: ``above``, the nearest category above it that ``speaks_for_parts`` does;
    ``parts``, categories below it are mapped; ``undecided``, a proposed mapping waits for a person; ``none``.

    ``mappings``: with the decisions applied. ``candidates``: the best refused target of each category at each company
    by the evidence alone, columns ``CANDIDATE_COLUMNS``; a mapping that is proposed or that a person rejected goes
    before it. ``companies``: all, also those without any category.
    """
    accepted = mappings[mappings["status"] == "accepted"]
    mapped = _keys(accepted)
    speaking = _keys(accepted[speaks_for_parts(accepted, facets)])
    waiting = _keys(mappings[mappings["status"] == "proposed"])
    mapped_below = {
        (company, above, target) for company, path, target in mapped for above in category_path.ancestors(path)
    }
    refused = _best_refused(mappings, candidates)
    is_facet = _pairs(facets)
    rows = []
    for company, path, listings in categories[["company_slug", "path", "listings"]].itertuples(index=False, name=None):
        if (company, path) in is_facet:
            continue
        nearest_first = category_path.ancestors(path)[::-1]
        for target in companies:
            key = (company, path, target)
            if target == company or key in mapped:
                continue
            through = next((above for above in nearest_first if (company, above, target) in speaking), None)
            answer = _answer(through, key in mapped_below, key in waiting)
            rows.append((*key, answer, int(listings), through, *refused.get(key, NOTHING_ALIKE)))
    return pd.DataFrame(rows, columns=ABSENCE_COLUMNS).sort_values(ABSENCE_COLUMNS[:3], ignore_index=True)


def speaks_for_parts(accepted: pd.DataFrame, facets: pd.DataFrame) -> pd.Series:
    """Which accepted mappings say where the categories below theirs stand, too: those whose target holds all of it.

    A whole department (nothing stands above it, or only a facet, as a root over everything is) does only if a person
    decided it. On au/, departments raised what shuffled shelves find at level 5 more than what the real ones find.
    """
    is_facet = _pairs(facets)
    is_department = [
        all((company, above) in is_facet for above in category_path.ancestors(path))
        for company, path in zip(accepted["company_slug"], accepted["path"], strict=True)
    ]
    is_decided = accepted["origin"] == "decision"
    return accepted["relation"].isin(SPEAKS_FOR_PARTS) & (is_decided | ~pd.Series(is_department, accepted.index, bool))


def _answer(through: str | None, is_mapped_below: bool, is_waiting: bool) -> str:
    if through is not None:
        return "above"
    if is_mapped_below:
        return "parts"
    return "undecided" if is_waiting else "none"


def _best_refused(mappings: pd.DataFrame, candidates: pd.DataFrame) -> dict[Key, tuple[str | None, float | None, str]]:
    """(target path, its support, why it is not accepted): the proposed mapping with the most support, else the rejected
    one, else the candidate."""
    proposed, rejected = (mappings[mappings["status"] == status] for status in ("proposed", "rejected"))
    ranked = pd.concat(
        [frame[CANDIDATE_COLUMNS].assign(rank=rank) for rank, frame in enumerate((proposed, rejected, candidates))]
    ).sort_values(["rank", "support", "target_path"], ascending=[True, False, True])
    best: dict[Key, tuple[str | None, float | None, str]] = {}
    for company, path, target, *found in ranked[CANDIDATE_COLUMNS].itertuples(index=False, name=None):
        best.setdefault((company, path, target), (found[0], found[1], found[2]))
    return best


def _keys(mappings: pd.DataFrame) -> set[Key]:
    return set(mappings[["company_slug", "path", "target_company_slug"]].itertuples(index=False, name=None))


def _pairs(facets: pd.DataFrame) -> set[tuple[str, str]]:
    return set(facets[["company_slug", "path"]].itertuples(index=False, name=None))
