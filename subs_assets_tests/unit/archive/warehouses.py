"""Warehouses that something happens to, each a copy of a template with its control state and its archives, on SQLite
and on PostgreSQL; what is done to them is not known here.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from subs_assets.archive import restore
from subs_assets.settings import control_url_beside
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive import oracle, postgres_oracle
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.scenes import through, wait_until_alone

WAREHOUSE, CONTROL = "warehouse", "control"


class Warehouse(Protocol):
    """A warehouse that is made anew by ``prepare``, as it was kept, and is gone after ``clear``."""

    @property
    def kind(self) -> str:
        """Such as "SQLite"."""

    @property
    def home(self) -> Path: ...

    @property
    def archives(self) -> Path: ...

    def databases(self, port: int = 0) -> Mapping[str, str]:
        """name -> URL of the warehouse and of its control state; the warehouse's by way of another port, if one is
        given.
        """

    def keep(self) -> None:
        """Make what is there now the template, and nothing be there any more."""

    def prepare(self) -> None: ...
    def execute(self, *statements: str) -> None:
        """Each on its own, by the plain driver."""

    def wait_until_alone(self) -> None:
        """Until whoever was at work is seen to be gone."""

    def content(self) -> dict[str, object]:
        """Everything that the warehouse holds, by the plain driver."""

    def content_of(self, archive: Path) -> dict[str, object]:
        """The same of a new database into which the archive's warehouse was restored."""

    def rubbish(self) -> list[str]:
        """What must not stay once the next one was done."""

    def clear(self) -> None: ...


def _rubbish_in(home: Path) -> list[str]:
    return [path.name for pattern in (".unfinished-*", ".drill-*/", ".removed-*") for path in home.rglob(pattern)]


@dataclass(frozen=True)
class SqliteWarehouse:
    """``template`` is a home with its two files and its archives."""

    template: Path
    home: Path
    kind: str = "SQLite"

    @property
    def archives(self) -> Path:
        return self.home / "archives"

    @property
    def _file(self) -> Path:
        return self.home / "subs.db"

    def databases(self, port: int = 0) -> Mapping[str, str]:
        return {WAREHOUSE: url_of(self._file), CONTROL: url_of(self.home / "control.db")}

    def keep(self) -> None:
        self.home.rename(self.template)

    def prepare(self) -> None:
        shutil.copytree(self.template, self.home)

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def wait_until_alone(self) -> None:
        """A file's locks end with their process."""

    def content(self) -> dict[str, object]:
        oracle.assert_sound(self._file)
        return oracle.content(self._file)

    def content_of(self, archive: Path) -> dict[str, object]:
        with tempfile.TemporaryDirectory() as folder:
            proof = Path(folder) / "proof.db"
            restore.restore(archive, {WAREHOUSE: url_of(proof)})
            return oracle.content(proof)

    def rubbish(self) -> list[str]:
        return _rubbish_in(self.home)

    def clear(self) -> None:
        shutil.rmtree(self.home)


@dataclass(frozen=True)
class PostgresWarehouse:
    """Warehouse and control state in one database; ``template`` is another one, ``template_home`` has its archives."""

    server: PostgresServer
    template: str
    template_home: Path
    database: str
    home: Path
    kind: str = "PostgreSQL"

    @property
    def archives(self) -> Path:
        return self.home / "archives"

    def databases(self, port: int = 0) -> Mapping[str, str]:
        url = self.server.url(self.database)
        return {WAREHOUSE: through(url, port), CONTROL: control_url_beside(url, self.home)}

    def keep(self) -> None:
        self.home.rename(self.template_home)
        self.server.execute(f'ALTER DATABASE "{self.database}" RENAME TO "{self.template}"')
        self.server.execute("CHECKPOINT")  # or its sequences run ahead when the server crashes

    def prepare(self) -> None:
        shutil.copytree(self.template_home, self.home)
        # FILE_COPY: copied by way of the log, a sequence would go back to where it stood when the server crashes.
        self.server.execute(f'CREATE DATABASE "{self.database}" TEMPLATE "{self.template}" STRATEGY file_copy')

    def execute(self, *statements: str) -> None:
        for statement in statements:
            self.server.execute(statement, self.database)

    def wait_until_alone(self) -> None:
        wait_until_alone(self.server, self.database)

    def content(self) -> dict[str, object]:
        return postgres_oracle.content(self.server, self.database, "public")

    def content_of(self, archive: Path) -> dict[str, object]:
        proof = self.server.new_database()
        restore.restore(archive, {WAREHOUSE: self.server.url(proof)})
        found = postgres_oracle.content(self.server, proof, "public")
        self.server.drop_database(proof)
        return found

    def rubbish(self) -> list[str]:
        scratch = self.server.execute("SELECT datname FROM pg_database WHERE datname ~ '^subs_(drill|rehears)'")
        return [*_rubbish_in(self.home), *(name for (name,) in scratch)]

    def clear(self) -> None:
        self.server.drop_database(self.database)
        shutil.rmtree(self.home)


def new_sqlite(folder: Path, script: str) -> SqliteWarehouse:
    """One that the script fills, and that has no template yet."""
    home = folder / "home"
    home.mkdir(parents=True)
    with closing(sqlite3.connect(home / "subs.db", isolation_level=None)) as connection:
        connection.executescript(script)
    return SqliteWarehouse(folder / "template", home)


def new_postgres(server: PostgresServer, folder: Path, script: str) -> PostgresWarehouse:
    """One that the script fills, and that has no template yet."""
    database, home = server.new_database(), folder / "home"
    home.mkdir(parents=True)
    server.execute(script, database)
    return PostgresWarehouse(server, f"{database}_template", folder / "template", database, home)
