"""Whether mappings contradict the category trees or each other; whether they are right is measured in evaluation/."""

import pandas as pd

from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.relations import INVERSE
from subs_assets.finding import REPORT_IT, Verdict, faultless


def mappings_are_sound(
    category_equivalences: pd.DataFrame, categories: pd.DataFrame, category_facets: pd.DataFrame
) -> Verdict:
    """Categories exist, of two companies; unless a person says so, no facet is mapped and directions agree."""
    known, facets = (
        pd.MultiIndex.from_frame(frame[["company_slug", "path"]]) for frame in (categories, category_facets)
    )
    ends = [
        pd.MultiIndex.from_frame(category_equivalences[[f"{side}company_slug", f"{side}path"]])
        for side in ("", "target_")
    ]
    by_evidence = (category_equivalences["origin"] != "decision").to_numpy()
    accepted = category_equivalences[category_equivalences["status"] == "accepted"]
    told = accepted[accepted["origin"] != "decision"]
    relation = dict(zip(told[KEY_COLUMNS].itertuples(index=False, name=None), told["relation"], strict=True))
    faults = {
        "of a category that there is not": int((~ends[0].isin(known) | ~ends[1].isin(known)).sum()),
        "of a facet": int(((ends[0].isin(facets) | ends[1].isin(facets)) & by_evidence).sum()),
        "within one company": int(
            (category_equivalences["company_slug"] == category_equivalences["target_company_slug"]).sum()
        ),
        "whose other direction says something else": sum(
            relation.get((*key[2:], *key[:2]), INVERSE[said]) not in (INVERSE[said], "related")
            for key, said in relation.items()
            if said != "related"
        ),
    }
    sound = f"{len(category_equivalences):,} mappings are sound, {len(accepted):,} of them accepted"
    return faultless(sound, faults, REPORT_IT)
