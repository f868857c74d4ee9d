"""A category's path as one canonical text, so that it can be a key in a frame, a table and an archive."""

import json
from collections.abc import Iterable

ROOT = "[]"
"""The path of a listing without a category."""


def encode(names: Iterable[str]) -> str:
    """JSON array of the names from the root down, without spaces between them and without ``\\u`` escapes."""
    return json.dumps(list(names), ensure_ascii=False, separators=(",", ":"))


def decode(path: str) -> tuple[str, ...]:
    return tuple(json.loads(path))


def ancestors(path: str) -> tuple[str, ...]:
    """The paths above this one, root first; the path itself is not among them."""
    names = decode(path)
    return tuple(encode(names[:depth]) for depth in range(1, len(names)))


def readable(path: str) -> str:
    """For people: ``Pantry > Breakfast > Muesli``."""
    return " > ".join(decode(path)) or "(no category)"


def most_alike(path: str, paths: Iterable[str]) -> str | None:
    """Of ``paths`` the one whose names are spelt most like this path's, the last one counting most; None where there
    are none."""
    from rapidfuzz.distance.Indel import normalized_similarity

    names = decode(path) or ("",)

    def likeness(other: str) -> float:
        others = decode(other) or ("",)
        return 2 * normalized_similarity(names[-1], others[-1]) + normalized_similarity(readable(path), readable(other))

    return max(sorted(paths), key=likeness, default=None)
