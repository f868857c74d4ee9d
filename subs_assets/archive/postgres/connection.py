"""How the archive speaks to PostgreSQL: connections whose settings are pinned, locks that say who is in the way, errors
as sentences; what is read or written over them is not known here.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import URL, make_url

from subs_assets.archive.errors import ArchiveError, CommitUnknown, UnsupportedDatabase
from subs_assets.archive.manifest import Scope

OLDEST_SERVER = 15  # the oldest that is tested with; 14 is out of support, and writes half a character as it is
LOCK_SECONDS = 30  # how long a lock of somebody else is waited for

# A network that is gone without a word is noticed after a minute and a half; by default after two hours, if at all.
WHILE_SILENT: Mapping[str, int] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}

# What decides how a value is written. It is kept in the manifest, and a restore reads and compares under the same.
VALUE_SETTINGS: Mapping[str, str] = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    "array_nulls": "on",
}
# What decides that all is read, as it is, under its full name, and that nothing ends the work half way.
SESSION_SETTINGS: Mapping[str, str] = {
    "client_encoding": "UTF8",
    "search_path": "",
    "row_security": "off",  # an error instead of a part of the rows
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "synchronize_seqscans": "off",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "check_function_bodies": "off",  # a function may come before what it calls
    "client_min_messages": "error",
    "default_tablespace": "",
    "default_table_access_method": "heap",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "session_replication_role": "origin",
    "jit": "off",
    "application_name": "subs_assets archive",
}

_LOCKS = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock",
)  # fmt: skip
_HARMLESS = {"ACCESS SHARE": _LOCKS, "SHARE ROW EXCLUSIVE": _LOCKS[:2], "ACCESS EXCLUSIVE": ()}
"""mode -> locks of others that are not in its way"""

Connection = psycopg.Connection[Any]

# What it warns of when a connection is lost is in our own sentence; where nobody set logging up, it stood before that.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def connect(url: str | URL, settings: Mapping[str, str] = VALUE_SETTINGS) -> Connection:
    """A connection outside of any transaction, on which every setting is pinned; rows come as named tuples.

    Raises:
        UnsupportedDatabase: the server is too old.
        ArchiveError: there is no connection to be had; the sentence holds no password.
    """
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    arguments, keywords = parsed.get_dialect()().create_connect_args(parsed)
    with explained(ArchiveError, url, "cannot be connected to"):
        connection: Connection = psycopg.connect(
            *arguments,
            **{**WHILE_SILENT, "connect_timeout": 30, "prepare_threshold": None, **keywords},
            autocommit=True,
            row_factory=namedtuple_row,
        )
    try:
        if connection.info.server_version < OLDEST_SERVER * 10000:
            raise UnsupportedDatabase(
                f"{label(url)} is a PostgreSQL {connection.info.server_version // 10000}; an archive needs "
                f"{OLDEST_SERVER} or newer"
            )
        with explained(ArchiveError, url, "cannot be prepared"):
            pin(connection, settings)
    except BaseException:
        connection.close()
        raise
    return connection


def label(url: str | URL) -> str:
    """How messages and the manifest call a database: by its name, without host, user and password."""
    return f"postgresql:///{make_url(url).database or ''}"


def scope_of(url: str | URL) -> Scope:
    """What a URL stands for: the one schema that its ``options`` put into ``search_path``, or all of the database.

    The URL is asked and not the server: a ``search_path`` from ``PGOPTIONS``, a service file or ALTER ROLE is nobody's
    wish to archive only a part.

    Raises:
        UnsupportedDatabase: the options name several schemas.
    """
    options = make_url(url).query.get("options", "")
    text = " ".join(options) if isinstance(options, tuple) else options
    # The server takes a setting's name in any case, and with - for _.
    paths = re.findall(r"(?:^|\s)(?:-c\s*|--)(?i:search[_-]path)\s*=\s*((?:\\.|\S)*)", text)
    if not paths:
        return Scope(only=None, left_out=())
    schemas = [name.strip() for name in paths[-1].replace("\\", "").split(",")]
    if len(schemas) != 1 or not schemas[0]:
        raise UnsupportedDatabase(
            f"{label(url)}: its options put {paths[-1]!r} into search_path; name one schema, or none for all of them"
        )
    name = schemas[0]
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return Scope(only=name[1:-1].replace('""', '"') if quoted else name.lower(), left_out=())


def database_identity(connection: Connection) -> tuple[object, ...]:
    """What no other database has, however its URL is spelt."""
    return tuple(
        connection.execute(
            "SELECT oid, (SELECT pg_catalog.pg_postmaster_start_time()) FROM pg_catalog.pg_database "
            "WHERE datname = pg_catalog.current_database()"
        ).fetchone()
        or ()
    )


@contextmanager
def explained(error: type[ArchiveError], url: str | URL, what: str, end: str = "") -> Iterator[None]:
    """Turn the driver's errors into ``error``, in a sentence that begins with the database and ``what``."""
    try:
        yield
    except psycopg.Error as problem:
        raise error(f"{label(url)}: {what}: {reason(problem, url)}{end}") from None  # its text may hold a password


def reason(problem: psycopg.Error, url: str | URL) -> str:
    """What the server or the driver says, in a line, without the password."""
    details = [problem.diag.message_primary, problem.diag.message_detail, problem.diag.context]
    text = "; ".join(" ".join(detail.split()) for detail in details if detail) or " ".join(str(problem).split())
    password = make_url(url).password
    return text.replace(str(password), "***") if password else text


def run_one(connection: Connection, statement: str) -> None:
    """Execute exactly one statement, its percent signs and semicolons as they are."""
    # With parameters, even none, the server takes one statement only; a raw cursor leaves % alone.
    psycopg.RawCursor(connection).execute(statement, [])


def lock(connection: Connection, url: str | URL, tables: Sequence[str], mode: str, error: type[ArchiveError]) -> None:
    """Lock tables (quoted, with their schemas) within the connection's transaction.

    Raises:
        ArchiveError: of the type ``error``: somebody held one for longer than LOCK_SECONDS; the sentence names who.
    """
    if not tables:
        return
    with locking(connection, url, tables, mode, error, "tables"):
        run_one(connection, f"LOCK TABLE {', '.join(f'ONLY {table}' for table in tables)} IN {mode} MODE")


@contextmanager
def locking(
    connection: Connection, url: str | URL, names: Sequence[str], mode: str, error: type[ArchiveError], what: str
) -> Iterator[None]:
    """Say who is in the way where what is done in the block, and takes locks of that mode, waits in vain; ``what`` the
    ``names`` are is for the sentence.
    """
    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise error(
            f"{label(url)}: its {what} could not be locked ({mode.lower()}) within {LOCK_SECONDS} seconds; "
            f"in the way: {_holders(connection, url, names, mode)}; wait for it or end it, and try again"
        ) from None
    except psycopg.Error as problem:
        raise error(f"{label(url)}: its {what} cannot be locked: {reason(problem, url)}") from None


def commit(connection: Connection, url: str | URL) -> None:
    """Commit; an answer that was lost is asked for again.

    Raises:
        ArchiveError: nothing was committed.
        CommitUnknown: nobody can tell.
    """
    with explained(ArchiveError, url, "the transaction could not be committed"):
        (transaction,) = connection.execute("SELECT pg_catalog.pg_current_xact_id()::text").fetchone() or ("",)
    try:
        connection.execute("COMMIT")
    except psycopg.Error as problem:
        if not connection.broken:
            raise ArchiveError(
                f"{label(url)}: the transaction could not be committed: {reason(problem, url)}"
            ) from None
        status = None
        with suppress(ArchiveError, psycopg.Error), closing(connect(url)) as other:
            # A server that goes on with the commit says "in progress".
            for _ in range(20):
                query = "SELECT pg_catalog.pg_xact_status(%s::xid8)"
                (status,) = other.execute(query, (transaction,)).fetchone() or (None,)
                if status != "in progress":
                    break
                other.execute("SELECT pg_catalog.pg_sleep(0.1)")
        if status == "committed":
            return
        if status == "aborted":
            raise ArchiveError(f"{label(url)}: the connection was lost, and nothing was committed") from None
        raise CommitUnknown(
            f"{label(url)}: the connection was lost during the commit, and whether it was done cannot be found out; "
            "look into the database"
        ) from None


def pin(connection: Connection, values: Mapping[str, str] = VALUE_SETTINGS) -> None:
    """Set every setting on which the archive relies; to be said again within a transaction, where a pooler between may
    have changed the server process.
    """
    settings = {**SESSION_SETTINGS, **values}
    # What is right already is left alone: some may be set by superusers only. What the server does not know yet is
    # skipped.
    connection.execute(
        """
        SELECT pg_catalog.set_config(known.name, wanted.value, false)
        FROM ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) AS wanted (name, value)
        JOIN pg_catalog.pg_settings known ON pg_catalog.lower(known.name) = pg_catalog.lower(wanted.name)
        WHERE pg_catalog.current_setting(known.name) <> wanted.value
        """,
        (list(settings), list(settings.values())),
    ).fetchall()


def _holders(connection: Connection, url: str | URL, names: Sequence[str], mode: str) -> str:
    """Who has locks that are in the way of one of that mode; no statement's text is shown, it may hold a secret."""
    query = """
        SELECT DISTINCT a.pid, a.usename, a.application_name, a.state, a.xact_start
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
        WHERE l.granted AND l.locktype = 'relation' AND a.pid <> %s
            AND l.mode <> ALL (%s)
            AND l.relation = ANY (SELECT pg_catalog.to_regclass(name) FROM pg_catalog.unnest(%s::text[]) name)
        ORDER BY a.xact_start, a.pid
    """
    # Another connection: this one's transaction has failed.
    with suppress(ArchiveError, psycopg.Error), closing(connect(url)) as other:
        found = [
            f"process {pid} of {user or '?'}{f' ({application})' if application else ''}, {state or '?'} since {since}"
            for pid, user, application, state, since in other.execute(
                query, (connection.info.backend_pid, list(_HARMLESS[mode]), list(names))
            )
        ]
        return "; ".join(found) or "nobody any more"
    return "who cannot be found out"
