"""The SQL of docs/deploy.md on a real server: what each of its roles may do, and may not."""

import html
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from starlette.testclient import TestClient
from typer.testing import CliRunner

from subs_assets.archive import reset
from subs_assets.archive.restore import restore
from subs_assets.archive.store import list_archives
from subs_assets.cli import app, main
from subs_assets.database import control
from subs_assets.database.tables import metadata
from subs_assets.explorer.access import Access
from subs_assets.explorer.application import build_app
from subs_assets.settings import Settings
from subs_assets_tests.assets.test_jobs import archive_for, confirm, state_of
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import checks_of, reason_of, rows_in, run_graph, settings_of

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
TEXT = PAGE.read_text(encoding="utf-8")
AS_SUPERUSER, IN_THE_DATABASE, LET_DECIDE = re.findall(r"^```sql\n(.*?)^```$", TEXT, re.S | re.M)
ROLES = ("subs_owner", "subs_night", "subs_reader", "subs_explorer", "dagster")
FILES = dict(re.findall(r"^cat > /etc/subs/(\w+\.env) <<'EOF'\n(.*?)^EOF$", TEXT, re.S | re.M))

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


def served_as_the_page_says(explorer: Settings) -> TestClient:
    """The explorer by the role's settings and the page's environment, asked through a proxy that has signed Ann in."""
    environment = dict(line.split("=", 1) for line in shlex.split(FILES["explorer.env"]))
    assert make_url(environment["SUBS_DATABASE_URL"]).username == make_url(explorer.database_url).username
    access = Access.from_environment({**environment, "SUBS_TOKEN": "a-token-of-this-test"})
    (name,) = access.hosts
    blocks = [block for block in re.findall(r"^```\n(.*?)^```$", TEXT, re.S | re.M) if name in block]
    headers = [re.findall(r"(?:header_up|proxy_set_header) +(X-Forwarded-User) ", block) for block in blocks]
    assert headers == [[access.user_header]] * 2
    assert all("127.0.0.1:8765" in block for block in blocks) and "subs serve --port 8765\n" in TEXT
    return TestClient(
        build_app(explorer, access),
        base_url=f"https://{name}",
        client=("127.0.0.1", 50_000),
        headers={str(access.user_header): "Ann"},
        follow_redirects=False,
    )


def pages_that_fail(served: TestClient) -> dict[str, int]:
    """Address -> status where that is not 200: of a page of each kind, as they lead to each other."""
    waiting, kinds, failed = ["/search?q=milk", "/"], set(), {}
    while waiting:
        address = waiting.pop()
        path, _, query = address.partition("#")[0].partition("?")
        kind = (*path.split("/")[1:2], *re.findall(r"(\w+)=", query))
        if kind in kinds or not path.startswith("/"):
            continue
        kinds.add(kind)
        answer = served.get(address)
        if answer.status_code != 200:
            failed[address] = answer.status_code
        waiting += map(html.unescape, re.findall(r'<a [^>]*href="([^"]+)"', answer.text))
    assert {kind[0] for kind in kinds} >= {"", "search", "products", "rates", "categories", "review", "set-aside"}
    return failed


def decide(served: TestClient, status: int) -> dict[str, Any]:
    """Accept the first substitute of the first milk, through the API."""
    found = served.get("/api/v1/products", params={"q": "milk"}).json()["items"][0]
    instead = served.get("/api/v1/substitutes", params={"product_id": found["product_id"]}).json()["items"][0]
    pair = {
        "company_slug": found["company_slug"],
        "sku": found["sku"],
        "target_company_slug": instead["company_slug"],
        "target_sku": instead["sku"],
    }
    answer = served.post("/api/v1/decisions", json={"kind": "substitution", "verdict": "accept", **pair})
    assert answer.status_code == status, answer.text
    said: dict[str, Any] = answer.json()
    return said


def last_decision_of(served: TestClient) -> dict[str, str]:
    """The fields of the form that takes it back."""
    form = served.get("/review").text.partition('action="/review/undo"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def refused(settings: Settings, sql: str) -> None:
    with (
        psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(sql)


def test_each_role_of_the_page_can_do_its_work_and_no_more(
    as_role: As, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, night, reader, explorer = map(as_role, ROLES[:4])

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

    # The explorer shows everything, and keeps decisions once it is let; a person takes one back like any other.
    served = served_as_the_page_says(explorer)
    assert pages_that_fail(served) == {}
    refusal = decide(served, 503)["detail"]
    assert "permission denied for table decisions" in refusal and "docs/deploy.md" in refusal
    psql(postgres_server, LET_DECIDE, "subs")
    assert decide(served, 200)["decided_by"] == "Ann"
    assert "<b>accepted" in served.get("/review").text
    assert [row["decided_by"] for row in served.get("/api/v1/decisions").json()["items"]] == ["Ann"]
    taken_back = served.post("/review/undo", data=last_decision_of(served))
    assert (taken_back.status_code, served.get("/api/v1/decisions").json()["items"]) == (303, [])
    for table in (*metadata.tables, "subs_control.audit_log", "subs_control.runs"):
        refused(explorer, f"DELETE FROM {table}")
    for statement in ("UPDATE subs_control.decisions SET verdict = 'reject'", "CREATE TABLE public.mine (a int)"):
        refused(explorer, statement)

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
    restored = {role: make_url(as_role(role).database_url).set(database="subs_restored") for role in ROLES[:4]}
    archive = Path(night.archives) / list_archives(Path(night.archives))[0].name
    restore(archive, {"warehouse": restored["subs_owner"], "control": restored["subs_owner"]})
    psql(postgres_server, LET_DECIDE, "subs_restored")
    for role in ("subs_night", "subs_reader", "subs_explorer"):
        assert rows_in(str(restored[role]), "listings") == {"listings": before["listings"]}

    # A role that comes to tables that are there already sees them by the lines that name it.
    psql(postgres_server, "REVOKE ALL ON ALL TABLES IN SCHEMA public, subs_control FROM subs_explorer", "subs_restored")
    refused(replace(explorer, database_url=str(restored["subs_explorer"])), "SELECT * FROM listings")
    its_own = [line for line in IN_THE_DATABASE.splitlines() if "subs_explorer" in line]
    psql(postgres_server, "\n".join(["SET ROLE subs_owner;", *its_own]), "subs_restored")
    assert rows_in(str(restored["subs_explorer"]), "listings") == {"listings": before["listings"]}
