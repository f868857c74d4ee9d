"""Digests of what is staged, and which outputs of the last published run may be taken; files only, no Dagster."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from subs_assets import made_from
from subs_assets.made_from import PUBLISHED, Outputs, column_digests, key_of, last_published

PRODUCTS = ("products",)
MATRICES = (made_from.MATRICES,)
COMPANY = ("catalogue", "aldi")
KEY = key_of(PRODUCTS, {"inputs": 1})

FRAME = pd.DataFrame({"text": ["b", None, "a"], "number": [1.5, np.nan, 3.0], "whole": pd.array([1, None, 3], "Int64")})


def stored(folder: Path, frame: pd.DataFrame, name: str = "some.parquet") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / name)
    return folder / name


def test_equal_columns_have_equal_digests_whatever_stands_beside_them(tmp_path: Path) -> None:
    first = column_digests(stored(tmp_path, FRAME))
    again = column_digests(stored(tmp_path, FRAME.copy(), "again.parquet"))
    dearer = column_digests(stored(tmp_path, FRAME.assign(number=[1.5, np.nan, 3.01]), "dearer.parquet"))
    assert first == again and set(first) == set(FRAME)
    assert {name for name in first if first[name] != dearer[name]} == {"number"}


@pytest.mark.parametrize(
    "other",
    [
        FRAME.iloc[::-1],
        FRAME.iloc[:2],
        FRAME.assign(text=["b", "", "a"], number=[1.5, 0.0, 3.0], whole=pd.array([1, 0, 3], "Int64")),
        pd.concat([FRAME] * 2),
    ],
    ids=["another order", "a row less", "empty and 0 for missing", "twice"],
)
def test_another_content_has_another_digest(tmp_path: Path, other: pd.DataFrame) -> None:
    first, second = column_digests(stored(tmp_path, FRAME)), column_digests(stored(tmp_path, other, "other.parquet"))
    assert all(first[name] != second[name] for name in FRAME)


def test_every_row_group_counts(tmp_path: Path) -> None:
    table = pa.table({"text": [f"{number}" for number in range(1000)]})
    changed = pa.table({"text": [*(f"{number}" for number in range(999)), "last"]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=100)
    pq.write_table(changed, tmp_path / "b.parquet", row_group_size=100)
    assert column_digests(tmp_path / "a.parquet") != column_digests(tmp_path / "b.parquet")


@pytest.fixture
def night(tmp_path: Path) -> Outputs:
    """The run "tonight", after "last", which was published and made a table, a company's part and matrices from KEY."""
    last = outputs(tmp_path, "last")
    stored(tmp_path / "staging" / "last", FRAME, "products.parquet")
    for table in ("listings", "catalogue_files"):
        stored(tmp_path / "staging" / "last" / "part-aldi", FRAME, f"{table}.parquet")
    (tmp_path / "matrices" / "last").mkdir(parents=True)
    np.save(tmp_path / "matrices" / "last" / "vectors.npy", np.ones((2, 3), np.float32))
    for asset in (PRODUCTS, COMPANY, MATRICES):
        last.note(asset, KEY, "said")
    last.publish()
    return outputs(tmp_path, "tonight")


def outputs(folder: Path, run_id: str) -> Outputs:
    return Outputs(folder / "staging", folder / "matrices", run_id)


@pytest.mark.parametrize("asset", [PRODUCTS, COMPANY, MATRICES])
def test_what_was_made_from_the_same_is_taken_file_for_file(tmp_path: Path, night: Outputs, asset: tuple[str]) -> None:
    made = night.unchanged(asset, KEY)
    assert made is not None and made.run_id == "last" and night.made(asset) is None
    night.take(asset, made)
    taken = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if "tonight" in file.parts}
    assert {Path(str(file).replace("tonight", "last")) for file in taken if file.suffix} <= {
        file.relative_to(tmp_path) for file in tmp_path.rglob("*")
    }
    assert night.made(asset) == made
    night.publish()
    next_night = outputs(tmp_path, "next")
    assert next_night.last_run_id == "tonight" and next_night.unchanged(asset, KEY) == made


def test_of_a_run_that_is_done_again_nothing_is_taken_until_it_is_published(tmp_path: Path, night: Outputs) -> None:
    assert night.unchanged(PRODUCTS, KEY)
    outputs(tmp_path, "last").withdraw()
    assert outputs(tmp_path, "tonight").last_run_id is None
    outputs(tmp_path, "last").publish()
    assert outputs(tmp_path, "tonight").unchanged(PRODUCTS, KEY)


def test_a_program_that_was_another_for_a_while_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made_from.is_program_as_loaded()
    touched = {file: when + 1 for file, when in made_from._written().items()}
    monkeypatch.setattr(made_from, "_written", lambda: touched)
    assert not made_from.is_program_as_loaded()


def test_another_key_takes_nothing(night: Outputs) -> None:
    assert night.unchanged(PRODUCTS, key_of(PRODUCTS, {"inputs": 2})) is None
    assert night.unchanged(("categories",), KEY) is None


def test_a_file_that_was_taken_is_not_changed_by_whoever_stages_anew(tmp_path: Path, night: Outputs) -> None:
    night.take(PRODUCTS, night.unchanged(PRODUCTS, KEY))
    night.take(PRODUCTS, night.unchanged(PRODUCTS, KEY))  # a step that is done again
    unfinished = stored(tmp_path, FRAME.iloc[:1], "new.parquet")
    unfinished.replace(tmp_path / "staging" / "tonight" / "products.parquet")
    assert night.rows(PRODUCTS) == 1
    assert pq.read_metadata(tmp_path / "staging" / "last" / "products.parquet").num_rows == len(FRAME)
    assert not list(tmp_path.rglob("*.unfinished"))


def test_where_files_have_no_second_name_they_are_copied(
    tmp_path: Path, night: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("not on this disk")))
    night.take(MATRICES, night.unchanged(MATRICES, KEY))
    copy, original = (tmp_path / "matrices" / run / "vectors.npy" for run in ("tonight", "last"))
    assert copy.read_bytes() == original.read_bytes() and not copy.samefile(original)


@pytest.mark.parametrize("damage", ["changed", "its end changed", "cut", "gone", "another beside it"])
@pytest.mark.parametrize(
    "asset, file",
    [
        (PRODUCTS, "staging/last/products.parquet"),
        (COMPANY, "staging/last/part-aldi/listings.parquet"),
        (MATRICES, "matrices/last/vectors.npy"),
    ],
)
def test_a_file_that_is_not_what_was_written_is_not_taken(
    tmp_path: Path, night: Outputs, asset: tuple[str], file: str, damage: str
) -> None:
    path = tmp_path / file
    if damage == "changed":
        content = path.read_bytes()
        path.write_bytes(content[:10] + bytes([content[10] ^ 1]) + content[11:])
    elif damage == "its end changed":
        content = path.read_bytes()
        path.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif damage == "gone":
        path.unlink()
    elif asset != PRODUCTS:  # a table is one file
        stored(path.parent, FRAME, "set_aside_rows.parquet")
    assert (night.unchanged(asset, KEY) is None) == (damage != "another beside it" or asset != PRODUCTS)


@pytest.mark.parametrize("spoilt", ["", "{}", "[]", '{"key": 1', '{"what": "else"}'])
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, night: Outputs, spoilt: str) -> None:
    (note,) = (tmp_path / "staging" / "last" / "made_from").glob("*products*")
    assert json.loads(note.read_text(encoding="utf-8"))["key"] == KEY
    note.write_text(spoilt, encoding="utf-8")
    assert night.unchanged(PRODUCTS, KEY) is None


def test_what_is_about_to_be_staged_anew_is_not_known(night: Outputs) -> None:
    night.take(PRODUCTS, night.unchanged(PRODUCTS, KEY))
    night.forget(PRODUCTS)
    night.forget(PRODUCTS)
    assert night.made(PRODUCTS) is None


def test_nothing_is_taken_of_a_run_that_was_not_published(tmp_path: Path, night: Outputs) -> None:
    (tmp_path / "staging" / "last" / PUBLISHED).unlink()
    assert outputs(tmp_path, "tonight").unchanged(PRODUCTS, KEY) is None
    assert last_published(tmp_path / "nowhere", "tonight") is None


def test_a_run_takes_nothing_of_itself_and_of_two_the_later(tmp_path: Path, night: Outputs) -> None:
    assert last_published(tmp_path / "staging", "last") is None
    later = tmp_path / "staging" / "later"
    later.mkdir()
    (later / PUBLISHED).touch()
    os.utime(later / PUBLISHED, (time.time() + 5,) * 2)
    assert last_published(tmp_path / "staging", "tonight") == "later"


def test_the_key_is_of_the_output_of_what_it_is_made_from_and_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        KEY,
        key_of(("product_listings",), {"inputs": 1}),
        key_of(PRODUCTS, {"inputs": {"listings": {"sku": "1"}}}),
        key_of(PRODUCTS, {"inputs": {"listings": {"name": "1"}}}),
    }
    monkeypatch.setattr(made_from, "program", lambda: "another")
    assert len({*keys, key_of(PRODUCTS, {"inputs": 1})}) == 5


def test_the_program_is_every_file_of_the_package_and_whatever_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "subs_assets"
    (package / "catalogue").mkdir(parents=True)
    module, words = package / "made_from.py", package / "catalogue" / "words.csv"
    for file in (module, words):
        file.write_text("1", encoding="utf-8")
    monkeypatch.setattr(made_from, "PACKAGE", package)
    monkeypatch.setattr("sys.path", [str(tmp_path / "site")])
    read = made_from.program.__wrapped__
    first = read()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "words.cpython-311.pyc.140123").write_text("compiled", encoding="utf-8")
    (tmp_path / "site" / "subs_assets-0.2.dist-info").mkdir(parents=True)
    assert read() == first, "what Python writes itself and the version of this package decide nothing"
    words.write_text("2", encoding="utf-8")
    second = read()
    (tmp_path / "site" / "numpy-2.9.dist-info").mkdir()
    assert len({first, second, read()}) == 3


def test_where_the_program_was_changed_while_it_went_on_nothing_is_taken_later(
    tmp_path: Path, night: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "staging" / "tonight").mkdir()
    monkeypatch.setattr(made_from.program, "__wrapped__", lambda: "another")
    night.publish()
    assert last_published(tmp_path / "staging", "next") == "last"
