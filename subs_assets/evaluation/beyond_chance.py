"""Whether equivalences find more than shelves that are dealt by chance."""

import pandas as pd

from subs_assets.finding import Finding, Gravity, Verdict


def rates_beat_chance(substitution_rates: pd.DataFrame) -> Verdict:
    """A warning for pairs of companies whose rate of level 5 is no higher than the permutation null."""
    across = substitution_rates[substitution_rates["company_slug"] != substitution_rates["target_company_slug"]]
    table = across.pivot(
        index=["company_slug", "target_company_slug"], columns="setting", values="rate_level_5"
    ).reindex(
        columns=["linked", "null"]  # there are none where there is one company
    )
    weak = table[(table["linked"] <= table["null"]) & (table["null"] > 0)]
    pairs = ", ".join(f"{source} -> {target}" for source, target in weak.index[:5])
    sentence = (
        f"level 5 finds no more than chance for {pairs}: look at their mappings (`subs equivalences --from ... --to "
        "...`); where there is none, decide some (`subs review equivalences`)"
    )
    figures: dict[str, int | float] = {"Pairs of companies": len(table), "Pairs no better than chance": len(weak)}
    if len(table):
        figures["Smallest gain over chance"] = round(float((table["linked"] - table["null"]).min()), 4)
    return Verdict(
        f"level 5 finds more than chance for each of {len(table)} pairs of companies",
        [] if weak.empty else [Finding(Gravity.WARNING, sentence)],
        figures,
    )
