"""Since when? For every check that does not pass now, the first run of the unbroken row of runs in which it did not."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from subs_assets.history.nights import PUBLISHED
from subs_assets.history.series import COMPANY

SUCCEEDED = (PUBLISHED, "succeeded")


@dataclass(frozen=True)
class Failing:
    """A check that did not pass when it was last evaluated, in ``runs`` runs in a row; ``said``: what it said last."""

    asset: str
    check_name: str
    severity: str
    since: datetime
    runs: int
    said: str

    @property
    def sentence(self) -> str:
        """
        >>> Failing("catalogue/aldi", "delivered", "ERROR", datetime(2026, 11, 20), 3, "").sentence
        'catalogue/aldi delivered has failed since 2026-11-20, in 3 runs'
        """
        verb = "failed" if self.severity == "ERROR" else "warned"
        if self.runs == 1:
            return f"{self.asset} {self.check_name} {verb} on {self.since:%Y-%m-%d}, for the first time"
        return f"{self.asset} {self.check_name} has {verb} since {self.since:%Y-%m-%d}, in {self.runs} runs"


def failing_now(nights: pd.DataFrame, checks: pd.DataFrame) -> list[Failing]:
    """Of ``nights.nights_of``, in whose time zone they are said, and the table ``run_checks``, errors first, those that
    have lasted longest first.

    A run that did not come to a check says nothing about it: it breaks no row and counts in none. A check that a later
    whole run of the same job did not evaluate is gone: its company, say, is no longer there.
    """
    dated = checks.merge(nights[["run_id", "job", "started_at"]], on="run_id").sort_values("started_at", kind="stable")
    newest = _whole(nights, checks).groupby("job")["started_at"].max()
    found = []
    for (asset, name), rows in dated.groupby(["asset", "check_name"], sort=True):
        last = rows.iloc[-1]
        is_gone = last["job"] in newest.index and last["started_at"] < newest[last["job"]]
        if last["passed"] or is_gone:
            continue
        passed = rows["passed"].astype(bool).to_numpy()
        row = rows.iloc[len(passed) - passed[::-1].argmax() if passed.any() else 0 :]
        since, said = row["started_at"].iloc[0].to_pydatetime(), last["said"]
        found.append(Failing(asset, name, last["severity"], since, len(row), said if isinstance(said, str) else ""))
    return sorted(found, key=lambda one: (one.severity, one.since))


def _whole(nights: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Runs that succeeded and did all that their job does: none that goes on with another, and of a job that asks
    companies only those that came from them to publication."""
    asked = nights["run_id"].isin(checks.loc[checks["asset"].str.startswith(COMPANY), "run_id"])
    of_companies = nights["job"].isin(nights.loc[asked, "job"])
    is_complete = ~of_companies | (asked & nights["published_at"].notna())
    return nights[nights["outcome"].isin(SUCCEEDED) & nights["repeats"].isna() & is_complete]
