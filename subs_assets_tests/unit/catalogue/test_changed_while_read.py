"""Files that are delivered while they are read: by a process that stands still before it opens one."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from subs_assets.catalogue.company import read_company
from subs_assets.catalogue.source import Source
from subs_assets_tests.halting import HaltFolder, HaltingProcess, Point, preload
from subs_assets_tests.unit.catalogue.conftest import WriteCompany, json_lines, product

preload("subs_assets.catalogue.listing", "subs_assets.catalogue.company", "pytest")

OLD = json_lines(*(product(f"old{number}") for number in range(3)))
NEW = json_lines(*(product(f"new{number}") for number in range(3)))


BEFORE_ITS_ROWS, BEFORE_IT_IS_COMPARED, AND_ONCE_MORE = 2, 3, 6
"""Of the times that a file is opened: each reading hashes it, reads its rows, and hashes it again."""


def read_and_write(source: Source, to: Path) -> None:
    reading = read_company(source)
    (file,) = reading.catalogue_files.to_dict("records")
    to.write_text(
        json.dumps([sorted(reading.listings["sku"]), file["sha256"], reading.problem or ""]), encoding="utf-8"
    )


def renamed_over(file: Path) -> None:
    file.with_name("unfinished").write_bytes(NEW)
    file.with_name("unfinished").replace(file)


def written_in_place(file: Path) -> None:
    file.write_bytes(NEW)


def truncated(file: Path) -> None:
    os.truncate(file, len(OLD) * 2 // 3)


def appended(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(NEW)


@pytest.mark.parametrize(
    "change, moments, skus, problem",
    [
        (renamed_over, (BEFORE_ITS_ROWS,), ["new0", "new1", "new2"], ""),
        (written_in_place, (BEFORE_IT_IS_COMPARED,), ["new0", "new1", "new2"], ""),
        (truncated, (BEFORE_IT_IS_COMPARED,), ["old0", "old1"], ""),
        (appended, (BEFORE_ITS_ROWS,), ["new0", "new1", "new2", "old0", "old1", "old2"], ""),
        (Path.unlink, (BEFORE_IT_IS_COMPARED,), [], "no file has this name"),
        (appended, (BEFORE_IT_IS_COMPARED, AND_ONCE_MORE), [], "was changed while it was read, and again"),
    ],
)
def test_what_is_read_is_of_one_version(
    write_company: WriteCompany,
    tmp_path: Path,
    change: Callable[[Path], None],
    moments: tuple[int, ...],
    skus: list[str],
    problem: str,
) -> None:
    """It is read once more; what is still being written then is not used."""
    source = write_company({"a.jsonl": OLD})
    file, result = source.folder / "a.jsonl", tmp_path / "read.json"
    process = HaltingProcess(read_and_write, (source, result), os.environ, HaltFolder(tmp_path / "halt"))
    process.start(Point("open", file.name, moments))
    for _ in moments:
        process.wait_until_halted()
        change(file)
        process.halt.go_on()
    assert process.end() == 0, process.said()
    found, sha256, said = json.loads(result.read_text(encoding="utf-8"))
    assert found == skus
    assert problem in said and bool(problem) == bool(said)
    assert problem or sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
