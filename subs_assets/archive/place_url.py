"""How the place of archives is written: a folder's path, or a URL without secrets; nothing is opened here."""

import re
from pathlib import Path
from urllib.parse import urlsplit

CREDENTIALS_ELSEWHERE = (
    "credentials come from the environment (AWS_ACCESS_KEY_ID ..., FSSPEC_<PROTOCOL>_<OPTION>) or from fsspec's "
    "configuration files"
)
LOCAL_SCHEMES = frozenset({"file", "local"})
# Two letters at least: C:/folder is a drive of Windows.
_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)


def local_folder(text: str) -> Path | None:
    """The absolute folder that ``text`` means; None where it is the URL of another place.

    Raises:
        ValueError: a URL that cannot be a place of archives; the message holds nothing that may be a secret.
    """
    url = _URL.fullmatch(text)
    if url is None:
        if "::" in text and "://" in text:
            raise ValueError("a chain of file systems (a::b://c) cannot hold archives; name the last one only")
        return Path(text).resolve()
    scheme, rest = url[1].lower(), url[2]
    if scheme not in LOCAL_SCHEMES:
        _check(scheme, rest)
        return None
    from urllib.request import url2pathname  # it loads half of the network, and every command reads this module

    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"{text}: a {scheme} URL has three slashes, {scheme}:///folder; of a share write its path")
    return Path(url2pathname(parts.path)).resolve()


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
    user = authority.rpartition("@")[0]
    if ":" in user:
        raise ValueError(f"the {scheme} URL of a place of archives must not hold a password: {CREDENTIALS_ELSEWHERE}")
    if re.search(r"[?#*\[]", rest):
        raise ValueError(
            f"the {scheme} URL of a place of archives must not hold options or patterns (? # * [): "
            f"{CREDENTIALS_ELSEWHERE}"
        )
    if not rest.strip("/"):
        raise ValueError(f"{scheme}:// names no place; write {scheme}://bucket/folder")
