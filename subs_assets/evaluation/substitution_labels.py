"""The labelled pairs of products: which half fits the model, which one is reported, how much each pair counts."""

from importlib.resources import files

import pandas as pd

LISTING = ["company_slug", "sku"]
LABEL_KEYS = [*LISTING, "target_company_slug", "target_sku"]

SHEETS = {
    "fitted": ("au_substitutions_1.csv", "au_substitutions_2.csv"),
    "reported": ("au_substitutions_3.csv",),
}
"""Half -> its sheets. No product stands in two sheets. The first was drawn of all that any method might offer, the
second of candidates that the model fitted to the first found likely, the third of what the model fitted to both
shows."""

CANDIDATES = "au_substitutions_2.csv"
"""The sheet whose weights add up to the candidates: by it the threshold is set."""

TRAPS = "au_traps.csv"

ACCEPTED = ("accept", "reservation")
"""Verdicts of a shopper who keeps what is in the bag."""

STRATUM = ["company_slug", "target_company_slug", "stratum"]


def labelled_pairs(half: str) -> pd.DataFrame:
    """``LABEL_KEYS``, ``words`` and ``target_words`` (some words of each name), ``sheet``, ``stratum``, ``verdict``,
    ``is_accepted``, and ``weight``: how many pairs of its stratum each stands for (of first choices: how many
    products)."""
    labels = pd.concat([_read(sheet).assign(sheet=sheet) for sheet in SHEETS[half]], ignore_index=True)
    drawn = labels.groupby(["sheet", *STRATUM])["sku"].transform("nunique")
    return labels.assign(is_accepted=labels["verdict"].isin(ACCEPTED), weight=labels["pooled"] / drawn)


def traps() -> pd.DataFrame:
    """``LABEL_KEYS``, ``words``, ``target_words`` and ``trap``: pairs that look alike and that no shopper would
    accept."""
    return _read(TRAPS)


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(
        str(files("subs_assets.evaluation") / "gold" / name),
        encoding="utf-8",
        dtype={"sku": str, "target_sku": str},
        keep_default_na=False,
    )
