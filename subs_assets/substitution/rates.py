"""Substitution rates: the share of a company's products that have a substitute at another; always with what they are to
be held against."""

import pandas as pd

COLUMNS = [
    "company_slug", "target_company_slug", "setting", "products", "with_levels_1_to_4", "with_level_5", "with_any",
    "rate_levels_1_to_4", "rate_level_5", "rate",
]  # fmt: skip

SETTINGS = ("linked", "siloed", "null")


def build_rates(outcomes: pd.DataFrame, null_outcomes: pd.DataFrame) -> pd.DataFrame:
    """Table ``substitution_rates``: for each company pair the settings

    - ``linked``: level 5 through category equivalences;
    - ``siloed``: level 5 inside one company's tree only, levels 1 to 4 unchanged, as in the first system;
    - ``null``: linked, but with every company's shelves dealt anew: what chance would reach.

    The identical product does not count; a product counts once, however many substitutes it has.
    """
    siloed = outcomes.assign(level_5=outcomes["level_5_own_tree"])
    settings = zip(SETTINGS, (outcomes, siloed, null_outcomes), strict=True)
    frame = pd.concat([_rates(of).assign(setting=setting) for setting, of in settings])
    return frame[COLUMNS].sort_values(COLUMNS[:3], ignore_index=True)


def rates_between_companies(rates: pd.DataFrame) -> dict[str, float]:
    """Setting -> the share of products with a substitute, over all pairs of two companies; empty for one company."""
    across = rates[rates["company_slug"] != rates["target_company_slug"]]
    sums = across.groupby("setting")[["with_any", "products"]].sum()
    shares = (sums["with_any"] / sums["products"]).round(4)
    return {setting: float(shares[setting]) for setting in SETTINGS if setting in shares.index}


PAIRS_PLOTTED = 20
"""Up to so many pairs of companies (five companies) each is plotted; with more, a company is."""


def plotted_rates(rates: pd.DataFrame) -> dict[str, float]:
    """What is plotted over the nights -> the linked rate of each pair of two companies ("Rate of aldi at coles"); where
    these are more than PAIRS_PLOTTED, of each company at all others together ("Rate of aldi elsewhere")."""
    across = rates[(rates["setting"] == "linked") & (rates["company_slug"] != rates["target_company_slug"])]
    if len(across) <= PAIRS_PLOTTED:
        pairs = across[["company_slug", "target_company_slug", "rate"]].itertuples(index=False, name=None)
        return {f"Rate of {company} at {target}": float(rate) for company, target, rate in pairs}
    sums = across.groupby("company_slug")[["with_any", "products"]].sum()
    shares = (sums["with_any"] / sums["products"]).round(4)
    return {f"Rate of {company} elsewhere": float(share) for company, share in shares.items()}


def _rates(outcomes: pd.DataFrame) -> pd.DataFrame:
    lower, fifth = outcomes["levels_1_to_4"].astype(bool), outcomes["level_5"].astype(bool)
    counted = outcomes[["company_slug", "target_company_slug"]].assign(
        products=1, with_levels_1_to_4=lower, with_level_5=fifth, with_any=lower | fifth
    )
    frame = counted.groupby(["company_slug", "target_company_slug"], as_index=False).sum()
    for share, count in (
        ("rate_levels_1_to_4", "with_levels_1_to_4"),
        ("rate_level_5", "with_level_5"),
        ("rate", "with_any"),
    ):
        frame[share] = (frame[count] / frame["products"]).round(4)
    return frame
