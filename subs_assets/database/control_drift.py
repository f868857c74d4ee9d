"""How the tables of control state differ from ``control_tables.py``, in words: no revision migrates them, and a
development version may have made them otherwise."""

from collections.abc import Iterator

from sqlalchemy import URL, Column, Connection, Inspector, Table, func, inspect, select
from sqlalchemy.exc import DBAPIError

from subs_assets.database.check import Problem
from subs_assets.database.control import CONTROL_SETTINGS
from subs_assets.database.control_tables import control_metadata
from subs_assets.database.engine import DatabaseNotReady, answering, describe, reason_of, sqlite_file

MADE_AGAIN = "it is made again when it is next needed"


def control_problems(url: str | URL) -> list[Problem]:
    """What keeps control state from being read or written.

    A database or table that is not there yet is none: opening makes it, and looking makes nothing.
    """
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return []
    try:
        with answering(url, CONTROL_SETTINGS) as engine, engine.connect() as connection:
            inspector = inspect(connection)
            present = set(inspector.get_table_names())
            return [
                Problem(f"control state ({describe(url)}): {sentence}")
                for table in control_metadata.sorted_tables
                if table.name in present
                for sentence in _differences(connection, inspector, table)
            ]
    except DatabaseNotReady as error:
        return [Problem(f"control state: {error}", needs_archive=file is not None)]
    except DBAPIError as error:
        said = (
            f"control state ({describe(url)}) cannot be read ({reason_of(error)}): mend that, or go back to an archive"
        )
        return [Problem(said, needs_archive=True)]


def _differences(connection: Connection, inspector: Inspector, table: Table) -> Iterator[str]:
    found = {column["name"]: column for column in inspector.get_columns(table.name)}
    missing = [column for column in table.columns if column.name not in found]
    name = _qualified(inspector, table)
    if missing:
        names = ", ".join(column.name for column in missing)
        yield f"{table.name} lacks {names}: {_mend(connection, table, name, missing)}"
    for column in found.values():
        # One that may be empty disturbs nobody: our statements name their columns.
        if column["name"] not in table.columns and not column["nullable"] and column["default"] is None:
            quoted = connection.dialect.identifier_preparer.quote(column["name"])
            yield (
                f"{table.name} has a column {column['name']} that needs a value and that nothing here knows: "
                f"keep a copy (`subs archive create`), then run the SQL `ALTER TABLE {name} DROP COLUMN {quoted}`"
            )


def _mend(connection: Connection, table: Table, name: str, missing: list[Column[object]]) -> str:
    if all(column.nullable for column in missing):
        kinds = [f"{column.name} {column.type.compile(dialect=connection.dialect)}" for column in missing]
        return f"run the SQL `{'; '.join(f'ALTER TABLE {name} ADD COLUMN {kind}' for kind in kinds)}`"
    drop = f"run the SQL `DROP TABLE {name}`; {MADE_AGAIN}"
    rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
    if not rows:
        return drop
    return (
        f"its {rows:,} rows cannot be used so: keep a copy (`subs archive create`; then `subs archive show PATH "
        f"{table.name} --database control` prints them), then {drop}"
    )


def _qualified(inspector: Inspector, table: Table) -> str:
    """As a person says it from another schema of the database, on PostgreSQL."""
    schema = inspector.default_schema_name
    return f"{schema}.{table.name}" if schema and inspector.dialect.name == "postgresql" else table.name
