"""Mappings that were used last night and are not tonight, and what they covered; every change is told in changes.py."""

import pandas as pd

from subs_assets.equivalence.coverage import PAIR
from subs_assets.finding import Finding, Gravity, Verdict

LOST_TOLD = 0.10
"""Share of a pair's accepted mappings that somebody should know is lost. Judgement: the share at which a rate is told,
which rests on them (evaluation/night_comparison.py)."""

COVERAGE_TOLD = 0.10
"""Fall of the share of a pair's listings in mapped categories, as a share of itself."""

FEWEST = 10
"""Accepted mappings of a pair below which one more or less is nothing to be told of."""

NAMED = 5


def mappings_hold(
    before: pd.DataFrame, after: pd.DataFrame, categories_before: pd.DataFrame, categories_after: pd.DataFrame
) -> Verdict:
    """Tables ``category_equivalences`` and ``categories``, as published and as of tonight. What a person decided, then
    or now, is no loss. Nothing of it blocks: where it costs rates, the check of these does."""
    if before.empty:
        return Verdict("no mappings are published yet, so there is nothing to hold these against")
    keys = [*PAIR, "path", "target_path"]
    used_before, used_after = (frame[frame["status"] == "accepted"] for frame in (before, after))
    decided = pd.concat([frame.loc[frame["origin"] == "decision", keys] for frame in (before, after)]).drop_duplicates()
    found = used_before[keys].merge(used_after[keys], how="left", indicator="used")
    found = found.merge(decided, how="left", indicator="decided")
    lost = found[(found["used"] == "left_only") & (found["decided"] == "left_only")]
    pairs = pd.DataFrame(
        {
            "used": used_before.groupby(PAIR).size(),
            "lost": lost.groupby(PAIR).size(),
            "covered_before": _covered(used_before, categories_before),
            "covered": _covered(used_after, categories_after),
        }
    ).fillna(0.0)
    pairs = pairs[pairs["used"] >= FEWEST]
    worse = pairs[
        (pairs["lost"] >= LOST_TOLD * pairs["used"])
        | (pairs["covered"] <= (1 - COVERAGE_TOLD) * pairs["covered_before"])
    ]
    told = "; ".join(
        f"{company} -> {target} lost {row.lost:.0f} of {row.used:.0f} accepted mappings and covers "
        f"{row.covered:.0%} of its shelved listings, {row.covered_before:.0%} before"
        for (company, target), row in list(worse.sort_values("lost", ascending=False).iterrows())[:NAMED]
    )
    more = f"; and {len(worse) - NAMED} pairs more" if len(worse) > NAMED else ""
    sentence = (
        f"{told}{more}: see whether one of the trees was renamed or came in part (categories_hold of these companies), "
        "and in category_equivalence_changes which mappings they are"
    )
    return Verdict(
        f"{len(lost):,} of {len(used_before):,} accepted mappings are lost, {len(used_after):,} are accepted now",
        [Finding(Gravity.WARNING, sentence)] if len(worse) else [],
        {
            "Accepted mappings": len(used_after),
            "Accepted mappings lost": len(lost),
            "Largest share lost by a pair": round(float((pairs["lost"] / pairs["used"]).max()), 4)
            if len(pairs)
            else 0.0,
            "Coverage, lowest of a pair": round(float(pairs["covered"].min()), 4) if len(pairs) else 0.0,
        },
    )


def _covered(used: pd.DataFrame, categories: pd.DataFrame) -> pd.Series:
    """By pair of companies the share of the first one's listings that stand in a mapped category; a listing that
    stands in several counts in each."""
    total = categories.groupby("company_slug")["own_listings"].sum()
    mapped = used[[*PAIR, "path"]].drop_duplicates().merge(categories[["company_slug", "path", "own_listings"]])
    found = mapped.groupby(PAIR)["own_listings"].sum()
    return found / total.reindex(found.index.get_level_values("company_slug")).to_numpy()
