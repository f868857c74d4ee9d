"""The whole graph on a real PostgreSQL server: the same rows as on SQLite, and nothing published without the lock."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from subs_assets.archive import reset
from subs_assets.archive.store import list_archives
from subs_assets.database import control, control_tables, kept_decisions, migrate
from subs_assets.database.lock import run_lock
from subs_assets.database.tables import metadata
from subs_assets.settings import Settings
from subs_assets.substitution import build
from subs_assets_tests import plain_sql
from subs_assets_tests.assets.test_jobs import archive_for, confirm, state_of
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import (
    checks_of,
    copy_of,
    publish_again,
    reason_of,
    rows_in,
    rows_of,
    run_graph,
    settings_of,
    value_of,
    write_shop,
)


@pytest.fixture(scope="session")
def published_database(published_folder: Path, postgres_server: PostgresServer) -> str:
    """What the run on SQLite has published, on PostgreSQL: its name, as a template."""
    name = postgres_server.new_database()
    publish_again(published_folder, postgres_server.url(name))
    return name


@pytest.fixture
def settings(
    published_folder: Path, published_database: str, postgres_server: PostgresServer, tmp_path: Path
) -> Iterator[Settings]:
    """A copy of the published home, its catalogues and its database, the test's own."""
    name = postgres_server.new_database(published_database)
    yield copy_of(published_folder, tmp_path / "shops", postgres_server.url(name))
    postgres_server.drop_database(name)


def test_a_first_run_publishes_what_it_publishes_on_sqlite(
    published_folder: Path, tmp_path: Path, postgres_url: str
) -> None:
    shutil.copytree(published_folder / "catalogues", tmp_path / "catalogues")  # with the files' times
    settings = settings_of(tmp_path, postgres_url)
    result = run_graph(settings)
    assert result.success, reason_of(result)
    on_sqlite = settings_of(published_folder)
    assert rows_in(postgres_url, *metadata.tables) == rows_in(on_sqlite.database_url, *metadata.tables)
    assert plain_sql.select(settings.control_url, "SELECT counts FROM run_history") == plain_sql.select(
        on_sqlite.control_url, "SELECT counts FROM run_history"
    )
    assert not list(settings.home.glob("*.db"))


def test_the_next_run_replaces_what_was_published(settings: Settings) -> None:
    before = rows_in(settings.database_url)
    write_shop(settings.catalogues[0], "corner", [{**row, "price": 9.99} for row in rows_of("corner")])
    result = run_graph(settings)
    assert result.success, reason_of(result)
    after = rows_in(settings.database_url)
    assert after["listings"] != before["listings"]
    assert value_of(settings.database_url, "SELECT count(*) FROM listings WHERE price = 9.99") == len(rows_of("corner"))
    assert after["products"] == before["products"]


def test_another_home_with_another_data_set_is_refused(settings: Settings, tmp_path: Path) -> None:
    before = rows_in(settings.database_url)
    engine = control.open_control(settings.control_url)
    control.claim_data_set(engine, settings.data_set, may_replace=False)
    engine.dispose()
    write_shop(tmp_path / "others", "corner", rows_of("corner")[:1])
    environment = {
        "SUBS_HOME": str(tmp_path / "others" / "home"),
        "SUBS_CATALOGUES": str(tmp_path / "others"),
        "SUBS_DATABASE_URL": settings.database_url,
    }
    result = run_graph(Settings.from_environment(environment))
    assert not result.success
    assert "holds the data set " in reason_of(result) and "SUBS_DATABASE_URL" in reason_of(result)
    assert rows_in(settings.database_url) == before
    named = Settings.from_environment({**environment, "SUBS_DATA_SET": settings.data_set})
    assert run_graph(named).success, "the same data set at another place"


def test_a_run_that_lost_the_lock_publishes_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows_in(settings.database_url)
    as_it_is: Callable[..., object] = build.build_substitutions

    def build_and_lose_the_lock(*arguments: object) -> object:
        (ended,) = plain_sql.select(
            settings.database_url,
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        assert ended == (True,)
        return as_it_is(*arguments)

    write_shop(settings.catalogues[0], "corner", [{**row, "price": 9.99} for row in rows_of("corner")])
    with monkeypatch.context() as changed:
        changed.setattr(build, "build_substitutions", build_and_lose_the_lock)
        result = run_graph(settings)
    assert not result.success
    assert "the run lock was lost" in reason_of(result)
    assert rows_in(settings.database_url) == before
    assert value_of(settings.control_url, "SELECT count(*) FROM run_history") == 0
    with run_lock(settings.home, settings.database_url, "the next"):
        pass


def test_a_decision_by_a_person_is_read(settings: Settings) -> None:
    company, path, target, target_path = plain_sql.select(
        settings.database_url,
        "SELECT company_slug, path, target_company_slug, target_path FROM category_equivalences "
        "WHERE status = 'accepted' LIMIT 1",
    )[0]
    engine = control.open_control(settings.control_url)
    kept_decisions.record_decision(
        engine, kind="equivalence", verdict="reject", decided_by="a person",
        company_slug=company, subject=path, target_company_slug=target, target_subject=target_path,
    )  # fmt: skip
    refused, shop, sku = plain_sql.select(
        settings.database_url,
        "SELECT substitute_id, company_slug, sku FROM substitutions WHERE product_id = 'corner:c001' LIMIT 1",
    )[0]
    kept_decisions.record_decision(
        engine, kind="substitution", verdict="reject", decided_by="a person",
        company_slug="corner", subject="c001", target_company_slug=shop, target_subject=sku,
    )  # fmt: skip
    engine.dispose()
    assert plain_sql.table_names(settings.control_url) == sorted(control_tables.control_metadata.tables)
    assert run_graph(settings).success
    decided = plain_sql.select(settings.database_url, "SELECT * FROM category_equivalences WHERE origin = 'decision'")
    assert [row[:6] for row in decided] == [(company, path, target, target_path, decided[0][4], "rejected")]
    shown = plain_sql.select(
        settings.database_url, "SELECT DISTINCT substitute_id FROM substitutions WHERE product_id = 'corner:c001'"
    )
    assert shown and (refused,) not in shown


def test_a_database_that_is_behind_stops_the_run_before_it_writes(settings: Settings, postgres_url: str) -> None:
    migrate.upgrade(postgres_url, "0001")
    before = rows_in(postgres_url)
    result = run_graph(settings_of(settings.home.parent, postgres_url))
    assert not result.success
    assert "is at revision 0001" in reason_of(result) and "subs db upgrade" in reason_of(result)
    assert rows_in(postgres_url) == before


def test_the_archive_and_a_reset(settings: Settings) -> None:
    archived = run_graph(settings, "archive_tables")
    passed, says = checks_of(archived)["archive:verified"]
    assert archived.success and passed, says
    (summary,) = list_archives(Path(settings.archives))
    assert summary.complete and summary.rows == sum(map(len, rows_in(settings.database_url).values()))
    engine = control.open_control(settings.control_url)
    request_id = reset.request(engine, "ann")
    engine.dispose()
    assert archive_for(settings, request_id).success
    result = confirm(settings, request_id)
    assert result.success, reason_of(result)
    assert state_of(settings, request_id) == "wiped"
    after = rows_in(settings.database_url)
    assert after.pop("alembic_version") and not any(after.values())
