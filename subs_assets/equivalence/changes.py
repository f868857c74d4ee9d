"""What differs between two nights' mappings: the table ``category_equivalence_changes``."""

import pandas as pd

from subs_assets.equivalence.mapping import KEY_COLUMNS

CHANGE_COLUMNS = [
    *KEY_COLUMNS, "change", "status_before", "status_after", "relation_before", "relation_after",
]  # fmt: skip

CHANGES = ("new", "gone", "status", "relation")


def mapping_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """One row for each mapping that is new, gone, or of another status or relation; ``before`` and ``after`` are in the
    form of ``category_equivalences``. Empty where nothing was published before: then everything would be new.

    A mapping both whose status and whose relation differ changed its status.
    """
    if before.empty:
        return pd.DataFrame(columns=CHANGE_COLUMNS)
    columns = [*KEY_COLUMNS, "status", "relation"]
    both = before[columns].merge(after[columns], on=KEY_COLUMNS, how="outer", suffixes=("_before", "_after"))
    both["change"] = "same"
    both.loc[both["relation_before"] != both["relation_after"], "change"] = "relation"
    both.loc[both["status_before"] != both["status_after"], "change"] = "status"
    both.loc[both["status_before"].isna(), "change"] = "new"
    both.loc[both["status_after"].isna(), "change"] = "gone"
    changed = both[both["change"] != "same"]
    return changed.sort_values(KEY_COLUMNS, ignore_index=True)[CHANGE_COLUMNS]
