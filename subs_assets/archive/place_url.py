"""How the place of archives is written: a folder's path, or a URL without secrets; nothing is opened here."""

import re
from pathlib import Path

CREDENTIALS_ELSEWHERE = (
    "credentials come from the environment (AWS_ACCESS_KEY_ID ..., FSSPEC_<PROTOCOL>_<OPTION>) or from fsspec's "
    "configuration files"
)
LOCAL_SCHEMES = frozenset({"file", "local"})
USER_IS_NO_SECRET = frozenset({"sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs", "az", "abfs", "abfss"})
"""Whose ``user@host`` (Azure: ``container@account``) must be written, and is shown; anywhere else it is a key."""
# Two letters at least: C:/folder is a drive of Windows.
_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)
_ALMOST_A_URL = re.compile(r"[^/\\]{2,}:/")


def local_folder(text: str) -> Path | None:
    """The absolute folder that ``text`` means; None where it is the URL of another place.

    Raises:
        ValueError: a URL that cannot be a place of archives; the message holds nothing that may be a secret.
    """
    url = _URL.fullmatch(text)
    if url is None:
        if "::" in text and "://" in text:
            raise ValueError("a chain of file systems (a::b://c) cannot hold archives; name the last one only")
        if _ALMOST_A_URL.match(text):
            raise ValueError(
                "what begins like a URL is no place of archives: write file:///folder or s3://bucket/folder, without a "
                "space before it; the path of a folder that is called so begins with ./"
            )
        return Path(text).resolve()
    scheme, rest = url[1].lower(), url[2]
    if scheme not in LOCAL_SCHEMES:
        _check(scheme, rest)
        return None
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost"):
        raise ValueError(f"a {scheme} URL has three slashes, {scheme}:///folder; of a share write its path")
    if re.search(r"[?#]", path):
        raise ValueError(f"a {scheme} URL has no options: write # as %23 and ? as %3F, or the folder's path")
    from urllib.request import url2pathname  # it loads half of the network, and every command reads this module

    return Path(url2pathname(slash + path)).resolve()


def plain(text: str) -> str:
    """The one way to write a place: an absolute path, or a URL without a slash at its end. Raises ValueError."""
    folder = local_folder(text)
    return text.rstrip("/") if folder is None else str(folder)


def parent_and_name(text: str) -> tuple[str, str]:
    """The place, and the name in it. Raises ValueError where ``text`` means no place within another."""
    folder = local_folder(text)
    parent, _, name = text.rstrip("/").rpartition("/") if folder is None else (str(folder.parent), "", folder.name)
    if not name or parent.endswith("/"):
        raise ValueError(f"{text} is no archive; write the place of archives and the archive's name")
    return parent, name


def as_uri(text: str) -> str:
    """A place as a URI, also a local one. Raises ValueError."""
    folder = local_folder(text)
    return text if folder is None else folder.as_uri()


def _check(scheme: str, rest: str) -> None:
    """Raise ValueError for a URL that may hold a secret, which would end in messages, logs and Dagster's UI."""
    authority = rest.partition("/")[0]
    # The secrets of some stores hold slashes, and who forgets the @ has a port that is no number.
    if ":" in rest.rpartition("@")[0] or not re.fullmatch(r"[^:]*(:\d+)?", authority):
        raise ValueError(
            f"the {scheme} URL of a place of archives must not hold a password, nor a colon before an @, which looks "
            f"like one: {CREDENTIALS_ELSEWHERE}"
        )
    if "@" in authority and scheme not in USER_IS_NO_SECRET:
        raise ValueError(
            f"the {scheme} URL of a place of archives must not hold a key before an @: {CREDENTIALS_ELSEWHERE}"
        )
    if re.search(r"[?#*\[]", rest):
        raise ValueError(
            f"the {scheme} URL of a place of archives must not hold options or patterns (? # * [): "
            f"{CREDENTIALS_ELSEWHERE}"
        )
    if not rest.strip("/"):
        raise ValueError(f"{scheme}:// names no place; write {scheme}://bucket/folder")
