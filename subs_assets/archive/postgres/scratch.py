"""Scratch databases beside a PostgreSQL database, for a restore that is only a proof; the restore is done elsewhere."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg
from sqlalchemy import URL, make_url

from subs_assets.archive.errors import ArchiveError
from subs_assets.archive.postgres.catalogue import literal, quote
from subs_assets.archive.postgres.connection import Connection, connect, explained, label, run_one

PREFIX = "subs_drill"


@contextmanager
def scratch_database(beside: str | URL) -> Iterator[URL]:
    """The URL of a new empty database on the same server, with the same encoding and locale; it is dropped afterwards.

    What drills left that were killed is dropped on the way: their advisory lock says that nobody is at work in them.

    Raises:
        ArchiveError: the role may not make databases; the sentence says what right is missing.
    """
    with closing(connect(beside)) as connection:
        with explained(ArchiveError, beside, "leftovers of earlier drills cannot be removed"):
            (number,) = connection.execute(
                "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
            ).fetchone() or (0,)
            _sweep(connection, f"{PREFIX}_{number}_")
        name = f"{PREFIX}_{number}_{secrets.token_hex(4)}"
        connection.execute("SELECT pg_catalog.pg_advisory_lock(%s)", (_lock_number(name),))
        try:
            with explained(ArchiveError, beside, "no scratch database can be made"):
                run_one(connection, _create(connection, name))
                # Everybody may connect to a new database, and what will be in this one is not for everybody.
                run_one(connection, f"REVOKE ALL ON DATABASE {quote(name)} FROM PUBLIC")
        except ArchiveError as problem:
            if isinstance(problem.__context__, psycopg.errors.InsufficientPrivilege):
                role = connection.info.user
                raise ArchiveError(
                    f"{label(beside)}: an archive is proven by restoring it into a scratch database beside it, and "
                    f"the role {role} may not make one: let a superuser say ALTER ROLE {quote(role)} CREATEDB"
                ) from None
            raise
        try:
            yield make_url(beside).set(database=name).difference_update_query(["options"])
        finally:
            with suppress(psycopg.Error):
                _drop(connection, name)


def _create(connection: Connection, name: str) -> str:
    (row,) = connection.execute(
        "SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, pg_catalog.to_jsonb(d) AS settings "
        "FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()"
    ).fetchall()
    settings = row.settings
    sql = f"CREATE DATABASE {quote(name)} TEMPLATE template0 ENCODING {literal(row.encoding)} "
    sql += f"LC_COLLATE {literal(settings['datcollate'])} LC_CTYPE {literal(settings['datctype'])}"
    provider = {"i": "icu", "c": "libc", "b": "builtin"}[settings["datlocprovider"]]
    sql += f" LOCALE_PROVIDER {provider}"
    if provider != "libc":
        locale = settings.get("daticulocale") or settings.get("datlocale")  # renamed in PostgreSQL 17
        sql += f" {provider.upper()}_LOCALE {literal(locale)}"
    return sql


def _sweep(connection: Connection, prefix: str) -> None:
    names = connection.execute(
        "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, %s) "
        "AND pg_catalog.pg_has_role(datdba, 'USAGE')",
        (prefix,),
    ).fetchall()
    for (name,) in names:
        number = _lock_number(name)
        (is_dead,) = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (number,)).fetchone() or (False,)
        if is_dead:
            _drop(connection, name)
            connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (number,))


def _drop(connection: Connection, name: str) -> None:
    # Plainly at first: that sends autovacuum away, where FORCE refuses to whoever is no superuser. Then by FORCE: the
    # server may not have noticed yet that a killed process is gone.
    statement = f"DROP DATABASE IF EXISTS {quote(name)}"
    try:
        run_one(connection, statement)
    except psycopg.errors.ObjectInUse:
        run_one(connection, f"{statement} WITH (FORCE)")


def _lock_number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
