"""What was worked out for a page and is the same for everybody, of the last few that were asked for: until another
night is published."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

MOST_KEPT = 32
"""Pairs of trees, of some hundred kilobytes each."""


class WorkedOut:
    """Key -> answer. A night's key has its ``mark``, so that nothing of another night is given out."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock, self._most = Lock(), most

    def answer(self, mark: str | None, asked: Hashable, work_out: Callable[[], Any]) -> Any:
        """As it was worked out before, or now; always now where nobody knows which night it is (``mark`` is None)."""
        if mark is None:
            return work_out()
        with self._lock:
            if (mark, asked) in self._kept:
                self._kept.move_to_end((mark, asked))
                return self._kept[mark, asked]
        found = work_out()
        with self._lock:
            self._kept[mark, asked] = found
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
