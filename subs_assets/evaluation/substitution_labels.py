"""The labelled pairs of products: which half fits the model, which one is reported, how much each pair counts."""

from importlib.resources import files

import pandas as pd

KEYS = ["company_slug", "sku", "target_company_slug", "target_sku"]

SHEETS = {"fitted": "au_substitutions_1.csv", "reported": "au_substitutions_2.csv"}
"""Half -> its sheet. No product stands in both."""

TRAPS = "au_traps.csv"

ACCEPTED = ("accept", "reservation")
"""Verdicts of a shopper who keeps what is in the bag."""

STRATUM = ["company_slug", "target_company_slug", "stratum"]


def labelled_pairs(half: str) -> pd.DataFrame:
    """``KEYS``, ``stratum``, ``verdict``, ``is_accepted``, and ``weight``: how many pairs of its stratum each stands
    for (of first choices: how many products)."""
    labels = _read(SHEETS[half])
    drawn = labels.groupby(STRATUM)["sku"].transform("nunique")
    return labels.assign(is_accepted=labels["verdict"].isin(ACCEPTED), weight=labels["pooled"] / drawn)


def traps() -> pd.DataFrame:
    """``KEYS`` and ``trap``: pairs that look alike and that no shopper would accept."""
    return _read(TRAPS)


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(
        str(files("subs_assets.evaluation") / "gold" / name),
        encoding="utf-8",
        dtype={"sku": str, "target_sku": str},
        keep_default_na=False,
    )
