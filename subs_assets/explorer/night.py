"""One request's view of what is published: all of it of one moment, whatever a night publishes meanwhile."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from subs_assets.database import reading
from subs_assets.database.check import check
from subs_assets.database.engine import describe, reason_of, sqlite_file
from subs_assets.made_from import program
from subs_assets.settings import Settings

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

NO_TABLE = "no such table"
"""How SQLite says it, in an error of the kind that a locked file has too; PostgreSQL has a kind for it."""


class NotPublished(Exception):
    """There is nothing to show yet, or nothing that this program can read; ``sentences`` say why and what to do."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True)
class Night:
    """``connection`` reads one moment. ``mark``: the same for the same content and program; None where it is not
    known."""

    connection: Connection
    mark: str | None


class Explored:
    """The databases that the explorer shows, opened when they are first asked."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def _warehouse(self) -> Engine:
        return reading.open_read_only(self.settings.database_url)

    @cached_property
    def _control(self) -> Engine:
        return reading.open_read_only(self.settings.control_url)

    @contextmanager
    def night(self) -> Iterator[Night]:
        """Within the block: what is published now. Raises NotPublished, and DBAPIError where the database does not
        answer."""
        if self._is_missing(self.settings.database_url):
            raise NotPublished(
                [
                    f"There is no database {describe(self.settings.database_url)} yet: start a run with `subs run`, or "
                    "set SUBS_HOME to the home of one and start `subs serve` again."
                ]
            )
        with self._warehouse.connect() as connection:
            if not reading.is_current(connection):
                raise NotPublished(self.problems() or ["The database was upgraded just now: try again."])
            mark = reading.published_mark(connection)
            if mark is None:
                raise NotPublished(["Nothing is published yet: start a run with `subs run`; this page shows it then."])
            yield Night(connection, None if mark == reading.UNMARKED else _with_program(mark))

    def of_control(self, ask: Callable[[Engine], Answer]) -> Answer | None:
        """What the control state answers; None where there is none yet, without the table too, or where this database
        role may not see it, as one that reads what is published alone. Raises DBAPIError where it does not answer."""
        if self._is_missing(self.settings.control_url):
            return None
        try:
            return ask(self._control)
        except (ProgrammingError, OperationalError) as problem:
            if isinstance(problem, OperationalError) and not str(problem.orig).startswith(NO_TABLE):
                raise
            logger.warning("the control state cannot be read: %s", reason_of(problem))
            return None

    def problems(self) -> list[str]:
        """What `subs db check` says."""
        return check(self.settings.database_url)

    @staticmethod
    def _is_missing(url: str) -> bool:
        file = sqlite_file(url)
        return file is not None and not file.exists()


def _with_program(mark: str) -> str:
    """Another program may say the same rows in another way."""
    return hashlib.sha256(f"{mark} {program()}".encode()).hexdigest()[:20]
