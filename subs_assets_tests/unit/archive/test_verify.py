import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from subs_assets.archive import restore, snapshot, store, verify
from subs_assets.archive.errors import ArchiveError, BadArchive, RestoreRefused
from subs_assets_tests.unit.archive import damage
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.tally import Tally


@pytest.fixture(params=["sqlite", "postgresql"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two tables, companies and products."""
    if request.param == "sqlite":
        made = snapshot.create({"warehouse": url_of(request.getfixturevalue("shop"))}, tmp_path / "archives")
    else:
        original: Path = request.getfixturevalue("archived_postgres_shop")
        shutil.copytree(original.parent, tmp_path / "archives")
        made = tmp_path / "archives" / original.name
    assert verify.verify(made) == verify.Verification(True, (), 2, 300, True)
    return made


def data_files(archive: Path) -> list[Path]:
    return sorted((archive / "data").iterdir())


def rewrite_manifest(archive: Path, change: Callable[[dict], None]) -> None:
    """Change a manifest and its hash, as somebody would who knows the format."""
    path = archive / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    content = json.dumps(manifest).encode()
    path.write_bytes(content)
    (archive / "manifest.json.sha256").write_bytes(hashlib.sha256(content).hexdigest().encode() + b"  manifest.json\n")


@pytest.mark.archive_case(45, 46)
def test_whatever_changes_in_a_file_is_found_and_refused(archive: Path) -> None:
    tally = Tally()
    damage.change_files(archive, 300, tally)
    assert tally.wrong == []


@pytest.mark.archive_case(46)
def test_files_that_are_missing_swapped_added_or_of_another_archive_are_found_and_refused(
    archive: Path, tmp_path: Path
) -> None:
    older = shutil.copytree(archive, tmp_path / "older")

    def another(manifest: dict) -> None:
        manifest["id"] = "01234567"

    rewrite_manifest(older, another)
    assert verify.verify(older).ok  # the same rows: only its name tells it from the other one
    tally = Tally()
    damage.change_folders(archive, older, tally)
    assert tally.times("of an older") == 3
    assert tally.wrong == []


def remove_a_file(archive: Path) -> None:
    data_files(archive)[1].unlink()


def swap_two_files(archive: Path) -> None:
    first, second = data_files(archive)
    first.rename(archive / "x")
    second.rename(first)
    (archive / "x").rename(second)


def add_a_data_file(archive: Path) -> None:
    (archive / "data" / "00009-more.jsonl.zst").write_bytes(b"")


def add_a_file(archive: Path) -> None:
    (archive / "notes.txt").write_bytes(b"")


def add_a_folder(archive: Path) -> None:
    (archive / "data" / "more").mkdir()


def append_a_frame(archive: Path) -> None:
    path = data_files(archive)[0]
    path.write_bytes(path.read_bytes() + zstandard.compress(b'{"slug":"iga"}\n'))


def bomb(archive: Path) -> None:
    """A file that the manifest describes in every point but what it unpacks to."""
    content = zstandard.compress(b"\n" * 300_000_000)
    path = data_files(archive)[0]
    path.write_bytes(content)

    def describe(manifest: dict) -> None:
        facts = {"compressed_bytes": len(content), "compressed_sha256": hashlib.sha256(content).hexdigest()}
        manifest["tables"][0].update(facts)

    rewrite_manifest(archive, describe)


@pytest.mark.archive_case(46, 48)
@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (remove_a_file, "is missing"),
        (swap_two_files, "has"),
        (add_a_data_file, "does not belong"),
        (add_a_file, "does not belong"),
        (add_a_folder, "does not belong"),
        (append_a_frame, "the manifest says"),
        (bomb, "holds more than"),
        (lambda archive: (archive / "manifest.json").unlink(), "is missing"),
        (lambda archive: (archive / "manifest.json.sha256").unlink(), "is missing"),
        (lambda archive: shutil.rmtree(archive / "data"), "no folder"),
        (lambda archive: shutil.rmtree(archive), "is missing"),
    ],
)
def test_damage_is_named(archive: Path, tmp_path: Path, harm: Callable[[Path], None], word: str) -> None:
    harm(archive)
    found = verify.verify(archive)
    assert not found.ok
    assert any(word in problem for problem in found.problems), found.problems
    with pytest.raises(RestoreRefused):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    assert not (tmp_path / "new.db").exists()


@pytest.mark.archive_case(47)
@pytest.mark.parametrize(
    "file",
    ["../00001-x", "data/../../x", "/etc/passwd", "data/..", "data/a/b", "C:\\x", "data/C:x", "data\\x", "", "data/"],
)
def test_a_name_that_leaves_the_folder_is_refused(archive: Path, file: str) -> None:
    rewrite_manifest(archive, lambda manifest: manifest["tables"][0].update(file=file))
    found = verify.verify(archive)
    assert not found.ok
    assert any("no place in its data folder" in problem for problem in found.problems)
    with pytest.raises(BadArchive):
        list(store.read_rows(archive, "companies"))


@pytest.mark.archive_case(47)
@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")
def test_links_are_refused(archive: Path, tmp_path: Path) -> None:
    path = data_files(archive)[0]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert "is a link" in verify.verify(archive).problems[0]
    path.unlink()
    (tmp_path / "elsewhere").rename(path)
    assert verify.verify(archive).ok
    (archive / "data").rename(tmp_path / "data")
    (archive / "data").symlink_to(tmp_path / "data")
    assert not verify.verify(archive).ok


def test_an_archive_from_before_postgresql_was_known_is_read(shop: Path, tmp_path: Path) -> None:
    """The first releases wrote format version 1 without what only PostgreSQL needs."""
    archive = snapshot.create({"warehouse": url_of(shop)}, tmp_path / "archives")

    def as_it_was(manifest: dict) -> None:
        for name in ("scope", "schemas"):
            del manifest["databases"]["warehouse"][name]

    rewrite_manifest(archive, as_it_was)
    assert verify.verify(archive).ok
    assert restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")}).rows == 300


@pytest.mark.archive_case(49)
@pytest.mark.parametrize("version", [0, 2, "1", None, True])
def test_another_format_version_is_refused_with_a_sentence(archive: Path, version: object) -> None:
    rewrite_manifest(archive, lambda manifest: manifest.update(format_version=version))
    with pytest.raises(BadArchive, match="this release reads 1"):
        store.read_manifest(archive)
    assert not verify.verify(archive).ok


@pytest.mark.archive_case(45)
@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(complete=False),
        lambda manifest: manifest["tables"].append(manifest["tables"][0]),
        lambda manifest: manifest["tables"][0].update(database="other"),
        lambda manifest: manifest["tables"][0].update(rows=3),
        lambda manifest: manifest["tables"][0].update(rows="2"),
        lambda manifest: manifest["tables"][0].update(raw_sha256="0" * 64),
        lambda manifest: manifest.pop("databases"),
        lambda manifest: manifest.update(extra=1),
        lambda manifest: manifest["databases"]["warehouse"]["settings"].update(encoding="EBCDIC"),
    ],
)
def test_a_manifest_that_contradicts_its_files_or_itself_is_found(
    archive: Path, change: Callable[[dict], None]
) -> None:
    rewrite_manifest(archive, change)
    found = verify.verify(archive)
    assert not found.ok
    assert found.problems


@pytest.mark.archive_case(45)
def test_rows_of_a_damaged_file_end_in_an_error(archive: Path) -> None:
    path = data_files(archive)[1]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadArchive):
        list(store.read_rows(archive, "products"))


@pytest.mark.parametrize(
    ("table", "database", "word"), [("nope", "warehouse", "companies, products"), ("products", "x", "warehouse")]
)
def test_a_table_that_is_not_there_is_named_with_those_that_are(
    archive: Path, table: str, database: str, word: str
) -> None:
    with pytest.raises(ArchiveError, match=word):
        list(store.read_rows(archive, table, database))
