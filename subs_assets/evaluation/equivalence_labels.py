"""The labelled pairs of categories: how much each counts, and which half sets thresholds and which one is reported."""

from importlib.resources import files

import numpy as np
import pandas as pd

from subs_assets.equivalence.mapping import KEY_COLUMNS

SHEETS = ("au_equivalences.csv", "au_equivalences_2.csv")

STRATUM = ["company_slug", "target_company_slug", "stratum"]

HALVES = ("fitted", "reported")
"""On the first thresholds were set; figures are of the second, which nothing was fitted to."""

HALVES_SEED = 5

CONTAINS = ("exact", "close", "broad", "narrow")
"""Labels that say that one of the two holds the other."""


def labelled_pairs() -> pd.DataFrame:
    """``KEY_COLUMNS``, ``stratum``, ``relation`` (of the target to the source, or none), ``weight``: how many pairs of
    the pool each one stands for, and ``half``."""
    sheets = [pd.read_csv(str(files("subs_assets.evaluation") / "gold" / name), encoding="utf-8") for name in SHEETS]
    labels = pd.concat(sheets, ignore_index=True)
    drawn = labels.groupby(STRATUM)["pooled"].transform("size")
    labels = labels.assign(weight=labels["pooled"] / drawn, half=_halves(labels))
    return labels[[*KEY_COLUMNS, "stratum", "relation", "weight", "half"]]


def _halves(labels: pd.DataFrame) -> pd.Series:
    """A half for each pair, so that every stratum is cut in two."""
    random = np.random.default_rng(HALVES_SEED)
    half = np.zeros(len(labels), np.intp)
    for _, rows in sorted(labels.groupby(STRATUM).groups.items()):
        order, start = random.permutation(len(rows)), random.integers(2)
        half[np.sort(rows.to_numpy())] = (order + start) % 2
    return pd.Series(np.array(HALVES, object)[half], index=labels.index)
