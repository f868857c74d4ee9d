"""A table of what was tried on an archive and what was left; how it is tried is not known here."""

from collections import Counter
from collections.abc import Iterable


class Tally:
    """``wrong`` holds a sentence for each bad archive that was accepted and for each half of a database."""

    def __init__(self) -> None:
        self._left: Counter[tuple[str, str]] = Counter()
        self._wrong: Counter[str] = Counter()
        self.wrong: list[str] = []

    def note(self, tried: str, left: str, wrong: Iterable[str] = ()) -> None:
        """Once more ``tried``, ``left`` was left; ``wrong`` is what must not be."""
        self._left[tried, left] += 1
        for sentence in wrong:
            self._wrong[tried] += 1
            self.wrong.append(f"{tried}: {sentence}")

    def times(self, *words: str) -> int:
        """How often something was tried whose name holds one of the words."""
        return sum(count for (tried, _), count in self._left.items() if any(word in tried for word in words))

    @property
    def left(self) -> set[str]:
        """Whatever was left, once or more."""
        return {left for _, left in self._left}

    def left_of(self, tried: str) -> set[str]:
        """What was left, once or more."""
        return {left for what, left in self._left if what == tried}

    def table(self) -> str:
        """As Markdown, in the order in which things were first tried."""
        lines = ["| tried | times | left | accepted wrongly |", "| --- | ---: | --- | ---: |"]
        for tried in dict.fromkeys(tried for tried, _ in self._left):
            found = {left: count for (what, left), count in self._left.items() if what == tried}
            shown = ", ".join(f"{count} × {left}" for left, count in sorted(found.items(), key=lambda item: -item[1]))
            lines.append(f"| {tried} | {sum(found.values()):,} | {shown} | {self._wrong[tried]} |")
        return "\n".join(lines)
