"""Whether what was read of all companies is whole; how it compares with last night is told in last_night.py."""

import pandas as pd

from subs_assets.finding import REPORT_IT, Finding, Gravity, Verdict


def rows_add_up(catalogue_files: pd.DataFrame) -> Verdict:
    """Of every file, accepted and set aside together are what was read."""
    wrong = catalogue_files[catalogue_files["accepted"] + catalogue_files["set_aside"] != catalogue_files["read"]]
    read = int(catalogue_files["read"].sum())
    names = ", ".join(wrong["company_slug"] + "/" + wrong["file"])
    sentence = f"accepted and set aside together are not what was read of {names}: {REPORT_IT}"
    return Verdict(
        f"{read:,} rows read",
        [] if wrong.empty else [Finding(Gravity.ERROR, sentence)],
        {"Rows read": read, "Files that do not add up": len(wrong)},
    )


def is_not_empty(listings: pd.DataFrame) -> Verdict:
    """There is something to work with."""
    companies = int(listings["company_slug"].nunique())
    sentence = "no company has a listing: every catalogue is empty or failed, and the check delivered of each says why"
    return Verdict(
        f"{len(listings):,} listings of {companies} companies",
        [] if len(listings) else [Finding(Gravity.ERROR, sentence)],
        {"Listings": len(listings), "Companies": companies},
    )
