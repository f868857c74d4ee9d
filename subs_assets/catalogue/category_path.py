"""A category's path as one canonical text, so that it can be a key in a frame, a table and an archive."""

import json
from collections.abc import Iterable

NEAR_NAMES, NEAR_RATIO = 5, 0.7
"""Of so many names at most somebody is told that they are like the one that there is not, and how alike they are."""

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

ROOT = "[]"
"""The path of a listing without a category."""


def encode(names: Iterable[str]) -> str:
    """JSON array of the names from the root down, without spaces between them and without ``\\u`` escapes."""
    return _JSON.encode(list(names))


def decode(path: str) -> tuple[str, ...]:
    """The names from the root down, of a path as tables have it."""
    return tuple(json.loads(path))


def ancestors(path: str) -> tuple[str, ...]:
    """The paths above this one, root first; the path itself is not among them."""
    names = decode(path)
    return tuple(encode(names[:depth]) for depth in range(1, len(names)))


def readable(path: str) -> str:
    """For people: ``Pantry > Breakfast > Muesli``."""
    return " > ".join(decode(path)) or "(no category)"


def folded(path: str) -> str:
    """A readable path for comparison: whatever its case and spaces."""
    return " > ".join(" ".join(name.split()) for name in path.casefold().split(">"))


def near_paths(asked: str, paths: Iterable[str]) -> list[str]:
    """Of readable paths, those that are most like what was asked, or end in it; the best first.

    >>> near_paths("Cereal & Muesli", ["Pantry > Cereals & Muesli", "Pantry > Tea"])
    ['Pantry > Cereals & Muesli']
    """
    from difflib import get_close_matches

    by_text: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        names = path.split(" > ")
        for text in dict.fromkeys((folded(path), folded(names[-1]))):
            by_text.setdefault(text, []).append(path)
    near = [
        path
        for text in (asked, asked.split(">")[-1])
        for match in get_close_matches(folded(text), by_text, NEAR_NAMES, NEAR_RATIO)
        for path in by_text[match]
    ]
    return list(dict.fromkeys(near))[:NEAR_NAMES]
