"""The steps of an upgrade that may lose something: archived, verified, restored aside, rehearsed there, and only then
done, in one transaction in which the database was compared with the archive before and after.

Whoever upgrades holds the run lock meanwhile, like everybody who writes to the warehouse. What only adds needs none of
it, and is done at once.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

from sqlalchemy import URL, Engine, func, make_url, select
from sqlalchemy.exc import DBAPIError

from subs_assets.archive import snapshot, upgrade_state
from subs_assets.archive.databases import open_for_migrating
from subs_assets.archive.drill import restored_aside
from subs_assets.archive.errors import ArchiveError, CommitUnknown, UpgradeRefused
from subs_assets.archive.manifest import Manifest, manifest_sha256
from subs_assets.archive.places import ArchivePlace
from subs_assets.archive.protocols import Migration
from subs_assets.archive.reset import WAREHOUSE
from subs_assets.archive.scratch import passing_folder
from subs_assets.archive.store import read_manifest
from subs_assets.archive.survivors import Survival, table_survivals
from subs_assets.archive.survivors_structure import lost_structure, structure
from subs_assets.archive.verify import unfit
from subs_assets.database import migrate
from subs_assets.database.declarations import declarations_of
from subs_assets.database.engine import DatabaseNotReady, answering, describe, reason_of
from subs_assets.database.guard import Heard, NeedsArchive


@dataclass(frozen=True)
class Statement:
    """What a revision executes, in a line."""

    sql: str
    is_additive: bool


@dataclass(frozen=True)
class Rehearsal:
    """What an upgrade does to a restored copy: the revisions that ran, what they executed, what became of each table,
    and what was lost that no revision declares, a sentence each.
    """

    revisions: tuple[str, ...]
    statements: tuple[Statement, ...]
    tables: tuple[Survival, ...]
    losses: tuple[str, ...]
    seconds: float

    @property
    def only_adds(self) -> bool:
        return all(statement.is_additive for statement in self.statements)


@dataclass(frozen=True)
class Upgraded:
    """The revisions that ran; where they might have lost something, also the archive's name, the rehearsal, and for how
    many seconds nobody else could write.
    """

    revisions: tuple[str, ...]
    archive: str | None = None
    rehearsal: Rehearsal | None = None
    seconds_locked: float = 0


def upgrade(
    control: Engine,
    asked_by: str,
    databases: Mapping[str, str | URL],
    place: ArchivePlace,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Upgraded:
    """Run the revisions that the warehouse lacks: at once if they only add or there is no row yet, else after an
    archive of all ``databases`` (name -> URL; "warehouse" among them) was made in ``place`` and shown to equal it.
    ``tell`` gets a sentence before each long step.

    Raises:
        UpgradeRefused: something would be lost, or the warehouse was changed meanwhile; it is as it was.
        ArchiveError: no archive could be made, or restored aside; the warehouse is as it was.
        CommitUnknown: the answer to the commit was lost; the archive holds what was there.
        DatabaseNotReady: a revision fails; the warehouse is as it was.
    """
    try:
        return Upgraded(tuple(migrate.upgrade(databases[WAREHOUSE])))
    except NeedsArchive as reason:
        tell(f"`{reason.statement}` is not known to only add: everything is archived first")
    name = place.create(databases, note="before an upgrade")
    with place.fetched(name) as folder:
        manifest, made = read_manifest(folder), manifest_sha256(folder)
        upgrade_state.begin(control, name, asked_by, manifest.databases[WAREHOUSE].alembic_heads, migrate.heads())
        with _noted(control, name, tell):
            if problems := unfit(folder, WAREHOUSE):
                raise UpgradeRefused(f"the archive {name} is not good enough: {'; '.join(problems)}")
            tell(f"archived in {place.location(name)} and verified; now it is restored aside, and rehearsed there")
            rehearsal = rehearse(folder, databases)
            if rehearsal.losses:
                raise UpgradeRefused(_would_lose(rehearsal.losses))
            tell(f"rehearsed in {rehearsal.seconds:.1f} s, and nothing is lost; now the database itself, locked")
            seconds = _upgrade_live(folder, manifest, databases[WAREHOUSE], lambda: place.manifest_sha256(name) == made)
    return Upgraded(rehearsal.revisions, name, rehearsal, seconds)


def plan(url: str | URL, scratch: Path) -> Rehearsal:
    """What ``upgrade`` would do to the warehouse, done to a copy of it that is made in ``scratch`` and removed again.

    Raises:
        ArchiveError: no copy can be made.
        DatabaseNotReady: a revision fails on the copy; or a newer program has migrated the warehouse.
    """
    migrate.refuse_unknown(url)
    with passing_folder(scratch) as folder:
        databases = {WAREHOUSE: url}
        return rehearse(snapshot.create(databases, folder), databases)


def rehearse(archive: Path, beside: Mapping[str, str | URL]) -> Rehearsal:
    """Restore an archive aside (beside the databases of ``beside``, as a drill does), compare it, and migrate the
    warehouse there. Raises what ``plan`` raises.
    """
    started = monotonic()
    statements: list[Statement] = []
    manifest = read_manifest(archive)
    with restored_aside(archive, beside) as copies:
        if copies.problems:
            raise UpgradeRefused(f"the archive {archive.name} did not come back equal: {'; '.join(copies.problems)}")
        url = _with_options_of(beside[WAREHOUSE], copies.urls[WAREHOUSE])
        where = f"{describe(beside[WAREHOUSE])} (in the rehearsal, on a copy)"
        with open_for_migrating(url, manifest.databases[WAREHOUSE]) as copy:
            revisions, tables, losses = _migrate(
                copy, where, archive, manifest, lambda sql, only_adds: statements.append(Statement(sql, only_adds))
            )
    return Rehearsal(revisions, tuple(statements), tables, losses, monotonic() - started)


def _upgrade_live(archive: Path, manifest: Manifest, url: str | URL, is_there: Callable[[], bool]) -> float:
    """Seconds for which nobody else could write; ``is_there`` says whether the archive still is."""
    entry = manifest.databases[WAREHOUSE]
    with open_for_migrating(url, entry) as live:
        locked = monotonic()
        if unequal := live.differences(entry, manifest.digests(WAREHOUSE)):
            raise UpgradeRefused(
                f"the warehouse is no longer what was archived: {'; '.join(unequal)}; it stays as it is; try again"
            )
        _, _, losses = _migrate(live, describe(url), archive, manifest)
        if losses:
            raise UpgradeRefused(_would_lose(losses))
        if not is_there():  # comparing took its time
            raise UpgradeRefused(f"the archive {archive.name} was changed or removed meanwhile")
        live.commit()
        return monotonic() - locked


def _migrate(
    database: Migration, where: str, archive: Path, manifest: Manifest, heard: Heard | None = None
) -> tuple[tuple[str, ...], tuple[Survival, ...], tuple[str, ...]]:
    """Run the revisions within the database's transaction, and compare with the archive what is there then; returns the
    revisions, what became of each table, and what was lost.
    """
    with migrate.explained(where):
        before = structure(database)
        revisions = tuple(migrate.run_revisions(database.connection, is_archived=True, heard=heard))
        declared = declarations_of(revisions, migrate.revisions())
    with database.reading() as now:
        tables = tuple(table_survivals(archive, manifest, WAREHOUSE, now, declared))
    losses = [loss for table in tables for loss in table.losses]
    with migrate.explained(where):
        after = structure(database)
    return revisions, tables, (*losses, *lost_structure(before, after, declared))


@contextmanager
def _noted(control: Engine, archive: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Keep in the control state how an upgrade ended, if it can be reached; what is raised is how it ended."""

    def note(state: Literal["done", "refused", "unknown"], outcome: str | None) -> None:
        try:
            upgrade_state.finish(control, archive, state, outcome)
        except DBAPIError as problem:  # PostgreSQL may have the control state too, and be what was lost
            tell(f"how the upgrade ended could not be noted in the control state: {reason_of(problem)}")

    try:
        yield
    except CommitUnknown as problem:
        note("unknown", str(problem))
        raise
    except (ArchiveError, DatabaseNotReady) as problem:
        note("refused", str(problem))
        raise
    except BaseException as problem:  # a person ended it, or we did not think of that: nobody says "as it was"
        note("unknown", f"{type(problem).__name__}: {problem}")
        raise
    note("done", None)


def _would_lose(losses: tuple[str, ...]) -> str:
    return (
        f"the upgrade would lose what no revision declares: {'; '.join(losses)}. The database stays as it was. Mend "
        "the revision, or declare there what is meant (RENAMES, DROPS, REWRITES)"
    )


def _with_options_of(url: str | URL, copy: str | URL) -> URL:
    """The copy's URL, with the schema that the original's names.

    Raises:
        UpgradeRefused: the original works in a schema that its URL does not name, where the copy would look elsewhere.
    """
    options = make_url(url).query.get("options")
    if make_url(url).get_backend_name() != "postgresql" or options is not None:
        return make_url(copy) if options is None else make_url(copy).update_query_dict({"options": options})
    with answering(url) as engine, engine.connect() as connection:
        schema = connection.scalar(select(func.current_schema()))
    if schema != "public":
        raise UpgradeRefused(
            f"{describe(url)} works in the schema {schema}, by a setting of the database or the role, and a copy would "
            f"not: name it in the URL (?options=-csearch_path%3D{schema}), and upgrade again"
        )
    return make_url(copy)
