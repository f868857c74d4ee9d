"""Who maps to whom, department by department: how many of one company's listings go where at another company; drawn by
flow_picture.py."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from subs_assets.equivalence.absences import SPEAKS_FOR_PARTS
from subs_assets.equivalence.coverage import PAIR, departments

NOT_MAPPED = "not mapped"
"""Both the relation and the target of listings that stand in no category with an accepted mapping."""

ABOVE = "above"
"""The relation of listings whose category has no mapping of its own, where one above it speaks for it."""

FLOW_COLUMNS = [*PAIR, "department", "target_department", "relation", "listings"]


def department_flows(
    standing: pd.DataFrame, facets: pd.DataFrame, mappings: pd.DataFrame, absences: pd.DataFrame
) -> pd.DataFrame:
    """DataFrame[company_slug, target_company_slug, department, target_department, relation, listings], sorted, for all
    pairs of companies.

    ``standing``: as ``coverage.standing_listings`` gives it; ``mappings`` and ``absences``: the tables
    ``category_equivalences`` and ``category_absences``. Every listing goes somewhere once: one that stands in several
    categories in equal parts, one whose category has several accepted mappings in parts as large as their support. So
    each company's rows add up to its listings, and ``listings`` is no whole number.
    """
    shelves = _weighed(standing)
    shares = _shares(mappings, facets)
    reached = pd.concat([shares, _shares_of_parts(shares, absences)], ignore_index=True)
    mapped = shelves.merge(reached, on=["company_slug", "path"])
    mapped["listings"] *= mapped["share"]
    companies = pd.DataFrame({"target_company_slug": sorted(standing["company_slug"].unique())})
    all_pairs = shelves.merge(companies, how="cross")
    all_pairs = all_pairs[all_pairs["company_slug"] != all_pairs["target_company_slug"]]
    is_mapped = pd.MultiIndex.from_frame(all_pairs[[*PAIR, "path"]]).isin(
        pd.MultiIndex.from_frame(mapped[[*PAIR, "path"]])
    )
    lost = all_pairs[~is_mapped].assign(target_department=NOT_MAPPED, relation=NOT_MAPPED)
    flows = pd.concat([mapped[FLOW_COLUMNS], lost[FLOW_COLUMNS]], ignore_index=True)
    return flows.groupby(FLOW_COLUMNS[:-1], as_index=False)["listings"].sum()


def _weighed(standing: pd.DataFrame) -> pd.DataFrame:
    """DataFrame[company_slug, path, department, listings]: each listing counts 1 in all."""
    places = standing.groupby(["company_slug", "sku"])["path"].transform("size")
    keys = ["company_slug", "path", "department"]
    return standing.assign(listings=1.0 / places).groupby(keys, as_index=False)["listings"].sum()


def _shares(mappings: pd.DataFrame, facets: pd.DataFrame) -> pd.DataFrame:
    """DataFrame[company_slug, path, target_company_slug, target_department, relation, share]: the accepted mappings,
    those of one category sharing it by their support."""
    accepted = mappings[mappings["status"] == "accepted"]
    target = accepted[["target_company_slug", "target_path"]].set_axis(["company_slug", "path"], axis=1)
    # What a person accepted may have no evidence at all: it counts like a mapping that rests on one listing.
    weight = accepted["support"].clip(lower=1.0)
    in_all = weight.groupby([accepted[key] for key in (*PAIR, "path")]).transform("sum")
    return accepted[[*PAIR, "path", "relation"]].assign(
        target_department=departments(target, facets), share=weight / in_all
    )


def _shares_of_parts(shares: pd.DataFrame, absences: pd.DataFrame) -> pd.DataFrame:
    """The same for categories that one above speaks for."""
    parts = absences.loc[absences["answer"] == "above", [*PAIR, "path", "through_path"]]
    whole = shares[shares["relation"].isin(SPEAKS_FOR_PARTS)].rename(columns={"path": "through_path"})
    found = parts.merge(whole, on=[*PAIR, "through_path"]).drop(columns="through_path")
    # Of the mappings above only those speak that hold the whole of it: they share what the others have no part in.
    in_all = found.groupby([*PAIR, "path"])["share"].transform("sum")
    return found.assign(relation=ABOVE, share=found["share"] / in_all)


class Flow(NamedTuple):
    """Listings of a department that one relation leads to a department of the other company."""

    department: str
    target_department: str
    relation: str
    listings: float


def flows_by_pair(flows: pd.DataFrame) -> dict[tuple[str, str], list[Flow]]:
    """``department_flows`` by (company, other company), the largest first."""
    found: dict[tuple[str, str], list[Flow]] = {}
    ordered = flows.sort_values(["listings", *FLOW_COLUMNS[:-1]], ascending=[False] + [True] * 5)
    for company, target, *flow in ordered[FLOW_COLUMNS].itertuples(index=False, name=None):
        found.setdefault((company, target), []).append(Flow(*flow))
    return found


@dataclass(frozen=True)
class DepartmentRow:
    """A department of one company at another: ``listings``, how many of them are ``mapped``, and where to: target
    department -> relation -> listings, the largest first."""

    name: str
    listings: int
    mapped: int
    targets: Mapping[str, Mapping[str, float]]


def department_rows(
    flows: Iterable[Flow], coverage: Sequence[tuple[str, int, int]], most: int
) -> tuple[DepartmentRow, ...]:
    """The largest departments of one pair of companies, at most ``most``.

    ``flows``: the pair's, the largest first; ``coverage``: its (department, listings, mapped) of
    ``coverage.mapping_coverage``.
    """
    targets: dict[str, dict[str, dict[str, float]]] = {}
    for flow in flows:
        if flow.relation != NOT_MAPPED:
            there = targets.setdefault(flow.department, {}).setdefault(flow.target_department, {})
            there[flow.relation] = flow.listings
    largest = sorted(coverage, key=lambda row: (-row[1], row[0]))[:most]
    return tuple(DepartmentRow(name, listings, mapped, targets.get(name, {})) for name, listings, mapped in largest)
