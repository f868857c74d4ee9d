"""What one night shows, as its tables tell it: which labelled pairs are shown, and what needs no label: coverage by
department, prices, rates beside chance."""

from dataclasses import dataclass

import pandas as pd

from subs_assets.equivalence.coverage import PAIR
from subs_assets.substitution.departments import NOT_TOLD
from subs_assets.substitution.rates import SETTINGS

FAR = 3.0
"""A substitute that costs so many times as much for its measure, or so many times less, is far off in price."""

LABELLED = ["product_id", "substitute_id", "target_company_slug"]


@dataclass(frozen=True)
class ShownTables:
    """The tables of these names, of one night."""

    substitutions: pd.DataFrame
    substitution_outcomes: pd.DataFrame
    substitution_rates: pd.DataFrame


def with_what_is_shown(placed: pd.DataFrame, substitutions: pd.DataFrame) -> pd.DataFrame:
    """``placed`` with ``is_shown``, and of what is shown ``level``, ``score`` and ``reasons``."""
    # Of millions of rows few are labelled.
    rows = substitutions.loc[
        substitutions["product_id"].isin(placed["product_id"]),
        ["product_id", "substitute_id", "company_slug", "level", "score", "reasons"],
    ].rename(columns={"company_slug": "target_company_slug"})
    found = placed.merge(rows, on=LABELLED, how="left")
    return found.assign(is_shown=found["level"].notna())


def first_choices_of_outcomes(outcomes: pd.DataFrame) -> pd.DataFrame:
    """What is offered first, or would be if all that no gate refuses were shown: ``company_slug``, ``LABELLED``,
    ``score``."""
    allowed = outcomes[outcomes["stage"].isin(["found", "below score"])]
    return allowed.rename(columns={"nearest_id": "substitute_id", "nearest_score": "score"})[
        ["company_slug", *LABELLED, "score"]
    ]


def coverage_by_department(outcomes: pd.DataFrame, product_claims: pd.DataFrame) -> pd.DataFrame:
    """``PAIR``, ``department``, ``products``, ``share``: of a company's products of the department,
    those with a substitute at the other company."""
    across = outcomes[outcomes["company_slug"] != outcomes["target_company_slug"]]
    department = product_claims.set_index("product_id")["department"]
    told = across[PAIR].assign(
        department=across["product_id"].map(department).fillna(NOT_TOLD), is_found=across["stage"] == "found"
    )
    grouped = told.groupby([*PAIR, "department"], as_index=False)["is_found"]
    return grouped.agg(products="size", share="mean")


def price_sanity(substitutions: pd.DataFrame, product_listings: pd.DataFrame) -> pd.DataFrame:
    """``PAIR``, ``rows`` whose two unit prices can be compared, ``median`` of their ratio, ``far``: the share of them
    that costs over ``FAR`` times as much or less than a ``FAR``th. A row counts for each company with its product."""
    priced = substitutions[substitutions["unit_price_ratio"].notna()]
    rows = priced[["product_id", "company_slug", "unit_price_ratio"]].rename(
        columns={"company_slug": "target_company_slug"}
    )
    listed = product_listings[["product_id", "company_slug"]].drop_duplicates()
    found = rows.merge(listed, on="product_id")
    found["is_far"] = ~found["unit_price_ratio"].between(1 / FAR, FAR)
    grouped = found.groupby(PAIR)
    frame = pd.DataFrame(
        {
            "rows": grouped.size(),
            "median": grouped["unit_price_ratio"].median(),
            "far": grouped["is_far"].mean(),
        }
    )
    return frame.reset_index()


def rates_by_setting(rates: pd.DataFrame) -> pd.DataFrame:
    """``PAIR``, ``products`` and the rate in each of ``SETTINGS``."""
    wide = rates.pivot(index=PAIR, columns="setting", values="rate").reindex(columns=list(SETTINGS))
    return wide.assign(products=rates.groupby(PAIR)["products"].max()).reset_index()
