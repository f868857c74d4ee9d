"""Brings a warehouse's schema to the newest revision, or says why not; if it is fit to run on is ``check.py``'s."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from subs_assets.database.engine import DatabaseNotReady, answering, describe, reason_of, writing
from subs_assets.database.guard import ONE_TRANSACTION, Heard, NotForRevisions


def upgrade(url: str | URL, revision: str = "head") -> list[str]:
    """Run the revisions that the database lacks, all of them in one transaction, as long as they only add, or there is
    no row yet; returns those that ran, oldest first.

    Raises:
        NeedsArchive: one of them may lose something; ``archive.upgrade`` is the way, and the database stays as it was.
        DatabaseNotReady: one fails, then the database stays as it was; or a newer program has migrated it.
    """
    refuse_unknown(url)
    with answering(url) as engine, explained(describe(url)), writing(engine) as connection:
        return run_revisions(connection, revision)


def run_revisions(
    connection: Connection, revision: str = "head", is_archived: bool = False, heard: Heard | None = None
) -> list[str]:
    """Run the revisions that the database lacks within the connection's transaction; returns those that ran, oldest
    first. ``is_archived`` and ``heard`` are the guard's. Raises what it and the revisions raise.
    """
    config = alembic_config()
    config.attributes.update(connection=connection, is_archived=is_archived, heard=heard)
    before = _ancestry(connection)
    with _one_transaction(connection):
        command.upgrade(config, revision)
    return sorted(_ancestry(connection) - before)


@contextmanager
def _one_transaction(connection: Connection) -> Iterator[None]:
    """Raises NotForRevisions where the block ended the connection's transaction, past what the guard can see."""
    savepoint = connection.begin_nested()
    yield
    try:
        savepoint.commit()
    except DBAPIError:  # it went with the transaction
        raise NotForRevisions("COMMIT or ROLLBACK", ONE_TRANSACTION) from None


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn whatever a revision raises, which is anybody's code, into DatabaseNotReady; the database rolled it back."""
    try:
        yield
    except DatabaseNotReady:
        raise
    except Exception as error:
        reason = reason_of(error) if isinstance(error, DBAPIError) else error
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise DatabaseNotReady(
                f"the connection to {where} was lost ({reason}): it is upgraded, or as it was; `subs db check` tells"
            ) from error
        raise DatabaseNotReady(
            f"{where} could not be upgraded and stays as it was: {reason}; `subs db check` says more"
        ) from error


def lacking(heads: Iterable[str]) -> list[str] | None:
    """What a database at these revisions lacks, oldest first, each as "0003 what it does"; None where a revision is
    none of this program's.
    """
    script = revisions()
    found = tuple(heads)
    if unknown_revisions(script, found):
        return None
    there = {revision.revision for revision in script.iterate_revisions(found, "base")} if found else set()
    missing = [revision for revision in script.walk_revisions() if revision.revision not in there]
    return [f"{revision.revision} {revision.doc}" for revision in reversed(missing)]


def heads() -> tuple[str, ...]:
    """The newest revisions that this program knows: one, unless somebody has to merge two."""
    return tuple(revisions().get_heads())


def revisions() -> ScriptDirectory:
    """All revisions that this program knows."""
    return ScriptDirectory.from_config(alembic_config())


def alembic_config() -> Config:
    """Alembic's configuration for this package's migrations; there is no ``alembic.ini``."""
    config = Config()
    # Alembic fills in %(...)s: a per cent sign in the path of the installation has to be doubled.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def refuse_unknown(url: str | URL) -> None:
    """Raises DatabaseNotReady where the database stands at a revision that this program does not know."""
    script = revisions()
    with answering(url) as engine, engine.connect() as connection:
        unknown = unknown_revisions(script, MigrationContext.configure(connection).get_current_heads())
    if unknown:
        raise DatabaseNotReady(newer_program(describe(url), unknown, script))


def unknown_revisions(script: ScriptDirectory, heads: tuple[str, ...]) -> list[str]:
    """Those of the heads that are none of this program's."""
    known = {revision.revision for revision in script.walk_revisions()}
    return sorted(set(heads) - known)


def newer_program(where: str, unknown: list[str], script: ScriptDirectory) -> str:
    """The sentence about a database that stands at revisions that this program does not know."""
    return (
        f"{where} is at revision {', '.join(unknown)}, and the newest that this program knows is "
        f"{', '.join(script.get_heads())}: a newer one migrated it, so update the program (`git pull`)"
    )


def _ancestry(connection: Connection) -> set[str]:
    """Every revision that the database has been through."""
    script = revisions()
    heads = MigrationContext.configure(connection).get_current_heads()
    return {revision.revision for revision in script.iterate_revisions(heads, "base")} if heads else set()
