"""Brings a warehouse's schema to the newest revision, or says why not; the revisions are in ``migrations/``."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from subs_assets.database import drift
from subs_assets.database.engine import DatabaseNotReady, describe, open_answering, reason_of, sqlite_file, writing

UPGRADE = "run `subs db upgrade`"


def upgrade(url: str | URL, revision: str = "head") -> list[str]:
    """Run the revisions that the database lacks, all of them in one transaction; returns those that ran, oldest first.

    Raises DatabaseNotReady when one fails (then the database stays as it was) or when a newer program has migrated it.
    """
    with _opened(url) as engine:
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


def check(url: str | URL) -> list[str]:
    """What keeps the database from being written to: sentences, each ending with the command that mends it.

    A table, index or constraint that somebody added does not count (``notes``). Nothing is changed, and no file is
    made.
    """
    if _is_missing(url):
        return [f"{describe(url)} does not exist yet: {UPGRADE}"]
    try:
        with _opened(url) as engine, engine.connect() as connection:
            return _problems(connection, describe(url))
    except DatabaseNotReady as error:
        return [str(error)]


def lacking(heads: Iterable[str]) -> list[str] | None:
    """What a database at these revisions lacks, oldest first, each as "0003 what it does"; None where a revision is
    none of this program's.
    """
    script = ScriptDirectory.from_config(alembic_config())
    found = tuple(heads)
    if _unknown(script, found):
        return None
    there = {revision.revision for revision in script.iterate_revisions(found, "base")} if found else set()
    missing = [revision for revision in script.walk_revisions() if revision.revision not in there]
    return [f"{revision.revision} {revision.doc}" for revision in reversed(missing)]


def notes(url: str | URL) -> list[str]:
    """What somebody added to the database and no run touches, a sentence each; none of one that cannot be opened."""
    if _is_missing(url):
        return []
    try:
        with _opened(url) as engine, engine.connect() as connection:
            return list(drift.compare(connection).notes)
    except DatabaseNotReady:
        return []  # ``check`` says so


def prepare(url: str | URL) -> None:
    """Make sure that a run may write: an empty or missing database is migrated at once, any other must pass ``check``.

    Raises DatabaseNotReady otherwise. A database with tables is never migrated unasked.
    """
    if _is_missing(url):
        upgrade(url)
        return
    with _opened(url) as engine, engine.connect() as connection:
        is_empty = _is_empty(connection)
    if is_empty:
        upgrade(url)
    elif problems := check(url):
        raise DatabaseNotReady("\n".join(problems))


def alembic_config() -> Config:
    """Alembic's configuration for this package's migrations; there is no ``alembic.ini``."""
    config = Config()
    # Alembic fills in %(...)s: a per cent sign in the path of the installation has to be doubled.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _problems(connection: Connection, where: str) -> list[str]:
    script = ScriptDirectory.from_config(alembic_config())
    if _is_empty(connection):
        return [f"{where} is empty: {UPGRADE}"]
    heads = MigrationContext.configure(connection).get_current_heads()
    if not heads:
        return [f"{where} has tables that `subs db upgrade` did not make (it has no alembic_version): {drift.REBUILD}"]
    if unknown := _unknown(script, heads):
        return [_ahead(where, unknown, script)]
    expected = script.get_heads()
    behind = set(heads) != set(expected)
    sentences = []
    if behind:
        sentences.append(
            f"{where} is at revision {', '.join(sorted(heads))}; this program needs {', '.join(expected)}: {UPGRADE}"
        )
    for difference in drift.compare(connection).problems:
        mend = UPGRADE if behind and difference.upgrade_mends else difference.mend
        sentences.append(f"{difference.sentence}: {mend}")
    return sentences


def _is_missing(url: str | URL) -> bool:
    file = sqlite_file(url)
    return file is not None and not file.exists()


def _is_empty(connection: Connection) -> bool:
    """Without a table of anybody's; Alembic's own does not count while it is empty."""
    others = set(inspect(connection).get_table_names()) - {"alembic_version"}
    return not others and not MigrationContext.configure(connection).get_current_heads()


def _refuse_unknown(engine: Engine, url: str | URL) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    with engine.connect() as connection:
        unknown = _unknown(script, MigrationContext.configure(connection).get_current_heads())
    if unknown:
        raise DatabaseNotReady(_ahead(describe(url), unknown, script))


def _unknown(script: ScriptDirectory, heads: tuple[str, ...]) -> list[str]:
    known = {revision.revision for revision in script.walk_revisions()}
    return sorted(set(heads) - known)


def _ahead(where: str, unknown: list[str], script: ScriptDirectory) -> str:
    return (
        f"{where} is at revision {', '.join(unknown)}, and the newest that this program knows is "
        f"{', '.join(script.get_heads())}: a newer one migrated it, so update the program (`git pull`)"
    )


def _ancestry(connection: Connection) -> set[str]:
    """Every revision that the database has been through."""
    script = ScriptDirectory.from_config(alembic_config())
    heads = MigrationContext.configure(connection).get_current_heads()
    return {revision.revision for revision in script.iterate_revisions(heads, "base")} if heads else set()


@contextmanager
def _opened(url: str | URL) -> Iterator[Engine]:
    """An engine that is closed again."""
    engine = open_answering(url)
    try:
        yield engine
    finally:
        engine.dispose()
