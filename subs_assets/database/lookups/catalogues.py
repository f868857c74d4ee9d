"""What came of the companies' catalogues: their files, and the rows that were set aside."""

import pandas as pd
from sqlalchemy import Connection, cast, func, select

from subs_assets.database import frames
from subs_assets.database.lookups.rows import given
from subs_assets.database.tables import READ, WHOLE_NUMBER, catalogue_files, set_aside_rows


def deliveries(connection: Connection) -> pd.DataFrame:
    """What each company delivered: files, of them ``not_read`` (failed, or the last good listings are shown instead),
    when the ``latest`` was changed (ISO 8601), and their rows.

    DataFrame[company_slug, files, not_read, read, accepted, repaired, set_aside, latest], sorted.
    """
    file = catalogue_files.c
    statement = (
        select(
            file.company_slug,
            func.count().label("files"),
            func.count().filter(file.status != READ).label("not_read"),
            *(
                cast(func.sum(file[name]), WHOLE_NUMBER).label(name)
                for name in ("read", "accepted", "repaired", "set_aside")
            ),
            func.max(file.modified_at).label("latest"),
        )
        .group_by(file.company_slug)
        .order_by(file.company_slug)
    )
    return frames.fetch(connection, statement)


def set_aside_counts(connection: Connection, company_slug: str | None = None) -> pd.DataFrame:
    """How many rows were set aside: DataFrame[company_slug, field, rows], a company's most frequent field first. What
    stands for a file as a whole (line 0) is no row."""
    row, count = set_aside_rows.c, func.count().label("rows")
    statement = (
        select(row.company_slug, row.field, count)
        .where(row.line > 0, *(row[name] == value for name, value in given({"company_slug": company_slug}).items()))
        .group_by(row.company_slug, row.field)
        .order_by(row.company_slug, count.desc(), row.field)
    )
    return frames.fetch(connection, statement)


def set_aside_page(
    connection: Connection, company_slug: str, field: str | None = None, limit: int = 100, offset: int = 0
) -> pd.DataFrame:
    """Rows that were set aside at a company, for one field or any, in the order of their files and lines; in the
    table's form."""
    row = set_aside_rows.c
    statement = (
        select(set_aside_rows)
        .where(
            row.line > 0,
            *(row[name] == value for name, value in given({"company_slug": company_slug, "field": field}).items()),
        )
        .order_by(row.file, row.line, row.field)
        .limit(limit)
        .offset(offset)
    )
    return frames.fetch(connection, statement)
