"""The substitution rates as the report shows them: one row a company pair, and the long form that heatmaps are drawn
from."""

import pandas as pd

from subs_assets.equivalence.coverage import PAIR
from subs_assets.substitution.rates import SETTINGS

MEASURES = {
    "rate": "with_any",
    "rate_levels_1_to_4": "with_levels_1_to_4",
    "rate_level_5": "with_level_5",
}
"""Share -> the count that it is the share of."""


def rates_by_pair(rates: pd.DataFrame) -> pd.DataFrame:
    """One row a pair: ``products`` and a column ``<setting> <measure>`` for each setting and each of ``MEASURES``."""
    products = rates.groupby(PAIR)["products"].max()
    wide = rates.pivot(index=PAIR, columns="setting", values=list(MEASURES))
    wide.columns = [f"{setting} {measure}" for measure, setting in wide.columns]
    columns = [f"{setting} {measure}" for setting in SETTINGS for measure in MEASURES]
    return wide.reindex(columns=columns).assign(products=products).reset_index()


def heatmap_cells(rates: pd.DataFrame, setting: str, measure: str) -> pd.DataFrame:
    """One setting's cells: PAIR, ``rate`` (of the measure), ``substituted`` (its count) and ``products``."""
    cells = rates.loc[rates["setting"] == setting, [*PAIR, measure, MEASURES[measure], "products"]]
    return cells.set_axis([*PAIR, "rate", "substituted", "products"], axis=1).reset_index(drop=True)
