"""What a person sees of a run while it goes on: lines, and on a terminal a bar below them; what is said is
``progress_log.py``'s."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from subs_assets.assets import progress
from subs_assets.redaction import without_secrets

UPDATES_A_SECOND = 4
ALMOST = 0.999


class RunDisplay:
    """Lines on a console; where that is a terminal that can, the step at work with a bar stands below them.

    rich knows what a terminal can: TERM, NO_COLOR, Windows' consoles; a pipe, a file and CI get the lines alone.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._task: TaskID | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The bar is there until the block ends, and what long steps tell goes into it, not into lines."""
        if not self._console.is_interactive:
            yield
            return
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(24),
            TextColumn("{task.fields[counted]}", markup=False), TimeElapsedColumn(),
        )  # fmt: skip
        # Standard output may be a file, and what goes there is not for the terminal.
        with Progress(
            *columns, console=self._console, transient=True, refresh_per_second=UPDATES_A_SECOND, redirect_stdout=False
        ) as self._bars:
            try:
                with progress.told_to(self.advance):
                    yield
            finally:
                self._bars, self._task = None, None

    def begin(self, step: str) -> None:
        """A step has begun."""
        if self._bars is not None:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task = self._bars.add_task(step, total=None, counted="")

    def advance(self, what: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` (None: nobody knows) of the step at work; ``what`` says what is counted."""
        if self._bars is not None and self._task is not None:
            counted = f"{done:,} {what}" if total is None else f"{done:,} of {total:,} {what}"
            # rich stops the clock of what is complete, and the step goes on.
            shown = done if total is None or done < total else ALMOST * total
            self._bars.update(self._task, completed=shown, total=total, counted=counted)

    def line(self, text: str, style: str = "") -> None:
        """A line of its own, above the bar; never broken, and without passwords."""
        self._console.print(Text(without_secrets(text), style), soft_wrap=True)
