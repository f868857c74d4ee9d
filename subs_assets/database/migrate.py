"""Brings a warehouse's schema to the newest revision, or says why not; if it is fit to run on is ``check.py``'s."""

from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from subs_assets.database.engine import DatabaseNotReady, answering, describe, reason_of, writing


def upgrade(url: str | URL, revision: str = "head") -> list[str]:
    """Run the revisions that the database lacks, all of them in one transaction; returns those that ran, oldest first.

    Raises DatabaseNotReady when one fails (then the database stays as it was) or when a newer program has migrated it.
    """
    with answering(url) as engine:
        _refuse_unknown(engine, url)
        config = alembic_config()
        try:
            with writing(engine) as connection:
                before = _ancestry(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
                return sorted(_ancestry(connection) - before)
        except (CommandError, SQLAlchemyError, RuntimeError) as error:
            reason = reason_of(error) if isinstance(error, DBAPIError) else error
            raise DatabaseNotReady(
                f"{describe(url)} could not be upgraded and stays as it was: {reason}; `subs db check` says more"
            ) from error


def lacking(heads: Iterable[str]) -> list[str] | None:
    """What a database at these revisions lacks, oldest first, each as "0003 what it does"; None where a revision is
    none of this program's.
    """
    script = ScriptDirectory.from_config(alembic_config())
    found = tuple(heads)
    if unknown_revisions(script, found):
        return None
    there = {revision.revision for revision in script.iterate_revisions(found, "base")} if found else set()
    missing = [revision for revision in script.walk_revisions() if revision.revision not in there]
    return [f"{revision.revision} {revision.doc}" for revision in reversed(missing)]


def alembic_config() -> Config:
    """Alembic's configuration for this package's migrations; there is no ``alembic.ini``."""
    config = Config()
    # Alembic fills in %(...)s: a per cent sign in the path of the installation has to be doubled.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _refuse_unknown(engine: Engine, url: str | URL) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    with engine.connect() as connection:
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
    script = ScriptDirectory.from_config(alembic_config())
    heads = MigrationContext.configure(connection).get_current_heads()
    return {revision.revision for revision in script.iterate_revisions(heads, "base")} if heads else set()
