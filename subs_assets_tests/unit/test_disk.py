import errno
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from subs_assets.disk import DiskFull, fullest, naming_full_disk

FULL = Path("/dev/full")


def write(file: Path, where: Path) -> None:
    with naming_full_disk(where):
        file.write_bytes(b"a")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_named_by_the_folder() -> None:
    with pytest.raises(DiskFull, match=r"^the disk of /dev is full \([\d,]+ bytes are left\): make room there"):
        write(FULL, FULL.parent)


@naming_full_disk("postgresql://host/name")
def insert_too_much(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    except sqlite3.OperationalError as error:
        raise OperationalError("INSERT", {}, error) from error


def test_a_full_database_is_named(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "small.db")
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("CREATE TABLE t (content)")
    with pytest.raises(DiskFull, match="^the disk of postgresql://host/name is full: make room there"):
        insert_too_much(connection)


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "gone"), ValueError("other")])
def test_other_errors_stay_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)), naming_full_disk("anywhere"):
        raise error


def test_the_fullest_of_folders_that_are_there(tmp_path: Path) -> None:
    assert fullest([tmp_path / "none", tmp_path]) == tmp_path
