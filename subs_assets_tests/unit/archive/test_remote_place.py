"""Archives in stores that fsspec reaches: in memory, on an object store that answers by HTTP, and on a file system that
renames."""

import hashlib
import os
import re
import secrets
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractFileSystem

from subs_assets.archive import drill, remote_place, reset, restore, snapshot, store, verify
from subs_assets.archive.chain import broken_link, verify_chain
from subs_assets.archive.errors import ArchiveError, ArchiveLocked, BadArchive, UnreadableDatabase
from subs_assets.archive.places import open_archive, open_place
from subs_assets.archive.remote_place import RemotePlace
from subs_assets.archive.store import ArchiveSummary
from subs_assets_tests.object_store import SECRET, ObjectStore, running_object_store
from subs_assets_tests.unit.archive.conftest import Place, SqliteFiles, url_of
from subs_assets_tests.unit.archive.oracle import content


@pytest.fixture(params=["memory", "s3", "renaming"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RemotePlace]:
    """An empty place of each kind."""
    if request.param == "s3":
        yield remote(request.getfixturevalue("object_store"), tmp_path)
    elif request.param == "renaming":
        yield renaming(tmp_path, LocalFileSystem)
    else:
        url = f"memory://{secrets.token_hex(4)}/archives"
        opened = open_place(url, tmp_path / "scratch")
        assert isinstance(opened, RemotePlace)
        yield opened
        with suppress(FileNotFoundError):
            fsspec.filesystem("memory").rm(url, recursive=True)


def remote(object_store: ObjectStore, tmp_path: Path, scratch: str = "scratch") -> RemotePlace:
    place = open_place(object_store.url, tmp_path / scratch)
    assert isinstance(place, RemotePlace)
    return place


def renaming(tmp_path: Path, kind: type[LocalFileSystem]) -> RemotePlace:
    """A place in a file system that renames, as SFTP's; ``kind`` may answer as badly as some do."""
    files = kind(skip_instance_cache=True)
    return RemotePlace("sftp://host/store", files, (tmp_path / "store").as_posix(), tmp_path / "scratch")


def lying_in(scratch: Path) -> list[Path]:
    """What is left of what passed through."""
    return [path for path in scratch.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_what_is_made_comes_back(place: RemotePlace, shop: Path, tmp_path: Path) -> None:
    assert place.summaries() == []
    first, second = (place.create({"warehouse": url_of(shop)}, note=note) for note in ("one", "two"))
    assert [(one.name, one.number, one.rows, one.problem) for one in place.summaries()] == [
        (second, 2, 300, None),
        (first, 1, 300, None),
    ]
    assert place.manifest(second).note == "two"
    assert place.manifest(second).previous is not None
    assert verify_chain(place) == []
    with place.fetched(second) as folder:
        assert verify.verify(folder).ok
        assert drill.drill(folder).ok
        if os.name != "nt":
            for path in (folder, *folder.rglob("*")):
                assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        restore.restore(folder, {"warehouse": url_of(tmp_path / "restored.db")})
    assert content(tmp_path / "restored.db") == content(shop)
    assert lying_in(tmp_path / "scratch") == []


def test_a_removed_archive_is_gone_and_the_others_are_as_they_were(
    place: RemotePlace, shop: Path, tmp_path: Path
) -> None:
    names = [place.create({"warehouse": url_of(shop)}) for _ in range(3)]
    place.remove(names[1])
    assert [one.name for one in place.summaries()] == [names[2], names[0]]
    assert broken_link(place, names[2]) is None
    with pytest.raises(BadArchive, match="no archive"), place.fetched(names[1]):
        pass
    for missing in ("..", "data", f"{names[0]}/data"):
        with pytest.raises(ArchiveError, match="not named like an archive"):
            place.remove(missing)
    assert len(place.summaries()) == 2


def test_a_removal_that_ends_half_way_leaves_an_archive_or_none(shop: Path, tmp_path: Path) -> None:
    place = renaming(tmp_path, LocalFileSystem)
    name = place.create({"warehouse": url_of(shop)})
    place._files.rm_file = failing(place._files.rm_file, name, OSError("gone"))
    with pytest.raises(ArchiveError, match="gone"):
        place.remove(name)
    del place._files.rm_file
    with place.fetched(name) as folder:
        assert verify.verify(folder).ok
    place._files.rm = failing(place._files.rm, name, OSError("gone"))
    place.remove(name)
    assert place.summaries() == []
    assert (tmp_path / "store" / name / "data").is_dir()


def test_for_one_table_nothing_else_is_fetched(place: RemotePlace, shop: Path) -> None:
    name = place.create({"warehouse": url_of(shop)})
    entry = store.find_table(place.manifest(name), "warehouse", "companies")
    with place.fetched(name, entry) as folder:
        assert [row["slug"] for row in store.read_rows(folder, "companies")] == ["aldi", "coles"]
        assert [path.name for path in (folder / "data").iterdir()] == [entry.file.partition("/")[2]]


def test_what_lies_in_the_store_is_an_archive_like_any_other(
    shop: Path, tmp_path: Path, object_store: ObjectStore
) -> None:
    place = remote(object_store, tmp_path)
    name = place.create({"warehouse": url_of(shop)})
    for key, found in object_store.content().items():
        local = tmp_path / "by hand" / key.removeprefix("shop/archives/")
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(found)
    assert verify.verify(tmp_path / "by hand" / name).ok
    assert next(store.read_rows(tmp_path / "by hand" / name, "products"))["name"] == "Müsli 0"


CHILD = """
import sys, time
from pathlib import Path
from subs_assets.archive import remote_place
from subs_assets.archive.places import open_place
url, scratch, source, stop_at = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
reached = 0
def stopping(method):
    def call(*arguments):
        global reached
        reached += 1
        if reached == stop_at:
            print("stopped before", method.__name__, arguments[1:], flush=True)
            time.sleep(60)
        return method(*arguments)
    return call
for name in ("_write", "_compare", "_write_last"):
    setattr(remote_place.RemotePlace, name, stopping(getattr(remote_place.RemotePlace, name)))
place = open_place(url, scratch)
print("done", place.create({"warehouse": source}), flush=True)
"""
STEPS = [
    # Two tables and the hash are written, then read back; then comes the manifest, and is read back.
    *("_write", "_write", "_write", "_compare", "_compare", "_compare", "_write_last", "_write", "_compare"),
]


@pytest.mark.archive_case(42)
@pytest.mark.parametrize("point", [1, 3, 6, 8, 9])
def test_a_creation_that_is_killed_leaves_no_archive_or_a_whole_one(
    shop: Path, tmp_path: Path, object_store: ObjectStore, point: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", CHILD, object_store.url, str(tmp_path / "scratch"), url_of(shop), str(point)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith(f"stopped before {STEPS[point - 1]} ")
        child.kill()
    left = {*object_store.content()}
    assert any(key.endswith(".zst") for key in left) is (point > 1)
    place = remote(object_store, tmp_path)
    whole = place.summaries()
    assert len(whole) == (1 if point == 9 else 0)
    for one in whole:
        with place.fetched(one.name) as folder:
            assert verify.verify(folder).ok
    made = place.create({"warehouse": url_of(shop)})
    assert place.manifest(made).number == len(whole) + 1
    assert lying_in(tmp_path / "scratch") == []
    assert left <= {*object_store.content()}  # somebody else may be at it
    monkeypatch.setattr(remote_place, "LEFT_BEHIND", timedelta(0))
    place.create({"warehouse": url_of(shop)})
    assert len(place.summaries()) == len(whole) + 2
    assert {key.split("/")[2] for key in object_store.content()} == {one.name for one in place.summaries()}


def test_a_fetched_copy_goes_with_its_process(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    place = remote(object_store, tmp_path)
    name = place.create({"warehouse": url_of(shop)})
    program = (
        "import os, sys; from pathlib import Path; from subs_assets.archive.places import open_archive\n"
        "place, name = open_archive(sys.argv[1], Path(sys.argv[2]))\n"
        "with place.fetched(name) as folder:\n    os._exit(9)"
    )
    command = [sys.executable, "-c", program, place.location(name), str(tmp_path / "scratch")]
    with place.fetched(name) as mine:
        assert subprocess.run(command, check=False).returncode == 9
        assert len({path.parent for path in lying_in(tmp_path / "scratch") if path.name == "manifest.json"}) == 2
        with place.fetched(name):
            found = {path.parent for path in lying_in(tmp_path / "scratch") if path.name == "manifest.json"}
            assert len(found) == 2 and mine in found
        assert verify.verify(mine).ok
    assert lying_in(tmp_path / "scratch") == []


@pytest.mark.archive_case(40)
def test_two_creations_at_once_from_two_machines_make_two_whole_archives(
    shop: Path, tmp_path: Path, object_store: ObjectStore
) -> None:
    places = [remote(object_store, tmp_path, scratch) for scratch in ("here", "there")]
    both_begun = threading.Barrier(2)
    made: list[str] = []

    def create(place: RemotePlace) -> None:
        summaries = place.summaries

        def together() -> list[ArchiveSummary]:
            found = summaries()
            both_begun.wait(60)
            return found

        place.summaries = together  # type: ignore[method-assign]
        made.append(place.create({"warehouse": url_of(shop)}))

    threads = [threading.Thread(target=create, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    place = remote(object_store, tmp_path)
    assert {one.name: one.number for one in place.summaries()} == dict.fromkeys(made, 1)
    for name in made:
        with place.fetched(name) as folder:
            assert verify.verify(folder).ok
    assert place.manifest(place.create({"warehouse": url_of(shop)})).number == 2
    assert verify_chain(place) == []


def test_what_another_machine_did_is_seen_at_once(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    """The library remembers what it has listed."""
    here, there = (remote(object_store, tmp_path, scratch) for scratch in ("here", "there"))
    for _ in range(2):
        name = there.create({"warehouse": url_of(shop)})
        assert [one.name for one in here.summaries()] == [one.name for one in there.summaries()]
    with here.fetched(name) as folder:
        assert verify.verify(folder).ok
    object_store.client.put_object(Bucket=object_store.bucket, Key=f"shop/archives/{name}/readme", Body=b"x")
    with here.fetched(name) as folder:
        assert verify.verify(folder).problems == ("readme does not belong to the archive",)
    there.remove(name)
    assert name not in [one.name for one in here.summaries()]
    with pytest.raises(BadArchive, match="there is no archive"), here.fetched(name):
        pass


@pytest.mark.archive_case(40, 52)
@pytest.mark.parametrize("done", ["swept", "one file removed", "one file cut", "one file added"])
def test_an_archive_that_others_touched_before_it_was_one_is_none(
    place: RemotePlace, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: str
) -> None:
    """As a machine does whose clock is ahead by days, while the data lies there and the manifest does not."""
    other = RemotePlace(place._url, place._files, place._root, tmp_path / "other")
    write_last = place._write_last

    def after_somebody_else(local: Path, name: str, file: str) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(remote_place, "LEFT_BEHIND", timedelta(days=-1))
            found = next(path for path in place._files.find(place._path(name)) if path.endswith(".zst"))
            if done == "swept":
                other._sweep()
            elif done == "one file removed":
                place._files.rm_file(found)
            elif done == "one file cut":
                place._files.pipe_file(found, b"cut")
            else:
                place._files.pipe_file(place._path(name, "data", "more"), b"more")
        write_last(local, name, file)

    place._write_last = after_somebody_else  # type: ignore[method-assign]
    with pytest.raises(ArchiveError, match=r"(\.zst|more|2 files more\)) is not as it was written.*clock.*try again"):
        place.create({"warehouse": url_of(shop)})
    assert place.summaries() == []
    assert place._files.find(place._root) == []


@pytest.mark.archive_case(40, 41)
def test_creations_of_one_home_wait_for_each_other(place: RemotePlace, shop: Path) -> None:
    with place.exclusive(0), pytest.raises(ArchiveLocked, match=re.escape(place.location())):
        place.create({"warehouse": url_of(shop)}, wait_seconds=0)
    assert place.create({"warehouse": url_of(shop)}, wait_seconds=0)


def test_what_somebody_else_wrote_is_not_overwritten(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    place = remote(object_store, tmp_path)
    write_last = place._write_last

    def after_somebody_else(local: Path, name: str, file: str) -> None:
        object_store.client.put_object(
            Bucket=object_store.bucket, Key=f"shop/archives/{name}/{file}", Body=b"somebody else's"
        )
        write_last(local, name, file)

    place._write_last = after_somebody_else  # type: ignore[method-assign]
    with pytest.raises(BadArchive, match=r"manifest\.json was written and reads otherwise"):
        place.create({"warehouse": url_of(shop)})
    manifests = {found for key, found in object_store.content().items() if key.endswith("manifest.json")}
    assert manifests == {b"somebody else's"}


class CopiesInsteadOfMoving(LocalFileSystem):
    """As fsspec does for stores that cannot rename; here the copy ends half-way."""

    mv = AbstractFileSystem.mv

    def cp_file(self, path1: str, path2: str, **options: object) -> None:
        found = self.cat_file(path1)
        self.pipe_file(path2, found[: len(found) // 2])
        raise OSError("gone")


@pytest.mark.archive_case(42, 50)
@pytest.mark.parametrize("killed", [False, True])
def test_half_a_manifest_makes_no_archive(shop: Path, tmp_path: Path, killed: bool) -> None:
    whole = renaming(tmp_path, LocalFileSystem)
    first = whole.create({"warehouse": url_of(shop)})
    place = renaming(tmp_path, CopiesInsteadOfMoving)
    if killed:
        place._discard = lambda made: None  # type: ignore[method-assign, misc, assignment]
    with pytest.raises(ArchiveError, match="gone"):
        place.create({"warehouse": url_of(shop)})
    good, *damaged = place.summaries()
    assert (good.name, good.problem) == (first, None)
    assert [one.problem is None for one in damaged] == [False] * killed
    for one in damaged:
        with place.fetched(one.name) as folder:
            assert not verify.verify(folder).ok
    assert len([*(tmp_path / "store").iterdir()]) == 1 + killed
    assert whole.manifest(whole.create({"warehouse": url_of(shop)})).number == 2


def test_a_folder_that_is_there_is_left_alone(place: RemotePlace, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = place.create({"warehouse": url_of(shop)})
    with place.fetched(name) as folder, pytest.raises(ArchiveError, match="is there already"):
        place._upload(folder)
    assert [one.problem for one in place.summaries()] == [None]


def test_a_lost_answer_is_no_failure(place: RemotePlace, shop: Path) -> None:
    """The library tries again what the store has written already, and is told that it is there."""
    write = place._write

    def twice(local: Path, name: str, file: str) -> None:
        write(local, name, file)
        write(local, name, file)

    place._write = twice  # type: ignore[method-assign]
    name = place.create({"warehouse": url_of(shop)})
    with place.fetched(name) as folder:
        assert verify.verify(folder).ok


def test_a_store_that_keeps_other_bytes_gets_no_manifest(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    place = remote(object_store, tmp_path)
    write = place._write

    def badly(local: Path, name: str, file: str) -> None:
        write(local, name, file)
        if file.endswith("products.jsonl.zst"):
            key = f"shop/archives/{name}/{file}"
            object_store.client.put_object(Bucket=object_store.bucket, Key=key, Body=flipped(local.read_bytes(), 20))

    place._write = badly  # type: ignore[method-assign]
    with pytest.raises(BadArchive, match=r"products\.jsonl\.zst was written and reads otherwise: do not trust"):
        place.create({"warehouse": url_of(shop)})
    assert object_store.content() == {}
    assert lying_in(tmp_path / "scratch") == []


def flipped(found: bytes, place: int) -> bytes:
    changed = bytearray(found)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.archive_case(45, 46)
def test_verify_finds_whatever_changed_in_the_store(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    place = remote(object_store, tmp_path)
    name = place.create({"warehouse": url_of(shop)})
    client, bucket, whole = object_store.client, object_store.bucket, object_store.content()
    for key, found in whole.items():
        for changed in (flipped(found, len(found) // 2), found[:-1], found + b"\n", None):
            if changed is None:
                client.delete_object(Bucket=bucket, Key=key)
            else:
                client.put_object(Bucket=bucket, Key=key, Body=changed)
            with place.fetched(name) as folder:
                assert not verify.verify(folder).ok, key
            assert all(one.problem for one in place.summaries() if "manifest" in key)
            client.put_object(Bucket=bucket, Key=key, Body=found)
    client.put_object(Bucket=bucket, Key=f"shop/archives/{name}/data/00003-more.jsonl.zst", Body=b"more")
    with place.fetched(name) as folder:
        assert "does not belong" in verify.verify(folder).problems[0]


@pytest.mark.archive_case(47)
@pytest.mark.parametrize("stranger", ["../../outside", "data/../../../outside", "data//x", r"data\x", "data/c:x", "ü"])
def test_a_name_that_leads_elsewhere_is_refused(
    shop: Path, tmp_path: Path, object_store: ObjectStore, stranger: str
) -> None:
    place = remote(object_store, tmp_path)
    name = place.create({"warehouse": url_of(shop)})
    key = f"shop/archives/{name}/{stranger}"
    object_store.client.put_object(Bucket=object_store.bucket, Key=key, Body=b"x")
    before = {*tmp_path.rglob("*")}
    with pytest.raises(BadArchive, match="does not belong to an archive"), place.fetched(name):
        pass
    assert {*tmp_path.rglob("*")} == before


def test_a_folder_as_web_pages_make_it_is_no_stranger(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    place = remote(object_store, tmp_path)
    name = place.create({"warehouse": url_of(shop)})
    for key in ("shop/archives/", f"shop/archives/{name}/", f"shop/archives/{name}/data/"):
        object_store.client.put_object(Bucket=object_store.bucket, Key=key, Body=b"")
    object_store.client.put_object(Bucket=object_store.bucket, Key="shop/archives/readme.txt", Body=b"mine")
    assert [one.name for one in place.summaries()] == [name]
    with place.fetched(name) as folder:
        assert verify.verify(folder).ok


def test_a_young_leftover_stays_and_an_old_one_goes(place: RemotePlace, shop: Path, tmp_path: Path) -> None:
    """Old is what was named and written to long ago: the clock of who named it may be wrong."""
    young, old = "20200101T000000Z-0000000a", "20200101T000000Z-0000000b"
    for name in (young, old):
        place._files.makedirs(place._path(name, "data"), exist_ok=True)
        place._files.pipe_file(place._path(name, "data/00001-t.jsonl.zst"), b"half")
    modified = place._files.modified
    place._files.modified = lambda path: modified(path) - timedelta(days=2) if old in path else modified(path)
    made = place.create({"warehouse": url_of(shop)})
    del place._files.modified
    assert {*place._folders()} == {young, made}
    assert [one.name for one in place.summaries()] == [made]


@pytest.mark.archive_case(50)
@pytest.mark.parametrize("error", [OSError(110, "Connection timed out"), FileNotFoundError("as FTP says of anything")])
@pytest.mark.parametrize("fails", [("info",), ("cat_file",), ("ls",), ("cat_file", "ls"), ("info", "cat_file", "ls")])
def test_an_archive_that_cannot_be_asked_for_is_not_swept(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: tuple[str, ...], error: OSError
) -> None:
    place = renaming(tmp_path, LocalFileSystem)
    name = place.create({"warehouse": url_of(shop)})
    monkeypatch.setattr(remote_place, "LEFT_BEHIND", timedelta(0))
    for call in fails:
        setattr(place._files, call, failing(getattr(place._files, call), name, error))
    place._sweep()
    for call in fails:
        delattr(place._files, call)
    with place.fetched(name) as folder:
        assert verify.verify(folder).ok


def failing(call: Callable[..., object], name: str, error: OSError) -> Callable[..., object]:
    def answer(path: object, *arguments: object, **options: object) -> object:
        if isinstance(path, str) and name in path:
            raise error
        return call(path, *arguments, **options)

    return answer


@pytest.mark.archive_case(50)
@pytest.mark.parametrize("failing_call", ["cat_file", "ls"])
def test_an_archive_that_cannot_be_read_just_now_is_neither_missing_nor_damaged(
    shop: Path, tmp_path: Path, failing_call: str
) -> None:
    place = renaming(tmp_path, LocalFileSystem)
    name = place.create({"warehouse": url_of(shop)})
    where, error = (name, FileNotFoundError(name)) if failing_call == "cat_file" else (f"{name}/data", OSError("gone"))
    setattr(place._files, failing_call, failing(getattr(place._files, failing_call), where, error))
    for attempt in (place.summaries, lambda: place.manifest_sha256(name), lambda: place.manifest(name)):
        if failing_call == "cat_file":
            with pytest.raises(ArchiveError, match=r"manifest\.json is listed and cannot be read; try again"):
                attempt()
    if failing_call == "ls":
        with pytest.raises(ArchiveError, match="gone") as caught, place.fetched(name):
            pass
        assert not isinstance(caught.value, BadArchive)


class NaiveTimes(LocalFileSystem):
    """As WebHDFS has them."""

    def modified(self, path: str) -> datetime:
        return super().modified(path).astimezone().replace(tzinfo=None)


class NoTimes(LocalFileSystem):
    """As FTP has them, and SFTP of some servers."""

    def modified(self, path: str) -> datetime:
        raise RuntimeError("Could not retrieve modification time.")


class NoRightToRemove(LocalFileSystem):
    def rm(self, path: str, **options: object) -> None:
        raise PermissionError(path)


@pytest.mark.parametrize("kind, swept", [(NaiveTimes, False), (NoTimes, True), (NoRightToRemove, False)])
def test_what_is_left_there_hinders_no_creation(
    shop: Path, tmp_path: Path, kind: type[LocalFileSystem], swept: bool
) -> None:
    """Where no file's age can be told, that of the name counts."""
    place = renaming(tmp_path, kind)
    left = tmp_path / "store" / "20200101T000000Z-0000000a" / "data" / "00001-t.jsonl.zst"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    if kind is NoRightToRemove:
        os.utime(left, (0, 0))
    assert [one.name for one in place.summaries()] == []
    name = place.create({"warehouse": url_of(shop)})
    assert [one.name for one in place.summaries()] == [name]
    assert left.exists() is not swept
    if kind is NaiveTimes:
        os.utime(left, (0, 0))
        place.create({"warehouse": url_of(shop)})
        assert not left.exists()


def test_a_store_that_cannot_be_reached_is_an_error(
    shop: Path, tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And costs nothing: the databases are not read."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    place = remote(object_store, tmp_path)
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)

    def never(*_: object) -> None:
        raise AssertionError("the database was read")

    monkeypatch.setattr("subs_assets.archive.snapshot.make", never)
    for attempt in (
        place.summaries,
        lambda: place.create({"warehouse": url_of(shop)}),
        lambda: place.manifest("20200101T000000Z-0000000a"),
        lambda: place.remove("20200101T000000Z-0000000a"),
        lambda: place.fetched("20200101T000000Z-0000000a").__enter__(),
    ):
        with pytest.raises(ArchiveError, match=r"127\.0\.0\.1:9.*see that the store can be reached") as caught:
            attempt()
        assert not isinstance(caught.value, BadArchive)
        assert SECRET not in str(caught.value)


@pytest.mark.archive_case(50)
def test_a_store_that_dies_in_the_middle_leaves_nothing_here(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_object_store() as (endpoint, stop):
        store = ObjectStore(endpoint, "test-dies")
        for name, value in store.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
        store.client.create_bucket(Bucket=store.bucket)
        place = remote(store, tmp_path)
        with pytest.raises(ArchiveError, match="see that the store can be reached"):
            place.create({"warehouse": url_of(shop)}, progress=lambda *_: stop())
    assert lying_in(tmp_path / "scratch") == []


def test_a_bucket_that_is_not_there_is_no_empty_one(tmp_path: Path, object_store: ObjectStore) -> None:
    for url in ("s3://test-no-such-bucket", "s3://test-no-such-bucket/shop/archives"):
        with pytest.raises(ArchiveError, match="there is no bucket test-no-such-bucket"):
            open_place(url, tmp_path).summaries()
    assert open_place(f"s3://{object_store.bucket}", tmp_path).summaries() == []


def test_a_database_that_cannot_be_read_leaves_nothing_in_the_store(tmp_path: Path, object_store: ObjectStore) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database at all, but long enough" * 100)
    place = remote(object_store, tmp_path)
    with pytest.raises(UnreadableDatabase):
        place.create({"warehouse": url_of(tmp_path / "broken.db")})
    assert object_store.content() == {}
    assert lying_in(tmp_path / "scratch") == []


@pytest.mark.parametrize(
    "url, says",
    [
        ("nothing://a/b", "fsspec knows no nothing://"),
        ("s3://bucket/a", r"needs a Python package that is not installed: .*s3fs.*pip install 'subs_assets\[s3\]'"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, url: str, says: str) -> None:
    program = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from pathlib import Path; from subs_assets.archive.places import open_place\n"
        "try:\n    open_place(sys.argv[1], Path('scratch'))\n"
        "except Exception as problem:\n    print(type(problem).__name__, problem)"
    )
    command = [sys.executable, "-c", program, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout
    assert re.search(f"^ArchiveError .*{says}", said), said


def test_a_web_page_that_tells_no_sizes_is_read(shop: Path, tmp_path: Path) -> None:
    name = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives").name
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        place = open_place(f"http://127.0.0.1:{server.server_port}/archives", tmp_path / "scratch")
        try:
            assert [one.name for one in place.summaries()] == [name]
            with place.fetched(name) as folder:
                assert verify.verify(folder).ok
        finally:
            server.shutdown()


def test_a_store_that_only_reads_is_a_sentence(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    place = open_place(f"{object_store.endpoint}/{object_store.bucket}", tmp_path / "scratch")
    with pytest.raises(ArchiveError, match="choose a kind of store that can be written to"):
        place.create({"warehouse": url_of(shop)})


@pytest.mark.parametrize(
    "address, shown",
    [
        ("https://me:geheim@host:1/a?signature=geheim", "https://host:1/a"),
        ("s3://AKIA:ab/geheim@bucket/a", "s3://bucket/a"),
        ("ftp://me:ge@heim/@host/a", "ftp://host/a"),
        ("https://geheim@host/a", "https://host/a"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_a_password_in_an_address_is_not_repeated(address: str, shown: str) -> None:
    assert remote_place.in_words(OSError(f'cannot reach "{address}" at all')) == f'cannot reach "{shown}" at all'


def test_a_large_table_passes_through_in_pieces(
    tmp_path: Path, object_store: ObjectStore, make_database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one part, so that a store writes once even then."""
    blocks = [(os.urandom(2**20),) for _ in range(20)]
    source = make_database("CREATE TABLE t (b BLOB)", {"INSERT INTO t VALUES (?)": blocks})  # type: ignore[operator]
    place = remote(object_store, tmp_path)
    name = place.create({"warehouse": url_of(source)})
    (key,) = (key for key in object_store.content() if key.endswith(".zst"))
    etag = object_store.client.head_object(Bucket=object_store.bucket, Key=key)["ETag"]
    assert re.search(r"-[2-9]\"$", etag)  # as S3 marks a file of several parts
    (table,) = place.manifest(name).tables
    assert hashlib.sha256(object_store.content()[key]).hexdigest() == table.compressed_sha256
    with place.fetched(name) as folder:
        assert verify.verify(folder).ok
        with pytest.raises(ArchiveError, match="is there already"):
            place._upload(folder)


@pytest.mark.parametrize("change", [None, "UPDATE listings SET price = 9", "damage"])
def test_a_reset_goes_by_an_archive_in_a_store(
    sqlite_place: SqliteFiles, tmp_path: Path, object_store: ObjectStore, change: str | None
) -> None:
    place = remote(object_store, tmp_path)
    before = sqlite_place.content()
    request_id = reset.request(sqlite_place.control, "ana")
    name = reset.archive_request(sqlite_place.control, request_id, sqlite_place.databases, place)
    if change == "damage":
        (key, found) = next((key, found) for key, found in object_store.content().items() if "listings" in key)
        object_store.client.put_object(Bucket=object_store.bucket, Key=key, Body=flipped(found, 20))
    elif change is not None:
        sqlite_place.execute(change)
    outcome = confirm(sqlite_place, request_id, place)
    assert outcome.state == ("wiped" if change is None else "refused"), outcome
    if change is None:
        assert sqlite_place.content() != before
        with place.fetched(name) as folder:
            restore.restore(folder, {"warehouse": url_of(tmp_path / "back.db")})
        assert content(tmp_path / "back.db") == before
    assert lying_in(tmp_path / "scratch") == []


def confirm(databases: Place, request_id: str, place: RemotePlace) -> reset.Outcome:
    return reset.confirm(databases.control, request_id, "ben", databases.databases["warehouse"], place)


def test_an_archive_is_named_by_its_url(shop: Path, tmp_path: Path, object_store: ObjectStore) -> None:
    name = remote(object_store, tmp_path).create({"warehouse": url_of(shop)})
    place, found = open_archive(f"{object_store.url}/{name}/", tmp_path / "scratch")
    assert (place.location(), place.location(found), found) == (object_store.url, f"{object_store.url}/{name}", name)
    assert place.manifest(found).tables
