import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

import subs_assets
from subs_assets.database import frames
from subs_assets.database.advisory_lock import RunLockLost
from subs_assets.database.engine import sqlite_file
from subs_assets.database.frames import empty, read, refresh_statistics
from subs_assets.database.lock import run_lock
from subs_assets.database.tables import listings, products, substitution_rates
from subs_assets.database.warehouse import Warehouse
from subs_assets_tests import plain_sql
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.lossy_proxy import LossyProxy
from subs_assets_tests.unit.database.conftest import on_postgresql, on_sqlite

RowsOf = Callable[..., pd.DataFrame]


@pytest.fixture
def warehouse(engine: Engine, tmp_path: Path) -> Warehouse:
    return Warehouse(engine, tmp_path / "staging")


@pytest.fixture
def stage_version(rows_of: RowsOf) -> Callable[..., None]:
    """Stage two tables under a run whose every row says the version."""

    def stage(warehouse: Warehouse, run_id: str, version: int, count: int = 50) -> None:
        several = [{"product_id": f"{n:03}", "name": str(version), "listing_count": version} for n in range(count)]
        warehouse.stage(run_id, "products", rows_of(products, *several))
        rates = [{"company_slug": f"c{n:03}", "products": version} for n in range(count)]
        warehouse.stage(run_id, "substitution_rates", rows_of(substitution_rates, *rates))

    return stage


def published_versions(engine: Engine) -> set[int]:
    """The versions that the rows of both tables say, read in one transaction."""
    with engine.connect() as connection:
        first = read(connection, products)
        second = read(connection, substitution_rates)
    assert len(first) == len(second)
    return {*first["listing_count"].tolist(), *first["name"].astype(int).tolist(), *second["products"].tolist()}


def test_what_is_staged_is_read_back_exactly(
    warehouse: Warehouse, rows_of: RowsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subs_assets.database.frames.ROWS_PER_BATCH", 2)
    rows = [
        {"sku": "3", "name": "ä\t🥝", "price": 0.1, "available": True, "pack_count": 2**53 + 1},
        {"sku": "1", "name": "", "brand": "", "available": False},
        {"sku": "2", "price": float("inf")},
    ]
    frame = rows_of(listings, *rows)
    shuffled = frame.sample(frac=1, random_state=1)
    file = warehouse.stage("run", "listings", shuffled)
    assert_frame_equal(warehouse.read("listings", "run"), frame, check_exact=True)
    assert file == warehouse.staging / "run" / "listings.parquet"
    assert list(file.parent.iterdir()) == [file], "no unfinished file is left"
    assert_frame_equal(warehouse.read("listings"), empty(listings))
    warehouse.publish("run")
    assert_frame_equal(warehouse.read("listings"), frame, check_exact=True)
    changed = warehouse.read("listings", "run")
    changed.loc[0, "price"] = 7.0  # who reads may write to the frame
    changed["price"] *= 2


def test_an_empty_frame_is_a_frame_too(warehouse: Warehouse, stage_version: Callable[..., None]) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    warehouse.stage("second", "products", empty(products))
    assert_frame_equal(warehouse.read("products", "second"), empty(products))
    assert warehouse.publish("second") == {"products": 0}
    assert_frame_equal(warehouse.read("products"), empty(products))


def test_staging_again_replaces_and_a_wrong_frame_changes_nothing(warehouse: Warehouse, rows_of: RowsOf) -> None:
    warehouse.stage("run", "listings", rows_of(listings, {"sku": "1"}))
    later = rows_of(listings, {"sku": "2"})
    warehouse.stage("run", "listings", later)
    with pytest.raises(ValueError, match=r"listings has 1 rows whose key"):
        warehouse.stage("run", "listings", pd.concat([later, later]))
    assert_frame_equal(warehouse.read("listings", "run"), later)


@on_sqlite
def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(warehouse: Warehouse) -> None:
    in_the_way = warehouse.staging / "run" / "products.parquet"
    in_the_way.mkdir(parents=True)
    with pytest.raises(OSError):
        warehouse.stage("run", "products", empty(products))
    assert list(in_the_way.parent.iterdir()) == [in_the_way]


def test_a_run_sees_its_part_then_its_table_then_what_is_published(warehouse: Warehouse, rows_of: RowsOf) -> None:
    def of(company_slug: str, sku: str) -> pd.DataFrame:
        return rows_of(listings, {"company_slug": company_slug, "sku": sku})

    warehouse.stage("old", "listings", pd.concat([of("aldi", "old"), of("iga", "old")]))
    warehouse.publish("old")
    assert_frame_equal(warehouse.read("listings", "new", "aldi"), of("aldi", "old"))
    assert_frame_equal(
        warehouse.read("listings", "new"), pd.concat([of("aldi", "old"), of("iga", "old")], ignore_index=True)
    )

    warehouse.stage("new", "listings", pd.concat([of("aldi", "whole"), of("iga", "whole")]))
    assert_frame_equal(warehouse.read("listings", "new", "iga"), of("iga", "whole"))
    assert_frame_equal(warehouse.read("listings", "other", "iga"), of("iga", "old"))

    warehouse.stage("new", "listings", of("aldi", "part"), part="aldi")
    assert_frame_equal(warehouse.read("listings", "new", "aldi"), of("aldi", "part"))
    assert_frame_equal(warehouse.read("listings", None, "aldi"), of("aldi", "old"))
    assert warehouse.read("listings", "new")["sku"].tolist() == ["whole", "whole"]
    assert warehouse.read("listings", "new", "nowhere").empty


@on_sqlite
def test_parts_are_not_published(warehouse: Warehouse, rows_of: RowsOf) -> None:
    warehouse.stage("run", "listings", rows_of(listings, {}), part="aldi")
    assert warehouse.staged("run") == []
    assert warehouse.publish("run") == {}
    assert warehouse.read("listings").empty


def test_publish_swaps_what_is_staged_and_nothing_else(
    warehouse: Warehouse, stage_version: Callable[..., None]
) -> None:
    stage_version(warehouse, "first", 1)
    assert warehouse.staged("first") == ["products", "substitution_rates"]
    assert warehouse.publish("first") == {"products": 50, "substitution_rates": 50}
    (warehouse.staging / "first" / "products.parquet").unlink()
    stage_version(warehouse, "second", 2, count=3)
    (warehouse.staging / "second" / "products.parquet").unlink()
    assert warehouse.publish("second") == {"substitution_rates": 3}
    assert set(warehouse.read("products")["name"]) == {"1"}
    assert warehouse.read("substitution_rates")["products"].tolist() == [2, 2, 2]


NOT_TO_BE_WRITTEN = {
    "sqlite": ("CREATE TRIGGER no BEFORE DELETE ON products BEGIN SELECT RAISE(ABORT, 'written'); END",),
    "postgresql": (
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'written'; END $$",
        "CREATE TRIGGER no BEFORE DELETE ON products FOR EACH ROW EXECUTE FUNCTION no()",
    ),
}


def test_what_is_published_already_is_not_written_again(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None]
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    plain_sql.execute(url, *NOT_TO_BE_WRITTEN[warehouse.engine.dialect.name])
    stage_version(warehouse, "second", 1)
    assert warehouse.publish("second") == {"products": 50, "substitution_rates": 50}
    stage_version(warehouse, "third", 3)
    with pytest.raises(DBAPIError, match="written"):
        warehouse.publish("third")
    assert published_versions(warehouse.engine) == {1}
    assert warehouse.publish("second") == {"products": 50, "substitution_rates": 50}


@pytest.mark.parametrize(
    "spoil",
    [
        ("DELETE FROM products WHERE product_id = (SELECT max(product_id) FROM products)",),
        ("INSERT INTO products (product_id, name, core_name, approximate, listing_count, company_count) "
         "VALUES ('added', 'x', 'x', {false}, 1, 1)",),
        ("DELETE FROM products", "DELETE FROM substitution_rates", "DELETE FROM published_tables"),
        ("UPDATE products SET name = 'x'", "DELETE FROM published_tables"),
    ],
    ids=["a row deleted", "a row added", "wiped", "what is published forgotten"],
)  # fmt: skip
def test_what_somebody_has_changed_is_written_again(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None], spoil: tuple[str, ...]
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    before = warehouse.read("products")
    false = {"sqlite": "0", "postgresql": "false"}[warehouse.engine.dialect.name]
    plain_sql.execute(url, *(statement.format(false=false) for statement in spoil))
    stage_version(warehouse, "second", 1)
    warehouse.publish("second")
    pd.testing.assert_frame_equal(warehouse.read("products"), before)
    assert published_versions(warehouse.engine) == {1}


def test_another_program_writes_everything_again(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have changed the rows in a migration."""
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    plain_sql.execute(url, "UPDATE products SET name = 'as migrated'")
    monkeypatch.setattr("subs_assets.database.warehouse.program", lambda: "another")
    stage_version(warehouse, "second", 1)
    warehouse.publish("second")
    assert published_versions(warehouse.engine) == {1}


FULL = {
    "sqlite": (
        "CREATE TRIGGER full_up BEFORE INSERT ON substitution_rates WHEN new.company_slug = 'c049' "
        "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION full_up() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$",
        "CREATE TRIGGER full_up BEFORE INSERT ON substitution_rates FOR EACH ROW WHEN (new.company_slug = 'c049') "
        "EXECUTE FUNCTION full_up()",
    ),
}


def test_when_the_last_insert_fails_nothing_is_published(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None]
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    plain_sql.execute(url, *FULL[warehouse.engine.dialect.name])
    schema = plain_sql.schema(url)
    stage_version(warehouse, "second", 2)
    with pytest.raises(DBAPIError, match="the disk is full"):
        warehouse.publish("second")
    assert published_versions(warehouse.engine) == {1}
    assert plain_sql.schema(url) == schema


def test_a_publication_leaves_every_index_as_it_was(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None]
) -> None:
    plain_sql.execute(url, "CREATE UNIQUE INDEX somebodys ON products (product_id, name)")
    schema = plain_sql.schema(url)
    for run_id, version in (("first", 1), ("second", 2)):
        stage_version(warehouse, run_id, version)
        warehouse.publish(run_id)
        assert plain_sql.schema(url) == schema


@pytest.mark.parametrize("name", ["substitution_rates", "unknown_table"])
def test_a_staged_file_of_another_shape_publishes_nothing(
    warehouse: Warehouse, stage_version: Callable[..., None], name: str
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    stage_version(warehouse, "second", 2)
    pq.write_table(pa.table({"company_slug": ["x"]}), warehouse.staging / "second" / f"{name}.parquet")
    with pytest.raises(ValueError, match=name):
        warehouse.publish("second")
    assert published_versions(warehouse.engine) == {1}


@on_postgresql
def test_text_that_postgresql_does_not_keep_publishes_nothing(
    warehouse: Warehouse, stage_version: Callable[..., None], rows_of: RowsOf
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    stage_version(warehouse, "second", 2)
    warehouse.stage("second", "listings", rows_of(listings, {"sku": "7", "name": "a\0b"}))
    with pytest.raises(ValueError, match=r"listings.name has a NUL character, .* company_slug='x', sku='7'"):
        warehouse.publish("second")
    assert published_versions(warehouse.engine) == {1}


@on_postgresql
def test_the_planner_knows_what_was_published(warehouse: Warehouse, url: str, rows_of: RowsOf) -> None:
    warehouse.stage("run", "products", rows_of(products, *({"product_id": f"{n:04}"} for n in range(1000))))
    warehouse.publish("run")
    assert plain_sql.select(url, "SELECT reltuples FROM pg_class WHERE relname = 'products'") == [(1000,)]


@on_postgresql
def test_who_has_lost_the_lock_publishes_nothing(
    warehouse: Warehouse, url: str, tmp_path: Path, stage_version: Callable[..., None]
) -> None:
    stage_version(warehouse, "first", 1)
    stage_version(warehouse, "second", 2)
    with run_lock(tmp_path, url, "me") as lock:
        warehouse.publish("first", lock)
        plain_sql.execute(
            url, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'me, %'"
        )
        with pytest.raises(RunLockLost, match="the publication was not finished"):
            warehouse.publish("second", lock)
    assert published_versions(warehouse.engine) == {1}


@on_postgresql
def test_a_commit_without_an_answer_is_not_called_undone(
    warehouse: Warehouse,
    url: str,
    tmp_path: Path,
    stage_version: Callable[..., None],
    postgres_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage_version(warehouse, "first", 1)
    with LossyProxy(postgres_server.port) as proxy:
        proxy.lost = 1  # not before the last statement of the publication
        through = url.replace(f":{postgres_server.port}/", f":{proxy.port}/")

        def refresh_and_lose_the_next_commit(*arguments: object) -> None:
            refresh_statistics(*arguments)
            proxy.lost = 0

        monkeypatch.setattr(frames, "refresh_statistics", refresh_and_lose_the_next_commit)
        with run_lock(tmp_path, through, "me") as lock, pytest.raises(RunLockLost, match="is published is not known"):
            warehouse.publish("first", lock)
    assert published_versions(warehouse.engine) == {1}


@on_postgresql
def test_statistics_are_not_waited_for(warehouse: Warehouse, url: str, stage_version: Callable[..., None]) -> None:
    stage_version(warehouse, "first", 1)
    with plain_sql.connected(url) as vacuuming:
        vacuuming.execute("LOCK TABLE products IN SHARE UPDATE EXCLUSIVE MODE")
        warehouse.publish("first")
    assert published_versions(warehouse.engine) == {1}


KILLED_WHILE_PUBLISHING = """
import sys, time
from pathlib import Path
from sqlalchemy import event
from subs_assets.database import frames
from subs_assets.database.engine import open_engine
from subs_assets.database.lock import run_lock
from subs_assets.database.warehouse import Warehouse

url, staging, moment = sys.argv[1:]
engine = open_engine(url)

def stop_here():
    print("here", flush=True)
    time.sleep(60)

def insert_and_stop(connection, table, batch, insert=frames.insert):
    count = insert(connection, table, batch)
    if table.name == "substitution_rates":
        stop_here()
    return count

with run_lock(Path(staging).parent, url, "to be killed") as lock:
    on = engine if lock is None else lock.engine
    if moment == "insert":
        frames.insert = insert_and_stop
    elif moment == "commit":
        event.listen(on, "commit", lambda connection: stop_here())
    else:
        event.listen(
            on,
            "after_cursor_execute",
            lambda connection, cursor, statement, *rest: stop_here() if statement.startswith(moment) else None,
        )
    Warehouse(engine, Path(staging)).publish("second", lock)
"""


@pytest.mark.parametrize("moment", ["DELETE FROM substitution_rates", "insert", "commit"])
def test_a_process_that_is_killed_while_it_publishes_leaves_the_old_state_and_no_lock(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None], moment: str
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    stage_version(warehouse, "second", 2, count=20_000)  # more than SQLite's cache: pages are in the log when it dies
    with started(KILLED_WHILE_PUBLISHING, url, warehouse.staging, moment) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"here"
        assert published_versions(warehouse.engine) == {1}, "a reader is not disturbed meanwhile"
        child.kill()
    assert published_versions(warehouse.engine) == {1}
    if warehouse.engine.dialect.name == "sqlite":
        assert plain_sql.select(url, "PRAGMA integrity_check") == [("ok",)]
    with run_lock(warehouse.staging.parent, url, "next", wait_seconds=30) as lock:
        assert warehouse.publish("second", lock) == {"products": 20_000, "substitution_rates": 20_000}
    assert published_versions(warehouse.engine) == {2}


PUBLISHES_AGAIN_AND_AGAIN = """
import sys
from pathlib import Path
from subs_assets.database.engine import open_engine
from subs_assets.database.warehouse import Warehouse

warehouse = Warehouse(open_engine(sys.argv[1]), Path(sys.argv[2]))
for number in range(60):
    warehouse.publish(f"run{number % 2 + 1}")
"""


def test_a_reader_sees_the_old_state_or_the_new_one(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None]
) -> None:
    for version in (1, 2):
        stage_version(warehouse, f"run{version}", version)
    warehouse.publish("run1")
    seen: list[set[int]] = []
    with started(PUBLISHES_AGAIN_AND_AGAIN, url, warehouse.staging) as child:
        while child.poll() is None:
            seen.append(published_versions(warehouse.engine))
    assert child.returncode == 0
    assert {frozenset(versions) for versions in seen} == {frozenset({1}), frozenset({2})}


@on_sqlite
def test_a_reader_at_work_does_not_leave_the_night_in_the_log(
    warehouse: Warehouse, engine: Engine, stage_version: Callable[..., None]
) -> None:
    file = sqlite_file(engine.url)
    assert file is not None
    stage_version(warehouse, "run-1", 1)
    with ThreadPoolExecutor(1) as publisher, closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM listings").fetchone()
        published = publisher.submit(warehouse.publish, "run-1")
        while not published_versions(engine) and not published.done():
            pass
        reader.rollback()
        published.result()
    with engine.connect() as connection:  # the last to close would empty it too
        connection.execute(select(products.c.product_id)).first()
        assert file.with_name(f"{file.name}-wal").stat().st_size == 0


def started(program: str, *arguments: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(subs_assets.__file__).parents[1])},
    )


@on_sqlite
def test_sweep_deletes_other_runs_staging_only(warehouse: Warehouse, stage_version: Callable[..., None]) -> None:
    assert warehouse.sweep(keep=()) == [], "there is no staging folder yet"
    for run_id in ("old", "older", "new"):
        stage_version(warehouse, run_id, 1)
    (warehouse.staging / "README.txt").write_text("not ours", encoding="utf-8")
    assert warehouse.sweep(keep={"new"}) == ["old", "older"]
    assert sorted(file.name for file in warehouse.staging.iterdir()) == ["README.txt", "new"]
    assert warehouse.staged("new") == ["products", "substitution_rates"]


@on_sqlite
@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "/x", "C:x", "x.", ".x", "a b", "ü", "x\n", "x" * 101],
)
def test_a_run_id_or_part_that_cannot_be_a_folder_is_refused(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(ValueError, match=r"run id .* cannot be a folder's name"):
        warehouse.stage(name, "products", empty(products))
    with pytest.raises(ValueError, match=r"part .* cannot be a folder's name"):
        warehouse.stage("run", "products", empty(products), part=name)
    with pytest.raises(ValueError, match="cannot be a folder's name"):
        warehouse.publish(name)
    assert not warehouse.staging.exists()


@on_sqlite
@pytest.mark.parametrize("name", ["CON", "nul.txt"])
def test_a_device_of_windows_is_no_run_id_but_may_be_a_company(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(ValueError, match=r"run id .* cannot be a folder's name"):
        warehouse.stage(name, "products", empty(products))
    assert warehouse.stage("run", "products", empty(products), part=name).parent.name == f"part-{name}"


@on_sqlite
@pytest.mark.parametrize(
    "name", ["0f3c5e0e-9a2b-4a52-8f0e-0d8f8a0b7c11", "2026-11-23T22.00", "_x", "x" * 100, "console"]
)
def test_run_ids_that_will_do(warehouse: Warehouse, name: str) -> None:
    warehouse.stage(name, "products", empty(products))
    assert warehouse.staged(name) == ["products"]


@on_sqlite
def test_an_unknown_table_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(LookupError, match="the warehouse has no table 'product'; it has catalogue_files,"):
        warehouse.read("product")
