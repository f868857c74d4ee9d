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
from subs_assets.archive.databases import open_for_wiping, source_of
from subs_assets.archive.drill import drill
from subs_assets.archive.errors import ArchiveError, BadArchive, CommitUnknown, ResetRefused
from subs_assets.archive.manifest import Manifest, manifest_sha256
from subs_assets.archive.places import ArchivePlace
from subs_assets.archive.reset_state import RequestExpired, ResetRequest
from subs_assets.archive.restore_command import restoring
from subs_assets.archive.store import FOLDER_NAME, read_manifest
from subs_assets.archive.verify import unfit

WAREHOUSE = "warehouse"


@dataclass(frozen=True)
class Outcome:
    """How a confirmation ended, in a sentence; ``rows`` is how many were wiped, by table, and ``archive`` the name of
    the archive that holds them.
    """

    state: Literal["wiped", "refused", "expired"]
    sentence: str
    rows: Mapping[str, int]
    archive: str | None = None


def request(control: Engine, requested_by: str, reason: str | None = None) -> str:
    """Ask for a reset; returns the request's id. It has to be archived, then confirmed, before anything is wiped.

    Raises ValueError where ``requested_by`` is empty.
    """
    return reset_state.add(control, requested_by, reason)


def pending(control: Engine, now: datetime | None = None) -> list[ResetRequest]:
    """The requests that wait for their archive (``state`` "requested") or their confirmation ("archived"), oldest
    first.

    Those that are too old are marked expired on the way.
    """
    return [one for one in reset_state.every(control, now or datetime.now(UTC)) if one.is_waiting]


def requests(control: Engine, now: datetime | None = None) -> list[ResetRequest]:
    """All requests that there ever were, newest first: who asked, who confirmed, how it ended.

    Those that are too old are marked expired on the way.
    """
    return reset_state.every(control, now or datetime.now(UTC))[::-1]


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
            raise ResetRefused(f"reset {request_id}: {_finish(control, waiting, 'archive', 'refused', sentence)}")
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

    The archive, which lies in ``place``, is verified again, and must be the one that was made for this request, of this
    very database. Then, under an exclusive lock and in one transaction, the DDL, every table's digest and the sequences
    are compared with the manifest, and all rows of all tables but ``alembic_version`` are deleted. Any difference, and
    anything unexpected, refuses and leaves the warehouse as it was; that is an outcome, no exception.

    Raises ValueError where ``confirmed_by`` is empty.
    """
    if not confirmed_by.strip():
        raise ValueError("a reset names who confirms it; confirmed_by is empty")
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
        rows = _compare_and_wipe(control, archived, warehouse_url, place)
    except CommitUnknown as problem:  # to say that all is as it was could be a lie
        noted = _finish(control, archived, confirmed_by, "refused", str(problem))
        return Outcome("refused", f"reset {request_id}: {noted}; the archive {archived.archive} holds all rows", {})
    except (
        Exception
    ) as problem:  # whatever it was, nothing is committed, and nobody gets a second try with this request
        reason = str(problem) if isinstance(problem, ArchiveError) else f"{type(problem).__name__}: {problem}"
        noted = _finish(control, archived, confirmed_by, "refused", reason)
        return Outcome("refused", f"reset {request_id} is refused and the warehouse is as it was: {noted}", {})
    sentence = (
        f"{sum(rows.values()):,} rows of {len(rows)} tables were wiped; the archive {archived.archive} holds them"
    )
    sentence = _finish(control, archived, confirmed_by, "wiped", sentence)
    return Outcome("wiped", sentence, rows, archived.archive)


def ways_back(archive: str, warehouse_url: str | URL) -> list[str]:
    """What may follow a wipe, a sentence with its command each; ``archive`` is the archive's path or URL."""
    return [
        "to build everything anew from the catalogues, with the decisions as they are: run `subs run`",
        f"to have every row back: {restoring(archive, WAREHOUSE, warehouse_url)}",
    ]


def _finish(control: Engine, request: ResetRequest, who: str, state: Literal["wiped", "refused"], outcome: str) -> str:
    """Note how a request ended; returns the outcome, and that it could not be noted where that is so."""
    try:
        reset_state.finish(control, request, who, state, outcome)
    except (SQLAlchemyError, ResetRefused) as problem:
        return f"{outcome}; this could not be noted in the control state: {problem}"
    return outcome


def _manifest_of(archived: ResetRequest, noted: set[str], place: ArchivePlace) -> Manifest:
    """The manifest of the request's archive, after reading all of it back. Raises BadArchive."""
    name = archived.archive or ""
    if not FOLDER_NAME.fullmatch(name):
        raise BadArchive(f"{name!r} is no archive's name")
    with place.fetched(name) as folder:
        if problems := unfit(folder, WAREHOUSE):
            raise BadArchive(f"the archive {name} cannot be relied on: {'; '.join(problems)}")
        if {manifest_sha256(folder)} != noted:
            raise BadArchive(
                f"the archive {name} is not the one that was made and proven for this request: its manifest is another "
                "than the audit log has noted"
            )
        return read_manifest(folder)


def _compare_and_wipe(
    control: Engine, archived: ResetRequest, warehouse_url: str | URL, place: ArchivePlace
) -> dict[str, int]:
    """table -> rows wiped. Raises ArchiveError: they differ, or cannot be compared; nothing is wiped."""
    noted = reset_state.noted_manifests(control, archived)
    manifest = _manifest_of(archived, noted, place)
    entry = manifest.databases[WAREHOUSE]
    if entry.source != source_of(warehouse_url):
        raise ResetRefused(
            f"the archive {archived.archive} is of another database ({entry.url}), or calls this one by another path, "
            "host or machine name; request the reset again, and archive it where it is confirmed, with the same "
            "settings"
        )
    with open_for_wiping(warehouse_url, entry) as warehouse:
        if unequal := warehouse.differences(entry, manifest.digests(WAREHOUSE)):
            raise ResetRefused(f"the warehouse is no longer what was archived: {'; '.join(unequal)}")
        rows = warehouse.wipe()
        if {place.manifest_sha256(archived.archive or "")} != noted:  # comparing took its time
            raise BadArchive(f"the archive {archived.archive} was changed or removed meanwhile")
        warehouse.commit()
    return rows
