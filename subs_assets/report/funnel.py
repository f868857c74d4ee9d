"""How many products of each company are lost at which stage on their way to each company."""

import numpy as np
import pandas as pd

from subs_assets.equivalence.coverage import PAIR
from subs_assets.substitution.outcomes import STAGES

FUNNEL = tuple(reversed(STAGES))
"""From what is found back to what never came in: the order of the bars and of the table's columns."""


def loss_funnel(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row a company pair, one column a stage (in the order of ``FUNNEL``), and ``products``, their sum."""
    counted = outcomes.groupby([*PAIR, "stage"]).size().unstack(fill_value=0)
    unknown = set(counted.columns) - set(FUNNEL)
    if unknown:
        raise ValueError(f"substitution_outcomes holds the stages {', '.join(sorted(unknown))}, which no funnel shows")
    table = counted.reindex(columns=list(FUNNEL), fill_value=0)
    table.columns.name = None
    return table.assign(products=table.sum(axis=1)).reset_index()


def by_company(funnel: pd.DataFrame) -> pd.DataFrame:
    """The funnel of each company to all others together; a product counts once for each of them."""
    across = funnel[funnel["company_slug"] != funnel["target_company_slug"]]
    return across.drop(columns="target_company_slug").groupby("company_slug", as_index=False).sum()


def segments(funnel: pd.DataFrame) -> pd.DataFrame:
    """The bars' pieces: the funnel's keys, ``stage``, ``count``, ``share``, and where it starts and ends (0 to 1)."""
    keys = [name for name in funnel.columns if name in PAIR]
    counts = funnel[list(FUNNEL)].to_numpy(float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ends = shares.cumsum(axis=1)
    rows, stages = np.nonzero(counts)
    pieces = funnel[keys].iloc[rows].reset_index(drop=True)
    return pieces.assign(
        stage=np.array(FUNNEL, object)[stages],
        count=counts[rows, stages].astype(int),
        share=shares[rows, stages],
        start=(ends - shares)[rows, stages],
        end=ends[rows, stages],
    )
