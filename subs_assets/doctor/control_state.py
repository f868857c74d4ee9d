"""How the doctor reads control state: it makes neither the file nor a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine


@contextmanager
def reading(url: str) -> Iterator["Engine | None"]:
    """The control state, None where there is none yet. Raises DatabaseNotReady where it does not answer."""
    from sqlalchemy import inspect

    from subs_assets.database.control import CONTROL_SETTINGS
    from subs_assets.database.engine import answering, sqlite_file

    file = sqlite_file(url)
    if file is not None and not file.exists():
        yield None
        return
    with answering(url, CONTROL_SETTINGS) as engine:
        yield engine if inspect(engine).get_table_names() else None
