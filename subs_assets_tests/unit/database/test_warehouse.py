import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

import subs_assets
from subs_assets.database.engine import open_engine
from subs_assets.database.frames import empty, read
from subs_assets.database.tables import listings, products, substitution_rates
from subs_assets.database.warehouse import Warehouse

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
        {"sku": "3", "name": "ä\x00🥝", "price": 0.1, "available": True, "pack_count": 2**53 + 1},
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


def test_when_the_last_insert_fails_nothing_is_published(
    warehouse: Warehouse, stage_version: Callable[..., None]
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    with warehouse.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON substitution_rates WHEN new.company_slug = 'c049' "
                "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        )
    stage_version(warehouse, "second", 2)
    with pytest.raises(DBAPIError, match="the disk is full"):
        warehouse.publish("second")
    assert published_versions(warehouse.engine) == {1}


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


KILLED_WHILE_PUBLISHING = """
import sys, time
from pathlib import Path
from sqlalchemy import event
from subs_assets.database.engine import open_engine
from subs_assets.database.warehouse import Warehouse

url, staging, moment = sys.argv[1:]
engine = open_engine(url)

def stop_here():
    print("here", flush=True)
    time.sleep(60)

if moment == "commit":
    event.listen(engine, "commit", lambda connection: stop_here())
else:
    event.listen(
        engine,
        "after_cursor_execute",
        lambda connection, cursor, statement, *rest: stop_here() if statement.startswith(moment) else None,
    )
Warehouse(engine, Path(staging)).publish("second")
"""


@pytest.mark.parametrize("moment", ["DELETE FROM substitution_rates", "INSERT INTO substitution_rates", "commit"])
def test_a_process_that_is_killed_while_it_publishes_leaves_the_old_state(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None], moment: str
) -> None:
    stage_version(warehouse, "first", 1)
    warehouse.publish("first")
    stage_version(warehouse, "second", 2, count=20_000)  # more than SQLite's cache: pages are in the log when it dies
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_WHILE_PUBLISHING, url, str(warehouse.staging), moment],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(subs_assets.__file__).parents[1])},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"here"
        assert published_versions(warehouse.engine) == {1}, "a reader is not disturbed meanwhile"
        child.kill()
    assert published_versions(warehouse.engine) == {1}
    with warehouse.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    assert warehouse.publish("second") == {"products": 20_000, "substitution_rates": 20_000}
    assert published_versions(warehouse.engine) == {2}


def test_a_reader_sees_the_old_state_or_the_new_one(
    warehouse: Warehouse, url: str, stage_version: Callable[..., None]
) -> None:
    for version in (1, 2):
        stage_version(warehouse, f"run{version}", version)
    warehouse.publish("run1")
    finished = threading.Event()
    seen: list[set[int]] = []

    def look() -> None:
        reader = open_engine(url)
        while not finished.is_set():
            seen.append(published_versions(reader))
        reader.dispose()

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(60):
        warehouse.publish(f"run{number % 2 + 1}")
    finished.set()
    thread.join()
    assert {frozenset(versions) for versions in seen} == {frozenset({1}), frozenset({2})}


def test_sweep_deletes_other_runs_staging_only(warehouse: Warehouse, stage_version: Callable[..., None]) -> None:
    assert warehouse.sweep(keep=()) == [], "there is no staging folder yet"
    for run_id in ("old", "older", "new"):
        stage_version(warehouse, run_id, 1)
    (warehouse.staging / "README.txt").write_text("not ours", encoding="utf-8")
    assert warehouse.sweep(keep={"new"}) == ["old", "older"]
    assert sorted(file.name for file in warehouse.staging.iterdir()) == ["README.txt", "new"]
    assert warehouse.staged("new") == ["products", "substitution_rates"]


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


@pytest.mark.parametrize("name", ["CON", "nul.txt"])
def test_a_device_of_windows_is_no_run_id_but_may_be_a_company(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(ValueError, match=r"run id .* cannot be a folder's name"):
        warehouse.stage(name, "products", empty(products))
    assert warehouse.stage("run", "products", empty(products), part=name).parent.name == f"part-{name}"


@pytest.mark.parametrize(
    "name", ["0f3c5e0e-9a2b-4a52-8f0e-0d8f8a0b7c11", "2026-11-23T22.00", "_x", "x" * 100, "console"]
)
def test_run_ids_that_will_do(warehouse: Warehouse, name: str) -> None:
    warehouse.stage(name, "products", empty(products))
    assert warehouse.staged(name) == ["products"]


def test_an_unknown_table_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(LookupError, match="the warehouse has no table 'product'; it has catalogue_files,"):
        warehouse.read("product")
