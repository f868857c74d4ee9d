"""Real SQLite files and PostgreSQL databases for the tests of the archive."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from subs_assets.archive import reset, reset_state, restore, snapshot, store
from subs_assets.archive.manifest import manifest_sha256
from subs_assets.archive.places import LocalPlace
from subs_assets.database.control import open_control
from subs_assets.database.control_tables import audit_log
from subs_assets.settings import control_url_beside
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive import oracle as sqlite_oracle
from subs_assets_tests.unit.archive import postgres_oracle

MakeDatabase = Callable[..., Path]


@pytest.fixture
def make_database(tmp_path: Path) -> MakeDatabase:
    """A new SQLite file from a script, and then rows: statement -> parameters of each."""

    def make(script: str, rows: dict[str, list[tuple[object, ...]]] | None = None, name: str = "source.db") -> Path:
        path = tmp_path / name
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # a test's input need not survive a power cut
            connection.executescript(script)
            connection.execute("BEGIN")
            for statement, parameters in (rows or {}).items():
                connection.executemany(statement, parameters)
            connection.execute("COMMIT")
        return path

    return make


@pytest.fixture
def shop(make_database: MakeDatabase) -> Path:
    """A small database with two tables, 300 rows."""
    return make_database(
        "CREATE TABLE companies (slug TEXT PRIMARY KEY);"
        "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL)",
        {
            "INSERT INTO companies VALUES (?)": [("aldi",), ("coles",)],
            "INSERT INTO products VALUES (?, ?, ?)": [(i, f"Müsli {i}", i / 7) for i in range(298)],
        },
    )


def put_text_into_an_integer_column(path: Path) -> None:
    """Add a table whose column was TEXT when its only value came, and became INTEGER by an edit of the schema."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE bent (a TEXT)")
        connection.execute("INSERT INTO bent VALUES ('12')")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE bent (a INTEGER)' WHERE name = 'bent'")


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


POSTGRES_SHOP = (
    "CREATE TABLE companies (slug text PRIMARY KEY); INSERT INTO companies VALUES ('aldi'), ('coles')",
    "CREATE TABLE products (id int PRIMARY KEY, slug text REFERENCES companies, name text);"
    "INSERT INTO products SELECT i, 'aldi', 'Müsli ' || i FROM generate_series(1, 298) i",
)
"""Two tables, 300 rows."""

RICH = Path(__file__).with_name("postgres_rich.sql")


@dataclass(frozen=True)
class PostgresPlace:
    """A database of this test's own, and where more of them can be made."""

    server: PostgresServer
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def schema_url(self, schema: str) -> str:
        """The URL that stands for one schema only."""
        return f"{self.url}?options=-csearch_path%3D{schema}"

    def execute(self, *statements: str) -> None:
        """Each on its own, outside of any transaction."""
        for statement in statements:
            self.server.execute(statement, self.name)


@pytest.fixture
def new_postgres(postgres_server: PostgresServer) -> Iterator[Callable[..., PostgresPlace]]:
    """Makes databases, filled by SQL statements, that are gone after the test."""
    made: list[str] = []

    def make(*statements: str) -> PostgresPlace:
        made.append(postgres_server.new_database())
        place = PostgresPlace(postgres_server, made[-1])
        place.execute(*statements)
        return place

    yield make
    for name in made:
        postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def archived_postgres_shop(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of ``POSTGRES_SHOP``, alone in its folder; not to be changed."""
    name = postgres_server.new_database()
    for statement in POSTGRES_SHOP:
        postgres_server.execute(statement, name)
    archive = snapshot.create(
        {"warehouse": postgres_server.url(name)}, tmp_path_factory.mktemp("postgres") / "archives"
    )
    postgres_server.drop_database(name)
    return archive


@pytest.fixture(scope="session")
def rich_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a database with every kind of object and value; not to be changed."""
    name = postgres_server.new_database()
    for part in RICH.read_text(encoding="utf-8").split("-- commit"):
        postgres_server.execute(part, name)
    yield name
    postgres_server.drop_database(name)


RESET_SCRIPT = """
PRAGMA journal_mode = wal;
CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY); INSERT INTO alembic_version VALUES ('0003');
CREATE TABLE companies (slug TEXT PRIMARY KEY); INSERT INTO companies VALUES ('aldi'), ('coles');
CREATE TABLE listings (id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug REFERENCES companies (slug), price REAL);
INSERT INTO listings (slug, price) VALUES ('aldi', 1.5), ('coles', 2.5);
CREATE TABLE somebodys_notes (note); INSERT INTO somebodys_notes VALUES ('mine');
CREATE VIEW cheap AS SELECT * FROM listings WHERE price < 2;
"""
POSTGRES_RESET_SCRIPT = """
CREATE TABLE alembic_version (version_num text PRIMARY KEY); INSERT INTO alembic_version VALUES ('0003');
CREATE TABLE companies (slug text PRIMARY KEY); INSERT INTO companies VALUES ('aldi'), ('coles');
CREATE TABLE listings (id int PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
    slug text REFERENCES companies, price float8);
INSERT INTO listings (slug, price) VALUES ('aldi', 1.5), ('coles', 2.5);
CREATE TABLE somebodys_notes (note text); INSERT INTO somebodys_notes VALUES ('mine');
CREATE SEQUENCE counter; SELECT nextval('counter');
CREATE VIEW cheap AS SELECT * FROM listings WHERE price < 2;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM listings;
"""


class Place:
    """A warehouse, its control state and its archives."""

    def __init__(self, databases: dict[str, str], archives: Path) -> None:
        self.databases = databases
        self.control = open_control(databases["control"])
        self.archives = archives

    def archived(self) -> str:
        request_id = reset.request(self.control, "ana", "start afresh")
        reset.archive_request(self.control, request_id, self.databases, LocalPlace(self.archives))
        return request_id

    def archived_without_drill(self, databases: dict[str, str] | None = None) -> str:
        """The same state in a fraction of the time; of these databases, where not of both."""
        request_id = reset.request(self.control, "ana")
        waiting = reset_state.expect(self.control, request_id, "requested", datetime.now(UTC))
        folder = snapshot.create(databases or self.databases, self.archives)
        reset_state.note_archive(self.control, waiting, folder.name, manifest_sha256(folder))
        return request_id

    def confirm(self, request_id: str, now: datetime | None = None) -> reset.Outcome:
        return reset.confirm(
            self.control, request_id, "ben", self.databases["warehouse"], LocalPlace(self.archives), now
        )

    def audit(self) -> list[tuple[str, str]]:
        with self.control.connect() as connection:
            return [(row.who, row.what) for row in connection.execute(select(audit_log).order_by(audit_log.c.entry))]


class SqliteFiles(Place):
    def __init__(self, make_database: MakeDatabase, folder: Path) -> None:
        self.warehouse = make_database(RESET_SCRIPT, name="subs.db")
        self._make_database = make_database
        databases = {"warehouse": url_of(self.warehouse), "control": url_of(folder / "control.db")}
        super().__init__(databases, folder / "archives")

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.warehouse, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def content(self) -> dict[str, object]:
        return sqlite_oracle.content(self.warehouse)

    def another(self) -> str:
        """The URL of another database with the same rows."""
        return url_of(self._make_database(RESET_SCRIPT, name="other.db"))

    def restored_aside(self) -> dict[str, object]:
        """What is in a database into which the newest archive was restored."""
        back = self.warehouse.with_name("back.db")
        restore.restore(self.archives / store.list_archives(self.archives)[0].name, {"warehouse": url_of(back)})
        return sqlite_oracle.content(back)


class PostgresSchemas(Place):
    """Warehouse and control state in one database."""

    def __init__(self, new_postgres: Callable[..., PostgresPlace], folder: Path) -> None:
        self.warehouse = new_postgres(POSTGRES_RESET_SCRIPT)
        self._new_postgres = new_postgres
        databases = {"warehouse": self.warehouse.url, "control": control_url_beside(self.warehouse.url, folder)}
        super().__init__(databases, folder / "archives")

    def execute(self, *statements: str) -> None:
        self.warehouse.execute(*statements)

    def content(self) -> dict[str, object]:
        return self._content_of(self.warehouse)

    def another(self) -> str:
        """The URL of another database with the same rows."""
        return self._new_postgres(POSTGRES_RESET_SCRIPT).url

    def restored_aside(self) -> dict[str, object]:
        """What is in a database into which the newest archive was restored."""
        back = self._new_postgres()
        restore.restore(self.archives / store.list_archives(self.archives)[0].name, {"warehouse": back.url})
        return self._content_of(back)

    @staticmethod
    def _content_of(place: PostgresPlace) -> dict[str, object]:
        found = postgres_oracle.content(place.server, place.name, "public")
        return {name.removeprefix("public."): cells for name, cells in found.items()}


@pytest.fixture
def sqlite_place(make_database: MakeDatabase, tmp_path: Path) -> SqliteFiles:
    return SqliteFiles(make_database, tmp_path)


@pytest.fixture
def postgres_place(new_postgres: Callable[..., PostgresPlace], tmp_path: Path) -> Iterator[PostgresSchemas]:
    place = PostgresSchemas(new_postgres, tmp_path)
    yield place
    place.control.dispose()


@pytest.fixture(params=["sqlite_place", "postgres_place"])
def place(request: pytest.FixtureRequest) -> SqliteFiles | PostgresSchemas:
    """Each kind of database in turn."""
    return request.getfixturevalue(request.param)
