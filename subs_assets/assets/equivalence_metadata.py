"""What Dagster's UI shows of mappings and absences: pictures, coverage, the largest gaps; the figures are those of
equivalence/coverage.py and report/flows.py."""

import base64
from typing import Any

import pandas as pd
from dagster import MetadataValue

from subs_assets.assets.metadata import percent, preview
from subs_assets.catalogue import category_path
from subs_assets.database.kept_decisions import RELATIONS
from subs_assets.database.lookups import ANSWERS
from subs_assets.equivalence.coverage import PAIR, mapping_coverage, pair_coverage, standing_listings
from subs_assets.report.flow_picture import flow_picture, flow_svg
from subs_assets.report.flows import department_flows, flows_by_pair

PICTURES = 12
"""Of so many pairs of companies, those with the most listings: four companies have twelve pairs. A picture has 10 to 40
kB, and Dagster keeps those of every run."""

GAPS_SHOWN = 50

SHORT = {"company_slug": "from", "target_company_slug": "to"}
"""The UI has little room for a table, and cuts off what is wider."""


def mapping_metadata(
    listings: pd.DataFrame,
    shelves: pd.DataFrame,
    facets: pd.DataFrame,
    mappings: pd.DataFrame,
    absences: pd.DataFrame,
) -> dict[str, Any]:
    """Who maps to whom, and how many listings stand in a category that is mapped: by pair and relation, by
    department."""
    standing = standing_listings(listings, shelves, facets)
    departments = mapping_coverage(standing, mappings)
    return {
        "Who maps to whom": MetadataValue.md(pictures(department_flows(standing, facets, mappings, absences))),
        "Listings in a mapped category; for each relation mappings / listings": preview(
            relations_by_pair(standing, mappings)
        ),
        "By department": preview(departments.assign(share=percent(departments["share"])).rename(columns=SHORT)),
    }


def pictures(flows: pd.DataFrame) -> str:
    """Markdown with a picture of each of the largest pairs. SVG, because it is a tenth of the same picture as PNG, and
    sharp at any size."""
    by_pair = flows_by_pair(flows)
    size = {pair: sum(flow.listings for flow in flows) for pair, flows in by_pair.items()}
    largest = sorted(by_pair, key=lambda pair: (-size[pair], pair))[:PICTURES]
    parts = []
    for company, target in sorted(largest):
        svg = flow_svg(flow_picture(by_pair[company, target]), company, target)
        encoded = base64.b64encode(svg.encode()).decode("ascii")
        parts.append(f"### {company} → {target}\n\n![{company} to {target}](data:image/svg+xml;base64,{encoded})")
    if len(by_pair) > len(largest):
        parts.append(f"{len(by_pair) - len(largest)} more pairs of companies are in the report.")
    return "\n\n".join(parts) or "There are no two companies."


def relations_by_pair(standing: pd.DataFrame, mappings: pd.DataFrame) -> pd.DataFrame:
    """A row a pair: listings, how many are mapped, their share, and for each relation how many accepted mappings it has
    and how many listings stand in their categories themselves, as "5 / 278"."""
    table = pair_coverage(standing, mappings)
    accepted = mappings[mappings["status"] == "accepted"]
    for relation in RELATIONS:
        chosen = accepted[accepted["relation"] == relation]
        count = chosen.groupby(PAIR).size().rename("mappings").reset_index()
        found = pair_coverage(standing, chosen)[[*PAIR, "mapped"]].merge(count, on=PAIR, how="left")
        table[relation] = [
            f"{int(count):,} / {listings:,}"
            for count, listings in zip(found["mappings"].fillna(0), found["mapped"], strict=True)
        ]
    return table.assign(share=percent(table["share"])).rename(columns=SHORT)


def absence_metadata(absences: pd.DataFrame) -> dict[str, Any]:
    """How many categories have which answer, and the largest that have no counterpart with the best refused one."""
    answers = absences["answer"].value_counts()
    none = absences[absences["answer"] == "none"].sort_values(["listings", *PAIR], ascending=[False, True, True])
    gaps = pd.DataFrame(
        {
            "from": none["company_slug"],
            "category": none["path"].map(category_path.readable),
            "listings": none["listings"],
            "to": none["target_company_slug"],
            "best refused": none["candidate_path"].map(category_path.readable, na_action="ignore"),
            "support": none["candidate_support"].astype("float64").round(1),
            "why": none["reason"],
        }
    )
    return {
        **{f"Answer: {answer}": int(answers.get(answer, 0)) for answer in ANSWERS},
        "Largest without a counterpart": preview(gaps, rows=GAPS_SHOWN),
    }
