"""Whether a run may write to a database, in words; how its schema differs from the tables is ``drift.py``'s."""

from alembic.migration import MigrationContext
from sqlalchemy import URL, Connection, inspect

from subs_assets.database import drift
from subs_assets.database.engine import DatabaseNotReady, answering, describe, sqlite_file
from subs_assets.database.migrate import newer_program, revisions, unknown_revisions, upgrade

UPGRADE = "run `subs db upgrade`"


def check(url: str | URL) -> list[str]:
    """What keeps the database from being written to: sentences, each ending with the command that mends it.

    A table, index or constraint that somebody added does not count (``notes``). Nothing is changed, and no file is
    made.
    """
    if _is_missing(url):
        return [f"{describe(url)} does not exist yet: {UPGRADE}"]
    try:
        with answering(url) as engine, engine.connect() as connection:
            return _problems(connection, describe(url))
    except DatabaseNotReady as error:
        return [str(error)]


def notes(url: str | URL) -> list[str]:
    """What somebody added to the database and no run touches, a sentence each; none of one that cannot be opened."""
    if _is_missing(url):
        return []
    try:
        with answering(url) as engine, engine.connect() as connection:
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
    with answering(url) as engine, engine.connect() as connection:
        is_empty = _is_empty(connection)
    if is_empty:
        upgrade(url)
    elif problems := check(url):
        raise DatabaseNotReady("\n".join(problems))


def _problems(connection: Connection, where: str) -> list[str]:
    script = revisions()
    if _is_empty(connection):
        return [f"{where} is empty: {UPGRADE}"]
    heads = MigrationContext.configure(connection).get_current_heads()
    if not heads:
        return [f"{where} has tables that `subs db upgrade` did not make (it has no alembic_version): {drift.REBUILD}"]
    if unknown := unknown_revisions(script, heads):
        return [newer_program(where, unknown, script)]
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
