"""Which archives may go: of each day, week and month the newest verified one stays; how an archive is read back or
removed is known elsewhere.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from subs_assets.archive import reset_state, upgrade_state
from subs_assets.archive.errors import BadArchive
from subs_assets.archive.places import ArchivePlace
from subs_assets.archive.retention import Retention
from subs_assets.archive.store import ArchiveSummary
from subs_assets.archive.verify import verify

LEAST_VERIFIED = 2
"""So many archives stay that were read back: nothing is removed where there are less."""


@dataclass(frozen=True)
class Judgement:
    """What shall become of one archive, and why."""

    archive: ArchiveSummary
    stays: bool
    reason: str


def prune(
    place: ArchivePlace,
    sources: tuple[str, ...],
    retention: Retention,
    needed: Collection[str] = (),
    wait_seconds: float = 60,
) -> list[Judgement]:
    """Remove the archives that ``judge`` lets go, and return what it said.

    Raises:
        ArchiveLocked: somebody was at work there for longer than ``wait_seconds``.
        ArchiveError: one could not be removed; those behind it are as they were.
    """
    # Read back before the lock, which others wait for: what they make meanwhile is newer, and takes nobody's place.
    judgements = judgements_of(place, sources, retention, needed)
    with place.exclusive(wait_seconds):
        for one in judgements:
            if not one.stays:
                place.remove(one.archive.name)
    return judgements


def archives_in_use(control: Engine) -> set[str]:
    """The names of the archives that hold what is nowhere else: those that reset requests wait with for their
    confirmation, or were confirmed with, and those of upgrades that were not refused.
    """
    return reset_state.archives_in_use(control) | upgrade_state.archives_in_use(control)


def judgements_of(
    place: ArchivePlace, sources: tuple[str, ...], retention: Retention, needed: Collection[str] = ()
) -> list[Judgement]:
    """What ``prune`` would do; nothing is removed."""

    def problem_of(one: ArchiveSummary) -> str | None:
        try:
            with place.fetched(one.name) as folder:
                return "; ".join(verify(folder).problems) or None
        except BadArchive as problem:  # so bad that a store's cannot even be fetched
            return str(problem)

    return judge(place.summaries(), sources, retention, problem_of, needed)


def judge(
    archives: Iterable[ArchiveSummary],
    sources: tuple[str, ...],
    retention: Retention,
    problem_of: Callable[[ArchiveSummary], str | None],
    needed: Collection[str] = (),
) -> list[Judgement]:
    """What shall become of each archive, in the order in which they came.

    Only archives of the databases ``sources`` (as ``sources_of`` names them) can go: another's may be the last that
    its owner has. A damaged one stands for nothing, and stays for a person to look at. ``problem_of`` reads an archive
    back and says what is wrong with it; it is asked only of those that would stay. ``needed`` are the names of archives
    that a reset needs.
    """
    listed = list(archives)
    problems: dict[str, str | None] = {one.name: one.problem for one in listed if one.problem is not None}

    def is_good(one: ArchiveSummary) -> bool:
        if one.name not in problems:
            problems[one.name] = problem_of(one)
        return problems[one.name] is None

    ours = [one for one in listed if one.problem is None and one.sources == sources]
    reasons = dict.fromkeys((one.name for one in listed if one not in ours), "of another database")
    reasons |= _reasons_to_stay(sorted(ours, key=lambda one: -one.number), retention, is_good)
    for name, problem in problems.items():
        if problem is not None:
            reasons[name] = f"is damaged, look at it: {problem}"
    reasons |= dict.fromkeys(needed, "a reset or an upgrade needs it")
    return [
        Judgement(one, one.name in reasons, reasons.get(one.name, "a newer one stands for its time")) for one in listed
    ]


def _reasons_to_stay(
    newest_first: Sequence[ArchiveSummary], retention: Retention, is_good: Callable[[ArchiveSummary], bool]
) -> dict[str, str]:
    """archive -> why it stays, of the archives of one set of databases."""
    reasons: dict[str, str] = {}
    for period, count in zip(PERIODS, retention, strict=True):
        for time, those in list(_by_time(newest_first, PERIODS[period]).items())[:count]:
            # A whole archive that could not represent everything stands for its time only where there is no better one.
            best_first = sorted(those, key=lambda one: not one.complete)
            if (best := next(filter(is_good, best_first), None)) is not None:
                reasons.setdefault(best.name, f"the newest of the {period} {time}")
    verified = [one for one, _ in zip(filter(is_good, newest_first), range(LEAST_VERIFIED), strict=False)]
    if len(verified) < LEAST_VERIFIED:
        return {one.name: f"less than {LEAST_VERIFIED} archives can be relied on" for one in newest_first}
    complete = next((one for one in newest_first if one.complete and is_good(one)), None)
    if complete is not None:
        reasons.setdefault(complete.name, "the newest complete one")
    return {**{one.name: "one of the two newest" for one in verified}, **reasons}


def _by_time(
    archives: Iterable[ArchiveSummary], time_of: Callable[[datetime], str]
) -> Mapping[str, list[ArchiveSummary]]:
    found: dict[str, list[ArchiveSummary]] = {}
    for one in archives:
        found.setdefault(time_of(datetime.fromisoformat(one.created)), []).append(one)
    return found


PERIODS: Mapping[str, Callable[[datetime], str]] = {
    "day": lambda created: f"{created:%Y-%m-%d}",
    "week": lambda created: "{}-W{:02}".format(*created.isocalendar()),
    "month": lambda created: f"{created:%Y-%m}",
}
"""In UTC, as the archives' names are."""
