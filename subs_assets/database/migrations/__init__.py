"""The Alembic environment of the warehouse; what runs it is ``subs_assets.database.migrate``."""
