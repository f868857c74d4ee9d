"""What is said of known traps that a night shows; which pairs are traps is told by their labels."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from subs_assets.finding import Finding, Gravity, Verdict, first_of
from subs_assets.substitution.review_file import NEEDED as REVIEW_COLUMNS


def no_trap_is_shown(evaluation: pd.DataFrame, published: Collection[tuple[str, str]]) -> Verdict:
    """An error, which blocks, where a trap of two listings that are ``published`` is shown; of others, as on a first
    night, a warning: only a pair of published listings can be rejected by a person."""
    known = int(evaluation.loc[evaluation["measure"] == "traps_shown", "cases"].sum())
    shown = list(evaluation[evaluation["measure"] == "trap_shown"].itertuples())
    figures = {"Traps shown": len(shown), "Traps known": known}
    if not shown:
        return Verdict(f"none of {known} known traps is shown", figures=figures)
    blocks = any(set(_listings_of(row)) <= set(published) for row in shown)
    when = "Nothing is published:" if blocks else "The night is published, and then knows their listings;"
    sentence = (
        f"known traps are shown: {first_of(map(_trap, shown))}. {when} reject "
        f"them by `subs review apply FILE`, with these rows under the header {','.join(REVIEW_COLUMNS)}, and run again"
    )
    return Verdict("", [Finding(Gravity.ERROR if blocks else Gravity.WARNING, sentence)], figures)


def _trap(row: Any) -> str:
    """What a person reads of a row ``trap_shown``, and the row that rejects it."""
    (company, sku), (target, target_sku) = _listings_of(row)
    return (
        f"{company} {sku} -> {target} {target_sku}, {row.said} "
        f"(row: {company},{sku},{target},{target_sku},reject,known trap)"
    )


def _listings_of(row: Any) -> tuple[tuple[str, str], tuple[str, str]]:
    """(company, sku) of both sides of a row ``trap_shown``, whose part is "sku -> target_sku"."""
    sku, _, target_sku = row.part.partition(" -> ")
    return (row.company_slug, sku), (row.target_company_slug, target_sku)
