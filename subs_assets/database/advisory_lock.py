"""PostgreSQL's part of the run lock: an advisory lock that lives and dies with one connection."""

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from sqlalchemy import URL, Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from subs_assets.database.engine import hash_of_schema, open_answering, reason_of, writing_on

RUN_LOCK = 0x73756272
"""First half of the lock ("subr"); the second is the schema."""

SESSION = {
    "idle_session_timeout": "0",  # the connection waits, idle, for as long as the run goes on
    # A machine that lost its power cannot say good-bye, and by default a server asks after two hours.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

LONGEST_NAME = 63
"""PostgreSQL cuts an application_name here."""

HOLDERS = text("""
SELECT lock.pid, activity.application_name, activity.usename, host(activity.client_addr), activity.backend_start
FROM pg_locks AS lock JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 2
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND lock.classid = :lock AND lock.objid = :schema
""")


class RunLockLost(RuntimeError):
    """The connection that held the run lock is gone, and the lock with it; the message says what to do."""


@contextmanager
def session(url: str | URL, holder: str) -> Iterator[Connection]:
    """A connection to hold the lock with, in no transaction; others see ``holder`` as its application_name."""
    engine = open_answering(url)
    name = f"{holder}, process {os.getpid()} on {platform.node()}"[:LONGEST_NAME]
    try:
        with engine.connect() as connection:
            for setting, value in {"application_name": name, **SESSION}.items():
                # An older server does not know every one of them.
                connection.execute(
                    text("SELECT set_config(name, :value, false) FROM pg_settings WHERE name = :setting"),
                    {"value": value, "setting": setting},
                )
            connection.commit()
            yield connection
    finally:
        engine.dispose()


def try_lock(connection: Connection, seconds: float) -> bool:
    """After so many seconds, take the lock for this connection if nobody has it."""
    time.sleep(seconds)
    taken = connection.scalar(select(func.pg_try_advisory_lock(RUN_LOCK, hash_of_schema())))
    connection.commit()  # the lock stays; a transaction that stayed open would keep dead rows from being removed
    return bool(taken)


def current_holder(connection: Connection) -> str:
    """Who holds the lock, in words; ``another process`` when it was given up a moment ago."""
    return holder(connection) or "another process"


def holder(connection: Connection) -> str | None:
    """Who holds the lock, as the server tells; what it tells only its administrators is left out. None: nobody."""
    found = _holders(connection)
    connection.commit()
    if not found:
        return None
    _, name, user, address, since = found[0]
    details = [
        f"user {user}",
        *([f"from {address}"] if address else []),
        *([f"connected since {since.astimezone(UTC).isoformat(timespec='seconds')}"] if since else []),
    ]
    return f"{name} ({', '.join(details)})"


@contextmanager
def writing_while_held(connection: Connection) -> Iterator[Connection]:
    """A transaction that writes on the connection that holds the lock, so that it cannot outlive the lock.

    Raises RunLockLost when the connection was lost, or a connection pooler gave us another session.
    """
    is_written = False
    try:
        with writing_on(connection):
            own = connection.scalar(select(func.pg_backend_pid()))
            if own not in [pid for pid, *_ in _holders(connection)]:
                raise _lost("this session of the server does not hold it; a pooler must give us one session for all")
            yield connection
            is_written = True
    except DBAPIError as error:
        if error.connection_invalidated and is_written:
            # `from None`, twice: a terminal shows the innermost error, and the driver's says nothing of the run.
            raise RunLockLost(
                f"the connection was lost ({reason_of(error)}) while the publication was being committed: whether it "
                "is published is not known. Start the run again"
            ) from None
        if error.connection_invalidated:
            raise _lost(reason_of(error)) from None
        raise


def _holders(connection: Connection) -> Sequence[Any]:
    schema = connection.scalar(select(hash_of_schema())) or 0
    return connection.execute(HOLDERS, {"lock": RUN_LOCK, "schema": schema % 2**32}).all()


def _lost(reason: str) -> RunLockLost:
    return RunLockLost(
        f"the run lock was lost ({reason}), so another run may have begun: the publication was not finished. Start the "
        "run again"
    )
