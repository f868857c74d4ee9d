"""Where things are: the environment variables of the project, read once; nothing here touches a disk or a database."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from subs_assets.archive import place_url
from subs_assets.explorer.addresses import URL as EXPLORER_URL

CONTROL_SCHEMA = "subs_control"
"""Where control state lives in a PostgreSQL database."""

LOCAL = "local"
"""``SUBS_COMPUTE`` where nothing is computed elsewhere."""
_COMPUTE = re.compile(
    r"dask://(?P<host>[^\s@:/?#\[\]]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]+)/?(\?shared=(?P<shared>[^&#]+))?"
)


@dataclass(frozen=True)
class Settings:
    """The places and names that a run works with; every path is absolute."""

    home: Path
    catalogues: tuple[Path, ...]
    database_url: str
    control_url: str
    archives: str
    """A folder's absolute path, or a URL without secrets."""
    encoder: str
    timezone: str
    data_set: str
    """What the warehouse is for."""
    model: Path | None
    """The folder of a trained model; None: the shipped one."""
    scheduler: str | None
    """``host:port`` of the Dask scheduler whose workers compute; None: this process computes."""
    shared: str
    """What this process and those workers see alike: a folder's absolute path, or a URL without secrets."""
    automation: bool
    """Whether schedules and sensors are on where nobody has said otherwise in the UI."""
    ui_url: str | None
    """Where people see Dagster's web UI, without a slash at its end."""
    explorer_url: str
    """Where people see the explorer, without a slash at its end."""

    @property
    def vectors(self) -> Path:
        return self.home / "vectors"

    @property
    def matrices(self) -> Path:
        return self.home / "matrices"

    @property
    def staging(self) -> Path:
        return self.home / "staging"

    @property
    def scratch(self) -> Path:
        """For what is on its way to or from archives that lie elsewhere."""
        return self.home / "scratch"

    @property
    def exports(self) -> Path:
        return self.home / "exports"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def databases(self) -> dict[str, str]:
        """What an archive of this installation holds: name -> URL."""
        return {"warehouse": self.database_url, "control": self.control_url}

    @property
    def database_kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.database_url.partition(":")[0].partition("+")[0]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read ``SUBS_*``; relative paths count from the working folder.

        ``SUBS_CATALOGUES`` may name several folders, separated as in ``PATH``. Raises ValueError for a time zone that
        does not exist, for a database URL that cannot be read, for archives at a URL that holds a secret, for a place
        to compute that is none, for a switch that is neither on nor off, and for a web UI or
        an explorer at what is no URL.
        """
        home = Path(environment.get("SUBS_HOME") or "data/warehouse").resolve()
        folders = environment.get("SUBS_CATALOGUES") or "data/catalogues"
        database_url = environment.get("SUBS_DATABASE_URL") or sqlite_url(home / "subs.db")
        catalogues = tuple(Path(folder).resolve() for folder in folders.split(os.pathsep) if folder)
        scheduler, shared = _compute(environment.get("SUBS_COMPUTE") or LOCAL, home)
        return cls(
            home=home,
            catalogues=catalogues,
            database_url=database_url,
            control_url=environment.get("SUBS_CONTROL_URL") or control_url_beside(database_url, home),
            archives=place_url.plain(environment.get("SUBS_ARCHIVES") or str(home / "archives")),
            encoder=environment.get("SUBS_ENCODER") or "all-MiniLM-L6-v2",
            timezone=_timezone(environment.get("SUBS_TIMEZONE") or "UTC"),
            model=Path(model).resolve() if (model := environment.get("SUBS_MODEL")) else None,
            data_set=environment.get("SUBS_DATA_SET") or _data_set(catalogues, home, database_url),
            scheduler=scheduler,
            shared=shared,
            automation=_switch("SUBS_AUTOMATION", environment),
            ui_url=_page_url("SUBS_UI_URL", environment, "the web UI is, like https://subs.example.org"),
            explorer_url=_page_url("SUBS_EXPLORER_URL", environment, "the explorer is, like https://prices.example.org")
            or EXPLORER_URL,
        )


def _compute(text: str, home: Path) -> tuple[str | None, str]:
    """The scheduler, and what its workers see, of ``local`` or ``dask://host:port?shared=folder or URL``."""
    if text == LOCAL:
        return None, str(home)
    url = _COMPUTE.fullmatch(text)
    if url is None or not 0 < int(url["port"]) < 2**16:
        raise ValueError(
            f'SUBS_COMPUTE is "{text.rpartition("@")[2]}"; say local, or dask://host:port of a Dask scheduler, and '
            "where its workers do not see SUBS_HOME, dask://host:port?shared= and a folder or a URL that they see ; in "
            "its name % is written as %25, & as %26 and # as %23"
        )
    try:
        return f"{url['host']}:{url['port']}", place_url.plain(unquote(url["shared"]) if url["shared"] else str(home))
    except ValueError as error:
        raise ValueError(f"the shared folder of SUBS_COMPUTE cannot be used: {error}") from None


def _data_set(catalogues: tuple[Path, ...], home: Path, database_url: str) -> str:
    """The folders: as seen from a home that holds its database and moves with them; a PostgreSQL database serves many
    homes, which all see their catalogues beside them."""
    is_beside = not database_url.startswith("postgresql")
    return ", ".join(sorted(_seen_from(home, folder) if is_beside else folder.as_posix() for folder in catalogues))


def _seen_from(home: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(folder, home)).as_posix()
    except ValueError:  # Windows: on another drive
        return folder.as_posix()


def control_url_beside(database_url: str, home: Path) -> str:
    """Where control state lives when nobody says so: a schema of its own in a PostgreSQL database, else
    ``control.db``."""
    if not database_url.startswith("postgresql"):
        return sqlite_url(home / "control.db")
    from subs_assets.database.engine import parse_url  # SQLAlchemy, for whoever has PostgreSQL

    url = parse_url(database_url)
    # The last of several settings of one name counts.
    options = " ".join((*url.normalized_query.get("options", ()), f"-csearch_path={CONTROL_SCHEMA}"))
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    # SQLAlchemy decodes percent signs in the path and cuts it at a question mark.
    return f"sqlite:///{quote(path.as_posix(), safe='/:')}"


def _switch(name: str, environment: Mapping[str, str]) -> bool:
    text = environment.get(name) or "off"
    if text not in ("on", "off"):
        raise ValueError(f'{name} is "{text}"; say on or off')
    return text == "on"


def _page_url(name: str, environment: Mapping[str, str], what: str) -> str | None:
    text = environment.get(name) or ""
    if text and not text.startswith(("https://", "http://")):
        raise ValueError(f'{name} is "{text}"; say where {what}')
    return text.rstrip("/") or None


def _timezone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'SUBS_TIMEZONE is "{name}", which is no time zone; say one like Australia/Sydney') from None
