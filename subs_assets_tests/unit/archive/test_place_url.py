import os
from pathlib import Path

import pytest

from subs_assets.archive import place_url


@pytest.mark.parametrize(
    "text, folder",
    [
        ("archives", Path("archives")),
        ("/var/archives/", Path("/var/archives")),
        ("a name with spaces and 100%", Path("a name with spaces and 100%")),
        (Path("archives").resolve().as_uri(), Path("archives")),
        ("file://localhost/var/archives", Path("/var/archives")),
        ("local:///var/two%20words", Path("/var/two words")),
        ("C:/archives", Path("C:/archives")),
        (r"C:\archives", Path(r"C:\archives")),
        ("c://archives", Path("c://archives")),
        ("./file:/archives", Path("file:/archives")),
        ("file:///var/a%23b%3Fc", Path("/var/a#b?c")),
    ],
)
def test_a_path_and_a_file_url_are_local(text: str, folder: Path) -> None:
    assert place_url.local_folder(text) == folder.resolve()
    assert place_url.plain(text) == str(folder.resolve())
    assert place_url.as_uri(text) == folder.resolve().as_uri()


@pytest.mark.parametrize(
    "text",
    [
        *("s3://bucket", "s3://bucket/shop/archives", "s3://bucket/a@b/c:d", "memory://archives"),
        *("sftp://me@host:22/a b", "abfs://container@account.dfs.core.windows.net/archives"),
    ],
)
def test_any_other_url_is_not(text: str) -> None:
    assert place_url.local_folder(text) is None
    assert place_url.plain(text + "/") == place_url.as_uri(text) == text


@pytest.mark.parametrize(
    "text, says",
    [
        ("sftp://me:geheim@host/archives", "must not hold a password.*FSSPEC"),
        ("ftp://me:ge@heim@host/archives", "must not hold a password"),
        ("sftp://me:1234/geheim@host/archives", "must not hold a password"),
        ("s3://AKIA:ab/geheim@bucket/archives", "must not hold a password"),
        ("s3://AKIA:geheim/bucket", "must not hold a password"),
        ("s3://geheim@bucket/archives", "must not hold a key"),
        ("https://geheim@host/archives", "must not hold a key"),
        ("https://host/archives?signature=geheim", "must not hold options"),
        ("https://host/archives#geheim", "must not hold options"),
        ("simplecache::s3://geheim/archives", "a chain"),
        ("file://geheim", "three slashes"),
        ("file://me:geheim@host/share", "three slashes"),
        ("file://geheim\u2100/share", "three slashes"),
        ("file:///tmp/a#geheim", "%23"),
        ("file:///tmp/a?geheim", "%3F"),
        ("file:/tmp/geheim", "file:///folder"),
        ("s3:/AKIA:geheim@bucket", "s3://bucket/folder"),
        (" s3://AKIA:geheim@bucket", "without a space"),
        ("s3://", "names no place"),
        ("memory:///", "names no place"),
    ],
)
def test_what_cannot_be_a_place_is_refused_without_repeating_a_secret(text: str, says: str) -> None:
    for read in (place_url.local_folder, place_url.plain, place_url.as_uri, place_url.parent_and_name):
        with pytest.raises(ValueError, match=says) as caught:
            read(text)
        assert "geheim" not in str(caught.value)


def test_an_archive_is_named_by_its_place_and_its_name(tmp_path: Path) -> None:
    assert place_url.parent_and_name("s3://bucket/20261123T003000Z-5e57c2bb") == (
        "s3://bucket",
        "20261123T003000Z-5e57c2bb",
    )
    assert place_url.parent_and_name(f"{tmp_path}{os.sep}") == (str(tmp_path.parent), tmp_path.name)
    for text in ("s3://bucket", Path(tmp_path.anchor).as_uri()):
        with pytest.raises(ValueError, match="is no archive"):
            place_url.parent_and_name(text)
