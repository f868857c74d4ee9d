import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from subs_assets.archive import restore, snapshot, store, verify
from subs_assets.archive.errors import ArchiveError, BadArchive, RestoreRefused
from subs_assets_tests.unit.archive.conftest import url_of


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


def test_one_bit_anywhere_is_found(archive: Path, tmp_path: Path) -> None:
    files = [path for path in archive.rglob("*") if path.is_file()]
    chance = random.Random(1)
    for path in files:
        content = path.read_bytes()
        for bit in chance.sample(range(len(content) * 8), 60):
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            found = verify.verify(archive)
            assert not found.ok, (path.name, bit)
            assert found.problems
        path.write_bytes(content)
    assert verify.verify(archive).ok


def test_every_truncation_and_extension_is_found(archive: Path) -> None:
    for path in [path for path in archive.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        for length in {0, 1, len(content) // 2, len(content) - 2, len(content) - 1}:
            path.write_bytes(content[:length])
            assert not verify.verify(archive).ok, (path.name, length)
        path.write_bytes(content + b"\0")
        assert not verify.verify(archive).ok
        path.write_bytes(content)


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


@pytest.mark.parametrize(
    ("damage", "word"),
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
def test_damage_is_named(archive: Path, tmp_path: Path, damage: Callable[[Path], None], word: str) -> None:
    damage(archive)
    found = verify.verify(archive)
    assert not found.ok
    assert any(word in problem for problem in found.problems), found.problems
    with pytest.raises(RestoreRefused):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    assert not (tmp_path / "new.db").exists()


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


@pytest.mark.parametrize("version", [0, 2, "1", None, True])
def test_another_format_version_is_refused_with_a_sentence(archive: Path, version: object) -> None:
    rewrite_manifest(archive, lambda manifest: manifest.update(format_version=version))
    with pytest.raises(BadArchive, match="this release reads 1"):
        store.read_manifest(archive)
    assert not verify.verify(archive).ok


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
