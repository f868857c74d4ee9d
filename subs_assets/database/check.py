"""Whether a run may write to a database, in words: its revision, what a migration left half-way, its schema. How that
differs from the tables is ``drift.py``'s, what each revision leaves ``history.py``'s."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, func, inspect, select, table
from sqlalchemy.exc import DBAPIError

from subs_assets.database import drift, migrate
from subs_assets.database.declarations import declarations_of, former_names
from subs_assets.database.engine import DatabaseNotReady, answering, describe, reason_of, sqlite_file
from subs_assets.database.history import BASE, History, Part, history_of, outermost, parts_of

UPGRADE = "run `subs db upgrade`"
KEEP_A_COPY = "keep a copy (`subs archive create`), then"
PARTS_TO_NAME = 5


@dataclass(frozen=True)
class Problem:
    """What keeps a database from being written to: a sentence with what mends it."""

    sentence: str
    needs_archive: bool = False
    """Whether values may be gone, or no statement mends it: then the way back is an archive."""
    archive_would_do: bool = False
    """Whether an archive, where there is one, is another way than the sentence's."""


def problems(url: str | URL) -> list[Problem]:
    """What keeps the database from being written to. Nothing is changed, and no file is made.

    A table, index or constraint that somebody added does not count (``notes``).
    """
    if _is_missing(url):
        return [Problem(f"{describe(url)} does not exist yet: {UPGRADE}")]
    try:
        with answering(url) as engine, engine.connect() as connection:
            return list(_problems(connection, describe(url)))
    except DatabaseNotReady as error:
        return [Problem(str(error), needs_archive=sqlite_file(url) is not None)]
    except DBAPIError as error:  # damaged pages, say, or a table that one may not read
        said = f"{describe(url)} cannot be read ({reason_of(error)}): mend that, or go back to an archive"
        return [Problem(said, needs_archive=True)]


def check(url: str | URL) -> list[str]:
    """The sentences of ``problems``."""
    return [problem.sentence for problem in problems(url)]


def notes(url: str | URL) -> list[str]:
    """What somebody added to the database and no run touches, a sentence each; none of one that cannot be read."""
    if _is_missing(url):
        return []
    try:
        with answering(url) as engine, engine.connect() as connection:
            return list(drift.compare(connection).notes)
    except (DatabaseNotReady, DBAPIError):
        return []  # ``problems`` says so


def prepare(url: str | URL) -> None:
    """Make sure that a run may write: an empty or missing database is migrated at once, any other must pass ``check``.

    Raises DatabaseNotReady otherwise. A database with tables is never migrated unasked.
    """
    if _is_missing(url):
        migrate.upgrade(url)
        return
    with answering(url) as engine, engine.connect() as connection:
        is_empty = _is_empty(connection)
    if is_empty:
        migrate.upgrade(url)
    elif found := check(url):
        raise DatabaseNotReady("\n".join(found))


def _is_missing(url: str | URL) -> bool:
    file = sqlite_file(url)
    return file is not None and not file.exists()


def _is_empty(connection: Connection) -> bool:
    """Without a table of anybody's; Alembic's own does not count while it is empty."""
    others = set(inspect(connection).get_table_names()) - {"alembic_version"}
    return not others and not MigrationContext.configure(connection).get_current_heads()


def _problems(connection: Connection, where: str) -> Iterator[Problem]:
    script = migrate.revisions()
    newest = script.get_heads()
    if len(newest) > 1:
        yield Problem(
            f"the revisions of this program end in {len(newest)} heads, {', '.join(sorted(newest))}, so none is the "
            "newest: let one follow the other (its down_revision), then `subs db check`"
        )
        return
    if _is_empty(connection):
        yield Problem(f"{where} is empty: {UPGRADE}")
        return
    tables = set(inspect(connection).get_table_names())
    leftovers = sorted(name for name in tables if name.startswith(drift.LEFTOVER))
    yield from (_leftover(connection, name, tables) for name in leftovers)
    if any(_original(name) not in tables for name in leftovers):
        return  # a missing table is not to be made anew while its rows wait for their name
    heads = tuple(sorted(MigrationContext.configure(connection).get_current_heads()))
    if unknown := migrate.unknown_revisions(script, heads):
        yield Problem(migrate.newer_program(where, unknown, script), archive_would_do=True)
        return
    is_current = heads == tuple(newest)
    differences = drift.compare(connection).problems
    if is_current and not differences:
        return
    history = history_of(script)
    found = parts_of(connection)
    at = history.at(found, heads)
    if not heads:
        yield _says_nothing(where, at, "alembic_version" in tables, newest[0])
    elif ancestors := _ancestors_among(script, heads):
        yield _says_too_much(where, at, heads, ancestors, newest[0])
    elif at is not None and at not in heads:
        yield _says_another(where, at, heads, history, script)
    elif at is None and not is_current:
        yield from _between(connection, where, history.newest(heads), found, history)
    else:
        yield from _behind_or_different(where, heads, newest, differences)


def _behind_or_different(
    where: str, heads: tuple[str, ...], newest: Iterable[str], differences: Sequence[drift.Difference]
) -> Iterator[Problem]:
    behind = set(heads) != set(newest)
    mended = [one for one in differences if behind and one.upgrade_mends]
    if behind:
        at = f"{where} is at revision {', '.join(heads)}; this program needs {', '.join(newest)}: {UPGRADE}"
        brought = "".join(f"\n  {one.sentence}" for one in mended)
        yield Problem(f"{at}, which mends:{brought}" if brought else at)
    for difference in differences:
        if difference not in mended:
            yield Problem(f"{difference.sentence}: {difference.mend}", difference.needs_archive)


def _original(leftover: str) -> str:
    return leftover.removeprefix(drift.LEFTOVER)


def _leftover(connection: Connection, name: str, tables: set[str]) -> Problem:
    """Batch mode makes the copy, fills it, drops the original, and gives the copy its name."""
    original = _original(name)
    left = f"the table {name} was left by a migration in Alembic's batch mode that was cut off"
    copied = _rows(connection, name)
    if original not in tables:
        quoted = drift.quoted(original, connection)
        return Problem(
            f"{left}, and the table {original} is gone: this is the one place where its {copied:,} rows are. Do not "
            f"drop it: run the SQL `ALTER TABLE {drift.quoted(name, connection)} RENAME TO {quoted}`, then "
            "`subs db check`",
            needs_archive=True,
        )
    return Problem(
        f"{left}; the table {original} is still there with {_rows(connection, original):,} rows, of which this holds a "
        f"copy of {copied:,}: {KEEP_A_COPY} run the SQL `DROP TABLE {drift.quoted(name, connection)}`"
    )


def _says_nothing(where: str, at: str | None, has_version_table: bool, newest: str) -> Problem:
    nothing = "alembic_version is empty" if has_version_table else "it has no alembic_version"
    if at == BASE:
        return Problem(
            f"{where} has tables, and none of them is ours ({nothing}): see that SUBS_DATABASE_URL is right; if it is, "
            "`subs db upgrade` leaves them alone"
        )
    if at is None:
        return Problem(f"{where} has tables that `subs db upgrade` did not make ({nothing}): {drift.REBUILD}", True)
    insert = f"INSERT INTO alembic_version VALUES ('{at}')"
    create = (
        "CREATE TABLE alembic_version "
        "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)); "
    )
    statement = insert if has_version_table else create + insert
    return Problem(
        f"{where} says no revision ({nothing}), and has exactly what revision {at} leaves: "
        f"run the SQL `{statement}`{_and_then(at, newest)}"
    )


def _ancestors_among(script: ScriptDirectory, heads: tuple[str, ...]) -> set[str]:
    """Those of the heads that another of them leads back to."""
    return {
        revision.revision
        for head in heads
        for revision in script.iterate_revisions(head, "base")
        if revision.revision in heads and revision.revision != head
    }


def _says_too_much(where: str, at: str | None, heads: tuple[str, ...], ancestors: set[str], newest: str) -> Problem:
    kept = ", ".join(sorted(set(heads) - ancestors))
    sentence = f"{where} says {len(heads)} revisions at once, {', '.join(heads)}, though {kept} comes after the others"
    if at is None:
        return Problem(f"{sentence}, and has what none of the revisions leaves: {drift.REBUILD}", True)
    if at in heads:
        statement = f"DELETE FROM alembic_version WHERE version_num <> '{at}'"
    else:
        statement = f"DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('{at}')"
    return Problem(
        f"{sentence}; it has what {at} leaves: run the SQL `{statement}`{_and_then(at, newest)}", at not in heads
    )


def _says_another(where: str, at: str, heads: tuple[str, ...], history: History, script: ScriptDirectory) -> Problem:
    """Somebody changed the database past Alembic, or alembic_version: all of one or several revisions, no less."""
    said = history.newest(heads)
    moved = history.between(at, said)
    differing = _named(history.parts[at] ^ history.parts[said])
    newest = list(history.parts)[-1]
    is_ahead = at in moved
    if is_ahead:
        sentence = (
            f"{where} says revision {said}, and what {', '.join(moved)} would make is there already ({differing})"
        )
    else:
        sentence = f"{where} says revision {said}, and what {', '.join(moved)} made is not there ({differing})"
    if is_ahead and (rewrites := declarations_of(moved, script).rewrites):
        return Problem(
            f"{sentence}, but nobody can see whether the values of {', '.join(sorted(rewrites))} are what they make of "
            f"them: {drift.REBUILD}",
            needs_archive=True,
        )
    statement = "DELETE FROM alembic_version" if at == BASE else f"UPDATE alembic_version SET version_num = '{at}'"
    return Problem(f"{sentence}: run the SQL `{statement}`{_and_then(at, newest)}", needs_archive=not is_ahead)


def _between(
    connection: Connection, where: str, said: str, found: frozenset[Part], history: History
) -> Iterator[Problem]:
    """It has part of what later revisions make, or lacks part of what earlier ones made."""
    newest = list(history.parts)[-1]
    lacking = history.parts[said] - found
    early = (found & history.known) - history.parts[said]
    yield Problem(
        f"{where} says revision {said}, and is at none that there is, so an upgrade to {newest} may be refused by the "
        "database: mend what follows, then run `subs db upgrade`"
    )
    for old, new in former_names().items():
        renamed = _part(new)
        if renamed not in early:
            continue
        both = _part(old) in found
        yield _renamed_by_hand(connection, renamed, _part(old), both)
        early -= {renamed, *(part for part in early if renamed.kind == "table" and part.table == renamed.table)}
        lacking -= {part for part in lacking if part == _part(old) or part.table == old}
    yield from (_too_early(connection, part, history.maker(part)) for part in outermost(early))
    for part in outermost(lacking):
        gone = f"{part}, which revision {history.maker(part)} made, is missing"
        statement = history.statements.get(part)
        yield Problem(
            f"{gone}: {f'run the SQL `{statement}`' if statement else drift.REBUILD}", needs_archive=statement is None
        )


def _part(name: str) -> Part:
    table_name, _, column = name.partition(".")
    return Part("column", table_name, column) if column else Part("table", table_name, table_name)


def _renamed_by_hand(connection: Connection, renamed: Part, former: Part, both: bool) -> Problem:
    new, old = drift.quoted(renamed.name, connection), drift.quoted(former.name, connection)
    if both:
        drop = f"ALTER TABLE {former.table} DROP COLUMN ..." if former.kind == "column" else "DROP TABLE ..."
        return Problem(
            f"{former} and {renamed} are both there, and a person must say which holds the values: {KEEP_A_COPY} "
            f"drop the other ({drop})"
        )
    if former.kind == "column":
        statement = f"ALTER TABLE {former.table} RENAME COLUMN {new} TO {old}"
    else:
        statement = f"ALTER TABLE {new} RENAME TO {old}"
    return Problem(f"{former} is called {renamed.name} already: run the SQL `{statement}`")


def _too_early(connection: Connection, part: Part, maker: str) -> Problem:
    name = drift.quoted(part.name, connection)
    there = f"{part} is there already, which revision {maker} makes"
    if part.kind == "table":
        if rows := _rows(connection, part.name):
            return Problem(f"{there}, and holds {rows:,} rows: {KEEP_A_COPY} run the SQL `DROP TABLE {name}`")
        return Problem(f"{there}, and holds no row: run the SQL `DROP TABLE {name}`")
    if part.kind == "column":
        return Problem(f"{there}: {KEEP_A_COPY} run the SQL `ALTER TABLE {part.table} DROP COLUMN {name}`")
    return Problem(f"{there}: run the SQL `DROP {part.kind.upper()} {name}`")


def _and_then(at: str, newest: str) -> str:
    return "" if at == newest else f", then {UPGRADE}"


def _named(parts: Iterable[Part]) -> str:
    shown = outermost(parts)
    more = len(shown) - PARTS_TO_NAME
    return ", ".join(map(str, shown[:PARTS_TO_NAME])) + (f" and {more} more" if more > 0 else "")


def _rows(connection: Connection, name: str) -> int:
    return int(connection.execute(select(func.count()).select_from(table(name))).scalar_one())
