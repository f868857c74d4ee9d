"""Resets and upgrades that something happens to: each can be done, and says what was left of it and that the next one
does not mind; what happens to them is not known here.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from subs_assets.archive import reset, reset_state, upgrade, verify
from subs_assets.archive.databases import source_of
from subs_assets.archive.errors import ArchiveError, CommitUnknown
from subs_assets.archive.places import LocalPlace
from subs_assets.archive.reset_state import ResetRequest
from subs_assets.database.control import open_control
from subs_assets.database.control_tables import schema_upgrades
from subs_assets.database.engine import DatabaseNotReady
from subs_assets.database.lock import RunLocked, run_lock
from subs_assets_tests.unit.archive.scenes import listed_in
from subs_assets_tests.unit.archive.warehouses import CONTROL, WAREHOUSE, Warehouse
from subs_assets_tests.unit.database.made_up_revisions import MadeUpRevisions

AS_BEFORE, UNUSED = "all as before, the request used up", "all as before, the request not"
WIPED = "wiped, beside an archive that is equal"
UPGRADED, UNTOUCHED = "upgraded, beside an archive that is equal", "all as before"
NO_ARCHIVE, ARCHIVED = "all as before, no archive noted", "all as before, an archive noted that is equal"


@dataclass(frozen=True)
class Confirm:
    """Of the request ``request_id``, which has its archive; ``port`` is a proxy's, where one is between."""

    warehouse: Warehouse
    request_id: str
    before: dict[str, object] = field(repr=False)
    after: dict[str, object] = field(repr=False)
    port: int = 0

    @property
    def name(self) -> str:
        return f"confirm, {self.warehouse.kind}"

    def prepare(self) -> None:
        self.warehouse.prepare()

    def work(self) -> None:
        confirm(self.warehouse, self.request_id, self.port)

    def left(self) -> str:
        self.warehouse.wait_until_alone()
        found, request = self.warehouse.content(), request_of(self.warehouse, self.request_id)
        expect_archives(self.warehouse, request.archive, self.before)
        if found == self.before:
            assert request.state in ("archived", "refused"), f"the request says {request.state}: {request.outcome}"
            return UNUSED if request.confirmed_by is None else AS_BEFORE
        assert found == self.after, "something was lost, and not all is wiped"
        assert request.confirmed_by is not None
        assert "as it was" not in (request.outcome or ""), request.outcome
        return WIPED

    def again(self) -> None:
        left = self.left()
        if left == UNUSED:
            confirm(self.warehouse, self.request_id)
        else:
            expect_refusal(self.warehouse, self.request_id)
            expected = self.before if left == AS_BEFORE else self.after
            assert self.warehouse.content() == expected, "a request was good for two"
        reset_once(self.warehouse)
        assert self.warehouse.content() == self.after
        self.warehouse.clear()


@dataclass(frozen=True)
class ArchiveForReset:
    """Of the request ``request_id``, which waits for its archive."""

    warehouse: Warehouse
    request_id: str
    before: dict[str, object] = field(repr=False)
    after: dict[str, object] = field(repr=False)

    @property
    def name(self) -> str:
        return f"archive for a reset, {self.warehouse.kind}"

    def prepare(self) -> None:
        self.warehouse.prepare()

    def work(self) -> None:
        archive_for(self.warehouse, self.request_id)

    def left(self) -> str:
        self.warehouse.wait_until_alone()
        assert self.warehouse.content() == self.before, "an archive changed what it read"
        request = request_of(self.warehouse, self.request_id)
        expect_archives(self.warehouse, request.archive, self.before)
        assert request.state == ("requested" if request.archive is None else "archived")
        return NO_ARCHIVE if request.archive is None else ARCHIVED

    def again(self) -> None:
        if self.left() == NO_ARCHIVE:
            self.work()
        assert self.left() == ARCHIVED
        confirm(self.warehouse, self.request_id)
        assert self.warehouse.content() == self.after
        expect_swept(self.warehouse)
        self.warehouse.clear()


@dataclass(frozen=True)
class Upgrade:
    """From the archive to the commit; ``port`` is a proxy's, where one is between."""

    warehouse: Warehouse
    before: dict[str, object] = field(repr=False)
    after: dict[str, object] = field(repr=False)
    port: int = 0

    @property
    def name(self) -> str:
        return f"upgrade, {self.warehouse.kind}"

    def prepare(self) -> None:
        self.warehouse.prepare()

    def work(self) -> None:
        upgrade_once(self.warehouse, self.port)

    def left(self) -> str:
        self.warehouse.wait_until_alone()
        found, noted = self.warehouse.content(), upgrades_of(self.warehouse)
        for archive in noted:
            expect_archives(self.warehouse, archive, self.before)
        expect_archives(self.warehouse, None, self.before)
        if found == self.before:
            assert "done" not in noted.values()
            return UNTOUCHED
        assert found == self.after, "half an upgrade"
        assert {*noted.values()} - {"refused"}, "upgraded, and all that was noted is that it was refused"
        return UPGRADED

    def again(self) -> None:
        upgrade_once(self.warehouse)
        assert self.warehouse.content() == self.after
        if self.left() == UPGRADED:
            upgrade_once(self.warehouse)
        assert self.warehouse.content() == self.after
        if self.warehouse.rubbish():  # an upgrade with nothing to do makes no copy, so it sweeps none
            rehearse_once(self.warehouse)
        expect_swept(self.warehouse)
        self.warehouse.clear()


@dataclass(frozen=True)
class Rehearsal:
    """Of an upgrade on a copy that is made for it, as `subs db plan` does it."""

    warehouse: Warehouse
    before: dict[str, object] = field(repr=False)

    @property
    def name(self) -> str:
        return f"rehearsal, {self.warehouse.kind}"

    def prepare(self) -> None:
        self.warehouse.prepare()

    def work(self) -> None:
        found = rehearse_once(self.warehouse)
        assert (found.revisions[0], found.losses) == ("0002", ())

    def left(self) -> str:
        self.warehouse.wait_until_alone()
        assert self.warehouse.content() == self.before, "a rehearsal changed the warehouse itself"
        return UNTOUCHED

    def again(self) -> None:
        self.work()
        self.left()
        expect_swept(self.warehouse)
        self.warehouse.clear()


def confirm(warehouse: Warehouse, request_id: str, port: int = 0) -> None:
    """As the command does it, with the run lock. Raises ArchiveError: nothing was wiped, or nobody knows."""
    databases = warehouse.databases(port)
    archived = source_of(warehouse.databases()[WAREHOUSE])  # by way of a proxy it would be another database
    with (
        errors_as_sentences(),
        control_of(warehouse) as control,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(reset, "source_of", lambda url: archived)
        with run_lock(warehouse.home, databases[WAREHOUSE], f"reset {request_id}"):
            outcome = reset.confirm(control, request_id, "ben", databases[WAREHOUSE], LocalPlace(warehouse.archives))
        if outcome.state != "wiped":
            is_known = "as it was" in outcome.sentence
            raise ArchiveError(outcome.sentence) if is_known else CommitUnknown(outcome.sentence)


def archive_for(warehouse: Warehouse, request_id: str) -> None:
    """As the command does it."""
    with errors_as_sentences(), control_of(warehouse) as control:
        reset.archive_request(control, request_id, warehouse.databases(), LocalPlace(warehouse.archives))


def upgrade_once(warehouse: Warehouse, port: int = 0) -> tuple[str, ...]:
    """As the command does it, with the run lock; the revisions that ran. Raises ArchiveError."""
    databases = warehouse.databases(port)
    with (
        errors_as_sentences(),
        control_of(warehouse) as control,
        a_revision_that_copies_a_table(warehouse.home),
        run_lock(warehouse.home, databases[WAREHOUSE], "subs db upgrade"),
    ):
        return upgrade.upgrade(control, "ana", databases, LocalPlace(warehouse.archives)).revisions


def rehearse_once(warehouse: Warehouse) -> upgrade.Rehearsal:
    """As the command for the plan does it. Raises ArchiveError."""
    with errors_as_sentences(), a_revision_that_copies_a_table(warehouse.home):
        return upgrade.plan(warehouse.databases()[WAREHOUSE], warehouse.home / "scratch")


@contextmanager
def a_revision_that_copies_a_table(folder: Path) -> Iterator[None]:
    """The newest one, for this process: SQLite's way to change a column's type."""
    with pytest.MonkeyPatch.context() as patch:
        revisions = MadeUpRevisions(Path(tempfile.mkdtemp(dir=folder)) / "versions", patch)
        revisions.add(
            'with op.batch_alter_table("measured") as batch:\n    batch.alter_column("word", type_=sa.String(40))'
        )
        yield


def upgrades_of(warehouse: Warehouse) -> dict[str, str]:
    """archive -> state of the upgrade before which it was made."""
    with control_of(warehouse) as control, control.connect() as connection:
        return {row.archive: row.state for row in connection.execute(select(schema_upgrades))}


def request_in(warehouse: Warehouse) -> str:
    """The id of a new request."""
    with control_of(warehouse) as control:
        return reset.request(control, "ana", "start afresh")


def reset_once(warehouse: Warehouse) -> None:
    """From the request to the wipe; the archive of that is proven, and no rubbish is left."""
    before, request_id = warehouse.content(), request_in(warehouse)
    archive_for(warehouse, request_id)
    confirm(warehouse, request_id)
    expect_archives(warehouse, request_of(warehouse, request_id).archive, before)
    expect_swept(warehouse)


def expect_refusal(warehouse: Warehouse, request_id: str) -> None:
    """That this request cannot be confirmed."""
    with control_of(warehouse) as control:
        outcome = reset.confirm(
            control, request_id, "eve", warehouse.databases()[WAREHOUSE], LocalPlace(warehouse.archives)
        )
    assert outcome.state == "refused", outcome


def expect_archives(warehouse: Warehouse, name: str | None, content: dict[str, object]) -> None:
    """That each archive that is listed is whole, and that the one of that name, if any, gives back such a content."""
    listed = listed_in(warehouse.archives)
    assert all(verify.verify(path).ok for path in listed), "a listed archive is damaged"
    if name is not None:
        assert name in [path.name for path in listed], "the archive is gone"
        assert warehouse.content_of(warehouse.archives / name) == content, "the archive holds something else"


def expect_swept(warehouse: Warehouse) -> None:
    """That nothing is left of what was killed."""
    rubbish = warehouse.rubbish()
    assert rubbish == [], f"not swept: {rubbish}"


def request_of(warehouse: Warehouse, request_id: str) -> ResetRequest:
    """As the control state has it."""
    with control_of(warehouse) as control:
        found = reset_state.find(control, request_id)
    assert found is not None
    return found


@contextmanager
def control_of(warehouse: Warehouse) -> Iterator[Engine]:
    """Closed afterwards: a child that is forked must not share a connection."""
    control = open_control(warehouse.databases()[CONTROL])
    try:
        yield control
    finally:
        control.dispose()


class DriversError(ArchiveError):
    """The connection of the control state, or of the run lock, is gone: a person sees the driver's own error."""


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """What the commands print in a line, as an ArchiveError."""
    try:
        yield
    except (DatabaseNotReady, RunLocked) as problem:
        raise ArchiveError(f"{type(problem).__name__}: {problem}") from None
    except OperationalError as problem:
        raise DriversError(str(problem)) from None
