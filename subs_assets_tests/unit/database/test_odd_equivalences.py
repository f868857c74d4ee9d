"""Mappings of a category with itself, twice and reversed: what refuses them, and how those that somebody wrote by
hand come through an upgrade and a restore."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from subs_assets.archive import upgrade
from subs_assets.archive.places import LocalPlace
from subs_assets.archive.restore import restore
from subs_assets.database.control import open_control
from subs_assets.database.engine import writing
from subs_assets.database.frames import insert
from subs_assets.database.tables import category_equivalences
from subs_assets.settings import sqlite_url
from subs_assets_tests.plain_sql import connected, execute, select
from subs_assets_tests.unit.database.made_up_revisions import MadeUpRevisions
from subs_assets_tests.unit.database.test_upgrade import url_of_another_database

pytestmark = pytest.mark.archive_case(63)

MUESLI, CEREAL = ("aldi", '["Müsli"]'), ("coles", '["Cereal"]')
ITSELF, THERE, BACK = (*MUESLI, *MUESLI), (*MUESLI, *CEREAL), (*CEREAL, *MUESLI)
KEY = ("company_slug", "path", "target_company_slug", "target_path")


@pytest.fixture
def mappings(rows_of: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """``mappings(ITSELF, ...)``: conformed rows."""

    def make(*keys: tuple[str, ...]) -> pd.DataFrame:
        return rows_of(category_equivalences, *(dict(zip(KEY, key, strict=True)) for key in keys))

    return make


def test_a_mapping_that_stands_twice_is_refused_by_the_form_of_the_table_and_by_the_database(
    engine: Engine, mappings: Callable[..., pd.DataFrame]
) -> None:
    with pytest.raises(
        ValueError, match="category_equivalences has 1 rows whose key .* another row has already; .*aldi"
    ):
        mappings(THERE, BACK, THERE)
    with writing(engine) as connection:  # its reverse is another mapping
        assert insert(connection, category_equivalences, mappings(THERE, BACK)) == 2
    with writing(engine) as connection, pytest.raises(DBAPIError, match="(?i)unique"):
        insert(connection, category_equivalences, mappings(THERE))


def test_those_that_somebody_wrote_by_hand_come_through_an_upgrade_and_a_restore(
    engine: Engine,
    url: str,
    mappings: Callable[..., pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    with writing(engine) as connection:
        insert(connection, category_equivalences, mappings(ITSELF, THERE, BACK))
    engine.dispose()
    columns = ", ".join(f"{name} TEXT" for name in KEY)
    execute(url, f"CREATE TABLE by_hand ({columns}, relation TEXT)")  # no key: the same row may stand there twice
    sign = "?" if url.startswith("sqlite") else "%s"
    with connected(url) as connection:
        for key in (ITSELF, THERE, THERE, BACK):
            connection.execute(f"INSERT INTO by_hand VALUES ({', '.join([sign] * 5)})", (*key, "exact"))
    before = all_mappings(url, "relation")

    revisions = MadeUpRevisions(tmp_path / "versions", monkeypatch)
    revisions.add(
        'op.alter_column("category_equivalences", "relation", new_column_name="said")\n'
        'op.alter_column("by_hand", "relation", new_column_name="said")',
        f"RENAMES = { {f'{table}.relation': f'{table}.said' for table in ('category_equivalences', 'by_hand')} }",
    )
    control = sqlite_url(tmp_path / "control.db")
    place = LocalPlace(tmp_path / "archives")
    upgraded = upgrade.upgrade(open_control(control), "ana", {"warehouse": url, "control": control}, place)
    assert all_mappings(url, "said") == before

    copy = url_of_another_database(url, tmp_path, request)
    restore(tmp_path / "archives" / str(upgraded.archive), {"warehouse": copy})
    assert all_mappings(copy, "relation") == before


def all_mappings(url: str, relation: str) -> list[list[tuple[object, ...]]]:
    """Every row of both tables, with its relation."""
    columns = ", ".join((*KEY, relation))
    return [sorted(select(url, f"SELECT {columns} FROM {table}")) for table in ("category_equivalences", "by_hand")]
