"""The warehouse and the control state: whether they answer, and are what this program works with; nothing is made."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from subs_assets.doctor.finding import Finding, error, ok, warning
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.database.check import Problem

BACK = "; `subs db check` says from which archive"


def look_at_warehouse(settings: Settings) -> Iterator[Finding]:
    """What ``subs db check`` finds of the warehouse."""
    from subs_assets.database.check import notes, problems
    from subs_assets.database.engine import describe, sqlite_file

    file = sqlite_file(settings.database_url)
    if file is not None and not file.exists():
        yield ok(f"{file} does not exist yet: the first run makes it")
        return
    found = problems(settings.database_url)
    yield from problem_findings(found)
    for note in notes(settings.database_url):
        yield warning(note, "nothing, if somebody wants it there: no run touches it")
    if not found:
        yield ok(f"{describe(settings.database_url)} answers, is at the newest revision and as its tables should be")


def look_at_control_state(settings: Settings) -> Iterator[Finding]:
    """What ``subs db check`` finds of the control state."""
    from subs_assets.database.control_drift import control_problems
    from subs_assets.database.engine import describe, sqlite_file

    file = sqlite_file(settings.control_url)
    if file is not None and not file.exists():
        yield ok(f"{file} does not exist yet: the first run makes it")
        return
    found = control_problems(settings.control_url)
    yield from problem_findings(found)
    if not found:
        yield ok(f"{describe(settings.control_url)} answers and is as it should be")


def problem_findings(problems: Iterable["Problem"]) -> Iterator[Finding]:
    """``subs db check``'s sentences end with what mends it."""
    for problem in problems:
        found, separator, remedy = problem.sentence.rpartition(": ")
        way_back = BACK if problem.needs_archive else ""
        yield error(found, remedy + way_back) if separator else error(problem.sentence, f"subs db check{way_back}")
