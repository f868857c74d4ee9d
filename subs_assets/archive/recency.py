"""Whether what is published could be brought back: how old the newest archive is; archives are made and read back
elsewhere."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from subs_assets.archive.drills import PastDrill
from subs_assets.archive.store import ArchiveSummary
from subs_assets.finding import Finding, Gravity, Verdict

TOLD_AFTER = timedelta(hours=26)
"""A night without an archive is told the same night: the nightly run ends three hours after the archive schedule, or 27
hours after it where one failed (26 where clocks go forward); any other hour of a day with an archive is nearer."""

ERROR_AFTER = timedelta(days=3)
"""Longer than a weekend on which nobody looks: now decisions of people are in danger, which no run makes again."""

REMEDY = "run `subs archive create`, and see that archive_schedule is on (docs/automation.md) and its runs succeed"


def archive_is_recent(
    summaries: Sequence[ArchiveSummary],
    sources: tuple[str, ...],
    first_published: datetime | None,
    drill: PastDrill | None,
    place: str,
    now: datetime,
) -> Verdict:
    """``summaries``: of all that lie at ``place``, whose manifests were read back and hashed when they were made;
    ``sources``: which databases are ours, as ``sources_of`` says it. Where there is none, the first publication tells
    how long there has been something to lose."""
    ours = [one for one in summaries if one.problem is None and one.sources == sources]
    complete = [one for one in ours if one.complete]
    newest = max((datetime.fromisoformat(one.created) for one in complete), default=None)
    since = newest or first_published or now
    age = max(now - since, timedelta())
    findings = []
    if age > TOLD_AFTER:
        said = (
            f"the newest complete archive in {place} is {_spoken(age)} old"
            if newest
            else f"{place} holds no complete archive of these databases, and the first night was published "
            f"{_spoken(age)} ago"
        )
        findings.append(Finding(Gravity.ERROR if age > ERROR_AFTER else Gravity.WARNING, f"{said}: {REMEDY}"))
    if drill is not None and drill.problems is not None:
        said = f"the last drill failed: {drill.sentence}. Do not rely on that archive; {REMEDY}, which drills again"
        findings.append(Finding(Gravity.ERROR, said))
    return Verdict(
        f"the newest of {len(complete)} complete archives in {place} is {_spoken(age)} old"
        if newest
        else f"{place} holds no archive yet, and little time has gone by since the first night was published",
        findings,
        {"Hours since the newest archive": round(age / timedelta(hours=1), 1), "Archives": len(ours)},
    )


def _spoken(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 72 else f"{age.days} days"
