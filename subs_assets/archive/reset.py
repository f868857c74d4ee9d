"""The steps of a reset: it empties the warehouse only when a verified archive equals the live data, and refuses when
in doubt.

Who launches the steps (a sensor, a command, a job) is decided elsewhere. Whoever confirms holds the run lock
meanwhile, like everybody who writes to the warehouse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from subs_assets.archive import reset_state
from subs_assets.archive.databases import open_for_wiping
from subs_assets.archive.drill import drill
from subs_assets.archive.errors import ArchiveError, BadArchive, CommitUnknown, ResetRefused
from subs_assets.archive.manifest import Manifest, manifest_sha256
from subs_assets.archive.places import ArchivePlace
from subs_assets.archive.reset_state import RequestExpired, ResetRequest
from subs_assets.archive.store import FOLDER_NAME, read_manifest
from subs_assets.archive.verify import unfit

WAREHOUSE = "warehouse"


@dataclass(frozen=True)
class Outcome:
    """How a confirmation ended, in a sentence; ``rows`` is how many were wiped, by table."""

    state: Literal["wiped", "refused", "expired"]
    sentence: str
    rows: Mapping[str, int]


def request(control: Engine, requested_by: str, reason: str | None = None) -> str:
    """Ask for a reset; returns the request's id. It has to be archived, then confirmed, before anything is wiped."""
    return reset_state.add(control, requested_by, reason)


def pending(control: Engine, now: datetime | None = None) -> list[ResetRequest]:
    """The requests that wait for their archive (``state`` "requested") or their confirmation ("archived"), oldest
    first.

    Those that are too old are marked expired on the way.
    """
    return reset_state.waiting(control, now or datetime.now(UTC))


def archive_request(
    control: Engine,
    request_id: str,
    databases: Mapping[str, str | URL],
    place: ArchivePlace,
    now: datetime | None = None,
) -> str:
    """Make the archive that a request waits for, verify it, prove by a restore aside that it can be restored, and
    note it.

    ``databases`` (name -> URL) holds at least "warehouse". Returns the archive's name.

    Raises:
        ResetRefused: the request is not waiting for an archive; or the archive was not good enough, then the
            request is refused.
        ArchiveError: no archive could be made; the request goes on waiting.
    """
    waiting = reset_state.expect(control, request_id, "requested", now or datetime.now(UTC))
    if WAREHOUSE not in databases:
        raise ResetRefused(f"a reset needs an archive of the {WAREHOUSE}; named were: {', '.join(databases) or 'none'}")
    name = place.create(databases, note=f"before reset {request_id}")
    with place.fetched(name) as folder:
        if problems := unfit(folder, WAREHOUSE) or drill(folder, databases).problems:
            sentence = f"its archive {name} is not good enough: {'; '.join(problems)}"
            noted = _finish(control, request_id, "archive", "refused", sentence)
            raise ResetRefused(f"reset {request_id} is refused: {noted}")
        reset_state.note_archive(control, waiting, name, manifest_sha256(folder))
    return name


def confirm(
    control: Engine,
    request_id: str,
    confirmed_by: str,
    warehouse_url: str | URL,
    place: ArchivePlace,
    now: datetime | None = None,
) -> Outcome:
    """Wipe the warehouse if, and only if, the request's archive equals it. A request can be confirmed once.

    The archive, which lies in ``place``, is verified again. Then, under an exclusive lock and in one
    transaction, the DDL, every table's digest and the sequences are compared with the manifest, and all rows of all
    tables but ``alembic_version`` are deleted. Any difference, and anything unexpected, refuses and leaves the
    warehouse as it was; that is an outcome, no exception.
    """
    try:
        archived = reset_state.expect(control, request_id, "archived", now or datetime.now(UTC))
        reset_state.claim(control, archived, confirmed_by)
    except RequestExpired as expired:
        return Outcome("expired", str(expired), {})
    except ResetRefused as refusal:
        with reset_state.writing(control) as connection:
            detail = {"request_id": request_id, "outcome": str(refusal)}
            reset_state.write_line(connection, confirmed_by, "reset confirmation turned down", detail)
        return Outcome("refused", str(refusal), {})
    try:
        rows = _compare_and_wipe(_archive_of(archived, place), warehouse_url)
    except CommitUnknown as problem:  # to say that all is as it was could be a lie
        noted = _finish(control, request_id, confirmed_by, "refused", str(problem))
        return Outcome("refused", f"reset {request_id}: {noted}; the archive {archived.archive} holds all rows", {})
    except (
        Exception
    ) as problem:  # whatever it was, nothing is committed, and nobody gets a second try with this request
        reason = str(problem) if isinstance(problem, ArchiveError) else f"{type(problem).__name__}: {problem}"
        noted = _finish(control, request_id, confirmed_by, "refused", reason)
        return Outcome("refused", f"reset {request_id} is refused and the warehouse is as it was: {noted}", {})
    sentence = f"{sum(rows.values())} rows of {len(rows)} tables were wiped; the archive {archived.archive} holds them"
    sentence = _finish(control, request_id, confirmed_by, "wiped", sentence)
    return Outcome("wiped", sentence, rows)


def _finish(control: Engine, request_id: str, who: str, state: Literal["wiped", "refused"], outcome: str) -> str:
    """Note how a request ended; returns the outcome, and that it could not be noted where that is so."""
    try:
        reset_state.finish(control, request_id, who, state, outcome)
    except SQLAlchemyError as problem:
        return f"{outcome}; this could not be noted in the control state: {problem}"
    return outcome


def _archive_of(archived: ResetRequest, place: ArchivePlace) -> Manifest:
    """The manifest of the request's archive, after reading all of it back. Raises BadArchive."""
    name = archived.archive or ""
    if not FOLDER_NAME.fullmatch(name):
        raise BadArchive(f"{name!r} is no archive's name")
    with place.fetched(name) as folder:
        if problems := unfit(folder, WAREHOUSE):
            raise BadArchive(f"the archive {name} cannot be relied on: {'; '.join(problems)}")
        return read_manifest(folder)


def _compare_and_wipe(manifest: Manifest, warehouse_url: str | URL) -> dict[str, int]:
    """table -> rows wiped. Raises ArchiveError: they differ, or cannot be compared; nothing is wiped."""
    with open_for_wiping(warehouse_url, manifest.databases[WAREHOUSE]) as warehouse:
        if unequal := warehouse.differences(manifest.databases[WAREHOUSE], manifest.digests(WAREHOUSE)):
            raise ResetRefused(f"the warehouse is no longer what was archived: {'; '.join(unequal)}")
        rows = warehouse.wipe()
        warehouse.commit()
    return rows
