"""Frames brought into their table's form, read and inserted; no table is named here, and no transaction opened."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Boolean, Column, Connection, Float, Integer, Select, Table, Text, delete, select
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

ROWS_PER_BATCH = 50_000
"""Rows that are Python objects at a time: bounds memory (about 60 MB for 15 columns) without costing speed."""

TEXT_DTYPE = pd.StringDtype(na_value=np.nan)
"""pandas 3's default ``str`` dtype."""


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """A copy of the frame in the table's form: its columns in its order, their dtypes, sorted by primary key, a fresh
    RangeIndex.

    Text -> ``str``, Integer -> ``Int64``, Boolean -> ``boolean``, Float -> ``float64``. None, NaN and NA are all
    "missing". Nothing is guessed: a number is not made a text, a text not a number, and 1.5 not an integer.
    -0.0 becomes 0.0, because SQLite does not keep the difference.

    Raises ValueError that names the table, the column and the first offending row's key: for missing or unknown
    columns, values of another kind, missing values in a column that needs one, and two rows with one key.
    """
    names = [column.name for column in table.columns]
    _require_columns(list(frame.columns), names, table)
    conformed = pd.DataFrame(
        {column.name: _conform_column(frame, column, table) for column in table.columns}, index=frame.index, copy=False
    )
    keys = primary_key(table)
    for column in table.columns:
        missing = conformed[column.name].isna().to_numpy()
        if not column.nullable and missing.any():
            raise ValueError(
                f"{table.name}.{column.name} has no value in {int(missing.sum())} rows, and needs one; "
                f"the first is {_row(conformed, missing, keys)}"
            )
    duplicated = conformed.duplicated(keys).to_numpy()
    if duplicated.any():
        raise ValueError(
            f"{table.name} has {int(duplicated.sum())} rows whose key ({', '.join(keys)}) another row has already; "
            f"the first is {_row(conformed, duplicated, keys)}"
        )
    return conformed.sort_values(keys, kind="stable", ignore_index=True)


def empty(table: Table) -> pd.DataFrame:
    """A frame in the table's form without rows."""
    return pd.DataFrame({column.name: pd.Series([], dtype=dtype_of(column.type)) for column in table.columns})


def read(connection: Connection, table: Table, **equal_to: object) -> pd.DataFrame:
    """The rows whose columns equal the given values, in exactly the form that ``conform`` gives.

    PostgreSQL is told to send as many at a time as become Python objects; that costs three more messages to and fro.
    Sorted here and not by the database: a table that somebody made may have another collation than ours.
    """
    statement = select(table).where(*(table.columns[name] == value for name, value in equal_to.items()))
    streamed = statement.execution_options(stream_results=True)
    return fetch(connection, streamed).sort_values(primary_key(table), kind="stable", ignore_index=True)


def read_page(
    connection: Connection,
    table: Table,
    equal_to: dict[str, str],
    limit: int,
    offset: int,
    newest_first_by: str | None = None,
) -> pd.DataFrame:
    """Some of the rows whose columns equal the given values, in the table's form and in the order of their keys, which
    is the database's: no row is read for another page."""
    newest = [] if newest_first_by is None else [table.columns[newest_first_by].desc()]
    statement = (
        select(table)
        .where(*(table.columns[name] == value for name, value in equal_to.items()))
        .order_by(*newest, *table.primary_key.columns)
        .limit(limit)
        .offset(offset)
    )
    return fetch(connection, statement)


def fetch(connection: Connection, statement: Select[Any]) -> pd.DataFrame:
    """A query's rows in the query's order, with the dtypes that ``conform`` would give to its columns.

    Only ROWS_PER_BATCH of them are Python objects at a time.
    """
    columns = list(statement.selected_columns)
    parts = []
    with connection.execute(statement) as result:
        for rows in result.partitions(ROWS_PER_BATCH):
            values = zip(*rows, strict=True)
            parts.append(
                pd.DataFrame(
                    {
                        column.name: _from_database(list(cells), column.type)
                        for column, cells in zip(columns, values, strict=True)
                    }
                )
            )
    if not parts:
        return pd.DataFrame({column.name: pd.Series([], dtype=dtype_of(column.type)) for column in columns})
    return pd.concat(parts, ignore_index=True)


def insert(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    """Insert a conformed frame within the connection's transaction; missing values become NULL. Returns the number of
    rows.

    Through the drivers' own ways, in key order: SQLAlchemy Core is several times slower
    (docs/database.md). Raises ValueError for a frame of another form, and for text that PostgreSQL cannot keep.
    """
    if list(frame.columns) != [column.name for column in table.columns]:
        raise ValueError(
            f"the frame for {table.name} has not the table's columns in their order; pass it through conform()"
        )
    insert_batch = {"sqlite": _execute_many, "postgresql": _copy}[connection.dialect.name]
    for start in range(0, len(frame), ROWS_PER_BATCH):
        insert_batch(connection, table, frame.iloc[start : start + ROWS_PER_BATCH])
    return len(frame)


def _execute_many(connection: Connection, table: Table, batch: pd.DataFrame) -> None:
    statement = str(insert_into(table).compile(dialect=connection.dialect))
    rows = zip(*(_to_python(batch[name]) for name in batch.columns), strict=True)
    connection.exec_driver_sql(statement, list(rows))


def _copy(connection: Connection, table: Table, batch: pd.DataFrame) -> None:
    """COPY in PostgreSQL's binary form, which nobody has to parse. Its whole numbers are those of ``WHOLE_NUMBER``."""
    quote = connection.dialect.identifier_preparer
    columns = ", ".join(quote.format_column(column) for column in table.columns)
    statement = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN (FORMAT binary)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_copied_as(column.type) for column in table.columns])
            for row in zip(*(_to_python(batch[name]) for name in batch.columns), strict=True):
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        _refuse_nul(table, batch)
        raise DBAPIError(statement, None, error, connection_invalidated=driver.closed) from error


def _copied_as(column_type: TypeEngine[Any]) -> str:
    kinds = ((Boolean, "bool"), (Integer, "int8"), (Float, "float8"), (Text, "text"))
    return next(name for sql_type, name in kinds if isinstance(column_type, sql_type))


def _refuse_nul(table: Table, frame: pd.DataFrame) -> None:
    for column in table.columns:
        if not isinstance(column.type, Text):
            continue
        odd = frame[column.name].str.contains("\0", regex=False).eq(True).to_numpy()
        if odd.any():
            raise ValueError(
                f"{table.name}.{column.name} has a NUL character, which PostgreSQL does not keep; "
                f"the first is {_row(frame, odd, primary_key(table))}"
            )


def replace(connection: Connection, table: Table, batches: Iterable[pd.DataFrame]) -> None:
    """Put conformed frames in the place of a table's rows, within the connection's transaction. Raises what ``insert``
    raises."""
    # Not TRUNCATE on PostgreSQL, though it is faster and leaves no dead rows: it would make readers wait until the end,
    # and one whose transaction began before would then find the table empty.
    connection.execute(delete(table))
    with indexed_at_the_end(connection, table):
        for batch in batches:
            insert(connection, table, batch)
    refresh_statistics(connection, table)


@contextmanager
def indexed_at_the_end(connection: Connection, table: Table) -> Iterator[None]:
    """While a table is filled, SQLite does without its indexes, and then makes them in one go: kept up row by row they
    cost more than all the rest. All in the connection's transaction, so no reader misses them.

    Not on PostgreSQL, where readers would wait for the end of the transaction.
    """
    indexes = sorted(table.indexes, key=lambda index: str(index.name)) if connection.dialect.name == "sqlite" else []
    for index in indexes:
        index.drop(connection, checkfirst=True)
    yield
    for index in indexes:
        index.create(connection)


def refresh_statistics(connection: Connection, table: Table) -> None:
    """Have PostgreSQL look at a table that was filled, within the transaction: or it plans with yesterday's rows until
    it comes by itself. SQLite needs none."""
    if connection.dialect.name == "postgresql":
        # Not waited for: whoever vacuums the table looks at it too, and the night is not undone for statistics.
        connection.exec_driver_sql(
            f"ANALYZE (SKIP_LOCKED) {connection.dialect.identifier_preparer.format_table(table)}"
        )


def primary_key(table: Table) -> list[str]:
    """The names of the table's key columns, in key order."""
    return [column.name for column in table.primary_key.columns]


def dtype_of(column_type: TypeEngine[Any]) -> Any:
    """The pandas dtype of a column of this SQL type; raises TypeError for a type that the tables do not use."""
    for sql_type, dtype in (
        (Boolean, pd.BooleanDtype()),
        (Integer, pd.Int64Dtype()),
        (Float, np.dtype("float64")),
        (Text, TEXT_DTYPE),
    ):
        if isinstance(column_type, sql_type):
            return dtype
    raise TypeError(f"columns of type {column_type!r} have no place in a frame; use Text, Integer, Float or Boolean")


def _require_columns(found: list[str], expected: list[str], table: Table) -> None:
    missing = [name for name in expected if name not in found]
    unknown = [str(name) for name in found if name not in expected]
    repeated = sorted({str(name) for name in found if found.count(name) > 1})
    problems = [
        f"{what} {', '.join(names)}"
        for what, names in (("lacks", missing), ("has unknown", unknown), ("repeats", repeated))
        if names
    ]
    if problems:
        raise ValueError(f"the frame for {table.name} {'; it '.join(problems)} (its columns are {', '.join(expected)})")


# What pandas.api.types.infer_dtype calls the values that a column of each SQL type may hold, and how a message says it.
_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float"})
_KINDS: tuple[tuple[type, str, frozenset[str]], ...] = (
    (Boolean, "true or false", frozenset({"boolean"})),
    (Integer, "whole numbers", _NUMBERS),
    (Float, "numbers", _NUMBERS),
    (Text, "text", frozenset({"string"})),
)


def _conform_column(frame: pd.DataFrame, column: Column[Any], table: Table) -> pd.Series:
    values = frame[column.name]
    dtype = dtype_of(column.type)
    if values.dtype == dtype:
        return values + 0.0 if isinstance(column.type, Float) else values
    if not values.notna().any():
        return pd.Series(pd.array([None] * len(values), dtype=object), index=values.index).astype(dtype)
    kind, allowed = next((kind, allowed) for sql_type, kind, allowed in _KINDS if isinstance(column.type, sql_type))
    try:
        # Kinds are held against each other before the cast, because pandas would turn 7 into "7", "7" into 7 and True
        # into 1.
        found = pd.api.types.infer_dtype(values.astype(object) if values.dtype == "category" else values, skipna=True)
        if found not in allowed:
            raise TypeError(f"holds {found} values")
        if isinstance(column.type, Float):
            numbers = pd.to_numeric(values).to_numpy(dtype="float64", na_value=np.nan)
            return pd.Series(numbers + 0.0, index=values.index)
        if isinstance(column.type, Integer):
            with np.errstate(invalid="ignore"):  # numpy would warn of a number that pandas then refuses
                return pd.Series(pd.array(_to_python(values), dtype=dtype), index=values.index)
        return values.astype(dtype)
    except (TypeError, ValueError, OverflowError) as error:
        odd = np.array([not _fits(value, column.type) for value in values])
        place = f"; the first is {_row(frame, odd, primary_key(table))}" if odd.any() else f": {error}"
        raise ValueError(f"{table.name}.{column.name} must hold {kind} and does not{place}") from error


def _fits(value: Any, column_type: TypeEngine[Any]) -> bool:
    """Whether one value, missing or not, is fit for the column; asked only to name the first that is not."""
    if pd.isna(value):
        return True
    if isinstance(value, (bool, np.bool_)) or isinstance(column_type, Boolean):
        return isinstance(value, (bool, np.bool_)) and isinstance(column_type, Boolean)
    if isinstance(value, str) or isinstance(column_type, Text):
        # A lone surrogate is text to Python, and to nobody else.
        return (
            isinstance(value, str)
            and isinstance(column_type, Text)
            and not any("\ud800" <= sign <= "\udfff" for sign in value)
        )
    if not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    return isinstance(column_type, Float) or (float(value).is_integer() and -(2**63) <= int(value) < 2**63)


def _row(frame: pd.DataFrame, chosen: np.ndarray, keys: list[str]) -> str:
    """``company_slug='aldi', sku='7'``: the key of the first row that is chosen."""
    first = frame[keys].iloc[[int(np.argmax(chosen))]].astype(object).to_dict("records")[0]
    return ", ".join(f"{key}={value!r}" for key, value in first.items())


def _from_database(cells: list[Any], column_type: TypeEngine[Any]) -> Any:
    dtype = dtype_of(column_type)
    if isinstance(column_type, Float):
        return np.array(cells, dtype=dtype)  # None becomes NaN
    return pd.array(cells, dtype=dtype)


def _to_python(values: pd.Series) -> list[Any]:
    """Python scalars, None where missing: what every driver takes."""
    return values.astype(object).where(values.notna(), None).tolist()
