"""Real SQLite files and PostgreSQL databases for the tests of the archive."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from subs_assets.archive import snapshot
from subs_assets_tests.postgres_server import PostgresServer

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
