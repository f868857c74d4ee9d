"""The place of archives, the newest archive, and the last drill; no archive is made, restored or fetched."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from subs_assets.commands.output import age
from subs_assets.doctor.finding import Finding, error, ok, warning
from subs_assets.doctor.folders import free_bytes, nearest_folder, why_not_writable
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.archive.drills import PastDrill
    from subs_assets.archive.store import ArchiveSummary

OLD = timedelta(days=2)
"""A nightly archive that failed once is a night late; twice, somebody should know."""

DRILL_OLD = timedelta(days=9)
"""A drill a week, and a night or two of grace."""

READ_BACK_BYTES = 256 * 2**20
"""Compressed bytes of an archive that are read back while a person waits: some two seconds."""


def look(settings: Settings) -> Iterator[Finding]:
    """The newest archive: where it lies, whether it is complete and young, and room for one more."""
    from subs_assets.archive.databases import sources_of
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.place_url import local_folder
    from subs_assets.archive.places import open_place
    from subs_assets.database.engine import sqlite_file

    folder = local_folder(settings.archives)
    try:
        summaries = open_place(settings.archives, settings.scratch).summaries()
    except ArchiveError as problem:
        yield error(str(problem), "set SUBS_ARCHIVES to a place that answers; then `subs archive create`")
        return
    if folder is None:
        yield ok(f"{settings.archives} answers; that it can be written to is seen by the next archive")
    elif reason := why_not_writable(folder):
        yield error(f"nothing can be written to {folder} ({reason})", "let the account that runs subs write there")
    else:
        yield ok(f"{folder} can be written to")
    database = sqlite_file(settings.database_url)
    if not summaries and database is not None and not database.exists():
        yield ok("no archive yet, and no database to archive")
        return
    ours = [one for one in summaries if one.problem is None and one.sources == sources_of(settings.databases)]
    yield from archive_findings(summaries, ours, settings.archives, datetime.now(UTC))
    if folder is not None and ours:
        yield from read_back_findings(folder / ours[0].name, ours[0].bytes)
        yield room_finding(ours[0].bytes, free_bytes(folder), nearest_folder(folder))


def archive_findings(
    summaries: Sequence["ArchiveSummary"], ours: Sequence["ArchiveSummary"], place: str, now: datetime
) -> Iterator[Finding]:
    """``summaries``: all that lie there; ``ours``: the readable ones of this installation, newest first."""
    for one in summaries:
        if one.problem is not None:
            yield warning(f"{one.name} cannot be read: {one.problem}", "look at it; `subs archive prune` keeps it")
    if not ours:
        yield warning(f"no archive of this installation lies in {place}", "subs archive create")
        return
    newest = ours[0]
    made = datetime.fromisoformat(newest.created)
    said = f"the newest of {len(ours)}, {newest.name}, is {age(made)} old"
    if not newest.complete:
        yield error(
            f"{said}, and not complete: not everything could be represented",
            f"`subs archive show {place}/{newest.name}` says what; mend that, then `subs archive create`",
        )
    elif now - made > OLD:
        yield warning(said, "subs archive create, or turn archive_schedule on (docs/automation.md)")
    else:
        yield ok(f"{said}, complete, {newest.tables} tables, {newest.rows:,} rows")


def read_back_findings(path: Path, size: int) -> Iterator[Finding]:
    """Reads a small archive (``size`` in bytes) back; of a large one it says how."""
    from subs_assets.archive.verify import verify

    if size > READ_BACK_BYTES:
        yield ok(f"it was read back when it was made; again with `subs archive verify {path}`")
        return
    verification = verify(path)
    if verification.ok:
        yield ok("it was read back now: every hash, size and count is right")
    else:
        yield error(
            f"{path.name} is damaged: {'; '.join(verification.problems)}",
            "subs archive create; keep the damaged one until the new one is drilled",
        )


def room_finding(newest_bytes: int, free: int, where: Path) -> Finding:
    """Whether twice the newest archive has room."""
    from subs_assets.archive.durable import byte_count

    needed = 2 * newest_bytes
    if free < needed:
        return error(
            f"{byte_count(free)} are free in {where}, and another archive may need {byte_count(needed)}",
            "subs archive prune, or make room there",
        )
    return ok(f"there is room for another: {byte_count(free)} are free, the newest has {byte_count(newest_bytes)}")


def look_at_drill(settings: Settings) -> Iterator[Finding]:
    """When an archive was last restored aside, and whether it came back equal."""
    from subs_assets.archive.drills import last_drill
    from subs_assets.doctor.control_state import reading

    with reading(settings.control_url) as engine:
        if engine is None:
            yield ok("no archive was drilled yet, and there is nothing to drill")
            return
        yield drill_finding(last_drill(engine), datetime.now(UTC))


def drill_finding(last: "PastDrill | None", now: datetime) -> Finding:
    """Whether it was proven lately that an archive can be restored."""
    remedy = "subs archive drill PATH (`subs archive list` shows the paths)"
    if last is None:
        return warning("that an archive can be restored was never tried here", remedy)
    if last.problems:
        return error(f"the last drill failed: {last.sentence}", remedy)
    if now - last.drilled_at > DRILL_OLD:
        return warning(f"the last drill was {age(last.drilled_at)} ago", remedy)
    return ok(f"last drill: {last.sentence}")
