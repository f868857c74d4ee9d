"""What Alembic runs for a command: on the connection of ``migrate``, or for Alembic's own commands on
``SUBS_DATABASE_URL``; the guard stands either way."""

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from subs_assets.database.engine import DatabaseNotReady, describe, open_engine, writing
from subs_assets.database.guard import guarded
from subs_assets.database.lock import RunLocked, run_lock
from subs_assets.database.migrate import explained
from subs_assets.database.tables import metadata
from subs_assets.settings import Settings

attributes = context.config.attributes


def run(connection: Connection) -> None:
    """Run the revisions on this connection, within the guard."""
    # transactional_ddl: Alembic believes that SQLite has no transactional DDL, and would commit statement by statement.
    # It has, once BEGIN is really said (engine.py). All revisions of an upgrade are one transaction: it arrives, or
    # nothing happened.
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, transactional_ddl=True)
    with (
        guarded(connection, attributes.get("is_archived", False), attributes.get("heard")),
        context.begin_transaction(),
    ):
        context.run_migrations()


def run_alone() -> None:
    """As whoever writes to the warehouse does: alone, and in one transaction."""
    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    try:
        with (
            run_lock(settings.home, settings.database_url, "alembic"),
            explained(describe(settings.database_url)),
            writing(engine) as connection,
        ):
            run(connection)
    except (DatabaseNotReady, RunLocked) as problem:
        raise CommandError(str(problem)) from problem
    finally:
        engine.dispose()


if context.is_offline_mode():
    raise SystemExit("the migrations look at the database before they change it: no --sql mode; try on a copy")

given = attributes.get("connection")
if given is not None:
    run(given)
else:
    run_alone()
