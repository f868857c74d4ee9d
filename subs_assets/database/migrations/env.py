"""What Alembic runs for a command, on the connection of ``migrate`` or, for its own CLI, ``SUBS_DATABASE_URL``."""

from alembic import context
from sqlalchemy import Connection

from subs_assets.database.engine import open_engine, writing
from subs_assets.database.tables import metadata
from subs_assets.settings import Settings


def run(connection: Connection) -> None:
    # transactional_ddl: Alembic believes that SQLite has no transactional DDL, and would commit statement by statement.
    # It has, once BEGIN is really said (engine.py). All revisions of an upgrade are one transaction: it arrives, or
    # nothing happened.
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("the migrations look at the database before they change it: no --sql mode; try on a copy")

given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with writing(open_engine(Settings.from_environment().database_url)) as own:
        run(own)
