"""The SQL of docs/deploy.md on a real server: what each of its roles may do, and may not."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from subs_assets.archive import reset
from subs_assets.archive.restore import restore
from subs_assets.archive.store import list_archives
from subs_assets.cli import app, main
from subs_assets.database import control
from subs_assets.database.tables import metadata
from subs_assets.settings import Settings
from subs_assets_tests.assets.test_jobs import archive_for, confirm, state_of
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import checks_of, reason_of, rows_in, run_graph, settings_of

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
AS_SUPERUSER, IN_THE_DATABASE = re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
ROLES = ("subs_owner", "subs_night", "subs_reader", "dagster")

As = Callable[[str], Settings]


def psql(server: PostgresServer, sql: str, database: str) -> None:
    subprocess.run(
        [
            *(server.programs / "psql", "--host=127.0.0.1", f"--port={server.port}", "--username=subs"),
            *("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={database}"),
        ],
        input=sql, encoding="utf-8", check=True,
    )  # fmt: skip


@pytest.fixture
def as_role(postgres_server: PostgresServer, published_folder: Path, tmp_path: Path) -> Iterator[As]:
    """The settings of one home whose database is worked with by a role; what the page makes, with its tables."""
    shutil.copytree(published_folder / "catalogues", tmp_path / "catalogues")

    def settings(role: str) -> Settings:
        return settings_of(tmp_path, postgres_server.url("subs").replace("subs@", f"{role}@"))

    try:
        psql(postgres_server, AS_SUPERUSER, "postgres")
        psql(postgres_server, IN_THE_DATABASE, "subs")
        upgraded = CliRunner().invoke(app, ["db", "upgrade"], env=environment_of(settings("subs_owner")))
        assert upgraded.exit_code == 0, upgraded.output
        yield settings
    finally:
        for database in ("subs", "subs_restored", "dagster"):
            postgres_server.drop_database(database)
        for role in ROLES:
            postgres_server.execute(f"DROP ROLE IF EXISTS {role}")


def environment_of(settings: Settings) -> dict[str, str]:
    return {"SUBS_HOME": str(settings.home), "SUBS_DATABASE_URL": settings.database_url}


def refused(settings: Settings, sql: str) -> None:
    with (
        psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(sql)


def test_each_role_of_the_page_can_do_its_work_and_no_more(
    as_role: As, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, night, reader = map(as_role, ROLES[:3])

    # The night runs and archives; the drill, in a database of its own, is part of the first archive.
    published = run_graph(night)
    assert published.success, reason_of(published)
    archived = run_graph(night, "archive_tables")
    assert archived.success, reason_of(archived)
    checks = checks_of(archived)
    assert checks["archive:verified"][0] and checks["archive:restorable"][0], checks
    for statement in ("TRUNCATE listings", "DROP TABLE listings", "CREATE TABLE public.mine (a int)"):
        refused(night, statement)

    # The app reads what is published, and nothing else.
    assert all(rows_in(reader.database_url, "listings", "products", "substitutions").values())
    for table in metadata.tables:
        refused(reader, f"DELETE FROM {table}")
    for statement in ("SELECT * FROM subs_control.decisions", "CREATE TEMPORARY TABLE mine (a int)"):
        refused(reader, statement)
    for name, value in environment_of(reader).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["subs", "review", "decisions"])
    with pytest.raises(SystemExit, match=r"control state that this role does not see"):
        main()

    # A reset is the owner's: the night may ask for it and archive it.
    before = rows_in(owner.database_url)
    for role, state in ((night, "refused"), (owner, "wiped")):
        assert rows_in(owner.database_url) == before
        engine = control.open_control(night.control_url)
        request_id = reset.request(engine, "ann")
        engine.dispose()
        assert archive_for(night, request_id).success
        assert confirm(role, request_id).success is (state == "wiped")
        assert state_of(owner, request_id) == state
    assert not rows_in(owner.database_url, "listings")["listings"]

    # A restore is the owner's too, and what the page says of a new database gives the others their rights.
    postgres_server.execute("CREATE DATABASE subs_restored OWNER subs_owner TEMPLATE template0 ENCODING 'UTF8'")
    psql(postgres_server, IN_THE_DATABASE, "subs_restored")
    restored = {role: make_url(as_role(role).database_url).set(database="subs_restored") for role in ROLES[:3]}
    restore(Path(night.archives) / list_archives(Path(night.archives))[0].name, {"warehouse": restored["subs_owner"]})
    for role in ("subs_night", "subs_reader"):
        assert rows_in(str(restored[role]), "listings") == {"listings": before["listings"]}
