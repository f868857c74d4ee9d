"""Control state: how it is opened, and whose data it is beside. Its tables are in ``control_tables.py``; decisions, the
audit log, runs, nights and drills are read and written by a module each.

It lives in ``control.db`` (on PostgreSQL: schema ``subs_control``), is archived with everything else, and is never
compared with an archive and never wiped.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, delete, func, insert, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.schema import CreateSchema

from subs_assets.database.control_tables import control_metadata, data_set
from subs_assets.database.engine import DatabaseNotReady, describe, open_answering, reason_of, writing

CONTROL_SETTINGS = "SUBS_CONTROL_URL, SUBS_DATABASE_URL or SUBS_HOME"
"""What says where control state is, each where the one before it does not."""


def open_control(url: str | URL) -> Engine:
    """Open the control database; tables that it lacks are made, on PostgreSQL also the schema that the URL's
    ``search_path`` names. Raises what ``open_answering`` raises, and DatabaseNotReady where this role may make none."""
    engine = open_answering(url, CONTROL_SETTINGS)
    try:
        with writing(engine) as connection:
            if engine.dialect.name == "postgresql":
                _make_schema(connection)
            control_metadata.create_all(connection)
    except ProgrammingError as error:
        engine.dispose()
        raise DatabaseNotReady(
            f"{describe(url)} has control state that this role does not see, or lacks tables that it may not make "
            f"({reason_of(error)}): let who owns them run `subs db upgrade`, and grant this role its rights "
            "(docs/deploy.md)"
        ) from None
    return engine


@contextmanager
def opened(url: str | URL) -> Iterator[Engine]:
    """``open_control``, and closed at the end."""
    engine = open_control(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _make_schema(connection: Connection) -> None:
    # Asked first: PostgreSQL refuses CREATE SCHEMA to whoever may make none, IF NOT EXISTS or not, even if it is there.
    if connection.scalar(select(func.current_schema())) is not None:
        return
    # The server folds and unquotes the name as it does for the path itself.
    (wanted,) = connection.scalar(select(func.parse_ident(func.current_setting("search_path")))) or [""]
    # Whoever waited for another writer may still have been told of no schema: the path is worked out before the wait.
    if connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": wanted}) is None:
        connection.execute(CreateSchema(wanted))


def claim_data_set(engine: Engine, name: str, may_replace: bool) -> str:
    """The data set that the warehouse is for: this one, if nobody has said so before, or if ``may_replace``."""
    with writing(engine) as connection:
        noted = connection.scalar(select(data_set.c.name))
        if noted is not None and not may_replace:
            return str(noted)
        connection.execute(delete(data_set))
        connection.execute(insert(data_set).values(name=name))
    return name
