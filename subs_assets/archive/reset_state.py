"""Where each reset request stands, in the control state; every change of it is one transaction with its line in the
audit log.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, insert, select, update

from subs_assets.archive.errors import ResetRefused
from subs_assets.database.control_tables import audit_log, reset_requests
from subs_assets.database.engine import writing

EXPIRES_AFTER = timedelta(hours=24)  # who asks for it today means today's data
CLOCK_TOLERANCE = timedelta(minutes=5)  # a request from further in the future means that a clock was set back

State = Literal["requested", "archived", "wiped", "refused", "expired"]
WAITING: tuple[State, State] = ("requested", "archived")
ARCHIVED = "reset archived"  # in the audit log


class RequestExpired(ResetRefused):
    """The request is older than EXPIRES_AFTER; it was marked so."""


@dataclass(frozen=True)
class ResetRequest:
    """A request as the control state has it; times are in UTC."""

    request_id: str
    state: State
    requested_by: str
    requested_at: datetime
    reason: str | None
    archive: str | None
    confirmed_by: str | None
    outcome: str | None

    @property
    def is_waiting(self) -> bool:
        """For its archive or its confirmation. One that was confirmed is at work, or was cut off, and never waits."""
        return self.state in WAITING and self.confirmed_by is None

    def is_expired(self, now: datetime) -> bool:
        return self.is_waiting and now - self.requested_at > EXPIRES_AFTER


def add(control: Engine, requested_by: str, reason: str | None) -> str:
    """Note a new request; returns its id. Raises ValueError where nobody asks."""
    if not requested_by.strip():
        raise ValueError("a reset names who asks for it; requested_by is empty")
    request_id = secrets.token_hex(6)
    row = {
        "request_id": request_id,
        "state": "requested",
        "requested_by": requested_by,
        "requested_at": _text(datetime.now(UTC)),
        "reason": reason,
    }
    with writing(control) as connection:
        connection.execute(insert(reset_requests).values(row))
        write_line(connection, requested_by, "reset requested", {"request_id": request_id, "reason": reason})
    return request_id


def find(control: Engine, request_id: str) -> ResetRequest | None:
    """The request of that id, in whatever state it is."""
    with control.connect() as connection:
        row = connection.execute(select(reset_requests).where(reset_requests.c.request_id == request_id)).one_or_none()
    return None if row is None else _request_of(row)


def every(control: Engine, now: datetime) -> list[ResetRequest]:
    """All requests that there ever were, oldest first; those that are too old are marked expired on the way."""
    for request in _read(control):
        if request.is_expired(now):
            expire(control, request)
    return _read(control)


def _read(control: Engine) -> list[ResetRequest]:
    query = select(reset_requests).order_by(reset_requests.c.requested_at, reset_requests.c.request_id)
    with control.connect() as connection:
        return [_request_of(row) for row in connection.execute(query)]


def expect(control: Engine, request_id: str, state: State, now: datetime) -> ResetRequest:
    """The request, if it is in that state and neither too old nor from the future.

    Raises:
        RequestExpired: it was too old, and is marked so now.
        ResetRefused: there is no such request, or it is in another state; nothing was changed.
    """
    request = find(control, request_id)
    if request is None:
        raise ResetRefused(f"there is no reset request {request_id!r}; `subs reset request` makes one")
    if request.is_expired(now):
        expire(control, request)
        raise RequestExpired(
            f"reset {request_id} was requested more than {_hours(EXPIRES_AFTER)} hours ago; request it again"
        )
    if request.state != state:
        how = (
            f"was {request.state} already: {request.outcome}" if request.outcome else f"is {request.state}, not {state}"
        )
        remedy = f"; `subs reset archive {request_id}` makes its archive" if request.state == "requested" else ""
        raise ResetRefused(f"reset {request_id} {how}{remedy}")
    if request.requested_at - now > CLOCK_TOLERANCE:
        raise ResetRefused(
            f"reset {request_id} was requested at {_text(request.requested_at)}, which is in the future: the clock "
            "was set back; set it right, or request the reset again"
        )
    return request


def note_archive(control: Engine, request: ResetRequest, folder: str, manifest_sha256: str) -> None:
    """requested -> archived. Raises ResetRefused if somebody else moved the request meanwhile."""
    values = {"state": "archived", "archive": folder, "archived_at": _text(datetime.now(UTC))}
    with writing(control) as connection:
        moved = connection.execute(
            update(reset_requests)
            .where(reset_requests.c.request_id == request.request_id, reset_requests.c.state == "requested")
            .values(values)
        )
        if moved.rowcount != 1:
            raise ResetRefused(
                f"reset {request.request_id} was archived or ended by somebody else meanwhile; {folder} is kept"
            )
        detail = {"request_id": request.request_id, "archive": folder, "manifest_sha256": manifest_sha256}
        write_line(connection, request.requested_by, ARCHIVED, detail)


def noted_manifests(control: Engine, request: ResetRequest) -> set[str]:
    """The SHA-256 of the manifest that the request's archive had when it was made: one, where nobody tampered with the
    control state.
    """
    with control.connect() as connection:
        details = connection.scalars(select(audit_log.c.detail).where(audit_log.c.what == ARCHIVED))
        lines = [json.loads(detail) for detail in details]
    return {
        line["manifest_sha256"]
        for line in lines
        if (line["request_id"], line["archive"]) == (request.request_id, request.archive)
    }


def claim(control: Engine, request: ResetRequest, confirmed_by: str) -> None:
    """Make an archived request one confirmation's own, for ever: a second one, at the same time or after a crash,
    finds it taken.

    Raises:
        ResetRefused: it was confirmed before.
    """
    with writing(control) as connection:
        taken = connection.execute(
            update(reset_requests)
            .where(
                reset_requests.c.request_id == request.request_id,
                reset_requests.c.state == "archived",
                reset_requests.c.confirmed_by.is_(None),
            )
            .values(confirmed_by=confirmed_by)
        )
        if taken.rowcount != 1:
            raise ResetRefused(
                f"reset {request.request_id} was confirmed before, and is at work or was cut off; "
                "see the audit log, and request it again"
            )
        write_line(
            connection, confirmed_by, "reset confirmed", {"request_id": request.request_id, "archive": request.archive}
        )


def finish(control: Engine, request: ResetRequest, who: str, state: Literal["wiped", "refused"], outcome: str) -> None:
    """Note how a request ended. Raises ResetRefused, and nothing is noted, if somebody else moved it on meanwhile."""
    with writing(control) as connection:
        moved = connection.execute(
            update(reset_requests)
            .where(reset_requests.c.request_id == request.request_id, reset_requests.c.state == request.state)
            .values(state=state, finished_at=_text(datetime.now(UTC)), outcome=outcome)
        )
        if moved.rowcount != 1:
            raise ResetRefused(f"the request is no longer {request.state}")
        write_line(connection, who, f"reset {state}", {"request_id": request.request_id, "outcome": outcome})


def archives_in_use(control: Engine) -> set[str]:
    """The archives of requests that are archived, or were confirmed, however that ended."""
    query = select(reset_requests.c.archive).where(
        reset_requests.c.archive.is_not(None),
        (reset_requests.c.state == "archived") | reset_requests.c.confirmed_by.is_not(None),
    )
    with control.connect() as connection:
        return set(connection.scalars(query))


def expire(control: Engine, request: ResetRequest) -> None:
    """requested or archived -> expired; one that ended meanwhile stays as it is."""
    outcome = f"not confirmed within {_hours(EXPIRES_AFTER)} hours"
    with writing(control) as connection:
        moved = connection.execute(
            update(reset_requests)
            .where(
                reset_requests.c.request_id == request.request_id,
                reset_requests.c.state.in_(WAITING),
                reset_requests.c.confirmed_by.is_(None),
            )
            .values(state="expired", finished_at=_text(datetime.now(UTC)), outcome=outcome)
        )
        if moved.rowcount == 1:
            write_line(connection, "expiry", "reset expired", {"request_id": request.request_id, "outcome": outcome})


def write_line(connection: Connection, who: str, what: str, detail: Mapping[str, Any]) -> None:
    """A line of the audit log, within the transaction of what it tells of."""
    line = {"at": _text(datetime.now(UTC)), "who": who, "what": what, "detail": json.dumps(detail, ensure_ascii=False)}
    connection.execute(insert(audit_log).values(line))


def _request_of(row: Row[Any]) -> ResetRequest:
    return ResetRequest(
        request_id=row.request_id,
        state=row.state,
        requested_by=row.requested_by,
        requested_at=datetime.fromisoformat(row.requested_at),
        reason=row.reason,
        archive=row.archive,
        confirmed_by=row.confirmed_by,
        outcome=row.outcome,
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g}"
